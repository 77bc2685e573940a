//! Relations: the links that the design means, with or without a constraint that enforces them.
//!
//! A foreign key is what the database enforces, a relation what is meant; `has_one`, `has_many` and `belongs_to` are
//! readings of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

use crate::schema::{
    ColumnSet, Declaration, Declarations, DeleteIntent, ForeignKey, Ident, RelationKind, Schema, TableName,
};

/// Everything known of the relations of one schema.
#[derive(Debug, Clone, Default)]
pub struct Relations {
    /// Ordered by child, then parent; no two with the same ends.
    pub relations: Vec<Relation>,
    /// Ordered by child.
    pub polymorphic: Vec<Polymorphic>,
    /// Ordered by join table.
    pub many_to_many: Vec<ManyToMany>,
    /// Columns that look like references and have no target, ordered by table and column.
    pub unresolved: Vec<Unresolved>,
    /// What models declare, word for word.
    pub declarations: Declarations,
}

/// A link from columns of a child (referencing) table to columns of a parent (referenced) table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The referencing columns.
    pub child: ColumnSet,
    /// The referenced columns, matching by position.
    pub parent: ColumnSet,
    /// How many children a parent can have, as it is meant: stated, else told by the child's unique keys.
    pub cardinality: Cardinality,
    /// Whether a child may have no parent, as it is meant: stated, else told by nullability.
    pub optional: bool,
    /// Where it is known from.
    pub origins: BTreeSet<RelationOrigin>,
    /// The foreign keys that declare it, as indexes into the child table's `foreign_keys`. More than one is a fault of
    /// its own; the first is the strongest.
    pub foreign_keys: Vec<usize>,
    /// The associations that state it, as indexes into [`Relations::declarations`]' associations.
    pub associations: Vec<usize>,
    /// What was stated of it.
    pub stated: Statement,
    /// What the child's name for it says beyond the parent's name (`author` in `author_id` to `users`); `None` where
    /// it is just the parent's name.
    pub role: Option<String>,
    /// How sure it is, in thousandths.
    pub confidence: u16,
    /// The reasons for it; at least one.
    pub evidence: Vec<Evidence>,
    /// Other parents that were considered, best first.
    pub alternatives: Vec<Alternative>,
}

/// What was stated of a relation, apart from its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statement {
    /// How it reads from the parent.
    pub kind: Option<RelationKind>,
    /// Whether a child may have no parent.
    pub optional: Option<bool>,
    /// What is meant to happen to child rows.
    pub on_delete: Option<DeleteIntent>,
}

/// How many children a parent can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cardinality {
    /// At most one.
    OneToOne,
    /// Any number.
    ManyToOne,
}

/// Where a relation is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationOrigin {
    /// A foreign key.
    Constraint,
    /// Models.
    Association,
    /// The user's configuration.
    Config,
    /// Names, types and keys.
    Inferred,
}

/// How sure a relation is, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Somebody stated it.
    Declared,
    /// 0.92 and above: where, on schemas that the weights never saw, 96 of 100 are declared.
    Strong,
    /// 0.75 and above.
    Likely,
    /// 0.55 and above.
    Possible,
    /// Below.
    Weak,
}

/// A reason for a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// A short word for the kind of reason, in `snake_case`.
    pub code: &'static str,
    /// The reason, in one phrase.
    pub detail: Cow<'static, str>,
    /// What it adds to the log-odds, in thousandths.
    pub weight: i32,
}

/// A parent that was considered and not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The columns.
    pub parent: ColumnSet,
    /// How sure it would have been, in thousandths.
    pub confidence: u16,
    /// Why it was not chosen.
    pub why_not: String,
}

/// A type column and id columns that together point into one of several tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polymorphic {
    /// The child.
    pub child: TableName,
    /// The column that tells the table.
    pub type_column: Ident,
    /// The columns that hold the key.
    pub id_columns: Vec<Ident>,
    /// What each known type value stands for, with the parent's columns that the id columns point to.
    pub targets: Vec<PolymorphicTarget>,
    /// Where it is known from.
    pub origins: BTreeSet<RelationOrigin>,
}

/// What one type value of a polymorphic pair stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolymorphicTarget {
    /// The value in the type column.
    pub value: String,
    /// The columns that the id columns point to.
    pub parent: ColumnSet,
}

/// Two relations of one join table, read as many-to-many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManyToMany {
    /// The join table.
    pub join_table: TableName,
    /// The relation to the one side, as an index into [`Relations::relations`].
    pub left: usize,
    /// The relation to the other side.
    pub right: usize,
    /// Whether the two together are unique.
    pub unique_pair: bool,
    /// Where it is known from.
    pub origin: RelationOrigin,
}

/// A column that looks like a reference and has no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The column.
    pub child: ColumnSet,
    /// What was looked for, in one phrase: "no table is called `warehouses`".
    pub why: String,
}

/// The id of a relation: the same on every run and for every source that has the same tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationId(String);

impl fmt::Display for RelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A short hash of some texts, which tells where one ends: the same on every run and platform.
pub fn short_hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl Relation {
    /// Its id, made of its ends.
    pub fn id(&self) -> RelationId {
        let child_table = self.child.table.to_string();
        let parent_table = self.parent.table.to_string();
        let child = std::iter::once(child_table.as_str()).chain(self.child.columns.iter().map(Ident::as_str));
        let parent = std::iter::once(parent_table.as_str()).chain(self.parent.columns.iter().map(Ident::as_str));
        RelationId(short_hash(child.chain(std::iter::once("->")).chain(parent)))
    }

    /// The strongest foreign key that declares it.
    pub fn foreign_key<'s>(&self, schema: &'s Schema) -> Option<&'s ForeignKey> {
        let table = schema.table(&self.child.table)?;
        table.foreign_keys.get(*self.foreign_keys.first()?)
    }

    /// Whether a foreign key declares it.
    pub fn is_constrained(&self) -> bool {
        !self.foreign_keys.is_empty()
    }

    /// Whether somebody stated it: a constraint, a model or the configuration.
    pub fn is_declared(&self) -> bool {
        self.origins.iter().any(|origin| *origin != RelationOrigin::Inferred)
    }

    /// Whether child and parent are one table.
    pub fn is_self_reference(&self) -> bool {
        self.child.table == self.parent.table
    }

    /// How sure it is, in words.
    pub fn tier(&self) -> Tier {
        if self.is_declared() {
            Tier::Declared
        } else {
            Tier::of(self.confidence)
        }
    }
}

impl Polymorphic {
    /// Whether somebody stated it: a model or the configuration.
    pub fn is_declared(&self) -> bool {
        self.origins.iter().any(|origin| *origin != RelationOrigin::Inferred)
    }

    /// The type column, then the id columns.
    pub fn columns(&self) -> ColumnSet {
        let columns = std::iter::once(&self.type_column).chain(&self.id_columns);
        ColumnSet::new(self.child.clone(), columns.cloned().collect())
    }
}

impl Tier {
    /// The tier of an inferred relation, from its confidence in thousandths.
    pub fn of(confidence: u16) -> Self {
        match confidence {
            920.. => Self::Strong,
            750..=919 => Self::Likely,
            550..=749 => Self::Possible,
            _ => Self::Weak,
        }
    }

    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Strong => "strong",
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Weak => "weak",
        }
    }
}

impl Cardinality {
    /// As reports write it, seen from the child.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one_to_one",
            Self::ManyToOne => "many_to_one",
        }
    }
}

impl RelationOrigin {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constraint => "constraint",
            Self::Association => "association",
            Self::Config => "config",
            Self::Inferred => "inferred",
        }
    }
}

impl Relations {
    /// The associations that state a relation.
    pub fn declarations_of<'r>(&'r self, relation: &'r Relation) -> impl Iterator<Item = &'r Declaration> {
        let declared = &self.declarations.associations;
        relation.associations.iter().filter_map(|at| declared.get(*at))
    }

    /// The relations of one child table.
    pub fn of_child(&self, table: &TableName) -> impl Iterator<Item = &Relation> {
        self.relations
            .iter()
            .filter(move |relation| relation.child.table == *table)
    }
}
