//! Tables of MySQL and MariaDB that take a change only in one way, or not at all.

use std::fmt::Write as _;

use super::trip::Trip;
use crate::live::server::Engine;

/// Relations that are stated to be required, over columns that take nulls. Undoing it goes the other way.
fn required(columns: &[(&str, &str, &str)]) -> (String, String) {
    let mut sql = String::new();
    let mut config = "relations:\n".to_owned();
    for (at, (ty, attributes, value)) in columns.iter().enumerate() {
        let _ = writeln!(
            sql,
            "CREATE TABLE p{at} (id {ty} NOT NULL PRIMARY KEY); INSERT INTO p{at} VALUES ({value});
             CREATE TABLE c{at} (id INT PRIMARY KEY, k {ty} NULL {attributes}, o INT, KEY (k));
             INSERT INTO c{at} (id, k) VALUES (1, {value});"
        );
        let _ = writeln!(
            config,
            "  - {{child: c{at}, columns: [k], parent: p{at}, kind: has_many, optional: false}}"
        );
    }
    (sql, config)
}

#[test]
fn a_column_that_is_defined_again_keeps_all_of_its_definition() {
    let common = [
        ("INT", "DEFAULT 5 INVISIBLE", "5"),
        ("INT", r#"DEFAULT 5 COMMENT 'it''s \\ "x"'"#, "5"),
        ("BIT(8)", "DEFAULT b'1010'", "b'1010'"),
        ("VARCHAR(10)", "DEFAULT 'NULL'", "'NULL'"),
        ("VARCHAR(30)", "DEFAULT 'CURRENT_TIMESTAMP'", "'x'"),
        ("VARCHAR(30)", r"DEFAULT (CONCAT('a', 'b\'c\\'))", "'x'"),
        ("VARCHAR(30)", r#"DEFAULT 'a\\''"'"#, "'x'"),
        ("INT", "DEFAULT (1 + 2)", "3"),
        (
            "TIMESTAMP(6)",
            "DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) INVISIBLE",
            "'2001-01-01 00:00:00.123456'",
        ),
        (
            "DATETIME",
            "DEFAULT '2001-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP",
            "'2001-01-01 00:00:00'",
        ),
    ];
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let (sql, config) = required(&common);
        let trip = Trip::start(engine, &sql, &config, &[]);
        trip.round(|trip| assert_eq!(trip.findings(), [], "{engine:?}"));
    }
}

#[test]
fn a_default_that_the_server_does_not_tell_keeps_its_column_as_it_is() {
    for (engine, columns) in [
        (
            Engine::Mysql97,
            &[
                ("VARBINARY(9)", "DEFAULT x'00ff27'", "x'00'"),
                ("VARCHAR(9)", "DEFAULT (CONCAT('ä'))", "'x'"),
            ][..],
        ),
        (Engine::MariaDb, &[("VARBINARY(9)", "DEFAULT x'00ff27'", "x'00'")][..]),
    ] {
        let (sql, config) = required(columns);
        let trip = Trip::start(engine, &sql, &config, &[]);
        let untold = trip
            .withheld()
            .iter()
            .filter(|one| one.contains("does not tell the default"))
            .count();
        assert_eq!(untold, columns.len(), "{engine:?}: {:?}", trip.withheld());
        trip.round(|_| ());
    }
}

/// Each child takes nulls in `required` and none in `optional`, and a second table has no primary key.
#[test]
fn a_table_that_cannot_be_made_anew_online_is_copied() {
    let extra = [
        "w VARCHAR(50), FULLTEXT KEY (w)",
        "g POINT NOT NULL DEFAULT (POINT(1, 2)), SPATIAL KEY (g)",
        "v INT AS (optional + 1) VIRTUAL, KEY (v)",
        "s INT AS (n + 1) STORED",
    ];
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let mut sql = "CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2);\n".to_owned();
        let mut config = "relations:\n".to_owned();
        for (at, extra) in extra.iter().enumerate() {
            let _ = writeln!(
                sql,
                "CREATE TABLE t{at} (id INT PRIMARY KEY, required INT, optional INT NOT NULL, n INT, {extra});
                 INSERT INTO t{at} (id, required, optional) VALUES (1, 1, 1), (2, 2, 2);
                 CREATE TABLE u{at} (id INT NOT NULL UNIQUE KEY, optional INT, n INT, {extra});
                 INSERT INTO u{at} (id) VALUES (3), (4);"
            );
            let _ = writeln!(
                config,
                "  - {{child: t{at}, columns: [required], parent: p, kind: has_many, optional: false}}
  - {{child: t{at}, columns: [optional], parent: p, kind: has_many, optional: true}}"
            );
        }
        let trip = Trip::start(engine, &sql, &config, &[]);
        trip.round(|trip| {
            let left = trip.findings();
            let mended = ["optionality_mismatch", "table_without_primary_key"];
            assert!(
                left.iter().all(|(rule, _)| !mended.contains(&rule.as_str())),
                "{engine:?}: {left:?}"
            );
        });
    }
}

#[test]
fn an_index_that_comes_with_a_foreign_key_goes_with_it() {
    let sql = "
CREATE TABLE p (a INT, b VARCHAR(30), PRIMARY KEY (a, b)); INSERT INTO p VALUES (1, 'one'), (2, 'two');
CREATE TABLE prefix (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(30) NOT NULL, KEY of_prefix (a, b (5)));
CREATE TABLE turned (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(30) NOT NULL, KEY of_turned (b, a));
INSERT INTO prefix VALUES (1, 1, 'one'); INSERT INTO turned VALUES (1, 2, 'two');
";
    let config = "relations:
  - {child: prefix, columns: [a, b], parent: p, kind: has_many}
  - {child: turned, columns: [a, b], parent: p, kind: has_many}
";
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let trip = Trip::start(engine, sql, config, &[]);
        trip.round(|trip| assert_eq!(trip.findings(), [], "{engine:?}"));
        // Another foreign key that came since needs the index as well.
        trip.up().unwrap();
        trip.execute(
            "ALTER TABLE turned ADD CONSTRAINT later FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE CASCADE",
        );
        trip.down().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[test]
fn what_the_server_refuses_is_withheld() {
    let sql = "
CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2);
CREATE TABLE base (id INT PRIMARY KEY, p_id INT, s INT AS (p_id + 1) STORED, KEY (p_id));
CREATE TABLE plain (id INT PRIMARY KEY, p_id INT, s INT AS (p_id + 1) STORED, KEY (p_id));
CREATE TABLE computed (id INT PRIMARY KEY, n INT, p_id INT AS (n + 1) VIRTUAL, KEY (p_id));
CREATE TABLE cut (id INT PRIMARY KEY, p_id VARCHAR(20) NOT NULL, KEY of_cut (p_id (5)));
INSERT INTO cut VALUES (1, '1');
INSERT INTO base (id, p_id) VALUES (1, 1); INSERT INTO plain (id, p_id) VALUES (1, 2); INSERT INTO computed (id, n) VALUES (1, 0);
";
    let config = "relations:
  - {child: base, columns: [p_id], parent: p, kind: has_many, on_delete: cascade}
  - {child: plain, columns: [p_id], parent: p, kind: has_many}
  - {child: computed, columns: [p_id], parent: p, kind: has_many}
  - {child: cut, columns: [p_id], parent: p, kind: has_many}
";
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let trip = Trip::start(engine, sql, config, &[]);
        let withheld = trip.withheld();
        let is_withheld = |reason: &str| withheld.iter().any(|one| one.contains(reason));
        assert!(is_withheld("is computed from `p_id`"), "{engine:?}: {withheld:?}");
        assert!(
            is_withheld("`of_cut` is over the first characters"),
            "{engine:?}: {withheld:?}"
        );
        assert_eq!(
            is_withheld("is computed when it is read"),
            engine == Engine::Mysql97,
            "{engine:?}: {withheld:?}"
        );
        assert!(
            trip.steps().iter().any(|step| step.contains("plain(p_id)")),
            "{:?}",
            trip.steps()
        );
        trip.round(|_| ());
    }
}

#[test]
fn a_table_with_history_is_changed_only_where_that_does_not_rewrite_it() {
    let sql = "
CREATE TABLE p (id BIGINT PRIMARY KEY); INSERT INTO p VALUES (1), (2), (3);
CREATE TABLE typed (id INT PRIMARY KEY, p_id INT NOT NULL) WITH SYSTEM VERSIONING;
CREATE TABLE required (id INT PRIMARY KEY, p_id BIGINT) WITH SYSTEM VERSIONING;
CREATE TABLE single (id INT PRIMARY KEY, p_id BIGINT NOT NULL) WITH SYSTEM VERSIONING;
INSERT INTO typed VALUES (1, 1); INSERT INTO required VALUES (1, 1), (2, 9); INSERT INTO single VALUES (1, 1);
";
    let config = "relations:
  - {child: typed, columns: [p_id], parent: p, kind: has_many}
  - {child: required, columns: [p_id], parent: p, kind: has_many, optional: false, on_delete: cascade}
  - {child: single, columns: [p_id], parent: p, kind: has_one}
";
    let trip = Trip::start(Engine::MariaDb, sql, config, &[]);
    let withheld = trip.withheld();
    for table in ["typed", "required", "single"] {
        let is_told = |one: &String| one.contains(&format!(".{table}` keeps all former versions"));
        assert!(withheld.iter().any(is_told), "{table}: {withheld:?}");
    }
    trip.round(|trip| {
        let left = trip.findings();
        assert!(
            left.iter()
                .all(|(rule, subject)| rule != "missing_foreign_key" || subject.contains("typed")),
            "{left:?}"
        );
    });
}
