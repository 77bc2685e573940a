//! Types that are not the server's own: whether they are written with their schema depends on the session.

use super::trip::Trip;
use crate::live::server::{Engine, Family};

const SCHEMA: &str = r#"
CREATE SCHEMA "Odd schema";
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE "Odd schema"."a (type)" AS ENUM ('x');
CREATE DOMAIN code AS varchar(20) CHECK (value <> '');
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE customers (id code PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id code, feeling mood, feelings mood[] NOT NULL, both_of pair, odd
  "Odd schema"."a (type)", odds "Odd schema"."a (type)"[], amount numeric(10,2), stamps timestamp(3) with time zone[]);
INSERT INTO customers VALUES ('a'), ('b');
INSERT INTO orders VALUES (1, 'a', 'ok', '{ok,sad}', '(1,b)', 'x', '{x}', 1.25, '{2020-01-01}'),
  (2, 'z', 'sad', '{}', '(2,"c d")', NULL, NULL, NULL, NULL);
"#;

const CONFIG: &str = "relations:\n  - {child: orders, columns: customer_id, parent: customers}\n";

/// The engines' own client finds what is in `public`, and a session of the audit does not.
#[test]
fn steps_run_whatever_the_search_path_is() {
    for engine in Engine::all()
        .into_iter()
        .filter(|engine| engine.family() == Family::Postgres)
    {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
        trip.round(|trip| {
            assert_eq!(trip.rows("SELECT id FROM orders"), [["1"]], "{engine:?}");
            assert_eq!(trip.findings(), [], "{engine:?}");
        });
        trip.execute("ALTER TABLE orders ALTER feelings TYPE text[] USING feelings::text[]");
        let error = trip.up().unwrap_err();
        assert!(
            error.contains("not as it was when the plan was made"),
            "{engine:?}: {error}"
        );
    }
}

/// A variable that holds the key of a batch's last row is null before the first one. How the server writes the names of types
/// is a setting.
#[test]
fn keys_of_domains_without_nulls_are_gone_along_whatever_is_quoted() {
    let sql = "\
CREATE DOMAIN number AS integer NOT NULL CHECK (value > 0);
CREATE DOMAIN code AS text COLLATE \"C\" NOT NULL;
CREATE TABLE customers (id number PRIMARY KEY);
CREATE TABLE orders (id number, code code, customer_id number, PRIMARY KEY (code, id));
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 'a', 1), (2, 'B', 7);
DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET quote_all_identifiers = on', current_database()); END$$;
";
    for engine in Engine::all()
        .into_iter()
        .filter(|engine| engine.family() == Family::Postgres)
    {
        let trip = Trip::start(engine, sql, CONFIG, &["--orphans", "quarantine"]);
        trip.round(|trip| assert_eq!(trip.rows("SELECT id FROM orders"), [["1"]], "{engine:?}"));
    }
}
