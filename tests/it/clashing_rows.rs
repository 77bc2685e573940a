//! Rows of a dump whose key is there already: which of them stay is for the keys to decide, or for nobody.

use serde_json::json;

use crate::files::{audit, probes};
use crate::run::Run;

const MYSQL: &str = "-- MySQL dump 10.13
CREATE TABLE `a` (`id` int NOT NULL, `code` varchar(9) COLLATE utf8mb4_bin, `day` date, PRIMARY KEY (`id`),
  UNIQUE KEY `by_code` (`code`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `b` (`id` int NOT NULL, `a_id` int, `a_code` varchar(9) COLLATE utf8mb4_bin, `name` varchar(9),
  PRIMARY KEY (`id`), UNIQUE KEY `by_name` (`name`), KEY `i1` (`a_id`), KEY `i2` (`a_code`),
  CONSTRAINT `f1` FOREIGN KEY (`a_id`) REFERENCES `a` (`id`),
  CONSTRAINT `f2` FOREIGN KEY (`a_code`) REFERENCES `a` (`code`)) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE latin1_bin;
INSERT INTO `a` VALUES (1,'x','2026-01-01'),(2,'y',NULL);
";

const POSTGRES: &str = "-- PostgreSQL database dump
CREATE TABLE a (id bigint PRIMARY KEY, code text UNIQUE);
CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a (id), a_code text REFERENCES a (code), name text UNIQUE);
INSERT INTO a VALUES (1, 'x'), (2, 'y');
";

/// Of `b(a_id)` and of `b(a_code)`: the orphaned rows, or a part of the reason why they were not counted.
#[track_caller]
fn check(dump: &str, rows: &str, expected: (Result<u64, &str>, Result<u64, &str>)) {
    let outcome = audit(format!("{dump}{rows}\n"));
    assert!(outcome.stderr.is_empty(), "{rows}: {}", outcome.stderr);
    let found = probes(&outcome.json());
    let of = |column: &str| found.iter().find(|probe| probe.0.contains(column)).unwrap();
    for (column, expected) in [("a_id", expected.0), ("a_code", expected.1)] {
        let probe = of(column);
        match expected {
            Ok(orphans) => {
                let status = if orphans == 0 { "ok" } else { "violated" };
                assert_eq!((probe.1.as_str(), probe.2), (status, orphans), "{rows}: {probe:?}");
            }
            Err(reason) => assert!(probe.1.contains(reason), "{rows}: {probe:?}"),
        }
    }
}

#[test]
fn replace_takes_the_place_of_every_row_with_one_of_its_keys() {
    // As mysqldump --replace writes it: nothing clashes.
    check(
        MYSQL,
        "REPLACE INTO `b` VALUES (1,1,'x','n'),(2,7,NULL,'m');",
        (Ok(1), Ok(0)),
    );
    // The row before was an orphan and is gone: by the primary key, and by another.
    check(
        MYSQL,
        "INSERT INTO `b` VALUES (1,7,'z','n'); REPLACE INTO `b` VALUES (1,1,'x','m');",
        (Ok(0), Ok(0)),
    );
    check(
        MYSQL,
        "INSERT INTO `b` VALUES (1,7,'z','n'); REPLACE INTO `b` VALUES (2,1,'x','n');",
        (Ok(0), Ok(0)),
    );
    // One row takes the place of two.
    check(
        MYSQL,
        "REPLACE INTO `b` VALUES (1,7,'z','n'),(2,7,'z','m'),(1,8,'x','m');",
        (Ok(1), Ok(0)),
    );
    // A key with a null is the key of no other row.
    check(
        MYSQL,
        "REPLACE INTO `b` VALUES (1,7,'x',NULL),(2,7,'x',NULL);",
        (Ok(2), Ok(0)),
    );
    // A parent that takes another's place.
    check(
        MYSQL,
        "SET FOREIGN_KEY_CHECKS=0; INSERT INTO `b` VALUES (1,1,'x','n'); REPLACE INTO `a` VALUES (3,'x',NULL);",
        (Ok(1), Ok(0)),
    );
}

#[test]
fn ignored_rows_are_none() {
    check(
        MYSQL,
        "INSERT IGNORE INTO `b` VALUES (1,1,'x','n'),(1,7,'z','m'),(2,7,'z','n'),(3,7,'x','o');",
        (Ok(1), Ok(0)),
    );
    check(
        MYSQL,
        "INSERT LOW_PRIORITY IGNORE INTO b (name, id, a_id) VALUES ('n',1,1),('n',2,7);",
        (Ok(0), Ok(0)),
    );
    check(
        POSTGRES,
        "INSERT INTO b VALUES (1, 1, 'x', 'n'), (1, 7, 'z', 'm'), (2, 7, 'z', 'n') ON CONFLICT DO NOTHING;",
        (Ok(0), Ok(0)),
    );
    check(
        POSTGRES,
        "INSERT INTO b VALUES (1, 1, 'x', 'n');\nINSERT INTO b VALUES (1, 7, 'z', 'm')\n ON CONFLICT /* ; */ (id) DO NOTHING -- ;\n;",
        (Ok(0), Ok(0)),
    );
    check(
        POSTGRES,
        "INSERT INTO b VALUES (1, 7, 'x', 'DO NOTHING'); INSERT INTO b VALUES (2, 7, 'x', 'n') RETURNING id;",
        (Ok(2), Ok(0)),
    );
}

#[test]
fn where_the_keys_do_not_decide_nothing_is_called_clean() {
    // The row that is changed is known to the server.
    for rows in [
        "INSERT INTO b VALUES (1, 1, 'x', 'n') ON CONFLICT (id) DO UPDATE SET a_id = 7;",
        &format!(
            "INSERT INTO b VALUES (1, 1, 'x', 'n') ON CONFLICT (id){}DO UPDATE SET a_id = 7;",
            " ".repeat(5000)
        ),
    ] {
        check(
            POSTGRES,
            rows,
            (Err("INSERT on line 5"), Err("changes rows that are there")),
        );
    }
    check(
        MYSQL,
        "INSERT INTO b VALUES (1,1,'x','n') AS new ON DUPLICATE KEY UPDATE a_id = new.a_id;",
        (Err("line 9"), Err("changes rows that are there")),
    );
    // What is unique is more than columns.
    let partial = format!("{POSTGRES}CREATE UNIQUE INDEX only_some ON b (a_id) WHERE a_id > 1;\n");
    check(
        &partial,
        "INSERT INTO b VALUES (1, 2, 'x', 'n'), (2, 2, 'x', 'm') ON CONFLICT DO NOTHING;",
        (Err("line 6"), Err("`only_some`")),
    );
    let prefix = MYSQL.replace("KEY `by_name` (`name`)", "KEY `by_name` (`name`(2))");
    check(
        &prefix,
        "REPLACE INTO `b` VALUES (1,1,'x','n');",
        (Err("line 9"), Err("`by_name`")),
    );
    let day = MYSQL.replace(
        "PRIMARY KEY (`id`),\n  UNIQUE KEY `by_code`",
        "UNIQUE KEY `d` (`day`), PRIMARY KEY (`id`),\n  UNIQUE KEY `by_code`",
    );
    check(
        &day,
        "INSERT INTO b VALUES (1,1,'x','n'); INSERT IGNORE INTO a VALUES (1,'x','2026-1-1');",
        (Err("line 9"), Err("`d`")),
    );
    // A server would have refused the second row, and nobody knows what came of it.
    check(
        MYSQL,
        "REPLACE INTO `b` VALUES (1,1,'x','n');\nINSERT INTO `b` VALUES (1,1,'x','m');",
        (Err("line 10"), Err("is there already")),
    );
    // What becomes of the rows of `b`, foreign_key_checks decide.
    let cascade = MYSQL.replace("REFERENCES `a` (`id`)", "REFERENCES `a` (`id`) ON DELETE CASCADE");
    check(
        &cascade,
        "INSERT INTO `b` VALUES (1,1,'x','n');\nREPLACE INTO `a` VALUES (1,'x',NULL);",
        (Err("line 10"), Err("line 10")),
    );
    check(
        &cascade,
        "INSERT INTO `b` VALUES (1,1,'x','n');\nREPLACE INTO `a` VALUES (3,'z',NULL);",
        (Ok(0), Ok(0)),
    );
}

#[test]
fn updates_of_rows_whose_keys_are_kept_apart() {
    check(
        MYSQL,
        "INSERT IGNORE INTO `b` VALUES (1,1,'x','n'),(2,1,'x','m'); UPDATE `b` SET a_id = 7 WHERE id = 2;",
        (Ok(1), Ok(0)),
    );
    check(
        MYSQL,
        "INSERT IGNORE INTO `b` VALUES (1,1,'x','n'),(2,1,'x','m');\nUPDATE `b` SET name = 'n' WHERE id = 2;",
        (Err("line 10"), Err("UPDATE changes rows")),
    );
    let report = audit(format!("{MYSQL}INSERT IGNORE INTO `b` VALUES (1,1,'x','n');\n")).json();
    assert_eq!(report["summary"]["not_checked"], json!(0));
}

#[test]
fn primary_keys_of_whole_numbers_are_what_the_server_has() {
    // A text is the key that it is written as, and no other.
    let text = POSTGRES.replace("a_id bigint REFERENCES a (id)", "a_id text").replace(
        "PRIMARY KEY, code text UNIQUE",
        "PRIMARY KEY, code text UNIQUE, big numeric UNIQUE",
    );
    let stated = "relations:\n  - {child: b, columns: [a_id], parent: a, parent_columns: [id], kind: has_many}\n";
    let dump = format!(
        "{text}INSERT INTO b VALUES (1, '1', 'x', 'n'), (2, '01', 'x', 'm'), (3, '1.0', 'x', 'o'), (4, ' 1', 'x', 'p'), \
         (5, '1e0', 'x', 'q'), (6, '2', 'x', 'r'), (7, '', 'x', 's');\n"
    );
    let run = Run::new(["audit", "a.sql", "--format", "json"])
        .file("a.sql", &dump)
        .file("relaudit.yml", stated);
    let found = probes(&run.finish().json());
    let probe = found.iter().find(|probe| probe.0.contains("a_id")).unwrap();
    // The empty text stands for none.
    assert_eq!((probe.1.as_str(), probe.2), ("violated", 4), "{found:?}");
    let unsigned = MYSQL
        .replace("`id` int NOT NULL, `code`", "`id` bigint unsigned NOT NULL, `code`")
        .replace("`a_id` int", "`a_id` bigint unsigned");
    check(
        &unsigned,
        "INSERT INTO a VALUES (18446744073709551615,'z',NULL); INSERT INTO b VALUES (1,18446744073709551615,'z','n');",
        (Ok(0), Ok(0)),
    );
    check(
        MYSQL,
        "INSERT INTO b VALUES (-2147483648,1,'x','n'),(0,2,'y','m'),(+7,3,'y','o');",
        (Ok(1), Ok(0)),
    );
    // Only the server knows which key it gives.
    check(
        MYSQL,
        "INSERT INTO a VALUES (NULL,'z',NULL);\nINSERT INTO b VALUES (1,3,'z','n');",
        (Err("INSERT on line 9"), Err("only the server knows")),
    );
    // Only a broken file has a key twice.
    check(
        MYSQL,
        "INSERT INTO b VALUES (1,1,'x','n'); INSERT INTO a VALUES (1,'z',NULL);",
        (Err("is there already"), Err("line 9")),
    );
}
