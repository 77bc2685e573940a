//! The words of a snapshot, and what they stand for in the model.
#![expect(clippy::enum_variant_names, reason = "the words are those of the model")]

use serde::{Deserialize, Serialize};

use crate::schema;

/// An enumeration with the words of one of the model.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),+ }

        impl From<schema::$name> for $name {
            fn from(value: schema::$name) -> Self {
                match value { $(schema::$name::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for schema::$name {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

words!(
    /// What a table is.
    TableKind { Table, Partitioned, WithoutRowid, Foreign, View, MaterializedView }
);
words!(
    /// Whether row security hides rows.
    RowSecurity { Off, Bypassed, Applies }
);
words!(
    /// How a generated column is kept.
    Generated { Stored, Virtual }
);
words!(
    /// What a foreign key does.
    Action { NoAction, Restrict, Cascade, SetNull, SetDefault }
);
words!(
    /// How partly null keys are treated.
    Match { Simple, Full }
);
words!(
    /// When a foreign key is checked.
    Deferrable { No, InitiallyImmediate, InitiallyDeferred }
);

/// What kind of values a type holds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TypeFamily {
    Integer { bits: u8, unsigned: bool },
    Decimal { scale: Option<u16> },
    Float,
    Text,
    Bytes,
    Uuid,
    Boolean,
    Temporal,
    Enum,
    Json,
    Array,
    Any,
    Other,
}

impl From<schema::TypeFamily> for TypeFamily {
    fn from(family: schema::TypeFamily) -> Self {
        use schema::TypeFamily as F;
        match family {
            F::Integer { bits, unsigned } => Self::Integer { bits, unsigned },
            F::Decimal { scale } => Self::Decimal { scale },
            F::Float => Self::Float,
            F::Text => Self::Text,
            F::Bytes => Self::Bytes,
            F::Uuid => Self::Uuid,
            F::Boolean => Self::Boolean,
            F::Temporal => Self::Temporal,
            F::Enum => Self::Enum,
            F::Json => Self::Json,
            F::Array => Self::Array,
            F::Any => Self::Any,
            F::Other => Self::Other,
        }
    }
}

impl From<TypeFamily> for schema::TypeFamily {
    fn from(family: TypeFamily) -> Self {
        match family {
            TypeFamily::Integer { bits, unsigned } => Self::Integer { bits, unsigned },
            TypeFamily::Decimal { scale } => Self::Decimal { scale },
            TypeFamily::Float => Self::Float,
            TypeFamily::Text => Self::Text,
            TypeFamily::Bytes => Self::Bytes,
            TypeFamily::Uuid => Self::Uuid,
            TypeFamily::Boolean => Self::Boolean,
            TypeFamily::Temporal => Self::Temporal,
            TypeFamily::Enum => Self::Enum,
            TypeFamily::Json => Self::Json,
            TypeFamily::Array => Self::Array,
            TypeFamily::Any => Self::Any,
            TypeFamily::Other => Self::Other,
        }
    }
}
