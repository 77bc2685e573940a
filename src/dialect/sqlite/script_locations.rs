//! Where a script declares its tables, columns, keys and indexes.

use std::collections::BTreeMap;

use super::create_index;
use super::create_table::{self, CreateTable};
use super::script_text::Piece;
use super::tokens::significant;
use crate::schema::{Ident, Location, Origin, Schema};

/// The places of what a script declares. A wrong line is worse than none: a table that is created more than
/// once has no place, and where the script renames, nothing has one.
#[derive(Debug, Default)]
pub(super) struct Locations {
    /// By name, in lower case; `None` where the table is created more than once.
    tables: BTreeMap<String, Option<TableLocations>>,
    /// Of CREATE INDEX, in the same way.
    indexes: BTreeMap<String, Option<Location>>,
    renamed: bool,
}

#[derive(Debug)]
struct TableLocations {
    table: Location,
    /// By name, in lower case.
    columns: BTreeMap<String, Location>,
    /// By their columns, in the order of the text.
    foreign_keys: Vec<(Vec<String>, Location)>,
    /// Whether it is the primary key, its columns, and where it is.
    keys: Vec<(bool, Vec<String>, Location)>,
}

impl Locations {
    /// Takes in a statement that was run.
    pub(super) fn add(&mut self, file: &str, piece: &Piece<'_>) {
        let is = |word: &str| {
            let start = piece.text.get(..word.len()).unwrap_or("");
            start.eq_ignore_ascii_case(word)
        };
        let words = || significant(piece.text);
        if is("ALTER") && words().iter().any(|token| token.is_word("RENAME")) {
            self.renamed = true;
        }
        if !is("CREATE") {
            return;
        }
        let place = |at: usize| piece.place.after(piece.text.get(..at).unwrap_or("")).location(file);
        if let Some(created) = create_table::read(piece.text).filter(|table| !table.temporary) {
            let locations = TableLocations::of(&created, &place);
            let known = self.tables.entry(lower(&created.name));
            known.and_modify(|known| *known = None).or_insert(Some(locations));
        } else if words().iter().take(3).any(|token| token.is_word("INDEX"))
            && let Some(created) = create_index::read(piece.text)
        {
            let known = self.indexes.entry(lower(&created.name));
            let place = place(created.start);
            known.and_modify(|known| *known = None).or_insert(Some(place));
        }
    }

    /// Gives everything its place. What was added later, with ALTER TABLE, keeps none.
    pub(super) fn give(&self, schema: &mut Schema) {
        if self.renamed {
            return;
        }
        let origin = |place: Option<&Location>| place.cloned().map_or(Origin::Catalog, Origin::File);
        for table in schema.tables.values_mut() {
            let Some(Some(locations)) = self.tables.get(&lower(table.name.table.as_str())) else {
                continue;
            };
            table.origin = Origin::File(locations.table.clone());
            for column in &mut table.columns {
                column.origin = origin(locations.columns.get(&lower(column.name.as_str())));
            }
            let mut left: Vec<&(Vec<String>, Location)> = locations.foreign_keys.iter().collect();
            for key in &mut table.foreign_keys {
                let columns = all_lower(&key.columns);
                if let Some(at) = left.iter().position(|(known, _)| *known == columns) {
                    key.origin = Origin::File(left.remove(at).1.clone());
                }
            }
            for key in &mut table.keys {
                key.origin = origin(locations.key(key.primary, &all_lower(&key.columns)));
            }
            for index in &mut table.indexes {
                let named = self.indexes.get(&lower(index.name.as_str())).and_then(Option::as_ref);
                let of_key = || {
                    let columns = index.whole_columns().filter(|_| index.unique)?;
                    let columns: Vec<String> = columns.into_iter().map(|column| lower(column.as_str())).collect();
                    locations.key(true, &columns).or_else(|| locations.key(false, &columns))
                };
                index.origin = origin(named.or_else(of_key));
            }
        }
    }
}

impl TableLocations {
    fn of(created: &CreateTable, place: &dyn Fn(usize) -> Location) -> Self {
        let all = |names: &[String]| names.iter().map(|name| lower(name)).collect();
        Self {
            table: place(created.start),
            columns: created
                .columns
                .iter()
                .map(|column| (lower(&column.name), place(column.start)))
                .collect(),
            foreign_keys: created
                .foreign_keys
                .iter()
                .map(|key| (all(&key.columns), place(key.start)))
                .collect(),
            keys: created
                .keys
                .iter()
                .map(|key| (key.primary, all(&key.columns), place(key.start)))
                .collect(),
        }
    }

    fn key(&self, primary: bool, columns: &[String]) -> Option<&Location> {
        let same = |key: &&(bool, Vec<String>, Location)| key.0 == primary && key.1 == columns;
        self.keys.iter().find(same).map(|(_, _, place)| place)
    }
}

/// SQLite folds ASCII letters only.
fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn all_lower(names: &[Ident]) -> Vec<String> {
    names.iter().map(|name| lower(name.as_str())).collect()
}
