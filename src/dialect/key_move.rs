//! A link that is kept by the other one of its two tables: a column there, filled from the one that there is, which goes.

use crate::schema::{Column, Table, display_columns};

use super::{Dialect, KeyExpression};

/// A key on its way to the other side.
#[derive(Debug, Clone)]
pub struct KeyMove<'a> {
    /// The table that has the key from now on, as it is.
    pub child: &'a Table,
    /// Its key.
    pub key: Column,
    /// Whether that column is yet to be made.
    pub is_new: bool,
    /// What the new key references: a column of `parent`.
    pub parent_key: &'a Column,
    /// The table that has had the key, as it is.
    pub parent: &'a Table,
    /// The key that it has had.
    pub old: &'a Column,
    /// What the old key references: a column of `child`.
    pub child_key: &'a Column,
}

/// A part of the work, each a step of its own. What lies between them are ordinary indexes and foreign keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoveStage {
    /// The new column.
    Add,
    /// Its values.
    Fill,
    /// The old column goes.
    Drop,
}

impl KeyMove<'_> {
    /// The condition that a row `c` of the parent has row `p` of the child in its old key.
    pub fn is_linked(&self, dialect: &dyn Dialect, p: &str, c: &str) -> String {
        let [old, key] = [(c, self.old), (p, self.child_key)].map(|(alias, column)| quoted(dialect, alias, column));
        equal(dialect, (&old, self.old), (&key, self.child_key))
    }

    /// The condition that a row `p` of the child has row `c` of the parent in its new key.
    fn is_moved(&self, dialect: &dyn Dialect, p: &str, c: &str) -> String {
        let [key, parent] =
            [(p, &self.key), (c, self.parent_key)].map(|(alias, column)| quoted(dialect, alias, column));
        equal(dialect, (&key, &self.key), (&parent, self.parent_key))
    }

    fn from(&self, dialect: &dyn Dialect) -> String {
        self.joined_with(dialect, &dialect.own_rows(self.parent))
    }

    fn joined_with(&self, dialect: &dyn Dialect, parents: &str) -> String {
        format!(
            "FROM {} p JOIN {parents} c ON {}",
            dialect.own_rows(self.child),
            self.is_linked(dialect, "p", "c")
        )
    }

    /// How many rows of the child are in the old key of more than one row of the parent: one row, one column.
    pub fn count_conflicts(&self, dialect: &dyn Dialect) -> String {
        self.count_conflicts_in(dialect, &dialect.own_rows(self.parent))
    }

    /// The same, of a table that has the old key in the parent's place.
    pub fn count_conflicts_in(&self, dialect: &dyn Dialect, parents: &str) -> String {
        let from = self.joined_with(dialect, parents);
        let conflicting = self.conflicting(dialect, "1 AS one", &from);
        format!("SELECT COUNT(*) FROM ({conflicting}) x")
    }

    /// Some of those: one column.
    pub fn conflicts(&self, dialect: &dyn Dialect) -> String {
        let key = quoted(dialect, "p", self.child_key);
        let text = dialect.as_text(&key, &self.child_key.ty);
        let conflicting = self.conflicting(dialect, &text, &self.from(dialect));
        format!("{conflicting} ORDER BY {key} LIMIT 3")
    }

    fn conflicting(&self, dialect: &dyn Dialect, what: &str, from: &str) -> String {
        let key = quoted(dialect, "p", self.child_key);
        format!("SELECT {what} {from} GROUP BY {key} HAVING COUNT(*) > 1")
    }

    /// Rows in which both keys are set: those in which they lead elsewhere, and those in which only the old one is set.
    /// One row, two columns. Only where the new column is there.
    pub fn count_differences(&self, dialect: &dyn Dialect) -> String {
        let key = quoted(dialect, "p", &self.key);
        format!(
            "SELECT COALESCE(SUM(CASE WHEN {key} IS NOT NULL AND NOT ({}) THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN {key} IS NULL \
             THEN 1 ELSE 0 END), 0) {}",
            self.is_moved(dialect, "p", "c"),
            self.from(dialect)
        )
    }

    /// How many rows of the child have the new key: one row, one column.
    pub fn count_filled(&self, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT COUNT({}) FROM {} p",
            quoted(dialect, "p", &self.key),
            dialect.own_rows(self.child)
        )
    }

    /// The condition that a row `c` of the parent has something in its old key that no new key says.
    pub fn is_lost(&self, dialect: &dyn Dialect, c: &str) -> String {
        format!(
            "{} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {} p WHERE {} AND {})",
            quoted(dialect, c, self.old),
            dialect.own_rows(self.child),
            self.is_linked(dialect, "p", c),
            self.is_moved(dialect, "p", c)
        )
    }

    /// What a person should know who is to run this.
    pub fn notes(&self, stage: MoveStage) -> Vec<String> {
        let [new, old] = [(self.child, &self.key), (self.parent, self.old)]
            .map(|(table, column)| format!("`{}.{}`", table.name, column.name));
        match stage {
            MoveStage::Add => vec![format!(
                "if {old} is where the key is to stay, let the models say so, and leave out this step and those for {new}"
            )],
            MoveStage::Fill => vec![format!(
                "the application must read and write {new} instead of {old} before the contract phase; what it writes to {old} \
                 until then comes along when this step is run again"
            )],
            MoveStage::Drop => vec![format!(
                "run it only when no part of the application reads or writes {old} any more"
            )],
        }
    }

    /// Why the old column cannot be dropped with all that it is in.
    ///
    /// # Errors
    ///
    /// It is in a key or an index with other columns, or another table references it.
    pub fn droppable(&self) -> Result<(), String> {
        let name = &self.old.name;
        for index in &self.parent.indexes {
            let columns = index
                .parts
                .iter()
                .filter_map(|part| part.column.as_ref())
                .chain(&index.include);
            let (own, others): (Vec<_>, Vec<_>) = columns.partition(|column| *column == name);
            if !own.is_empty() && (!others.is_empty() || index.parts.len() > 1) {
                return Err(format!(
                    "`{name}` is in the index `{}` with other columns, which would go with it",
                    index.name
                ));
            }
        }
        let keys = self.parent.keys.iter().map(|key| (&key.columns, key.primary));
        let foreign = self.parent.foreign_keys.iter().map(|key| (&key.columns, false));
        for (columns, primary) in keys.chain(foreign) {
            if columns.contains(name) && (primary || columns.len() > 1) {
                return Err(format!(
                    "`{name}` is in the key ({}), which would go with it",
                    display_columns(columns)
                ));
            }
        }
        Ok(())
    }
}

fn quoted(dialect: &dyn Dialect, alias: &str, column: &Column) -> String {
    format!("{alias}.{}", dialect.quote(&column.name))
}

fn equal(dialect: &dyn Dialect, child: (&str, &Column), parent: (&str, &Column)) -> String {
    let [child, parent] = [child, parent].map(|(sql, column)| KeyExpression { sql, ty: &column.ty });
    dialect.keys_equal(child, parent)
}
