//! SQLite's statements, applied by SQLite itself in a database in memory: nothing else knows as well what it takes for a
//! type, what it renames along, and what it calls its indexes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::short;
use super::tokens::{Cursor, Tokens};
use crate::dialect::sqlite::Scratch;
use crate::schema::{Location, Note, Origin, Read, Schema};

/// Reads SQLite's statements one after the other.
pub(super) struct Reader {
    /// Or why there is none.
    scratch: Result<Scratch, String>,
    /// By name, in small letters.
    places: BTreeMap<String, Places>,
    notes: Vec<Note>,
}

/// Where a table's parts are declared. Names are in small letters: SQLite folds ASCII letters only.
#[derive(Debug, Clone)]
struct Places {
    table: Location,
    columns: BTreeMap<String, Location>,
    /// By their columns, in the order of the text.
    foreign_keys: Vec<(Vec<String>, Location)>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            places: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Applies a statement; what SQLite refuses becomes a note.
    pub(super) fn apply(&mut self, tokens: &Tokens<'_>) {
        let Ok(scratch) = &mut self.scratch else { return };
        let cursor = tokens.cursor();
        let mut sql = tokens.sql.to_owned();
        // Each round takes out what SQLite stumbles over; there are no more of them than elements.
        for _ in 0..=tokens.list.len() {
            let refusal = match scratch.run(&sql) {
                Ok(()) => {
                    self.remember(cursor);
                    return;
                }
                Err(refusal) => refusal,
            };
            let element = refusal.offset.and_then(|offset| element_at(&cursor, &sql, offset));
            let (message, location) = match &element {
                Some((range, location)) => {
                    let text = sql
                        .get(range.clone())
                        .unwrap_or("")
                        .trim_matches([',', ' ', '\n', '\r', '\t']);
                    (
                        format!("`{}` is lost: {}", short(text), refusal.message),
                        location.clone(),
                    )
                }
                None => (
                    format!("`{}` is lost: {}", short(cursor.rest()), refusal.message),
                    cursor.location(),
                ),
            };
            self.notes.push(Note {
                message,
                location: Some(location),
            });
            let Some((range, _)) = element else { return };
            sql.replace_range(range.clone(), &" ".repeat(range.len()));
        }
    }

    pub(super) fn finish(self) -> Read {
        let mut notes = self.notes;
        let read = self.scratch.and_then(Scratch::into_schema);
        let mut read = read.unwrap_or_else(|fault| {
            notes.push(Note::new(format!("the schema is lost: {fault}")));
            Read::default()
        });
        give_places(&self.places, &mut read.schema);
        read.notes.extend(notes);
        read
    }

    /// Keeps where a statement that SQLite has taken declares things.
    fn remember(&mut self, mut cursor: Cursor<'_>) {
        if cursor.take(&["CREATE", "TABLE"]) {
            let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
            let (name, table) = last_name(&mut cursor);
            let mut places = Places {
                table,
                columns: BTreeMap::new(),
                foreign_keys: Vec::new(),
            };
            for part in cursor.parenthesized().iter_mut().flat_map(Cursor::split_at_commas) {
                places.add(part);
            }
            self.places.entry(name).or_insert(places);
        } else if cursor.take(&["ALTER", "TABLE"]) {
            let (name, _) = last_name(&mut cursor);
            self.alter(&name, cursor);
        } else if cursor.take(&["DROP", "TABLE"]) {
            let _ = cursor.take(&["IF", "EXISTS"]);
            let (name, _) = last_name(&mut cursor);
            self.places.remove(&name);
        }
    }

    fn alter(&mut self, table: &str, mut cursor: Cursor<'_>) {
        if cursor.take(&["RENAME", "TO"]) {
            let (to, _) = last_name(&mut cursor);
            if let Some(places) = self.places.remove(table) {
                self.places.insert(to, places);
            }
            return;
        }
        let Some(places) = self.places.get_mut(table) else {
            return;
        };
        if cursor.take(&["ADD"]) {
            let _ = cursor.take(&["COLUMN"]);
            places.add(cursor);
        } else if cursor.take(&["RENAME"]) {
            let _ = cursor.take(&["COLUMN"]);
            let (from, _) = last_name(&mut cursor);
            let _ = cursor.take(&["TO"]);
            let (to, _) = last_name(&mut cursor);
            if let Some(place) = places.columns.remove(&from) {
                places.columns.insert(to.clone(), place);
            }
            let columns = places.foreign_keys.iter_mut().flat_map(|(columns, _)| columns);
            for column in columns.filter(|column| **column == from) {
                column.clone_from(&to);
            }
        }
    }
}

impl Places {
    /// Takes in a column or constraint of a table.
    fn add(&mut self, mut part: Cursor<'_>) {
        let start = part.location();
        if part.is_at_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]) {
            part.skip_until(|part| part.is_at(&["FOREIGN", "KEY"]));
            if part.take(&["FOREIGN", "KEY"])
                && let Some(columns) = part.name_list()
            {
                let columns = columns
                    .iter()
                    .map(|column| column.as_str().to_ascii_lowercase())
                    .collect();
                self.foreign_keys.push((columns, start));
            }
            return;
        }
        let Some(column) = part.name() else { return };
        let column = column.as_str().to_ascii_lowercase();
        while !part.is_at_end() {
            part.skip_until(|part| part.is_at(&["REFERENCES"]));
            if part.is_at(&["REFERENCES"]) {
                self.foreign_keys.push((vec![column.clone()], part.location()));
                part.skip_one();
            }
        }
        self.columns.insert(column, start);
    }
}

/// The last part of a qualified name, in small letters, and where it stands.
fn last_name(cursor: &mut Cursor<'_>) -> (String, Location) {
    let mut place = cursor.location();
    let mut before = cursor.clone();
    let parts = cursor.names();
    for _ in 1..parts.len() {
        let _ = (before.next(), before.next());
        place = before.location();
    }
    let name = parts.last().map(|name| name.as_str().to_ascii_lowercase());
    (name.unwrap_or_default(), place)
}

/// The element of a table that an offset lies in, with the comma before or after it, and where it starts.
fn element_at(cursor: &Cursor<'_>, sql: &str, offset: usize) -> Option<(Range<usize>, Location)> {
    let mut cursor = cursor.clone();
    if !cursor.is_at(&["CREATE"]) {
        return None;
    }
    cursor.skip_until(|cursor| cursor.is_at(&["TABLE"]));
    cursor.skip_until(super::tokens::opens);
    let mut body = cursor.parenthesized()?;
    let parts = body.split_at_commas();
    // What was taken out before is blank.
    let left: Vec<(Range<usize>, Location)> = parts
        .iter()
        .map(|part| (part.range(), part.location()))
        .filter(|(range, _)| sql.get(range.clone()).is_some_and(|text| !text.trim().is_empty()))
        .collect();
    let at = left
        .iter()
        .position(|(range, _)| range.start <= offset && offset < range.end)?;
    let (range, location) = left.get(at)?.clone();
    // With one element alone there is no table left.
    let with_comma = match (at.checked_sub(1).and_then(|before| left.get(before)), left.get(at + 1)) {
        (Some((before, _)), _) => before.end..range.end,
        (None, Some((after, _))) => range.start..after.start,
        (None, None) => return None,
    };
    Some((with_comma, location))
}

fn give_places(places: &BTreeMap<String, Places>, schema: &mut Schema) {
    for table in schema.tables.values_mut() {
        let Some(places) = places.get(&table.name.table.as_str().to_ascii_lowercase()) else {
            continue;
        };
        table.origin = Origin::File(places.table.clone());
        for column in &mut table.columns {
            let place = places.columns.get(&column.name.as_str().to_ascii_lowercase());
            column.origin = place.cloned().map_or(Origin::Catalog, Origin::File);
        }
        let mut left: Vec<&(Vec<String>, Location)> = places.foreign_keys.iter().collect();
        for key in &mut table.foreign_keys {
            let columns: Vec<String> = key
                .columns
                .iter()
                .map(|column| column.as_str().to_ascii_lowercase())
                .collect();
            if let Some(at) = left.iter().position(|(known, _)| *known == columns) {
                key.origin = Origin::File(left.remove(at).1.clone());
            }
        }
    }
}

/// Whether a statement makes no schema, told by its first words.
pub(super) fn is_ignored(sql: &str) -> bool {
    let words: Vec<String> = super::words(sql).take(3).map(str::to_ascii_uppercase).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // Triggers and temporary tables are none of the schema; a trigger can keep a table from being renamed.
        ["CREATE" | "DROP", "TRIGGER" | "TEMP" | "TEMPORARY", ..] => true,
        // Dumps make virtual tables by the others.
        ["CREATE" | "ALTER" | "DROP", ..]
        | ["PRAGMA", "WRITABLE_SCHEMA" | "LEGACY_ALTER_TABLE", ..]
        | ["INSERT", "INTO", "SQLITE_SCHEMA" | "SQLITE_MASTER"] => false,
        _ => true,
    }
}
