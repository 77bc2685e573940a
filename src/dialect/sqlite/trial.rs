//! Tables of SQLite, built anew in a file of their own by their own statements.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::dialect::trial::{Rebuild, Scratch, Writer};
use crate::dialect::{ConnectOptions, Dialect as _};
use crate::schema::{Column, ColumnType, Table, TableName};

use super::Sqlite;

impl Rebuild for Sqlite {
    /// `sqlite::memory:` is a file too, in a folder that goes with it: an audit opens it by its path.
    fn open(&self, address: &str, _: &ConnectOptions) -> Result<Scratch, String> {
        let path = address.strip_prefix("sqlite:").unwrap_or(address);
        let (path, folder) = if path == ":memory:" {
            let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder for it: {error}"))?;
            (folder.path().join("scratch.db"), Some(folder))
        } else {
            (PathBuf::from(path), None)
        };
        let name = folder
            .as_ref()
            .map_or_else(|| path.display().to_string(), |_| "a database in memory".to_owned());
        match path.try_exists() {
            Ok(false) => {}
            Ok(true) => return Err(format!("{name} is there already: name a file that is not")),
            Err(error) => return Err(format!("cannot look at {name}: {error}")),
        }
        let connection = Connection::open(&path).map_err(|error| format!("cannot make {name}: {error}"))?;
        Ok(Scratch {
            address: format!("sqlite:{}", path.display()),
            writer: Box::new(Client {
                connection: Some(connection),
                path: folder.is_none().then_some(path),
            }),
            name,
            namespace: None,
            _folder: folder,
        })
    }

    fn making(&self, tables: &[&Table]) -> Vec<String> {
        vec![statements("type = 'table'", tables)]
    }

    fn completing(&self, tables: &[&Table]) -> Vec<String> {
        vec![
            statements("type = 'index'", tables),
            // A trigger that needs a table which is not there would stop the plan where it does nothing wrong.
            statements(
                &format!(
                    "type = 'trigger' AND NOT EXISTS (SELECT 1 FROM sqlite_master AS other WHERE other.type IN ('table', 'view') AND \
                     other.name NOT IN ({}) AND instr(lower(sqlite_master.sql), lower(other.name)) > 0)",
                    names(tables)
                ),
                tables,
            ),
            OWN_TABLES.to_owned(),
        ]
    }

    fn literal_of(&self, expression: &str, _: &ColumnType) -> String {
        format!("quote({expression})")
    }

    fn insertion(&self, table: &TableName, columns: &[&Column], values: &[String]) -> String {
        let names: Vec<String> = columns.iter().map(|column| self.quote(&column.name)).collect();
        format!(
            "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
            self.table_name(table),
            names.join(", "),
            values.join(", ")
        )
    }

    fn loading(&self) -> [&'static [&'static str]; 2] {
        [&["PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF"], &[]]
    }

    fn drops(&self) -> &'static str {
        // The file goes as a whole.
        "SELECT 'table', '' WHERE 1 = 0"
    }
}

/// Statements that make SQLite's own tables, which the steps of a plan look into where the source has them.
const OWN_TABLES: &str = "SELECT CASE name WHEN 'sqlite_sequence' THEN 'CREATE TABLE relaudit_counted (id INTEGER PRIMARY KEY \
                          AUTOINCREMENT); DROP TABLE relaudit_counted' ELSE 'ANALYZE' END FROM sqlite_master WHERE name IN \
                          ('sqlite_sequence', 'sqlite_stat1') ORDER BY name";

/// A trigger names its table as it was written there.
fn statements(which: &str, tables: &[&Table]) -> String {
    format!(
        "SELECT sql FROM sqlite_master WHERE {which} AND sql IS NOT NULL AND tbl_name COLLATE NOCASE IN ({}) ORDER BY name",
        names(tables)
    )
}

fn names(tables: &[&Table]) -> String {
    let names = tables.iter().map(|table| Sqlite.literal(table.name.table.as_str()));
    names.collect::<Vec<_>>().join(", ")
}

struct Client {
    connection: Option<Connection>,
    /// The file, where it is to be removed.
    path: Option<PathBuf>,
}

impl Client {
    fn connection(&self) -> Result<&Connection, String> {
        self.connection.as_ref().ok_or_else(|| "it is closed".to_owned())
    }
}

impl Writer for Client {
    fn run(&mut self, sql: &str) -> Result<(), String> {
        self.connection()?.execute_batch(sql).map_err(|error| error.to_string())
    }

    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let read = |connection: &Connection| -> rusqlite::Result<Vec<Vec<Option<String>>>> {
            let mut statement = connection.prepare(sql)?;
            let columns = statement.column_count();
            let mut found = statement.query([])?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let texts = (0..columns).map(|at| row.get_ref(at).map(text));
                rows.push(texts.collect::<rusqlite::Result<Vec<_>>>()?);
            }
            Ok(rows)
        };
        read(self.connection()?).map_err(|error| error.to_string())
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection = None;
        if let Some(path) = &self.path {
            remove(path);
        }
    }
}

/// What cannot be removed is left, since there is nobody to tell.
fn remove(path: &Path) {
    for end in ["", "-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}
