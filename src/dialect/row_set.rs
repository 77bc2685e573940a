//! Rows that a plan treats, said without SQL, and the condition that finds them.

use crate::schema::{Column, ForeignKey, Ident, Match, Table};

use super::probe_sql::{self, Ends};
use super::{Dialect, KeyExpression};

/// Some rows of one table.
#[derive(Debug, Clone)]
pub enum RowSet<'a> {
    /// Child rows whose key no parent row has. Values that stand for "none" are left out.
    Orphans(Ends<'a>),
    /// Child rows whose key stands for "none" and no parent row has it.
    Sentinels(Ends<'a>),
    /// Child rows of some rows of the parent.
    Below {
        /// From the rows' table to the one of `above`.
        ends: Ends<'a>,
        /// The parent rows.
        above: Box<RowSet<'a>>,
    },
    /// Those of these rows that no row references through one of these foreign keys: what ON DELETE would do to such rows
    /// is done by nobody who keeps them.
    Unreferenced {
        /// The rows.
        rows: Box<RowSet<'a>>,
        /// The foreign keys that reference their table; at least one.
        by: Vec<Ends<'a>>,
    },
    /// Of rows that are equal in every column but those of the primary key, all but the one with the smallest key.
    Copies {
        /// The table, which has a primary key.
        table: &'a Table,
        /// The columns that are to be unique: rows with a null in one of them are left alone.
        unique: &'a [Ident],
    },
}

impl<'a> RowSet<'a> {
    /// The table that the rows are in.
    pub fn table(&self) -> &'a Table {
        match self {
            Self::Orphans(ends) | Self::Sentinels(ends) | Self::Below { ends, .. } => ends.child,
            Self::Unreferenced { rows, .. } => rows.table(),
            Self::Copies { table, .. } => table,
        }
    }

    /// The foreign keys that can refuse these rows, if they are to come back as they were: the one that they are orphans
    /// of, and those that were never validated, which other faults of the same rows may break.
    pub fn refusing(&self) -> Vec<&'a ForeignKey> {
        let broken = |key: &ForeignKey| match self.whole() {
            Self::Orphans(ends) | Self::Sentinels(ends) => {
                key.parent == ends.parent.name && key.columns == *ends.child_columns
            }
            _ => false,
        };
        let keys = self.table().foreign_keys.iter();
        keys.filter(|key| key.enforced && (!key.validated || broken(key)))
            .collect()
    }

    /// The rows, those that others reference included.
    pub fn whole(&self) -> &Self {
        match self {
            Self::Unreferenced { rows, .. } => rows.whole(),
            other => other,
        }
    }

    /// The condition that is true for these rows of a table called `alias`.
    pub fn condition(&self, dialect: &dyn Dialect, alias: &str) -> String {
        match self {
            Self::Orphans(ends) => {
                let orphaned = format!(
                    "{} AND NOT ({})",
                    probe_sql::orphaned_as(dialect, ends, alias),
                    probe_sql::sentinel_as(dialect, ends, alias)
                );
                match ends.match_type {
                    Match::Simple => orphaned,
                    Match::Full => format!("({orphaned} OR {})", partly_null(dialect, ends, alias)),
                }
            }
            Self::Sentinels(ends) => format!(
                "{} AND {}",
                probe_sql::orphaned_as(dialect, ends, alias),
                probe_sql::sentinel_as(dialect, ends, alias)
            ),
            Self::Below { ends, above } => {
                let parent = format!("{alias}p");
                format!(
                    "EXISTS (SELECT 1 FROM {} {parent} WHERE {} AND {})",
                    dialect.table_name(&ends.parent.name),
                    probe_sql::keys_equal_as(dialect, ends, alias, &parent),
                    above.condition(dialect, &parent)
                )
            }
            Self::Unreferenced { rows, by } => {
                let referencing = format!("{alias}c");
                let each = by.iter().map(|ends| {
                    format!(
                        "NOT EXISTS (SELECT 1 FROM {} {referencing} WHERE {})",
                        dialect.table_name(&ends.child.name),
                        probe_sql::keys_equal_as(dialect, ends, &referencing, alias)
                    )
                });
                let each: Vec<String> = each.collect();
                format!("{} AND {}", rows.condition(dialect, alias), each.join(" AND "))
            }
            Self::Copies { table, unique } => copies(dialect, table, unique, alias),
        }
    }

    /// Whether none is left, those included that others reference. `None` where it is not in question.
    pub fn none_left(&self, dialect: &dyn Dialect) -> Option<String> {
        let Self::Unreferenced { rows, .. } = self else {
            return None;
        };
        Some(format!(
            "NOT EXISTS (SELECT 1 FROM {} r WHERE {})",
            dialect.table_name(&rows.table().name),
            rows.condition(dialect, "r")
        ))
    }

    /// What is wrong where some are left, and what to do.
    pub fn left_over(&self) -> String {
        format!(
            "rows of {} that are to go are still there: other rows reference them, or they came in meanwhile; mend those, \
             and run this again",
            self.table().name
        )
    }

    /// How many there are: one row, one column.
    pub fn count(&self, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT COUNT(*) FROM {} r WHERE {}",
            dialect.table_name(&self.table().name),
            self.condition(dialect, "r")
        )
    }
}

/// A key of which some columns are null and others are not breaks MATCH FULL.
fn partly_null(dialect: &dyn Dialect, ends: &Ends<'_>, alias: &str) -> String {
    let nulls = |between: &str| {
        let each = ends
            .child_columns
            .iter()
            .map(|column| format!("{alias}.{} IS NULL", dialect.quote(column)));
        each.collect::<Vec<_>>().join(between)
    };
    format!("({}) AND NOT ({})", nulls(" OR "), nulls(" AND "))
}

/// A row is a copy where another one is equal in all that is no key of its own and comes before it.
fn copies(dialect: &dyn Dialect, table: &Table, unique: &[Ident], alias: &str) -> String {
    let other = format!("{alias}o");
    let key: &[Ident] = table.primary_key().map_or(&[], |key| &key.columns);
    let is_own = |column: &Column| key.contains(&column.name) || column.generated.is_some();
    let same = table.columns.iter().filter(|column| !is_own(column)).map(|column| {
        let [left, right] = [alias, &other].map(|side| format!("{side}.{}", dialect.quote(&column.name)));
        if unique.contains(&column.name) {
            // As a unique key compares: a null equals nothing.
            let expression = |sql| KeyExpression { sql, ty: &column.ty };
            dialect.keys_equal(expression(&left), expression(&right))
        } else {
            dialect.identical(&left, &right, &column.ty)
        }
    });
    let before = before(dialect, key, &other, alias);
    let conditions: Vec<String> = same.chain([before]).collect();
    format!(
        "EXISTS (SELECT 1 FROM {} {other} WHERE {})",
        dialect.table_name(&table.name),
        conditions.join(" AND ")
    )
}

/// Whether the one key comes before the other.
fn before(dialect: &dyn Dialect, key: &[Ident], one: &str, other: &str) -> String {
    let side = |alias: &str| {
        let names: Vec<String> = key
            .iter()
            .map(|column| format!("{alias}.{}", dialect.quote(column)))
            .collect();
        names.join(", ")
    };
    format!("({}) < ({})", side(one), side(other))
}
