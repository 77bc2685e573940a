//! SQLite, through the library: files and scripts, the schema that is read, and the rows that count as orphans.

mod files;
mod keys;
mod large;
mod schema;
mod scripts;

use std::path::Path;
use std::time::Duration;

use relaudit::dialect::{ConnectOptions, Database, Error, QueryError, Session, sqlite};
use relaudit::schema::{Read, Table, TableName};

/// A script, opened.
fn script(sql: &str) -> Box<dyn Database> {
    sqlite::open_script("test.sql", &mut sql.as_bytes(), &ConnectOptions::default()).unwrap()
}

/// Why a script is refused.
fn refused(sql: &str) -> String {
    reason(sqlite::open_script(
        "test.sql",
        &mut sql.as_bytes(),
        &ConnectOptions::default(),
    ))
}

/// Why a file is refused.
fn refused_file(path: &Path) -> String {
    reason(sqlite::open_file(path, &quick()))
}

fn reason(opened: Result<Box<dyn Database>, Error>) -> String {
    opened.err().map(|error| error.to_string()).unwrap()
}

/// Options that wait for nothing for long.
fn quick() -> ConnectOptions {
    ConnectOptions {
        lock_timeout: Duration::from_millis(50),
        statement_timeout: Duration::from_millis(200),
        ..ConnectOptions::default()
    }
}

fn read(sql: &str) -> Read {
    script(sql).read_schema().unwrap()
}

fn table(read: &Read, name: &str) -> Table {
    read.schema.table(&TableName::bare(name)).cloned().unwrap()
}

/// All rows of a query, nulls as `NULL`.
fn query(session: &mut dyn Session, sql: &str) -> Result<Vec<Vec<String>>, QueryError> {
    let mut rows = Vec::new();
    session.query(sql, &mut |row| {
        rows.push(
            row.into_iter()
                .map(|value| value.unwrap_or_else(|| "NULL".to_owned()))
                .collect(),
        );
    })?;
    Ok(rows)
}

/// A database file made by a script.
fn file(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(sql).unwrap();
}
