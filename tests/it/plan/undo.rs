//! What an undo can give back to whom.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

/// A foreign key that counts as validated, with rows in it that break it.
const SCHEMA: &str = "\
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL);
INSERT INTO customers VALUES (1);
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
SET session_replication_role = replica;
INSERT INTO orders VALUES (1, 1), (2, 7);
SET session_replication_role = DEFAULT;
";

/// From here on whoever comes owns the tables and is no superuser.
const NO_SUPERUSER: &str = "\
DO $$ BEGIN CREATE ROLE owns_its_tables; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER TABLE customers OWNER TO owns_its_tables;
ALTER TABLE orders OWNER TO owns_its_tables;
GRANT CREATE ON SCHEMA public TO owns_its_tables;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET role = owns_its_tables', current_database()); END $$;
";

fn postgres() -> impl Iterator<Item = Engine> {
    let engines = Engine::all().into_iter();
    engines.filter(|engine| engine.family() == Family::Postgres)
}

#[test]
fn a_superuser_gets_a_validated_key_back() {
    for engine in postgres() {
        let trip = Trip::start(engine, SCHEMA, "", &["--orphans", "quarantine"]);
        assert!(
            trip.described().contains("undone by a superuser that is so again"),
            "{}",
            trip.described()
        );
        trip.round(|trip| assert_eq!(trip.rows("SELECT count(*) FROM orders"), [["1"]]));
        // The key works as before.
        let keys = trip.rows("SELECT convalidated FROM pg_constraint WHERE conname = 'orders_customer_id_fkey'");
        assert_eq!(keys, [["t"]]);
        let off = trip.rows("SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'");
        assert_eq!(off, [["0"]], "{engine:?}");
    }
}

#[test]
fn others_get_it_back_unvalidated() {
    for engine in postgres() {
        let trip = Trip::start(
            engine,
            &format!("{SCHEMA}{NO_SUPERUSER}"),
            "",
            &["--orphans", "quarantine"],
        );
        let before = client::state(engine, &trip.database);
        trip.up().unwrap();
        assert_eq!(trip.rows("SELECT count(*) FROM orders"), [["1"]]);
        trip.down().unwrap();
        let after = client::state(engine, &trip.database);
        let validated: Vec<String> = after.iter().map(|line| line.replace(" NOT VALID", "")).collect();
        assert_eq!(validated, before, "{engine:?}");
        assert_ne!(after, before, "{engine:?}: a key with such rows cannot be validated");
    }
}
