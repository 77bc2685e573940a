//! What changes do to the definition of one table, for engines that change a table by making it anew (SQLite).

use crate::schema::{ForeignKey, Ident};

/// A change of a table's definition, or of what hangs on the table. Never SQL, but for what an engine keeps as such.
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
    /// A column has another type.
    Type {
        /// The column.
        column: Ident,
        /// The type, as SQL writes it.
        declared: String,
        /// The new value of a row, as an expression over its old ones.
        value: String,
        /// The old value of a row, as an expression over its new ones.
        back: String,
    },
    /// An index is made by a step of its own: the table stays as it is, and has this index when it is made anew.
    Index(String),
    /// An index goes: by a step of its own, or with the table when that is made anew.
    NoIndex(Ident),
}

impl Alteration {
    /// Whether the table has to be made anew for it.
    pub fn rebuilds(&self) -> bool {
        !matches!(self, Self::Index(_) | Self::NoIndex(_))
    }
}
