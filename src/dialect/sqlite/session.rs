//! A connection that a timeout or the user's interrupt stops, and the sessions on it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};

use crate::dialect::{QueryError, QueryFailure, Session, interrupt};

/// How many instructions of SQLite's virtual machine run between two looks at the clock: well under a millisecond.
const INSTRUCTIONS_BETWEEN_CHECKS: i32 = 2_000;

/// A connection whose statements end when their time is up or the user interrupts.
pub(super) struct Watched {
    connection: Connection,
    deadline: Arc<Mutex<Option<Instant>>>,
    timeout: Duration,
}

/// A connection that sessions may share. SQLite works on one statement at a time for each connection anyway.
pub(super) type Shared = Arc<Mutex<Watched>>;

impl Watched {
    /// Watches over a connection; a `timeout` of zero is none.
    pub(super) fn new(connection: Connection, timeout: Duration) -> rusqlite::Result<Self> {
        let mut connection = connection;
        let deadline: Arc<Mutex<Option<Instant>>> = Arc::default();
        let watched = Arc::clone(&deadline);
        // The handler asks whether the user has interrupted by itself, so that a statement that starts just after the
        // interrupt ends too; no handle has to be registered for that.
        connection.progress_handler(
            INSTRUCTIONS_BETWEEN_CHECKS,
            Some(move || interrupt::fired() || expired(&watched)),
        )?;
        Ok(Self {
            connection,
            deadline,
            timeout,
        })
    }

    /// Does some work on the connection, within the timeout.
    pub(super) fn run<T, E>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, E>) -> Result<T, E> {
        let end = (!self.timeout.is_zero())
            .then(|| Instant::now().checked_add(self.timeout))
            .flatten();
        self.set_deadline(end);
        work(&mut self.connection)
    }

    /// What an error of [`Self::run`] means.
    pub(super) fn failure(&self, error: &rusqlite::Error) -> QueryError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) if interrupt::fired() => {
                QueryError::new(QueryFailure::Cancelled, String::new())
            }
            Some(ErrorCode::OperationInterrupted) if expired(&self.deadline) => QueryError::new(
                QueryFailure::StatementTimeout,
                format!("ended after {:?}", self.timeout),
            ),
            Some(ErrorCode::OperationInterrupted) => QueryError::new(QueryFailure::Cancelled, String::new()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                QueryError::new(QueryFailure::LockTimeout, "another process keeps the database locked")
            }
            Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
                QueryError::new(QueryFailure::Permission, message(error))
            }
            _ => QueryError::new(QueryFailure::Other, message(error)),
        }
    }

    fn set_deadline(&self, end: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

fn expired(deadline: &Mutex<Option<Instant>>) -> bool {
    deadline
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some_and(|end| Instant::now() >= end)
}

/// What SQLite said, without the SQL that it said it of.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

/// Locks a shared connection. A panic in another thread leaves the connection usable: its statement was dropped.
pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, Watched> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session on a connection of its own, or on the one connection of a database in memory.
pub(super) struct SqliteSession {
    shared: Shared,
}

impl SqliteSession {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

impl Session for SqliteSession {
    fn begin(&mut self) -> Result<(), QueryError> {
        let mut watched = lock(&self.shared);
        // BEGIN alone takes no snapshot; the first read does (lang_transaction.html, section 2.1).
        watched
            .run(|connection| connection.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1"))
            .map_err(|error| watched.failure(&error))
    }

    fn query(&mut self, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> Result<(), QueryError> {
        let mut watched = lock(&self.shared);
        watched
            .run(|connection| each_row(connection, sql, row))
            .map_err(|error| watched.failure(&error))
    }

    fn end(&mut self) {
        let mut watched = lock(&self.shared);
        // SQLite may have rolled back by itself (lang_transaction.html, section 2.5): then there is nothing to end, and
        // an error here has nobody to tell.
        let _ = watched.run(|connection| {
            if connection.is_autocommit() {
                Ok(())
            } else {
                connection.execute_batch("ROLLBACK")
            }
        });
    }
}

fn each_row(connection: &Connection, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let values: rusqlite::Result<Vec<_>> = (0..width).map(|at| found.get_ref(at).map(as_text)).collect();
        row(values?);
    }
    Ok(())
}

/// A value as text: numbers so that they read back as the same, blobs in hexadecimal.
pub(super) fn as_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(format!("{number:?}")),
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Some(bytes.iter().fold("0x".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })),
    }
}
