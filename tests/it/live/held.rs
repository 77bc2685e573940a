//! A moment to look at: a table is locked, so that a probe which reads it waits.

use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use super::server::{Database, Engine, Family};

/// The lock. It goes when this is dropped.
pub(crate) struct Held<'a> {
    database: &'a Database<'a>,
    connection: Holder,
}

enum Holder {
    Postgres(Box<postgres::Client>),
    Mysql(mysql::Conn),
}

/// Locks a table against readers. Reading the catalogue is not held up by it.
pub(crate) fn hold<'a>(database: &'a Database<'_>, table: &str) -> Held<'a> {
    let server = database.server();
    let connection = if server.engine().family() == Family::Postgres {
        let mut client = server.postgres(database.name()).unwrap();
        client
            .batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            .unwrap();
        Holder::Postgres(Box::new(client))
    } else {
        let mut connection = server.mysql(database.name()).unwrap();
        connection.query_drop(format!("LOCK TABLES {table} WRITE")).unwrap();
        Holder::Mysql(connection)
    };
    Held { database, connection }
}

impl Held<'_> {
    /// Lets the readers go on.
    pub(crate) fn release(self) {
        match self.connection {
            Holder::Postgres(mut client) => client.batch_execute("COMMIT").unwrap(),
            Holder::Mysql(mut connection) => connection.query_drop("UNLOCK TABLES").unwrap(),
        }
    }

    /// How many sessions of the program are in the database.
    pub(crate) fn sessions(&self) -> usize {
        self.ids("").len()
    }

    /// How many of them wait for a lock.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting_ids().len()
    }

    /// What the server calls those that wait for a lock.
    pub(crate) fn waiting_ids(&self) -> Vec<String> {
        self.ids(match self.connection {
            Holder::Postgres(_) => "AND wait_event_type = 'Lock'",
            Holder::Mysql(_) => "AND state LIKE 'Waiting for table%lock%'",
        })
    }

    /// Waits until a probe waits for the table. A look into the catalogue can wait too on MySQL, but only for a moment.
    pub(crate) fn wait_for_probe(&self) {
        eventually("a probe waits for the locked table", || {
            let waiting = self.waiting_ids();
            std::thread::sleep(Duration::from_millis(150));
            !waiting.is_empty() && self.waiting_ids() == waiting
        });
    }

    fn ids(&self, condition: &str) -> Vec<String> {
        let name = self.database.name();
        let sessions = match &self.connection {
            Holder::Postgres(_) => {
                format!("SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'relaudit'")
            }
            // There the program's name is not shown, but nobody else is in the database.
            Holder::Mysql(holder) => format!(
                "SELECT id FROM information_schema.processlist WHERE db = '{name}' AND id <> {}",
                holder.connection_id()
            ),
        };
        let rows = self.database.server().rows(&format!("{sessions} {condition}"));
        rows.into_iter().flatten().flatten().collect()
    }
}

/// Waits until something holds, and fails after half a minute.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "after half a minute it does not hold that {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reader_is_seen_to_wait() {
    for engine in [Engine::Postgres18, Engine::Mysql97, Engine::Mysql56, Engine::MariaDb] {
        let server = engine.server();
        let database = server.database("CREATE TABLE a (id INTEGER PRIMARY KEY)");
        let held = hold(&database, "a");
        // Whoever has made the table is seen for as long as the server takes to notice that they have gone.
        eventually("nobody else is in the database", || held.sessions() == 0);
        std::thread::scope(|scope| {
            scope.spawn(|| match engine.family() {
                Family::Postgres => {
                    let mut client = server.postgres(database.name()).unwrap();
                    client
                        .batch_execute("SET application_name = 'relaudit'; SELECT * FROM a")
                        .unwrap();
                }
                _ => server
                    .mysql(database.name())
                    .unwrap()
                    .query_drop("SELECT * FROM a")
                    .unwrap(),
            });
            held.wait_for_probe();
            assert_eq!((held.waiting(), held.sessions()), (1, 1), "{engine:?}");
            held.release();
        });
    }
}
