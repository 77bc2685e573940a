//! What SQLite makes of a declared type: its affinity, and the family that the schema model knows.

use crate::schema::TypeFamily;

/// What a column does to the values stored in it (datatype3.html, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    /// None: values stay as they are.
    Blob,
}

impl Affinity {
    /// The affinity of a declared type (datatype3.html, section 3.1); for the `ANY` of STRICT tables see [`family`].
    pub(super) fn of(declared: &str) -> Self {
        let upper = declared.to_ascii_uppercase();
        let has = |part: &str| upper.contains(part);
        if has("INT") {
            Self::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || upper.trim().is_empty() {
            Self::Blob
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

/// The family of a declared type. Where the name is one that other systems give a meaning and SQLite does not, the
/// meaning decides: values of a BOOLEAN or DATE column are stored as numbers or text, and are still no keys.
pub(super) fn family(declared: &str, strict: bool) -> TypeFamily {
    let upper = declared.to_ascii_uppercase();
    let first = upper
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .find(|word| !word.is_empty())
        .unwrap_or("");
    match first {
        "" => return TypeFamily::Any,
        "ANY" if strict => return TypeFamily::Any,
        "BOOL" | "BOOLEAN" => return TypeFamily::Boolean,
        "DATE" | "DATETIME" | "TIME" | "TIMESTAMP" | "TIMESTAMPTZ" => return TypeFamily::Temporal,
        "JSON" | "JSONB" => return TypeFamily::Json,
        "BINARY" | "VARBINARY" | "BYTEA" => return TypeFamily::Bytes,
        // SQLite has no type for these. Most programs store them as text, and what is declared UUID on one side is
        // TEXT or CHAR(36) on the other often enough; the values compare well then, so the families must not differ.
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => return TypeFamily::Text,
        _ => {}
    }
    match Affinity::of(declared) {
        Affinity::Text => TypeFamily::Text,
        Affinity::Numeric => TypeFamily::Decimal { scale: None },
        Affinity::Integer => TypeFamily::Integer {
            bits: 64,
            unsigned: false,
        },
        Affinity::Real => TypeFamily::Float,
        Affinity::Blob => TypeFamily::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_are_those_of_the_manual() {
        // The examples of datatype3.html, section 3.1.1.
        for (declared, expected) in [
            ("INT", Affinity::Integer),
            ("UNSIGNED BIG INT", Affinity::Integer),
            ("CHARACTER(20)", Affinity::Text),
            ("NATIVE CHARACTER(70)", Affinity::Text),
            ("CLOB", Affinity::Text),
            ("BLOB", Affinity::Blob),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("FLOAT", Affinity::Real),
            ("DECIMAL(10,5)", Affinity::Numeric),
            ("BOOLEAN", Affinity::Numeric),
            ("DATETIME", Affinity::Numeric),
            ("FLOATING POINT", Affinity::Integer),
            ("STRING", Affinity::Numeric),
            ("CHARINT", Affinity::Integer),
        ] {
            assert_eq!(Affinity::of(declared), expected, "{declared}");
        }
    }

    #[test]
    fn families_follow_the_meaning_of_the_name() {
        let integer = TypeFamily::Integer {
            bits: 64,
            unsigned: false,
        };
        for (declared, strict, expected) in [
            ("bigint", false, integer),
            ("tinyint(1)", false, integer),
            ("varchar(20)", false, TypeFamily::Text),
            ("uuid", false, TypeFamily::Text),
            ("BLOB", false, TypeFamily::Bytes),
            ("binary(16)", false, TypeFamily::Bytes),
            ("", false, TypeFamily::Any),
            ("ANY", true, TypeFamily::Any),
            ("ANY", false, TypeFamily::Decimal { scale: None }),
            ("numeric(10,2)", false, TypeFamily::Decimal { scale: None }),
            ("double", false, TypeFamily::Float),
            ("timestamp with time zone", false, TypeFamily::Temporal),
            ("Boolean", false, TypeFamily::Boolean),
            ("json", false, TypeFamily::Json),
        ] {
            assert_eq!(family(declared, strict), expected, "{declared}");
        }
    }
}
