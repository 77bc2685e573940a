//! Scripts that run, and scripts that are refused.

use std::time::Duration;

use relaudit::dialect::{ConnectOptions, sqlite};

use super::{query, quick, read, reason, refused, script, table};

#[test]
fn a_dump_of_the_sqlite3_shell_loads_as_it_is() {
    let opened = script(
        "\u{feff}PRAGMA foreign_keys=OFF;\r\nBEGIN TRANSACTION;\r\nPRAGMA journal_mode = WAL;\r\n\
         CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent(id));\r\nINSERT INTO child VALUES(1, 7);\r\n\
         CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT);\r\nINSERT INTO parent VALUES(3);\r\n\
         PRAGMA writable_schema=ON;\r\n\
         INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(body)');\r\n\
         CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\r\n\
         PRAGMA writable_schema=OFF;\r\n\
         DELETE FROM sqlite_sequence;\r\nINSERT INTO sqlite_sequence VALUES('parent',3);\r\n\
         CREATE TRIGGER t AFTER INSERT ON parent BEGIN UPDATE child SET p = new.id; SELECT 'x; END;'; END;\r\nCOMMIT;\r\n",
    );
    let schema = opened.read_schema().unwrap();
    assert_eq!(table(&schema, "child").foreign_keys.len(), 1);
    let mut session = opened.sessions(8).unwrap().remove(0);
    assert_eq!(query(session.as_mut(), "SELECT p FROM child").unwrap(), [["7"]]);
    let triggers = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger'";
    assert_eq!(query(session.as_mut(), triggers).unwrap(), [["1"]]);
}

#[test]
fn a_script_that_turns_foreign_keys_on_still_loads_its_orphans() {
    let opened = script(
        "PRAGMA foreign_keys = ON; CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES a); INSERT INTO a VALUES (1, 2);",
    );
    let mut session = opened.sessions(1).unwrap().remove(0);
    assert_eq!(query(session.as_mut(), "SELECT b FROM a").unwrap(), [["2"]]);
}

#[test]
fn a_transaction_left_open_counts() {
    let opened = script("BEGIN; CREATE TABLE a(x); INSERT INTO a VALUES (1)");
    let mut session = opened.sessions(1).unwrap().remove(0);
    session.begin().unwrap();
    assert_eq!(query(session.as_mut(), "SELECT x FROM a").unwrap(), [["1"]]);
    session.end();
}

#[test]
fn an_error_names_the_line_of_the_fault() {
    for (sql, line, said) in [
        (
            "CREATE TABLE a(x);\n\nCREATE TABLE b(\n  x INT,\n  FOO BAR BAZ (((\n);",
            5,
            "syntax error",
        ),
        (
            "CREATE TABLE a(x);\n-- c\nCREATE TABLE a(y);",
            3,
            "table a already exists",
        ),
        (
            "CREATE TABLE a(x UNIQUE);\nINSERT INTO a VALUES (1);\nINSERT INTO a\n VALUES (1);",
            3,
            "UNIQUE constraint failed",
        ),
        ("\n\nSELECT 'abc", 3, "unrecognized token"),
        (
            "CREATE TABLE a(x);\nINSERT INTO a VALUES (nope);",
            2,
            "no such column: nope",
        ),
        ("SELECT 1;\nhello", 2, "syntax error"),
        ("SELECT 1;\nSELECT 'a\0b';", 2, "NUL"),
    ] {
        let text = refused(sql);
        assert!(text.starts_with("cannot read test.sql: line "), "{text}");
        assert!(
            text.contains(&format!("line {line}: ")) || text.contains(&format!("line {line} ")),
            "{sql}: {text}"
        );
        assert!(text.contains(said), "{sql}: {text}");
    }
}

#[test]
fn nothing_outside_of_the_database_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.db");
    let made = path.display();
    for sql in [
        format!("ATTACH '{made}' AS other; CREATE TABLE other.t(x);"),
        format!("ATTACH 'file:{made}?mode=rwc' AS other;"),
        "ATTACH ':memory:' AS other;".to_owned(),
        format!("VACUUM INTO '{made}';"),
        format!("vacuum main into '{made}';"),
        format!("CREATE TABLE t(x); CREATE TABLE u AS SELECT load_extension('{made}');"),
        format!("SELECT writefile('{made}', 'x');"),
        format!("DETACH main; ATTACH '{made}' AS main;"),
        format!(".open {made}\nCREATE TABLE t(x);"),
        format!(".read {made}"),
        format!(".import {made} t"),
    ] {
        let text = refused(&sql);
        assert!(text.contains("line 1"), "{text}");
    }
    for sql in [
        format!(
            "PRAGMA temp_store_directory = '{}'; CREATE TEMP TABLE t(x);",
            folder.path().display()
        ),
        "PRAGMA journal_mode = DELETE; CREATE TABLE t(x); VACUUM; ".to_owned(),
        format!(".output {made}\n.mode csv\nCREATE TABLE t(x);"),
    ] {
        script(&sql);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn commands_of_the_shell_are_noted() {
    let read = read("# a comment of the shell; '\n.mode box\nCREATE TABLE t(x -- .read\n);\nSELECT\n.5;\n");
    let notes: Vec<(String, Option<u32>)> = read
        .notes
        .iter()
        .map(|note| {
            (
                note.message.clone(),
                note.location.as_ref().map(|location| location.line),
            )
        })
        .collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].0.contains("`.mode`"));
    assert_eq!(notes[0].1, Some(2));
}

#[test]
fn a_dump_that_ends_with_rollback_is_noted() {
    let read = read("BEGIN;\nCREATE TABLE t(x);\nSAVEPOINT s; ROLLBACK TO s;\nROLLBACK; -- due to errors\n");
    assert_eq!(read.schema.tables.len(), 0);
    assert_eq!(read.notes.len(), 1);
    assert!(read.notes[0].message.contains("ROLLBACK"));
    assert_eq!(read.notes[0].location.as_ref().map(|location| location.line), Some(4));
}

#[test]
fn a_statement_that_does_not_end_is_ended() {
    let endless = "CREATE TABLE t(x);\nINSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) SELECT count(*) FROM n;";
    let start = std::time::Instant::now();
    let text = reason(sqlite::open_script("slow.sql", &mut endless.as_bytes(), &quick()));
    assert!(text.contains("line 2: statement timeout"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_database_of_a_script_is_read_only_afterwards() {
    let opened = script("CREATE TABLE t(x);");
    let mut session = opened.sessions(1).unwrap().remove(0);
    for sql in [
        "INSERT INTO t VALUES (1)",
        "DROP TABLE t",
        "CREATE TABLE u(x)",
        "ATTACH ':memory:' AS m",
    ] {
        assert!(query(session.as_mut(), sql).is_err(), "{sql}");
    }
}

#[test]
fn scripts_for_other_systems_are_told() {
    for (system, sql) in [
        (
            "PostgreSQL",
            "--\n-- PostgreSQL database dump\n--\nSET statement_timeout = 0;\n",
        ),
        ("PostgreSQL", "CREATE TABLE t (id SERIAL PRIMARY KEY);"),
        ("PostgreSQL", "CREATE TABLE t (a int, \"Id\" bigserial NOT NULL);"),
        ("PostgreSQL", "CREATE EXTENSION pgcrypto;"),
        ("PostgreSQL", "SET search_path TO app;"),
        (
            "PostgreSQL",
            "CREATE TABLE t (id int);\nCOPY t (id) FROM stdin;\n1\n\\.\n",
        ),
        ("PostgreSQL", "\\connect shop\nCREATE TABLE t (id int);"),
        ("PostgreSQL", "CREATE TABLE t (id int DEFAULT '1'::int);"),
        ("PostgreSQL", "CREATE TABLE t (id bigint DEFAULT nextval('s'));"),
        (
            "PostgreSQL",
            "CREATE TABLE t (id int);\nALTER TABLE ONLY t ADD CONSTRAINT k PRIMARY KEY (id);",
        ),
        (
            "PostgreSQL",
            "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql;",
        ),
        (
            "MySQL",
            "-- MySQL dump 10.13  Distrib 8.0\nCREATE TABLE t (id int) ENGINE=InnoDB;",
        ),
        (
            "MySQL",
            "/*!40101 SET NAMES utf8 */;\nCREATE TABLE `t` (`id` int NOT NULL, KEY `k` (`id`));",
        ),
        ("MySQL", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY);"),
        (
            "MySQL",
            "CREATE TABLE `t` (`id` int NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`)) ENGINE = InnoDB;",
        ),
        ("MySQL", "SET FOREIGN_KEY_CHECKS = 0;"),
        ("MySQL", "CREATE DATABASE shop; USE shop;"),
        ("MySQL", "DELIMITER //\nCREATE PROCEDURE p() BEGIN END //"),
        ("SQL Server", "CREATE TABLE [dbo].[t] ([id] int IDENTITY(1,1));"),
    ] {
        let text = refused(sql);
        assert!(text.contains(&format!("written for {system}")), "{sql}: {text}");
        // There is a dialect to name only where one is supported.
        let advice = if system == "SQL Server" {
            "relaudit audits"
        } else {
            "add --dialect"
        };
        assert!(text.contains(advice), "{sql}: {text}");
    }
}

#[test]
fn sqlites_own_scripts_are_not_taken_for_others() {
    for sql in [
        "-- made from a PostgreSQL database dump\nCREATE TABLE t(serial TEXT, x INT, PRIMARY KEY (serial));",
        "CREATE TABLE t(a, serial);\nCREATE VIEW v AS SELECT a, a serial FROM t;",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, engine TEXT DEFAULT 'a::b', big BIGINT UNSIGNED);",
        "CREATE TABLE \"nextval\"(\"auto_increment\" TEXT);\nINSERT INTO \"nextval\" VALUES ('ENGINE=InnoDB; $$ \\d');",
        "/* AUTO_INCREMENT ENGINE=InnoDB */ CREATE TABLE t(x /* SERIAL */);",
        "",
        "-- nothing\n",
        ";;;",
    ] {
        assert!(
            sqlite::open_script("test.sql", &mut sql.as_bytes(), &ConnectOptions::default()).is_ok(),
            "{sql}"
        );
    }
}
