//! Any text comes to an end, and long ones are cut as short ones are.

use proptest::prelude::*;

use super::*;
use crate::source::dump::{head, values};

/// Words that open, close and cut.
const WORDS: [&str; 27] = [
    "INSERT INTO a VALUES ",
    "(1, 'x')",
    ",",
    ";",
    "\n",
    "'",
    "\"",
    "`",
    "\\",
    "E'",
    "--",
    "/*",
    "*/",
    "#",
    "$$",
    "(",
    ")",
    "COPY a FROM stdin;\n",
    "1\t2\n",
    "\\.\n",
    "DELIMITER //\n",
    "//",
    "CREATE TABLE b (c int)",
    "NULL",
    "0x4A",
    "\u{e9}",
    "REPLACE INTO `b` (c) VALUES ",
];

/// What there is in a text, piece by piece; `None` where it is cut off.
fn pieces(text: &[u8], dialect: SqlDialect) -> Option<Vec<String>> {
    let mut stream = Stream::new(Box::new(std::io::Cursor::new(text.to_vec())), dialect);
    let mut found = Vec::new();
    loop {
        match stream.next().ok()? {
            Next::Statement(statement) => found.push(statement.sql),
            Next::Copy(statement) => {
                found.push(statement.sql);
                stream
                    .copy_lines(|line, _| {
                        found.push(String::from_utf8_lossy(line).into_owned());
                        Ok(())
                    })
                    .ok()?;
            }
            Next::Insert { .. } => {
                found.push(format!("{:?}", head::insert(stream.rest(), dialect)));
                stream.skip_statement().ok()?;
            }
            Next::End { .. } => return Some(found),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_comes_to_an_end(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40), cut in 0..400_usize) {
        let text = words.concat();
        let bytes = text.as_bytes().get(..cut).unwrap_or(text.as_bytes());
        for dialect in [SqlDialect::Postgres, SqlDialect::MySql] {
            let _ = pieces(bytes, dialect);
            let mut row = Vec::new();
            let _ = values::row(bytes, 0, dialect, &mut row);
        }
    }
}

#[test]
fn statements_longer_than_the_window_are_one() {
    let long = "x".repeat(3 * CHUNK);
    let rows = format!("INSERT INTO a VALUES (1, '{long};'), (2, 'it''s');").repeat(2);
    let text = format!("CREATE TABLE a (id int DEFAULT '{long}');\n{rows}\nCREATE TABLE b (id int);");
    let found = pieces(text.as_bytes(), SqlDialect::Postgres).unwrap_or_default();
    assert_eq!(found.len(), 4);
    assert_eq!(found.last().map(String::as_str), Some("CREATE TABLE b (id int)"));
    assert_eq!(pieces(b"INSERT INTO a VALUES (1", SqlDialect::Postgres), None);
}
