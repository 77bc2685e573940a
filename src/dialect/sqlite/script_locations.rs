//! Where a script declares its tables and columns.

use std::collections::BTreeMap;

use super::create_table;
use super::script_text::Piece;
use super::tokens::significant;
use crate::schema::{Location, Origin, Schema};

/// The places of tables and columns in a script. A wrong line is worse than none: a table that is created more than
/// once has no place, and where the script renames, nothing has one.
#[derive(Debug, Default)]
pub(super) struct Locations {
    /// By name, in lower case; `None` where the table is created more than once.
    tables: BTreeMap<String, Option<TableLocations>>,
    renamed: bool,
}

#[derive(Debug)]
struct TableLocations {
    table: Location,
    /// By name, in lower case.
    columns: BTreeMap<String, Location>,
}

impl Locations {
    /// Takes in a statement that was run.
    pub(super) fn add(&mut self, file: &str, piece: &Piece<'_>) {
        let is = |word: &str| {
            let start = piece.text.get(..word.len()).unwrap_or("");
            start.eq_ignore_ascii_case(word)
        };
        if is("ALTER") && significant(piece.text).iter().any(|token| token.is_word("RENAME")) {
            self.renamed = true;
        }
        if !is("CREATE") {
            return;
        }
        let Some(created) = create_table::read(piece.text).filter(|table| !table.temporary) else {
            return;
        };
        let place = |at: usize| piece.place.after(piece.text.get(..at).unwrap_or("")).location(file);
        let columns = created.columns.iter();
        let locations = TableLocations {
            table: place(created.start),
            columns: columns
                .map(|column| (column.name.to_ascii_lowercase(), place(column.start)))
                .collect(),
        };
        self.tables
            .entry(created.name.to_ascii_lowercase())
            .and_modify(|known| *known = None)
            .or_insert(Some(locations));
    }

    /// Gives tables, columns and foreign keys (those of their first column) their places. What was added later, with
    /// ALTER TABLE, keeps none.
    pub(super) fn give(&self, schema: &mut Schema) {
        if self.renamed {
            return;
        }
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
