//! Rows that are longer than what is held of a text: what is short in them is kept, and the rest is passed over.

use memchr::memchr2;

use super::quotes::{Passing, Skipped, Until};
use super::stream::{Failure, Stream, cut_off};

/// Rows up to this length are held, in bytes.
pub(super) const LONG_ROW: usize = 4 << 20;

/// The longest value that is kept of a longer row, in bytes. No server takes a key of that length.
const LONG_VALUE: usize = 1 << 20;

/// A row of which the long values are null, and the places of these.
pub(super) type Shortened = (Vec<u8>, Vec<usize>);

impl Stream {
    /// Reads a row of an INSERT, whose parenthesis is next. What follows the row is next then.
    pub(super) fn long_row(&mut self) -> Result<Shortened, Failure> {
        let line = self.line();
        let mut row = vec![b'('];
        let mut cut = Vec::new();
        self.advance(1);
        for place in 0.. {
            let start = row.len();
            let mut passing = Passing::new(Until::Value, self.dialect());
            loop {
                let (ended, upto) = match passing.pass(self.rest()) {
                    Skipped::Ended(end) => (true, end),
                    Skipped::More(resume) => (false, resume),
                };
                self.keep(upto, start, &mut row);
                if ended {
                    break;
                }
                if !self.fill()? {
                    return Err(cut_off(line));
                }
            }
            if row.len() - start > LONG_VALUE {
                row.truncate(start);
                row.extend(b"NULL");
                cut.push(place);
            }
            let sign = self.rest().first().copied();
            if sign == Some(b';') {
                break;
            }
            row.extend(sign);
            self.advance(1);
            if sign != Some(b',') {
                break;
            }
        }
        Ok((row, cut))
    }

    /// Reads a line of a COPY, with its end.
    pub(super) fn long_line(&mut self) -> Result<Shortened, Failure> {
        let number = self.line();
        let mut line = Vec::new();
        let mut cut = Vec::new();
        for place in 0.. {
            let start = line.len();
            let sign = loop {
                let found = memchr2(b'\t', b'\n', self.rest());
                self.keep(found.unwrap_or(self.rest().len()), start, &mut line);
                if found.is_some() {
                    break self.rest().first().copied();
                }
                if !self.fill()? {
                    return Err(cut_off(number));
                }
            };
            if line.len() - start > LONG_VALUE {
                line.truncate(start);
                line.extend(b"\\N");
                cut.push(place);
            }
            self.advance(1);
            if sign != Some(b'\t') {
                break;
            }
            line.push(b'\t');
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok((line, cut))
    }

    /// Is done with so many bytes, and adds them to the value that starts at `start`, as long as that is not long.
    fn keep(&mut self, length: usize, start: usize, row: &mut Vec<u8>) {
        if row.len() - start <= LONG_VALUE {
            row.extend(self.rest().get(..length).unwrap_or(&[]));
        }
        self.advance(length);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::ddl::{self, SourceFile, SqlDialect};
    use crate::dialect::SourceInfo;
    use crate::dialect::sqlite::dump::{Loading, Needed};
    use crate::schema::{Ident, Read, TableName};
    use crate::source::dump::rows::Rows;
    use crate::source::dump::stream::Stream;
    use crate::source::dump::stream::tests::{Made, long_text};

    /// The number of rows, and the sums of the first and third columns; or why the rows were not read. And the memory of
    /// the window.
    fn sums(stream: Stream) -> (Result<Vec<Option<String>>, String>, usize) {
        let dialect = stream.dialect();
        let text = "CREATE TABLE a (id bigint, b text, c bigint);".to_owned();
        let name = "a.sql".to_owned();
        let read: Read = ddl::read(&[SourceFile { name, text }], dialect);
        let table = read
            .schema
            .tables
            .keys()
            .next()
            .cloned()
            .unwrap_or_else(|| TableName::bare("a"));
        let columns = ["id", "c"].into_iter().map(Ident::from).collect();
        let needed = BTreeMap::from([(
            table.clone(),
            Needed {
                columns,
                ..Needed::default()
            },
        )]);
        let loading = Loading::new("a.sql", &read.schema, &needed).unwrap_or_else(|error| panic!("{error}"));
        let mut rows = Rows::new(&read.schema, stream, loading, BTreeMap::new());
        rows.run().unwrap_or_else(|error| panic!("{error}"));
        let held = rows.stream.held();
        let info = SourceInfo {
            kind: "sql",
            name: "a.sql".to_owned(),
            server: String::new(),
        };
        let database = rows
            .into_loading()
            .finish(info, read.clone(), std::time::Duration::ZERO);
        let database = database.unwrap_or_else(|error| panic!("{error}"));
        let mut session = database.replace_session().unwrap_or_else(|error| panic!("{error}"));
        let mut found = Vec::new();
        let sql = format!(
            "SELECT count(*), sum(id), sum(c) FROM {}",
            database.dialect().table_name(&table)
        );
        let outcome = session.query(&sql, &mut |row| found = row);
        (outcome.map(|()| found).map_err(|error| error.to_string()), held)
    }

    fn numbers(count: u64, first: u64, third: u64) -> Vec<Option<String>> {
        [count, first, third].map(|number| Some(number.to_string())).to_vec()
    }

    #[test]
    fn every_row_of_a_long_insert_is_read() {
        let stream = Made::stream("INSERT INTO a VALUES ", 4600, long_text, SqlDialect::MySql);
        let (found, held) = sums(stream);
        let expected = numbers(4600, 4599 * 4600 / 2, (0..4600).map(|row| row % 7).sum());
        assert_eq!(found, Ok(expected));
        assert!(held < 2 << 20, "{held}");
    }

    #[test]
    fn rows_longer_than_memory_are_read() {
        // Every row is of 20 MB: a quoted text, a binary string, and comments, made of parts of 1 MB.
        let part = |left: u64| {
            let long = |text: &str| text.repeat((1 << 20) / text.len());
            match left % 21 {
                20 => format!("({left},'{}", long("),;\\'")),
                11 => "',".to_owned() + "3),",
                10 => format!("(/* {} */ {left},0x", "' ".repeat(1 << 18)),
                1 => ",5".to_owned(),
                0 if left == 0 => ");".to_owned(),
                0 => "),\n".to_owned(),
                12.. => long("''\\\\;,("),
                _ => long("4a"),
            }
        };
        let stream = Made::stream("INSERT INTO a VALUES ", 42, part, SqlDialect::MySql);
        let (found, held) = sums(stream);
        assert_eq!(found, Ok(numbers(4, 41 + 31 + 20 + 10, 3 + 5 + 3 + 5)));
        assert!(held < 16 << 20, "{held}");
        let part = |left: u64| match left % 21 {
            20 => format!("{left}\t"),
            0 => "\t3\n".to_owned() + if left == 0 { "\\.\n" } else { "" },
            _ => "a\\t;".repeat(1 << 18),
        };
        let stream = Made::stream("COPY a FROM stdin;\n", 42, part, SqlDialect::Postgres);
        let (found, held) = sums(stream);
        assert_eq!(found, Ok(numbers(2, 41 + 20, 6)));
        assert!(held < 16 << 20, "{held}");
    }

    #[test]
    fn a_key_that_is_too_long_is_not_left_out_in_silence() {
        let part = |left: u64| match left {
            1.. => "1".repeat(1 << 20),
            0 => ");".to_owned(),
        };
        let stream = Made::stream("INSERT INTO a VALUES (1,'b',", 9, part, SqlDialect::MySql);
        assert!(sums(stream).0.is_err_and(|reason| reason.contains("line 1")));
        let part = |left: u64| match left {
            1.. => "1".repeat(1 << 20),
            0 => "\tb\t1\n\\.\n".to_owned(),
        };
        let stream = Made::stream("COPY a FROM stdin;\n", 9, part, SqlDialect::Postgres);
        assert!(sums(stream).0.is_err_and(|reason| reason.contains("line 2")));
    }
}
