//! Where quoted texts, comments and statements end in the middle of a text that is not all there.

use memchr::{memchr, memchr2};

use crate::ddl::SqlDialect;

/// How far a text was passed over.
pub(super) enum Skipped {
    /// Behind the `;` of a statement, or before what ends a value.
    Ended(usize),
    /// Up to here, where more of the text is needed.
    More(usize),
}

/// Looks for the end of the statement that the text starts in.
pub(super) fn skip(bytes: &[u8], dialect: SqlDialect) -> Skipped {
    Passing::new(Until::Statement, dialect).pass(bytes)
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The `;` that ends a statement.
    Statement,
    /// The comma or parenthesis behind a value of a row.
    Value,
}

/// Goes over a text that comes in parts, and holds none of it.
#[derive(Debug)]
pub(super) struct Passing {
    until: Until,
    dialect: SqlDialect,
    /// How many parentheses are open.
    depth: u32,
    open: Open,
}

/// What the text is in.
#[derive(Debug, Clone, Copy)]
enum Open {
    Nothing,
    /// The sign that closes it, and whether backslashes escape.
    Quote(u8, bool),
    LineComment,
    BlockComment,
}

impl Passing {
    pub(super) fn new(until: Until, dialect: SqlDialect) -> Self {
        Self {
            until,
            dialect,
            depth: 0,
            open: Open::Nothing,
        }
    }

    /// Goes on with a part. What is behind [`Skipped::More`] must come again with the next one.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Skipped {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or(&[]);
            match self.open {
                Open::Nothing => match self.outside(bytes, at) {
                    Ok(next) => at = next,
                    Err(skipped) => return skipped,
                },
                Open::Quote(sign, escapes) => {
                    let found = if escapes {
                        memchr2(sign, b'\\', rest)
                    } else {
                        memchr(sign, rest)
                    };
                    let Some(here) = found.map(|length| at + length) else {
                        return Skipped::More(bytes.len());
                    };
                    // A quote that is the last byte may be the first of two.
                    let Some(next) = bytes.get(here + 1) else {
                        return Skipped::More(here);
                    };
                    if bytes.get(here) == Some(&b'\\') && escapes || *next == sign {
                        at = here + 2;
                    } else {
                        at = here + 1;
                        self.open = Open::Nothing;
                    }
                }
                Open::LineComment => match memchr(b'\n', rest) {
                    Some(length) => {
                        at += length + 1;
                        self.open = Open::Nothing;
                    }
                    None => return Skipped::More(bytes.len()),
                },
                Open::BlockComment => match memchr::memmem::find(rest, b"*/") {
                    Some(length) => {
                        at += length + 2;
                        self.open = Open::Nothing;
                    }
                    None => return Skipped::More(bytes.len() - usize::from(rest.ends_with(b"*"))),
                },
            }
        }
    }

    /// Goes to what opens or ends something. The error is the end.
    fn outside(&mut self, bytes: &[u8], from: usize) -> Result<usize, Skipped> {
        let in_value = self.until == Until::Value;
        let is_sign = |byte: &u8| {
            matches!(byte, b';' | b'\'' | b'"' | b'`' | b'-' | b'/' | b'#')
                || in_value && matches!(byte, b',' | b'(' | b')')
        };
        let rest = bytes.get(from..).unwrap_or(&[]);
        let Some(at) = rest.iter().position(is_sign).map(|length| from + length) else {
            return Err(Skipped::More(before_escape(bytes, bytes.len()).max(from)));
        };
        match bytes.get(at) {
            Some(b';') if in_value => return Err(Skipped::Ended(at)),
            Some(b';') => return Err(Skipped::Ended(at + 1)),
            Some(b',' | b')') if self.depth == 0 => return Err(Skipped::Ended(at)),
            Some(b'(') => self.depth += 1,
            Some(b')') => self.depth -= 1,
            Some(b',') => {}
            Some(sign @ (b'\'' | b'"' | b'`')) => self.open = Open::Quote(*sign, escapes(bytes, at, self.dialect)),
            _ => match comment_start(bytes, at, self.dialect) {
                Start::Line => self.open = Open::LineComment,
                Start::Block => {
                    self.open = Open::BlockComment;
                    return Ok(at + 2);
                }
                Start::No => {}
                Start::More => return Err(Skipped::More(at)),
            },
        }
        Ok(at + 1)
    }
}

/// The same place, or that of the E before it, which tells that backslashes escape.
fn before_escape(bytes: &[u8], at: usize) -> usize {
    match at.checked_sub(1).and_then(|before| bytes.get(before)) {
        Some(b'e' | b'E') => at - 1,
        _ => at,
    }
}

/// Whether a comment starts, and where it ends.
pub(super) enum Comment {
    /// Behind this.
    Ends(usize),
    /// None starts.
    No,
    /// More of the text is needed.
    More,
}

/// What kind of comment starts.
enum Start {
    Line,
    Block,
    No,
    /// More of the text is needed.
    More,
}

fn comment_start(bytes: &[u8], at: usize, dialect: SqlDialect) -> Start {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'-' | b'/'), None) => Start::More,
        (Some(b'-'), Some(b'-')) if dialect != SqlDialect::MySql => Start::Line,
        // MySQL wants white space after the dashes (manual, "Comments").
        (Some(b'-'), Some(b'-')) => match bytes.get(at + 2) {
            None => Start::More,
            Some(next) if next.is_ascii_whitespace() => Start::Line,
            Some(_) => Start::No,
        },
        (Some(b'#'), _) if dialect == SqlDialect::MySql => Start::Line,
        (Some(b'/'), Some(b'*')) => Start::Block,
        _ => Start::No,
    }
}

/// Looks for a comment at this place.
pub(super) fn comment_end(bytes: &[u8], at: usize, dialect: SqlDialect) -> Comment {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let (length, behind) = match comment_start(bytes, at, dialect) {
        Start::Line => (memchr(b'\n', rest), 1),
        // The star that opens it cannot close it.
        Start::Block => (memchr::memmem::find(rest.get(2..).unwrap_or(&[]), b"*/"), 4),
        Start::No => return Comment::No,
        Start::More => return Comment::More,
    };
    length.map_or(Comment::More, |length| Comment::Ends(at + length + behind))
}

/// Behind the quoted text that starts here; `None` where more of the text is needed.
pub(super) fn quoted_end(bytes: &[u8], at: usize, dialect: SqlDialect) -> Option<usize> {
    let quote = *bytes.get(at)?;
    let escapes = escapes(bytes, at, dialect);
    let mut from = at + 1;
    loop {
        let rest = bytes.get(from..)?;
        let found = if escapes {
            memchr2(quote, b'\\', rest)
        } else {
            memchr(quote, rest)
        };
        let here = from + found?;
        // A quote that is the last byte may be the first of two.
        let next = *bytes.get(here + 1)?;
        if bytes.get(here) == Some(&b'\\') || next == quote {
            from = here + 2;
        } else {
            return Some(here + 1);
        }
    }
}

/// Whether backslashes escape in the quoted text that starts here.
pub(super) fn escapes(bytes: &[u8], at: usize, dialect: SqlDialect) -> bool {
    match (dialect, bytes.get(at)) {
        (SqlDialect::MySql, Some(b'\'' | b'"')) => true,
        (SqlDialect::Postgres, Some(b'\'')) => {
            let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
            matches!(before(1), Some(b'e' | b'E'))
                && !before(2).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        }
        _ => false,
    }
}
