//! Column types, reduced to what decides whether two columns can be compared.

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// As the server prints it, modifiers included: `character varying(20)`, `bigint unsigned`, `money_domain`.
    pub declared: String,
    /// What a domain stands for, else the same as `declared`.
    pub base: String,
    /// What kind of values it holds.
    pub family: TypeFamily,
    /// The greatest length in characters (text) or bytes (binary), where the type has one.
    pub length: Option<u32>,
    /// How text is compared; `None` for types that are not text.
    pub collation: Option<Collation>,
    /// The labels of an enum, in order; else empty.
    pub labels: Vec<String>,
}

/// What kind of values a type holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeFamily {
    /// Whole numbers of so many bits.
    Integer {
        /// 8, 16, 24, 32 or 64.
        bits: u8,
        /// MySQL's `UNSIGNED`.
        unsigned: bool,
    },
    /// Exact decimals.
    Decimal {
        /// Digits after the point; `None` where the type does not fix them.
        scale: Option<u16>,
    },
    /// Floating point numbers.
    Float,
    /// Text of any length, fixed or not.
    Text,
    /// Binary strings.
    Bytes,
    /// PostgreSQL's `uuid`, MariaDB's `UUID`.
    Uuid,
    /// Truth values.
    Boolean,
    /// Dates and times of all kinds.
    Temporal,
    /// Enumerations.
    Enum,
    /// JSON of all kinds.
    Json,
    /// Arrays.
    Array,
    /// SQLite's columns without a type: any value.
    Any,
    /// All else: ranges, geometry, network addresses, vectors.
    Other,
}

impl TypeFamily {
    /// Whether columns of this family are used as keys: numbers without a fraction, text, UUIDs, binary strings.
    pub fn can_be_key(self) -> bool {
        match self {
            Self::Integer { .. }
            | Self::Text
            | Self::Uuid
            | Self::Bytes
            | Self::Enum
            | Self::Any
            | Self::Decimal { scale: Some(0) | None } => true,
            Self::Decimal { .. }
            | Self::Float
            | Self::Boolean
            | Self::Temporal
            | Self::Json
            | Self::Array
            | Self::Other => false,
        }
    }

    /// Whether it holds numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Decimal { .. } | Self::Float)
    }
}

/// How text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collation {
    /// Its name as SQL writes it in a `COLLATE` clause, namespace included where needed and already quoted where the
    /// dialect wants it quoted.
    pub name: String,
    /// The character set, where the dialect has one for each column (MySQL); else `None`.
    pub charset: Option<String>,
    /// Whether two different strings can be equal: case-insensitive, accent-insensitive, PostgreSQL's
    /// non-deterministic collations.
    pub folds: bool,
    /// Whether trailing spaces are ignored.
    pub pads: bool,
}

impl ColumnType {
    /// Why values of this type, in a child, should not be compared with keys of the parent's type; `None` where they
    /// compare well. The phrase names no types.
    ///
    /// Lengths do not matter, nor do `char`, `varchar` and `text` among each other, nor a domain over the same type. A
    /// column without a type (SQLite) compares with all.
    pub fn mismatch_with(&self, parent: &Self) -> Option<String> {
        use TypeFamily as F;
        match (self.family, parent.family) {
            (F::Decimal { scale: Some(child) }, F::Decimal { scale: Some(parent) }) if child != parent => {
                Some(format!("one has {child} digits after the point, the other {parent}"))
            }
            (F::Any, _)
            | (_, F::Any)
            | (F::Bytes, F::Bytes)
            | (F::Uuid, F::Uuid)
            | (F::Boolean, F::Boolean)
            | (F::Decimal { .. }, F::Decimal { .. }) => None,
            (
                F::Integer { bits, unsigned },
                F::Integer {
                    bits: parent_bits,
                    unsigned: parent_unsigned,
                },
            ) => integer_mismatch((bits, unsigned), (parent_bits, parent_unsigned)),
            (F::Text, F::Text) => collation_mismatch(self.collation.as_ref()?, parent.collation.as_ref()?),
            (F::Enum, F::Enum) => {
                (self.labels != parent.labels).then(|| "the two enumerations have other labels".to_owned())
            }
            (child, parent_family) if child == parent_family => {
                (kind(&self.base) != kind(&parent.base)).then(|| "the two types hold different values".to_owned())
            }
            (child, parent_family) if child.is_number() && parent_family.is_number() => {
                Some("they are different kinds of numbers".to_owned())
            }
            (child, parent_family) => Some(format!("{} and {} do not compare", child.noun(), parent_family.noun())),
        }
    }
}

impl TypeFamily {
    fn noun(self) -> &'static str {
        match self {
            Self::Integer { .. } | Self::Decimal { .. } | Self::Float => "numbers",
            Self::Text => "text",
            Self::Bytes => "binary strings",
            Self::Uuid => "UUIDs",
            Self::Boolean => "truth values",
            Self::Temporal => "dates and times",
            Self::Enum => "enumerations",
            Self::Json => "JSON",
            Self::Array => "arrays",
            Self::Any => "values of any type",
            Self::Other => "values of another type",
        }
    }
}

/// Bits and whether unsigned.
fn integer_mismatch(child: (u8, bool), parent: (u8, bool)) -> Option<String> {
    let why = match (child, parent) {
        ((_, unsigned), (_, parent_unsigned)) if unsigned != parent_unsigned => "one is unsigned and the other is not",
        ((bits, _), (parent_bits, _)) if bits < parent_bits => "the child cannot hold every key of the parent",
        ((bits, _), (parent_bits, _)) if bits > parent_bits => {
            "the child can hold values that no key of the parent can"
        }
        _ => return None,
    };
    Some(why.to_owned())
}

fn collation_mismatch(child: &Collation, parent: &Collation) -> Option<String> {
    match (&child.charset, &parent.charset) {
        (Some(child), Some(parent)) if child != parent => {
            Some(format!("their character sets are {child} and {parent}"))
        }
        _ if child.name != parent.name => Some(format!("their collations are {} and {}", child.name, parent.name)),
        _ => None,
    }
}

/// The name of a type without its modifiers: `timestamp(3) without time zone` and `timestamp without time zone` are
/// one kind.
fn kind(base: &str) -> String {
    let mut name = String::new();
    let mut depth = 0_u32;
    for character in base.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => name.extend(character.to_lowercase()),
            _ => {}
        }
    }
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(base: &str, family: TypeFamily) -> ColumnType {
        ColumnType {
            declared: base.to_owned(),
            base: base.to_owned(),
            family,
            length: None,
            collation: None,
            labels: Vec::new(),
        }
    }

    fn int(bits: u8, unsigned: bool) -> ColumnType {
        ty("int", TypeFamily::Integer { bits, unsigned })
    }

    fn text(base: &str, charset: Option<&str>, name: &str) -> ColumnType {
        ColumnType {
            collation: Some(Collation {
                name: name.to_owned(),
                charset: charset.map(str::to_owned),
                folds: false,
                pads: false,
            }),
            ..ty(base, TypeFamily::Text)
        }
    }

    #[test]
    fn types_that_compare_well() {
        let domain = ColumnType {
            declared: "order_number".to_owned(),
            ..int(64, false)
        };
        for (child, parent) in [
            (int(64, false), int(64, false)),
            (domain, int(64, false)),
            (text("varchar(20)", None, "C"), text("text", None, "C")),
            (text("char(3)", None, "C"), text("varchar(9)", None, "C")),
            (ty("text", TypeFamily::Text), text("text", None, "C")),
            (ty("", TypeFamily::Any), ty("uuid", TypeFamily::Uuid)),
            (
                ty("timestamp(3) without time zone", TypeFamily::Temporal),
                ty("timestamp without time zone", TypeFamily::Temporal),
            ),
            (
                ty("numeric", TypeFamily::Decimal { scale: None }),
                ty("numeric(9,0)", TypeFamily::Decimal { scale: Some(0) }),
            ),
        ] {
            assert_eq!(child.mismatch_with(&parent), None, "{child:?} {parent:?}");
        }
    }

    #[test]
    fn types_that_do_not() {
        let labels = |labels: &[&str]| ColumnType {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..ty("enum", TypeFamily::Enum)
        };
        for (child, parent, why) in [
            (
                int(32, false),
                int(64, false),
                "the child cannot hold every key of the parent",
            ),
            (
                int(64, false),
                int(32, false),
                "the child can hold values that no key of the parent can",
            ),
            (int(32, true), int(32, false), "one is unsigned and the other is not"),
            (
                ty("text", TypeFamily::Text),
                int(32, false),
                "text and numbers do not compare",
            ),
            (
                ty("uuid", TypeFamily::Uuid),
                ty("text", TypeFamily::Text),
                "UUIDs and text do not compare",
            ),
            (
                labels(&["a"]),
                ty("text", TypeFamily::Text),
                "enumerations and text do not compare",
            ),
            (
                labels(&["a"]),
                labels(&["a", "b"]),
                "the two enumerations have other labels",
            ),
            (
                text("text", Some("utf8mb4"), "utf8mb4_bin"),
                text("text", Some("latin1"), "latin1_bin"),
                "their character sets are utf8mb4 and latin1",
            ),
            (
                text("text", None, "BINARY"),
                text("text", None, "NOCASE"),
                "their collations are BINARY and NOCASE",
            ),
            (
                ty("numeric(9,2)", TypeFamily::Decimal { scale: Some(2) }),
                ty("numeric(9,0)", TypeFamily::Decimal { scale: Some(0) }),
                "one has 2 digits after the point, the other 0",
            ),
            (
                ty("numeric(9,0)", TypeFamily::Decimal { scale: Some(0) }),
                int(32, false),
                "they are different kinds of numbers",
            ),
            (
                ty("date", TypeFamily::Temporal),
                ty("timestamp without time zone", TypeFamily::Temporal),
                "the two types hold different values",
            ),
        ] {
            assert_eq!(child.mismatch_with(&parent).as_deref(), Some(why));
        }
    }
}
