//! Rows on their way from a table into its quarantine, in the words that all dialects share.

use super::Dialect;
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
        let key = table
            .primary_key()
            .into_iter()
            .flat_map(|key| &key.columns)
            .filter_map(|column| table.column(column))
            .collect();
        Self {
            dialect,
            table,
            keeping,
            key,
        }
    }

    /// The same, of a table that has a primary key.
    ///
    /// # Errors
    ///
    /// It has none: the reason, in one phrase.
    pub(super) fn by_key(dialect: &'a dyn Dialect, table: &'a Table, keeping: &'a Keeping) -> Result<Self, String> {
        let moving = Self::new(dialect, table, keeping);
        if moving.key.is_empty() {
            return Err(format!(
                "`{}` has no primary key, by which its rows could be treated in batches and told apart",
                table.name
            ));
        }
        Ok(moving)
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

    /// The columns of the primary key.
    pub(super) fn key_columns(&self, alias: &str) -> String {
        self.list(self.key.iter().copied(), alias)
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

    /// Variables for the columns of the primary key: `low_1, low_2`.
    pub(super) fn variables(&self, prefix: &str) -> String {
        let names = (1..=self.key.len()).map(|at| format!("{prefix}_{at}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A line for each column of the primary key, with its number from 1.
    pub(super) fn each_key_column(&self, line: impl Fn(usize, &Column) -> String) -> String {
        let lines = self.key.iter().enumerate();
        lines.map(|(at, column)| line(at + 1, column)).collect()
    }
}
