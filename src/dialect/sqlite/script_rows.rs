//! Plain rows in a script: `INSERT INTO t VALUES (…)` with nothing but literals. They are bound to one prepared statement,
//! which means the same and takes a fraction of the time; and a statement of any length needs no more memory than a row.

use memchr::memchr;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};

use super::script_text::{LONGEST, ScriptText, too_long};
use super::tokens::{TokenKind, Tokens};

/// A literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    /// As written: SQLite converts it, since another conversion could differ in the last bit.
    Real(&'a str),
    /// What stands between the quotes.
    Text(&'a str),
    /// Hexadecimal digits.
    Blob(&'a str),
}

/// How far a row could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// It is plain, and ends here.
    Ends(usize),
    /// The text ends in it.
    More,
    /// It holds more than literals.
    Other,
}

/// What follows a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another row, at this place.
    Row(usize),
    /// The end of the statement, whose semicolon ends here.
    End(usize),
    More,
    Other,
}

/// The head of an INSERT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// The rows start here; what stands before is the head.
    Rows(usize),
    More,
    /// It is another statement, or an INSERT that has no rows of its own.
    Other,
}

/// Reads the head of an INSERT or REPLACE.
pub(super) fn head(text: &str) -> Head {
    let mut tokens = Tokens::new(text).peekable();
    let Some(verb) = tokens.next() else { return Head::More };
    if !verb.is_word("INSERT") && !verb.is_word("REPLACE") {
        // The word may go on behind the text.
        return if verb.end() == text.len() && verb.kind == TokenKind::Word {
            Head::More
        } else {
            Head::Other
        };
    }
    let mut is_system = false;
    // OR and what follows it, INTO, the table, its columns.
    for token in tokens {
        let has_more = token.end() < text.len();
        match token.kind {
            TokenKind::Word if token.is_word("VALUES") && has_more => {
                let rest = text.get(token.end()..).unwrap_or("");
                let at = text.len() - rest.trim_start_matches(SPACE).len();
                return match text.as_bytes().get(at) {
                    _ if is_system => Head::Other,
                    Some(b'(') => Head::Rows(at),
                    Some(_) => Head::Other,
                    None => Head::More,
                };
            }
            TokenKind::Word if ["SELECT", "DEFAULT", "WITH"].iter().any(|word| token.is_word(word)) => {
                return Head::Other;
            }
            TokenKind::Word | TokenKind::Quoted | TokenKind::Text => {
                // SQLite's own tables have rules of their own.
                let name = token.name().unwrap_or_default().to_ascii_lowercase();
                is_system |= name.starts_with("sqlite_");
            }
            TokenKind::Symbol if ["(", ")", ",", "."].contains(&token.text) => {}
            TokenKind::Symbol | TokenKind::Number | TokenKind::Comment => return Head::Other,
        }
    }
    Head::More
}

const SPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// Reads a row that starts with its parenthesis at `at`.
pub(super) fn row<'a>(text: &'a str, at: usize, values: &mut Vec<Value<'a>>) -> Row {
    values.clear();
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'(') => {}
        Some(_) => return Row::Other,
        None => return Row::More,
    }
    let mut at = at + 1;
    loop {
        at = skip_space(bytes, at);
        let end = match bytes.get(at) {
            None => return Row::More,
            Some(b'\'') => {
                let Some(end) = quoted_end(bytes, at) else {
                    return Row::More;
                };
                values.push(Value::Text(text.get(at + 1..end - 1).unwrap_or("")));
                end
            }
            Some(_) => {
                let length = bytes
                    .get(at..)
                    .and_then(|rest| rest.iter().position(|byte| !is_part(*byte)));
                let Some(word_end) = length.map(|length| at + length) else {
                    return Row::More;
                };
                let word = text.get(at..word_end).unwrap_or("");
                if matches!(word, "x" | "X") && bytes.get(word_end) == Some(&b'\'') {
                    let Some(length) = bytes.get(word_end + 1..).and_then(|rest| memchr(b'\'', rest)) else {
                        return Row::More;
                    };
                    let end = word_end + 1 + length;
                    let digits = text.get(word_end + 1..end).unwrap_or("");
                    if digits.len() % 2 != 0 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return Row::Other;
                    }
                    values.push(Value::Blob(digits));
                    end + 1
                } else {
                    let Some(value) = literal(word) else { return Row::Other };
                    values.push(value);
                    word_end
                }
            }
        };
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b',') => at += 1,
            Some(b')') => return Row::Ends(at + 1),
            Some(_) => return Row::Other,
            None => return Row::More,
        }
    }
}

/// What follows the row that ends here.
pub(super) fn next(text: &str, end: usize) -> Next {
    let bytes = text.as_bytes();
    let at = skip_space(bytes, end);
    match bytes.get(at) {
        Some(b';') => Next::End(at + 1),
        Some(b',') => {
            let at = skip_space(bytes, at + 1);
            if at < bytes.len() { Next::Row(at) } else { Next::More }
        }
        Some(_) => Next::Other,
        None => Next::More,
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r' | 0xc)) {
        at += 1;
    }
    at
}

/// Behind the quoted text that starts here.
fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let end = from + memchr(b'\'', bytes.get(from..)?)?;
        // A quote that is the last byte may be the first of two.
        if *bytes.get(end + 1)? == b'\'' {
            from = end + 2;
        } else {
            return Some(end + 1);
        }
    }
}

/// Whether a byte is part of a number or a word.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'$') || byte >= 0x80
}

/// A number or NULL. Whole numbers beyond 64 bits, and all that is written in another way, are for SQLite to read.
fn literal(word: &str) -> Option<Value<'_>> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    if whole == 0 {
        return word.eq_ignore_ascii_case("NULL").then_some(Value::Null);
    }
    let rest = digits.get(whole..)?;
    if rest.is_empty() {
        return word.parse().ok().map(Value::Integer);
    }
    let fraction = rest.strip_prefix('.').unwrap_or(rest);
    let fraction = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_real = fraction.is_empty()
        || fraction.strip_prefix(['e', 'E']).is_some_and(|exponent| {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
        });
    is_real.then_some(Value::Real(word))
}

/// What a text starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// A whole INSERT of plain rows, which start here.
    Statement(usize),
    /// One that may be plain; where its rows start, if there is one at least that is.
    More(Option<usize>),
    /// Something else.
    No,
}

/// Whether a text starts with an INSERT of plain rows.
pub(super) fn plain_rows(text: &str) -> Plain {
    let start = match head(text) {
        Head::Rows(at) => at,
        Head::More => return Plain::More(None),
        Head::Other => return Plain::No,
    };
    let mut values = Vec::new();
    let mut at = start;
    let mut any = None;
    loop {
        let end = match row(text, at, &mut values) {
            Row::Ends(end) => end,
            Row::More => return Plain::More(any),
            Row::Other => return Plain::No,
        };
        any = Some(start);
        match next(text, end) {
            Next::Row(next) => at = next,
            Next::End(_) => return Plain::Statement(start),
            Next::More => return Plain::More(any),
            Next::Other => return Plain::No,
        }
    }
}

/// Rows of one shape for one table.
pub(super) struct Inserting<'c> {
    connection: &'c Connection,
    head: String,
    /// Which of the values are reals.
    shape: Vec<bool>,
    statement: Option<Statement<'c>>,
    scratch: Vec<u8>,
}

impl<'c> Inserting<'c> {
    /// `head` is all up to the rows.
    pub(super) fn new(connection: &'c Connection, head: &str) -> Self {
        Self {
            connection,
            head: head.to_owned(),
            shape: Vec::new(),
            statement: None,
            scratch: Vec::new(),
        }
    }

    /// Adds the rows of the INSERT that the text starts with, and those of the statements behind it that start with the
    /// same words and have one row, as long as they are plain and in the window. `line` becomes the last statement's. The
    /// inner error is a sentence.
    pub(super) fn statements(
        &mut self,
        text: &mut ScriptText<'_>,
        line: &mut u32,
    ) -> rusqlite::Result<Result<(), String>> {
        *line = text.place().line;
        text.advance(self.head.len());
        let mut at = 0;
        loop {
            let rest = text.rest();
            let mut values = Vec::new();
            let step = match row(rest, at, &mut values) {
                Row::Ends(end) => match next(rest, end) {
                    Next::More | Next::Other => None,
                    step => Some(step),
                },
                Row::More | Row::Other => None,
            };
            match step {
                Some(Next::Row(next)) => {
                    self.add(&values)?;
                    at = next;
                }
                Some(Next::End(end)) => {
                    self.add(&values)?;
                    text.advance(end);
                    return self.following(text, line).map(Ok);
                }
                _ => {
                    text.advance(at);
                    at = 0;
                    match text.fill() {
                        Ok(true) if text.rest().len() <= LONGEST => {}
                        Ok(_) => return Ok(Err(too_long(*line))),
                        Err(error) => return Ok(Err(error)),
                    }
                }
            }
        }
    }

    /// Adds the rows of statements like the last.
    fn following(&mut self, text: &mut ScriptText<'_>, line: &mut u32) -> rusqlite::Result<()> {
        let rest = text.rest();
        let mut values = Vec::new();
        let mut done = 0;
        let outcome = loop {
            let start = skip_space(rest.as_bytes(), done);
            if !rest.get(start..).is_some_and(|rest| rest.starts_with(&self.head)) {
                break Ok(());
            }
            let Row::Ends(end) = row(rest, start + self.head.len(), &mut values) else {
                break Ok(());
            };
            let Next::End(end) = next(rest, end) else { break Ok(()) };
            if let Err(error) = self.add(&values) {
                *line = text.place().after(rest.get(..start).unwrap_or("")).line;
                break Err(error);
            }
            done = end;
        };
        text.advance(done);
        outcome
    }

    /// Adds a row.
    fn add(&mut self, values: &[Value<'_>]) -> rusqlite::Result<()> {
        let is_real = |value: &Value<'_>| matches!(value, Value::Real(_));
        let same = self.shape.len() == values.len()
            && values
                .iter()
                .zip(&self.shape)
                .all(|(value, real)| is_real(value) == *real);
        if !same || self.statement.is_none() {
            self.shape = values.iter().map(is_real).collect();
            let places: Vec<&str> = self
                .shape
                .iter()
                .map(|real| if *real { "CAST(? AS REAL)" } else { "?" })
                .collect();
            let sql = format!("{}({})", self.head, places.join(", "));
            self.statement = Some(self.connection.prepare(&sql)?);
        }
        let Some(statement) = &mut self.statement else {
            return Ok(());
        };
        for (at, value) in values.iter().enumerate() {
            match value {
                Value::Null => statement.raw_bind_parameter(at + 1, Null)?,
                Value::Integer(number) => statement.raw_bind_parameter(at + 1, number)?,
                Value::Real(text) => statement.raw_bind_parameter(at + 1, text)?,
                Value::Text(text) if memchr(b'\'', text.as_bytes()).is_none() => {
                    statement.raw_bind_parameter(at + 1, text)?;
                }
                Value::Text(text) => statement.raw_bind_parameter(at + 1, text.replace("''", "'"))?,
                Value::Blob(digits) => {
                    unhex(digits.as_bytes(), &mut self.scratch);
                    let blob = ToSqlOutput::Borrowed(ValueRef::Blob(&self.scratch));
                    statement.raw_bind_parameter(at + 1, blob)?;
                }
            }
        }
        // A table or a trigger may give rows back; none are wanted.
        statement.raw_execute().map(drop)
    }
}

fn unhex(digits: &[u8], into: &mut Vec<u8>) {
    let value = |digit: u8| {
        let value = char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok());
        value.unwrap_or(0)
    };
    into.clear();
    into.extend(digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => value(*high) << 4 | value(*low),
        _ => 0,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_up_to_the_rows() {
        for (text, rest) in [
            ("INSERT INTO t VALUES(1)", "(1)"),
            ("insert or ignore into main.\"a b\" (x, \"y\") values\n (1)", "(1)"),
            ("REPLACE INTO [values] VALUES (1)", "(1)"),
        ] {
            assert_eq!(head(text), Head::Rows(text.len() - rest.len()), "{text}");
        }
        for text in [
            "INS",
            "INSERT INTO t",
            "INSERT INTO t VALUES",
            "INSERT INTO t VALUES  ",
            "INSERT INTO t VALU",
        ] {
            assert_eq!(head(text), Head::More, "{text}");
        }
        for text in [
            "CREATE TABLE t(x)",
            "INSERT INTO t SELECT 1",
            "INSERT INTO t DEFAULT VALUES;",
            "INSERT INTO sqlite_sequence VALUES('t',1)",
            "INSERT INTO main.'sqlite_stat1' VALUES('t',1)",
            "INSERT INTO t VALUES /* c */ (1)",
        ] {
            assert_eq!(head(text), Head::Other, "{text}");
        }
    }

    #[test]
    fn rows_are_plain_or_not() {
        let mut values = Vec::new();
        let text = "(1, -9223372036854775808,\n'it''s', 1.5e-3,NULL , x'4A4b',.5)";
        assert_eq!(row(text, 0, &mut values), Row::Other);
        let text = "(1, -9223372036854775808,\n'it''s', 1.5e-3,NULL , x'4A4b',2.) ;";
        assert_eq!(row(text, 0, &mut values), Row::Ends(text.len() - 2));
        assert_eq!(
            values,
            [
                Value::Integer(1),
                Value::Integer(i64::MIN),
                Value::Text("it''s"),
                Value::Real("1.5e-3"),
                Value::Null,
                Value::Blob("4A4b"),
                Value::Real("2."),
            ]
        );
        for other in [
            "(a)",
            "(1+1)",
            "(\"a\")",
            "(replace('a','b','c'))",
            "(x'4')",
            "(0x10)",
            "(9223372036854775808)",
            "(1 -- c\n)",
            "()",
            "(1,)",
            "(- 1)",
            "('a' 'b')",
            "(1e)",
            "(TRUE)",
        ] {
            assert_eq!(row(other, 0, &mut values), Row::Other, "{other}");
        }
        let whole = "(12,'a''b',x'00')";
        for end in 0..whole.len() {
            assert_eq!(row(&whole[..end], 0, &mut values), Row::More, "{}", &whole[..end]);
        }
    }
}
