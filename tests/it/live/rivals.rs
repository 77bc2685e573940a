//! Rows decide which of several parents a column means, on every engine.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::held::{eventually, hold};
use super::reports::audit;
use super::server::{Engine, Family, load, mysql97, postgres as server};
use crate::run::{Outcome, Run};

/// `account_id` can be that of either accounts, and nothing says more than a guess of the addresses.
const TABLES: &str = "
    CREATE TABLE billing_accounts (id INTEGER PRIMARY KEY);
    CREATE TABLE crm_accounts (id INTEGER PRIMARY KEY);
    CREATE TABLE crm_notes (id INTEGER PRIMARY KEY);
    CREATE TABLE crm_calls (id INTEGER PRIMARY KEY);
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, account_id INTEGER);
    CREATE TABLE addresses (id INTEGER PRIMARY KEY);
    CREATE TABLE deliveries (id INTEGER PRIMARY KEY, work_address_id INTEGER);";

/// One INSERT of a row for each value; `row` gives its columns.
fn insert(table: &str, values: impl IntoIterator<Item = u32>, row: impl Fn(u32) -> String) -> String {
    let rows: Vec<String> = values.into_iter().map(|value| format!("({})", row(value))).collect();
    format!("INSERT INTO {table} VALUES {};\n", rows.join(", "))
}

fn ids(table: &str, values: impl IntoIterator<Item = u32>) -> String {
    insert(table, values, |value| value.to_string())
}

/// Accounts of both kinds, and 60 invoices for those of one kind.
fn accounts(of_invoices: impl Fn(u32) -> u32) -> String {
    TABLES.to_owned()
        + &ids("billing_accounts", (1..=90).map(|number| 1000 + number * 3))
        + &ids("crm_accounts", (1..=90).map(|number| 1000 + number * 7 + 1))
        + &insert("invoices", 1..=60, |id| format!("{id}, {}", of_invoices(id)))
}

fn relations(source: &str, arguments: &[&str]) -> Outcome {
    Run::new(["relations", source, "--format", "json"])
        .args(arguments)
        .finish()
}

fn with_data(source: &str) -> Value {
    let outcome = relations(source, &["--with-data"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.json()
}

/// A table's name without its namespace.
fn bare(table: &Value) -> &str {
    table.as_str().unwrap().rsplit('.').next().unwrap()
}

/// The one relation of a table's rows: parent and tier.
fn relation<'a>(report: &'a Value, child: &str) -> Option<(&'a str, &'a str)> {
    let found = entry(report, child)?;
    Some((bare(&found["parent"]["table"]), found["tier"].as_str().unwrap()))
}

fn entry<'a>(report: &'a Value, child: &str) -> Option<&'a Value> {
    let relations = report["relations"].as_array().unwrap();
    relations
        .iter()
        .find(|relation| bare(&relation["child"]["table"]) == child)
}

fn codes(report: &Value, child: &str) -> BTreeSet<String> {
    let Some(entry) = entry(report, child) else {
        return BTreeSet::new();
    };
    let evidence = entry["evidence"].as_array().unwrap();
    evidence
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect()
}

fn notes(report: &Value) -> String {
    let mut text = String::new();
    for note in report["notes"].as_array().unwrap() {
        let _ = writeln!(text, "{}", note["message"].as_str().unwrap());
    }
    text
}

#[test]
fn the_parent_that_has_the_keys_is_meant() {
    for engine in Engine::all() {
        for (right, wrong, of_invoices) in [
            ("billing_accounts", "crm_accounts", 3_u32),
            ("crm_accounts", "billing_accounts", 7),
        ] {
            let key = |id: u32| 1000 + id * of_invoices + u32::from(of_invoices == 7);
            let loaded = load(engine, &accounts(key));
            let report = with_data(&loaded.source());
            assert_eq!(relation(&report, "invoices"), Some((right, "strong")), "{engine:?}");
            assert!(codes(&report, "invoices").contains("rows_contained"), "{engine:?}");
            let other = &entry(&report, "invoices").unwrap()["alternatives"][0];
            assert_eq!(bare(&other["parent"]["table"]), wrong, "{engine:?}");
            let why_not = other["why_not"].as_str().unwrap();
            assert!(why_not.ends_with("of 60 keys are in it"), "{engine:?}: {why_not}");
            let audited = audit(&loaded.source()).finish().json();
            assert_eq!(relation(&audited, "invoices"), Some((right, "strong")), "{engine:?}");
            let evidence = |report: &Value| entry(report, "invoices").unwrap()["evidence"].clone();
            assert_eq!(evidence(&audited), evidence(&report), "{engine:?}");
        }
    }
}

#[test]
fn orphans_do_not_unmake_a_strong_relation() {
    for engine in Engine::all() {
        let sql = "
            CREATE TABLE customers (id INTEGER PRIMARY KEY);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER);
            CREATE INDEX orders_customer ON orders (customer_id);"
            .to_owned()
            + &ids("customers", 1..=30)
            + &insert("orders", 1..=100, |id| format!("{id}, {}", id * 1000));
        let loaded = load(engine, &sql);
        let source = loaded.source();
        assert_eq!(
            relation(&with_data(&source), "orders"),
            Some(("customers", "strong")),
            "{engine:?}"
        );
        let audited = audit(&source).finish().json();
        assert_eq!(
            relation(&audited, "orders"),
            Some(("customers", "strong")),
            "{engine:?}"
        );
        assert_eq!(audited["probes"][0]["orphan_rows"], 100, "{engine:?}");
    }
}

#[test]
fn a_guess_that_rows_refute_is_told_and_nothing_builds_on_it() {
    for engine in Engine::all() {
        let rows = |first: u32| {
            TABLES.to_owned()
                + &ids("addresses", (1..=60).map(|id| id * 3))
                + &insert("deliveries", 1..=50, |id| format!("{id}, {}", first + id * 3))
        };
        let loaded = load(engine, &rows(100_000));
        let before = relations(&loaded.source(), &[]).json();
        let guess = relation(&before, "deliveries");
        assert!(
            [Some(("addresses", "possible")), Some(("addresses", "likely"))].contains(&guess),
            "{engine:?}: {guess:?}"
        );
        let report = with_data(&loaded.source());
        assert_eq!(
            relation(&report, "deliveries"),
            Some(("addresses", "weak")),
            "{engine:?}"
        );
        assert!(codes(&report, "deliveries").contains("rows_refuted"), "{engine:?}");
        let audited = audit(&loaded.source()).finish().json();
        assert_eq!(
            relation(&audited, "deliveries"),
            Some(("addresses", "weak")),
            "{engine:?}"
        );
        let on_it = audited["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["subject"].as_str().unwrap().contains("work_address_id"));
        assert_eq!(on_it.count(), 0, "{engine:?}: {audited:#}");
        // The same rows, and keys that are there.
        let loaded = load(engine, &rows(0));
        let report = with_data(&loaded.source());
        assert_eq!(
            relation(&report, "deliveries"),
            Some(("addresses", "strong")),
            "{engine:?}"
        );
    }
}

#[test]
fn empty_tables_tell_nothing_and_say_so() {
    for engine in Engine::all() {
        let loaded = load(engine, TABLES);
        let named = relations(&loaded.source(), &[]).json();
        let mut asked = with_data(&loaded.source());
        let mut said = 0;
        for relation in asked["relations"].as_array_mut().unwrap() {
            relation["evidence"].as_array_mut().unwrap().retain(|reason| {
                said += usize::from(reason["code"] == "rows_silent");
                reason["code"] != "rows_silent"
            });
        }
        assert_eq!(asked["relations"], named["relations"], "{engine:?}");
        assert!(said > 0, "{engine:?}");
    }
}

#[test]
fn a_table_that_cannot_be_asked_is_noted_and_names_decide() {
    let limits = [
        ["--lock-timeout", "1s", "--statement-timeout", "1h"],
        ["--statement-timeout", "1s", "--lock-timeout", "1h"],
    ];
    for (limits, reason) in limits.into_iter().zip(["lock timeout", "statement timeout"]) {
        for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
            let rows = ids("addresses", 1..=60) + &insert("deliveries", 1..=50, |id| format!("{id}, {}", id * 3000));
            let database = engine.server().database(&(accounts(|id| 1000 + id * 3) + &rows));
            let named = relations(&database.url(), &[]).json();
            let held = hold(&database, "deliveries");
            let outcome = relations(&database.url(), &[&["--with-data"][..], &limits].concat());
            held.release();
            assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
            let report = outcome.json();
            assert_eq!(entry(&report, "deliveries"), entry(&named, "deliveries"), "{engine:?}");
            let notes = notes(&report);
            assert!(
                notes.contains("work_address_id") && notes.contains(reason),
                "{engine:?}: {notes}"
            );
            // The others were asked.
            assert_eq!(
                relation(&report, "invoices"),
                Some(("billing_accounts", "strong")),
                "{engine:?}"
            );
        }
    }
}

#[test]
fn statistics_veto_where_they_are_there() {
    for version in [18, 14] {
        let rows = ids("addresses", 1..=200) + &insert("deliveries", 1..=300, |id| format!("{id}, {}", 100_000 + id));
        let database = server(version).database(&(TABLES.to_owned() + &rows));
        let before = codes(&with_data(&database.url()), "deliveries");
        assert!(
            before.contains("rows_refuted") && !before.contains("statistics_disjoint"),
            "{before:?}"
        );
        database.execute("ANALYZE");
        let report = with_data(&database.url());
        let after = codes(&report, "deliveries");
        assert!(
            !after.contains("rows_refuted") && after.contains("statistics_disjoint"),
            "{after:?}"
        );
        assert_eq!(relation(&report, "deliveries"), Some(("addresses", "weak")));
        // What has changed since is not to be relied on: rows are asked after all.
        database.execute("UPDATE deliveries SET work_address_id = work_address_id - 100000");
        eventually("the server knows of the change", || {
            let changed =
                "SELECT 1 FROM pg_stat_user_tables WHERE relname = 'deliveries' AND n_mod_since_analyze >= 300";
            !database.rows(changed).is_empty()
        });
        let report = with_data(&database.url());
        assert!(!codes(&report, "deliveries").contains("statistics_disjoint"));
        assert_eq!(relation(&report, "deliveries"), Some(("addresses", "possible")));
    }
}

/// The sample is the same however many workers there are, and on every run: of tables that are ordered by a number, by
/// something else, and by nothing.
#[test]
fn the_sample_does_not_depend_on_the_workers() {
    for engine in Engine::all() {
        let text = if engine.family() == Family::Mysql || engine.family() == Family::MariaDb {
            "VARCHAR(20)"
        } else {
            "TEXT"
        };
        let as_text = match engine.family() {
            Family::Postgres | Family::Sqlite => "CAST(a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS TEXT)",
            _ => "CAST(a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS CHAR(20))",
        };
        let number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d";
        let from = "FROM digits a, digits b, digits c, digits e, digits f WHERE f.d < 2";
        let sql = TABLES.to_owned()
            + &ids("billing_accounts", (1..=90).map(|number| 1000 + number * 3))
            + &ids("crm_accounts", (1..=90).map(|number| 1000 + number * 7 + 1))
            + "CREATE TABLE digits (d INTEGER NOT NULL);"
            + &ids("digits", 0..=9)
            + &format!(
                "CREATE TABLE letters (code {text} NOT NULL, account_id INTEGER, PRIMARY KEY (code));
                 CREATE TABLE heaps (account_id INTEGER);
                 INSERT INTO invoices SELECT {number}, 1003 + 3 * (({number}) % 90) {from};
                 INSERT INTO letters SELECT {as_text}, 1003 + 3 * (({number}) % 90) {from};
                 INSERT INTO heaps SELECT 1003 + 3 * (({number}) % 90) {from};"
            );
        let loaded = load(engine, &sql);
        let run = |jobs: &str| {
            let outcome = relations(&loaded.source(), &["--with-data", "--jobs", jobs]);
            assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
            outcome
        };
        let (one, eight) = (run("1"), run("8"));
        assert_eq!(one.stdout, eight.stdout, "{engine:?}");
        let report = one.json();
        assert_eq!(notes(&report), "", "{engine:?}");
        for child in ["invoices", "letters", "heaps"] {
            assert_eq!(
                relation(&report, child),
                Some(("billing_accounts", "strong")),
                "{engine:?} {child}"
            );
            let said = entry(&report, child).unwrap()["evidence"].to_string();
            assert!(said.contains("sampled keys are in it"), "{engine:?} {child}: {said}");
        }
    }
}

/// What MySQL estimates is known, whoever asks.
#[test]
fn mysql_tells_cardinalities_and_histograms() {
    use relaudit::dialect::ConnectOptions;
    use relaudit::schema::TableName;
    let rows = ids("addresses", 1..=200) + &insert("deliveries", 1..=300, |id| format!("{id}, {}", 100_000 + id % 150));
    let database = mysql97().database(&(TABLES.to_owned() + &rows));
    database.execute("CREATE INDEX by_address ON deliveries (work_address_id); ANALYZE TABLE deliveries, addresses");
    database.execute("ANALYZE TABLE deliveries UPDATE HISTOGRAM ON work_address_id WITH 10 BUCKETS");
    let opened = relaudit::dialect::mysql::open(&database.url(), &ConnectOptions::default()).unwrap();
    let key = (
        TableName::qualified(database.name(), "deliveries"),
        "work_address_id".into(),
    );
    let known = opened.statistics(&[key.clone()].into()).unwrap();
    let known = known.get(&key).unwrap();
    assert_eq!(known.distinct, Some(150));
    assert_eq!(known.range(), Some((100_000, 100_149)));
    assert!(!known.fresh);
}

/// A name that means no table, and keys that only one has.
#[test]
fn keys_that_are_no_numbers_find_their_table_by_themselves() {
    for engine in Engine::all() {
        let (key, value) = match engine.family() {
            Family::Postgres => ("UUID", "00000000-0000-4000-8000-"),
            _ => ("CHAR(36)", "00000000-0000-4000-8000-"),
        };
        let rows =
            |table: &str, first: u32, last: u32| insert(table, first..=last, |number| format!("'{value}{number:012}'"));
        let sql = format!(
            "CREATE TABLE fruits (id {key} NOT NULL, PRIMARY KEY (id));
             CREATE TABLE stones (id {key} NOT NULL, PRIMARY KEY (id));
             CREATE TABLE hosts (id INTEGER PRIMARY KEY, banner_id {key});"
        ) + &rows("fruits", 1, 200)
            + &rows("stones", 301, 500)
            + &insert("hosts", 1..=50, |id| format!("{id}, '{value}{:012}'", 300 + id * 2));
        let loaded = load(engine, &sql);
        let named = relations(&loaded.source(), &[]).json();
        assert_eq!(relation(&named, "hosts"), None, "{engine:?}");
        let report = with_data(&loaded.source());
        assert_eq!(relation(&report, "hosts"), Some(("stones", "possible")), "{engine:?}");
    }
}

/// Numbers are in any larger table, also where they are kept as text.
#[test]
fn digits_in_a_text_prove_as_little_as_numbers() {
    // To SQLite the length of a text is nothing, and a key of any length is hardly ever digits.
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let sql = "
            CREATE TABLE addresses (id VARCHAR(12) NOT NULL, PRIMARY KEY (id));
            CREATE TABLE deliveries (id INTEGER PRIMARY KEY, work_address_id VARCHAR(12));"
            .to_owned()
            + &insert("addresses", 1..=200, |id| format!("'{id}'"))
            + &insert("deliveries", 1..=50, |id| format!("{id}, '{id}'"));
        let loaded = load(engine, &sql);
        let said = codes(&with_data(&loaded.source()), "deliveries");
        assert!(said.contains("rows_contained_dense"), "{engine:?}: {said:?}");
    }
}

/// A parent that another connection empties meanwhile looks empty to PostgreSQL's snapshot, which is no reason against it.
#[test]
fn a_table_that_is_emptied_meanwhile_is_no_reason() {
    use relaudit::dialect::{ConnectOptions, postgres};
    use relaudit::infer::{self, Weights};
    use relaudit::schema::Stated;
    let database = server(18).database(&accounts(|id| 1000 + id * 3));
    let opened = postgres::open(&database.url(), &ConnectOptions::default()).unwrap();
    let schema = opened.read_schema().unwrap().schema;
    let stated = Stated::default();
    let named = infer::relations(&schema, &stated);
    let questions = infer::questions(&schema, &stated, &named, Weights::built_in());
    database.execute("TRUNCATE billing_accounts");
    let asked = relaudit::probe::ask(&*opened, &schema, &questions, 2, &|_, _| {}).unwrap();
    let settled = infer::relations_with_rows(&schema, &stated, Weights::built_in(), &asked.evidence);
    let parents = |relations: &relaudit::relation::Relations| {
        let parents = relations.relations.iter().map(|relation| relation.parent.to_string());
        parents.collect::<Vec<_>>()
    };
    assert_eq!(parents(&settled), parents(&named));
    assert!(
        asked.notes.iter().any(|note| note.message.contains("truncated")),
        "{:?}",
        asked.notes
    );
}
