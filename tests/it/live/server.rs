//! The servers that `tests/run` has started, and a fresh database on one of them for each test.
//!
//! One rule: a test that needs a server which is not up fails. Loops over [`Engine::all`] go over what `LIVE_TESTS`
//! names (the default set where it is not set) and SQLite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mysql::prelude::Queryable;

/// The password of the user `pw_user`, whom every server has; `tests/servers/start` sets it. Other users need none.
pub(crate) const PASSWORD: &str = "p@ss:w%rd/1";
/// The same, as it is written in a URL.
pub(crate) const PASSWORD_IN_URL: &str = "p%40ss%3Aw%25rd%2F1";

/// The database systems that tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    Postgres18,
    Postgres14,
    Mysql97,
    Mysql56,
    MariaDb,
    Sqlite,
    Postgres13,
    Postgres15,
    Postgres16,
    Postgres17,
    MariaDb118,
}

/// Each engine with the name that `tests/run` has for it, and its version.
const ENGINES: [(Engine, &str, Family, u32); 11] = [
    (Engine::Postgres18, "pg18", Family::Postgres, 18),
    (Engine::Postgres14, "pg14", Family::Postgres, 14),
    (Engine::Mysql97, "mysql97", Family::Mysql, 9),
    (Engine::Mysql56, "mysql56", Family::Mysql, 5),
    (Engine::MariaDb, "mariadb1011", Family::MariaDb, 10),
    (Engine::Sqlite, "sqlite", Family::Sqlite, 3),
    (Engine::Postgres13, "pg13", Family::Postgres, 13),
    (Engine::Postgres15, "pg15", Family::Postgres, 15),
    (Engine::Postgres16, "pg16", Family::Postgres, 16),
    (Engine::Postgres17, "pg17", Family::Postgres, 17),
    (Engine::MariaDb118, "mariadb118", Family::MariaDb, 11),
];

const DEFAULT_SET: &str = "pg18 pg14 mysql97 mysql56 mariadb1011";

/// Engines that speak the same SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Postgres,
    Mysql,
    MariaDb,
    Sqlite,
}

impl Engine {
    /// The engines of this run: those that `LIVE_TESTS` names, and SQLite.
    pub(crate) fn all() -> Vec<Self> {
        let live = std::env::var("LIVE_TESTS").unwrap_or_else(|_| DEFAULT_SET.to_owned());
        let named = live.split_whitespace().map(|name| {
            let known = ENGINES.iter().find(|engine| engine.1 == name);
            known
                .unwrap_or_else(|| panic!("LIVE_TESTS names {name:?}, and the tests know no such server"))
                .0
        });
        named.chain([Self::Sqlite]).collect()
    }

    /// What `tests/run` calls it.
    pub(crate) fn name(self) -> &'static str {
        self.entry().1
    }

    /// Which SQL it speaks.
    pub(crate) fn family(self) -> Family {
        self.entry().2
    }

    /// Its major version.
    pub(crate) fn version(self) -> u32 {
        self.entry().3
    }

    /// The program that dumps its databases, which `tests/servers/install` brings.
    pub(crate) fn dump_program(self) -> PathBuf {
        let program = match self.family() {
            Family::Postgres => "clients/x/pg_dump".to_owned(),
            Family::Sqlite => "clients/x/sqlite3".to_owned(),
            Family::Mysql => "mysql97/x/mysqldump".to_owned(),
            Family::MariaDb => format!("{}-client/x/mariadb-dump", self.name()),
        };
        programs().join(program)
    }

    fn entry(self) -> &'static (Self, &'static str, Family, u32) {
        ENGINES.iter().find(|engine| engine.0 == self).unwrap()
    }

    /// The server that `tests/run` has started.
    pub(crate) fn server(self) -> &'static Server {
        assert!(self != Self::Sqlite, "SQLite has no server");
        let name = self.name();
        SERVERS.get(name).unwrap_or_else(|| {
            if self == Self::Mysql97 && std::env::var("ALLOW_MISSING_SERVERS").is_ok_and(|value| value == "1") {
                return Self::Mysql56.server();
            }
            panic!("this test needs the server {name}, and it is not up: run the tests by `tests/run`")
        })
    }
}

/// PostgreSQL of this major version.
pub(crate) fn postgres(version: u32) -> &'static Server {
    let engine = ENGINES
        .iter()
        .find(|engine| engine.2 == Family::Postgres && engine.3 == version);
    engine.unwrap().0.server()
}

/// Oracle MySQL 9.7.
pub(crate) fn mysql97() -> &'static Server {
    Engine::Mysql97.server()
}

/// Oracle MySQL 5.6.
pub(crate) fn mysql56() -> &'static Server {
    Engine::Mysql56.server()
}

/// MariaDB 10.11.
pub(crate) fn mariadb() -> &'static Server {
    Engine::MariaDb.server()
}

static SERVERS: LazyLock<BTreeMap<&'static str, Server>> = LazyLock::new(|| {
    let instances = std::env::var("RELAUDIT_TEST_INSTANCES").unwrap_or_default();
    ENGINES
        .iter()
        .filter_map(|(engine, name, ..)| {
            let url = std::env::var(format!("RELAUDIT_TEST_{}", name.to_uppercase())).ok()?;
            let port = url.trim_end_matches('/').rsplit(':').next()?.parse().ok()?;
            Some((*name, Server::new(*engine, port, Path::new(&instances).join(name))))
        })
        .collect()
});

/// A running server on loopback.
#[derive(Debug)]
pub(crate) struct Server {
    engine: Engine,
    port: u16,
    folder: PathBuf,
}

impl Server {
    pub(super) fn new(engine: Engine, port: u16, folder: PathBuf) -> Self {
        Self { engine, port, folder }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What a client gives as the host (PostgreSQL: a folder) or socket (MySQL, MariaDB: a file) to come through the
    /// unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        match self.engine.family() {
            Family::Postgres => self.folder.clone(),
            _ => self.folder.join("s.sock"),
        }
    }

    /// The file with the certificate of the authority that vouches for every server as `localhost`.
    pub(crate) fn certificate_authority() -> PathBuf {
        programs().join("tls/ca.crt")
    }

    /// The superuser's URL of a database, through another port than the server's own: the fault proxy's.
    pub(crate) fn url_through(&self, port: u16, database: &str) -> String {
        match self.engine.family() {
            Family::Postgres => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
            Family::MariaDb => format!("mariadb://root@127.0.0.1:{port}/{database}"),
            Family::Mysql | Family::Sqlite => format!("mysql://root@127.0.0.1:{port}/{database}"),
        }
    }

    /// The superuser's URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_through(self.port, database)
    }

    /// Makes a database of its own for a test, and runs these statements in it. It goes when the value is dropped.
    pub(crate) fn database(&self, sql: &str) -> Database<'_> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = Database {
            server: self,
            name: format!("t{}_{number}", std::process::id()),
        };
        match self.engine.family() {
            // template0 is what a database is copied from without waiting for others who do the same.
            Family::Postgres => self.execute(&format!("CREATE DATABASE {} TEMPLATE template0", database.name)),
            _ => self.execute(&format!("CREATE DATABASE {} CHARACTER SET utf8mb4", database.name)),
        }
        database.execute(sql);
        database
    }

    /// Runs statements in the server's own database, as the superuser.
    pub(crate) fn execute(&self, sql: &str) {
        self.execute_in(self.own_database(), sql)
            .unwrap_or_else(|error| panic!("{} says: {error}", self.engine.name()));
    }

    /// Runs one query in the server's own database and gives its rows, as text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.rows_in(self.own_database(), sql)
    }

    fn own_database(&self) -> &'static str {
        if self.engine.family() == Family::Postgres {
            "postgres"
        } else {
            "mysql"
        }
    }

    fn execute_in(&self, database: &str, sql: &str) -> Result<(), String> {
        match self.engine.family() {
            Family::Postgres => self.postgres(database)?.batch_execute(sql).map_err(|error| {
                error.as_db_error().map_or_else(
                    || error.to_string(),
                    |server| format!("{server} ({:?})", server.where_()),
                )
            }),
            // To MySQL no statement at all is an error.
            _ if sql.is_empty() => Ok(()),
            _ => run_all(&mut self.mysql(database)?, sql).map_err(|error| error.to_string()),
        }
    }

    fn rows_in(&self, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        if self.engine.family() == Family::Postgres {
            let messages = self.postgres(database).unwrap().simple_query(sql).unwrap();
            let rows = messages.iter().filter_map(|message| match message {
                postgres::SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            rows.map(|row| {
                (0..row.len())
                    .map(|column| row.get(column).map(str::to_owned))
                    .collect()
            })
            .collect()
        } else {
            let rows: Vec<mysql::Row> = self.mysql(database).unwrap().query(sql).unwrap();
            let text = |value| mysql::from_value::<Option<String>>(value);
            rows.into_iter()
                .map(|row| row.unwrap().into_iter().map(text).collect())
                .collect()
        }
    }

    /// A connection of the test's own.
    pub(crate) fn postgres(&self, database: &str) -> Result<postgres::Client, String> {
        postgres::Client::connect(&self.url(database), postgres::NoTls).map_err(|error| error.to_string())
    }

    /// A connection of the test's own.
    pub(crate) fn mysql(&self, database: &str) -> Result<mysql::Conn, String> {
        let options = mysql::OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(self.port)
            .user(Some("root"))
            .db_name(Some(database))
            .prefer_socket(false);
        mysql::Conn::new(options).map_err(|error| error.to_string())
    }
}

/// Runs all statements. The driver's own way to do without their results does without their errors too.
fn run_all(connection: &mut mysql::Conn, sql: &str) -> mysql::Result<()> {
    let mut results = connection.query_iter(sql)?;
    while let Some(rows) = results.iter() {
        for row in rows {
            row?;
        }
    }
    Ok(())
}

/// Where `tests/run` keeps the servers' programs.
pub(super) fn programs() -> PathBuf {
    let folder = std::env::var_os("RELAUDIT_TEST_SERVERS");
    PathBuf::from(folder.expect("this test needs the servers' programs: run the tests by `tests/run`"))
}

/// A database of one test. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl Database<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn server(&self) -> &Server {
        self.server
    }

    /// The superuser's URL.
    pub(crate) fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The superuser's URL through another port: the fault proxy's.
    pub(crate) fn url_through(&self, port: u16) -> String {
        self.server.url_through(port, &self.name)
    }

    /// The URL of another user, with a password in it where one is given, already escaped.
    pub(crate) fn url_as(&self, user: &str, password: Option<&str>) -> String {
        let url = self.url();
        let superuser = if self.server.engine.family() == Family::Postgres {
            "//postgres@"
        } else {
            "//root@"
        };
        let login = password.map_or_else(|| format!("//{user}@"), |password| format!("//{user}:{password}@"));
        url.replacen(superuser, &login, 1)
    }

    /// Runs statements as the superuser, on a connection of their own.
    pub(crate) fn execute(&self, sql: &str) {
        self.server
            .execute_in(&self.name, sql)
            .unwrap_or_else(|error| panic!("{} says: {error}", self.server.engine.name()));
    }

    /// Runs one query as the superuser and gives its rows, as text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.server.rows_in(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let sql = match self.server.engine.family() {
            Family::Postgres => format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            _ => format!("DROP DATABASE IF EXISTS {}", self.name),
        };
        // A server that the test has killed cannot drop anything, and need not.
        let _ = self.server.execute_in(self.server.own_database(), &sql);
    }
}

/// Something loaded into an engine, whichever it is.
#[derive(Debug)]
pub(crate) enum Loaded {
    Server(Database<'static>),
    File(tempfile::TempDir),
}

/// Loads these statements into a fresh database of an engine: into a file where it is SQLite.
pub(crate) fn load(engine: Engine, sql: &str) -> Loaded {
    if engine != Engine::Sqlite {
        return Loaded::Server(engine.server().database(sql));
    }
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).unwrap();
    // The library that is compiled in switches them on, which SQLite's own shell does not.
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("sqlite says: {error}"));
    Loaded::File(folder)
}

impl Loaded {
    /// What is given to the program.
    pub(crate) fn source(&self) -> String {
        match self {
            Self::Server(database) => database.url(),
            Self::File(folder) => folder.path().join("test.db").display().to_string(),
        }
    }
}

#[test]
fn every_engine_loads_and_drops_a_database() {
    for engine in Engine::all() {
        let loaded = load(
            engine,
            "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);",
        );
        let Loaded::Server(database) = loaded else { continue };
        assert_eq!(
            database.rows("SELECT count(*) FROM a"),
            [[Some("2".to_owned())]],
            "{engine:?}"
        );
        let (server, url) = (engine.server(), database.url());
        assert!(url.ends_with(database.name()), "{url}");
        drop(database);
        let rest = match engine.family() {
            Family::Postgres => server.rows(&format!("SELECT 1 FROM pg_database WHERE '{url}' LIKE '%/' || datname")),
            _ => server.rows(&format!(
                "SELECT 1 FROM information_schema.schemata WHERE '{url}' LIKE concat('%/', schema_name)"
            )),
        };
        assert_eq!(rest.len(), 0, "{engine:?} keeps its database");
    }
}
