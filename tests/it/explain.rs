//! `relations --explain`: why a column has the parent that it has, or none, black box.

use serde_json::Value;

use crate::run::{Outcome, Run};

const TABLES: &str = "\
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE accounts (id bigint PRIMARY KEY);
CREATE TABLE customers (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id));
CREATE TABLE shop_customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, account_id text, note text);
";

fn explain(column: &str, more: &[&str]) -> Outcome {
    Run::new(["relations", "-", "--dialect", "postgres", "--explain", column])
        .args(more)
        .input(TABLES)
        .finish()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn the_winner_comes_first_and_its_rival_after_it_with_what_is_against_it() {
    let text = explain("orders.customer_id", &[]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "public.orders(customer_id)", "{text}");
    assert!(
        lines[1].starts_with("  relation public.orders(customer_id) -> public.customers(id), inferred: "),
        "{text}"
    );
    let winner = text.find("\n  public.customers(id): ").unwrap();
    let rival = text.find("\n  public.shop_customers(id): ").unwrap();
    assert!(winner < rival, "{text}");
    assert!(
        text[winner..rival].contains("it can be public.shop_customers(id) too"),
        "{text}"
    );
    assert!(
        text[rival..].contains("without the first word of the table's name"),
        "{text}"
    );
}

#[test]
fn the_reasons_add_up_to_the_confidence() {
    let explained = explain("orders.customer_id", &["--format", "json"]).json();
    let column = &explained["columns"][0];
    assert_eq!(column["relations"][0]["parent"]["table"], "customers");
    let considered = column["considered"].as_array().unwrap();
    assert_eq!(considered.len(), 2, "{explained}");
    for parent in considered {
        let evidence = parent["evidence"].as_array().unwrap();
        let sum: f64 = evidence.iter().map(|reason| number(&reason["weight"])).sum();
        assert!((sum - number(&parent["log_odds"])).abs() < 0.0005, "{parent}");
        let probability = 1.0 / (1.0 + (-sum).exp());
        assert!((probability - number(&parent["confidence"])).abs() < 0.004, "{parent}");
    }
    assert_eq!(column["relations"][0]["confidence"], considered[0]["confidence"]);
}

#[test]
fn a_column_without_parent_is_explained_too() {
    let note = explain("orders.note", &[]);
    assert_eq!(note.code, Some(0));
    assert!(note.stdout.contains("no relation\n"), "{}", note.stdout);
    assert!(
        note.stdout.contains("no table and no key is called so"),
        "{}",
        note.stdout
    );

    let account = explain("orders.account_id", &[]).stdout;
    assert!(account.contains("no relation\n"), "{account}");
    let reason = "`public.accounts(id)` is bigint and cannot hold its values, which are text";
    assert!(account.contains(reason), "{account}");
    let account = explain("orders.account_id", &["--format", "json"]).json();
    assert_eq!(account["columns"][0]["other_type"], reason);
}

#[test]
fn what_is_declared_was_not_guessed() {
    let text = explain("customers.user_id", &[]).stdout;
    assert!(text.contains("-> public.users(id), declared\n"), "{text}");
    assert!(text.contains("its name was not asked"), "{text}");
}

#[test]
fn a_column_that_is_not_there_is_an_error() {
    for (column, sentence) in [
        ("orders.customer", "table public.orders has no column `customer`"),
        ("invoices.customer_id", "there is no table `invoices`"),
        ("orders", "write it as TABLE.COLUMN"),
    ] {
        let outcome = explain(column, &[]);
        assert_eq!(outcome.code, Some(2), "{column}");
        assert!(outcome.stderr.contains(sentence), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}
