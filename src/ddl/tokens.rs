//! The tokens of one statement, from `sqlparser`'s tokenizer, each with its place in the file; and a cursor over them.
//!
//! The grammar of this module works on tokens and not on `sqlparser`'s syntax tree: the tree loses a whole table over
//! one clause that it does not know, and the source text of defaults and conditions, which dumps write as the server
//! prints it.

use std::ops::Range;

use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{self, Tokenizer};

use super::SqlDialect;
use super::splitter::advance;
use crate::schema::{Ident, Location, Origin};

/// A token that is neither white space nor a comment.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it stands in the statement, in bytes.
    pub(super) range: Range<usize>,
    line: u32,
    column: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, or a name without quotes.
    Word(String),
    /// A name in quotes, without them.
    Quoted(String),
    /// A text literal of any form, without quotes and escapes.
    Text(String),
    Number,
    LParen,
    RParen,
    Comma,
    Period,
    /// Any other.
    Symbol,
}

/// A statement in tokens.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    /// The statement as a server reads it.
    pub(super) sql: &'a str,
    pub(super) list: Vec<Token>,
    pub(super) dialect: SqlDialect,
    /// The name of the file.
    pub(super) file: &'a str,
    /// What could not be cut into tokens: from here on nothing is known.
    pub(super) failed: Option<(Location, String)>,
}

impl<'a> Tokens<'a> {
    /// Cuts a statement into tokens. `sql` is what `Piece::sql` gives, `start` its line and column.
    pub(super) fn new(sql: &'a str, start: (u32, u32), file: &'a str, dialect: SqlDialect) -> Self {
        let rules: &dyn Dialect = match dialect {
            SqlDialect::Postgres => &PostgreSqlDialect {},
            SqlDialect::MySql => &MySqlDialect {},
            SqlDialect::Sqlite => &SQLiteDialect {},
        };
        let mut spans = Vec::new();
        let outcome = Tokenizer::new(rules, sql).tokenize_with_location_into_buf(&mut spans);
        let mut places = Places::new(sql);
        let mut list = Vec::with_capacity(spans.len() / 2);
        for spanned in spans {
            let offset = places.offset(spanned.span.start);
            let (line, column) = (places.line, places.column);
            let Some(kind) = kind(spanned.token) else { continue };
            let end = places.offset(spanned.span.end);
            let (line, column) = if line == 1 {
                (start.0, start.1.saturating_add(column - 1))
            } else {
                (start.0.saturating_add(line - 1), column)
            };
            list.push(Token {
                kind,
                range: offset..end,
                line,
                column,
            });
        }
        let failed = outcome.err().map(|error| {
            let at = places.offset(error.location);
            let (line, column) = advance(sql.get(..at).unwrap_or(""), start.0, start.1);
            let location = Location {
                file: file.to_owned(),
                line,
                column,
            };
            (location, error.message)
        });
        Self {
            sql,
            list,
            dialect,
            file,
            failed,
        }
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor {
            tokens: self,
            at: 0,
            end: self.list.len(),
        }
    }
}

/// Goes through a text from one line and column to the next, and tells the offset.
struct Places<'a> {
    rest: std::str::Chars<'a>,
    length: usize,
    line: u32,
    column: u32,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars(),
            length: text.len(),
            line: 1,
            column: 1,
        }
    }

    /// The offset of a place that is not before the last one.
    fn offset(&mut self, place: tokenizer::Location) -> usize {
        while (u64::from(self.line), u64::from(self.column)) < (place.line, place.column) {
            match self.rest.next() {
                Some('\n') => {
                    self.line += 1;
                    self.column = 1;
                }
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.length - self.rest.as_str().len()
    }
}

fn kind(token: tokenizer::Token) -> Option<Kind> {
    use tokenizer::Token as T;
    Some(match token {
        T::Whitespace(_) | T::EOF => return None,
        T::Word(word) if word.quote_style.is_none() => Kind::Word(word.value),
        T::Word(word) => Kind::Quoted(word.value),
        T::SingleQuotedString(text)
        | T::DoubleQuotedString(text)
        | T::EscapedStringLiteral(text)
        | T::UnicodeStringLiteral(text)
        | T::NationalStringLiteral(text) => Kind::Text(text),
        T::DollarQuotedString(text) => Kind::Text(text.value),
        T::Number(..) => Kind::Number,
        T::LParen => Kind::LParen,
        T::RParen => Kind::RParen,
        T::Comma => Kind::Comma,
        T::Period => Kind::Period,
        _ => Kind::Symbol,
    })
}

/// A place in some of a statement's tokens.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    tokens: &'t Tokens<'t>,
    at: usize,
    end: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn dialect(&self) -> SqlDialect {
        self.tokens.dialect
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&'t Token> {
        let at = self.at + ahead;
        self.tokens.list.get(at).filter(|_| at < self.end)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// How far it has come: for [`Self::text_since`].
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Option<&'t Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn skip_to_end(&mut self) {
        self.at = self.end;
    }

    /// Whether these words come next, in any letter case.
    pub(super) fn is_at(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek_at(ahead).is_some_and(|token| token.is_word(word)))
    }

    pub(super) fn is_at_any(&self, words: &[&str]) -> bool {
        self.peek()
            .is_some_and(|token| words.iter().any(|word| token.is_word(word)))
    }

    /// Takes these words, if all of them come next.
    pub(super) fn take(&mut self, words: &[&str]) -> bool {
        let found = self.is_at(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Takes the next word if it is one of these, and gives it as it is written here.
    pub(super) fn take_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let token = self.peek()?;
        let found = words.iter().find(|word| token.is_word(word)).copied();
        self.at += usize::from(found.is_some());
        found
    }

    pub(super) fn take_kind(&mut self, kind: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.at += usize::from(found);
        found
    }

    /// Takes a symbol such as `=` or `::`.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|token| token.kind == Kind::Symbol && self.text_of(token) == symbol);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token for a name, as the server stores it.
    pub(super) fn name(&mut self) -> Option<Ident> {
        let name = self.peek()?.name(self.dialect())?;
        self.at += 1;
        Some(name)
    }

    /// `name` or `qualifier.name` or more qualifiers; the parts in order.
    pub(super) fn names(&mut self) -> Vec<Ident> {
        let mut parts = Vec::new();
        while let Some(part) = self.name() {
            parts.push(part);
            let more = self.peek().is_some_and(|token| token.kind == Kind::Period);
            if !more {
                break;
            }
            self.at += 1;
        }
        parts
    }

    /// The text of a literal.
    pub(super) fn text(&mut self) -> Option<&'t str> {
        let Kind::Text(text) = &self.peek()?.kind else {
            return None;
        };
        self.at += 1;
        Some(text)
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Option<u32> {
        let token = self.peek().filter(|token| token.kind == Kind::Number)?;
        let number = self.text_of(token).parse().ok()?;
        self.at += 1;
        Some(number)
    }

    /// A cursor over what stands in the parentheses that open here; goes on behind them.
    pub(super) fn parenthesized(&mut self) -> Option<Self> {
        if self.peek()?.kind != Kind::LParen {
            return None;
        }
        let close = self.closing(self.at);
        let inside = Self {
            tokens: self.tokens,
            at: self.at + 1,
            end: close,
        };
        self.at = (close + 1).min(self.end);
        Some(inside)
    }

    /// Where the parenthesis at `open` closes; the end if it does not.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.end {
            match self.tokens.list.get(at).map(|token| &token.kind) {
                Some(Kind::LParen) => depth += 1,
                Some(Kind::RParen) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        self.end
    }

    /// Goes on behind the next token, or behind its parentheses if it opens some.
    pub(super) fn skip_one(&mut self) {
        if self.parenthesized().is_none() {
            self.at = (self.at + 1).min(self.end);
        }
    }

    /// Goes on to the next token outside of parentheses that the test accepts, or to the end.
    pub(super) fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        while !self.is_at_end() && !stop(self) {
            self.skip_one();
        }
    }

    /// The parts between the commas that stand in no parentheses, up to the end.
    pub(super) fn split_at_commas(&mut self) -> Vec<Self> {
        let mut parts = Vec::new();
        while !self.is_at_end() {
            let start = self.at;
            self.skip_until(|cursor| cursor.peek().is_some_and(|token| token.kind == Kind::Comma));
            parts.push(Self {
                tokens: self.tokens,
                at: start,
                end: self.at,
            });
            self.at = (self.at + 1).min(self.end);
        }
        parts.retain(|part| !part.is_at_end());
        parts
    }

    /// A list of names in parentheses.
    pub(super) fn name_list(&mut self) -> Option<Vec<Ident>> {
        let mut inside = self.clone();
        let mut list = inside.parenthesized()?;
        let names = list
            .split_at_commas()
            .into_iter()
            .map(|mut part| part.name().filter(|_| part.is_at_end()))
            .collect::<Option<Vec<_>>>()?;
        *self = inside;
        Some(names)
    }

    /// What lies between this place and a later one.
    pub(super) fn up_to(&self, later: &Self) -> Self {
        Self {
            tokens: self.tokens,
            at: self.at,
            end: later.at,
        }
    }

    /// The source text of a token.
    pub(super) fn text_of(&self, token: &Token) -> &'t str {
        self.tokens.sql.get(token.range.clone()).unwrap_or("")
    }

    /// The source text from an earlier position up to here, without white space around it.
    pub(super) fn text_since(&self, position: usize) -> &'t str {
        let (Some(first), Some(last)) = (
            self.tokens.list.get(position),
            self.tokens.list.get(self.at.wrapping_sub(1)),
        ) else {
            return "";
        };
        self.tokens.sql.get(first.range.start..last.range.end).unwrap_or("")
    }

    /// The source text from here to the end.
    pub(super) fn rest(&self) -> &'t str {
        let mut end = self.clone();
        end.skip_to_end();
        if self.is_at_end() { "" } else { end.text_since(self.at) }
    }

    /// The bytes of the statement from here to the end.
    pub(super) fn range(&self) -> Range<usize> {
        let list = &self.tokens.list;
        let start = list.get(self.at).map_or(0, |token| token.range.start);
        let last = self.end.checked_sub(1).and_then(|last| list.get(last));
        start..last.map_or(start, |token| token.range.end.max(start))
    }

    /// The place of the next token, or of the last one at the end.
    pub(super) fn location(&self) -> Location {
        let list = &self.tokens.list;
        let token = list.get(self.at).or_else(|| list.last());
        Location {
            file: self.tokens.file.to_owned(),
            line: token.map_or(1, |token| token.line),
            column: token.map_or(1, |token| token.column),
        }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin::File(self.location())
    }
}

/// Whether a parenthesis opens here.
pub(super) fn opens(cursor: &Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|token| token.kind == Kind::LParen)
}

impl Token {
    /// Whether it is this keyword, in any letter case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    /// The name as the server stores it, if it can be one.
    pub(super) fn name(&self, dialect: SqlDialect) -> Option<Ident> {
        match (&self.kind, dialect) {
            // Folded and cut to 63 bytes (PostgreSQL manual, "Identifiers and Key Words").
            (Kind::Word(word), SqlDialect::Postgres) => Some(cut_name(&word.to_ascii_lowercase()).into()),
            (Kind::Quoted(name), SqlDialect::Postgres) => Some(cut_name(name).into()),
            // A text can be a name after mysqldump --compatible=ansi, and in SQLite (quirks.html).
            (Kind::Word(name) | Kind::Quoted(name) | Kind::Text(name), SqlDialect::MySql | SqlDialect::Sqlite) => {
                Some(name.as_str().into())
            }
            _ => None,
        }
    }
}

/// The longest name that PostgreSQL stores, in bytes.
pub(super) const LONGEST_NAME: usize = 63;

/// As much of a name as PostgreSQL stores.
pub(super) fn cut_name(name: &str) -> &str {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name)
}
