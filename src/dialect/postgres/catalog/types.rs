//! Types as the catalogue describes them, reduced to their family.

use crate::schema::TypeFamily;

/// What the catalogue tells of a type at the bottom of any domain.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypeFacts<'a> {
    /// `int4`, `varchar`.
    pub(super) name: &'a str,
    /// Whether it is one of the server's own types, and no extension's or user's.
    pub(super) is_system: bool,
    /// `pg_type.typtype`: `e` for an enumeration.
    pub(super) kind: &'a str,
    /// `pg_type.typcategory`: `A` for an array.
    pub(super) category: &'a str,
    /// What `(…)` behind the type's name says; -1 for nothing.
    pub(super) modifier: i32,
}

/// The header that the modifiers of `numeric`, `varchar` and `char` count with (`VARHDRSZ`).
const HEADER: i32 = 4;

impl TypeFacts<'_> {
    pub(super) fn family(&self) -> TypeFamily {
        if self.kind == "e" {
            return TypeFamily::Enum;
        }
        if self.category == "A" {
            return TypeFamily::Array;
        }
        if !self.is_system {
            return if self.is_citext() {
                TypeFamily::Text
            } else {
                TypeFamily::Other
            };
        }
        let integer = |bits| TypeFamily::Integer { bits, unsigned: false };
        match self.name {
            "int2" => integer(16),
            "int4" => integer(32),
            "int8" => integer(64),
            "numeric" => TypeFamily::Decimal { scale: self.scale() },
            "float4" | "float8" => TypeFamily::Float,
            "text" | "varchar" | "bpchar" | "name" => TypeFamily::Text,
            "bytea" => TypeFamily::Bytes,
            "uuid" => TypeFamily::Uuid,
            "bool" => TypeFamily::Boolean,
            "date" | "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => TypeFamily::Temporal,
            "json" | "jsonb" => TypeFamily::Json,
            _ => TypeFamily::Other,
        }
    }

    /// The greatest number of characters.
    pub(super) fn length(&self) -> Option<u32> {
        match self.name {
            "varchar" | "bpchar" if self.is_system => u32::try_from(self.modifier - HEADER).ok(),
            _ => None,
        }
    }

    /// The extension's type, which compares without regard to letter case.
    pub(super) fn is_citext(&self) -> bool {
        !self.is_system && self.name == "citext"
    }

    /// `char(n)`, which compares without regard to trailing spaces.
    pub(super) fn is_padded(&self) -> bool {
        self.is_system && self.name == "bpchar"
    }

    /// A scale has eleven bits and, since PostgreSQL 15, can be negative: then there is nothing after the point either.
    fn scale(&self) -> Option<u16> {
        let packed = self.modifier.checked_sub(HEADER).filter(|packed| *packed >= 0)? & 0x7ff;
        let scale = (packed ^ 0x400) - 0x400;
        Some(u16::try_from(scale).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::TypeFacts;
    use crate::schema::TypeFamily;

    fn check(name: &str, modifier: i32, expected: (TypeFamily, Option<u32>)) {
        let facts = TypeFacts {
            name,
            is_system: true,
            kind: "b",
            category: "S",
            modifier,
        };
        assert_eq!((facts.family(), facts.length()), expected, "{name}({modifier})");
    }

    #[test]
    fn families_and_modifiers() {
        let decimal = |scale| (TypeFamily::Decimal { scale }, None);
        check(
            "int4",
            -1,
            (
                TypeFamily::Integer {
                    bits: 32,
                    unsigned: false,
                },
                None,
            ),
        );
        check("varchar", 24, (TypeFamily::Text, Some(20)));
        check("varchar", -1, (TypeFamily::Text, None));
        check("text", -1, (TypeFamily::Text, None));
        check("numeric", -1, decimal(None));
        // What PostgreSQL 15 keeps for numeric(10,2), numeric(10,0) and numeric(5,-2).
        check("numeric", 655_366, decimal(Some(2)));
        check("numeric", 655_364, decimal(Some(0)));
        check("numeric", 329_730, decimal(Some(0)));
    }
}
