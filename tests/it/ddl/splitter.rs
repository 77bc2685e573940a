//! Text cut into statements.

use proptest::prelude::*;
use relaudit::ddl::SqlDialect;
use relaudit::ddl::splitter::{PieceKind, Splitter};

/// Line and column of the end of a text.
fn place_after(text: &str) -> (u32, u32) {
    let lines: Vec<&str> = text.split('\n').collect();
    let columns = lines.last().unwrap().chars().count();
    (u32::try_from(lines.len()).unwrap(), u32::try_from(columns + 1).unwrap())
}

fn pieces(sql: &str, dialect: SqlDialect) -> Vec<String> {
    Splitter::new(sql, dialect)
        .map(|piece| match piece.kind {
            PieceKind::Statement => piece.sql().trim_end().to_owned(),
            PieceKind::ClientCommand => format!("client: {}", piece.text),
            PieceKind::Rows => format!("rows: {}", piece.text),
        })
        .collect()
}

fn check(dialect: SqlDialect, sql: &str, expected: &[&str]) {
    assert_eq!(pieces(sql, dialect), expected, "{sql}");
}

#[test]
fn quotes_and_comments_hide_delimiters() {
    check(
        SqlDialect::Postgres,
        "a ';' \";\" E'\\';' 'b\\'; -- c;\n/* d /* ; */ ; */ f $$;$$ $x$ $$; $y$ $x$ g$1;\n;; h",
        &["a ';' \";\" E'\\';' 'b\\'", "f $$;$$ $x$ $$; $y$ $x$ g$1", "h"],
    );
    check(
        SqlDialect::MySql,
        "a 'b\\';' \"\\\";\" `c\\`; # d;\n e--;\n f -- ;\n; /* ; /* */ g",
        &["a 'b\\';' \"\\\";\" `c\\`", "e--", "f -- ;", "g"],
    );
    check(SqlDialect::Sqlite, "a [;'] `;` 'b\\'; c", &["a [;'] `;` 'b\\'", "c"]);
}

#[test]
fn bodies_hide_delimiters() {
    check(
        SqlDialect::Postgres,
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; b;\
         CREATE RULE r AS ON INSERT TO t DO (DELETE FROM t; DELETE FROM u); CREATE TABLE begin (a int); c",
        &[
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END",
            "b",
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM t; DELETE FROM u)",
            "CREATE TABLE begin (a int)",
            "c",
        ],
    );
    check(
        SqlDialect::Sqlite,
        "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE c WHEN 1 THEN 2 END; DELETE FROM d; END; BEGIN; b",
        &[
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = CASE c WHEN 1 THEN 2 END; DELETE FROM d; END",
            "BEGIN",
            "b",
        ],
    );
    check(
        SqlDialect::MySql,
        "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN IF a THEN b; END IF; CASE c WHEN 1 THEN d; END CASE; END; e",
        &[
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN IF a THEN b; END IF; CASE c WHEN 1 THEN d; END CASE; END",
            "e",
        ],
    );
}

#[test]
fn copy_rows_are_a_piece() {
    check(
        SqlDialect::Postgres,
        "\\restrict abc\nCOPY public.t (a, b) FROM stdin;\n1\t'it;\n\\.x\n2\t\\N\n\\.\n\nCOPY t FROM STDIN WITH (FORMAT csv);\n\\.\na;",
        &[
            "client: \\restrict abc",
            "COPY public.t (a, b) FROM stdin",
            "rows: 1\t'it;\n\\.x\n2\t\\N\n",
            "COPY t FROM STDIN WITH (FORMAT csv)",
            "rows: ",
            "a",
        ],
    );
    check(SqlDialect::Postgres, "COPY t FROM '/f'; a", &["COPY t FROM '/f'", "a"]);
    check(
        SqlDialect::Postgres,
        "COPY t FROM stdin;\r\n1\r\n\\.\r\na",
        &["COPY t FROM stdin", "rows: 1\r\n", "a"],
    );
}

#[test]
fn mysql_client_commands_and_conditional_comments() {
    check(
        SqlDialect::MySql,
        "/*M!999999\\- enable the sandbox mode */ \n/*!40101 SET NAMES utf8 */;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ \
         /*!50003 TRIGGER t BEGIN a; END */;;\nDELIMITER ;\nCREATE TABLE t (a int /*!80023 INVISIBLE */, /*!999999 b; */ c int) /*!50100 PARTITION BY HASH (a) */;",
        &[
            "SET NAMES utf8",
            "CREATE            DEFINER=`a`@`b`            TRIGGER t BEGIN a; END",
            "CREATE TABLE t (a int          INVISIBLE   , /* 999999 b; */ c int)          PARTITION BY HASH (a)",
        ],
    );
}

#[test]
fn places_are_true() {
    let sql = "\u{feff}-- ü\r\n ü1;\n\n  /*!40101 SET x */; é; b";
    let places: Vec<_> = Splitter::new(sql, SqlDialect::MySql)
        .map(|piece| (piece.text, piece.line, piece.column, piece.offset))
        .collect();
    let offset = |text| sql.find(text).unwrap_or_default();
    assert_eq!(
        places,
        [
            ("ü1", 2, 2, offset("ü1")),
            ("SET x */", 4, 12, offset("SET")),
            ("é", 4, 22, offset("é")),
            ("b", 4, 25, offset("b"))
        ]
    );
}

#[test]
fn what_is_not_closed_is_told() {
    let unclosed = |sql| {
        Splitter::new(sql, SqlDialect::Postgres)
            .last()
            .and_then(|piece| piece.unclosed)
    };
    assert_eq!(unclosed("a; b 'c; d"), Some("a quote"));
    assert_eq!(unclosed("a; b /* c; d"), Some("a comment"));
    assert_eq!(unclosed("a; b $x$ c; d"), Some("a quote"));
    assert_eq!(unclosed("a; b"), None);
}

/// Texts that are full of what the splitter looks at.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "'",
            "\"",
            "`",
            "$$",
            "$a$",
            "[",
            "]",
            ";",
            "--",
            "-- ",
            "#",
            "/*",
            "*/",
            "/*!50100 ",
            "/*M!999999\\- ",
            "\\",
            "\\.\n",
            "\n",
            "\r\n",
            "DELIMITER //\n",
            "//",
            "COPY t FROM stdin;\n",
            "CREATE FUNCTION f ",
            "CREATE TRIGGER t ",
            "BEGIN ",
            "ATOMIC ",
            "CASE ",
            "END ",
            "END IF",
            "E'",
            "(",
            ")",
            "CREATE RULE r ",
            "ü",
            "\u{feff}",
            "\0",
            "a",
            " "
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Pieces lie in the text in order, are what the text has there, and between them is nothing that a server reads.
    #[test]
    fn pieces_and_gaps_are_the_text(text in text()) {
        for dialect in [SqlDialect::Postgres, SqlDialect::MySql, SqlDialect::Sqlite] {
            let mut end = 0;
            let mut whole = String::new();
            for piece in Splitter::new(&text, dialect) {
                prop_assert!(piece.offset >= end);
                whole.push_str(&text[end..piece.offset]);
                whole.push_str(piece.text);
                end = piece.offset + piece.text.len();
                prop_assert_eq!(piece.sql().len(), piece.text.len());
                let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
                prop_assert_eq!((piece.line, piece.column), place_after(&text[start..piece.offset]));
            }
            whole.push_str(&text[end..]);
            prop_assert_eq!(&whole, &text);
        }
    }

    #[test]
    fn gaps_hold_no_words(words in prop::collection::vec("[a-z]{1,5}", 0..8), gap in prop::sample::select(vec![";", " ; ", ";\n-- x\n", ";/* y */", ";;"])) {
        let text = words.join(gap);
        for dialect in [SqlDialect::Postgres, SqlDialect::MySql, SqlDialect::Sqlite] {
            prop_assert_eq!(pieces(&text, dialect), words.clone());
        }
    }
}
