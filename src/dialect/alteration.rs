//! What changes do to the definition of one table, for engines that change a table by making it anew (SQLite).

use crate::schema::{ForeignKey, Ident};

/// A change of a table's definition, or of what hangs on the table. Never SQL, but for what an
/// engine keeps as such, and for what must hold of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// A foreign key comes, goes, or is replaced.
    ForeignKey {
        /// The one that goes.
        old: Option<Box<ForeignKey>>,
        /// The one that comes.
        new: Option<Box<ForeignKey>>,
    },
    /// A primary key comes, where there was none.
    PrimaryKey {
        /// The constraint's name.
        name: Ident,
        /// Its columns, in order.
        columns: Vec<Ident>,
    },
    /// A column takes nulls, or takes none.
    Nullable {
        /// The column.
        column: Ident,
        /// Whether it takes nulls.
        nullable: bool,
    },
    /// A column has another type. Its values are converted as the engine does on writing.
    Type {
        /// The column.
        column: Ident,
        /// The type, as SQL writes it.
        declared: String,
        /// The collation, as SQL writes it, where the column is to have one.
        collation: Option<String>,
        /// No value is changed by it.
        fits: Condition,
        /// No value is changed on the way back.
        comes_back: Condition,
    },
    /// A column comes, after all others, with nothing in it.
    AddColumn {
        /// The column.
        column: Ident,
        /// Its type and collation, as SQL writes them.
        declared: String,
    },
    /// A column goes, with the keys and indexes that are of it alone.
    DropColumn {
        /// The column.
        column: Ident,
        /// Nothing is lost with it.
        kept: Vec<Condition>,
    },
    /// An index is made by a step of its own: the table stays as it is, and has this index when it is made anew. Unless it is
    /// on a column that is made: then the index is made with the table.
    Index {
        /// The columns.
        columns: Vec<Ident>,
        /// The statement that makes it.
        text: String,
    },
    /// An index goes: by a step of its own, or with the table when that is made anew.
    NoIndex(Ident),
}

/// What must hold of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// An expression.
    pub holds: String,
    /// What is wrong where it is not true, and what to do.
    pub message: String,
}

impl Alteration {
    /// Whether the table has to be made anew for it.
    pub fn rebuilds(&self) -> bool {
        !matches!(self, Self::Index { .. } | Self::NoIndex(_))
    }

    /// Whether it is an index on a column that one of the others makes.
    pub fn is_index_within(&self, others: &[Self]) -> bool {
        let Self::Index { columns, .. } = self else {
            return false;
        };
        let is_made = |name: &Ident| {
            let makes = |one: &Self| matches!(one, Self::AddColumn { column, .. } if column == name);
            others.iter().any(makes)
        };
        columns.iter().any(is_made)
    }
}
