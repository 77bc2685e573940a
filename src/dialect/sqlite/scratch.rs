//! A database in memory that only statements which make a schema are run in: for reading a schema from text, where what
//! SQLite refuses is told and left out, and no row is stored.

use std::time::Duration;

use rusqlite::hooks::{AuthContext, Authorization};

use super::catalog;
use super::script::{Storage, sandbox};
use super::session::{Watched, message};
use crate::dialect::ConnectOptions;
use crate::schema::Read;

/// After which a statement that makes a schema has surely gone wrong: a CREATE TABLE … AS SELECT can run for ever.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The database.
pub struct Scratch {
    connection: Watched,
}

/// Why SQLite refuses a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it says.
    pub message: String,
    /// Where in the statement, in bytes, if it tells.
    pub offset: Option<usize>,
}

impl Scratch {
    /// An empty database, from which nothing else can be reached.
    ///
    /// # Errors
    ///
    /// What SQLite says, if it cannot be had.
    pub fn new() -> Result<Self, String> {
        let options = ConnectOptions {
            statement_timeout: STATEMENT_TIMEOUT,
            ..ConnectOptions::default()
        };
        let connection = sandbox(Storage::Memory, &options).map_err(|error| message(&error))?;
        Ok(Self { connection })
    }

    /// Runs one statement.
    ///
    /// # Errors
    ///
    /// Why SQLite refuses it.
    pub fn run(&mut self, sql: &str) -> Result<(), Refusal> {
        let outcome = self.connection.run(|connection| {
            let mut prepared = connection.prepare(sql)?;
            let mut rows = prepared.raw_query();
            while rows.next()?.is_some() {}
            Ok::<_, rusqlite::Error>(())
        });
        outcome.map_err(|error| Refusal {
            message: message(&error),
            offset: match &error {
                rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
                _ => None,
            },
        })
    }

    /// The schema as it stands after the last statement.
    ///
    /// # Errors
    ///
    /// What was being read, and what SQLite says.
    pub fn into_schema(mut self) -> Result<Read, String> {
        let read = self.connection.run(|connection| {
            // What no statement may ask, the catalogue's reader must.
            let lifted = connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
            lifted.map_err(|error| ("preparing to read", error))?;
            catalog::read(connection)
        });
        read.map_err(|(doing, error)| format!("{doing}: {}", message(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_told_with_its_place() {
        let mut scratch = Scratch::new().expect("a database in memory");
        scratch
            .run("CREATE TABLE a (id INTEGER PRIMARY KEY)")
            .expect("SQLite takes it");
        let refusal = scratch
            .run("CREATE TABLE b (id int, CHECK (no_such(id)))")
            .expect_err("no such function");
        assert!(refusal.message.contains("no_such"), "{refusal:?}");
        assert!(scratch.run("ATTACH 'x.db' AS x").is_err());
        let read = scratch.into_schema().expect("the catalogue can be read");
        assert_eq!(read.schema.tables.len(), 1);
    }
}
