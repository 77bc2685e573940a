//! Batches of a table's rows along its primary key, in the words that all dialects with routines share. How the loop is
//! written, each dialect says.

use super::Dialect;
use crate::schema::{Column, Table};

/// A table whose rows are treated in batches.
pub(super) struct Batches<'a> {
    /// How SQL is written.
    dialect: &'a dyn Dialect,
    /// The table.
    pub(super) table: &'a Table,
    /// The primary key, along which the batches go.
    key: Vec<&'a Column>,
}

/// The columns of the primary key; none where the table has none.
pub(super) fn key_of(table: &Table) -> Vec<&Column> {
    let key = table.primary_key().into_iter().flat_map(|key| &key.columns);
    key.filter_map(|column| table.column(column)).collect()
}

impl<'a> Batches<'a> {
    /// Those of a table that has a primary key.
    ///
    /// # Errors
    ///
    /// It has none: the reason, in one phrase.
    pub(super) fn new(dialect: &'a dyn Dialect, table: &'a Table) -> Result<Self, String> {
        let key = key_of(table);
        if key.is_empty() {
            return Err(format!(
                "`{}` has no primary key, by which its rows could be treated in batches and told apart",
                table.name
            ));
        }
        Ok(Self { dialect, table, key })
    }

    /// The key's columns of row `r`.
    pub(super) fn key_columns(&self) -> String {
        let names = self
            .key
            .iter()
            .map(|column| format!("r.{}", self.dialect.quote(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The variables that hold the key of the last row of the batch before, and those for the last row of this one.
    pub(super) fn variables(&self) -> [String; 2] {
        ["relaudit_low", "relaudit_high"].map(|prefix| {
            let names = (1..=self.key.len()).map(|at| format!("{prefix}_{at}"));
            names.collect::<Vec<_>>().join(", ")
        })
    }

    /// A line for each of those variables: of its name and its column.
    pub(super) fn each_variable(&self, line: impl Fn(&str, &Column) -> String) -> String {
        let lines = ["relaudit_low", "relaudit_high"].map(|prefix| {
            let numbered = self.key.iter().enumerate();
            let lines = numbered.map(|(at, column)| line(&format!("{prefix}_{}", at + 1), column));
            lines.collect::<String>()
        });
        lines.concat()
    }

    /// A line for each column of the key: of the variable of the batch before and of this one.
    pub(super) fn each_pair(&self, line: impl Fn(&str, &str) -> String) -> String {
        let numbers = 1..=self.key.len();
        let lines = numbers.map(|at| line(&format!("relaudit_low_{at}"), &format!("relaudit_high_{at}")));
        lines.collect()
    }

    /// The rows `r` of one batch: after the last one of the batch before, up to its own last one.
    pub(super) fn window(&self) -> String {
        let (key, [low, high]) = (self.key_columns(), self.variables());
        format!("(relaudit_start OR ({key}) > ({low})) AND (relaudit_end OR ({key}) <= ({high}))")
    }
}
