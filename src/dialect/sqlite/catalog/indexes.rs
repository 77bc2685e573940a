//! Indexes, and the keys that they stand for.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::{Reading, Tables, collation, flag, optional_text, rows, same, text};
use crate::dialect::sqlite::create_index::{self, CreateIndex};
use crate::schema::{Ident, Index, IndexPart, Key, Origin, TableKind};

/// A row of `indexes.sql`.
struct PartRow {
    table: String,
    index: String,
    unique: bool,
    origin: String,
    column: Option<String>,
    /// The place in the table; -2 for an expression.
    column_place: i64,
    descending: bool,
    collation: String,
    sql: Option<String>,
}

impl PartRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            table: text(row, 0)?,
            index: text(row, 1)?,
            unique: flag(row, 2)?,
            origin: text(row, 3)?,
            column_place: row.get(5)?,
            column: optional_text(row, 6)?,
            descending: flag(row, 7)?,
            collation: text(row, 8)?,
            sql: optional_text(row, 9)?,
        })
    }
}

pub(super) fn read(connection: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    let mut indexes: BTreeMap<(String, String), Vec<PartRow>> = BTreeMap::new();
    for row in rows(connection, include_str!("indexes.sql"), [], PartRow::read)? {
        let id = (row.table.clone(), row.index.clone());
        indexes.entry(id).or_default().push(row);
    }
    for ((table, name), parts) in indexes {
        if let Some(reading) = tables.get_mut(&table) {
            reading.add_index(&name, &parts);
        }
    }
    for reading in tables.values_mut() {
        reading.add_primary_key();
    }
    Ok(())
}

impl Reading {
    fn add_index(&mut self, name: &str, rows: &[PartRow]) {
        let Some(first) = rows.first() else { return };
        let made = first.sql.as_deref().and_then(create_index::read).unwrap_or_default();
        let parts: Vec<IndexPart> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| self.index_part(at, row, &made))
            .collect();
        let columns: Option<Vec<Ident>> = parts.iter().map(|part| part.column.clone()).collect();
        let mut constraint = None;
        // The primary key itself comes from the columns, since a rowid alias has no index.
        if let (Some(columns), "pk" | "u") = (columns, first.origin.as_str()) {
            let primary = first.origin == "pk";
            self.primary_index |= primary;
            constraint = self.constraint_name(primary, &columns);
            if !primary {
                self.table.keys.push(key(constraint.clone(), columns, false));
            }
        }
        self.table.indexes.push(Index {
            name: name.into(),
            parts,
            include: Vec::new(),
            unique: first.unique,
            method: "btree".to_owned(),
            predicate: made.predicate,
            valid: true,
            visible: true,
            nulls_not_distinct: false,
            constraint,
            bound: first.origin != "c",
            options: None,
            comment: None,
            origin: Origin::Catalog,
        });
    }

    /// A part of an index. One that sorts by another collation than its column compares by serves the column's
    /// comparisons as little as an expression does (optoverview.html, section 2), and so it is one here.
    fn index_part(&self, at: usize, row: &PartRow, made: &CreateIndex) -> IndexPart {
        let column = row.column.as_deref().map(Ident::from);
        let written = column
            .as_ref()
            .and_then(|name| {
                self.text
                    .columns
                    .iter()
                    .find(|column| same(&column.name, name.as_str()))
            })
            .and_then(|column| column.collation.as_deref())
            .unwrap_or("BINARY");
        let expression = match &column {
            Some(name) if !same(written, &row.collation) => Some(format!(
                "{} COLLATE {}",
                super::super::quoted(name.as_str()),
                collation(&row.collation).name
            )),
            None if row.column_place == -1 => Some("rowid".to_owned()),
            None => Some(
                made.parts
                    .get(at)
                    .cloned()
                    .unwrap_or_else(|| "an expression".to_owned()),
            ),
            Some(_) => None,
        };
        IndexPart {
            column: column.filter(|_| expression.is_none()),
            expression,
            prefix: None,
            descending: row.descending,
            class: None,
            nulls_swapped: false,
        }
    }

    /// Adds the primary key, and tells what it means for its columns.
    fn add_primary_key(&mut self) {
        let columns: Vec<Ident> = self.primary.values().cloned().collect();
        let Some(first) = columns.first() else { return };
        let name = self.constraint_name(true, &columns);
        let kind = self.table.kind;
        // An INTEGER PRIMARY KEY is an alias of the rowid and has no index of its own; other primary keys of one column
        // have one, also INTEGER PRIMARY KEY DESC, which for a historical reason is no alias (lang_createtable.html,
        // section 5). A view or virtual table has no rowid to speak of.
        let alias = kind == TableKind::Table && columns.len() == 1 && !self.primary_index;
        if alias {
            // The table is itself sorted by it: SQLite lists no index for that.
            self.table.indexes.push(Index {
                name: "rowid".into(),
                parts: vec![IndexPart::column(first.clone())],
                include: Vec::new(),
                unique: true,
                method: "btree".to_owned(),
                predicate: None,
                valid: true,
                visible: true,
                nulls_not_distinct: false,
                constraint: name.clone(),
                bound: true,
                options: None,
                comment: None,
                origin: Origin::Catalog,
            });
        }
        for column in &mut self.table.columns {
            if columns.contains(&column.name) {
                // Of a rowid alias a null becomes the next number, in WITHOUT ROWID and STRICT tables it is refused; in
                // all other primary keys SQLite accepts it (lang_createtable.html, section 3.5).
                column.identity = alias;
                column.nullable &= !alias && kind != TableKind::WithoutRowid && !self.strict;
            }
        }
        self.table.keys.insert(0, key(name, columns, true));
    }

    fn constraint_name(&self, primary: bool, columns: &[Ident]) -> Option<Ident> {
        let found = self.text.keys.iter().find(|key| {
            let pairs = || key.columns.iter().zip(columns);
            key.name.is_some()
                && key.primary == primary
                && key.columns.len() == columns.len()
                && pairs().all(|(written, column)| same(written, column.as_str()))
        })?;
        found.name.as_deref().map(Ident::from)
    }
}

fn key(name: Option<Ident>, columns: Vec<Ident>, primary: bool) -> Key {
    Key {
        name,
        columns,
        primary,
        deferrable: false,
        nulls_not_distinct: false,
        without_overlaps: false,
        origin: Origin::Catalog,
    }
}
