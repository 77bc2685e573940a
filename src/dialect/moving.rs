//! Rows on their way from a table into its quarantine, in the words that all dialects share.

use super::Dialect;
use super::batches::{Batches, key_of};
use super::change::Keeping;
use crate::schema::{Column, Ident, Table, TableName};

/// A table, and where its rows are kept.
pub(super) struct Moving<'a> {
    /// How SQL is written.
    dialect: &'a dyn Dialect,
    /// The table that the rows are from.
    pub(super) table: &'a Table,
    /// Under what they are kept.
    pub(super) keeping: &'a Keeping,
    /// The primary key, along which batches go; empty where the table has none.
    pub(super) key: Vec<&'a Column>,
}

impl<'a> Moving<'a> {
    pub(super) fn new(dialect: &'a dyn Dialect, table: &'a Table, keeping: &'a Keeping) -> Self {
        Self {
            dialect,
            table,
            keeping,
            key: key_of(table),
        }
    }

    /// The same, of a table that has a primary key.
    ///
    /// # Errors
    ///
    /// It has none: the reason, in one phrase.
    pub(super) fn by_key(dialect: &'a dyn Dialect, table: &'a Table, keeping: &'a Keeping) -> Result<Self, String> {
        Batches::new(dialect, table)?;
        Ok(Self::new(dialect, table, keeping))
    }

    pub(super) fn table_name(&self) -> String {
        self.dialect.table_name(&self.table.name)
    }

    pub(super) fn quarantine_name(&self) -> TableName {
        TableName {
            namespace: self.table.name.namespace.clone(),
            table: self.keeping.quarantine.clone(),
        }
    }

    pub(super) fn quarantine(&self) -> String {
        self.dialect.table_name(&self.quarantine_name())
    }

    /// Every column of the table, in order.
    pub(super) fn all_columns(&self) -> Vec<Ident> {
        self.table.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// A list of every column of the table, of the row called `alias`; the bare names where that is empty.
    pub(super) fn columns(&self, alias: &str) -> String {
        self.list(self.table.columns.iter(), alias)
    }

    /// Those that can be written: all but the ones that are computed.
    pub(super) fn stored_columns(&self, alias: &str) -> String {
        let stored = self.table.columns.iter().filter(|column| column.generated.is_none());
        self.list(stored, alias)
    }

    /// The batches that the rows go in, along the primary key.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) fn batches(&self) -> Result<Batches<'a>, String> {
        Batches::new(self.dialect, self.table)
    }

    fn list<'c>(&self, columns: impl Iterator<Item = &'c Column>, alias: &str) -> String {
        let names: Vec<String> = columns.map(|column| self.of(alias, &column.name)).collect();
        names.join(", ")
    }

    /// One column of the row called `alias`.
    pub(super) fn of(&self, alias: &str, column: &Ident) -> String {
        match alias {
            "" => self.dialect.quote(column),
            alias => format!("{alias}.{}", self.dialect.quote(column)),
        }
    }

    /// The condition that two rows have the same primary key.
    pub(super) fn same(&self, left: &str, right: &str) -> String {
        let equal = self
            .key
            .iter()
            .map(|column| format!("{} = {}", self.of(left, &column.name), self.of(right, &column.name)));
        equal.collect::<Vec<_>>().join(" AND ")
    }

    /// The condition that a row of the quarantine was put there by this step.
    pub(super) fn ours(&self, alias: &str) -> String {
        let dot = if alias.is_empty() { "" } else { "." };
        format!(
            "{alias}{dot}relaudit_plan = {} AND {alias}{dot}relaudit_reason = {}",
            self.plan(),
            self.reason()
        )
    }

    /// The plan as a literal.
    pub(super) fn plan(&self) -> String {
        self.dialect.literal(&self.keeping.plan)
    }

    /// The reason as a literal.
    pub(super) fn reason(&self) -> String {
        self.dialect.literal(&self.keeping.reason)
    }
}
