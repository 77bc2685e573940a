//! Foreign keys as the database declares them.

use super::{Ident, Origin, TableName, display_columns};

/// A foreign key constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name; SQLite's often have none.
    pub name: Option<Ident>,
    /// The child's columns.
    pub columns: Vec<Ident>,
    /// The parent. A name and not a reference, since the table may be missing or out of sight.
    pub parent: TableName,
    /// The parent's columns, matching `columns` by position. Empty where SQLite's short form names none and the
    /// parent has no primary key.
    pub parent_columns: Vec<Ident>,
    /// What happens to child rows when the parent row goes.
    pub on_delete: Action,
    /// What happens to child rows when the parent's key changes.
    pub on_update: Action,
    /// PostgreSQL 15: the columns that SET NULL or SET DEFAULT on delete is limited to; empty for all.
    pub set_columns: Vec<Ident>,
    /// How partly null keys are treated.
    pub match_type: Match,
    /// Whether the check can wait for the commit.
    pub deferrable: Deferrable,
    /// Whether the rows from before were checked. False for PostgreSQL's NOT VALID.
    pub validated: bool,
    /// Whether new rows are checked. False for PostgreSQL 18's NOT ENFORCED and where its triggers are disabled.
    pub enforced: bool,
    /// PostgreSQL 18: the last column is a PERIOD.
    pub period: bool,
    /// Where it was declared.
    pub origin: Origin,
}

impl ForeignKey {
    /// As a sentence names it: its name if it has one, and the child's columns.
    pub fn describe(&self, child: &TableName) -> String {
        let columns = display_columns(&self.columns);
        match &self.name {
            Some(name) => format!("foreign key `{name}` on `{child}({columns})`"),
            None => format!("the foreign key on `{child}({columns})`"),
        }
    }

    /// Whether another one, of whatever name and table, says the same in the same order, and acts in the same way.
    pub fn means_the_same(&self, other: &Self) -> bool {
        self.columns == other.columns
            && self.parent == other.parent
            && self.parent_columns == other.parent_columns
            && (self.on_delete, self.on_update) == (other.on_delete, other.on_update)
            && self.set_columns == other.set_columns
            && self.match_type == other.match_type
            && self.deferrable == other.deferrable
            && self.period == other.period
    }

    /// Its column pairs, child's and parent's, in an order that does not depend on how it was written.
    pub fn pairs(&self) -> Vec<(&Ident, &Ident)> {
        let mut pairs: Vec<_> = self.columns.iter().zip(&self.parent_columns).collect();
        pairs.sort();
        pairs
    }
}

/// What a foreign key does to its child rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Refuse at the end of the statement or transaction.
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Do the same to the child rows.
    Cascade,
    /// Set the child's columns to null.
    SetNull,
    /// Set the child's columns to their defaults.
    SetDefault,
}

impl Action {
    /// As SQL writes it: `ON DELETE` and then this.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }

    /// Reads what [`Self::as_sql`] writes, in any letter case; `_` may stand for a space.
    pub fn from_sql(text: &str) -> Option<Self> {
        let words = text.trim().to_ascii_uppercase().replace('_', " ");
        [
            Self::NoAction,
            Self::Restrict,
            Self::Cascade,
            Self::SetNull,
            Self::SetDefault,
        ]
        .into_iter()
        .find(|action| action.as_sql() == words)
    }

    /// NO ACTION and RESTRICT both refuse; they differ only in when.
    pub fn refuses(self) -> bool {
        matches!(self, Self::NoAction | Self::Restrict)
    }
}

/// How a composite key with nulls in it is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// One null is enough, and the row is not checked.
    Simple,
    /// All columns are null, or none is.
    Full,
}

/// When the check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferrable {
    /// With the statement.
    No,
    /// With the statement, unless a transaction says otherwise.
    InitiallyImmediate,
    /// At the commit, unless a transaction says otherwise.
    InitiallyDeferred,
}
