//! Foreign keys.

use rusqlite::{Connection, Row};

use super::{Tables, optional_text, rows, same, text};
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Origin, TableName};

/// A row of `foreign_keys.sql`.
struct KeyRow {
    table: String,
    id: i64,
    parent: String,
    column: String,
    parent_column: Option<String>,
    on_update: String,
    on_delete: String,
}

impl KeyRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            table: text(row, 0)?,
            id: row.get(1)?,
            parent: text(row, 2)?,
            column: text(row, 3)?,
            parent_column: optional_text(row, 4)?,
            on_update: text(row, 5)?,
            on_delete: text(row, 6)?,
        })
    }
}

pub(super) fn read(connection: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    let rows = rows(connection, include_str!("foreign_keys.sql"), [], KeyRow::read)?;
    for of_table in rows.chunk_by(|left, right| left.table == right.table) {
        let Some(child) = of_table.first() else { continue };
        let keys: Vec<ForeignKey> = of_table
            .chunk_by(|left, right| left.id == right.id)
            .filter_map(|rows| foreign_key(rows, tables))
            .collect();
        if let Some(reading) = tables.get_mut(&child.table) {
            reading.table.foreign_keys = keys;
            let written = &reading.text.foreign_keys;
            if written.len() == reading.table.foreign_keys.len() {
                for (key, written) in reading.table.foreign_keys.iter_mut().zip(written) {
                    key.name = written.name.as_deref().map(Ident::from);
                    key.deferrable = written.deferrable;
                }
            }
        }
    }
    Ok(())
}

fn foreign_key(rows: &[KeyRow], tables: &Tables) -> Option<ForeignKey> {
    let first = rows.first()?;
    // The names are those of the declaration, whose letter case may differ from the table's own.
    let parent = tables
        .values()
        .find(|reading| same(reading.table.name.table.as_str(), &first.parent));
    let written: Option<Vec<&String>> = rows.iter().map(|row| row.parent_column.as_ref()).collect();
    let parent_columns = match (written, parent) {
        (Some(names), Some(parent)) => names
            .into_iter()
            .map(|name| {
                let column = parent
                    .table
                    .columns
                    .iter()
                    .find(|column| same(column.name.as_str(), name));
                column.map_or_else(|| Ident::from(name.as_str()), |column| column.name.clone())
            })
            .collect(),
        (Some(names), None) => names.into_iter().map(|name| name.as_str().into()).collect(),
        // Without columns the primary key is meant; one of another length is an error when rows are written
        // (foreignkeys.html, section 3), and matches nothing.
        (None, Some(parent)) if parent.primary.len() == rows.len() => parent.primary.values().cloned().collect(),
        (None, _) => Vec::new(),
    };
    Some(ForeignKey {
        name: None,
        columns: rows.iter().map(|row| row.column.as_str().into()).collect(),
        parent: parent.map_or_else(
            || TableName::bare(first.parent.as_str()),
            |reading| reading.table.name.clone(),
        ),
        parent_columns,
        on_delete: Action::from_sql(&first.on_delete).unwrap_or(Action::NoAction),
        on_update: Action::from_sql(&first.on_update).unwrap_or(Action::NoAction),
        set_columns: Vec::new(),
        // SQLite parses MATCH clauses and treats them all as SIMPLE (foreignkeys.html, section 6).
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: true,
        enforced: true,
        period: false,
        origin: Origin::Catalog,
    })
}
