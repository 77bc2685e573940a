//! Migration tools that run what a plan wrote for them: the real ones where they can be had, else what they send to the
//! server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client;
use crate::framework::installed;
use crate::live::server::{Engine, Family, Loaded};

/// Which way migrations are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// How the files of a layout are run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool {
    Rails,
    Laravel,
    Sequelize6,
    Sequelize7,
    Dbmate,
    /// golang-migrate, sqlx and Prisma send a file as one text; a session each shows that files need none before them.
    WholeFiles(&'static str),
    /// goose sends what is between its marks.
    Goose,
    /// Flyway splits files as the engines' own clients do.
    Flyway,
}

/// The tables in which tools keep what they ran.
pub(super) const OWN_TABLES: [&str; 4] = [
    "schema_migrations",
    "ar_internal_metadata",
    "migrations",
    "SequelizeMeta",
];

impl Tool {
    /// Those that can be had here, for an engine.
    pub(super) fn all(engine: Engine) -> Vec<Self> {
        let has = |name: &str| installed(name).is_some();
        let mut tools = vec![
            Self::WholeFiles("golang-migrate"),
            Self::WholeFiles("sqlx"),
            Self::WholeFiles("prisma"),
            Self::Goose,
            Self::Flyway,
        ];
        if has("active_record") {
            tools.push(Self::Rails);
        }
        if has("eloquent") {
            tools.push(Self::Laravel);
        }
        if has("dbmate") {
            tools.push(Self::Dbmate);
        }
        // Sequelize's package for SQLite has a part that npm does not hold.
        if has("sequelize") && engine.family() != Family::Sqlite {
            tools.extend([Self::Sequelize6, Self::Sequelize7]);
        }
        tools
    }

    pub(super) fn layout(self) -> &'static str {
        match self {
            Self::Rails => "rails",
            Self::Laravel => "laravel",
            Self::Sequelize6 | Self::Sequelize7 => "sequelize",
            Self::Dbmate => "dbmate",
            Self::WholeFiles(layout) => layout,
            Self::Goose => "goose",
            Self::Flyway => "flyway",
        }
    }

    pub(super) fn run(self, engine: Engine, database: &Loaded, folder: &Path, way: Way) -> Result<(), String> {
        match self {
            Self::Rails => rails(engine, database, folder, way),
            Self::Laravel => laravel(engine, database, folder, way),
            Self::Sequelize6 => sequelize("six", engine, database, folder, way),
            Self::Sequelize7 => sequelize("seven", engine, database, folder, way),
            Self::Dbmate => dbmate(engine, database, folder, way),
            Self::WholeFiles(_) => in_order(folder, way, &|path| is_whole(path, way))
                .iter()
                .try_for_each(|path| send(engine, database, &[fs::read_to_string(path).unwrap()])),
            Self::Goose => in_order(folder, way, &is_sql)
                .iter()
                .try_for_each(|path| goose(engine, database, &fs::read_to_string(path).unwrap(), way)),
            Self::Flyway => {
                let letter = if way == Way::Up { 'V' } else { 'U' };
                in_order(folder, way, &|path| {
                    is_sql(path) && has_name(path, |name| name.starts_with(letter))
                })
                .iter()
                .try_for_each(|path| client::run(engine, database, path).map(drop))
            }
        }
    }
}

fn finished(command: &mut Command) -> Result<(), String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}{said}", String::from_utf8_lossy(&output.stdout)))
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/frameworks")
        .join(path)
}

fn word(way: Way) -> &'static str {
    if way == Way::Up { "up" } else { "down" }
}

/// Host, port, database and user; of SQLite only the file.
fn address(engine: Engine, database: &Loaded) -> (String, String, String, &'static str) {
    let source = database.source();
    let Some((_, rest)) = source.split_once('@') else {
        return (String::new(), String::new(), source, "");
    };
    let (server, name) = rest.split_once('/').unwrap();
    let (host, port) = server.split_once(':').unwrap();
    let user = if engine.family() == Family::Postgres {
        "postgres"
    } else {
        "root"
    };
    (host.to_owned(), port.to_owned(), name.to_owned(), user)
}

fn url(scheme: &str, engine: Engine, database: &Loaded) -> String {
    let (host, port, name, user) = address(engine, database);
    format!("{scheme}://{user}@{host}:{port}/{name}")
}

fn rails(engine: Engine, database: &Loaded, folder: &Path, way: Way) -> Result<(), String> {
    let url = match engine.family() {
        Family::Postgres => url("postgres", engine, database),
        Family::Mysql | Family::MariaDb => url("mysql2", engine, database),
        Family::Sqlite => format!("sqlite3:{}", database.source()),
    };
    let installed = installed("active_record").unwrap();
    let mut command = Command::new(script("active_record/ruby"));
    finished(
        command
            .args([installed, script("active_record/migrate.rb")])
            .arg(url)
            .arg(folder)
            .arg(word(way)),
    )
}

fn laravel(engine: Engine, database: &Loaded, folder: &Path, way: Way) -> Result<(), String> {
    let driver = match engine.family() {
        Family::Postgres => "pgsql",
        Family::Mysql | Family::MariaDb => "mysql",
        Family::Sqlite => "sqlite",
    };
    let (host, port, name, user) = address(engine, database);
    let mut command = Command::new(script("eloquent/php"));
    command.args([installed("eloquent").unwrap(), script("eloquent/migrate.php")]);
    finished(
        command
            .args([driver, &host, &port, &name, user])
            .arg(folder)
            .arg(word(way)),
    )
}

fn sequelize(version: &str, engine: Engine, database: &Loaded, folder: &Path, way: Way) -> Result<(), String> {
    let scheme = if engine.family() == Family::Postgres {
        "postgres"
    } else {
        "mysql"
    };
    let modules = installed("sequelize").unwrap().join(version).join("node_modules");
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).arg(script("sequelize/migrate.js"));
    finished(command.arg(url(scheme, engine, database)).arg(folder).arg(word(way)))
}

fn dbmate(engine: Engine, database: &Loaded, folder: &Path, way: Way) -> Result<(), String> {
    let url = match engine.family() {
        Family::Postgres => format!("{}?sslmode=disable", url("postgres", engine, database)),
        Family::Mysql | Family::MariaDb => url("mysql", engine, database),
        Family::Sqlite => format!("sqlite:{}", database.source()),
    };
    let run = |verb: &str| {
        let mut command = Command::new(installed("dbmate").unwrap().join("package/bin/dbmate"));
        command
            .args(["--url", &url, "--no-dump-schema", "--migrations-dir"])
            .arg(folder);
        finished(command.arg(verb))
    };
    if way == Way::Up {
        return run("migrate");
    }
    let count = in_order(folder, way, &is_sql).len();
    (0..count).try_for_each(|_| run("rollback"))
}

/// The paths that count, in the order in which they are run.
fn in_order(folder: &Path, way: Way, counts: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries(folder)
        .flat_map(|path| {
            if path.is_dir() {
                entries(&path).collect()
            } else {
                vec![path]
            }
        })
        .filter(|path| counts(path))
        .collect();
    paths.sort_by_key(|path| (number(path.strip_prefix(folder).unwrap()), path.clone()));
    if way == Way::Down {
        paths.reverse();
    }
    assert!(!paths.is_empty(), "nothing to run in {}", folder.display());
    paths
}

/// The number that a migration's name begins with, behind Flyway's letter.
fn number(path: &Path) -> u64 {
    let name = path.to_str().unwrap().trim_start_matches(['V', 'U']);
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

fn has_name(path: &Path, fits: impl Fn(&str) -> bool) -> bool {
    path.file_name().is_some_and(|name| fits(name.to_str().unwrap()))
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

fn is_whole(path: &Path, way: Way) -> bool {
    has_name(path, |name| match way {
        Way::Up => name.ends_with(".up.sql") || name == "migration.sql",
        Way::Down => name.ends_with(".down.sql") || name == "down.sql",
    })
}

/// Each of these statements is sent by itself: to PostgreSQL in a session of its own.
fn goose(engine: Engine, database: &Loaded, text: &str, way: Way) -> Result<(), String> {
    assert!(text.starts_with("-- +goose NO TRANSACTION\n"));
    let (up, down) = text.split_once("-- +goose Down\n").unwrap();
    let part = if way == Way::Up { up } else { down };
    let statements: Vec<String> = part
        .split("-- +goose StatementBegin\n")
        .skip(1)
        .map(|rest| rest.split("-- +goose StatementEnd").next().unwrap().to_owned())
        .collect();
    if engine.family() == Family::Postgres {
        return statements
            .into_iter()
            .try_for_each(|statement| send(engine, database, &[statement]));
    }
    send(engine, database, &statements)
}

/// Sends one text.
type Send<'a> = dyn FnMut(&str) -> Result<(), String> + 'a;

/// Sends texts through a driver, in one session; what a client would understand by itself is an error to it.
fn send(engine: Engine, database: &Loaded, texts: &[String]) -> Result<(), String> {
    let mut one: Box<Send<'_>> = match (engine.family(), database) {
        (Family::Postgres, Loaded::Server(database)) => {
            let mut client = database.server().postgres(database.name())?;
            Box::new(move |text| client.batch_execute(text).map_err(|error| format!("{error:?}")))
        }
        (_, Loaded::Server(database)) => {
            let mut connection = database.server().mysql(database.name())?;
            Box::new(move |text| {
                use mysql::prelude::Queryable as _;
                // An error of a statement behind the first is told with that statement's result.
                let told = |error: mysql::Error| error.to_string();
                let mut results = connection.query_iter(text).map_err(told)?;
                while let Some(mut result) = results.iter() {
                    result.try_for_each(|row| row.map(drop)).map_err(told)?;
                }
                Ok(())
            })
        }
        (_, Loaded::File(_)) => {
            let connection = rusqlite::Connection::open(database.source()).unwrap();
            Box::new(move |text| connection.execute_batch(text).map_err(|error| error.to_string()))
        }
    };
    texts
        .iter()
        .try_for_each(|text| one(text).map_err(|error| format!("{error}\n{text}")))
}
