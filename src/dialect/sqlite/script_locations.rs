//! Where a script declares its tables, columns, keys and indexes.

use std::collections::BTreeMap;

use super::create_index;
use super::create_table::{self, CreateTable};
use super::script::{Piece, Pieces};
use super::tokens::{Lines, significant};
use crate::schema::{Ident, Location, Origin, Schema};

/// The places of what a script declares. A wrong line is worse than none: a table that is created more than
/// once has no place, and where the script renames, nothing has one.
#[derive(Debug, Default)]
pub(super) struct Locations {
    /// By name, in lower case; `None` where the table is created more than once.
    tables: BTreeMap<String, Option<TableLocations>>,
    /// Of CREATE INDEX, in the same way.
    indexes: BTreeMap<String, Option<Location>>,
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
    pub(super) fn read(file: &str, script: &str) -> Self {
        let lines = Lines::new(script);
        let mut found = Self::default();
        for piece in Pieces::new(script) {
            let Piece::Statement(statement) = piece else { continue };
            let words = || significant(statement.text);
            if statement.starts_with("ALTER") && words().iter().any(|token| token.is_word("RENAME")) {
                return Self::default();
            }
            if !statement.starts_with("CREATE") {
                continue;
            }
            let place = |at: usize| lines.location(file, statement.start + at);
            if let Some(created) = create_table::read(statement.text).filter(|table| !table.temporary) {
                let locations = TableLocations::of(&created, &place);
                let known = found.tables.entry(lower(&created.name));
                known.and_modify(|known| *known = None).or_insert(Some(locations));
            } else if words().iter().take(3).any(|token| token.is_word("INDEX"))
                && let Some(created) = create_index::read(statement.text)
            {
                let known = found.indexes.entry(lower(&created.name));
                let place = place(created.start);
                known.and_modify(|known| *known = None).or_insert(Some(place));
            }
        }
        found
    }

    /// Gives everything its place. What was added later, with ALTER TABLE, keeps none.
    pub(super) fn give(&self, schema: &mut Schema) {
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
