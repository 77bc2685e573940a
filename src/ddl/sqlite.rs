//! SQLite's statements, applied by SQLite itself in a database in memory: nothing else knows as well what it takes for a
//! type, what it renames along, and what it calls its indexes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::short;
use super::tokens::{Cursor, Tokens};
use crate::dialect::sqlite::Scratch;
use crate::schema::{Ident, IndexPart, Location, Note, Origin, Read, Schema};

/// Reads SQLite's statements one after the other.
pub(super) struct Reader {
    /// Or why there is none.
    scratch: Result<Scratch, String>,
    /// By the table's name, in small letters.
    places: BTreeMap<String, Places>,
    /// Where CREATE INDEX names an index, by that name in small letters.
    indexes: BTreeMap<String, Location>,
    notes: Vec<Note>,
}

/// Where a table's parts are declared. Names are in small letters: SQLite folds ASCII letters only.
#[derive(Debug, Clone)]
struct Places {
    table: Location,
    columns: BTreeMap<String, Location>,
    /// By their columns, in the order of the text.
    foreign_keys: Vec<(Vec<String>, Location)>,
    /// Primary key and unique constraints, in the same way.
    keys: Vec<(bool, Vec<String>, Location)>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            places: BTreeMap::new(),
            indexes: BTreeMap::new(),
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
        give_places(&self.places, &self.indexes, &mut read.schema);
        read.notes.extend(notes);
        read
    }

    /// Keeps where a statement that SQLite has taken declares things.
    fn remember(&mut self, mut cursor: Cursor<'_>) {
        if cursor.take(&["CREATE", "TABLE"]) || cursor.take(&["CREATE", "VIEW"]) {
            let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
            let (name, table) = last_name(&mut cursor);
            let mut places = Places {
                table,
                columns: BTreeMap::new(),
                foreign_keys: Vec::new(),
                keys: Vec::new(),
            };
            for part in cursor.parenthesized().iter_mut().flat_map(Cursor::split_at_commas) {
                places.add(part);
            }
            self.places.entry(name).or_insert(places);
        } else if cursor.take(&["CREATE", "INDEX"]) || cursor.take(&["CREATE", "UNIQUE", "INDEX"]) {
            let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
            let (name, place) = last_name(&mut cursor);
            self.indexes.entry(name).or_insert(place);
        } else if cursor.take(&["ALTER", "TABLE"]) {
            let (name, _) = last_name(&mut cursor);
            self.alter(&name, cursor);
        } else if cursor.take(&["DROP", "TABLE"]) || cursor.take(&["DROP", "VIEW"]) {
            let _ = cursor.take(&["IF", "EXISTS"]);
            let (name, _) = last_name(&mut cursor);
            self.places.remove(&name);
        } else if cursor.take(&["DROP", "INDEX"]) {
            let _ = cursor.take(&["IF", "EXISTS"]);
            let (name, _) = last_name(&mut cursor);
            self.indexes.remove(&name);
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
            let of_foreign_keys = places.foreign_keys.iter_mut().flat_map(|(columns, _)| columns);
            let of_keys = places.keys.iter_mut().flat_map(|(_, columns, _)| columns);
            for column in of_foreign_keys.chain(of_keys).filter(|column| **column == from) {
                column.clone_from(&to);
            }
        }
    }
}

impl Places {
    /// Takes in a column or constraints of a table: between two of them the comma may be missing.
    fn add(&mut self, mut part: Cursor<'_>) {
        let mut column = None;
        if !part.is_at_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]) {
            let start = part.location();
            let Some(name) = part.name() else { return };
            let name = name.as_str().to_ascii_lowercase();
            self.columns.insert(name.clone(), start);
            column = Some(name);
        }
        let mut named_at = None;
        while !part.is_at_end() {
            let here = part.location();
            if part.take(&["CONSTRAINT"]) {
                let _ = part.name();
                named_at = Some(here);
                continue;
            }
            let place = named_at.take().unwrap_or(here);
            let of_column = || column.clone().map(|name| vec![name]);
            if part.is_at(&["PRIMARY", "KEY"]) || part.is_at(&["UNIQUE"]) {
                let primary = part.take(&["PRIMARY", "KEY"]);
                let _ = part.take(&["UNIQUE"]);
                if let Some(columns) = of_column().or_else(|| first_names(&mut part)) {
                    self.keys.push((primary, columns, place));
                }
            } else if part.take(&["FOREIGN", "KEY"]) {
                if let Some(columns) = first_names(&mut part) {
                    self.foreign_keys.push((columns, place));
                }
            } else if part.take(&["REFERENCES"]) {
                // The parent's name may be a word that is a keyword elsewhere.
                let _ = part.names();
                self.foreign_keys
                    .extend(of_column().map(|columns| (columns, place.clone())));
            } else {
                // A default or a collation may be such a word, too.
                let value_follows = part.is_at_any(&["DEFAULT", "COLLATE"]);
                part.skip_one();
                if value_follows {
                    part.skip_one();
                }
            }
        }
    }

    /// Where a key of these columns is declared.
    fn key(&self, primary: bool, columns: &[String]) -> Option<&Location> {
        let same = |key: &&(bool, Vec<String>, Location)| key.0 == primary && key.1 == columns;
        self.keys.iter().find(same).map(|(_, _, place)| place)
    }
}

/// What each part in the parentheses begins with, in small letters.
fn first_names(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut inside = cursor.parenthesized()?;
    let parts = inside.split_at_commas().into_iter();
    parts.map(|mut part| part.name().map(|name| lower(&name))).collect()
}

fn lower(name: &Ident) -> String {
    name.as_str().to_ascii_lowercase()
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

fn give_places(places: &BTreeMap<String, Places>, indexes: &BTreeMap<String, Location>, schema: &mut Schema) {
    let origin = |place: Option<&Location>| place.cloned().map_or(Origin::Catalog, Origin::File);
    let all_lower = |columns: &[Ident]| -> Vec<String> { columns.iter().map(lower).collect() };
    for table in schema.tables.values_mut() {
        let Some(places) = places.get(&table.name.table.as_str().to_ascii_lowercase()) else {
            continue;
        };
        table.origin = Origin::File(places.table.clone());
        for column in &mut table.columns {
            column.origin = origin(places.columns.get(&lower(&column.name)));
        }
        let mut left: Vec<&(Vec<String>, Location)> = places.foreign_keys.iter().collect();
        for key in &mut table.foreign_keys {
            let columns = all_lower(&key.columns);
            if let Some(at) = left.iter().position(|(known, _)| *known == columns) {
                key.origin = Origin::File(left.remove(at).1.clone());
            }
        }
        for key in &mut table.keys {
            key.origin = origin(places.key(key.primary, &all_lower(&key.columns)));
        }
        for index in &mut table.indexes {
            let of_key = || {
                let columns: Option<Vec<String>> = index.parts.iter().map(column_of).collect();
                let columns = columns.filter(|_| index.unique)?;
                places.key(true, &columns).or_else(|| places.key(false, &columns))
            };
            index.origin = origin(indexes.get(&lower(&index.name)).or_else(of_key));
        }
    }
}

/// The column that a part of an index sorts by, also where it does so by another collation than the column's.
fn column_of(part: &IndexPart) -> Option<String> {
    let collated = || {
        let (column, _) = part.expression.as_deref()?.rsplit_once(" COLLATE ")?;
        let name = column.strip_prefix('"')?.strip_suffix('"')?;
        Some(name.replace("\"\"", "\"").to_ascii_lowercase())
    };
    part.column.as_ref().map(lower).or_else(collated)
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
