//! SQLite's columns get other types, where that takes more than the rule's fixtures have.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::client;
use super::trip::Trip;
use crate::live::server::Engine;

const RULE: &str = "mismatched_key_type";

/// All kinds of tables and columns that hold a key of another type: with rows without parent, indexes, triggers, defaults,
/// conditions, a collation; as a primary key, in a STRICT table WITHOUT ROWID; a number that should be text.
const KINDS: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE countries (code TEXT PRIMARY KEY COLLATE NOCASE);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id VARCHAR(20) NOT NULL DEFAULT '7' CHECK (length(customer_id) > 0), -- whose
  number INT, note TEXT, twice INT AS (number * 2) STORED,
  UNIQUE (customer_id, number),
  FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
);
CREATE INDEX orders_note ON orders (customer_id, note) WHERE customer_id > '0';
CREATE TRIGGER noted AFTER UPDATE OF note ON orders BEGIN UPDATE customers SET name = new.note WHERE id = new.customer_id; END;
CREATE VIEW totals AS SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id;
CREATE TABLE cards (customer_id TEXT PRIMARY KEY, note TEXT);
CREATE TABLE parts (card_id TEXT NOT NULL, place INT NOT NULL, PRIMARY KEY (card_id, place)) WITHOUT ROWID, STRICT;
CREATE TABLE addresses (id INTEGER PRIMARY KEY, country INTEGER, customer_id);
INSERT INTO customers VALUES (0, 'nil'), (7, 'a'), (-8, 'b'), (9007199254740993, 'c');
INSERT INTO countries VALUES ('de'), ('10');
INSERT INTO orders (id, customer_id, number, note) VALUES (3, '7', 1, 'x'), (4, '-8', 1, NULL), (5, '9007199254740993', 1, ''), (9, '7', 2, 'y');
DELETE FROM orders WHERE id = 9;
INSERT INTO cards (rowid, customer_id, note) VALUES (5, '7', 'five'), (9, '-8', 'nine'), (11, '77', 'nobody''s'), (12, NULL, 'null'), (13, NULL, 'null too');
INSERT INTO parts VALUES ('7', 1), ('7', 2), ('-8', 1);
INSERT INTO addresses VALUES (1, 'de', 7), (2, 10, 7), (3, NULL, NULL);
";

const RELATIONS: &str = "
relations:
  - {child: orders, columns: [customer_id], parent: customers, kind: has_many, on_delete: cascade}
  - {child: cards, columns: [customer_id], parent: customers, kind: has_many}
  - {child: parts, columns: [card_id], parent: customers, kind: has_many}
  - {child: addresses, columns: [country], parent: countries, parent_columns: [code], kind: has_many}
";

#[test]
fn columns_of_all_kinds_get_their_parents_type_and_have_their_own_again() {
    let trip = Trip::start(Engine::Sqlite, KINDS, RELATIONS, &["--orphans", "quarantine"]);
    assert_eq!(trip.withheld(), [""; 0], "{:#?}", trip.steps());
    trip.round(|trip| {
        let left = trip.findings();
        let of_rule: Vec<_> = left.iter().filter(|(rule, _)| rule == RULE).collect();
        assert!(of_rule.is_empty(), "{of_rule:?}");
        let types = "SELECT m.name || ' ' || x.name || ' ' || x.type FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE \
                     (m.name, x.name) IN (VALUES ('orders', 'customer_id'), ('cards', 'customer_id'), ('parts', 'card_id'), \
                     ('addresses', 'country')) ORDER BY 1";
        // INTEGER PRIMARY KEY would be the number of the row, and take no nulls.
        let expected = ["addresses country TEXT", "cards customer_id INT", "orders customer_id INTEGER", "parts card_id INTEGER"];
        assert_eq!(trip.rows(types), expected.map(|text| [text]));
        let values = "SELECT group_concat(typeof(customer_id) || quote(customer_id), ' ') FROM (SELECT customer_id FROM orders \
                      ORDER BY id)";
        assert_eq!(trip.rows(values), [["integer7 integer-8 integer9007199254740993"]]);
        let cards = "SELECT rowid || quote(customer_id) || note FROM cards ORDER BY rowid";
        assert_eq!(trip.rows(cards), [["57five"], ["9-8nine"], ["12NULLnull"], ["13NULLnull too"]]);
        let countries = "SELECT group_concat(quote(country), ' ') FROM (SELECT country FROM addresses ORDER BY id)";
        assert_eq!(trip.rows(countries), [["'de' '10' NULL"]]);
        assert_eq!(trip.rows("PRAGMA integrity_check"), [["ok"]]);
        assert_eq!(trip.rows("PRAGMA foreign_key_check"), [[""; 0]; 0]);
        // The counter goes on, and the trigger works.
        trip.execute("INSERT INTO orders (customer_id, number) VALUES (7, 9); UPDATE orders SET note = 'z' WHERE number = 9");
        let after = "SELECT o.id || c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.number = 9";
        assert_eq!(trip.rows(after), [["10z"]]);
        trip.execute("DELETE FROM orders WHERE id = 10; UPDATE customers SET name = 'a' WHERE id = 7; UPDATE sqlite_sequence SET seq = 9");
    });
}

/// The plan for two tables whose child has these values as text.
fn text_keys(values: &[&str]) -> Trip {
    let rows: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(id, value)| format!("({id}, {value})"))
        .collect();
    let sql = format!(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id TEXT); INSERT \
         INTO customers VALUES (1), (2), (3), (4), (5), (6), (7); INSERT INTO orders VALUES {}",
        rows.join(", ")
    );
    let config = "relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}\n";
    Trip::start(Engine::Sqlite, &sql, config, &["--orphans", "quarantine"])
}

#[test]
fn values_that_are_not_exactly_of_the_type_withhold_the_change() {
    let good = [
        "'1'", "'2'", "'3'", "'4'", "'5'", "'6'", "'7'", "'7'", "'7'", "'7'", "'7'", "NULL",
    ];
    assert_eq!(text_keys(&good).withheld(), [""; 0]);
    let bad = ["'abc'", "'007'", "'1.5'", "x'37'", "'9223372036854775808'", "' 1'"];
    let trip = text_keys(&[&good[..], &good[..], &good[..], &bad[..]].concat());
    let withheld = trip.withheld().join("\n");
    assert!(
        withheld.contains(
            "6 rows of `orders(customer_id)` have values that cannot be `INTEGER` and come back the same, such as"
        ),
        "{withheld}"
    );
    assert!(
        !trip.steps().iter().any(|step| step.contains("type")),
        "{:?}",
        trip.steps()
    );
}

#[test]
fn values_that_came_since_are_not_changed() {
    let trip = text_keys(&["'1'", "'2'", "'3'", "'4'", "'5'", "'6'", "'7'", "'7'"]);
    trip.execute("PRAGMA foreign_keys = OFF; INSERT INTO orders VALUES (90, '007')");
    let before = client::state(Engine::Sqlite, &trip.database);
    let error = trip.up().unwrap_err();
    assert!(
        error.contains("has values that cannot be INTEGER and come back the same"),
        "{error}"
    );
    let value = "SELECT quote(customer_id) FROM orders WHERE id = 90";
    assert_eq!(trip.rows(value), [["'007'"]]);
    let table = |lines: &[String]| {
        lines
            .iter()
            .filter(|line| line.contains("TABLE orders"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(table(&client::state(Engine::Sqlite, &trip.database)), table(&before));
    trip.execute("DELETE FROM orders WHERE id = 90");
    trip.up().unwrap();
    trip.down().unwrap();
    assert_eq!(trip.rows("SELECT DISTINCT typeof(customer_id) FROM orders"), [["text"]]);
}

#[test]
fn the_plan_holds_where_it_is_tried_first() {
    let trip = Trip::start(
        Engine::Sqlite,
        KINDS,
        RELATIONS,
        &["--orphans", "quarantine", "--verify", "sqlite::memory:"],
    );
    let described = trip.described();
    assert!(described.contains("Make `addresses` anew"), "{described}");
    assert!(!described.contains("**failed**"), "{described}");
}

/// Equal but for the collation, which a foreign key takes from the parent and a join from whatever stands first.
#[test]
fn a_text_gets_its_parents_collation() {
    let sql = "CREATE TABLE customers (id TEXT PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id TEXT COLLATE NOCASE \
               NOT NULL); INSERT INTO customers VALUES ('a'), ('b'); INSERT INTO orders VALUES (1, 'a'), (2, 'b')";
    let config = "relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}\n";
    let trip = Trip::start(Engine::Sqlite, sql, config, &[]);
    assert_eq!(trip.withheld(), [""; 0]);
    trip.round(|trip| {
        assert!(
            !trip.findings().iter().any(|(rule, _)| rule == RULE),
            "{:?}",
            trip.findings()
        );
        let text = trip
            .rows("SELECT sql FROM sqlite_schema WHERE name = 'orders'")
            .concat()
            .concat();
        assert!(text.contains("customer_id TEXT COLLATE BINARY"), "{text}");
    });
}

#[test]
fn values_that_the_old_type_does_not_keep_stand_in_the_way_back() {
    let sql = "CREATE TABLE customers (id TEXT PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER); INSERT INTO \
               customers VALUES ('1'), ('x'), ('007'); INSERT INTO orders VALUES (1, 1), (2, 'x'), (3, NULL)";
    let config = "relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}\n";
    let trip = Trip::start(Engine::Sqlite, sql, config, &[]);
    assert_eq!(trip.withheld(), [""; 0]);
    trip.round(|trip| {
        let values = "SELECT group_concat(quote(customer_id)) FROM orders";
        assert_eq!(trip.rows(values), [["'1','x',NULL"]]);
    });
    trip.up().unwrap();
    trip.execute("INSERT INTO orders VALUES (4, '007')");
    let done = client::state(Engine::Sqlite, &trip.database);
    let error = trip.down().unwrap_err();
    assert!(error.contains("there is no way back with them"), "{error}");
    assert_eq!(client::state(Engine::Sqlite, &trip.database), done);
    trip.execute("UPDATE orders SET customer_id = 'x' WHERE id = 4");
    trip.down().unwrap();
}

#[test]
fn what_is_computed_from_the_column_withholds_the_change() {
    let sql = "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id TEXT, kind TEXT \
               AS (typeof(customer_id)) VIRTUAL); INSERT INTO customers VALUES (1); INSERT INTO orders VALUES (1, '1')";
    let config = "relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}\n";
    let trip = Trip::start(Engine::Sqlite, sql, config, &[]);
    let withheld = trip.withheld().join("\n");
    assert!(
        withheld.contains("`kind` of `orders` is computed from `customer_id`"),
        "{withheld}"
    );
}

/// Whatever the values are: those that the change is planned with come back the same, and it is withheld with all others.
#[test]
fn no_value_becomes_another() {
    let values = prop_oneof![
        12 => (-9..9_i64).prop_map(|number| format!("'{number}'")),
        6 => any::<i64>().prop_map(|number| number.to_string()),
        1 => prop::sample::select(&["'007'", "'a'", "''", "1.5", "7.0", "1e300", "'1e2'", "x'31'", "' 7'", "'7.0'"][..])
            .prop_map(str::to_owned),
        1 => Just("NULL".to_owned()),
    ];
    let types = prop::sample::select(
        &[
            ("TEXT", "INTEGER"),
            ("INTEGER", "TEXT"),
            ("NUMERIC", "INT"),
            ("VARCHAR(9)", "DECIMAL(9)"),
            ("REAL", "INTEGER"),
            ("INT", "REAL"),
        ][..],
    );
    let config = ProptestConfig {
        cases: 30,
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    };
    let planned = std::cell::Cell::new(0);
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let case = (types, prop::collection::vec(values, 0..6), any::<bool>());
    let outcome = runner.run(&case, |((child, parent), values, is_key)| {
        let trip = typed(child, parent, &values, is_key);
        let before = client::state(Engine::Sqlite, &trip.database);
        let kept = "SELECT group_concat(typeof(customer_id) || quote(customer_id)) FROM (SELECT customer_id FROM orders ORDER BY id)";
        let values = trip.rows(kept);
        let fail = |error: String| TestCaseError::fail(error);
        trip.up().map_err(fail)?;
        let after = client::state(Engine::Sqlite, &trip.database);
        trip.up().map_err(fail)?;
        prop_assert_eq!(client::state(Engine::Sqlite, &trip.database), after, "run again");
        if trip.steps().iter().any(|step| step.contains("the type")) {
            planned.set(planned.get() + 1);
        } else {
            let reason = trip.withheld().join("\n");
            prop_assert!(reason.contains("come back the same"), "{}", reason);
        }
        trip.down().map_err(fail)?;
        prop_assert_eq!(trip.rows(kept), values);
        prop_assert_eq!(client::state(Engine::Sqlite, &trip.database), before, "undone");
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(planned.get() > 10, "{} were planned", planned.get());
}

fn typed(child: &str, parent: &str, values: &[String], is_key: bool) -> Trip {
    let key = if is_key { " UNIQUE" } else { "" };
    let rows = values
        .iter()
        .enumerate()
        .map(|(id, value)| format!("INSERT OR IGNORE INTO orders VALUES ({id}, {value});"));
    let rows: String = rows.collect();
    let sql = format!(
        "CREATE TABLE customers (id {parent} PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id {child}{key}); {rows}"
    );
    let config = "relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}\n";
    Trip::start(Engine::Sqlite, &sql, config, &["--orphans", "withhold"])
}
