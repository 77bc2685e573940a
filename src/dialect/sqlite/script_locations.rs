//! Where a script declares its tables and columns.

use std::collections::BTreeMap;

use super::create_table;
use super::script::{Piece, Pieces};
use super::tokens::{Lines, significant};
use crate::schema::{Location, Origin, Schema};

/// The places of tables and columns in a script. A wrong line is worse than none: a table that is created more than
/// once has no place, and where the script renames, nothing has one.
#[derive(Debug, Default)]
pub(super) struct Locations {
    /// By name, in lower case; `None` where the table is created more than once.
    tables: BTreeMap<String, Option<TableLocations>>,
}

#[derive(Debug)]
struct TableLocations {
    table: Location,
    /// By name, in lower case.
    columns: BTreeMap<String, Location>,
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
            let Some(created) = create_table::read(statement.text).filter(|table| !table.temporary) else {
                continue;
            };
            let place = |at: usize| lines.location(file, statement.start + at);
            let columns = created.columns.iter();
            let locations = TableLocations {
                table: place(created.start),
                columns: columns
                    .map(|column| (column.name.to_ascii_lowercase(), place(column.start)))
                    .collect(),
            };
            found
                .tables
                .entry(created.name.to_ascii_lowercase())
                .and_modify(|known| *known = None)
                .or_insert(Some(locations));
        }
        found
    }

    /// Gives tables, columns and foreign keys (those of their first column) their places. What was added later, with
    /// ALTER TABLE, keeps none.
    pub(super) fn give(&self, schema: &mut Schema) {
        for table in schema.tables.values_mut() {
            let name = table.name.table.as_str().to_ascii_lowercase();
            let Some(Some(locations)) = self.tables.get(&name) else {
                continue;
            };
            let of_column = |name: &str| locations.columns.get(&name.to_ascii_lowercase()).cloned();
            table.origin = Origin::File(locations.table.clone());
            for column in &mut table.columns {
                column.origin = of_column(column.name.as_str()).map_or(Origin::Catalog, Origin::File);
            }
            for key in &mut table.foreign_keys {
                let first = key.columns.first().and_then(|name| of_column(name.as_str()));
                key.origin = first.map_or(Origin::Catalog, Origin::File);
            }
        }
    }
}
