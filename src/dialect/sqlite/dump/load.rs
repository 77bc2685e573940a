//! Filling the file with the rows of a dump.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tempfile::NamedTempFile;

use super::super::quoted;
use super::value::{DumpValue, Kind};
use super::write::{Clash, Writer};
use super::{DumpDatabase, DumpDialect, Needed, StoredName, UNREAD, column, compare, failed};
use crate::dialect::{Database, Error, SourceInfo, interrupt};
use crate::schema::{Ident, Read, Schema, Table, TableName, TypeFamily};

/// The file while it is being filled.
pub struct Loading {
    source_name: String,
    file: NamedTempFile,
    registration: interrupt::Registration,
    connection: Connection,
    tables: BTreeMap<TableName, Stored>,
}

/// A table in the file.
#[derive(Debug)]
struct Stored {
    sql_name: String,
    columns: Vec<(Ident, Kind)>,
    keys: BTreeSet<Vec<Ident>>,
    unique: BTreeSet<Vec<Ident>>,
    /// The column that SQLite finds rows by without an index: a primary key of whole numbers.
    row_key: Option<Ident>,
    /// Why its rows cannot be judged.
    unread: Option<String>,
}

impl Loading {
    /// Makes the file, with an empty table for each that is needed.
    ///
    /// # Errors
    ///
    /// [`Error::File`], if no temporary file can be made.
    pub fn new(source_name: &str, schema: &Schema, needed: &BTreeMap<TableName, Needed>) -> Result<Self, Error> {
        let no_file = |error: &std::io::Error| Error::File {
            source_name: source_name.to_owned(),
            reason: format!("keeping its rows in a temporary file: {error}"),
        };
        let file = NamedTempFile::new().map_err(|error| no_file(&error))?;
        let path = file.path().to_owned();
        let registration = interrupt::register(move || {
            // The process ends, and nobody is left to tell.
            let _ = std::fs::remove_file(&path);
        });
        let open = || {
            let connection = Connection::open(file.path())?;
            connection.execute_batch(
                "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; \
                 PRAGMA cache_size = -32768; PRAGMA temp_store = FILE; BEGIN",
            )?;
            connection.set_prepared_statement_cache_capacity(256);
            compare::register(&connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| failed(source_name, &error))?;
        let mut tables = BTreeMap::new();
        for (at, (name, needed)) in needed.iter().enumerate() {
            let Some(table) = schema.table(name) else { continue };
            let sql_name = format!("rows {at}");
            let stored = Stored {
                columns: columns(table, needed),
                keys: needed.keys.clone(),
                unique: needed.unique.clone(),
                row_key: row_key(table, needed),
                unread: None,
                sql_name,
            };
            if !stored.columns.is_empty() {
                create(&connection, table, &stored).map_err(|error| failed(source_name, &error))?;
                tables.insert(name.clone(), stored);
            }
        }
        Ok(Self {
            source_name: source_name.to_owned(),
            file,
            registration,
            connection,
            tables,
        })
    }

    /// The columns that are kept of a table, in the order in which a [`Writer`] wants them. `None`: nothing is.
    pub fn columns(&self, table: &TableName) -> Option<Vec<Ident>> {
        let stored = self.tables.get(table)?;
        Some(stored.columns.iter().map(|(name, _)| name.clone()).collect())
    }

    /// Whether no two rows of a table have the same key.
    pub fn is_unique(&self, table: &TableName) -> bool {
        self.tables.get(table).is_some_and(|stored| !stored.unique.is_empty())
    }

    /// Takes rows of a table; `None` where nothing of it is kept.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn writer(&self, table: &TableName, clash: Clash) -> Result<Option<Writer<'_>>, Error> {
        let Some(stored) = self.tables.get(table) else {
            return Ok(None);
        };
        let kinds = stored.columns.iter().map(|(_, kind)| *kind).collect();
        let is_row_key = |(name, _): &(Ident, Kind)| stored.row_key.as_ref() == Some(name);
        let row_key = stored.columns.iter().position(is_row_key);
        Writer::new(
            &self.source_name,
            &self.connection,
            &stored.sql_name,
            (kinds, row_key),
            clash,
        )
        .map(Some)
        .map_err(|error| failed(&self.source_name, &error))
    }

    /// Removes all rows of a table.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn clear(&mut self, table: &TableName) -> Result<(), Error> {
        let Some(stored) = self.tables.get_mut(table) else {
            return Ok(());
        };
        stored.unread = None;
        self.connection
            .execute(&format!("DELETE FROM {}", quoted(&stored.sql_name)), [])
            .map(|_| ())
            .map_err(|error| failed(&self.source_name, &error))
    }

    /// Changes the rows in which each column of `filter` has that value. False where nothing was done: the columns are
    /// not kept, or the change would give two rows the same key, or one none.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn update(
        &mut self,
        table: &TableName,
        set: &[(Ident, DumpValue<'_>)],
        filter: &[(Ident, DumpValue<'_>)],
    ) -> Result<bool, Error> {
        let Some(stored) = self.tables.get(table) else {
            return Ok(true);
        };
        let kind = |name: &Ident| {
            stored
                .columns
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, kind)| *kind)
        };
        let set: Vec<_> = set.iter().filter(|(name, _)| kind(name).is_some()).collect();
        if set.is_empty() {
            return Ok(true);
        }
        if filter.is_empty() || filter.iter().any(|(name, _)| kind(name).is_none()) {
            return Ok(false);
        }
        let assigned: Vec<String> = set.iter().map(|(name, _)| format!("{} = ?", column(name))).collect();
        let wanted: Vec<String> = filter.iter().map(|(name, _)| format!("{} = ?", column(name))).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE {}",
            quoted(&stored.sql_name),
            assigned.join(", "),
            wanted.join(" AND ")
        );
        let run = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            for (at, (name, value)) in set.iter().copied().chain(filter).enumerate() {
                let mut scratch = Vec::new();
                let kind = kind(name).unwrap_or(Kind::Other);
                statement.raw_bind_parameter(at + 1, kind.stored(*value, &mut scratch))?;
            }
            statement.raw_execute()
        };
        match run() {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed(&self.source_name, &error)),
        }
    }

    /// Says why the rows of a table, or of all, cannot be judged. The first reason counts.
    pub fn refuse(&mut self, table: Option<&TableName>, reason: &str) {
        for (name, stored) in &mut self.tables {
            if table.is_none_or(|table| table == name) && stored.unread.is_none() {
                stored.unread = Some(reason.replace('"', "'"));
            }
        }
    }

    /// Makes the indexes, and opens the rows for probing. `read` is the schema that they belong to.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn finish(self, info: SourceInfo, read: Read, timeout: Duration) -> Result<Box<dyn Database>, Error> {
        let mut names = BTreeMap::new();
        let finish = || {
            for stored in self.tables.values() {
                let is_row_key = |key: &[Ident]| matches!(key, [only] if stored.row_key.as_ref() == Some(only));
                for (at, key) in stored.keys.iter().enumerate().filter(|(_, key)| !is_row_key(key)) {
                    let columns: Vec<String> = key.iter().map(column).collect();
                    self.connection.execute_batch(&format!(
                        "CREATE INDEX {} ON {} ({})",
                        quoted(&format!("{} by {at}", stored.sql_name)),
                        quoted(&stored.sql_name),
                        columns.join(", ")
                    ))?;
                }
            }
            for (name, stored) in &self.tables {
                names.insert(name.clone(), self.stored_name(&read.schema, name, stored)?);
            }
            // A sample of each index is enough to tell which of two serves.
            self.connection
                .execute_batch("COMMIT; PRAGMA analysis_limit = 1000; ANALYZE")
        };
        finish_or(finish, &self.source_name)?;
        drop(self.connection);
        Ok(Box::new(DumpDatabase {
            dialect: DumpDialect { names },
            info,
            read,
            path: self.file.path().to_owned(),
            timeout,
            shares: AtomicUsize::new(1),
            _file: self.file,
            _registration: self.registration,
        }))
    }

    /// What a table is called in statements. Tables that inherit from it make a view of all their rows.
    fn stored_name(&self, schema: &Schema, name: &TableName, stored: &Stored) -> rusqlite::Result<StoredName> {
        let heirs: Vec<(&TableName, Option<&Stored>)> = schema
            .tables
            .values()
            .filter(|table| table.inherits.contains(name) && table.kind.holds_rows())
            .map(|table| (&table.name, self.tables.get(&table.name)))
            .collect();
        let own = match &stored.unread {
            Some(reason) => format!("{UNREAD}{reason}"),
            None => stored.sql_name.clone(),
        };
        if heirs.is_empty() || stored.unread.is_some() {
            return Ok(StoredName { all: own.clone(), own });
        }
        let mut parts = Vec::new();
        let columns: Vec<String> = stored.columns.iter().map(|(name, _)| column(name)).collect();
        parts.push(format!(
            "SELECT {} FROM {}",
            columns.join(", "),
            quoted(&stored.sql_name)
        ));
        for (heir, part) in heirs {
            let Some(part) = part.filter(|part| part.unread.is_none()) else {
                let all = format!("{UNREAD}`{heir}` inherits from `{name}`, and its rows were not read");
                return Ok(StoredName { own, all });
            };
            parts.push(format!("SELECT {} FROM {}", columns.join(", "), quoted(&part.sql_name)));
        }
        let all = format!("{} and heirs", stored.sql_name);
        let parts = parts.join(" UNION ALL ");
        self.connection
            .execute_batch(&format!("CREATE VIEW {} AS {parts}", quoted(&all)))?;
        Ok(StoredName { own, all })
    }
}

fn finish_or(finish: impl FnOnce() -> rusqlite::Result<()>, source_name: &str) -> Result<(), Error> {
    finish().map_err(|error| failed(source_name, &error))
}

/// The needed columns that are there, in the order of the table.
fn columns(table: &Table, needed: &Needed) -> Vec<(Ident, Kind)> {
    table
        .columns
        .iter()
        .filter(|column| needed.columns.contains(&column.name))
        .map(|column| (column.name.clone(), Kind::of(&column.ty)))
        .collect()
}

/// The primary key, where it is one column of whole numbers that all fit into 64 bits with a sign (rowidtable.html).
fn row_key(table: &Table, needed: &Needed) -> Option<Ident> {
    let [name] = table.primary_key()?.columns.as_slice() else {
        return None;
    };
    let fits = match table.column(name)?.ty.family {
        TypeFamily::Integer { bits, unsigned } => bits < 64 || !unsigned,
        _ => false,
    };
    (fits && needed.columns.contains(name)).then(|| name.clone())
}

/// Without types, so that values stay what they are.
fn create(connection: &Connection, table: &Table, stored: &Stored) -> rusqlite::Result<()> {
    let columns: Vec<String> = stored
        .columns
        .iter()
        .map(|(name, _)| {
            let collation = table.column(name).and_then(|column| compare::collation(&column.ty));
            let collation = collation.map_or(String::new(), |collation| format!(" COLLATE {collation}"));
            if stored.row_key.as_ref() == Some(name) {
                return format!("{} INTEGER PRIMARY KEY", column(name));
            }
            format!("{}{collation}", column(name))
        })
        .collect();
    let unique = stored.unique.iter().map(|key| {
        let columns: Vec<String> = key.iter().map(column).collect();
        format!("UNIQUE ({})", columns.join(", "))
    });
    connection.execute_batch(&format!(
        "CREATE TABLE {} ({})",
        quoted(&stored.sql_name),
        columns.into_iter().chain(unique).collect::<Vec<_>>().join(", ")
    ))
}
