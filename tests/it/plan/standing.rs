//! Something that came since has the name that the plan gives to its own work, or the plan is run on another database: it
//! is not taken for the plan's, and the undo leaves it alone.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

const SCHEMA: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE old_customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, other_id INTEGER);
INSERT INTO customers VALUES (1), (2);
INSERT INTO old_customers VALUES (1), (2), (3);
INSERT INTO orders VALUES (1, 1, 3), (2, 2, NULL);
";

const CONFIG: &str = "relations:\n  - {child: orders, columns: customer_id, parent: customers, kind: has_one}\n  - {child: \
                      orders, columns: other_id, parent: old_customers, on_delete: cascade}\n";

fn engines() -> impl Iterator<Item = Engine> {
    // SQLite's foreign keys have no names that could be taken, and what a rebuild begins with is the table's whole text.
    client::engines().filter(|engine| engine.family() != Family::Sqlite)
}

/// Each in place of what the plan makes under that name, and how it goes again.
const OTHERS: [(&str, &str); 4] = [
    (
        "ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES old_customers (id)",
        "constraint orders_customer_id_fkey",
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT orders_other_id_fkey FOREIGN KEY (other_id) REFERENCES old_customers (id) ON DELETE \
         SET NULL",
        "constraint orders_other_id_fkey",
    ),
    (
        "CREATE INDEX orders_other_id_idx ON orders (customer_id)",
        "index orders_other_id_idx",
    ),
    (
        "CREATE INDEX orders_customer_id_key ON orders (customer_id)",
        "index orders_customer_id_key",
    ),
];

#[test]
fn what_has_the_name_is_not_taken_for_the_plan_s() {
    for engine in engines() {
        for (other, named) in OTHERS {
            let trip = Trip::start(engine, SCHEMA, CONFIG, &[]);
            trip.execute(other);
            let with_it = client::state(engine, &trip.database);
            let said = trip.up().expect_err(other);
            assert!(
                said.contains(named) && said.contains("another one"),
                "{engine:?}, {other}: {said}"
            );
            let said = trip.down().expect_err(other);
            assert!(
                said.contains(named) && said.contains("another one"),
                "{engine:?}, {other}: {said}"
            );
            let line = with_it
                .iter()
                .find(|line| line.contains(named.split(' ').nth(1).unwrap()));
            assert!(
                client::state(engine, &trip.database).contains(line.unwrap()),
                "{engine:?}, {other}"
            );
        }
    }
}

/// The same by another hand is what the plan wants.
#[test]
fn what_is_there_as_planned_is_taken() {
    for engine in engines() {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &[]);
        trip.execute("CREATE INDEX orders_other_id_idx ON orders (other_id)");
        trip.execute(
            "ALTER TABLE orders ADD CONSTRAINT orders_other_id_fkey FOREIGN KEY (other_id) REFERENCES old_customers (id) ON DELETE \
             CASCADE",
        );
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(trip.findings(), [], "{engine:?}");
        trip.down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}
