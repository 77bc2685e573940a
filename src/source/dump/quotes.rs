//! Where quoted texts, comments and statements end in the middle of a text that is not all there.

use memchr::{memchr, memchr2};

use crate::ddl::SqlDialect;

/// How far a statement was skipped.
pub(super) enum Skipped {
    /// Behind its `;`.
    Ended(usize),
    /// Up to here, where more of the text is needed.
    More(usize),
}

/// Looks for the end of the statement in which `at` is.
pub(super) fn skip(bytes: &[u8], mut at: usize, dialect: SqlDialect) -> Skipped {
    loop {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some(found) = rest
            .iter()
            .position(|byte| matches!(byte, b';' | b'\'' | b'"' | b'`' | b'-' | b'/' | b'#'))
        else {
            return Skipped::More(before_escape(bytes, bytes.len()).max(at));
        };
        at += found;
        match bytes.get(at) {
            Some(b';') => return Skipped::Ended(at + 1),
            Some(b'\'' | b'"' | b'`') => match quoted_end(bytes, at, dialect) {
                Some(end) => at = end,
                None => return Skipped::More(before_escape(bytes, at)),
            },
            _ => match comment_end(bytes, at, dialect) {
                Comment::Ends(end) => at = end,
                Comment::No => at += 1,
                Comment::More => return Skipped::More(at),
            },
        }
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

/// Looks for a comment at this place.
pub(super) fn comment_end(bytes: &[u8], at: usize, dialect: SqlDialect) -> Comment {
    let line_end = || match bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) {
        Some(length) => Comment::Ends(at + length + 1),
        None => Comment::More,
    };
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'-' | b'/'), None) => Comment::More,
        (Some(b'-'), Some(b'-')) if dialect != SqlDialect::MySql => line_end(),
        // MySQL wants white space after the dashes (manual, "Comments").
        (Some(b'-'), Some(b'-')) => match bytes.get(at + 2) {
            None => Comment::More,
            Some(next) if next.is_ascii_whitespace() => line_end(),
            Some(_) => Comment::No,
        },
        (Some(b'#'), _) if dialect == SqlDialect::MySql => line_end(),
        (Some(b'/'), Some(b'*')) => match bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, b"*/")) {
            Some(length) => Comment::Ends(at + length + 2),
            None => Comment::More,
        },
        _ => Comment::No,
    }
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
