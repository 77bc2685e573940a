//! Opening files and scripts.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::script_locations::Locations;
use super::session::{Shared, SqliteSession, Watched, lock, message};
use super::{Sqlite, catalog, script};
use crate::dialect::{
    ColumnKey, ConnectOptions, Database, Dialect, Error, QueryError, Session, SourceInfo, Statistics,
};
use crate::schema::{self, Note};

/// Opens a database file, read-only.
///
/// Beside a file in WAL mode SQLite leaves an empty `-wal` and a `-shm` file, since a reader must not remove what other
/// programs may be sharing (wal.html, section 5); the next program that writes removes them.
///
/// # Errors
///
/// [`Error::File`], if it is missing, is no SQLite database, or is locked for longer than the lock timeout.
pub fn open_file(path: &Path, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let name = path.display().to_string();
    let failed = |reason: String| Error::File {
        source_name: name.clone(),
        reason,
    };
    check_is_file(path).map_err(failed)?;
    let connection = connect(path, options).map_err(|error| failed(why_not_opened(path, &error, options)))?;
    Ok(Box::new(SqliteDatabase {
        info: info("sqlite", name),
        place: Place::File {
            path: path.to_owned(),
            options: options.clone(),
        },
        connection: Arc::new(Mutex::new(connection)),
    }))
}

/// Runs a script in SQLite's dialect in a database of its own, and opens that. `name` is what reports call it.
///
/// # Errors
///
/// [`Error::File`], which names the line, if SQLite refuses a statement, or if the script is written for another
/// database system.
pub fn open_script(name: &str, script: &mut dyn Read, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let loaded = script::load(name, script, options).map_err(|reason| Error::File {
        source_name: name.to_owned(),
        reason,
    })?;
    Ok(Box::new(SqliteDatabase {
        info: info("sql", name.to_owned()),
        place: Place::Script {
            locations: loaded.locations,
            notes: loaded.notes,
        },
        connection: Arc::new(Mutex::new(loaded.connection)),
    }))
}

fn info(kind: &'static str, name: String) -> SourceInfo {
    SourceInfo {
        kind,
        name,
        server: format!("SQLite {}", rusqlite::version()),
    }
}

struct SqliteDatabase {
    info: SourceInfo,
    place: Place,
    /// The schema is read on it; of a script's database there is no other.
    connection: Shared,
}

enum Place {
    File { path: PathBuf, options: ConnectOptions },
    Script { locations: Locations, notes: Vec<Note> },
}

impl Database for SqliteDatabase {
    fn dialect(&self) -> &dyn Dialect {
        &Sqlite
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read_schema(&self) -> Result<schema::Read, Error> {
        let failed = |doing: &str, failure: QueryError| Error::Query {
            source_name: self.info.name.clone(),
            doing: doing.to_owned(),
            failure,
        };
        let mut watched = lock(&self.connection);
        let mut read = watched
            .run(|connection| {
                // One transaction, so that all statements see one state; it ends when it is dropped.
                let transaction = connection.transaction().map_err(|error| ("starting to read", error))?;
                catalog::read(&transaction)
            })
            .map_err(|(doing, error)| failed(doing, watched.failure(&error)))?;
        if let Place::Script { locations, notes } = &self.place {
            locations.give(&mut read.schema);
            read.notes.extend(notes.iter().cloned());
        }
        Ok(read)
    }

    fn statistics(&self, columns: &BTreeSet<ColumnKey>) -> Result<Statistics, QueryError> {
        let mut watched = lock(&self.connection);
        watched
            .run(|connection| catalog::statistics(connection, columns))
            .map_err(|error| watched.failure(&error))
    }

    fn sessions(&self, wanted: usize) -> Result<Vec<Box<dyn Session>>, Error> {
        let number = match self.place {
            Place::File { .. } => wanted.max(1),
            Place::Script { .. } => 1,
        };
        (0..number).map(|_| self.replace_session()).collect()
    }

    fn replace_session(&self) -> Result<Box<dyn Session>, Error> {
        let shared = match &self.place {
            Place::Script { .. } => Arc::clone(&self.connection),
            Place::File { path, options } => {
                let connection = connect(path, options).map_err(|error| Error::File {
                    source_name: self.info.name.clone(),
                    reason: why_not_opened(path, &error, options),
                })?;
                Arc::new(Mutex::new(connection))
            }
        };
        Ok(Box::new(SqliteSession::new(shared)))
    }
}

/// Whether there is a file that can hold a database; else why not, and what to do.
fn check_is_file(path: &Path) -> Result<(), String> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        _ => error.to_string(),
    })?;
    if metadata.is_dir() {
        return Err("it is a directory; name the database file in it".to_owned());
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err("the file is empty, so it holds no database; check the path".to_owned());
    }
    // SQLite says only that it cannot open the file.
    std::fs::File::open(path).map_err(|error| error.to_string())?;
    Ok(())
}

fn connect(path: &Path, options: &ConnectOptions) -> rusqlite::Result<Watched> {
    // The bundled SQLite reads `file:…` as a URI and `:memory:` as a database in memory, whatever the flags: a path that
    // starts with a directory is neither.
    let path = Path::new(".").join(path);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.lock_timeout)?;
    // The file may come from anybody: what its views, triggers and generated columns call is not trusted, and pages are
    // checked before they are used (security.html, section 1.2).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; SELECT 1 FROM sqlite_schema LIMIT 1")?;
    Watched::new(connection, options.statement_timeout)
}

/// What to tell of a file that SQLite does not open.
fn why_not_opened(path: &Path, error: &rusqlite::Error, options: &ConnectOptions) -> String {
    let said = message(error);
    match (error.sqlite_error_code(), error.sqlite_extended_error_code()) {
        (Some(ErrorCode::NotADatabase), _) => {
            "it is not a SQLite database, or it is encrypted; decrypt it first (SQLCipher: `sqlcipher_export`)".to_owned()
        }
        (Some(ErrorCode::DatabaseCorrupt), _) => {
            format!("the database is damaged ({said}); restore a backup, or recover it with `sqlite3 FILE .recover`")
        }
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => format!(
            "another process kept it locked for {:?}; try again when that is done, or allow a longer lock timeout",
            options.lock_timeout
        ),
        (_, Some(ffi::SQLITE_READONLY_ROLLBACK)) => {
            "a program crashed while it wrote, and left a journal that must be rolled back; open it once with a program \
             that may write, such as `sqlite3`, then audit it"
                .to_owned()
        }
        // Readers of a WAL share memory through a file beside the database (wal.html, section 5).
        (Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly), _) if is_in_wal_mode(path) => format!(
            "it is in WAL mode, and its -shm and -wal files cannot be opened or made in its folder ({said}); copy the file \
             together with its -wal file to a folder that can be written, and audit the copy"
        ),
        _ => said,
    }
}

/// Whether the file's head says so: both version numbers are 2 (fileformat2.html, section 1.3.3).
fn is_in_wal_mode(path: &Path) -> bool {
    let mut head = [0; 20];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.ends_with(&[2, 2])
}
