//! Plans of MySQL and MariaDB mean the same in every session, and leave a session that is a program's as it was.

use std::fs;
use std::process::Command;

use mysql::prelude::Queryable as _;
use tempfile::TempDir;

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family, Loaded, load};
use crate::run::Run;

fn engines() -> impl Iterator<Item = Engine> {
    client::engines().filter(|engine| matches!(engine.family(), Family::Mysql | Family::MariaDb))
}

fn locale(name: &str) -> impl Fn(&mut Command) {
    move |command| {
        command.env("LC_ALL", name);
    }
}

fn count(trip: &Trip, what: &str) -> String {
    trip.rows(&format!("SELECT COUNT(*) FROM {what}")).concat().concat()
}

/// One row without parent, in tables of these names.
fn shops(cities: &str, shops: &str) -> String {
    format!(
        "CREATE TABLE `{cities}` (id INTEGER PRIMARY KEY);
         CREATE TABLE `{shops}` (id INTEGER PRIMARY KEY, city_id INTEGER, note VARCHAR(20), FOREIGN KEY (city_id) REFERENCES \
         `{cities}` (id) ON DELETE CASCADE);
         INSERT INTO `{cities}` VALUES (1), (2);
         SET foreign_key_checks = 0;
         INSERT INTO `{shops}` VALUES (1, 1, NULL), (2, 2, NULL), (77, 99, 'ö');"
    )
}

#[test]
fn clients_of_any_locale_run_the_files() {
    for engine in engines() {
        for names in [["cities", "shops"], ["städte", "läden"]] {
            for [up, down] in [["C.UTF-8", "C"], ["C", "C.UTF-8"]] {
                let trip = Trip::start(engine, &shops(names[0], names[1]), "", &["--orphans", "quarantine"]);
                let run = trip.up_with(locale(up));
                run.unwrap_or_else(|error| panic!("{engine:?}, {names:?}, {up}: {error}"));
                assert_eq!(count(&trip, &format!("`{}`", names[1])), "2", "{engine:?}, {up}");
                let run = trip.down_with(locale(down));
                run.unwrap_or_else(|error| panic!("{engine:?}, {names:?}, {down}: {error}"));
                trip.assert_undone();
            }
        }
    }
}

#[test]
fn what_the_quarantine_says_is_ascii_where_the_names_are() {
    for engine in client::engines().filter(|engine| *engine != Engine::Sqlite) {
        let sql = "CREATE TABLE cities (id INTEGER PRIMARY KEY); CREATE TABLE shops (id INTEGER PRIMARY KEY, city_id INTEGER);
            INSERT INTO cities VALUES (1); INSERT INTO shops VALUES (1, 1), (2, 7), (3, 0);";
        let config = "relations: [{child: shops, columns: city_id, parent: cities}]";
        let trip = Trip::start(engine, sql, config, &["--orphans", "quarantine"]);
        trip.up().unwrap();
        let reasons = trip
            .rows("SELECT relaudit_reason FROM relaudit_quarantine_shops")
            .concat();
        assert_eq!(reasons.len(), 2, "{engine:?}: {reasons:?}");
        assert!(
            reasons.iter().all(|reason| reason.is_ascii()),
            "{engine:?}: {reasons:?}"
        );
    }
}

/// Dates that the default mode of MySQL refuses, as defaults and as values.
const DATES: &str = "\
SET sql_mode = '';
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, d DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00');
CREATE TABLE letters (id INTEGER PRIMARY KEY, customer_id BIGINT, d DATE NOT NULL DEFAULT '0000-00-00');
CREATE TABLE profiles (id INTEGER PRIMARY KEY AUTO_INCREMENT, customer_id INTEGER NOT NULL, d DATETIME NOT NULL,
  days INTEGER NOT NULL DEFAULT 0, share DOUBLE AS (1 / days) STORED);
CREATE INDEX profiles_customer ON profiles (customer_id);
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders (id, customer_id) VALUES (1, 1), (2, 2), (3, 7);
INSERT INTO letters VALUES (1, 1, '2020-02-31'), (2, 7, '2020-00-10'), (3, 8, '0000-00-00'), (4, 9, '2020-02-31');
INSERT INTO profiles (customer_id, d) VALUES (1, '2020-00-10'), (7, '0000-00-00'), (0, '2020-04-31');
UPDATE profiles SET id = 0 WHERE id = 3;
";

const OF_DATES: &str = "relations:
  - {child: orders, columns: customer_id, parent: customers, on_delete: cascade, optional: false}
  - {child: letters, columns: customer_id, parent: customers, on_delete: cascade}
  - {child: profiles, columns: customer_id, parent: customers, kind: has_one, on_delete: cascade}
";

#[test]
fn dates_that_no_calendar_has_are_kept() {
    for engine in engines() {
        let trip = Trip::start(engine, DATES, OF_DATES, &["--orphans", "quarantine"]);
        trip.round(|trip| {
            for table in ["orders", "letters", "profiles"] {
                let kept = format!("relaudit_quarantine_{table}");
                assert_ne!(count(trip, &kept), "0", "{engine:?}: {table}");
            }
        });
    }
}

/// Names and values in which every character is one that a mode gives another meaning.
const MARKS: &str = "\
SET sql_mode = '';
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE `or\"d'ers\\n` (id INTEGER PRIMARY KEY, customer_id INTEGER, `a||b\\` VARCHAR(20) DEFAULT 'it''s \\\\ \"x\"',
  KEY (customer_id), FOREIGN KEY (customer_id) REFERENCES customers (id));
INSERT INTO customers VALUES (1);
SET foreign_key_checks = 0;
INSERT INTO `or\"d'ers\\n` (id, customer_id) VALUES (1, 1), (2, 7), (3, 8);
";

const ODD_SESSION: &str = "--init-command=SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,NO_ZERO_DATE,\
                           NO_ZERO_IN_DATE,STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY', autocommit = 0, completion_type = 'RELEASE', \
                           sql_safe_updates = 1";

#[test]
fn the_session_s_mode_changes_nothing() {
    let odd = |command: &mut Command| {
        command.arg(ODD_SESSION);
    };
    for engine in engines() {
        for (sql, config) in [(DATES, OF_DATES), (MARKS, "")] {
            let trip = Trip::start(engine, sql, config, &["--orphans", "delete"]);
            trip.up().unwrap();
            let done = client::state(engine, &trip.database);
            trip.down().unwrap();
            trip.assert_undone();
            trip.up_with(odd)
                .unwrap_or_else(|error| panic!("{engine:?}, {sql}: {error}"));
            assert_eq!(
                masked(client::state(engine, &trip.database)),
                masked(done),
                "{engine:?}"
            );
            trip.down_with(odd)
                .unwrap_or_else(|error| panic!("{engine:?}, {sql}: {error}"));
            trip.assert_undone();
            trip.up_with(odd).unwrap();
            trip.contract_with(odd).unwrap();
            let left = "information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'relaudit%'";
            // The profile whose key says "none" is kept for good.
            let kept = if sql == DATES { "1" } else { "0" };
            assert_eq!(count(&trip, left), kept, "{engine:?}, {sql}");
        }
    }
}

/// Without the rows of quarantines, which have the time in them.
fn masked(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .filter(|line| !line.starts_with("INSERT INTO `relaudit_quarantine_"))
        .collect()
}

#[test]
fn the_session_of_a_program_is_given_back() {
    for engine in engines() {
        let database = load(engine, DATES);
        let Loaded::Server(server) = &database else { continue };
        let folder = TempDir::new().unwrap();
        let run = Run::new(["plan", &database.source(), "--orphans", "quarantine"])
            .args(["--layout", "golang-migrate", "--out"])
            .args([folder.path()])
            .file("relaudit.yml", OF_DATES);
        let outcome = run.finish();
        assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
        let mut connection = server.server().mysql(server.name()).unwrap();
        connection
            .query_drop("SET NAMES latin1 COLLATE latin1_german1_ci")
            .unwrap();
        connection
            .query_drop(
                "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', autocommit = 0, completion_type = 1, \
                 sql_safe_updates = 1, lock_wait_timeout = 77, innodb_lock_wait_timeout = 78, foreign_key_checks = 0, \
                 character_set_results = NULL",
            )
            .unwrap();
        let before = settings(&mut connection);
        assert!(before.len() > 300);
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.retain(|file| file.to_str().unwrap().ends_with(".up.sql"));
        assert!(files.len() > 5, "{files:?}");
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            let mut sent = connection.query_iter(&text).unwrap();
            // An error in one of the statements ends them all, and is told in its place.
            while let Some(set) = sent.iter() {
                set.for_each(|row| drop(row.unwrap_or_else(|error| panic!("{engine:?}: {error}\n{text}"))));
            }
        }
        assert_eq!(settings(&mut connection), before, "{engine:?}");
    }
}

/// What a session is like, but for what every statement changes.
fn settings(connection: &mut mysql::Conn) -> Vec<(String, Option<String>)> {
    let changing = [
        "timestamp",
        "insert_id",
        "identity",
        "gtid",
        "rand_seed",
        "statement_id",
    ];
    let all: Vec<(String, Option<String>)> = connection.query("SHOW SESSION VARIABLES").unwrap();
    all.into_iter()
        .filter(|(name, _)| !changing.iter().any(|part| name.contains(part)))
        .collect()
}
