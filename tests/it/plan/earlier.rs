//! What earlier plans have left: the rows that they keep are none of a later plan's.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

const SCHEMA: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, note VARCHAR(20));
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 1, 'a'), (77, 99, 'b');
";

const CONFIG: &str = "relations:\n  - {child: orders, columns: customer_id, parent: customers}\n";

fn servers() -> impl Iterator<Item = Engine> {
    // SQLite's quarantines are of one step each.
    client::engines().filter(|engine| engine.family() != Family::Sqlite)
}

fn without_foreign_key(engine: Engine) -> &'static str {
    if engine.family() == Family::Postgres {
        "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey"
    } else {
        "ALTER TABLE orders DROP FOREIGN KEY orders_customer_id_fkey"
    }
}

#[test]
fn what_one_plan_keeps_another_one_neither_deletes_nor_brings_back() {
    for engine in servers() {
        let mut trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        let first = trip.plan["plan"].clone();
        trip.up().unwrap();
        trip.execute(without_foreign_key(engine));
        trip.execute("INSERT INTO orders VALUES (88, 99, 'c')");
        trip.plan_again(&["--orphans", "quarantine"]);
        assert_ne!(first, trip.plan["plan"], "{engine:?}");
        trip.up().unwrap();
        trip.down().unwrap();
        let kept = trip.rows("SELECT id FROM relaudit_quarantine_orders");
        assert_eq!(
            kept,
            [["77"]],
            "{engine:?}: the undo of the second plan took rows of the first"
        );
        trip.plan_again(&["--orphans", "delete"]);
        assert_ne!(first, trip.plan["plan"], "{engine:?}");
        trip.up().unwrap();
        trip.contract().unwrap();
        let kept = trip.rows("SELECT id FROM relaudit_quarantine_orders");
        assert_eq!(
            kept,
            [["77"]],
            "{engine:?}: the contract phase of the second plan deleted what the first keeps"
        );
    }
}

/// The quarantine of a table as it was, and a table that only has such a name.
#[test]
fn a_quarantine_of_another_shape_is_not_used() {
    for engine in servers() {
        let mut trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        trip.up().unwrap();
        trip.execute(without_foreign_key(engine));
        trip.execute("ALTER TABLE orders ADD COLUMN extra INTEGER");
        trip.execute("INSERT INTO orders VALUES (88, 98, 'c', 5)");
        trip.plan_again(&["--orphans", "quarantine"]);
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(trip.rows("SELECT id FROM orders"), [["1"]], "{engine:?}");
        trip.down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(
            trip.rows("SELECT id FROM orders ORDER BY id"),
            [["1"], ["88"]],
            "{engine:?}"
        );
        assert_eq!(
            trip.rows("SELECT id FROM relaudit_quarantine_orders"),
            [["77"]],
            "{engine:?}"
        );
    }
}

#[test]
fn run_again_after_its_end_a_plan_leaves_no_empty_quarantine() {
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "delete"]);
        for _ in 0..2 {
            trip.up().unwrap();
            trip.contract().unwrap();
        }
        trip.up().unwrap();
        let there = "SELECT relname FROM pg_class WHERE relname LIKE 'relaudit%'";
        assert_eq!(trip.rows(there), Vec::<Vec<String>>::new(), "{engine:?}");
    }
}

/// Rows that were loaded past the foreign keys of which they break two.
#[test]
fn rows_that_break_two_foreign_keys_come_back() {
    let schema = "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY); CREATE TABLE c (id integer \
                  PRIMARY KEY, a_id integer NOT NULL REFERENCES a, b_id integer NOT NULL REFERENCES b); CREATE INDEX c_a_id_idx \
                  ON c (a_id); CREATE INDEX c_b_id_idx ON c (b_id); INSERT INTO a VALUES (1), (2), (3); INSERT INTO b VALUES (1), \
                  (2), (3); SET session_replication_role = replica; INSERT INTO c VALUES (1, 1, 1), (31, 91, 3), (32, 3, 92), (33, \
                  93, 94);";
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, schema, "{}", &["--orphans", "quarantine"]);
        trip.round(|trip| assert_eq!(trip.rows("SELECT id FROM c"), [["1"]], "{engine:?}"));
    }
}

/// What a policy hides from whoever runs the plan is not taken for missing.
#[test]
fn rows_that_policies_hide_stop_a_step() {
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        let role = format!("hidden_{}", engine.name());
        trip.execute(&format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT USAGE, CREATE ON \
             SCHEMA public TO {role}; ALTER TABLE orders OWNER TO {role}; ALTER TABLE customers OWNER TO {role}; ALTER TABLE \
             customers ENABLE ROW LEVEL SECURITY; ALTER TABLE customers FORCE ROW LEVEL SECURITY; CREATE POLICY none ON customers \
             USING (false)"
        ));
        let error = trip.up_as(&role).unwrap_err();
        assert!(error.contains("row-level security"), "{engine:?}: {error}");
        assert_eq!(trip.rows("SELECT count(*) FROM orders"), [["2"]], "{engine:?}");
    }
}

/// The server checks a foreign key anew when its column gets another type.
#[test]
fn a_type_changes_after_the_rows_of_its_foreign_key_were_mended() {
    let schema = "CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE emails (id integer PRIMARY KEY, user_id bigint NOT NULL \
                  REFERENCES users); CREATE INDEX emails_user_id_idx ON emails (user_id); INSERT INTO users VALUES (1), (2); SET \
                  session_replication_role = replica; INSERT INTO emails VALUES (1, 1), (2, 2), (3, 3);";
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let mut trip = Trip::start(engine, schema, "{}", &["--orphans", "quarantine"]);
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("break its foreign key"), "{engine:?}: {withheld}");
        trip.round(|trip| {
            assert_eq!(
                trip.rows("SELECT id FROM emails ORDER BY id"),
                [["1"], ["2"]],
                "{engine:?}"
            );
        });
        trip.up().unwrap();
        trip.plan_again(&[]);
        assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(trip.findings(), [], "{engine:?}");
    }
}

/// The plan was made without it in sight, on a copy of the database or before it was there. What is narrower there would be
/// kept as another value, without an error.
#[test]
fn a_quarantine_of_another_shape_keeps_nothing() {
    let sql = SCHEMA
        .replace("note VARCHAR(20)", "note NUMERIC(10,2)")
        .replace("'a'", "1.25")
        .replace("'b'", "7.75");
    for engine in servers().filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, &sql, CONFIG, &["--orphans", "quarantine"]);
        trip.execute(
            "CREATE TABLE relaudit_quarantine_orders (LIKE orders, relaudit_plan text NOT NULL, relaudit_reason text NOT NULL, \
             relaudit_at timestamptz NOT NULL DEFAULT now()); ALTER TABLE relaudit_quarantine_orders ALTER note TYPE numeric(10)",
        );
        let error = trip.up().unwrap_err();
        assert!(error.contains("other columns or types"), "{engine:?}: {error}");
        assert_eq!(
            trip.rows("SELECT note FROM orders WHERE id = 77"),
            [["7.75"]],
            "{engine:?}"
        );
        trip.execute("DROP TABLE relaudit_quarantine_orders");
        trip.round(|trip| assert_eq!(trip.rows("SELECT id FROM orders"), [["1"]], "{engine:?}"));
    }
}
