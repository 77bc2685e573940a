//! SQL text cut into statements, as the servers' own clients cut it: quotes, comments, routine bodies, psql's `\` lines
//! and COPY blocks, MySQL's DELIMITER and conditional comments. It never fails, and never looks at what a statement
//! means: what is not closed ends with the text, and says so.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memmem, memrchr};

use super::SqlDialect;
use super::heads::{Body, Head};

/// A part of the text that is not a gap. Gaps hold white space, comments, delimiters, and what only a client reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: PieceKind,
    /// As written, without the delimiter.
    pub text: &'a str,
    /// Where it starts in the text, in bytes.
    pub offset: usize,
    /// The line it starts on, from 1.
    pub line: u32,
    /// The column it starts at, from 1, in characters.
    pub column: u32,
    /// What is opened in it and never closed, if anything: a quote, a comment.
    pub unclosed: Option<&'static str>,
    /// Whether a delimiter ended it, and not the end of the text.
    pub ended: bool,
    /// Markers of MySQL's conditional comments in it, as offsets into `text`.
    markers: Vec<Marker>,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// A statement for the server.
    Statement,
    /// A line for psql or the sqlite3 shell, such as `\connect` or `.read`.
    ClientCommand,
    /// The lines after `COPY … FROM stdin;`, without the `\.` that ends them.
    Rows,
}

/// A marker that a server reads as white space, or one that it reads as the start of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Marker {
    Blank(Range<usize>),
    Comment(usize),
}

impl<'a> Piece<'a> {
    /// The text as a server reads it: what stands in conditional comments is part of it. All offsets are as in `text`.
    pub fn sql(&self) -> Cow<'a, str> {
        if self.markers.is_empty() {
            return Cow::Borrowed(self.text);
        }
        let mut bytes = self.text.as_bytes().to_vec();
        for marker in &self.markers {
            let range = match marker {
                Marker::Blank(range) => range.clone(),
                // `/*!` becomes `/* `, and so an ordinary comment.
                Marker::Comment(at) => *at..*at + 1,
            };
            if let Some(part) = bytes.get_mut(range) {
                part.fill(b' ');
            }
        }
        String::from_utf8(bytes).map_or(Cow::Borrowed(self.text), Cow::Owned)
    }
}

/// The pieces of a text, in order.
#[derive(Debug, Clone)]
pub struct Splitter<'a> {
    text: &'a str,
    dialect: SqlDialect,
    at: usize,
    /// MySQL's DELIMITER.
    delimiter: Cow<'a, str>,
    /// Whether a conditional comment of MySQL is open.
    conditional: bool,
    /// Whether the next piece is the rows of a COPY.
    rows_follow: bool,
    /// Up to where lines are counted: offset, line, and column in characters.
    counted: (usize, u32, u32),
}

/// Conditional comments of a version from here on are for no server: MariaDB's dumps open with `/*M!999999\- … */`,
/// which is meant for the client.
const BEYOND_ANY_SERVER: u32 = 990_000;

impl<'a> Splitter<'a> {
    /// Starts at the start of the text. A byte order mark there is left out.
    pub fn new(text: &'a str, dialect: SqlDialect) -> Self {
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            dialect,
            at,
            delimiter: Cow::Borrowed(";"),
            conditional: false,
            rows_follow: false,
            counted: (at, 1, 1),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or(&[])
    }

    fn starts_with(&self, at: usize, what: &str) -> bool {
        self.rest(at).starts_with(what.as_bytes())
    }

    fn starts_line(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or("");
        before.is_empty() || before.ends_with(['\n', '\u{feff}'])
    }

    fn line_end(&self, at: usize) -> usize {
        memchr(b'\n', self.rest(at)).map_or(self.text.len(), |length| at + length)
    }

    /// Goes over white space, comments, delimiters and lines that only a client reads, up to a piece.
    fn skip_gap(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            if byte.is_ascii_whitespace() || byte == 0 {
                self.at += 1;
            } else if let Some((end, _)) = self.comment(self.at) {
                self.at = end;
            } else if let Some(marker) = self.marker(self.at) {
                self.at = marker.end;
            } else if self.starts_with(self.at, &self.delimiter) {
                self.at += self.delimiter.len();
            } else if byte == b';' {
                self.at += 1;
            } else if !self.read_delimiter_command() {
                return;
            }
        }
    }

    /// Reads the client command `DELIMITER x`, if it is one.
    fn read_delimiter_command(&mut self) -> bool {
        const COMMAND: &str = "DELIMITER";
        let line = self.text.get(self.at..self.line_end(self.at)).unwrap_or("");
        let is_command = self.dialect == SqlDialect::MySql
            && line
                .get(..COMMAND.len())
                .is_some_and(|word| word.eq_ignore_ascii_case(COMMAND));
        let argument = line.get(COMMAND.len()..).filter(|_| is_command).unwrap_or("");
        if !argument.starts_with([' ', '\t']) {
            return false;
        }
        let Some(delimiter) = argument.split_ascii_whitespace().next() else {
            return false;
        };
        self.delimiter = Cow::Borrowed(delimiter);
        self.at += line.len();
        true
    }

    /// Where the comment that starts here ends, and whether it is closed; `None` where none starts.
    fn comment(&self, at: usize) -> Option<(usize, bool)> {
        match (self.byte(at)?, self.byte(at + 1)) {
            // MySQL wants white space after the dashes (manual, "Comments").
            (b'-', Some(b'-'))
                if self.dialect != SqlDialect::MySql
                    || self
                        .byte(at + 2)
                        .is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) =>
            {
                Some((self.line_end(at), true))
            }
            (b'#', _) if self.dialect == SqlDialect::MySql => Some((self.line_end(at), true)),
            (b'/', Some(b'*')) => match self.version_comment(at) {
                Some((_, version)) if version < BEYOND_ANY_SERVER => None,
                _ => Some(self.block_comment(at)),
            },
            _ => None,
        }
    }

    fn block_comment(&self, at: usize) -> (usize, bool) {
        let mut depth = 1;
        let mut from = at + 2;
        while let Some(found) = memchr2(b'*', b'/', self.rest(from)) {
            let here = from + found;
            match (self.byte(here), self.byte(here + 1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    from = here + 2;
                    if depth == 0 {
                        return (from, true);
                    }
                }
                // Only PostgreSQL's comments nest (manual, "Comments").
                (Some(b'/'), Some(b'*')) if self.dialect == SqlDialect::Postgres => {
                    depth += 1;
                    from = here + 2;
                }
                _ => from = here + 1,
            }
        }
        (self.text.len(), false)
    }

    /// The length of `/*!50100`, `/*M!100301` or `/*!` here, and the version in it.
    fn version_comment(&self, at: usize) -> Option<(usize, u32)> {
        if self.dialect != SqlDialect::MySql {
            return None;
        }
        let mark = ["/*!", "/*M!"].into_iter().find(|mark| self.starts_with(at, mark))?;
        let digits = self
            .rest(at + mark.len())
            .iter()
            .take(6)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        // Five or six digits; fewer are the start of what the comment holds.
        let digits = if digits >= 5 { digits } else { 0 };
        let text = self.text.get(at + mark.len()..at + mark.len() + digits)?;
        Some((mark.len() + digits, text.parse().unwrap_or(0)))
    }

    /// The marker that opens or closes a conditional comment here; what it holds is for the server.
    fn marker(&mut self, at: usize) -> Option<Range<usize>> {
        if let Some((length, version)) = self.version_comment(at).filter(|_| self.byte(at) == Some(b'/')) {
            self.conditional |= version < BEYOND_ANY_SERVER;
            return self.conditional.then_some(at..at + length);
        }
        if self.conditional && self.starts_with(at, "*/") {
            self.conditional = false;
            return Some(at..at + 2);
        }
        None
    }

    /// Where the quoted text that starts here ends, and whether it is closed; `None` where none starts.
    fn quoted(&self, at: usize) -> Option<(usize, bool)> {
        let quote = self.byte(at)?;
        let backslash = match (quote, self.dialect) {
            (b'\'' | b'"', SqlDialect::MySql) => true,
            (b'\'', SqlDialect::Postgres) => self.is_escape_string(at),
            (b'\'' | b'"', _) | (b'`', SqlDialect::MySql | SqlDialect::Sqlite) => false,
            (b'[', SqlDialect::Sqlite) => {
                let end = memchr(b']', self.rest(at));
                return Some(end.map_or((self.text.len(), false), |length| (at + length + 1, true)));
            }
            (b'$', SqlDialect::Postgres) => return self.dollar_quoted(at),
            _ => return None,
        };
        let mut from = at + 1;
        loop {
            let rest = self.rest(from);
            let found = if backslash {
                memchr2(quote, b'\\', rest)
            } else {
                memchr(quote, rest)
            };
            let Some(here) = found.map(|length| from + length) else {
                return Some((self.text.len(), false));
            };
            let doubled = self.byte(here + 1) == Some(quote);
            if self.byte(here) == Some(b'\\') || doubled {
                from = here + 2;
            } else {
                return Some((here + 1, true));
            }
        }
    }

    /// Whether the quote here belongs to PostgreSQL's `E'…'`.
    fn is_escape_string(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).and_then(|at| self.byte(at));
        matches!(before(1), Some(b'e' | b'E')) && !before(2).is_some_and(is_word_byte)
    }

    /// `$$…$$` and `$tag$…$tag$`.
    fn dollar_quoted(&self, at: usize) -> Option<(usize, bool)> {
        if at
            .checked_sub(1)
            .and_then(|before| self.byte(before))
            .is_some_and(is_word_byte)
        {
            return None;
        }
        let rest = self.rest(at + 1);
        let length = rest.iter().position(|byte| *byte == b'$' || !is_word_byte(*byte))?;
        if rest.get(length) != Some(&b'$') || rest.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let tag = self.rest(at).get(..length + 2)?;
        let inside = at + tag.len();
        Some(match memmem::find(self.rest(inside), tag) {
            Some(found) => (inside + found + tag.len(), true),
            None => (self.text.len(), false),
        })
    }

    /// The end of the statement that starts here.
    fn statement(&mut self) -> Piece<'a> {
        let start = self.at;
        let head = Head::of(self.text.get(start..).unwrap_or(""), self.dialect);
        let mut body = if self.delimiter == ";" { head.body() } else { Body::None };
        let mut markers = Vec::new();
        let mut unclosed = None;
        let mut ended = false;
        let mut end = None;
        let delimiter_start = self.delimiter.bytes().next().unwrap_or(b';');
        while let Some(byte) = self.byte(self.at) {
            let at = self.at;
            if byte == delimiter_start && !body.is_open() && self.starts_with(at, &self.delimiter) {
                self.at += self.delimiter.len();
                (ended, end) = (true, Some(at));
                break;
            }
            if byte == b'/'
                && self
                    .version_comment(at)
                    .is_some_and(|(_, version)| version >= BEYOND_ANY_SERVER)
            {
                markers.push(Marker::Comment(at + 2 - start));
            }
            if let Some((next, closed)) = self.comment(at) {
                self.at = next;
                unclosed = unclosed.or((!closed).then_some("a comment"));
            } else if let Some((next, closed)) = self.quoted(at) {
                self.at = next;
                unclosed = unclosed.or((!closed).then_some("a quote"));
            } else if let Some(marker) = self.marker(at) {
                self.at = marker.end;
                markers.push(Marker::Blank(marker.start - start..marker.end - start));
            } else if is_word_byte(byte) {
                let length = self.rest(at).iter().take_while(|byte| is_word_byte(**byte)).count();
                self.at += length.max(1);
                if body != Body::None {
                    body.word(self.text.get(at..self.at).unwrap_or(""));
                }
            } else {
                body.symbol(byte);
                self.at += 1;
            }
        }
        if ended && head.copies_from_stdin(self.text.get(start..self.at).unwrap_or("")) {
            self.rows_follow = true;
        }
        let end = end.unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or("").trim_end();
        markers.retain(|marker| match marker {
            Marker::Blank(range) => range.end <= text.len(),
            Marker::Comment(at) => *at < text.len(),
        });
        let mut piece = self.piece(PieceKind::Statement, start, text);
        (piece.unclosed, piece.ended, piece.markers) = (unclosed, ended, markers);
        piece
    }

    /// The rows after a COPY: from the next line to the line `\.`.
    fn rows(&mut self) -> Piece<'a> {
        self.rows_follow = false;
        let start = (self.line_end(self.at) + 1).min(self.text.len());
        let mut from = start;
        loop {
            let rest = self.rest(from);
            let found = if from == start && rest.starts_with(b"\\.") {
                Some(0)
            } else {
                memmem::find(rest, b"\n\\.").map(|at| at + 1)
            };
            let Some(mark) = found.map(|length| from + length) else {
                self.at = self.text.len();
                return self.piece(PieceKind::Rows, start, self.text.get(start..).unwrap_or(""));
            };
            let line_end = self.line_end(mark);
            if self
                .text
                .get(mark + 2..line_end)
                .is_some_and(|rest| rest.trim().is_empty())
            {
                self.at = line_end;
                let mut piece = self.piece(PieceKind::Rows, start, self.text.get(start..mark).unwrap_or(""));
                piece.ended = true;
                return piece;
            }
            from = mark + 2;
        }
    }

    fn piece(&mut self, kind: PieceKind, offset: usize, text: &'a str) -> Piece<'a> {
        let (line, column) = self.count_to(offset);
        Piece {
            kind,
            text,
            offset,
            line,
            column,
            unclosed: None,
            ended: false,
            markers: Vec::new(),
        }
    }

    /// Line and column of an offset that lies behind all that were asked for before.
    fn count_to(&mut self, offset: usize) -> (u32, u32) {
        let (from, line, column) = self.counted;
        let (line, column) = advance(self.text.get(from..offset).unwrap_or(""), line, column);
        self.counted = (offset, line, column);
        (line, column)
    }
}

/// Line and column after a text that starts at this line and column.
pub(super) fn advance(text: &str, line: u32, column: u32) -> (u32, u32) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let Some(last) = memrchr(b'\n', text.as_bytes()) else {
        return (line, column.saturating_add(count(text.chars().count())));
    };
    let lines = count(memchr::memchr_iter(b'\n', text.as_bytes()).count());
    let columns = count(text.get(last + 1..).unwrap_or("").chars().count());
    (line.saturating_add(lines), columns.saturating_add(1))
}

impl<'a> Iterator for Splitter<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rows_follow {
            return Some(self.rows());
        }
        self.skip_gap();
        let byte = self.byte(self.at)?;
        let is_command = match self.dialect {
            SqlDialect::Postgres => byte == b'\\',
            SqlDialect::Sqlite => byte == b'.' && self.starts_line(),
            SqlDialect::MySql => false,
        };
        if is_command {
            let (start, end) = (self.at, self.line_end(self.at));
            self.at = end;
            let text = self.text.get(start..end).unwrap_or("").trim_end();
            return Some(self.piece(PieceKind::ClientCommand, start, text));
        }
        Some(self.statement())
    }
}

/// Whether a byte can be part of a word: letters, digits, `_`, and all of UTF-8 beyond ASCII.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
