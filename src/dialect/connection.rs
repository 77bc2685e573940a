//! The half of a dialect that does I/O: an opened source, and its read-only sessions.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::schema::{Read, TableName};

use super::{ColumnKey, Dialect, Statistics};

/// An opened source. Everything it runs is read-only on the server's side.
pub trait Database: Send + Sync {
    /// How this server writes SQL.
    fn dialect(&self) -> &dyn Dialect;

    /// What reports say of it.
    fn info(&self) -> &SourceInfo;

    /// Reads the whole schema, in a number of statements that does not depend on its size.
    fn read_schema(&self) -> Result<Read, Error>;

    /// Opens sessions for probing: at most `wanted`, never more than the server has free, at least one. Where the
    /// server can share one state of the database between sessions, these see that of [`Self::read_schema`].
    fn sessions(&self, wanted: usize) -> Result<Vec<Box<dyn Session>>, Error>;

    /// Opens one more session in place of one whose connection was lost.
    fn replace_session(&self) -> Result<Box<dyn Session>, Error>;

    /// What the planner knows of these columns, in a number of statements that does not depend on how many they are.
    /// Reads no rows, and knows nothing where the server keeps no statistics or hides them from the role.
    fn statistics(&self, _columns: &BTreeSet<ColumnKey>) -> Result<Statistics, QueryError> {
        Ok(Statistics::new())
    }

    /// Tables that other connections have truncated or rewritten since [`Self::read_schema`], where the server does not
    /// refuse to read them but shows them empty. None where that cannot be told because the connection is lost.
    fn rewritten_tables(&self) -> BTreeSet<TableName> {
        BTreeSet::new()
    }
}

/// A connection that probes run on.
pub trait Session: Send {
    /// Starts a unit: all its statements see one state of the database.
    fn begin(&mut self) -> Result<(), QueryError>;

    /// Runs one SELECT and hands over each row, every value as the text of the server's client (`None` for NULL).
    fn query(&mut self, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> Result<(), QueryError>;

    /// Ends the unit, also after an error. The session is ready for the next `begin`, unless its connection is lost.
    fn end(&mut self);
}

/// What reports say of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// `postgres`, `mysql`, `mariadb`, `sqlite` or `sql`.
    pub kind: &'static str,
    /// Host and database, or path. Never a password.
    pub name: String,
    /// Product and version: `PostgreSQL 18.4`.
    pub server: String,
}

/// How sources are opened.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// What the server shows as the client's name.
    pub application_name: String,
    /// After which a connection attempt fails.
    pub connect_timeout: Duration,
    /// After which the server ends a statement; zero for never.
    pub statement_timeout: Duration,
    /// After which the server ends a wait for a lock.
    pub lock_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            application_name: "relaudit".to_owned(),
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_mins(10),
            lock_timeout: Duration::from_secs(5),
        }
    }
}

/// Why a source cannot be worked with. Every message says what was being done and to what, and never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be understood.
    #[error("cannot understand the address of {source_name}: {reason}")]
    Address {
        /// The address with its password struck out.
        source_name: String,
        /// What is wrong with it, and what to write instead.
        reason: String,
    },
    /// The server cannot be reached, or refuses.
    #[error("cannot connect to {source_name}: {reason}")]
    Connect {
        /// Host and database.
        source_name: String,
        /// What the server or the network said, and what to do.
        reason: String,
    },
    /// A file cannot be read, or is not what it should be.
    #[error("cannot read {source_name}: {reason}")]
    File {
        /// The path.
        source_name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The server is older than what can be audited.
    #[error("{source_name} is {server}: relaudit needs {oldest} or newer")]
    TooOld {
        /// Host and database.
        source_name: String,
        /// Product and version.
        server: String,
        /// The oldest that will do.
        oldest: &'static str,
    },
    /// A statement failed.
    #[error("{doing} of {source_name} failed: {failure}")]
    Query {
        /// Host and database.
        source_name: String,
        /// What was being done: "reading the foreign keys".
        doing: String,
        /// Why it failed.
        failure: QueryError,
    },
}

/// Why a statement failed. Its text is the reason that a report gives for `not_checked`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", if detail.is_empty() { String::new() } else { format!(": {detail}") })]
pub struct QueryError {
    /// The kind of failure.
    pub kind: QueryFailure,
    /// What the server said; can be empty.
    pub detail: String,
}

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryFailure {
    /// The statement took too long.
    #[error("statement timeout")]
    StatementTimeout,
    /// A lock was not to be had in time.
    #[error("lock timeout")]
    LockTimeout,
    /// The role may not read something.
    #[error("permission denied")]
    Permission,
    /// Row security would hide rows.
    #[error("row security")]
    RowSecurity,
    /// The connection is gone, or does not answer.
    #[error("connection lost")]
    ConnectionLost,
    /// The server is shutting down.
    #[error("server shut down")]
    ServerShutdown,
    /// The statement was cancelled, by the user or an administrator.
    #[error("cancelled")]
    Cancelled,
    /// Anything else.
    #[error("query failed")]
    Other,
}

impl QueryError {
    /// A failure and what the server said of it.
    pub fn new(kind: QueryFailure, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// Whether the session can no longer be used.
    pub fn ends_session(&self) -> bool {
        matches!(self.kind, QueryFailure::ConnectionLost | QueryFailure::ServerShutdown)
    }
}
