//! MySQL 5.6 and newer, MariaDB 10.2 and newer.
//!
//! `server.rs` says which of the two a server is. `address.rs`, `settings.rs` and `option_file.rs` understand what
//! users write; `connect.rs`, `session.rs`, `watchdog.rs` and `failure.rs` are the connection; `catalog.rs` reads the
//! schema; `keys_equal.rs` and `text.rs` write SQL.

mod address;
mod catalog;
mod change;
mod connect;
mod failure;
mod keys_equal;
mod option_file;
mod server;
mod session;
mod settings;
mod statistics;
mod text;
mod trial;
mod watchdog;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::schema::{ColumnType, Ident, Read, TableName};

use self::address::Target;
use self::connect::Connector;
use self::option_file::ThisMachine;
use self::server::{Flavor, Server};
use self::session::MySqlSession;
use super::change::{Change, PlanDialect, Sending, Statement, Version, Work};
use super::{
    ColumnKey, ConnectOptions, Database, Dialect, Error, KeyExpression, QueryError, QueryFailure, Session, SourceInfo,
    Statistics,
};

/// What every primary key is called (manual, "CREATE TABLE Statement").
const PRIMARY: &str = "PRIMARY";

/// Opens a live server from what the user wrote.
///
/// # Errors
///
/// See [`Error`].
pub fn open(address: &str, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let target = Target::read(address, &ThisMachine)?;
    let connector = Arc::new(Connector::new(target, options));
    let (session, server) = MySqlSession::first(&connector)?;
    Ok(Box::new(MySqlDatabase {
        dialect: MySql { flavor: server.flavor },
        info: SourceInfo {
            kind: server.flavor.name(),
            name: connector.name().to_owned(),
            server: server.display(),
        },
        connector,
        server,
        spare: Mutex::new(Some(session)),
    }))
}

/// How MySQL and MariaDB write SQL.
#[derive(Debug, Clone, Copy)]
pub struct MySql {
    flavor: Flavor,
}

impl MySql {
    /// MySQL's own, where no server is at hand.
    pub const MYSQL: Self = Self { flavor: Flavor::MySql };
    /// MariaDB's own, where no server is at hand.
    pub const MARIADB: Self = Self {
        flavor: Flavor::MariaDb,
    };
}

impl Dialect for MySql {
    fn name(&self) -> &'static str {
        self.flavor.name()
    }

    fn quote(&self, ident: &Ident) -> String {
        text::quote(ident.as_str())
    }

    fn literal(&self, text: &str) -> String {
        text::literal(text)
    }

    fn as_text(&self, expression: &str, ty: &ColumnType) -> String {
        text::as_text(expression, ty)
    }

    fn identical(&self, one: &str, other: &str, _: &ColumnType) -> String {
        format!("CAST({one} AS BINARY) <=> CAST({other} AS BINARY)")
    }

    fn bits(&self, expression: &str) -> String {
        format!("CAST({expression} AS BINARY)")
    }

    fn triggers(&self) -> Option<String> {
        Some(
            "SELECT event_object_schema, event_object_table, event_manipulation, trigger_name FROM information_schema.triggers \
             ORDER BY 1, 2, 3, 4"
                .to_owned(),
        )
    }

    fn partition_keys(&self, table: &TableName) -> Option<String> {
        let namespace = match &table.namespace {
            Some(namespace) => self.literal(namespace.as_str()),
            None => "DATABASE()".to_owned(),
        };
        // Columns or an expression, as they were written. KEY () stands for the primary key (manual, "KEY Partitioning").
        let by = "CONCAT_WS(',', p.partition_expression, p.subpartition_expression)";
        Some(format!(
            "SELECT DISTINCT c.column_name FROM information_schema.columns c JOIN information_schema.partitions p ON \
             p.table_schema = c.table_schema AND p.table_name = c.table_name WHERE c.table_schema = {namespace} AND \
             c.table_name = {} AND ({by} REGEXP CONCAT('(^|[^[:alnum:]_$])', c.column_name, '($|[^[:alnum:]_$])') OR ({by} = \
             '' AND c.column_key = 'PRI')) ORDER BY 1",
            self.literal(table.table.as_str())
        ))
    }

    fn fits(&self, expression: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
        change::retype::fits(expression, from, to)
    }

    fn keys_equal(&self, child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
        keys_equal::keys_equal(child, parent)
    }
}

impl PlanDialect for MySql {
    fn work(&self, change: &Change<'_>, version: Version) -> Result<Work, String> {
        change::work(change, version, self.flavor)
    }

    fn notes(&self, change: &Change<'_>) -> Vec<String> {
        match change {
            Change::Retype { retype, .. } => change::retype::notes(retype),
            Change::MoveKey { moving, stage } => moving.notes(*stage),
            _ => Vec::new(),
        }
    }

    fn preamble(&self) -> Vec<Statement> {
        change::preamble(self.flavor)
    }

    fn when_locked(&self) -> &'static str {
        "A statement that cannot have its lock within 5 seconds fails with error 1205 (\"Lock wait timeout exceeded\") rather \
         than keep others waiting behind it, and nothing of it is done: see in SHOW PROCESSLIST who holds the table, and run \
         the same file again, as often as it takes. It goes on where it was broken off."
    }

    fn terminated(&self, statement: &Statement) -> String {
        if statement.compound {
            // The client ends a statement at the first delimiter (manual, "mysql Client Commands", `delimiter`).
            format!("DELIMITER //\n{}//\nDELIMITER ;", statement.sql)
        } else {
            format!("{};", statement.sql)
        }
    }

    fn client_preamble(&self) -> &'static str {
        ""
    }

    fn client_command(&self) -> &'static str {
        "mysql DATABASE < plan.sql"
    }

    fn name_of_primary_keys(&self) -> Option<&'static str> {
        Some(PRIMARY)
    }

    fn longest_name(&self) -> usize {
        64
    }

    fn sending(&self) -> Sending {
        change::sending(self.flavor)
    }
}

/// An opened server.
struct MySqlDatabase {
    dialect: MySql,
    info: SourceInfo,
    connector: Arc<Connector>,
    server: Server,
    /// A session that is open and not in use.
    spare: Mutex<Option<MySqlSession>>,
}

impl MySqlDatabase {
    fn take_session(&self) -> Result<MySqlSession, Error> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        match spare {
            Some(session) => Ok(session),
            None => MySqlSession::open(&self.connector, self.server),
        }
    }

    fn give_back(&self, session: MySqlSession) {
        if !session.is_lost() {
            *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        }
    }
}

impl Database for MySqlDatabase {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read_schema(&self) -> Result<Read, Error> {
        let mut session = self.take_session()?;
        let read = catalog::read(
            &mut session,
            self.connector.name(),
            self.connector.database(),
            self.server,
        );
        self.give_back(session);
        read
    }

    fn statistics(&self, columns: &BTreeSet<ColumnKey>) -> Result<Statistics, QueryError> {
        let mut session = self.take_session().map_err(|error| {
            let reason = error.to_string();
            QueryError::new(QueryFailure::ConnectionLost, reason)
        })?;
        let known = statistics::read(&mut session, self.server, columns);
        self.give_back(session);
        known
    }

    fn sessions(&self, wanted: usize) -> Result<Vec<Box<dyn Session>>, Error> {
        let mut first = self.take_session()?;
        let more = wanted.saturating_sub(1);
        // The slots are asked for only where it matters.
        let free = if more == 0 { 0 } else { free_slots(&mut first) };
        let mut sessions: Vec<Box<dyn Session>> = vec![Box::new(first)];
        for _ in 0..more.min(free) {
            match MySqlSession::open(&self.connector, self.server) {
                Ok(session) => sessions.push(Box::new(session)),
                // Others were faster. What is open will do.
                Err(_) => break,
            }
        }
        Ok(sessions)
    }

    fn replace_session(&self) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(MySqlSession::open(&self.connector, self.server)?))
    }
}

/// How many more connections the server has for this user, one kept free: to cancel a statement takes one.
///
/// Other sessions of the same user are seen without any privilege (manual, "The INFORMATION_SCHEMA PROCESSLIST Table").
fn free_slots(session: &mut MySqlSession) -> usize {
    let mut ask = |sql: &str, at: usize| -> Option<usize> {
        let mut found = None;
        session
            .query(sql, &mut |row| found = row.get(at).cloned().flatten())
            .ok()?;
        found?.parse().ok()
    };
    let limit = ask("SELECT @@max_connections", 0);
    let connected = ask("SHOW GLOBAL STATUS LIKE 'Threads_connected'", 1);
    let own_limit = ask("SELECT @@max_user_connections", 0).filter(|limit| *limit > 0);
    let own = own_limit.and_then(|_| {
        let sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                   WHERE USER = SUBSTRING_INDEX(USER(), '@', 1)";
        ask(sql, 0)
    });
    let left = |limit: Option<usize>, used: Option<usize>| Some(limit?.saturating_sub(used?));
    [left(limit, connected), left(own_limit, own)]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(0)
        .saturating_sub(1)
}
