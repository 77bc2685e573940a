//! SQLite's tables are made anew with all that they had, and only where all is as it was planned for.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use super::round_trip::files;
use crate::live::server::{Engine, Loaded, load};
use crate::run::Run;

/// What a careless rebuild would lose or change: comments, conditions, collations, computed columns, the counter of
/// AUTOINCREMENT, numbers of rows, indexes, triggers, what views and other tables' triggers name, and a row without parent
/// that is not to be touched.
const SHOP: &str = "
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE);
CREATE TABLE Orders ( -- every order
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INT /* who; (or nobody) */ , -- a comment, with a comma
  code TEXT DEFAULT 'a, b)' COLLATE NOCASE,
  total NUMERIC CHECK (total >= 0) ,
  twice GENERATED ALWAYS AS (total * 2) STORED,
  previous_id INT CONSTRAINT \"the previous\" REFERENCES orders(id) ON UPDATE CASCADE ON DELETE SET NULL,
  UNIQUE (code) ON CONFLICT REPLACE -- the last
);
CREATE INDEX orders_person ON Orders (person_id) WHERE person_id > 0;
CREATE INDEX \"by code\" ON orders (lower(code));
CREATE TRIGGER counted AFTER UPDATE ON orders BEGIN UPDATE people SET name = name || '!' WHERE id = new.person_id; SELECT 1; END;
CREATE TRIGGER other AFTER INSERT ON people BEGIN INSERT INTO orders (person_id, total) VALUES (new.id, 1); END;
CREATE VIEW totals AS SELECT person_id, sum(total) AS total FROM orders GROUP BY person_id;
CREATE TRIGGER into_view INSTEAD OF INSERT ON totals BEGIN INSERT INTO orders (person_id) VALUES (new.person_id); END;
CREATE TABLE lines (order_id INT NOT NULL, place INT NOT NULL, note ANY, PRIMARY KEY (order_id, place)) WITHOUT ROWID, STRICT;
CREATE TABLE logs (order_id INTEGER, message TEXT);
CREATE INDEX logs_order ON logs (order_id);
INSERT INTO orders (id, person_id, code, total, previous_id) VALUES (10, 1, 'x', 2, NULL), (11, 2, 'y', 3, 10), (12, NULL, 'z', 4, 77);
INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'b');
INSERT INTO orders (id, code) VALUES (90, 'gone'); DELETE FROM orders WHERE id = 90;
INSERT INTO lines VALUES (10, 1, 'text'), (10, 2, 3.5), (11, 1, x'00ff');
INSERT INTO logs (rowid, order_id, message) VALUES (5, 10, 'five'), (9, 11, 'nine');
ANALYZE;";

const CONFIG: &str = "
relations:
  - {child: Orders, columns: [person_id], parent: people, kind: has_many}
  - {child: lines, columns: [order_id], parent: Orders, kind: has_many, on_delete: cascade}
  - {child: logs, columns: [order_id], parent: Orders, kind: has_many, optional: false}
";

struct Planned {
    database: Loaded,
    ups: Vec<PathBuf>,
    downs: Vec<PathBuf>,
    steps: Vec<Value>,
    _folder: TempDir,
}

impl Planned {
    fn new(sql: &str) -> Self {
        let database = load(Engine::Sqlite, sql);
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("relaudit.yml");
        fs::write(&config, CONFIG).unwrap();
        let out = folder.path().join("plan");
        let source = database.source();
        let run = Run::new(["plan", &source, "--orphans", "withhold", "--out"]).args([&out]);
        let outcome = run.args(["--config".into(), config]).finish();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        let plan: Value = serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
        let steps = plan["steps"].as_array().unwrap().clone();
        let (ups, downs, _) = files(&out, &steps);
        Self {
            database,
            ups,
            downs,
            steps,
            _folder: folder,
        }
    }

    fn run(&self, files: &[PathBuf]) -> Result<(), String> {
        files
            .iter()
            .try_for_each(|file| client::run(Engine::Sqlite, &self.database, file).map(drop))
    }

    fn state(&self) -> Vec<String> {
        client::state(Engine::Sqlite, &self.database)
    }

    fn connection(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.database.source()).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection
    }
}

#[test]
fn all_that_a_table_has_stays() {
    let planned = Planned::new(SHOP);
    let before = planned.state();
    planned.run(&planned.ups).unwrap();
    let after = planned.state();
    let lost: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    // The name of a table that was made anew is in quotes, and what follows the last element has a comma before it.
    assert_eq!(
        lost,
        [
            "  UNIQUE (code) ON CONFLICT REPLACE -- the last",
            "CREATE TABLE Orders ( -- every order",
            "CREATE TABLE lines (order_id INT NOT NULL, place INT NOT NULL, note ANY, PRIMARY KEY (order_id, place)) WITHOUT \
             ROWID, STRICT;",
            "CREATE TABLE logs (order_id INTEGER, message TEXT);",
        ]
    );
    let rows = |sql: &str| -> Vec<String> {
        let connection = planned.connection();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(
        rows(
            "SELECT \"table\" || ' ' || \"from\" || ' ' || on_delete FROM sqlite_schema s, pragma_foreign_key_list(s.name) ORDER BY 1"
        ),
        [
            "Orders order_id CASCADE",
            "Orders order_id NO ACTION",
            "orders previous_id SET NULL",
            "people person_id NO ACTION"
        ]
    );
    assert_eq!(rows("SELECT rowid || message FROM logs"), ["5five", "9nine"]);
    assert_eq!(rows("PRAGMA integrity_check"), ["ok"]);
    // Triggers, views and the counter still work.
    planned
        .connection()
        .execute_batch("INSERT INTO people (name) VALUES ('c')")
        .unwrap();
    assert_eq!(
        rows("SELECT id || ' ' || person_id FROM orders WHERE id > 90"),
        ["91 3"]
    );
    planned
        .connection()
        .execute_batch("DELETE FROM orders WHERE id > 90; DELETE FROM people WHERE id = 3")
        .unwrap();
    let run_before = planned.state();
    planned.run(&planned.ups).unwrap();
    assert_eq!(planned.state(), run_before, "running it again changes nothing");
}

#[test]
fn undone_it_is_as_it_was() {
    let planned = Planned::new(SHOP);
    let before = planned.state();
    planned.run(&planned.ups).unwrap();
    planned.run(&planned.downs).unwrap();
    assert_eq!(planned.state(), before);
    planned.run(&planned.downs).unwrap();
    assert_eq!(planned.state(), before, "undoing it again changes nothing");
}

#[test]
fn each_table_is_made_anew_once() {
    let planned = Planned::new(SHOP);
    let slugs: Vec<&str> = planned.steps.iter().filter_map(|step| step["file"].as_str()).collect();
    assert_eq!(
        slugs,
        [
            "001_prepare_add_index_orders_person_id_idx.sql",
            "002_prepare_add_index_orders_previous_id_idx.sql",
            "003_constrain_add_foreign_key_orders_person_id_fkey.sql",
            "004_constrain_add_foreign_key_lines_order_id_fkey.sql",
            "005_validate_rebuild_logs.sql",
        ]
    );
}

#[test]
fn what_is_not_as_planned_is_left_alone() {
    let cases = [
        ("ALTER TABLE Orders ADD COLUMN more TEXT", "is not defined as it was"),
        (
            "CREATE TRIGGER more AFTER DELETE ON orders BEGIN SELECT 1; END",
            "has other indexes or triggers",
        ),
        ("CREATE INDEX more ON orders (total)", "has other indexes or triggers"),
        ("DROP INDEX orders_person", "has other indexes or triggers"),
        (
            "UPDATE Orders SET person_id = 55 WHERE id = 12",
            "have no parent by a foreign key",
        ),
    ];
    for (change, message) in cases {
        let planned = Planned::new(SHOP);
        planned.run(planned.ups.get(..2).unwrap()).unwrap();
        planned.connection().execute_batch(change).unwrap();
        let before = planned.state();
        let error = planned.run(planned.ups.get(2..).unwrap()).unwrap_err();
        assert!(error.contains(message), "{change}: {error}");
        assert_eq!(planned.state(), before, "{change}");
    }
}

#[test]
fn a_reader_of_sql_alone_knows_no_triggers_and_they_are_not_lost() {
    let folder = TempDir::new().unwrap();
    let migrations = folder.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    fs::write(migrations.join("1.sql"), SHOP).unwrap();
    let run = Run::new(["plan", "--dialect", "sqlite"]).args([&migrations]);
    let outcome = run.finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    let script = folder.path().join("plan.sql");
    fs::write(&script, &outcome.stdout).unwrap();
    let database = load(Engine::Sqlite, SHOP);
    let before = client::state(Engine::Sqlite, &database);
    if outcome.stdout.contains("relaudit_new_Orders") {
        let error = client::run(Engine::Sqlite, &database, &script).unwrap_err();
        assert!(error.contains("has other indexes or triggers"), "{error}");
    }
    let after = client::state(Engine::Sqlite, &database);
    let triggers = |lines: &[String]| lines.iter().filter(|line| line.contains("TRIGGER")).count();
    assert_eq!(triggers(&after), triggers(&before));
}

#[test]
fn a_table_that_foreign_key_check_cannot_look_at_is_left_alone() {
    let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, code TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT REFERENCES people(code), person_id INTEGER);
        INSERT INTO people VALUES (1, 'same'), (2, 'same');
        INSERT INTO orders VALUES (1, 'same', 1)";
    let database = load(Engine::Sqlite, sql);
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("relaudit.yml");
    let stated = "relations:\n  - {child: orders, columns: [person_id], parent: people, kind: has_many}\n";
    fs::write(&config, stated).unwrap();
    let source = database.source();
    let outcome = Run::new(["plan", &source, "--config"]).args([&config]).finish();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("relaudit_new_orders"), "{}", outcome.stdout);
    let reason = "references `people(code)`, which is not unique";
    assert!(outcome.stdout.contains(reason), "{}", outcome.stdout);
}
