//! Scripts that are larger than the memory that they may have, and statements that compute more than that.

use std::fmt::Write as _;

use relaudit::dialect::{ConnectOptions, sqlite};

use super::{query, refused, script};
use crate::files::probes;
use crate::run::Run;

/// No script may make the program take more, in MB.
const MEMORY: u64 = 200;

const SCHEMA: &str = "CREATE TABLE a(id INTEGER PRIMARY KEY);\n\
    CREATE TABLE b(id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id), note TEXT);\nINSERT INTO a VALUES(1),(2);\n";

#[test]
fn an_insert_longer_than_memory_is_read_row_by_row() {
    let note = "it''s; (".repeat(1 << 13);
    let mut text = format!("{SCHEMA}INSERT INTO b VALUES");
    for row in 0..400 {
        let sign = if row == 399 { ';' } else { ',' };
        let _ = writeln!(text, "({row},{},'{note}'){sign}", 1 + row % 3);
    }
    assert!(text.len() > 25_000_000);
    let run = Run::new(["audit", "a.sql", "--dialect", "sqlite", "--format", "json"]).file("a.sql", &text);
    let (outcome, peak) = run.start().finish_watched();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert_eq!(
        probes(&outcome.json()),
        [("b[\"a_id\"]".to_owned(), "violated".to_owned(), 133)]
    );
    assert!(peak < MEMORY, "{peak} MB");
}

#[test]
fn what_needs_too_much_memory_ends_in_a_sentence() {
    let blob = format!("INSERT INTO b VALUES(1,1,X'{}');", "4A".repeat(20 << 20));
    let columns = ["randomblob(15000000)"; 20].join(", ");
    let cases: [(&str, &str); 5] = [
        (
            "INSERT INTO b VALUES(1,1,zeroblob(2000000000));",
            "a text or blob is longer than the 16 MB",
        ),
        (
            "INSERT INTO b SELECT 1,1,hex(zeroblob(15000000));",
            "a text or blob is longer than the 16 MB",
        ),
        (
            "SELECT group_concat(hex(randomblob(1000000))) FROM (SELECT 1 FROM sqlite_schema a, sqlite_schema b, \
             sqlite_schema c, sqlite_schema d, sqlite_schema e);",
            "a text or blob is longer than the 16 MB",
        ),
        (&format!("SELECT {columns};"), "needs more memory than the 128 MB"),
        (&blob, "longer than 16 MB"),
    ];
    for (statement, said) in cases {
        let run =
            Run::new(["relations", "a.sql", "--dialect", "sqlite"]).file("a.sql", &format!("{SCHEMA}{statement}\n"));
        let (outcome, peak) = run.start().finish_watched();
        let shown = &statement[..statement.len().min(60)];
        assert_eq!(outcome.code, Some(2), "{shown}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("line 4: "), "{shown}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{shown}: {}", outcome.stderr);
        assert!(peak < MEMORY, "{shown}: {peak} MB");
    }
}

/// All values of a table as SQLite tells them, with their kinds.
fn values(sql: &str) -> Vec<Vec<String>> {
    let opened = script(sql);
    let mut session = opened.sessions(1).unwrap().remove(0);
    query(
        session.as_mut(),
        "SELECT rowid, typeof(x), quote(x), typeof(y), quote(y), z FROM t ORDER BY rowid",
    )
    .unwrap()
}

#[test]
fn plain_rows_mean_what_they_mean_in_any_other_statement() {
    let table = "CREATE TABLE t(id INTEGER PRIMARY KEY, x NUMERIC, y TEXT COLLATE NOCASE UNIQUE, z DEFAULT 'd');\n";
    let rows = [
        "1, '007', 1.50, 'it''s'",
        "NULL, 9223372036854775807, -9223372036854775808, x'4A00'",
        "7, 0.1, 1e-7, ''",
        "8, -0.30000000000000004, '', NULL",
        "9, 1.7976931348623157e308, 5e-324, 'ä'",
        "+10, .5, 2., -3",
        "'11', 12345678901234567890.0, 123456789012345678901234567890, X''",
        "12, replace('a','a','b'), 0x10, 'x' || 'y'",
        "13, 3.0, 'NULL', null",
    ];
    let statements = |each: &dyn Fn(&str) -> String| rows.map(each).concat();
    let one_by_one = statements(&|row| format!("INSERT INTO t VALUES({row});\n"));
    let together = format!("INSERT INTO t VALUES ({});", rows.join("),\n ("));
    // A query is no plain row, and SQLite reads it as it stands.
    let by_query = statements(&|row| format!("INSERT INTO t SELECT {row};\n"));
    let expected = values(&format!("{table}{by_query}"));
    assert_eq!(expected.len(), rows.len());
    assert_eq!(values(&format!("{table}{one_by_one}")), expected);
    assert_eq!(values(&format!("{table}{together}")), expected);
    assert_eq!(values(&format!("{table}BEGIN;\n{one_by_one}COMMIT;\n")), expected);
    // Only some columns, a row that is ignored, one that takes another's place, and what a trigger adds.
    let found = values(&format!(
        "{table}CREATE TRIGGER g AFTER INSERT ON t WHEN new.x = 5 BEGIN INSERT INTO t(x, y) VALUES (6, 'six'); END;\n\
         INSERT INTO t(y, x) VALUES('a', 1),('b', 2);\nINSERT OR IGNORE INTO t(y, x) VALUES('A', 3);\n\
         REPLACE INTO t(y, x) VALUES('B', 4);\nINSERT INTO t(x) VALUES(5);\nBEGIN;\nINSERT INTO t(x) VALUES(9);\nROLLBACK;\n"
    ));
    let shown: Vec<_> = found
        .iter()
        .map(|row| (row[2].as_str(), row[4].as_str(), row[5].as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("1", "'a'", "d"),
            ("4", "'B'", "d"),
            ("5", "NULL", "d"),
            ("6", "'six'", "d")
        ]
    );
}

#[test]
fn a_plain_row_that_fails_is_told_with_its_line() {
    let table = "CREATE TABLE t(id INTEGER PRIMARY KEY, x NOT NULL);\n";
    for (rows, said) in [
        (
            "INSERT INTO t VALUES(1,1);\nINSERT INTO t VALUES(2,2);\nINSERT INTO t VALUES(1,3);",
            "line 4: UNIQUE",
        ),
        ("INSERT INTO t VALUES(1,1),\n(2,NULL);", "line 2: NOT NULL"),
        (
            "INSERT INTO t VALUES(1,1);\nINSERT INTO t VALUES(2);",
            "line 3: table t has 2 columns",
        ),
        ("INSERT INTO u VALUES(1);", "line 2: no such table"),
    ] {
        let text = refused(&format!("{table}{rows}"));
        assert!(text.contains(said), "{rows}: {text}");
    }
    let opened = sqlite::open_script(
        "t.sql",
        &mut "INSERT INTO t VALUES(1".as_bytes(),
        &ConnectOptions::default(),
    );
    assert!(opened.is_err());
}
