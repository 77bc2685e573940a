//! Names with all that a server lets into them are read, probed and printed right, and are never taken for SQL.

use super::reports::{audit, probe_of};
use super::server::{Engine, Family, Loaded, load};
use crate::run::relaudit;

/// A table that is gone, or emptied, if a name is taken for SQL.
const CANARY: &str = "CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1), (2);";

fn names(engine: Engine) -> Vec<String> {
    let longest = match engine.family() {
        Family::Postgres => 63,
        Family::Mysql | Family::MariaDb => 64,
        Family::Sqlite => 200,
    };
    let mut names: Vec<String> = [
        "order",
        "select",
        "two words",
        "Upper Case",
        "it's",
        "a\"b",
        "a\"\"b",
        "a`b",
        "a;b--c",
        "x\"; DROP TABLE canary; --",
        "x`; DROP TABLE canary; -- ",
        "x'); DELETE FROM canary; --",
        "line\nbreak",
        "tab\tstop",
        "red\u{1b}[31mtext",
        "back\\slash",
        "percent%s{}$1?",
        "dotted.name",
        "(brackets)",
        "naïve ключ 鍵",
        "-- comment",
        "/* comment */",
    ]
    .map(|name| name.trim_end().to_owned())
    .into();
    names.push("l".repeat(longest));
    // The limit is in bytes on PostgreSQL, and in characters on MySQL.
    names.push("é".repeat(if engine.family() == Family::Postgres {
        31
    } else {
        longest
    }));
    names
}

fn quote(engine: Engine, name: &str) -> String {
    match engine.family() {
        Family::Mysql | Family::MariaDb => format!("`{}`", name.replace('`', "``")),
        Family::Postgres | Family::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The name is that of a table's key and of the columns that reference it, one of them by a foreign key. There is one
/// orphan.
fn tables(engine: Engine, number: usize, name: &str) -> String {
    let column = quote(engine, name);
    let (parent, child) = (quote(engine, name), format!("children_{number}"));
    let off = match engine.family() {
        Family::Postgres => "SET session_replication_role = replica",
        Family::Mysql | Family::MariaDb => "SET foreign_key_checks = 0",
        Family::Sqlite => "PRAGMA foreign_keys = OFF",
    };
    format!(
        "{off}; CREATE TABLE {parent} ({column} INTEGER PRIMARY KEY); INSERT INTO {parent} VALUES (1); \
         CREATE TABLE {child} (id INTEGER PRIMARY KEY, {column} INTEGER NOT NULL, \
         FOREIGN KEY ({column}) REFERENCES {parent} ({column})); \
         CREATE INDEX {child}_key ON {child} ({column}); INSERT INTO {child} VALUES (1, 1), (2, 7);"
    )
}

#[test]
fn odd_names_are_read_probed_and_printed() {
    for engine in Engine::all() {
        let names = names(engine);
        let mut sql = CANARY.to_owned();
        for (number, name) in names.iter().enumerate() {
            sql.push_str(&tables(engine, number, name));
        }
        let loaded = load(engine, &sql);
        let outcome = audit(&loaded.source()).finish();
        assert_eq!(outcome.code, Some(1), "{engine:?}: {}", outcome.stderr);
        let report = outcome.json();
        for (number, name) in names.iter().enumerate() {
            let probe = probe_of(&report, &format!("children_{number}"));
            assert_eq!(probe["orphan_rows"], 1, "{engine:?}, {name:?}: {probe:#}");
            assert_eq!(probe["samples"][0]["key"][name], "7", "{engine:?}, {name:?}: {probe:#}");
            let subject = format!("children_{number}({name})");
            let found = report["findings"].as_array().unwrap().iter().any(|finding| {
                let named = finding["subject"].as_str().unwrap();
                finding["rule"] == "orphaned_rows" && named.ends_with(&subject)
            });
            assert!(found, "{engine:?}: no finding on {subject:?}");
            let parent = report["relations"]
                .as_array()
                .unwrap()
                .iter()
                .find(|relation| relation["id"] == probe["relation"]);
            assert_eq!(parent.unwrap()["parent"]["columns"][0], *name, "{engine:?}");
        }
        assert_eq!(canaries(&loaded), 2, "{engine:?}");
        let table = relaudit(["audit", &loaded.source()]);
        assert_eq!(table.code, Some(1), "{engine:?}: {}", table.stderr);
        let control = |character: char| character.is_control() && character != '\n';
        assert!(
            !table.stdout.contains(control),
            "{engine:?} prints control characters: {:?}",
            table.stdout
        );
        assert!(table.stdout.contains("naïve ключ 鍵"), "{engine:?}: {}", table.stdout);
    }
}

fn canaries(loaded: &Loaded) -> u32 {
    match loaded {
        Loaded::Server(database) => database
            .rows("SELECT count(*) FROM canary")
            .remove(0)
            .remove(0)
            .unwrap()
            .parse()
            .unwrap(),
        Loaded::File(_) => {
            let connection = rusqlite::Connection::open(loaded.source()).unwrap();
            connection
                .query_row("SELECT count(*) FROM canary", [], |row| row.get(0))
                .unwrap()
        }
    }
}

#[test]
fn odd_database_and_namespace_names_are_entered() {
    let odd = "odd \"name; --";
    let database = super::server::postgres(18).database(
        "CREATE SCHEMA \"odd \"\"name; --\"; SET search_path = \"odd \"\"name; --\"; \
         CREATE TABLE parents (id INTEGER PRIMARY KEY); \
         CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parents); \
         CREATE INDEX ON children (parent_id);",
    );
    let outcome = audit(&database.url()).finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(
        outcome.json()["relations"][0]["child"]["table"],
        format!("{odd}.children")
    );
}
