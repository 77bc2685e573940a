//! The values of an INSERT, one row after the other, and the escapes in them.

use super::quotes::{Comment, comment_end, escapes, quoted_end};
use crate::ddl::SqlDialect;

/// A value as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    /// NULL.
    Null,
    /// Text between quotes, and whether backslashes escape in it. Doubled quotes are still doubled.
    Quoted(&'a [u8], bool),
    /// A number or a truth value.
    Plain(&'a [u8]),
    /// Hexadecimal digits of a binary string.
    Hex(&'a [u8]),
    /// An expression.
    Expression(&'a [u8]),
}

/// What could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// A row that ends here.
    Ends(usize),
    /// More of the text is needed.
    More,
    /// There is no row here.
    None,
}

/// Reads a row that starts with a parenthesis at `at`; `values` gets one entry for each value.
pub(super) fn row<'a>(bytes: &'a [u8], at: usize, dialect: SqlDialect, values: &mut Vec<Raw<'a>>) -> Row {
    values.clear();
    match bytes.get(at) {
        None => return Row::More,
        Some(b'(') => {}
        Some(_) => return Row::None,
    }
    let mut at = at + 1;
    loop {
        let Some(start) = skip_space(bytes, at, dialect) else {
            return Row::More;
        };
        let Some((value, end)) = value(bytes, start, dialect) else {
            return Row::More;
        };
        values.push(value);
        match bytes.get(end) {
            Some(b',') => at = end + 1,
            Some(b')') => return Row::Ends(end + 1),
            Some(_) => return Row::None,
            None => return Row::More,
        }
    }
}

/// Behind white space and comments; `None` where more of the text is needed.
pub(super) fn skip_space(bytes: &[u8], mut at: usize, dialect: SqlDialect) -> Option<usize> {
    loop {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_whitespace() {
            at += 1;
        } else if matches!(byte, b'-' | b'/' | b'#') {
            match comment_end(bytes, at, dialect) {
                Comment::Ends(end) => at = end,
                Comment::More => return None,
                Comment::No => return Some(at),
            }
        } else {
            return Some(at);
        }
    }
}

/// A value, and where the comma or parenthesis behind it is. `None` where more of the text is needed.
fn value(bytes: &[u8], start: usize, dialect: SqlDialect) -> Option<(Raw<'_>, usize)> {
    if bytes.get(start) == Some(&b'\'') {
        let end = quoted_end(bytes, start, dialect)?;
        let text = bytes.get(start + 1..end - 1)?;
        let raw = Raw::Quoted(text, escapes(bytes, start, dialect));
        if matches!(bytes.get(end)?, b',' | b')') {
            return Some((raw, end));
        }
        let behind = skip_space(bytes, end, dialect)?;
        return match bytes.get(behind)? {
            b',' | b')' => Some((raw, behind)),
            _ => {
                let (end, is_cast) = expression_end(bytes, behind, dialect)
                    .map(|end| (end, bytes.get(behind..end).is_some_and(is_cast)))?;
                let raw = if is_cast {
                    raw
                } else {
                    Raw::Expression(bytes.get(start..end)?)
                };
                Some((raw, end))
            }
        };
    }
    let end = expression_end(bytes, start, dialect)?;
    let text = bytes.get(start..end)?.trim_ascii_end();
    Some((plain(text, dialect), end))
}

/// Whether all that follows a quoted text is its type, as PostgreSQL writes it: `'…'::character varying`.
fn is_cast(text: &[u8]) -> bool {
    text.strip_prefix(b"::").is_some_and(|ty| {
        ty.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'"' | b' ' | b'(' | b')' | b'[' | b']')
        })
    })
}

/// Where the comma or parenthesis is that ends an expression.
fn expression_end(bytes: &[u8], mut at: usize, dialect: SqlDialect) -> Option<usize> {
    let mut depth = 0_u32;
    loop {
        match *bytes.get(at)? {
            b',' | b')' if depth == 0 => return Some(at),
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\'' | b'"' | b'`' => {
                at = quoted_end(bytes, at, dialect)?;
                continue;
            }
            b'-' | b'/' | b'#' => match comment_end(bytes, at, dialect) {
                Comment::Ends(end) => {
                    at = end;
                    continue;
                }
                Comment::More => return None,
                Comment::No => {}
            },
            _ => {}
        }
        at += 1;
    }
}

/// What an unquoted text stands for.
fn plain(text: &[u8], dialect: SqlDialect) -> Raw<'_> {
    if text.eq_ignore_ascii_case(b"NULL") {
        return Raw::Null;
    }
    let is_number = text
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.iter().any(u8::is_ascii_digit);
    if is_number || text.eq_ignore_ascii_case(b"TRUE") || text.eq_ignore_ascii_case(b"FALSE") {
        return Raw::Plain(text);
    }
    if let Some(digits) = text.strip_prefix(b"0x").filter(|digits| is_hex(digits)) {
        return Raw::Hex(digits);
    }
    if let Some((b'x' | b'X', [b'\'', digits @ .., b'\''])) = text.split_first()
        && is_hex(digits)
    {
        return Raw::Hex(digits);
    }
    // `_binary '…'`, `_utf8mb4'…'` (MySQL), `E'…'`, `N'…'`.
    if let Some(quote) = text.iter().position(|byte| *byte == b'\'')
        && let Some(introducer) = text.get(..quote).map(<[u8]>::trim_ascii)
        && quoted_end_of_all(text, quote, dialect)
    {
        let is_introducer = introducer.first() == Some(&b'_') && !introducer.iter().any(u8::is_ascii_whitespace);
        let escapes = escapes(text, quote, dialect);
        if (is_introducer && dialect == SqlDialect::MySql)
            || ((introducer.eq_ignore_ascii_case(b"E") || introducer.eq_ignore_ascii_case(b"N")) && quote == 1)
        {
            return text
                .get(quote + 1..text.len() - 1)
                .map_or(Raw::Expression(text), |inner| Raw::Quoted(inner, escapes));
        }
    }
    Raw::Expression(text)
}

/// Whether the quoted text that starts at `quote` is all the rest.
fn quoted_end_of_all(text: &[u8], quote: usize, dialect: SqlDialect) -> bool {
    // One byte more, since a quote at the very end could be the first of two.
    let mut padded = text.to_vec();
    padded.push(b' ');
    quoted_end(&padded, quote, dialect) == Some(text.len())
}

fn is_hex(digits: &[u8]) -> bool {
    digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Appends what the hexadecimal digits stand for.
pub(super) fn unhex(digits: &[u8], into: &mut Vec<u8>) {
    let value = |digit: u8| {
        (digit as char)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
            .unwrap_or(0)
    };
    into.extend(digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => value(*high) << 4 | value(*low),
        _ => 0,
    }));
}

/// Appends what a quoted text stands for.
pub(super) fn unquote(text: &[u8], escapes: bool, dialect: SqlDialect, into: &mut Vec<u8>) {
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' => {
                into.push(b'\'');
                // The second of the two.
                bytes.next();
            }
            b'\\' if escapes => {
                let Some(escaped) = bytes.next() else { break };
                if dialect == SqlDialect::Postgres {
                    unescape_digits(escaped, &mut bytes, into);
                } else {
                    match escaped {
                        b'0' => into.push(0),
                        b'b' => into.push(8),
                        b'n' => into.push(b'\n'),
                        b'r' => into.push(b'\r'),
                        b't' => into.push(b'\t'),
                        b'Z' => into.push(26),
                        // They keep the backslash: they are for LIKE (MySQL manual, "String Literals").
                        b'%' | b'_' => into.extend([b'\\', escaped]),
                        other => into.push(other),
                    }
                }
            }
            other => into.push(other),
        }
    }
}

/// Appends what a field of a COPY stands for (PostgreSQL manual, COPY, "Text Format").
pub(super) fn uncopy(field: &[u8], into: &mut Vec<u8>) {
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            let Some(escaped) = bytes.next() else { break };
            unescape_digits(escaped, &mut bytes, into);
        } else {
            into.push(byte);
        }
    }
}

/// PostgreSQL's escapes after the backslash: letters, `\101` and `\x41`.
fn unescape_digits(escaped: u8, bytes: &mut (impl Iterator<Item = u8> + Clone), into: &mut Vec<u8>) {
    let mut number = |first: u32, radix: u32, most: usize| {
        let mut value = first;
        let mut read = 0;
        while read < most {
            let mut ahead = bytes.clone();
            let Some(digit) = ahead.next().and_then(|byte| (byte as char).to_digit(radix)) else {
                break;
            };
            value = value * radix + digit;
            *bytes = ahead;
            read += 1;
        }
        (value.to_le_bytes()[0], read)
    };
    match escaped {
        b'b' => into.push(8),
        b'f' => into.push(12),
        b'n' => into.push(b'\n'),
        b'r' => into.push(b'\r'),
        b't' => into.push(b'\t'),
        b'v' => into.push(11),
        b'0'..=b'7' => into.push(number(u32::from(escaped - b'0'), 8, 2).0),
        b'x' => match number(0, 16, 2) {
            (_, 0) => into.push(b'x'),
            (value, _) => into.push(value),
        },
        other => into.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, dialect: SqlDialect) -> (Vec<Raw<'_>>, Row) {
        let mut values = Vec::new();
        let row = row(text.as_bytes(), 0, dialect, &mut values);
        (values, row)
    }

    #[test]
    fn rows_are_cut_into_values() {
        let (values, row) = read(
            "(1, 'a''b' , NULL,now( ')' ),'x'::character varying(3),TRUE) ",
            SqlDialect::Postgres,
        );
        assert_eq!(
            values,
            [
                Raw::Plain(b"1"),
                Raw::Quoted(b"a''b", false),
                Raw::Null,
                Raw::Expression(b"now( ')' )"),
                Raw::Quoted(b"x", false),
                Raw::Plain(b"TRUE"),
            ]
        );
        assert_eq!(row, Row::Ends(60));
        let (values, _) = read(
            r"(-1.5,0x4A4b,_binary 'a\'b',X'00','\\', /* , */ 2) ",
            SqlDialect::MySql,
        );
        assert_eq!(
            values,
            [
                Raw::Plain(b"-1.5"),
                Raw::Hex(b"4A4b"),
                Raw::Quoted(br"a\'b", true),
                Raw::Hex(b"00"),
                Raw::Quoted(br"\\", true),
                Raw::Plain(b"2"),
            ]
        );
        for cut in ["(", "(1", "(1,", "(1,'a", "(1,'a'", "(1,'a''", "(f(1)"] {
            assert_eq!(read(cut, SqlDialect::Postgres).1, Row::More, "{cut}");
        }
        assert_eq!(read("SELECT", SqlDialect::Postgres).1, Row::None);
    }

    #[test]
    fn escapes_are_undone() {
        let unquoted = |text: &str, dialect| {
            let mut into = Vec::new();
            unquote(text.as_bytes(), true, dialect, &mut into);
            into
        };
        assert_eq!(unquoted(r"a''b\'\n\0\%\\", SqlDialect::MySql), b"a'b'\n\0\\%\\");
        assert_eq!(unquoted(r"\101\x41\n", SqlDialect::Postgres), b"AA\n");
        let mut into = Vec::new();
        uncopy(br"a\tb\\x\N", &mut into);
        assert_eq!(into, b"a\tb\\xN");
        let mut into = Vec::new();
        unhex(b"4a4B", &mut into);
        assert_eq!(into, b"JK");
    }
}
