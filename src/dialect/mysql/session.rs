//! Sessions: read-only on the server's side, in a known state, with timeouts, and one snapshot for each unit.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Row, Value};

use super::super::interrupt::{self, Registration};
use super::super::{Error, QueryError, QueryFailure, Session};
use super::connect::Connector;
use super::failure::query_error;
use super::server::{Flavor, Server};
use super::watchdog::Watchdog;

/// A connection that probes run on.
pub(super) struct MySqlSession {
    /// `None` when it was lost.
    connection: Option<Conn>,
    /// Only where the server cannot limit statements itself.
    watchdog: Option<Watchdog>,
    _registration: Registration,
}

impl MySqlSession {
    /// Opens a session, and asks what the server is.
    pub(super) fn first(connector: &Arc<Connector>) -> Result<(Self, Server), Error> {
        let mut connection = connector.connect()?;
        let answer: Option<Row> = connection
            .query_first("SELECT VERSION(), @@version_comment")
            .map_err(|error| failed(connector, "asking for the version", query_error(&error, false)))?;
        let mut answer = answer
            .map(texts)
            .unwrap_or_default()
            .into_iter()
            .map(Option::unwrap_or_default);
        let (version, comment) = (answer.next().unwrap_or_default(), answer.next().unwrap_or_default());
        let server = Server::of(&version, &comment).ok_or_else(|| Error::Connect {
            source_name: connector.name().to_owned(),
            reason: format!("the server calls itself `{version}`, which is no version of MySQL or MariaDB"),
        })?;
        if let Some(oldest) = server.too_old() {
            return Err(Error::TooOld {
                source_name: connector.name().to_owned(),
                server: server.display(),
                oldest,
            });
        }
        Ok((Self::prepare(connection, connector, server)?, server))
    }

    /// Opens a session on a server that is known.
    pub(super) fn open(connector: &Arc<Connector>, server: Server) -> Result<Self, Error> {
        Self::prepare(connector.connect()?, connector, server)
    }

    fn prepare(mut connection: Conn, connector: &Arc<Connector>, server: Server) -> Result<Self, Error> {
        let options = connector.options();
        for sql in settings(server, options.statement_timeout, options.lock_timeout) {
            connection
                .query_drop(sql)
                .map_err(|error| failed(connector, "setting up a session", query_error(&error, false)))?;
        }
        let id = connection.connection_id();
        let canceller = || {
            let connector = Arc::clone(connector);
            move || connector.cancel(id)
        };
        let limits_itself = match server.flavor {
            Flavor::MySql => server.version >= MAX_EXECUTION_TIME,
            Flavor::MariaDb => true,
        };
        let watchdog = if limits_itself || options.statement_timeout.is_zero() {
            None
        } else {
            let started = Watchdog::start(options.statement_timeout, canceller());
            Some(started.map_err(|error| {
                let failure = QueryError::new(QueryFailure::Other, error.to_string());
                failed(connector, "starting the statement timeout", failure)
            })?)
        };
        Ok(Self {
            connection: Some(connection),
            watchdog,
            _registration: interrupt::register(canceller()),
        })
    }

    /// Whether the connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.connection.is_none()
    }

    fn run(&mut self, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> Result<(), QueryError> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(QueryError::new(QueryFailure::ConnectionLost, "it was lost before"));
        };
        let mut statement = || -> mysql::Result<()> {
            let mut results = connection.query_iter(sql)?;
            // Several result sets come of several statements; an error in one ends them all.
            while let Some(set) = results.iter() {
                for found in set {
                    row(texts(found?));
                }
            }
            Ok(())
        };
        let (outcome, overran) = match &self.watchdog {
            Some(watchdog) => watchdog.during(statement),
            None => (statement(), false),
        };
        outcome.map_err(|error| {
            let failure = query_error(&error, overran);
            if failure.ends_session() {
                self.connection = None;
            }
            failure
        })
    }
}

impl Session for MySqlSession {
    fn begin(&mut self) -> Result<(), QueryError> {
        self.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", &mut |_| {})
    }

    fn query(&mut self, sql: &str, row: &mut dyn FnMut(Vec<Option<String>>)) -> Result<(), QueryError> {
        self.run(sql, row)
    }

    fn end(&mut self) {
        // If it fails the connection is lost, which the next statement tells.
        let _ = self.run("ROLLBACK", &mut |_| {});
    }
}

/// MySQL has `max_execution_time` from this version on (manual, "Server System Variables").
const MAX_EXECUTION_TIME: (u32, u32, u32) = (5, 7, 8);

/// MySQL shows the primary keys that it adds by itself, and lets them be hidden, from this version on (manual,
/// "Generated Invisible Primary Keys").
const GENERATED_PRIMARY_KEYS: (u32, u32, u32) = (8, 0, 30);

/// How long a session may have nothing to do: the default of `wait_timeout`.
const IDLE_SECONDS: u32 = 28_800;

/// The statements that bring a session into a known state, whatever the server's defaults are.
fn settings(server: Server, statement_timeout: Duration, lock_timeout: Duration) -> Vec<String> {
    // Both lock timeouts are whole seconds, at least one. 31536000 is the greatest lock_wait_timeout, 1073741824 the
    // greatest innodb_lock_wait_timeout.
    let lock_seconds = whole_seconds(lock_timeout).clamp(1, 31_536_000);
    let mut statements = vec![
        "SET NAMES utf8mb4".to_owned(),
        // No sql_mode: quotes and backslashes mean what MySQL's default makes of them, CHAR is not padded, and a
        // statement's meaning does not depend on the server. sql_select_limit would cut off rows in silence, and to
        // set it to DEFAULT would be to set it to the server's. A completion_type of RELEASE would end the session with
        // its first transaction, and a wait_timeout while other sessions still work.
        format!(
            "SET SESSION sql_mode = '', time_zone = '+00:00', autocommit = 1, completion_type = 0, \
             sql_select_limit = {}, sql_big_selects = 1, wait_timeout = {IDLE_SECONDS}, \
             lock_wait_timeout = {lock_seconds}, innodb_lock_wait_timeout = {lock_seconds}",
            u64::MAX
        ),
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned(),
    ];
    if server.is_mysql_from((8, 0, 0)) {
        // Else row counts and sizes in information_schema are a day old.
        statements.push("SET SESSION information_schema_stats_expiry = 0".to_owned());
    }
    if server.is_mysql_from(GENERATED_PRIMARY_KEYS) {
        statements.push("SET SESSION show_gipk_in_create_table_and_information_schema = ON".to_owned());
    }
    if server.is_mysql_from(MAX_EXECUTION_TIME) {
        let millis = u32::try_from(statement_timeout.as_millis()).unwrap_or(u32::MAX);
        statements.push(format!("SET SESSION max_execution_time = {millis}"));
    }
    if server.flavor == Flavor::MariaDb {
        // It remembers what a subquery gave for a value of the outer row, and takes values for the same by the collation
        // of that value, where the subquery may tell them apart: '12' and '12 ' as the key of a number.
        statements.push("SET SESSION optimizer_switch = 'subquery_cache=off'".to_owned());
        let seconds = statement_timeout.as_secs_f64().min(31_536_000.0);
        statements.push(format!("SET SESSION max_statement_time = {seconds:.3}"));
    }
    statements
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

pub(super) fn texts(row: Row) -> Vec<Option<String>> {
    row.unwrap_raw().into_iter().map(|value| value.and_then(text)).collect()
}

/// The value as the text protocol gives it. Bytes that are no text are written as MySQL writes them in SQL.
fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8(bytes).unwrap_or_else(|error| hexadecimal(error.as_bytes()))),
        // Only prepared statements give the others, and none is prepared here.
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

fn failed(connector: &Connector, doing: &str, failure: QueryError) -> Error {
    Error::Query {
        source_name: connector.name().to_owned(),
        doing: doing.to_owned(),
        failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_setting(version: &str, timeout: Duration) -> Option<String> {
        let server = Server::of(version, "")?;
        settings(server, timeout, Duration::from_millis(1500)).pop()
    }

    #[test]
    fn each_server_gets_the_timeout_that_it_knows() {
        let timeout = Duration::from_millis(2500);
        assert_eq!(
            last_setting("9.7.4", timeout).as_deref(),
            Some("SET SESSION max_execution_time = 2500")
        );
        assert_eq!(
            last_setting("10.11.18-MariaDB", timeout).as_deref(),
            Some("SET SESSION max_statement_time = 2.500")
        );
        assert_eq!(
            last_setting("10.11.18-MariaDB", Duration::ZERO).as_deref(),
            Some("SET SESSION max_statement_time = 0.000")
        );
        assert_eq!(
            last_setting("5.6.24", timeout).as_deref(),
            Some("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        );
    }

    #[test]
    fn lock_timeouts_are_whole_seconds() {
        let server = Server::of("5.6.24", "");
        let sql = |lock| server.map(|server| settings(server, Duration::ZERO, lock).join(";"));
        for (lock, expected) in [(Duration::ZERO, 1), (Duration::from_millis(1500), 2)] {
            let expected = format!("lock_wait_timeout = {expected}, innodb_lock_wait_timeout = {expected}");
            assert!(sql(lock).is_some_and(|sql| sql.contains(&expected)), "{lock:?}");
        }
    }

    #[test]
    fn values_become_text_and_bytes_hexadecimal() {
        assert_eq!(text(Value::NULL), None);
        assert_eq!(text(Value::Bytes("grün".into())).as_deref(), Some("grün"));
        assert_eq!(text(Value::Bytes(vec![0xff, 0x00])).as_deref(), Some("0xFF00"));
    }
}
