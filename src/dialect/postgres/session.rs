//! An opened server: the coordinator, which reads the catalogue and holds the snapshot, and the sessions that share it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::dialect::{
    ColumnKey, ConnectOptions, Database, Dialect, Error, QueryError, Session, SourceInfo, Statistics,
};
use crate::schema::{Note, Read, TableName};

use super::Postgres;
use super::address;
use super::catalog;
use super::connect::{self, Reached};
use super::environment::Environment;
use super::link::{Link, OpenFailure, Row, SharedLink};
use super::settings::Settings;
use super::statistics;

/// The oldest server that is understood.
const OLDEST: &str = "PostgreSQL 13";
const OLDEST_NUMBER: u32 = 130_000;
/// Every unit is a subtransaction, so that an error in it ends neither the transaction nor the snapshot.
const UNIT: &str = "relaudit_unit";

struct PostgresDatabase {
    info: SourceInfo,
    options: ConnectOptions,
    reached: Reached,
    connect_timeout: Duration,
    notes: Vec<String>,
    /// Keeps the snapshot alive, also when all sessions have been dropped.
    coordinator: SharedLink,
    /// `None` where the server exports none.
    snapshot: Option<String>,
}

/// Connects, and opens the transaction that everything is read in.
pub(super) fn open(
    address: &str,
    environment: &Environment,
    options: &ConnectOptions,
) -> Result<Box<dyn Database>, Error> {
    let settings = address::parse(address)
        .and_then(|parameters| environment.complete(parameters))
        .and_then(|parameters| Settings::read(&parameters, environment, options))
        .map_err(|reason| Error::Address {
            source_name: address::redacted(address),
            reason,
        })?;
    let (mut link, reached) = connect::connect(&settings, options)?;
    let server = format!("PostgreSQL {}", reached.facts.version);
    if reached.facts.version_number < OLDEST_NUMBER {
        return Err(Error::TooOld {
            source_name: reached.name,
            server,
            oldest: OLDEST,
        });
    }
    let snapshot = open_coordinator(&mut link, &reached, options).map_err(|failure| Error::Query {
        source_name: reached.name.clone(),
        doing: "opening a read-only transaction".to_owned(),
        failure,
    })?;
    Ok(Box::new(PostgresDatabase {
        info: SourceInfo {
            kind: "postgres",
            name: reached.name.clone(),
            server,
        },
        options: options.clone(),
        connect_timeout: settings.connect_timeout,
        reached,
        notes: settings.notes,
        coordinator: Arc::new(Mutex::new(link)),
        snapshot,
    }))
}

impl Database for PostgresDatabase {
    fn dialect(&self) -> &dyn Dialect {
        &Postgres
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read_schema(&self) -> Result<Read, Error> {
        let mut link = lock(&self.coordinator);
        let query_failed = |doing: &str, failure| Error::Query {
            source_name: self.info.name.clone(),
            doing: doing.to_owned(),
            failure,
        };
        begin_unit(&mut link).map_err(|failure| query_failed("reading the catalogue", failure))?;
        let schema = catalog::read(&mut link, self.reached.facts.major_version());
        end_unit(&mut link);
        let schema = schema.map_err(|(doing, failure)| query_failed(doing, failure))?;
        Ok(Read {
            schema,
            notes: self.notes.iter().map(Note::new).collect(),
        })
    }

    fn statistics(&self, columns: &BTreeSet<ColumnKey>) -> Result<Statistics, QueryError> {
        let mut link = lock(&self.coordinator);
        let outcome = begin_unit(&mut link).and_then(|()| statistics::read(&mut link, columns));
        end_unit(&mut link);
        outcome
    }

    fn sessions(&self, wanted: usize) -> Result<Vec<Box<dyn Session>>, Error> {
        let mut sessions: Vec<Box<dyn Session>> = vec![Box::new(PostgresSession {
            link: self.coordinator.clone(),
        })];
        if let Some(snapshot) = &self.snapshot {
            let more = wanted.saturating_sub(1).min(self.free_slots());
            for _ in 0..more {
                // The server or a pooler in front of it may be full all the same: then there are fewer sessions.
                let Ok(session) = self.open_session(Some(snapshot)) else {
                    break;
                };
                sessions.push(session);
            }
        }
        Ok(sessions)
    }

    fn replace_session(&self) -> Result<Box<dyn Session>, Error> {
        // Without the coordinator the snapshot is gone. A unit sees one state all the same: that of the new session.
        self.open_session(self.snapshot.as_deref())
            .or_else(|error| match self.snapshot {
                Some(_) => self.open_session(None),
                None => Err(error),
            })
    }

    fn rewritten_tables(&self) -> BTreeSet<TableName> {
        let mut link = lock(&self.coordinator);
        let mut tables = BTreeSet::new();
        // Units that ran on other connections after this one was lost had states of their own.
        let _ = begin_unit(&mut link).and_then(|()| {
            link.read(catalog::REWRITTEN, &mut |row| {
                if let [Some(namespace), Some(name)] = row.as_slice() {
                    tables.insert(TableName::qualified(namespace.as_str(), name.as_str()));
                }
            })
        });
        end_unit(&mut link);
        tables
    }
}

impl PostgresDatabase {
    fn open_session(&self, snapshot: Option<&str>) -> Result<Box<dyn Session>, Error> {
        let opened = Link::open(self.reached.attempt.clone(), self.connect_timeout, &self.options);
        let mut link = opened.map_err(|failure| Error::Connect {
            source_name: self.info.name.clone(),
            reason: match failure {
                OpenFailure::Timeout => format!("no answer within {} seconds", self.connect_timeout.as_secs()),
                OpenFailure::Refused(error) => super::failure::text(&error),
                OpenFailure::Thread(error) => format!("no thread could be started: {error}"),
            },
        })?;
        begin_transaction(&mut link, &self.reached, &self.options, snapshot).map_err(|failure| Error::Query {
            source_name: self.info.name.clone(),
            doing: "opening a read-only transaction".to_owned(),
            failure,
        })?;
        Ok(Box::new(PostgresSession {
            link: Arc::new(Mutex::new(link)),
        }))
    }

    /// How many more connections the server, the role and the database have room for.
    fn free_slots(&self) -> usize {
        let mut link = lock(&self.coordinator);
        let mut found: Row = Vec::new();
        let outcome = begin_unit(&mut link)
            // Within a transaction the server remembers what it has once told of its activity.
            .and_then(|()| link.execute("SELECT pg_catalog.pg_stat_clear_snapshot()"))
            .and_then(|()| link.read(catalog::FREE_SLOTS, &mut |row| found = row));
        end_unit(&mut link);
        let slots = found.into_iter().next().flatten().and_then(|text| text.parse().ok());
        outcome.ok().and(slots).unwrap_or(0)
    }
}

struct PostgresSession {
    link: SharedLink,
}

impl Session for PostgresSession {
    fn begin(&mut self) -> Result<(), QueryError> {
        begin_unit(&mut lock(&self.link))
    }

    fn query(&mut self, sql: &str, row: &mut dyn FnMut(Row)) -> Result<(), QueryError> {
        let mut link = lock(&self.link);
        let outcome = link.read(sql, row);
        if outcome.as_ref().is_err_and(|error| !error.ends_session()) {
            // Else the server would refuse the unit's other statements because of this one.
            let _ = link.execute(format!("ROLLBACK TO SAVEPOINT {UNIT}"));
        }
        outcome
    }

    fn end(&mut self) {
        end_unit(&mut lock(&self.link));
    }
}

fn lock(link: &SharedLink) -> MutexGuard<'_, Link> {
    link.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin_unit(link: &mut Link) -> Result<(), QueryError> {
    link.execute(format!("SAVEPOINT {UNIT}"))
}

fn end_unit(link: &mut Link) {
    // It can fail only with the connection, which the next statement tells.
    let _ = link.execute(format!("ROLLBACK TO SAVEPOINT {UNIT}; RELEASE SAVEPOINT {UNIT}"));
}

/// Opens the one transaction of a connection, in which all its statements run.
///
/// Every setting is local to it: behind a pooler that shares server connections, one that outlived the transaction
/// would meet another client.
fn begin_transaction(
    link: &mut Link,
    reached: &Reached,
    options: &ConnectOptions,
    snapshot: Option<&str>,
) -> Result<(), QueryError> {
    let mut statements = vec!["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()];
    if let Some(snapshot) = snapshot {
        // Must come before anything that takes a snapshot of its own.
        statements.push(format!("SET TRANSACTION SNAPSHOT {}", Postgres.literal(snapshot)));
    }
    let statement_timeout = milliseconds(options.statement_timeout);
    let lock_timeout = milliseconds(options.lock_timeout);
    let mut settings = vec![
        ("statement_timeout", statement_timeout.as_str()),
        ("lock_timeout", &lock_timeout),
        ("idle_in_transaction_session_timeout", "0"),
        // Compiling the large queries on the catalogue takes longer than answering them.
        ("jit", "off"),
        // The server then refuses to hide rows, instead of hiding parents and so inventing orphans.
        ("row_security", "off"),
        ("search_path", "''"),
        // One text for one value, whatever the role or database has set.
        ("DateStyle", "'ISO, YMD'"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "'UTC'"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
        ("lc_monetary", "'C'"),
        ("quote_all_identifiers", "off"),
        ("standard_conforming_strings", "on"),
    ];
    if reached.facts.mixes_encodings {
        // Else a statement would fail at the first text that is no UTF-8.
        settings.push(("client_encoding", "SQL_ASCII"));
    }
    if reached.facts.major_version() >= 17 {
        settings.push(("transaction_timeout", "0"));
    }
    statements.extend(
        settings
            .iter()
            .map(|(name, value)| format!("SET LOCAL {name} = {value}")),
    );
    // Messages in English, where the role may ask for it.
    statements.push(
        "SELECT pg_catalog.set_config('lc_messages', 'C', true) FROM pg_catalog.pg_roles \
         WHERE rolname = current_user AND rolsuper"
            .to_owned(),
    );
    link.execute(statements.join(";\n"))
}

/// PostgreSQL takes at most 2^31 - 1 milliseconds; 0 is for never.
fn milliseconds(duration: Duration) -> String {
    let whole = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
    // Less than a millisecond must not become "never".
    if duration.is_zero() { 0 } else { whole.max(1) }.to_string()
}

/// Opens the transaction that the catalogue is read in, and lets other sessions see what it sees; `None` where the
/// server does not allow that.
fn open_coordinator(
    link: &mut Link,
    reached: &Reached,
    options: &ConnectOptions,
) -> Result<Option<String>, QueryError> {
    begin_transaction(link, reached, options, None)?;
    let mut snapshot = None;
    let exported = link.read("SELECT pg_catalog.pg_export_snapshot()", &mut |row| {
        snapshot = row.into_iter().next().flatten();
    });
    if exported.is_ok() {
        return Ok(snapshot);
    }
    // A snapshot cannot be exported from within a subtransaction, so the error has ended the transaction.
    link.execute("ROLLBACK")?;
    begin_transaction(link, reached, options, None)?;
    Ok(None)
}
