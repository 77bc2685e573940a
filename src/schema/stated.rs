//! What the user's configuration and the models state of the schema's relations, with every name already found in the
//! schema.

use super::{ColumnSet, Declarations, DeleteIntent, Ident, TableName};

/// Everything that is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Relations that there are.
    pub relations: Vec<StatedRelation>,
    /// Relations that there are not.
    pub forbidden: Vec<ForbiddenRelation>,
    /// Polymorphic pairs.
    pub polymorphic: Vec<StatedPolymorphic>,
    /// Join tables.
    pub join_tables: Vec<StatedJoinTable>,
    /// What the models say, word for word.
    pub declarations: Declarations,
}

/// Who states something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedBy {
    /// The user's configuration.
    Config,
    /// The models.
    Models {
        /// The associations that state it, as indexes into the declarations.
        associations: Vec<usize>,
        /// Each with its place, in words.
        reasons: Vec<String>,
    },
}

/// A relation that is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedRelation {
    /// The referencing columns.
    pub child: ColumnSet,
    /// The referenced columns, matching by position.
    pub parent: ColumnSet,
    /// How it reads from the parent; `None` where only the child's side is stated (`belongs_to`).
    pub kind: Option<RelationKind>,
    /// Whether a child may have no parent; `None` where it is not stated.
    pub optional: Option<bool>,
    /// What is meant to happen to child rows when the parent goes; `None` where it is not stated.
    pub on_delete: Option<DeleteIntent>,
    /// Who states it.
    pub by: StatedBy,
}

/// Columns that reference nothing, whatever they are called (`kind: none`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForbiddenRelation {
    /// The columns.
    pub child: ColumnSet,
    /// Where given, only this parent is ruled out.
    pub parent: Option<TableName>,
}

/// How a relation reads from its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationKind {
    /// At most one child a parent.
    HasOne,
    /// Any number of children.
    HasMany,
}

/// A polymorphic pair: a type column tells which table the id columns point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedPolymorphic {
    /// The child.
    pub child: TableName,
    /// The column that tells the table.
    pub type_column: Ident,
    /// The columns that hold the key.
    pub id_columns: Vec<Ident>,
    /// What each type value stands for. A table without columns stands for its primary key.
    pub targets: Vec<(String, TableName, Vec<Ident>)>,
    /// Who states it.
    pub by: StatedBy,
}

/// A many-to-many link (`belongs_to_many`) through a join table, whose two relations are stated too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedJoinTable {
    /// The join table's columns for the one side.
    pub left: ColumnSet,
    /// The join table's columns for the other.
    pub right: ColumnSet,
    /// Who states it.
    pub by: StatedBy,
}
