//! Nothing that is put in ends the program.

use relaudit::ddl::SqlDialect;

use super::{notes, read, summary};
use crate::mangle::{self, DIALECTS};

const TEXTS: [&str; 3] = [
    include_str!("../../../fixtures/ddl/postgres.sql"),
    include_str!("../../../fixtures/ddl/mysql.sql"),
    include_str!("../../../fixtures/ddl/sqlite.sql"),
];

#[test]
fn a_truncated_dump_keeps_what_is_whole() {
    let read = read(
        "CREATE TABLE a (id int);\nCREATE TABLE b (id int, c text DEFAULT 'x",
        SqlDialect::Postgres,
    );
    assert!(
        summary(&read.schema).starts_with("public.a: id integer\npublic.b: id integer"),
        "{}",
        summary(&read.schema)
    );
    let notes = notes(&read);
    assert!(notes.iter().any(|note| note.contains("is never closed")), "{notes:?}");
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    let text = "CREATE TABLE a (\n  id int PRIMARY KEY\n);\nCOPY a FROM stdin;\n1\n\\.\nCREATE TABLE b (id int);\n";
    let expected = summary(&read(text, SqlDialect::Postgres).schema);
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(summary(&read(&windows, SqlDialect::Postgres).schema), expected);
    assert_eq!(expected.lines().count(), 2);
}

#[test]
fn deep_nesting_is_no_trouble() {
    let text = format!(
        "CREATE TABLE a (id int DEFAULT {}1{});",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    for dialect in DIALECTS {
        let _ = read(&text, dialect);
    }
}

#[test]
fn what_is_no_sql_is_told() {
    for dialect in DIALECTS {
        let read = read("lorem ipsum dolor", dialect);
        assert_eq!(notes(&read), ["1:1: `lorem ipsum dolor` is no statement that is known"]);
    }
}

#[test]
fn what_cannot_be_followed_is_told() {
    for (text, dialect, expected) in [
        (
            "BEGIN;\nROLLBACK;",
            SqlDialect::Postgres,
            "2:1: `ROLLBACK` undoes what its transaction did; it is taken for done",
        ),
        ("ROLLBACK TO x;", SqlDialect::Postgres, ""),
        (
            "PREPARE s FROM @x; EXECUTE s;",
            SqlDialect::MySql,
            "1:20: `EXECUTE s` runs what cannot be told from the text",
        ),
        (
            "CREATE SCHEMA a CREATE TABLE t (id int);",
            SqlDialect::Postgres,
            "1:17: what CREATE SCHEMA makes in the schema is lost: write it as statements of their own",
        ),
        (
            "\\i other.sql\nCREATE SCHEMA a;",
            SqlDialect::Postgres,
            "1:1: `\\i other.sql` reads another file, which is not followed: name that file too",
        ),
    ] {
        assert_eq!(notes(&read(text, dialect)).join("\n"), expected, "{text}");
    }
}

/// Files of the project's own, each with its dialect.
fn pieces() -> Vec<Vec<u8>> {
    let shops = [
        include_str!("../../../fixtures/shop/postgres.sql"),
        include_str!("../../../fixtures/shop/mysql.sql"),
        include_str!("../../../fixtures/shop/sqlite.sql"),
    ];
    let texts = TEXTS.into_iter().zip(DIALECTS).chain(shops.into_iter().zip(DIALECTS));
    texts
        .flat_map(|(text, dialect)| mangle::pieces(text, dialect))
        .collect()
}

/// The example `fuzz` tries as many as one likes, of other files too.
#[test]
fn mangled_texts_are_no_trouble() {
    let pieces = pieces();
    for seed in 0..3_000 {
        let text = mangle::mangled(&mut mangle::Random::new(seed), &pieces);
        let fault = std::panic::catch_unwind(|| mangle::fault(&text));
        let fault = fault.unwrap_or_else(|_| Some("it panics".to_owned()));
        assert_eq!(fault, None, "seed {seed}: {:?}", String::from_utf8_lossy(&text));
    }
}
