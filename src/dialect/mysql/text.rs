//! Names, literals, and values as text.

use std::fmt::Write as _;

use crate::schema::{ColumnType, TypeFamily};

/// The name in backticks, which are doubled within.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal that means the same under every `sql_mode`.
///
/// Backslashes escape, or do not under `NO_BACKSLASH_ESCAPES`; so a text with one is written by its bytes.
pub(super) fn literal(text: &str) -> String {
    if text.contains(['\\', '\0']) {
        let bytes = text.bytes().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02X}");
            hex
        });
        format!("_utf8mb4 X'{bytes}'")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// An expression for the value as text. Text stays as it is, in its own character set and collation.
pub(super) fn as_text(expression: &str, ty: &ColumnType) -> String {
    match ty.family {
        TypeFamily::Text => expression.to_owned(),
        _ => utf8mb4(expression, ty),
    }
}

/// An expression for the value as text in utf8mb4.
pub(super) fn utf8mb4(expression: &str, ty: &ColumnType) -> String {
    match ty.family {
        TypeFamily::Text => format!("CONVERT({expression} USING utf8mb4)"),
        TypeFamily::Bytes => format!("CONVERT(CONCAT('0x', HEX({expression})) USING utf8mb4)"),
        TypeFamily::Float => char_of(&format!("{expression} + 0E0")),
        // Without the addition ZEROFILL keeps its zeros, and BIT is a string of bytes.
        TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } if ty.declared.contains("zerofill") => {
            char_of(&format!("{expression} + 0"))
        }
        TypeFamily::Boolean => char_of(&format!("{expression} + 0")),
        TypeFamily::Other if ty.declared.starts_with("bit") => char_of(&format!("{expression} + 0")),
        TypeFamily::Other if is_stored_as_bytes(&ty.declared) => {
            format!("CONVERT(CONCAT('0x', HEX({expression})) USING utf8mb4)")
        }
        _ => char_of(expression),
    }
}

fn char_of(expression: &str) -> String {
    format!("CAST({expression} AS CHAR CHARACTER SET utf8mb4)")
}

/// Types that the server does not cast to text, or only into unreadable bytes.
fn is_stored_as_bytes(declared: &str) -> bool {
    let name = declared.split(['(', ' ']).next().unwrap_or_default();
    matches!(
        name,
        "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geometrycollection"
            | "geomcollection"
            | "vector"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_backticks() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(quote("``"), "``````");
        assert_eq!(quote("ünï \"x\"; \n-- '"), "`ünï \"x\"; \n-- '`");
    }

    #[test]
    fn literals_mean_the_same_under_every_mode() {
        assert_eq!(literal("O'Neill \"x\" ü"), "'O''Neill \"x\" ü'");
        assert_eq!(literal(r"\' OR 1=1 -- ü"), "_utf8mb4 X'5C27204F5220313D31202D2D20C3BC'");
        assert_eq!(literal("a\0b"), "_utf8mb4 X'610062'");
        assert_eq!(literal(""), "''");
    }

    #[test]
    fn values_are_read_without_loss() {
        let of = |declared: &str, family| {
            let ty = ColumnType {
                declared: declared.to_owned(),
                base: declared.to_owned(),
                family,
                length: None,
                collation: None,
                labels: Vec::new(),
            };
            as_text("c.x", &ty)
        };
        let int = TypeFamily::Integer {
            bits: 32,
            unsigned: true,
        };
        assert_eq!(of("varchar(9)", TypeFamily::Text), "c.x");
        assert_eq!(of("int unsigned", int), "CAST(c.x AS CHAR CHARACTER SET utf8mb4)");
        assert_eq!(
            of("int(5) unsigned zerofill", int),
            "CAST(c.x + 0 AS CHAR CHARACTER SET utf8mb4)"
        );
        assert_eq!(
            of("binary(16)", TypeFamily::Bytes),
            "CONVERT(CONCAT('0x', HEX(c.x)) USING utf8mb4)"
        );
        assert_eq!(
            of("point", TypeFamily::Other),
            "CONVERT(CONCAT('0x', HEX(c.x)) USING utf8mb4)"
        );
        assert_eq!(
            of("bit(8)", TypeFamily::Other),
            "CAST(c.x + 0 AS CHAR CHARACTER SET utf8mb4)"
        );
    }
}
