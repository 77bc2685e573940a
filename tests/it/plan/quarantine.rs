//! The table that keeps rows: one that is there already, one that cannot be made, and rows that cannot go back.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

fn engines() -> impl Iterator<Item = Engine> {
    client::engines().filter(|engine| matches!(engine.family(), Family::Mysql | Family::MariaDb))
}

/// Without foreign key, so that rows without parent can come in again.
const SCHEMA: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, note VARCHAR(20));
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 1, 'a'), (2, 2, 'b'), (77, 99, 'x');
";

const CONFIG: &str = "relations: [{child: orders, columns: customer_id, parent: customers}]";

fn count(trip: &Trip, what: &str) -> String {
    trip.rows(&format!("SELECT COUNT(*) FROM {what}")).concat().concat()
}

fn tables(trip: &Trip) -> Vec<String> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE \
               'relaudit%' ORDER BY 1";
    trip.rows(sql).concat()
}

fn routines(trip: &Trip) -> String {
    count(trip, "information_schema.routines WHERE routine_schema = DATABASE()")
}

fn drop_key(trip: &Trip) {
    trip.execute("ALTER TABLE orders DROP FOREIGN KEY orders_customer_id_fkey");
}

#[test]
fn rows_of_a_wide_table_are_kept() {
    let sql = "CREATE TABLE customers (id INTEGER PRIMARY KEY);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, a VARCHAR(8100), b VARCHAR(8100)) DEFAULT CHARSET = \
        utf8mb4;
        INSERT INTO customers VALUES (1);
        INSERT INTO orders VALUES (1, 1, 'a', 'b'), (77, 99, 'c', 'd');";
    for engine in engines() {
        let trip = Trip::start(engine, sql, CONFIG, &["--orphans", "quarantine"]);
        trip.round(|trip| assert_eq!(count(trip, "relaudit_quarantine_orders"), "1"));
    }
}

/// Where the row is too wide for anything besides, the step fails, and its undo has nothing to do.
#[test]
fn nothing_is_undone_where_nothing_could_be_kept() {
    let sql = "CREATE TABLE customers (id INTEGER PRIMARY KEY);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, a VARCHAR(16379)) DEFAULT CHARSET = utf8mb4;
        INSERT INTO customers VALUES (1);
        INSERT INTO orders VALUES (1, 1, 'a'), (77, 99, 'c');";
    for engine in engines() {
        let trip = Trip::start(engine, sql, CONFIG, &["--orphans", "quarantine"]);
        let error = trip.up().unwrap_err();
        assert!(error.contains("1118"), "{engine:?}: {error}");
        trip.down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        trip.assert_undone();
    }
}

#[test]
fn a_table_that_has_changed_gets_a_quarantine_of_its_new_shape() {
    for engine in engines() {
        let mut trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        trip.up().unwrap();
        drop_key(&trip);
        trip.execute("INSERT INTO orders VALUES (78, 98, 'y')");
        trip.plan_anew();
        trip.up().unwrap();
        assert_eq!(
            tables(&trip),
            ["relaudit_quarantine_orders"],
            "{engine:?}: the shape is the same"
        );
        trip.down().unwrap();
        trip.assert_undone();
        trip.execute("ALTER TABLE orders ADD COLUMN extra VARCHAR(10) NOT NULL DEFAULT ''");
        trip.execute("UPDATE orders SET extra = 'precious' WHERE id = 78");
        trip.plan_anew();
        trip.round(|trip| {
            assert_eq!(count(trip, "orders"), "2", "{engine:?}");
            let [old, new] = <[String; 2]>::try_from(tables(trip)).unwrap();
            assert_eq!(old, "relaudit_quarantine_orders");
            assert_eq!(trip.rows(&format!("SELECT id, extra FROM {new}")), [["78", "precious"]]);
            assert_eq!(count(trip, &old), "1", "{engine:?}");
        });
    }
}

#[test]
fn what_others_made_under_the_name_is_left_alone() {
    let others = [
        "CREATE TABLE relaudit_quarantine_orders (a INT)",
        "CREATE TABLE relaudit_quarantine_orders AS SELECT * FROM orders",
        "CREATE TABLE relaudit_quarantine_orders (relaudit_plan TEXT, relaudit_reason TEXT, relaudit_batch INT, relaudit_at DATE, \
         a INT) AS SELECT 'another' AS relaudit_plan, 5 AS a",
    ];
    for engine in engines() {
        for other in others {
            // Before the plan is made.
            let mut trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
            trip.execute(other);
            let rows = count(&trip, "relaudit_quarantine_orders");
            trip.plan_anew();
            trip.round(|trip| {
                assert_eq!(tables(trip).len(), 2, "{engine:?}, {other}");
                assert_eq!(count(trip, "relaudit_quarantine_orders"), rows);
            });
            // After it.
            trip.execute("DROP TABLE relaudit_quarantine_orders");
            trip.plan_anew();
            trip.execute(other);
            let before = client::state(engine, &trip.database);
            let error = trip.up().unwrap_err();
            assert!(
                error.contains("relaudit_quarantine_orders is there already"),
                "{engine:?}, {other}: {error}"
            );
            assert_eq!(count(&trip, "orders"), "3", "{engine:?}, {other}");
            trip.down()
                .unwrap_or_else(|error| panic!("{engine:?}, {other}: {error}"));
            assert_eq!(client::state(engine, &trip.database), before, "{engine:?}, {other}");
        }
    }
}

#[test]
fn the_plan_run_again_after_its_contract_phase_makes_nothing() {
    for engine in engines() {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "delete"]);
        trip.up().unwrap();
        assert_eq!(tables(&trip).len(), 1);
        trip.contract_with(|_| ()).unwrap();
        let done = client::state(engine, &trip.database);
        for _ in 0..2 {
            trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
            trip.contract_with(|_| ())
                .unwrap_or_else(|error| panic!("{engine:?}: {error}"));
            assert_eq!(client::state(engine, &trip.database), done, "{engine:?}");
        }
    }
}

/// A step that fails in the middle leaves its routine; what is run next takes it away.
#[test]
fn what_a_failed_step_left_goes() {
    let sql = SCHEMA.replace(
        "note VARCHAR(20)",
        "note VARCHAR(20), CHECK (customer_id IS NOT NULL OR id < 50)",
    );
    for engine in engines() {
        let trip = Trip::start(engine, &sql, CONFIG, &["--orphans", "nullify"]);
        let error = trip.up().unwrap_err();
        assert!(
            error.contains("violated") || error.contains("failed"),
            "{engine:?}: {error}"
        );
        assert_eq!(routines(&trip), "1", "{engine:?}");
        trip.down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(routines(&trip), "0", "{engine:?}");
        trip.assert_undone();
        trip.up().unwrap_err();
        trip.execute("UPDATE orders SET id = 7 WHERE id = 77");
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(routines(&trip), "0", "{engine:?}");
        assert_eq!(count(&trip, "orders WHERE customer_id IS NULL"), "1", "{engine:?}");
    }
}

/// What cannot go back as it was stays in the quarantine, all of it.
#[test]
fn rows_that_cannot_go_back_stay_kept() {
    let changes = [
        (
            "nullify",
            "UPDATE orders SET customer_id = 2 WHERE id = 77",
            "changed since",
        ),
        ("nullify", "DELETE FROM orders WHERE id = 77", "changed since"),
        (
            "quarantine",
            "INSERT INTO orders VALUES (77, 2, 'z')",
            "Duplicate entry",
        ),
    ];
    let sql = format!("{SCHEMA}INSERT INTO orders VALUES (78, 98, 'y');");
    for engine in engines() {
        for (treatment, change, said) in changes {
            let trip = Trip::start(engine, &sql, CONFIG, &["--orphans", treatment]);
            trip.up().unwrap();
            trip.execute(change);
            let rows = trip.rows("SELECT * FROM orders ORDER BY id");
            let error = trip.down().unwrap_err();
            assert!(error.contains(said), "{engine:?}, {change}: {error}");
            assert_eq!(
                trip.rows("SELECT * FROM orders ORDER BY id"),
                rows,
                "{engine:?}, {change}"
            );
            assert_eq!(count(&trip, "relaudit_quarantine_orders"), "2", "{engine:?}, {change}");
            // As it was after the step, it can be undone.
            let again = if treatment == "nullify" {
                "REPLACE INTO orders VALUES (77, NULL, 'x')"
            } else {
                "DELETE FROM orders WHERE id = 77"
            };
            trip.execute(again);
            trip.down()
                .unwrap_or_else(|error| panic!("{engine:?}, {change}: {error}"));
            trip.assert_undone();
        }
    }
}
