//! Columns that get another type, where that takes more than the fixtures of the rule have.

use tempfile::TempDir;

use super::round_trip;
use crate::live::server::Engine;

const RULE: &str = "mismatched_key_type";

/// How many findings were mended by a plan for this database, there and back.
fn mended(engine: Engine, sql: &str) -> usize {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("case.sql");
    std::fs::write(&file, sql).unwrap();
    let (mended, failures) = round_trip::check(engine, RULE, &file);
    assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
    mended
}

/// Large enough to get a column beside the old one; with everything that has to come along.
const LARGE: &str = "
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer DEFAULT 1 NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  number integer NOT NULL,
  note text DEFAULT repeat('x', 200),
  CONSTRAINT orders_number UNIQUE (customer_id, number)
);
COMMENT ON COLUMN orders.customer_id IS 'who''s';
CREATE INDEX orders_customers ON orders (customer_id DESC, id) INCLUDE (number);
CREATE TABLE members (
  customer_id integer,
  part integer,
  note text DEFAULT repeat('x', 200),
  PRIMARY KEY (customer_id, part),
  FOREIGN KEY (customer_id) REFERENCES customers (id)
);
INSERT INTO customers SELECT generate_series(1, 500);
INSERT INTO orders SELECT n, n % 500 + 1, n FROM generate_series(1, 45000) n;
INSERT INTO members SELECT n % 500 + 1, n FROM generate_series(1, 45000) n;
";

#[test]
fn a_large_table_gets_a_second_column_with_all_that_the_first_one_has() {
    for engine in [Engine::Postgres14, Engine::Postgres18] {
        assert_eq!(mended(engine, LARGE), 2, "{}", engine.name());
    }
}
