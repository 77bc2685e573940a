//! Text that comes in parts.

use std::io::Read;

use super::Stream;
use crate::ddl::SqlDialect;

/// A text that is made while it is read.
pub(in crate::source::dump) struct Made {
    /// How many parts are left; the last is 0.
    left: u64,
    make: fn(u64) -> String,
    part: Vec<u8>,
    done: usize,
}

impl Made {
    /// A text that starts with `head`, and has so many parts.
    pub(in crate::source::dump) fn stream(
        head: &str,
        parts: u64,
        make: fn(u64) -> String,
        dialect: SqlDialect,
    ) -> Stream {
        let part = head.as_bytes().to_vec();
        let made = Self {
            left: parts,
            make,
            part,
            done: 0,
        };
        Stream::new(Box::new(made), dialect)
    }
}

impl Read for Made {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.done == self.part.len() && self.left > 0 {
            self.left -= 1;
            self.part = (self.make)(self.left).into_bytes();
            self.done = 0;
        }
        let rest = self.part.get(self.done..).unwrap_or(&[]);
        let length = rest.len().min(into.len());
        into.get_mut(..length)
            .unwrap_or(&mut [])
            .copy_from_slice(rest.get(..length).unwrap_or(&[]));
        self.done += length;
        Ok(length)
    }
}

impl Stream {
    /// How much memory the window has, in bytes.
    pub(in crate::source::dump) fn held(&self) -> usize {
        self.window.capacity()
    }
}

/// Rows of 64 KiB each.
pub(in crate::source::dump) fn long_text(left: u64) -> String {
    let sign = if left == 0 { ");" } else { ")," };
    format!(
        "({left},'{}',{}{sign}",
        "it''s; (".to_owned() + &"x".repeat(1 << 16),
        left % 7
    )
}

#[cfg(test)]
mod cases {
    use proptest::prelude::*;

    use super::super::*;
    use super::{Made, long_text};
    use crate::source::dump::{head, values};

    #[test]
    fn of_a_long_insert_nothing_is_held() {
        let mut stream = Made::stream("INSERT INTO a VALUES ", 4600, long_text, SqlDialect::MySql);
        assert!(matches!(stream.next(), Ok(Next::Insert { .. })));
        let tail = stream.skip_statement().unwrap_or_default();
        assert!(tail.ends_with(b"',0);"), "{}", String::from_utf8_lossy(&tail));
        assert!(matches!(stream.next(), Ok(Next::End { .. })));
        assert!(stream.held() <= 4 * CHUNK, "{}", stream.held());
    }

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
                        .copy_lines(|line, _, _| {
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

    #[test]
    fn a_statement_that_never_ends_is_not_held() {
        let mut stream = Made::stream("CREATE TABLE a (b text DEFAULT ", 4600, long_text, SqlDialect::MySql);
        let error = stream.next().err().unwrap_or_default();
        assert!(error.contains("longer than 32 MB"), "{error}");
        assert!(stream.held() <= 3 * LONGEST, "{}", stream.held());
    }
}
