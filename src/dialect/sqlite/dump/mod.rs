//! The rows of another system's dump, in a SQLite file for as long as the audit takes.
//!
//! Only the columns are kept that keys and relations need. Values are stored and compared so that the same are equal as
//! in the system that the dump is from; where that cannot be had, the table is marked as not read, and every statement
//! about it fails with the reason.

mod compare;
mod load;
mod value;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::session::{SqliteSession, Watched, message};
use super::{Sqlite, quoted};
use crate::dialect::sample_sql::sqlite_row_number;
use crate::dialect::{
    Database, Dialect, Error, KeyExpression, QueryError, QueryFailure, Session, SourceInfo, interrupt,
};
use crate::schema::{ColumnType, Ident, Read, Table, TableName};

pub use load::Loading;
pub use value::DumpValue;
pub use write::{Clash, Writer};

/// What is needed of a table's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needed {
    /// The columns.
    pub columns: BTreeSet<Ident>,
    /// Column sets that rows are looked up by.
    pub keys: BTreeSet<Vec<Ident>>,
    /// Column sets of which no two rows have the same values, none of them null. Needed where what a row does depends on
    /// the rows that are there; it costs an index while the rows come.
    pub unique: BTreeSet<Vec<Ident>>,
}

/// How a name begins that stands for rows that were not read; the reason follows.
const UNREAD: &str = "not read: ";

/// How much of the file all sessions together may hold in memory, in KiB. Keys are looked up in no order: those that are
/// not held are read again and again.
const CACHE: usize = 64 << 10;

/// What a table is called in SQLite.
#[derive(Debug, Clone)]
struct StoredName {
    /// Its own rows.
    own: String,
    /// Those, and the rows of tables that inherit from it.
    all: String,
}

/// How the stored rows are asked.
#[derive(Debug, Default)]
struct DumpDialect {
    names: BTreeMap<TableName, StoredName>,
}

impl DumpDialect {
    fn name_of(&self, table: &TableName, own: bool) -> String {
        match self.names.get(table) {
            Some(name) => quoted(if own { &name.own } else { &name.all }),
            None => quoted(&format!("{UNREAD}the dump has no rows of `{table}`")),
        }
    }
}

impl Dialect for DumpDialect {
    fn name(&self) -> &'static str {
        Sqlite.name()
    }

    fn quote(&self, ident: &Ident) -> String {
        column(ident)
    }

    fn literal(&self, text: &str) -> String {
        Sqlite.literal(text)
    }

    fn as_text(&self, expression: &str, ty: &ColumnType) -> String {
        Sqlite.as_text(expression, ty)
    }

    fn identical(&self, one: &str, other: &str, ty: &ColumnType) -> String {
        Sqlite.identical(one, other, ty)
    }

    fn keys_equal(&self, child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
        compare::keys_equal(child, parent)
    }

    fn row_number(&self, table: &Table) -> Option<Ident> {
        // Whatever key the table has elsewhere: not all of its columns are kept.
        sqlite_row_number(table)
    }

    fn has_every_column(&self) -> bool {
        false
    }

    fn table_name(&self, name: &TableName) -> String {
        self.name_of(name, false)
    }

    fn own_rows(&self, table: &Table) -> String {
        self.name_of(&table.name, true)
    }
}

/// Stored rows.
struct DumpDatabase {
    dialect: DumpDialect,
    info: SourceInfo,
    read: Read,
    path: PathBuf,
    timeout: Duration,
    /// How many sessions share the memory.
    shares: AtomicUsize,
    /// Deletes the file when it is dropped.
    _file: NamedTempFile,
    /// Deletes it where an interrupt ends the process.
    _registration: interrupt::Registration,
}

impl Database for DumpDatabase {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read_schema(&self) -> Result<Read, Error> {
        Ok(self.read.clone())
    }

    fn sessions(&self, wanted: usize) -> Result<Vec<Box<dyn Session>>, Error> {
        self.shares.store(wanted.max(1), Ordering::Relaxed);
        (0..wanted.max(1)).map(|_| self.replace_session()).collect()
    }

    fn replace_session(&self) -> Result<Box<dyn Session>, Error> {
        let open = || {
            let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let cache = (CACHE / self.shares.load(Ordering::Relaxed)).max(1 << 10);
            connection.execute_batch(&format!(
                "PRAGMA cache_size = -{cache}; PRAGMA temp_store = FILE; PRAGMA query_only = ON"
            ))?;
            compare::register(&connection)?;
            Watched::new(connection, self.timeout)
        };
        let watched = open().map_err(|error| failed(&self.info.name, &error))?;
        Ok(Box::new(DumpSession(SqliteSession::new(Arc::new(Mutex::new(watched))))))
    }
}

/// A session that tells why rows were not read.
struct DumpSession(SqliteSession);

impl Session for DumpSession {
    fn begin(&mut self) -> Result<(), QueryError> {
        self.0.begin()
    }

    fn query(&mut self, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> Result<(), QueryError> {
        let marked = sql.split_once(&format!("\"{UNREAD}")).map(|(_, rest)| rest);
        if let Some(reason) = marked.and_then(|rest| rest.split('"').next()) {
            return Err(QueryError::new(QueryFailure::Other, reason));
        }
        self.0.query(sql, row)
    }

    fn end(&mut self) {
        self.0.end();
    }
}

/// A column's name in the file, in quotes. SQLite takes `reportId` and `ReportId` for one name, and PostgreSQL for two:
/// capital letters are marked.
fn column(name: &Ident) -> String {
    let mut marked = String::new();
    for letter in name.as_str().chars() {
        if letter == '^' || letter.is_ascii_uppercase() {
            marked.push('^');
        }
        marked.push(letter);
    }
    quoted(&marked)
}

fn failed(source_name: &str, error: &rusqlite::Error) -> Error {
    Error::File {
        source_name: source_name.to_owned(),
        reason: format!("keeping its rows in a temporary file: {}", message(error)),
    }
}
