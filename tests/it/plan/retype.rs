//! Columns that get another type, where that takes more than the fixtures of the rule have.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{client, round_trip};
use crate::live::server::{Engine, Loaded, load};
use crate::run::Run;

const RULE: &str = "mismatched_key_type";

/// How many findings were mended by a plan for this database, there and back.
fn mended(engine: Engine, sql: &str) -> usize {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("case.sql");
    std::fs::write(&file, sql).unwrap();
    std::fs::write(folder.path().join("relaudit.yml"), RELATIONS).unwrap();
    let (mended, failures) = round_trip::check(engine, Some(RULE), &file);
    assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
    mended
}

/// Values that do not convert would speak against them.
const RELATIONS: &str = "
relations:
  - {child: orders, columns: [customer_id], parent: customers, kind: has_many}
";

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

/// The plan for a database, and the folder with its files.
fn plan(engine: Engine, sql: &str) -> (Loaded, TempDir, Value) {
    let database = load(engine, sql);
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("plan");
    let config = folder.path().join("relaudit.yml");
    std::fs::write(&config, RELATIONS).unwrap();
    let run = Run::new(["plan", &database.source(), "--out"]).args([&out]);
    let outcome = run.args([Path::new("--config"), &config]).finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    let plan = serde_json::from_str(&std::fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
    (database, folder, plan)
}

/// Runs the step whose file's name ends so.
fn run(engine: Engine, database: &Loaded, folder: &TempDir, name: &str) -> Result<String, String> {
    let out = folder.path().join("plan");
    let mut files: Vec<PathBuf> = [out.clone(), out.join("contract")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.to_string_lossy().ends_with(&format!("_{name}.sql")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there is no step {name}");
    client::run(engine, database, &files[0])
}

fn value(database: &Loaded, sql: &str) -> Option<String> {
    let Loaded::Server(database) = database else {
        panic!("this is for servers")
    };
    database.rows(sql).remove(0).remove(0)
}

fn execute(database: &Loaded, sql: &str) {
    let Loaded::Server(database) = database else {
        panic!("this is for servers")
    };
    database.execute(sql);
}

#[test]
fn what_is_written_meanwhile_is_in_both_columns_and_the_contract_leaves_the_new_one() {
    let engine = Engine::Postgres18;
    let (database, folder, plan) = plan(engine, LARGE);
    assert_eq!(plan["withheld"].as_array().unwrap().len(), 0, "{plan:#}");
    let do_step = |name: &str| run(engine, &database, &folder, name).unwrap();
    do_step("expand_orders_customer_id");
    execute(
        &database,
        "INSERT INTO orders (id, customer_id, number) VALUES (90001, 7, 90001)",
    );
    execute(&database, "UPDATE orders SET customer_id = 9 WHERE id = 1");
    do_step("fill_orders_customer_id");
    execute(&database, "UPDATE orders SET customer_id = 10 WHERE id = 2");
    do_step("equip_orders_customer_id");
    do_step("switch_orders_customer_id");
    let ty = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = \
              'customer_id'";
    assert_eq!(value(&database, ty).as_deref(), Some("bigint"));
    let written = "SELECT string_agg(customer_id::text, ',' ORDER BY id) FROM orders WHERE id IN (1, 2, 90001)";
    assert_eq!(value(&database, written).as_deref(), Some("9,10,7"));
    // Of a value that the old type cannot have, nothing is lost, and there is no way back.
    execute(
        &database,
        "INSERT INTO customers VALUES (5000000000); INSERT INTO orders (id, customer_id, number) VALUES (90002, 5000000000, 1)",
    );
    let error = run(engine, &database, &folder, "switch_orders_customer_id.down").unwrap_err();
    assert!(
        error.contains("relaudit: rows of public.orders have other values"),
        "{error}"
    );
    execute(&database, "DELETE FROM customers WHERE id = 5000000000");
    let left = "SELECT count(*) FROM orders WHERE id = 90002";
    assert_eq!(value(&database, left).as_deref(), Some("0"), "the foreign key cascades");
    do_step("contract_orders_customer_id");
    let twins = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname LIKE 'relaudit%'";
    assert_eq!(value(&database, twins).as_deref(), Some("0"));
    let after = client::state(engine, &database);
    for stage in ["expand", "fill", "equip", "switch", "contract"] {
        do_step(&format!("{stage}_orders_customer_id"));
    }
    assert_eq!(client::state(engine, &database), after);
    let error = run(engine, &database, &folder, "switch_orders_customer_id.down").unwrap_err();
    assert!(error.contains("the contract phase was run"), "{error}");
}

#[test]
fn values_that_do_not_convert_withhold_the_change() {
    for engine in [Engine::Postgres14, Engine::Mysql97, Engine::MariaDb] {
        let (_, _, plan) = plan(
            engine,
            "CREATE TABLE customers (id integer PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, customer_id \
             varchar(20)); INSERT INTO customers VALUES (7), (8); INSERT INTO orders VALUES (1, '7'), (2, 'abc'), (3, '007'), \
             (4, NULL), (5, '99999999999'), (6, '8'), (7, '7'), (8, '8'), (9, '7')",
        );
        let withheld = plan["withheld"].to_string();
        let reason = "3 rows of `orders(customer_id)` have values";
        let reason = if engine == Engine::Postgres14 {
            reason.replace("`orders", "`public.orders")
        } else {
            reason.to_owned()
        };
        let found = withheld.contains(&reason) || withheld.contains(".orders(customer_id)` have values");
        assert!(
            found && withheld.contains("3 rows of") && withheld.contains("`007`, `99999999999`, `abc`"),
            "{withheld}"
        );
    }
}

#[test]
fn a_view_withholds_the_change() {
    let (_, _, plan) = plan(
        Engine::Postgres18,
        "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer \
         REFERENCES customers); CREATE VIEW orderers AS SELECT customer_id FROM orders",
    );
    let withheld = plan["withheld"].to_string();
    assert!(
        withheld.contains("on view") && withheld.contains("orderers"),
        "{withheld}"
    );
}

#[test]
fn mysql_states_its_lock_and_the_tools_that_need_none() {
    let (_, _, plan) = plan(
        Engine::Mysql97,
        "CREATE TABLE customers (id int unsigned PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, customer_id \
         integer NOT NULL DEFAULT '5' COMMENT 'whose', KEY (customer_id))",
    );
    let step = plan["steps"].to_string();
    assert!(step.contains("ALGORITHM=COPY, LOCK=SHARED"), "{step}");
    for tool in [
        "gh-ost --database=",
        "pt-online-schema-change --alter 'MODIFY COLUMN `customer_id` int unsigned NOT NULL DEFAULT ",
    ] {
        assert!(step.contains(tool), "{tool}: {step}");
    }
}

#[test]
fn a_default_a_comment_and_an_index_stay_as_they_are() {
    for (ty, default) in [("integer", "5"), ("varchar(30)", "'5'")] {
        let sql = format!(
            "CREATE TABLE customers (id bigint unsigned PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, customer_id \
             {ty} NOT NULL DEFAULT {default} COMMENT 'who''s', KEY (customer_id)); INSERT INTO customers VALUES (5), (7); \
             INSERT INTO orders VALUES (1, 5), (2, 7), (3, 5)"
        );
        for engine in [Engine::Mysql97, Engine::MariaDb] {
            assert_eq!(mended(engine, &sql), 1, "{} {ty}", engine.name());
        }
        let sql = format!(
            "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (id integer PRIMARY KEY, customer_id {ty} NOT \
             NULL DEFAULT {default}); CREATE INDEX orders_customers ON orders (customer_id); COMMENT ON COLUMN \
             orders.customer_id IS 'who''s'; INSERT INTO customers VALUES (5), (7); INSERT INTO orders VALUES (1, {default}), \
             (2, '7'); "
        );
        for engine in [Engine::Postgres14, Engine::Postgres18] {
            assert_eq!(mended(engine, &sql), 1, "{} {ty}", engine.name());
            let analyzed = format!("{sql} ANALYZE");
            assert_eq!(mended(engine, &analyzed), 1, "{} {ty}", engine.name());
        }
    }
}
