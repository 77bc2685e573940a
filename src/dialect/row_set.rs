//! Rows that a plan treats, said without SQL, and the condition that finds them.

use crate::schema::{Column, ForeignKey, Ident, Match, Table, TableName};

use super::Dialect;
use super::duplicates;
use super::probe_sql::{self, Ends};

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
    /// Those of these rows on which none hang by these relations: what ON DELETE would do to such rows is done by nobody who
    /// keeps them.
    Unreferenced {
        /// The rows.
        rows: Box<RowSet<'a>>,
        /// The relations of which the rows' table is the parent; at least one.
        by: Vec<Ends<'a>>,
    },
    /// Of rows with the same values in some columns, all but one.
    Duplicates {
        /// The table.
        table: &'a Table,
        /// The columns that are to be unique: rows with a null in one of them are left alone.
        unique: &'a [Ident],
        /// Which one stays. Without it, only rows count that are equal in every column but those of the primary key, and
        /// the one with the smallest key stays.
        stays: Option<Stays<'a>>,
    },
}

/// Which row of a group stays. Of rows with equal values the one with the smallest primary key does.
#[derive(Debug, Clone, Copy)]
pub struct Stays<'a> {
    /// The column whose values tell. A null is last.
    pub column: &'a Column,
    /// The one with the greatest value, or the one with the smallest.
    pub newest: bool,
}

impl<'a> RowSet<'a> {
    /// The table that the rows are in.
    pub fn table(&self) -> &'a Table {
        match self {
            Self::Orphans(ends) | Self::Sentinels(ends) | Self::Below { ends, .. } => ends.child,
            Self::Unreferenced { rows, .. } => rows.table(),
            Self::Duplicates { table, .. } => table,
        }
    }

    /// Whether the condition that finds them looks at other rows of their own table.
    pub fn reads_own_table(&self) -> bool {
        self.reads(&self.table().name)
    }

    fn reads(&self, table: &TableName) -> bool {
        match self {
            Self::Orphans(ends) | Self::Sentinels(ends) => ends.parent.name == *table,
            Self::Below { ends, above } => ends.parent.name == *table || above.reads(table),
            Self::Unreferenced { rows, by } => rows.reads(table) || by.iter().any(|ends| ends.child.name == *table),
            Self::Duplicates { table: own, .. } => own.name == *table,
        }
    }

    /// The foreign keys that can refuse these rows, if they are to come back as they were: the one that they are orphans
    /// of, and those that other faults of the same rows may break, since they were never validated or are
    /// `known` to be broken.
    pub fn refusing(&self, known: &[Ident]) -> Vec<&'a ForeignKey> {
        let broken = |key: &ForeignKey| match self.whole() {
            Self::Orphans(ends) | Self::Sentinels(ends) => {
                key.parent == ends.parent.name && key.columns == *ends.child_columns
            }
            _ => false,
        };
        let keys = self.table().foreign_keys.iter();
        let is_known = |key: &ForeignKey| key.name.as_ref().is_some_and(|name| known.contains(name));
        keys.filter(|key| key.enforced && (!key.validated || broken(key) || is_known(key)))
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
                    "{} AND EXISTS (SELECT 1 FROM {} {parent} WHERE {} AND {})",
                    probe_sql::complete_as(dialect, ends, alias),
                    dialect.own_rows(ends.parent),
                    probe_sql::keys_equal_as(dialect, ends, alias, &parent),
                    above.condition(dialect, &parent)
                )
            }
            Self::Unreferenced { rows, by } => format!(
                "{}{}",
                rows.condition(dialect, alias),
                duplicates::is_unreferenced(dialect, by, alias)
            ),
            Self::Duplicates { table, unique, stays } => match stays {
                Some(stays) => duplicates::is_beaten(dialect, table, unique, *stays, alias),
                None => duplicates::is_copy(dialect, table, unique, alias),
            },
        }
    }

    /// Whether none is left, those included that others reference. `None` where it is not in question.
    pub fn none_left(&self, dialect: &dyn Dialect) -> Option<String> {
        let Self::Unreferenced { rows, .. } = self else {
            return None;
        };
        Some(format!(
            "NOT EXISTS (SELECT 1 FROM {} r WHERE {})",
            dialect.own_rows(rows.table()),
            rows.condition(dialect, "r")
        ))
    }

    /// What is wrong where some are left, and what to do.
    pub fn left_over(&self) -> String {
        format!(
            "rows of {} that are to go are still there: other rows reference them, or they came in meanwhile; run the plan \
             again from its first step, which treats those too, and mend by hand what it leaves",
            self.table().name
        )
    }

    /// How many there are: one row, one column.
    pub fn count(&self, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT COUNT(*) FROM {} r WHERE {}",
            dialect.own_rows(self.table()),
            self.condition(dialect, "r")
        )
    }
}

/// A query for the plans under which a quarantine keeps rows, a row each.
pub fn kept_plans(dialect: &dyn Dialect, quarantine: &Table) -> String {
    format!(
        "SELECT DISTINCT relaudit_plan FROM {}",
        dialect.table_name(&quarantine.name)
    )
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
