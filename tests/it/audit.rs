//! The flags of `relaudit audit`, on SQLite.

use serde_json::Value;

use crate::run::{Outcome, Run, relaudit};

/// Orders whose customers are gone, and a declared foreign key that somebody's import went past.
const SHOP: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id));
    INSERT INTO customers VALUES (1);
    INSERT INTO orders VALUES (1, 1), (2, 41);
    INSERT INTO invoices VALUES (1, 42);";

/// Nothing is wrong with it.
const CLEAN: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY);
    INSERT INTO customers VALUES (1);";

fn audit(script: &str, arguments: &[&str]) -> Outcome {
    Run::new(["audit", "shop.sql"])
        .args(arguments)
        .file("shop.sql", script)
        .finish()
}

fn report(script: &str, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    audit(script, &all).json()
}

fn findings(report: &Value, rule: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let of_rule = findings.filter(|finding| finding["rule"] == rule);
    of_rule
        .map(|finding| finding["subject"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_exit_code_tells_whether_findings_reach_the_limit() {
    assert_eq!(audit(SHOP, &[]).code, Some(1));
    assert_eq!(audit(SHOP, &["--fail-on", "never"]).code, Some(0));
    assert_eq!(audit(CLEAN, &["--fail-on", "note"]).code, Some(0));
    let warning = "CREATE TABLE log (line TEXT);";
    assert_eq!(audit(warning, &[]).code, Some(0));
    assert_eq!(audit(warning, &["--fail-on", "warning"]).code, Some(1));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let run = || audit(SHOP, &["--format", "json"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn orphans_under_a_declared_foreign_key_are_found_unless_constraints_are_trusted() {
    let counted = report(SHOP, &[]);
    assert_eq!(
        findings(&counted, "orphaned_rows"),
        ["invoices(customer_id)", "orders(customer_id)"]
    );
    let trusted = report(SHOP, &["--trust-constraints"]);
    assert_eq!(findings(&trusted, "orphaned_rows"), ["orders(customer_id)"]);
    let methods: Vec<&Value> = trusted["probes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|probe| &probe["method"])
        .collect();
    assert_eq!(methods, ["constraint", "anti_join"]);
    assert_eq!(trusted["probes"][0]["child_rows"], Value::Null);
}

#[test]
fn tables_are_chosen_by_pattern_and_parents_outside_still_count() {
    let only = report(SHOP, &["--table", "ord*"]);
    assert_eq!(findings(&only, "orphaned_rows"), ["orders(customer_id)"]);
    assert_eq!(only["summary"]["tables"], 1);
    let without = report(SHOP, &["--exclude-table", "orders"]);
    assert_eq!(findings(&without, "orphaned_rows"), ["invoices(customer_id)"]);
    let none = audit(SHOP, &["--table", "nothing"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(2), ""));
    assert!(none.stderr.contains("no table matches"), "{}", none.stderr);
}

#[test]
fn several_sources_are_audited_each_by_itself() {
    let outcome = Run::new(["audit", "one.sql", "two.sql", "--format", "json"])
        .file("one.sql", SHOP)
        .file("two.sql", CLEAN)
        .finish();
    assert_eq!(outcome.code, Some(1));
    let report = outcome.json();
    let names: Vec<&Value> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| &source["name"])
        .collect();
    assert_eq!(names, ["one.sql", "two.sql"]);
    let of_first = |list: &Value| list.as_array().unwrap().iter().all(|entry| entry["source"] == 0);
    assert!(of_first(&report["relations"]) && of_first(&report["findings"]));
    let missing = Run::new(["audit", "one.sql", "three.sql"])
        .file("one.sql", SHOP)
        .finish();
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(2), ""));
    assert!(missing.stderr.contains("three.sql"), "{}", missing.stderr);
}

#[test]
fn a_configured_relation_must_be_in_one_of_the_sources() {
    let run = |config: &str| {
        Run::new(["audit", "one.sql", "two.sql", "--format", "json"])
            .file("one.sql", SHOP)
            .file("two.sql", CLEAN)
            .file("relaudit.yml", config)
            .finish()
    };
    let found = run("relations:\n  - {child: orders, columns: [customer_id], parent: customers, kind: has_one}\n");
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    let missing = run("relations:\n  - {child: payments, columns: [order_id], parent: orders}\n");
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("payments") && missing.stderr.contains("line 2"),
        "{}",
        missing.stderr
    );
}

#[test]
fn rules_are_switched_off_and_made_worse() {
    let run = |config: &str| {
        Run::new(["audit", "shop.sql", "--format", "json"])
            .file("shop.sql", SHOP)
            .file("relaudit.yml", config)
            .finish()
    };
    let off = run("rules:\n  orphaned_rows: {enabled: false}\n");
    assert_eq!((off.code, findings(&off.json(), "orphaned_rows").len()), (Some(0), 0));
    let worse = run("rules:\n  orphaned_rows: {enabled: false}\n  missing_foreign_key: {severity: error}\n");
    assert_eq!(worse.code, Some(1));
    let unknown = run("rules:\n  orphan_rows: {enabled: false}\n");
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("orphan_rows"), "{}", unknown.stderr);
    let option = run("rules:\n  missing_foreign_key: {options: {least: high}}\n");
    assert_eq!(option.code, Some(2));
    assert!(option.stderr.contains("least"), "{}", option.stderr);
}

#[test]
fn belongs_to_many_states_both_relations_of_the_join_table() {
    let schema = "
        CREATE TABLE pictures (id INTEGER PRIMARY KEY);
        CREATE TABLE words (id INTEGER PRIMARY KEY);
        CREATE TABLE links (a INTEGER NOT NULL, b INTEGER NOT NULL);";
    let config = "relations:\n  - {child: words, parent: pictures, kind: belongs_to_many, through: links, \
                  foreign_key: a, other_key: b}\n";
    let outcome = Run::new(["audit", "shop.sql", "--format", "json"])
        .file("shop.sql", schema)
        .file("relaudit.yml", config)
        .finish();
    let report = outcome.json();
    let pair = &report["many_to_many"][0];
    assert_eq!(
        (&pair["join_table"], &pair["left"], &pair["right"]),
        (&"links".into(), &"pictures".into(), &"words".into())
    );
    assert_eq!(findings(&report, "join_table_without_unique_pair"), ["links(a, b)"]);
    assert_eq!(report["relations"].as_array().unwrap().len(), 2);
}

#[test]
fn the_report_goes_to_a_file() {
    let run = Run::new(["audit", "shop.sql", "--format", "json", "--output", "report.json"]).file("shop.sql", SHOP);
    let outcome = run.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    let nowhere = audit(SHOP, &["--output", "no/such/folder/report.json"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.stderr.contains("no/such/folder/report.json"),
        "{}",
        nowhere.stderr
    );
}

#[test]
fn colour_comes_only_where_it_is_asked_for() {
    let escape = "\u{1b}[";
    assert!(!audit(SHOP, &[]).stdout.contains(escape));
    assert!(audit(SHOP, &["--color", "always"]).stdout.contains(escape));
}

#[test]
fn every_rule_is_listed_and_explained_with_its_examples() {
    let list = relaudit(["rules", "--format", "json"]).json();
    for rule in list["rules"].as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let page = relaudit(["rules", id]);
        assert_eq!(page.code, Some(0), "{id}");
        assert!(
            page.stdout.contains("Bad\n") && page.stdout.contains("Good\n"),
            "{}",
            page.stdout
        );
    }
    let unknown = relaudit(["rules", "no_such_rule"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("no_such_rule"), "{}", unknown.stderr);
}
