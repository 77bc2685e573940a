//! What live tests read in a JSON report, and a schema without faults.

use std::fmt::Write;

use serde_json::Value;

use crate::run::{Outcome, Run};

/// `parents` and some tables `children_1`, `children_2`, … that reference it, each with rows and nothing wrong.
pub(crate) fn family(children: usize) -> String {
    let mut sql = "CREATE TABLE parents (id INTEGER PRIMARY KEY); INSERT INTO parents VALUES (1), (2);".to_owned();
    for number in 1..=children {
        let table = format!("children_{number}");
        let _ = write!(
            sql,
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, \
             FOREIGN KEY (parent_id) REFERENCES parents (id)); \
             CREATE INDEX {table}_parent_id ON {table} (parent_id); \
             INSERT INTO {table} VALUES (1, 1), (2, 1), (3, 2);"
        );
    }
    sql
}

/// An audit of a source with a JSON report, to which more arguments can be added.
pub(crate) fn audit(source: &str) -> Run {
    Run::new(["audit", source, "--format", "json"])
}

/// The probe of the relation whose child is this table, named without its namespace.
pub(crate) fn probe_of<'r>(report: &'r Value, child: &str) -> &'r Value {
    let relations = report["relations"].as_array().unwrap();
    let relation = relations.iter().find(|relation| {
        let table = relation["child"]["table"].as_str().unwrap();
        table == child || table.ends_with(&format!(".{child}"))
    });
    let id = &relation.unwrap_or_else(|| panic!("no relation of {child}: {report:#}"))["id"];
    let probes = report["probes"].as_array().unwrap();
    probes.iter().find(|probe| probe["relation"] == *id).unwrap()
}

/// Asserts that the relation of this child was not checked, for a reason in which these words stand.
pub(crate) fn assert_not_checked(outcome: &Outcome, child: &str, reason: &str) {
    let report = outcome.json();
    let probe = probe_of(&report, child);
    assert_eq!(probe["status"], "not_checked", "{probe:#}");
    let said = probe["reason"].as_str().unwrap();
    assert!(said.contains(reason), "{said:?} does not speak of {reason:?}");
    assert_eq!(
        outcome.code,
        Some(2),
        "not checked, and no finding at or above --fail-on: {report:#}"
    );
}

/// Asserts that the relation of this child was checked, and its rows are fine.
pub(crate) fn assert_ok(outcome: &Outcome, child: &str) {
    let report = outcome.json();
    assert_eq!(probe_of(&report, child)["status"], "ok", "{report:#}");
}

/// Asserts that the program has given up with one sentence that has these words in it.
pub(crate) fn assert_refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "a report of nothing");
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "{:?} does not speak of {word:?}",
            outcome.stderr
        );
    }
}
