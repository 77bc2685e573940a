//! NOT NULL that is set or dropped: what stood there before, and under which name, comes back.

use super::trip::Trip;
use crate::live::server::{Engine, Family};

fn postgres() -> impl Iterator<Item = Engine> {
    let engines = Engine::all().into_iter();
    engines.filter(|engine| engine.family() == Family::Postgres)
}

const SCHEMA: &str = "\
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers);
CREATE INDEX ON orders (customer_id);
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 1), (2, 2);
";

fn stated(optional: bool) -> String {
    format!("relations:\n  - {{child: orders, columns: customer_id, parent: customers, optional: {optional}}}\n")
}

/// PostgreSQL 18 marks the column at once, though rows from before may have nulls.
#[test]
fn a_constraint_that_holds_for_new_rows_only_is_validated() {
    if !Engine::all().contains(&Engine::Postgres18) {
        return;
    }
    for name in ["CONSTRAINT \"There is\"", "CONSTRAINT orders_customer_id_not_null", ""] {
        let sql = format!("{SCHEMA}ALTER TABLE orders ADD {name} NOT NULL customer_id NOT VALID;");
        let trip = Trip::start(Engine::Postgres18, &sql, &stated(false), &[]);
        assert_eq!(trip.withheld(), [""; 0], "{name}");
        trip.round(|trip| {
            let constraints = "SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'orders'::regclass AND \
                               contype = 'n' AND conkey = '{2}'";
            assert_eq!(trip.rows(constraints), [["1", "t"]], "{name}");
            assert_eq!(trip.findings(), [], "{name}");
        });
    }
}

/// One that came since the plan was made is not taken for one that holds for all rows.
#[test]
fn a_constraint_that_came_since_and_is_not_valid_is_not_taken_for_one() {
    if !Engine::all().contains(&Engine::Postgres18) {
        return;
    }
    let trip = Trip::start(Engine::Postgres18, SCHEMA, &stated(false), &[]);
    trip.execute("ALTER TABLE orders ADD CONSTRAINT another NOT NULL customer_id NOT VALID");
    assert!(trip.up().is_err());
}

#[test]
fn a_name_comes_back_with_the_constraint() {
    for engine in postgres() {
        let sql = format!("{SCHEMA}ALTER TABLE orders ADD CHECK (id > 0);");
        let sql = sql.replace(
            "customer_id integer REF",
            "customer_id integer CONSTRAINT \"is there\" NOT NULL REF",
        );
        let trip = Trip::start(engine, &sql, &stated(true), &[]);
        assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
        trip.round(|trip| assert_eq!(trip.findings(), [], "{engine:?}"));
    }
}

#[test]
fn what_the_type_or_the_primary_key_forbids_is_withheld() {
    for engine in postgres() {
        let domain = format!("CREATE DOMAIN number AS integer NOT NULL; {SCHEMA}")
            .replace("customer_id integer", "customer_id number");
        let trip = Trip::start(engine, &domain, &stated(true), &[]);
        let withheld = trip.withheld().concat();
        assert!(withheld.contains("its type takes none"), "{engine:?}: {withheld}");
        assert_eq!(trip.steps(), [""; 0], "{engine:?}");
        let keyed = SCHEMA.replace(
            "id integer PRIMARY KEY, customer_id",
            "id integer, PRIMARY KEY (id, customer_id), customer_id",
        );
        let trip = Trip::start(engine, &keyed, &stated(true), &[]);
        let withheld = trip.withheld().concat();
        assert!(withheld.contains("is in the primary key"), "{engine:?}: {withheld}");
        assert_eq!(trip.steps(), [""; 0], "{engine:?}");
    }
}
