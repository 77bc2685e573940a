//! The schema, from SQLite's pragmas and the texts that it stores.

mod foreign_keys;
mod indexes;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Params, Row};

use super::create_table::{self, CreateTable};
use super::session::as_text;
use super::types;
use crate::dialect::{ColumnKey, ColumnStatistics, Statistics};
use crate::schema::{
    Collation, Column, ColumnType, Definition, Generated, Ident, Note, Origin, Read, Schema, Table, TableKind,
    TableName, TypeFamily,
};

/// Why the schema could not be read: what was being done, and what SQLite said.
pub(super) type Failure = (&'static str, rusqlite::Error);

/// A table that is being read, with what its text says.
struct Reading {
    table: Table,
    strict: bool,
    text: CreateTable,
    /// Columns of the primary key by their place in it.
    primary: BTreeMap<i64, Ident>,
    /// Whether the primary key has an index of its own.
    primary_index: bool,
}

/// The tables that are being read, by name.
type Tables = BTreeMap<String, Reading>;

/// Reads the schema of the main database. Tables of other (attached, temporary) databases are none of it.
pub(super) fn read(connection: &Connection) -> Result<Read, Failure> {
    let mut notes = Vec::new();
    let mut tables = read_tables(connection).map_err(|error| ("reading the tables", error))?;
    read_columns(connection, &mut tables).map_err(|error| ("reading the columns", error))?;
    read_other_columns(connection, &mut tables, &mut notes);
    read_definitions(connection, &mut tables).map_err(|error| ("reading the indexes and triggers", error))?;
    indexes::read(connection, &mut tables).map_err(|error| ("reading the indexes", error))?;
    foreign_keys::read(connection, &mut tables).map_err(|error| ("reading the foreign keys", error))?;
    read_estimates(connection, &mut tables).map_err(|error| ("reading the statistics", error))?;
    if tables.values().any(|reading| !reading.table.foreign_keys.is_empty()) {
        // foreignkeys.html, section 2.
        notes.push(Note::new(
            "SQLite checks foreign keys only for connections that ran `PRAGMA foreign_keys = ON`; it is off by default, \
             so every program that writes here must turn it on",
        ));
    }
    let tables = tables
        .into_values()
        .map(|reading| (reading.table.name.clone(), reading.table))
        .collect();
    Ok(Read {
        schema: Schema {
            tables,
            sees_all_tables: true,
        },
        notes,
    })
}

fn read_tables(connection: &Connection) -> rusqlite::Result<Tables> {
    rows(connection, include_str!("catalog/tables.sql"), [], |row| {
        let name = text(row, 0)?;
        let kind = match (text(row, 1)?.as_str(), flag(row, 2)?) {
            ("view", _) => TableKind::View,
            ("virtual", _) => TableKind::Foreign,
            (_, true) => TableKind::WithoutRowid,
            (_, false) => TableKind::Table,
        };
        let mut table = Table::new(TableName::bare(name.as_str()), kind, Origin::Catalog);
        let mut made = CreateTable::default();
        if kind.holds_rows() {
            let definition = Definition {
                table: text(row, 4)?,
                ..Definition::default()
            };
            made = create_table::read(&definition.table).unwrap_or_default();
            table.definition = Some(definition);
        }
        table.checks.clone_from(&made.checks);
        let reading = Reading {
            table,
            strict: flag(row, 3)?,
            text: made,
            primary: BTreeMap::new(),
            primary_index: false,
        };
        Ok((name, reading))
    })
    .map(|tables| tables.into_iter().collect())
}

fn read_columns(connection: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    let columns = rows(connection, include_str!("catalog/columns.sql"), [], ColumnRow::read)?;
    for column in columns {
        if let Some(reading) = tables.get_mut(&column.table) {
            reading.add_column(column);
        }
    }
    Ok(())
}

/// Reads what hangs on each table: the statements that made it, and where SQLite counts for it.
fn read_definitions(connection: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    let kept_in = rows(connection, include_str!("catalog/own_tables.sql"), [], |row| {
        text(row, 0)
    })?;
    let beside = rows(connection, include_str!("catalog/definitions.sql"), [], |row| {
        Ok((text(row, 0)?, text(row, 1)?))
    })?;
    for definition in tables
        .values_mut()
        .filter_map(|reading| reading.table.definition.as_mut())
    {
        definition.kept_in.clone_from(&kept_in);
    }
    for (name, sql) in beside {
        // A trigger names its table as it was written there.
        let mut all = tables.values_mut().map(|reading| &mut reading.table);
        let table = all.find(|table| same(table.name.table.as_str(), &name));
        if let Some(definition) = table.and_then(|table| table.definition.as_mut()) {
            definition.beside.push(sql);
        }
    }
    Ok(())
}

/// Reads the columns of views and virtual tables. What cannot be read is noted: nothing is probed there, and the tables
/// around it are still worth an audit.
fn read_other_columns(connection: &Connection, tables: &mut Tables, notes: &mut Vec<Note>) {
    for (name, reading) in tables {
        if reading.table.kind.holds_rows() {
            continue;
        }
        match rows(
            connection,
            include_str!("catalog/columns_of.sql"),
            [name],
            ColumnRow::read,
        ) {
            Ok(columns) => columns.into_iter().for_each(|column| reading.add_column(column)),
            Err(error) => notes.push(Note::new(format!(
                "the columns of `{name}` cannot be read: {}",
                super::session::message(&error)
            ))),
        }
    }
}

/// A row of `columns.sql`.
struct ColumnRow {
    table: String,
    name: String,
    declared: String,
    not_null: bool,
    default: Option<String>,
    /// Its place in the primary key, from 1; 0 if it is not part of it.
    primary: i64,
    hidden: i64,
}

impl ColumnRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            table: text(row, 0)?,
            name: text(row, 1)?,
            declared: text(row, 2)?,
            not_null: flag(row, 3)?,
            default: optional_text(row, 4)?,
            primary: row.get(5)?,
            hidden: row.get(6)?,
        })
    }
}

impl Reading {
    fn add_column(&mut self, row: ColumnRow) {
        let written = self.text.columns.iter().find(|column| same(&column.name, &row.name));
        let written = written.and_then(|column| column.collation.as_deref());
        let ty = column_type(row.declared, self.strict, written);
        let name = Ident::new(row.name);
        if row.primary > 0 {
            self.primary.insert(row.primary, name.clone());
        }
        self.table.columns.push(Column {
            name,
            ty,
            nullable: !row.not_null,
            default: row.default,
            identity: false,
            generated: match row.hidden {
                2 => Some(Generated::Virtual),
                3 => Some(Generated::Stored),
                _ => None,
            },
            comment: None,
            origin: Origin::Catalog,
        });
    }
}

/// A column's type by its name, with the collation that is written at the column.
pub(super) fn column_type(declared: String, strict: bool, written: Option<&str>) -> ColumnType {
    let family = types::family(&declared, strict);
    ColumnType {
        base: declared.clone(),
        declared,
        family,
        // SQLite ignores the length in VARCHAR(20) (datatype3.html, section 3.1.1).
        length: None,
        collation: matches!(family, TypeFamily::Text | TypeFamily::Any).then(|| collation(written.unwrap_or("BINARY"))),
        labels: Vec::new(),
    }
}

/// A collation of SQLite's own (datatype3.html, section 7.1), or one that a program brings along and that may fold
/// anything.
fn collation(name: &str) -> Collation {
    let upper = name.to_ascii_uppercase();
    let known = ["BINARY", "NOCASE", "RTRIM"].contains(&upper.as_str());
    Collation {
        charset: None,
        folds: upper == "NOCASE" || !known,
        pads: upper == "RTRIM",
        name: if known { upper } else { super::quoted(name) },
    }
}

fn read_estimates(connection: &Connection, tables: &mut Tables) -> rusqlite::Result<()> {
    if !is_analyzed(connection)? {
        return Ok(());
    }
    let estimates = rows(connection, include_str!("catalog/estimates.sql"), [], |row| {
        Ok((text(row, 0)?, row.get::<_, i64>(1)?))
    })?;
    for (name, estimate) in estimates {
        if let Some(reading) = tables.get_mut(&name) {
            reading.table.estimated_rows = u64::try_from(estimate).ok();
        }
    }
    Ok(())
}

/// What the last ANALYZE left of these columns. How old it is, nobody tells.
pub(super) fn statistics(connection: &Connection, columns: &BTreeSet<ColumnKey>) -> rusqlite::Result<Statistics> {
    let mut known = Statistics::new();
    if !is_analyzed(connection)? {
        return Ok(known);
    }
    let found = rows(connection, include_str!("catalog/cardinalities.sql"), [], |row| {
        Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?))
    })?;
    for (table, column, stat) in found {
        let key = (TableName::bare(table.as_str()), Ident::from(column.as_str()));
        let mut numbers = stat.split(' ').map_while(|number| number.parse::<u64>().ok());
        if let (true, Some(table_rows), Some(each)) = (columns.contains(&key), numbers.next(), numbers.next()) {
            let estimate = ColumnStatistics {
                table_rows,
                distinct: Some(table_rows / each.max(1)),
                ..ColumnStatistics::default()
            };
            known.insert(key, estimate);
        }
    }
    Ok(known)
}

fn is_analyzed(connection: &Connection) -> rusqlite::Result<bool> {
    let analyzed = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'";
    Ok(!rows(connection, analyzed, [], |_| Ok(()))?.is_empty())
}

/// Whether SQLite takes two names for the same: it folds ASCII letters only.
fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// All rows of a statement.
fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map(parameters, read)?.collect()
}

/// A text that cannot be null. Bytes that are no UTF-8 are replaced: SQLite does not check what it stores.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    optional_text(row, at).map(Option::unwrap_or_default)
}

fn optional_text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    row.get_ref(at).map(as_text)
}

fn flag(row: &Row<'_>, at: usize) -> rusqlite::Result<bool> {
    row.get::<_, i64>(at).map(|value| value != 0)
}
