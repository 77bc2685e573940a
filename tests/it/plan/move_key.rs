//! Keys that move to the other table, with rows.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::trip::Trip;
use super::{client, round_trip};
use crate::live::server::{Engine, load};
use crate::run::Run;

const ENGINES: [Engine; 5] = [
    Engine::Sqlite,
    Engine::Postgres18,
    Engine::Postgres14,
    Engine::Mysql97,
    Engine::MariaDb,
];

/// The database has the key on the address, and the model on the customer.
fn shop(unique: &str, addresses: &str) -> String {
    format!(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(20), changed TIMESTAMP NULL); CREATE TABLE addresses (id INTEGER \
         PRIMARY KEY, customer_id INTEGER NULL{unique}, FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE); INSERT \
         INTO customers VALUES (1, 'a', '2020-01-01 00:00:00'), (2, 'b', NULL), (3, NULL, NULL); INSERT INTO addresses VALUES {addresses}"
    )
}

/// A folder with the models beside the file that this writes.
fn case(sql: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir_all(folder.path().join("models/case")).unwrap();
    std::fs::write(folder.path().join("case.sql"), sql).unwrap();
    let models = "class Customer < ApplicationRecord\n  belongs_to :address, optional: true\nend\n\nclass Address < \
                  ApplicationRecord\nend\n";
    std::fs::write(folder.path().join("models/case/models.rb"), models).unwrap();
    folder
}

/// Neither MySQL nor MariaDB adds a column or drops one online where a table has such an index.
#[test]
fn a_key_moves_between_tables_that_the_server_has_to_copy() {
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        for extra in [
            "w VARCHAR(50), FULLTEXT KEY (w)",
            "n INT, v INT AS (n + 1) VIRTUAL, KEY (v)",
        ] {
            let sql = format!(
                "CREATE TABLE customers (id INTEGER PRIMARY KEY, {extra}); CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_id \
                 INTEGER NULL, {extra}, FOREIGN KEY (customer_id) REFERENCES customers (id)); INSERT INTO customers (id) VALUES (1), \
                 (2); INSERT INTO addresses (id, customer_id) VALUES (10, 1), (20, NULL)"
            );
            let folder = case(&sql);
            let file = folder.path().join("case.sql");
            let (mended, failures) = round_trip::check(engine, Some("foreign_key_on_wrong_side"), &file);
            assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
            assert_eq!(mended, 1, "{}", engine.name());
        }
    }
}

#[test]
fn a_key_moves_with_its_values_there_and_back() {
    for engine in ENGINES {
        for unique in [" UNIQUE", ""] {
            let folder = case(&shop(unique, "(10, 1), (20, 3), (30, NULL)"));
            let file = folder.path().join("case.sql");
            let (mended, failures) = round_trip::check(engine, Some("foreign_key_on_wrong_side"), &file);
            assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
            assert_eq!(mended, 1, "{}", engine.name());
        }
    }
}

#[test]
fn the_old_key_stays_while_something_would_be_lost() {
    for engine in ENGINES {
        let folder = case(&shop("", "(10, 1), (30, NULL)"));
        let (database, steps) = planned(engine, folder.path());
        let file = |name: &str| {
            let found = steps.iter().find(|file| file.ends_with(&format!("_{name}.sql")));
            folder
                .path()
                .join("plan")
                .join(found.unwrap_or_else(|| panic!("{name}: {steps:?}")))
        };
        for step in steps.iter().filter(|step| !step.starts_with("contract/")) {
            client::run(engine, &database, &folder.path().join("plan").join(step)).unwrap();
        }
        // An application of before writes on.
        let late = folder.path().join("late.sql");
        std::fs::write(&late, "UPDATE addresses SET customer_id = 2 WHERE id = 30;\n").unwrap();
        client::run(engine, &database, &late).unwrap();
        let drop_column = file("drop_column_addresses_customer_id");
        let error = client::run(engine, &database, &drop_column).unwrap_err();
        assert!(
            error.contains("relaudit: rows of") && error.contains("addresses have something"),
            "{error}"
        );
        client::run(engine, &database, &file("fill_customers_address_id")).unwrap();
        client::run(engine, &database, &drop_column).unwrap();
        let state = client::state(engine, &database).join("\n");
        assert!(!state.contains("customer_id"), "{state}");
    }
}

/// The address of the second customer is in a region that is gone, and goes.
#[test]
fn a_key_is_filled_from_the_rows_that_stay() {
    let sql = "
CREATE TABLE regions (id INTEGER PRIMARY KEY);
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, customer_id INTEGER NULL, region_id INTEGER NULL,
  FOREIGN KEY (customer_id) REFERENCES customers (id));
INSERT INTO regions VALUES (1); INSERT INTO customers VALUES (1), (2);
INSERT INTO addresses VALUES (10, 1, 1), (20, 2, 9), (30, NULL, 1);
";
    let config = "relations:
  - {child: addresses, columns: [region_id], parent: regions, kind: has_many, on_delete: cascade}
";
    let folder = case(sql);
    let models = folder.path().join("models/case").display().to_string();
    for engine in ENGINES {
        let trip = Trip::start(engine, sql, config, &["--models", &models]);
        trip.round(|trip| {
            let filled = trip.rows("SELECT id, address_id FROM customers ORDER BY id");
            assert_eq!(filled, [["1", "10"], ["2", "NULL"]], "{engine:?}");
        });
        trip.up().unwrap();
        trip.contract().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[test]
fn two_rows_for_one_withhold_the_move() {
    for engine in ENGINES {
        let folder = case(&shop("", "(10, 1), (20, 1), (30, 2)"));
        let (_, steps) = planned(engine, folder.path());
        assert!(
            !steps.iter().any(|step| step.contains("customers_address_id")),
            "{steps:?}"
        );
        let plan = std::fs::read_to_string(folder.path().join("plan/PLAN.md")).unwrap();
        assert!(plan.contains("are those of more than one row, such as `1`"), "{plan}");
    }
}

/// The database, and the files of the steps.
fn planned(engine: Engine, folder: &Path) -> (crate::live::server::Loaded, Vec<String>) {
    let database = load(engine, &std::fs::read_to_string(folder.join("case.sql")).unwrap());
    let out = folder.join("plan");
    let run = Run::new(["plan", &database.source(), "--out"]).args([&out]);
    let outcome = run.args([Path::new("--models"), &folder.join("models/case")]).finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
    let steps = plan["steps"].as_array().unwrap().iter();
    (
        database,
        steps.map(|step| step["file"].as_str().unwrap().to_owned()).collect(),
    )
}
