//! What the rows said.

use crate::schema::Ident;

/// What the rows of one database said.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// One for each of `Relations::relations`, in that order.
    pub relations: Vec<RelationProbe>,
    /// One for each of `Relations::polymorphic`, in that order.
    pub polymorphic: Vec<PolymorphicProbe>,
    /// Pairs of ways from a child to the same ancestor.
    pub tenants: Vec<TenantProbe>,
    /// Self references that form trees.
    pub cycles: Vec<CycleProbe>,
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check<T> {
    /// It ran, and this is what it found.
    Done(T),
    /// It did not run, and this is why.
    NotChecked(String),
}

impl<T> Check<T> {
    /// What it found, if it ran.
    pub fn done(&self) -> Option<&T> {
        match self {
            Self::Done(found) => Some(found),
            Self::NotChecked(_) => None,
        }
    }
}

/// What the rows said of one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationProbe {
    /// How it was found out: `anti_join`, or `constraint` where a validated constraint was trusted.
    pub method: &'static str,
    /// The counts. `None` inside where a constraint was trusted and no row was read.
    pub outcome: Check<Option<RelationCounts>>,
}

/// Counts of one relation. A row counts once: as null, sentinel, orphan, or fine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationCounts {
    /// Rows of the child.
    pub child_rows: u64,
    /// Rows without a reference: a null in any column (MATCH SIMPLE), in all columns (MATCH FULL).
    pub null_rows: u64,
    /// Composite keys: rows where some columns are null and others are not.
    pub partly_null_rows: u64,
    /// Rows whose key matches no parent row, sentinels left out; with MATCH FULL also the partly null ones.
    pub orphan_rows: u64,
    /// Distinct keys of those rows.
    pub orphan_keys: u64,
    /// Rows with 0, -1 or '' that no parent row has: they stand for "none".
    pub sentinel_rows: u64,
    /// Distinct sentinel keys.
    pub sentinel_keys: u64,
    /// A few keys of orphaned rows, in key order.
    pub samples: Vec<Sample>,
    /// Keys that more than one child row has; looked for only where the relation is meant to be one-to-one and no
    /// unique key enforces it.
    pub duplicates: Option<Duplicates>,
    /// Live child rows of a soft-deleted parent row; looked for only where the parent has such a column.
    pub soft_deleted_parent_rows: Option<u64>,
}

impl RelationCounts {
    /// Whether the rows are as the relation means them to be.
    pub fn is_clean(&self) -> bool {
        self.orphan_rows == 0
            && self.sentinel_rows == 0
            && self.duplicates.as_ref().is_none_or(|duplicates| duplicates.rows == 0)
    }
}

/// A key, and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Column and value.
    pub key: Vec<(Ident, String)>,
    /// How many rows.
    pub rows: u64,
}

/// Rows that break one-to-one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// Keys that more than one row has.
    pub keys: u64,
    /// Rows with such a key, all of them.
    pub rows: u64,
    /// A few of the keys, in key order.
    pub samples: Vec<Sample>,
}

/// What the rows said of a polymorphic pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolymorphicProbe {
    /// The type values that occur, in order.
    pub outcome: Check<Vec<PolymorphicValue>>,
}

/// One value of a type column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolymorphicValue {
    /// The value.
    pub value: String,
    /// Rows with it and a complete id.
    pub rows: u64,
    /// What it points to, and how many of the rows point nowhere; `None` where the value stands for no table.
    pub target: Option<(crate::schema::ColumnSet, Check<u64>)>,
    /// A few ids that point nowhere, in key order.
    pub samples: Vec<Sample>,
}

/// Two relations that lead from a child to the same ancestor: directly, and through a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantProbe {
    /// The direct relation, child → ancestor, as an index into `Relations::relations`.
    pub direct: usize,
    /// The relation child → parent.
    pub via: usize,
    /// The relation parent → ancestor.
    pub up: usize,
    /// Rows for which both ways lead somewhere, and those of them where they disagree.
    pub outcome: Check<TenantCounts>,
}

/// Counts of two ways to the same ancestor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantCounts {
    /// Rows for which both ways lead somewhere.
    pub compared_rows: u64,
    /// Those where they lead to different ancestors.
    pub mismatched_rows: u64,
    /// A few of the pairs: the child's value and the parent's.
    pub samples: Vec<Sample>,
}

/// Cycles in a self reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleProbe {
    /// The relation, as an index into `Relations::relations`.
    pub relation: usize,
    /// What was found.
    pub outcome: Check<CycleCounts>,
}

/// Rows whose chain of parents never ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CycleCounts {
    /// Cycles of two rows and more.
    pub cycles: u64,
    /// Rows in them.
    pub rows: u64,
    /// Rows that are their own parent.
    pub own_parent_rows: u64,
    /// The keys of one row of each of a few cycles, in key order, with the length of the cycle as `rows`.
    pub samples: Vec<Sample>,
}
