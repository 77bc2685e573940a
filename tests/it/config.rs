//! `relaudit.yml`: what is wrong in it is said with its place, and nothing is reported as clean.

use crate::run::{Outcome, Run};

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY); \
                      CREATE TABLE phones (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id)); \
                      CREATE INDEX phones_user_id ON phones (user_id);";

fn audit(config: &str) -> Outcome {
    let run = Run::new(["audit", "-", "--format", "json"])
        .file("relaudit.yml", config)
        .input(SCHEMA);
    run.finish()
}

fn assert_refused(config: &str, words: &[&str]) {
    let outcome = audit(config);
    assert_eq!(outcome.code, Some(2), "{config}: {outcome:?}");
    assert_eq!(outcome.stdout, "", "{config}");
    for word in words.iter().chain(&["relaudit.yml"]) {
        assert!(
            outcome.stderr.contains(word),
            "{:?} does not speak of {word:?}",
            outcome.stderr
        );
    }
}

#[test]
fn a_sound_file_is_used() {
    let outcome = audit("relations:\n  - {child: phones, columns: [user_id], parent: users, kind: has_one}\n");
    let rules = outcome.json()["findings"].to_string();
    assert!(rules.contains("one_to_one_not_unique"), "{rules}");
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    assert_refused(
        "relations:\n  - {child: phones, colums: [user_id], parent: users, kind: has_many}\n",
        &["colums", "line 2", "column 21"],
    );
    assert_refused("relation: []\n", &["relation", "line 1", "column 1"]);
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    let config = "relations:\n  - child: phones\n    columns: [user_id]\n    parent: users\n    kind: has_some\n";
    assert_refused(config, &["has_some", "line 5", "column 11"]);
}

#[test]
fn a_missing_table_or_column_is_named_with_its_place() {
    assert_refused(
        "relations:\n  - {child: phones, columns: [user_id], parent: persons, kind: has_many}\n",
        &["persons", "line 2"],
    );
    assert_refused(
        "relations:\n  - {child: telephones, columns: [user_id], parent: users, kind: has_many}\n",
        &["telephones", "line 2"],
    );
    assert_refused(
        "relations:\n  - {child: phones, columns: [owner_id], parent: users, kind: has_many}\n",
        &["owner_id", "line 2"],
    );
}

#[test]
fn entries_that_contradict_each_other_or_themselves_are_refused() {
    let entry = |more: &str| format!("  - {{child: phones, columns: user_id, parent: users, {more}}}\n");
    let two = |one: &str, other: &str| format!("relations:\n{}{}", entry(one), entry(other));
    assert_refused(&two("kind: has_one", "kind: has_many"), &["earlier entry", "line 3"]);
    assert_refused(&two("optional: true", "optional: false"), &["earlier entry", "line 3"]);
    assert_refused(&two("kind: none", "kind: has_many"), &["`kind: none`", "line 3"]);
    assert_refused(&two("kind: has_many", "kind: none"), &["`kind: none`", "line 3"]);
    assert_eq!(audit(&two("kind: has_many", "optional: false")).code, Some(0));
    assert_refused(
        "relations:\n  - {child: users, columns: id, parent: users}\n",
        &["to themselves", "line 2"],
    );
    let keys = "relations: []\nrelations: []\n";
    assert_refused(keys, &["duplicate mapping key: relations at line 2"]);
    assert_refused("relations: 3\n", &["a list belongs here at line 1"]);
}

#[test]
fn a_missing_file_is_refused_where_it_was_asked_for() {
    let outcome = Run::new(["audit", "-", "--config", "missing.yml"])
        .input(SCHEMA)
        .finish();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("missing.yml"), "{}", outcome.stderr);
}

#[test]
fn words_of_the_house_are_added() {
    let schema = "CREATE TABLE octopodes (id INTEGER PRIMARY KEY); CREATE TABLE guests (id INTEGER PRIMARY KEY); \
                  CREATE TABLE stays (id INTEGER PRIMARY KEY, octopus_id INTEGER NOT NULL, host_id INTEGER NOT NULL); \
                  CREATE INDEX stays_host ON stays (host_id); CREATE INDEX stays_octopus ON stays (octopus_id);";
    let found = |config: &str| {
        let run = Run::new(["relations", "-", "--format", "json"])
            .file("relaudit.yml", config)
            .input(schema);
        let relations = run.finish().json()["relations"].clone();
        let ends = relations.as_array().unwrap().iter();
        let ends = ends.map(|relation| format!("{} {}", relation["child"]["columns"][0], relation["parent"]["table"]));
        ends.collect::<Vec<String>>()
    };
    assert_eq!(found(""), Vec::<String>::new());
    let words = "inference:\n  tables: {people: [guest]}\n  people_roles: [host]\n  plurals: {octopus: octopodes}\n";
    assert_eq!(found(words), ["\"host_id\" \"guests\"", "\"octopus_id\" \"octopodes\""]);
    assert_refused("inference:\n  tables: {peoples: [guest]}\n", &["peoples", "line 2"]);
    assert_refused("inference:\n  weights: {name_stem: 1}\n", &["weights"]);
}

#[test]
fn ignored_findings_are_counted_and_left_out() {
    let run = |subject: &str, reason: &str| {
        let config =
            format!("ignore:\n  - {{rule: table_without_primary_key, subject: '{subject}', reason: '{reason}'}}\n");
        Run::new(["audit", "-", "--format", "json", "--fail-on", "warning"])
            .file("relaudit.yml", &config)
            .input("CREATE TABLE log_2026 (line TEXT);")
            .finish()
    };
    for subject in ["log_2026", "log_*", "public.log_????"] {
        let outcome = run(subject, "append only");
        // Only a source with namespaces has the last.
        let expected = i32::from(subject.contains("public"));
        assert_eq!(outcome.code, Some(expected), "{subject}: {}", outcome.stdout);
        let report = outcome.json();
        assert_eq!(report["summary"]["ignored"], 1 - expected, "{subject}");
        let rules: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect();
        let expected: &[&str] = match expected {
            0 => &[],
            _ => &["table_without_primary_key", "unused_suppression"],
        };
        assert_eq!(rules, expected, "{subject}");
    }
    let unused = run("lag", "append only").json();
    let entry = unused["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["rule"] == "unused_suppression");
    assert_eq!(
        entry.unwrap()["location"],
        serde_json::json!({"file": "relaudit.yml", "line": 2, "column": 12})
    );
    let without_reason = run("log_2026", " ");
    assert_eq!(without_reason.code, Some(2));
    assert!(without_reason.stderr.contains("line 2"), "{}", without_reason.stderr);
    assert_refused(
        "ignore:\n  - {rule: no_such_rule, subject: a, reason: b}\n",
        &["no_such_rule", "line 2"],
    );
}
