//! The words of statements that change rows, as far as they must be understood to know which rows these are.

use super::quotes::{escapes, quoted_end};
use super::values::{Raw, skip_space, unquote};
use crate::ddl::SqlDialect;

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword without quotes.
    Word(&'a [u8]),
    /// A name in quotes, without them.
    Name(String),
    /// A text or a number.
    Value(Raw<'a>),
    /// Anything else.
    Sign(u8),
}

impl Token<'_> {
    /// Whether it is that keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword.as_bytes()))
    }

    /// As a name: letters without quotes are small in PostgreSQL.
    fn name(&self, dialect: SqlDialect) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Word(word) => {
                let name = String::from_utf8_lossy(word);
                Some(if dialect == SqlDialect::Postgres {
                    name.to_lowercase()
                } else {
                    name.into_owned()
                })
            }
            // A name, if ANSI_QUOTES is on, as in what `mysqldump --compatible=ansi` writes; a text cannot stand there.
            Self::Value(raw @ Raw::Quoted(..)) if dialect == SqlDialect::MySql => {
                let name = String::from_utf8(text_of(*raw, dialect)?).ok()?;
                Some(name.replace("\"\"", "\""))
            }
            _ => None,
        }
    }
}

/// Reads tokens one after the other.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    /// Up to where they are read.
    pub(super) at: usize,
    dialect: SqlDialect,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8], dialect: SqlDialect) -> Self {
        Self { bytes, at: 0, dialect }
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let start = skip_space(self.bytes, self.at, self.dialect)?;
        let byte = *self.bytes.get(start)?;
        let (token, end) = match byte {
            b'"' | b'`' if byte == b'`' || self.dialect != SqlDialect::MySql => {
                let end = self.quoted(start)?;
                let inner = String::from_utf8_lossy(self.bytes.get(start + 1..end - 1)?);
                let quote = char::from(byte);
                let name = inner.replace(&format!("{quote}{quote}"), &quote.to_string());
                (Token::Name(name), end)
            }
            b'\'' | b'"' => {
                let end = self.quoted(start)?;
                let is_escaped = escapes(self.bytes, start, self.dialect);
                (
                    Token::Value(Raw::Quoted(self.bytes.get(start + 1..end - 1)?, is_escaped)),
                    end,
                )
            }
            b'0'..=b'9' => {
                let end = self.run(start, |byte| byte.is_ascii_alphanumeric() || byte == b'.');
                (Token::Value(Raw::Plain(self.bytes.get(start..end)?)), end)
            }
            _ if is_word(byte) => {
                let end = self.run(start, is_word);
                (Token::Word(self.bytes.get(start..end)?), end)
            }
            sign => (Token::Sign(sign), start + 1),
        };
        self.at = end;
        Some(token)
    }

    /// A quote at the very end of the text ends there.
    fn quoted(&self, start: usize) -> Option<usize> {
        quoted_end(self.bytes, start, self.dialect)
    }

    fn run(&self, start: usize, is_part: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        start + rest.iter().take_while(|byte| is_part(**byte)).count()
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.clone().next()
    }

    /// Goes over a keyword, if it is there.
    pub(super) fn skip(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        if found {
            self.next();
        }
        found
    }

    /// A name with its qualifiers.
    pub(super) fn path(&mut self) -> Option<Vec<String>> {
        let mut path = vec![self.next()?.name(self.dialect)?];
        while self.peek() == Some(Token::Sign(b'.')) {
            self.next();
            path.push(self.next()?.name(self.dialect)?);
        }
        Some(path)
    }

    /// Names in parentheses.
    pub(super) fn names(&mut self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        if self.next()? != Token::Sign(b'(') {
            return None;
        }
        loop {
            names.push(self.next()?.name(self.dialect)?);
            match self.next()? {
                Token::Sign(b',') => {}
                Token::Sign(b')') => return Some(names),
                _ => return None,
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@') || byte >= 0x80
}

/// What comes of a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnClash {
    /// The statement fails.
    Fail,
    /// It is left out: INSERT IGNORE, ON CONFLICT DO NOTHING.
    Keep,
    /// It takes the place of all rows with one of its keys: REPLACE.
    Replace,
}

/// What an INSERT adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Insert {
    /// As far as its first words tell.
    pub(super) on_clash: OnClash,
    /// The table's name with its qualifiers; empty where it cannot be told.
    pub(super) table: Vec<String>,
    /// The columns that are named.
    pub(super) columns: Option<Vec<String>>,
    /// Where its rows start, if it has any of its own.
    pub(super) rows_at: Option<usize>,
}

/// Reads an INSERT up to its rows. `None` where more of the text is needed.
pub(super) fn insert(bytes: &[u8], dialect: SqlDialect) -> Option<Insert> {
    let mut tokens = Tokens::new(bytes, dialect);
    let mut token = tokens.next()?;
    let mut on_clash = if token.is("REPLACE") {
        OnClash::Replace
    } else {
        OnClash::Fail
    };
    // The verb, and words such as IGNORE and LOW_PRIORITY.
    while !token.is("INTO") {
        if token.is("IGNORE") {
            on_clash = OnClash::Keep;
        }
        match &token {
            Token::Word(_) if tokens.at < 200 => token = tokens.next()?,
            _ => break,
        }
    }
    let mut found = Insert {
        on_clash,
        table: Vec::new(),
        columns: None,
        rows_at: None,
    };
    if !token.is("INTO") {
        return Some(found);
    }
    let table = tokens.path();
    // The text may end here. There is always something behind a part of a statement.
    tokens.peek()?;
    found.table = table.unwrap_or_default();
    if tokens.peek()? == Token::Sign(b'(') {
        found.columns = tokens.names();
        tokens.peek()?;
        if found.columns.is_none() {
            return Some(found);
        }
    }
    let mut next = tokens.next()?;
    if next.is("OVERRIDING") {
        tokens.next()?;
        tokens.next()?;
        next = tokens.next()?;
    }
    if next.is("VALUES") || next.is("VALUE") {
        let at = skip_space(bytes, tokens.at, dialect)?;
        bytes.get(at)?;
        found.rows_at = Some(at);
    }
    Some(found)
}

/// `UPDATE t SET a = 1, b = NULL WHERE c = 2 AND d = 'x'`: what is set, and of which rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Update<'a> {
    pub(super) set: Vec<(String, Raw<'a>)>,
    pub(super) filter: Vec<(String, Raw<'a>)>,
}

/// Reads an UPDATE behind the table's name; `None` where it is not as simple as that. The text must not end with it.
pub(super) fn update<'a>(tokens: &mut Tokens<'a>, dialect: SqlDialect) -> Option<Update<'a>> {
    let mut pairs = |first: &str, between: &dyn Fn(&Token<'a>) -> bool| {
        let mut found = Vec::new();
        if !tokens.skip(first) {
            return None;
        }
        loop {
            let name = tokens.next()?.name(dialect)?;
            if tokens.next()? != Token::Sign(b'=') {
                return None;
            }
            let value = match tokens.next()? {
                Token::Value(value) => value,
                word if word.is("NULL") => Raw::Null,
                _ => return None,
            };
            found.push((name, value));
            if !tokens.peek().is_some_and(|token| between(&token)) {
                return Some(found);
            }
            tokens.next();
        }
    };
    let set = pairs("SET", &|token| *token == Token::Sign(b','))?;
    let filter = pairs("WHERE", &|token| token.is("AND"))?;
    let ends = tokens.peek().is_none_or(|token| token == Token::Sign(b';'));
    (ends && filter.iter().all(|(_, value)| *value != Raw::Null)).then_some(Update { set, filter })
}

/// The text of a value, for what does not come from rows.
pub(super) fn text_of(raw: Raw<'_>, dialect: SqlDialect) -> Option<Vec<u8>> {
    match raw {
        Raw::Quoted(text, escapes) => {
            let mut into = Vec::new();
            unquote(text, escapes, dialect, &mut into);
            Some(into)
        }
        Raw::Plain(text) => Some(text.to_vec()),
        Raw::Null | Raw::Hex(_) | Raw::Expression(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_are_read_up_to_their_rows() {
        let read = |text: &str| insert(text.as_bytes(), SqlDialect::Postgres);
        let text = "INSERT INTO Public.\"A b\" (Id, \"X\") OVERRIDING SYSTEM VALUE VALUES\n (1, 2);";
        let found = read(text).expect("it is whole");
        assert_eq!(found.table, ["public", "A b"]);
        assert_eq!(found.columns, Some(vec!["id".to_owned(), "X".to_owned()]));
        assert_eq!(found.rows_at, text.find("(1"));
        for cut in [
            "INSERT",
            "INSERT INTO a",
            "INSERT INTO a (b",
            "INSERT INTO a (b) VALUES ",
        ] {
            assert_eq!(read(cut), None, "{cut}");
        }
        for other in [
            "INSERT INTO a SELECT 1;",
            "INSERT INTO a (b) SELECT 1;",
            "INSERT INTO a DEFAULT VALUES;",
        ] {
            let found = read(other).expect("it is whole");
            assert_eq!((found.table, found.rows_at), (vec!["a".to_owned()], None), "{other}");
        }
        let found = insert(b"REPLACE INTO `a``b` VALUES (1);", SqlDialect::MySql).expect("it is whole");
        assert_eq!(
            (found.table, found.on_clash),
            (vec!["a`b".to_owned()], OnClash::Replace)
        );
        let found = insert(
            b"insert low_priority ignore into `ignore` VALUES (1);",
            SqlDialect::MySql,
        );
        assert_eq!(found.map(|found| found.on_clash), Some(OnClash::Keep));
        let found =
            insert(b"INSERT INTO \"s\".\"a\"\"b\" (\"c\") VALUES (1);", SqlDialect::MySql).expect("it is whole");
        assert_eq!(found.table, ["s", "a\"b"]);
        assert_eq!(found.columns, Some(vec!["c".to_owned()]));
    }

    #[test]
    fn only_simple_updates_are_understood() {
        let read = |text: &'static str| {
            let mut tokens = Tokens::new(text.as_bytes(), SqlDialect::Postgres);
            update(&mut tokens, SqlDialect::Postgres)
        };
        let found = read("SET a = 1, b = NULL WHERE id = 'x' ;").expect("it is simple");
        assert_eq!(
            found.set,
            [
                ("a".to_owned(), Raw::Plain(b"1".as_slice())),
                ("b".to_owned(), Raw::Null)
            ]
        );
        assert_eq!(found.filter, [("id".to_owned(), Raw::Quoted(b"x", false))]);
        for other in [
            "SET a = b WHERE c = 1;",
            "SET a = 1;",
            "SET a = 1 WHERE b > 1;",
            "SET a = 1 + 1 WHERE b = 1;",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
