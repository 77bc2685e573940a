//! What the rules say of rows that a server compares otherwise than by their text.

use serde_json::Value;

use super::reports::{audit, probe_of};
use super::server::{Engine, Family, load, postgres as server};

/// The count of each finding of a rule, with its subject.
fn counts(report: &Value, rule: &str) -> Vec<(String, u64)> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|finding| finding["rule"] == rule)
        .map(|finding| {
            (
                finding["subject"].as_str().unwrap().to_owned(),
                finding["count"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// `Post` and `post` are one type where the column says so, and the rows of both are looked at.
#[test]
fn polymorphic_types_are_compared_as_the_column_compares() {
    let sql = "
        CREATE EXTENSION citext;
        CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE DOMAIN label AS citext;
        CREATE TABLE posts (id int PRIMARY KEY);
        CREATE TABLE a (id int PRIMARY KEY, commentable_type citext, commentable_id int);
        CREATE TABLE b (id int PRIMARY KEY, commentable_type text COLLATE folding, commentable_id int);
        CREATE TABLE c (id int PRIMARY KEY, commentable_type label, commentable_id int);
        CREATE TABLE d (id int PRIMARY KEY, commentable_type char(9), commentable_id int);
        INSERT INTO posts VALUES (1);
    ";
    let rows =
        ["a", "b", "c", "d"].map(|table| format!("INSERT INTO {table} VALUES (1,'Post',1),(2,'post',8),(3,'POST',9);"));
    for version in [18, 14] {
        let database = server(version).database(&(sql.to_owned() + &rows.concat()));
        let report = audit(&database.url()).finish().json();
        let expected = ["a", "b", "c", "d"].map(|table| {
            let subject = format!("public.{table}(commentable_type, commentable_id)");
            (subject, 2)
        });
        assert_eq!(counts(&report, "polymorphic_orphaned_rows"), expected, "{report:#}");
    }
}

/// A chain of parents bites its tail also where the references are spelled otherwise than the keys.
#[test]
fn cycles_are_found_however_keys_are_spelled() {
    for engine in Engine::all() {
        let number = if engine == Engine::Sqlite { "" } else { "decimal(9, 2)" };
        let mut sql = format!(
            "CREATE TABLE a (id int PRIMARY KEY, parent_id {number});
             INSERT INTO a VALUES (1, 2.0); INSERT INTO a VALUES (2, 1.00); INSERT INTO a VALUES (3, 1);
             CREATE TABLE b (id varchar(9) PRIMARY KEY, parent_id int);
             INSERT INTO b VALUES ('1', 2); INSERT INTO b VALUES ('2', 1); INSERT INTO b VALUES ('3', 3);
             CREATE TABLE top (k varchar(9) UNIQUE, parent_k varchar(9), FOREIGN KEY (parent_k) REFERENCES top (k));
             INSERT INTO top VALUES ('', NULL); INSERT INTO top VALUES (NULL, '');"
        );
        let mut expected = vec![("a(parent_id)", 2), ("b(parent_id)", 3)];
        if engine.family() == Family::Postgres {
            sql.push_str(
                "CREATE TABLE n (id numeric PRIMARY KEY, parent_id numeric REFERENCES n DEFERRABLE);
                 BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO n VALUES (1, 2.0), (2, 1.00); COMMIT;",
            );
            expected.push(("n(parent_id)", 2));
        }
        let loaded = load(engine, &sql);
        let stated = "relations:
  - {child: a, columns: parent_id, parent: a}
  - {child: b, columns: parent_id, parent: b}
";
        let report = audit(&loaded.source()).file("relaudit.yml", stated).finish().json();
        let found = counts(&report, "reference_cycle_in_rows");
        let found: Vec<(&str, u64)> = found
            .iter()
            .map(|(subject, count)| (subject.rsplit('.').next().unwrap(), *count))
            .collect();
        assert_eq!(found, expected, "{engine:?}");
    }
}

/// Few keys are listed and counted by one statement, many by two: the counts and the samples are the same on both sides of
/// the limit.
#[test]
fn orphans_of_few_keys_and_of_many_are_counted_alike() {
    for engine in Engine::all() {
        for keys in [100, 101, 250_u64] {
            let values: Vec<String> = (1..=keys)
                .flat_map(|key| {
                    [
                        format!("({key}, {})", key + 7),
                        format!("({}, {})", 1000 + key, key + 7),
                    ]
                })
                .chain([format!("({}, 0)", 3000)])
                .collect();
            let sql = format!(
                "CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
                 CREATE TABLE children (id int PRIMARY KEY, parent_id int);
                 INSERT INTO children VALUES {};",
                values.join(", ")
            );
            let loaded = load(engine, &sql);
            let stated = "relations: [{child: children, columns: parent_id, parent: parents}]";
            let report = audit(&loaded.source()).file("relaudit.yml", stated).finish().json();
            let counts = probe_of(&report, "children");
            assert_eq!(counts["orphan_rows"], keys * 2, "{engine:?} {keys}: {report:#}");
            assert_eq!(counts["orphan_keys"], keys, "{engine:?} {keys}");
            assert_eq!(counts["sentinel_rows"], 1, "{engine:?} {keys}");
            let samples = counts["samples"].as_array().unwrap();
            let told: Vec<(&str, u64)> = samples
                .iter()
                .map(|sample| {
                    let key = sample["key"]["parent_id"].as_str().unwrap();
                    (key, sample["rows"].as_u64().unwrap())
                })
                .collect();
            assert_eq!(
                told,
                [("8", 2), ("9", 2), ("10", 2), ("11", 2), ("12", 2)],
                "{engine:?} {keys}"
            );
        }
    }
}
