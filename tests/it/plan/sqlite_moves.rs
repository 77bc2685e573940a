//! SQLite's keys move to the other table, where that takes more than the rules' fixtures have.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use super::round_trip::{self, files};
use crate::live::server::{Engine, Loaded, load};
use crate::run::Run;

/// The key is on the address, and the models want it on the customer. Around it is what a plan must not lose or trip over.
const MOVED: &str = "
CREATE TABLE customers ( -- who
  id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, country_id INTEGER,
  UNIQUE (code, country_id)
);
CREATE TABLE countries (id INTEGER PRIMARY KEY);
CREATE TABLE addresses (
  id INTEGER PRIMARY KEY, street TEXT,
  customer_id INTEGER UNIQUE,
  CONSTRAINT whose FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
);
CREATE INDEX addresses_customer ON addresses (customer_id);
CREATE INDEX addresses_street ON addresses (street);
CREATE TABLE visits (id INTEGER PRIMARY KEY, address_id INTEGER NOT NULL REFERENCES addresses (id));
CREATE INDEX visits_address ON visits (address_id);
CREATE TRIGGER counted AFTER INSERT ON customers BEGIN UPDATE countries SET id = id WHERE id = new.country_id; END;
INSERT INTO countries VALUES (1);
INSERT INTO customers VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', NULL), (4, 'gone', 99);
INSERT INTO addresses VALUES (10, 'x', 1), (20, 'y', 3), (30, 'z', NULL);
INSERT INTO visits VALUES (1, 10), (2, 30);
";

struct Moved {
    database: Loaded,
    folder: TempDir,
    steps: Vec<Value>,
}

impl Moved {
    fn new(sql: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let models = folder.path().join("models");
        std::fs::create_dir_all(&models).unwrap();
        std::fs::write(
            models.join("models.rb"),
            "class Customer < ApplicationRecord\n  belongs_to :address, optional: true\n  belongs_to :country, optional: true\nend\n\nclass \
             Address < ApplicationRecord\n  has_many :visits\nend\n\nclass Visit < ApplicationRecord\n  belongs_to :address\nend\n\nclass Country < \
             ApplicationRecord\n  has_many :customers\nend\n",
        )
        .unwrap();
        let database = load(Engine::Sqlite, sql);
        let out = folder.path().join("plan");
        let run = Run::new([
            "plan",
            &database.source(),
            "--orphans",
            "quarantine",
            "--run-triggers",
            "--out",
        ])
        .args([&out]);
        let outcome = run.args([Path::new("--models"), &models]).finish();
        assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
        let plan: Value = serde_json::from_str(&std::fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
        Self {
            database,
            folder,
            steps: plan["steps"].as_array().unwrap().clone(),
        }
    }

    fn files(&self) -> (Vec<PathBuf>, Vec<PathBuf>, Vec<PathBuf>) {
        files(&self.folder.path().join("plan"), &self.steps)
    }

    fn run(&self, files: &[PathBuf]) -> Result<(), String> {
        files
            .iter()
            .try_for_each(|file| client::run(Engine::Sqlite, &self.database, file).map(drop))
    }

    fn state(&self) -> Vec<String> {
        client::state(Engine::Sqlite, &self.database)
    }

    fn execute(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.database.source()).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn text(&self, sql: &str) -> String {
        let connection = rusqlite::Connection::open(self.database.source()).unwrap();
        connection
            .query_row(sql, [], |row| row.get::<_, Option<String>>(0))
            .unwrap()
            .unwrap_or_default()
    }
}

const LINKS: &str =
    "SELECT group_concat(id || '-' || ifnull(address_id, ''), ' ') FROM (SELECT * FROM customers ORDER BY id)";

#[test]
fn a_key_moves_together_with_all_else_that_changes_in_its_table() {
    moves_and_comes_back(MOVED);
    moves_and_comes_back(&MOVED.replace("country_id)\n);", "country_id)\n) WITHOUT ROWID;"));
    // INT is no number of the row, and that number comes along.
    moves_and_comes_back(&MOVED.replacen("INTEGER PRIMARY KEY, code", "INT NOT NULL PRIMARY KEY, code", 1));
}

fn moves_and_comes_back(sql: &str) {
    let moved = Moved::new(sql);
    let before = moved.state();
    let (ups, downs, contract) = moved.files();
    let of_customers = moved
        .steps
        .iter()
        .filter(|step| step["title"].as_str().unwrap().starts_with("Make `customers` anew"));
    assert_eq!(of_customers.count(), 1, "{:#?}", moved.steps);
    moved.run(&ups).unwrap();
    assert_eq!(moved.text(LINKS), "1-10 2- 3-20");
    let schema = "SELECT group_concat(\"table\" || '.' || \"from\", ' ') FROM (SELECT * FROM pragma_foreign_key_list('customers') ORDER BY \"from\")";
    assert_eq!(moved.text(schema), "addresses.address_id countries.country_id");
    let again = moved.state();
    moved.run(&ups).unwrap();
    assert_eq!(moved.state(), again, "run again");
    moved.run(&downs).unwrap();
    assert_eq!(moved.state(), before, "undone");
    moved.run(&downs).unwrap();
    assert_eq!(moved.state(), before, "undone again");
    moved.run(&ups).unwrap();
    // What the application wrote to the new column stays, and what it wrote to the old one comes along.
    moved.execute("UPDATE customers SET address_id = 30 WHERE id = 2");
    moved.execute("UPDATE addresses SET customer_id = 2 WHERE id = 30");
    moved.run(&ups).unwrap();
    assert_eq!(moved.text(LINKS), "1-10 2-30 3-20");
    moved.run(&contract).unwrap();
    let done = moved.state();
    let lost: Vec<&String> = before
        .iter()
        .filter(|line| line.contains("customer_id") && done.contains(line))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(done.iter().any(|line| line.contains("addresses_street")), "{done:?}");
    moved.run(&contract).unwrap();
    assert_eq!(moved.state(), done, "the contract phase again");
    assert_eq!(moved.text("PRAGMA integrity_check"), "ok");
    // The step that moves rows looks for the column that is gone, and so ends; nothing is changed by that.
    assert!(moved.run(&ups).is_err());
    assert_eq!(moved.state(), done, "run after the contract phase");
}

#[test]
fn the_old_column_stays_while_something_needs_it() {
    for (sql, mend, message) in [
        (
            "CREATE VIEW streets AS SELECT c.code, a.street FROM addresses a JOIN customers c ON c.id = a.customer_id",
            "DROP VIEW streets",
            "a view or a trigger names addresses and customer_id",
        ),
        (
            "CREATE TABLE letters (id INTEGER PRIMARY KEY, to_id INTEGER REFERENCES Addresses (Customer_id))",
            "DROP TABLE letters",
            "a foreign key references addresses.customer_id",
        ),
        (
            "UPDATE addresses SET customer_id = 2 WHERE id = 30",
            "UPDATE addresses SET customer_id = NULL WHERE id = 30",
            "rows of addresses have something in customer_id",
        ),
        (
            "CREATE INDEX late ON addresses (customer_id, id)",
            "DROP INDEX late",
            "has other indexes or triggers",
        ),
    ] {
        let moved = Moved::new(MOVED);
        let (ups, _, contract) = moved.files();
        moved.run(&ups).unwrap();
        moved.execute(sql);
        let before = moved.state();
        let error = moved.run(&contract).unwrap_err();
        assert!(error.contains(message), "{sql}: {error}");
        assert_eq!(moved.state(), before, "{sql}");
        moved.execute(mend);
        moved.run(&contract).unwrap();
    }
}

#[test]
fn nothing_is_filled_past_a_trigger_or_a_conflict() {
    let moved = Moved::new(MOVED);
    let (ups, ..) = moved.files();
    let fill = ups
        .iter()
        .find(|file| file.to_string_lossy().contains("_fill_"))
        .unwrap()
        .clone();
    let until: Vec<PathBuf> = ups.iter().take_while(|file| **file != fill).cloned().collect();
    moved.run(&until).unwrap();
    moved.execute("CREATE TRIGGER late AFTER UPDATE ON customers BEGIN UPDATE countries SET id = 2; END");
    let error = moved.run(std::slice::from_ref(&fill)).unwrap_err();
    assert!(error.contains("has a trigger that every UPDATE runs"), "{error}");
    assert_eq!(moved.text(LINKS), "1- 2- 3-");
    moved.execute("DROP TRIGGER late; DROP TABLE addresses; CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT, customer_id INTEGER); INSERT INTO addresses VALUES (10, 'x', 1), (11, 'x', 1)");
    let error = moved.run(std::slice::from_ref(&fill)).unwrap_err();
    assert!(
        error.contains("two rows of addresses have the same row of customers"),
        "{error}"
    );
    assert_eq!(moved.text(LINKS), "1- 2- 3-");
}

#[test]
fn rows_that_go_after_the_move_would_lose_a_column_and_stay() {
    let moved = Moved::new(MOVED);
    let (ups, ..) = moved.files();
    moved.run(&ups).unwrap();
    // Without the foreign key's guard a row of before gets in.
    moved.execute(
        "PRAGMA foreign_keys = OFF; INSERT INTO customers (id, code, country_id, address_id) VALUES (5, 'd', 98, 30)",
    );
    let before = moved.state();
    let error = moved.run(&ups).unwrap_err();
    assert!(error.contains("has columns that the plan does not know"), "{error}");
    assert_eq!(moved.state(), before);
}

#[test]
fn a_key_that_is_on_both_sides_goes_from_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules/foreign_key_on_both_sides");
    for name in ["bad.sql", "models.sql"] {
        let (mended, failures) =
            round_trip::check(Engine::Sqlite, Some("foreign_key_on_both_sides"), &folder.join(name));
        assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
        assert_eq!(mended, 1, "{name}");
    }
}
