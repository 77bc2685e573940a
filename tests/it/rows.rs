//! What `--with-data` makes of texts: dumps whose rows decide, and sources that have none.

use std::fmt::Write as _;

use serde_json::Value;

use crate::run::{Outcome, Run};

const TABLES: &str = "
    CREATE TABLE billing_accounts (id integer NOT NULL, PRIMARY KEY (id));
    CREATE TABLE crm_accounts (id integer NOT NULL, PRIMARY KEY (id));
    CREATE TABLE crm_notes (id integer NOT NULL, PRIMARY KEY (id));
    CREATE TABLE crm_calls (id integer NOT NULL, PRIMARY KEY (id));
    CREATE TABLE invoices (id integer NOT NULL, account_id integer, PRIMARY KEY (id));
";

/// Accounts of two kinds, and invoices for those of one kind.
fn dump(invoices: u32) -> String {
    let mut text = TABLES.to_owned();
    for number in 1..=90 {
        let (billing, crm) = (1000 + number * 3, 1001 + number * 7);
        let _ = writeln!(text, "INSERT INTO billing_accounts VALUES ({billing});");
        let _ = writeln!(text, "INSERT INTO crm_accounts VALUES ({crm});");
    }
    for id in 1..=invoices {
        let _ = writeln!(text, "INSERT INTO invoices VALUES ({id}, {});", 1003 + id % 90 * 3);
    }
    text
}

fn relations(text: &str, arguments: &[&str]) -> Outcome {
    Run::new(["relations", "dump.sql"])
        .args(arguments)
        .file("dump.sql", text)
        .finish()
}

/// The parent of the invoices' accounts, its tier, and its evidence.
fn parent(report: &Value) -> (String, String, String) {
    let relations = report["relations"].as_array().unwrap();
    let found = relations
        .iter()
        .find(|relation| relation["child"]["columns"][0] == "account_id")
        .unwrap_or_else(|| panic!("{report:#}"));
    let text = |value: &Value| value.as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    (
        text(&found["parent"]["table"]),
        text(&found["tier"]),
        found["evidence"].to_string(),
    )
}

fn notes(report: &Value) -> String {
    report["notes"].to_string()
}

#[test]
fn the_rows_of_a_dump_decide() {
    for dialect in ["postgres", "mysql", "sqlite"] {
        for (invoices, how) in [(60, "all 60 keys"), (12_000, "sampled keys are in it")] {
            let text = dump(invoices);
            let asked = relations(&text, &["--with-data", "--format", "json", "--dialect", dialect]).json();
            let (table, tier, evidence) = parent(&asked);
            assert_eq!(
                (table.as_str(), tier.as_str()),
                ("billing_accounts", "strong"),
                "{dialect}"
            );
            assert!(evidence.contains(how), "{dialect}: {evidence}");
            let audited = Run::new(["audit", "dump.sql", "--format", "json", "--dialect", dialect])
                .file("dump.sql", &text)
                .finish()
                .json();
            assert_eq!(parent(&audited), parent(&asked), "{dialect}");
            assert_eq!(audited["summary"]["ok"], 1, "{dialect}: {audited:#}");
        }
    }
}

/// PostgreSQL has them as two columns; the file that keeps the rows is SQLite's, which does not.
#[test]
fn columns_that_differ_in_letter_case_keep_their_rows_apart() {
    let text = r#"
        CREATE TABLE "Reports" (id integer NOT NULL PRIMARY KEY);
        CREATE TABLE "Ideas" (id integer NOT NULL PRIMARY KEY,
            "reportId" integer REFERENCES "Reports", "ReportId" integer REFERENCES "Reports" NOT VALID);
        INSERT INTO "Reports" VALUES (1), (2);
        INSERT INTO "Ideas" VALUES (1, 1, 7), (2, 2, 8), (3, 1, 1);
    "#;
    let report = Run::new(["audit", "dump.sql", "--format", "json", "--dialect", "postgres"])
        .file("dump.sql", text)
        .finish()
        .json();
    let orphans = |column: &str| {
        let relations = report["relations"].as_array().unwrap();
        let relation = relations
            .iter()
            .find(|relation| relation["child"]["columns"][0] == column)
            .unwrap();
        let probes = report["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["relation"] == relation["id"]).unwrap();
        probe["orphan_rows"].as_u64()
    };
    assert_eq!(
        (orphans("reportId"), orphans("ReportId")),
        (Some(0), Some(2)),
        "{report:#}"
    );
}

#[test]
fn without_the_flag_no_row_is_asked() {
    let json = ["--format", "json", "--dialect", "postgres"];
    assert_eq!(relations(&dump(60), &json).stdout, relations(TABLES, &json).stdout);
}

#[test]
fn a_source_without_rows_is_noted() {
    for dialect in ["postgres", "mysql"] {
        let arguments = ["--with-data", "--format", "json", "--dialect", dialect];
        let asked = relations(TABLES, &arguments).json();
        assert!(notes(&asked).contains("there are no rows to ask"), "{}", notes(&asked));
        let named = relations(TABLES, &arguments[1..]).json();
        assert_eq!(asked["relations"], named["relations"]);
    }
}

/// Only a server could tell what the statement has put there.
#[test]
fn rows_that_cannot_be_read_are_noted_and_names_decide() {
    let text = dump(60) + "INSERT INTO invoices SELECT id, id FROM crm_accounts;\n";
    let arguments = ["--with-data", "--format", "json", "--dialect", "postgres"];
    let asked = relations(&text, &arguments).json();
    assert!(notes(&asked).contains("names alone decide"), "{}", notes(&asked));
    let named = relations(TABLES, &arguments[1..]).json();
    assert_eq!(asked["relations"], named["relations"]);
}

#[test]
fn the_arithmetic_shows_what_rows_weigh() {
    let arguments = [
        "--with-data",
        "--dialect",
        "postgres",
        "--explain",
        "invoices.account_id",
    ];
    let text = relations(&dump(60), &arguments).stdout;
    assert!(
        text.contains("rows_contained") && text.contains("all 60 keys are in it"),
        "{text}"
    );
    assert!(text.contains("rows_refuted"), "{text}");
    let without = relations(&dump(60), &arguments[1..]).stdout;
    assert!(!without.contains("rows_"), "{without}");
}
