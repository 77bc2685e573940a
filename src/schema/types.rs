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
