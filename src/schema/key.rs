//! Keys (primary and unique constraints) and indexes.

use super::{Ident, Origin};

/// A primary key or unique constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, as the catalogue has it"
)]
pub struct Key {
    /// The constraint's name; SQLite has keys without.
    pub name: Option<Ident>,
    /// Its columns, in order.
    pub columns: Vec<Ident>,
    /// Whether it is the primary key.
    pub primary: bool,
    /// PostgreSQL cannot reference a deferrable key.
    pub deferrable: bool,
    /// PostgreSQL 15's NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// PostgreSQL 18's WITHOUT OVERLAPS: the last column is a period.
    pub without_overlaps: bool,
    /// Where it was declared.
    pub origin: Origin,
}

/// An index, also one that a constraint made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, as the catalogue has it"
)]
pub struct Index {
    /// Its name.
    pub name: Ident,
    /// What it sorts by, in order.
    pub parts: Vec<IndexPart>,
    /// Columns that it only carries (INCLUDE).
    pub include: Vec<Ident>,
    /// Whether equal rows are refused.
    pub unique: bool,
    /// In small letters: `btree`, `hash`, `gin`, `brin`, `fulltext`, `spatial`, …
    pub method: String,
    /// The condition of a partial index, as the server prints it.
    pub predicate: Option<String>,
    /// False where a concurrent build failed and left it behind.
    pub valid: bool,
    /// False where the optimizer is told not to use it (MySQL's INVISIBLE, MariaDB's IGNORED).
    pub visible: bool,
    /// PostgreSQL 15's NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// The primary key or unique constraint that it belongs to, if any.
    pub constraint: Option<Ident>,
    /// Whether something other than look-ups rests on it, so that it cannot go by itself: a constraint made it, a foreign
    /// key was made for it, or the table is replicated or clustered by it.
    pub bound: bool,
    /// What else its CREATE INDEX says of how it is kept, as SQL writes it: PostgreSQL's WITH and TABLESPACE.
    pub options: Option<String>,
    /// The comment on it.
    pub comment: Option<String>,
    /// Where it was declared; of one that a constraint made, where that was.
    pub origin: Origin,
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// The column; `None` for an expression.
    pub column: Option<Ident>,
    /// The expression, as the server prints it; `None` for a plain column.
    pub expression: Option<String>,
    /// MySQL: only the first so many characters or bytes are indexed.
    pub prefix: Option<u32>,
    /// Sorted downwards.
    pub descending: bool,
    /// PostgreSQL's collation and operator class, where they are not those that the column has anyway, as SQL writes them.
    pub class: Option<String>,
    /// Whether nulls stand at the other end than PostgreSQL puts them: first where it sorts upwards, last where downwards.
    pub nulls_swapped: bool,
}

impl IndexPart {
    /// A whole column, upwards.
    pub fn column(name: impl Into<Ident>) -> Self {
        Self {
            column: Some(name.into()),
            expression: None,
            prefix: None,
            descending: false,
            class: None,
            nulls_swapped: false,
        }
    }

    /// The column, if the part is a whole one: neither an expression nor a prefix.
    pub fn whole_column(&self) -> Option<&Ident> {
        self.column.as_ref().filter(|_| self.prefix.is_none())
    }
}

impl Index {
    /// The columns, if every part is a whole column.
    pub fn whole_columns(&self) -> Option<Vec<&Ident>> {
        self.parts.iter().map(IndexPart::whole_column).collect()
    }

    /// Whether it makes its columns unique over all rows: unique, valid, without condition, expression or prefix.
    pub fn is_full_unique_key(&self) -> bool {
        self.unique && self.valid && self.predicate.is_none() && self.whole_columns().is_some()
    }
}
