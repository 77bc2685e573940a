//! Values of another system's dump, stored so that SQLite tells equal ones from unequal ones as that system would.

use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::schema::{ColumnType, TypeFamily};

/// A value as a dump has it, unquoted and unescaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpValue<'a> {
    /// NULL.
    Null,
    /// As the server's client prints it.
    Text(&'a [u8]),
    /// Bytes that were written in hexadecimal digits.
    Bytes(&'a [u8]),
}

/// How the values of a column are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Boolean,
    Text {
        trims: bool,
        folds: bool,
    },
    Uuid,
    Bytes,
    /// As written.
    Other,
}

impl Kind {
    pub(super) fn of(ty: &ColumnType) -> Self {
        match ty.family {
            TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } | TypeFamily::Float => Self::Number,
            TypeFamily::Boolean => Self::Boolean,
            TypeFamily::Text | TypeFamily::Enum => Self::Text {
                // PostgreSQL's `character(n)`: trailing spaces tell no two values apart (manual, 8.3).
                trims: is_blank_padded(ty),
                folds: ty.collation.as_ref().is_some_and(|collation| collation.folds),
            },
            TypeFamily::Uuid => Self::Uuid,
            TypeFamily::Bytes => Self::Bytes,
            TypeFamily::Temporal | TypeFamily::Json | TypeFamily::Array | TypeFamily::Any | TypeFamily::Other => {
                Self::Other
            }
        }
    }

    /// The value to store. `scratch` is where it is put together, if it must be.
    pub(super) fn stored<'a>(self, value: DumpValue<'a>, scratch: &'a mut Vec<u8>) -> ToSqlOutput<'a> {
        let text = match value {
            DumpValue::Null => return ValueRef::Null.into_output(),
            DumpValue::Bytes(bytes) if matches!(self, Self::Bytes) => return ValueRef::Blob(bytes).into_output(),
            DumpValue::Bytes(text) | DumpValue::Text(text) => text,
        };
        match self {
            Self::Number => number(text, scratch),
            Self::Boolean => ValueRef::Integer(truth(text)).into_output(),
            Self::Text { trims: true, .. } => ValueRef::Text(trim_spaces(text)).into_output(),
            Self::Text { .. } | Self::Other => ValueRef::Text(text).into_output(),
            Self::Uuid => uuid(text, scratch),
            Self::Bytes => match text.strip_prefix(b"\\x") {
                Some(digits) if digits.len() % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit) => {
                    scratch.clear();
                    scratch.extend(digits.chunks_exact(2).map(|pair| match pair {
                        [high, low] => digit(*high) << 4 | digit(*low),
                        _ => 0,
                    }));
                    ValueRef::Blob(scratch).into_output()
                }
                _ => ValueRef::Blob(text).into_output(),
            },
        }
    }
}

/// Whether trailing spaces are no part of the values.
pub(super) fn is_blank_padded(ty: &ColumnType) -> bool {
    ty.base == "character" || ty.base.starts_with("character(") || ty.base == "bpchar"
}

trait IntoOutput<'a> {
    fn into_output(self) -> ToSqlOutput<'a>;
}

impl<'a> IntoOutput<'a> for ValueRef<'a> {
    fn into_output(self) -> ToSqlOutput<'a> {
        ToSqlOutput::Borrowed(self)
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    }
}

fn trim_spaces(mut text: &[u8]) -> &[u8] {
    while let Some(shorter) = text.strip_suffix(b" ") {
        text = shorter;
    }
    text
}

fn truth(text: &[u8]) -> i64 {
    if let Some(number) = integer(text) {
        return number;
    }
    let is_true = [b"t".as_slice(), b"true", b"y", b"yes", b"on", &[1]]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    i64::from(is_true)
}

fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    // Eighteen digits always fit, and longer numbers are rare.
    if digits.is_empty() || digits.len() > 18 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut value = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// A whole number where it fits, else digits without what does not change the value. Numbers in exponent form become
/// floating point numbers.
fn number<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> ToSqlOutput<'a> {
    let text = text.trim_ascii();
    if let Some(number) = integer(text) {
        return ValueRef::Integer(number).into_output();
    }
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (b"-".as_slice(), digits),
        [b'+', digits @ ..] | digits => (b"".as_slice(), digits),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
    let is_plain = !digits.is_empty() && whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !is_plain {
        let float = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
        return match float.filter(|float| float.is_finite()) {
            Some(float) => ValueRef::Real(float).into_output(),
            None => ValueRef::Text(text).into_output(),
        };
    }
    let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
    let whole = whole.get(zeros..).unwrap_or(&[]);
    let mut fraction = fraction;
    while let Some(shorter) = fraction.strip_suffix(b"0") {
        fraction = shorter;
    }
    scratch.clear();
    scratch.extend(sign);
    scratch.extend(if whole.is_empty() { b"0" } else { whole });
    if !fraction.is_empty() {
        scratch.push(b'.');
        scratch.extend(fraction);
    }
    match integer(scratch) {
        Some(number) => ValueRef::Integer(number).into_output(),
        None => ValueRef::Text(scratch).into_output(),
    }
}

/// In small letters, with hyphens, whatever the dump has.
fn uuid<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> ToSqlOutput<'a> {
    scratch.clear();
    for byte in text.iter().filter(|byte| byte.is_ascii_hexdigit()) {
        if matches!(scratch.len(), 8 | 13 | 18 | 23) {
            scratch.push(b'-');
        }
        scratch.push(byte.to_ascii_lowercase());
    }
    let others = text.iter().filter(|byte| !byte.is_ascii_hexdigit());
    let is_uuid = scratch.len() == 36 && others.into_iter().all(|byte| matches!(byte, b'-' | b'{' | b'}'));
    ValueRef::Text(if is_uuid { scratch } else { text }).into_output()
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;

    fn stored(kind: Kind, text: &str) -> Value {
        let mut scratch = Vec::new();
        match kind.stored(DumpValue::Text(text.as_bytes()), &mut scratch) {
            ToSqlOutput::Borrowed(value) => value.try_into().unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (written, expected) in [
            ("7", Value::Integer(7)),
            ("007", Value::Integer(7)),
            ("-7.00", Value::Integer(-7)),
            ("+1", Value::Integer(1)),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            ("18446744073709551615", text("18446744073709551615")),
            ("0018446744073709551615.0", text("18446744073709551615")),
            (".50", text("0.5")),
            ("1e3", Value::Real(1000.0)),
            ("NaN", text("NaN")),
            ("", text("")),
        ] {
            assert_eq!(stored(Kind::Number, written), expected, "{written}");
        }
    }

    #[test]
    fn other_kinds() {
        let uuid = "00112233-4455-6677-8899-aabbccddeeff";
        for written in [
            uuid,
            "{00112233-4455-6677-8899-AABBCCDDEEFF}",
            "00112233445566778899aabbccddeeff",
        ] {
            assert_eq!(stored(Kind::Uuid, written), Value::Text(uuid.to_owned()));
        }
        assert_eq!(stored(Kind::Bytes, "\\x4a4B"), Value::Blob(b"JK".to_vec()));
        let padded = Kind::Text {
            trims: true,
            folds: false,
        };
        assert_eq!(stored(padded, "a  "), Value::Text("a".to_owned()));
        assert_eq!(stored(Kind::Boolean, "t"), Value::Integer(1));
        assert_eq!(stored(Kind::Boolean, "0"), Value::Integer(0));
    }
}
