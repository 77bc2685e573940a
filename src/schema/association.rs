//! What the models of an application declare, before it is held against a database.
//!
//! A reader fills this with each default of its framework spelled out, so that nobody after it knows frameworks.

use std::fmt;

use super::{Action, Ident, Location, TableName, display_columns};

/// A class whose objects are rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name in full, as the application's code has it: `Post`, `Blog::Post`, `App\Models\Post`.
    pub name: String,
    /// The table of its rows, stated or by the framework's convention. `None` where it has none of its own (abstract).
    pub table: Option<TableName>,
    /// Whether the code names the table; else it is the framework's convention.
    pub table_stated: bool,
    /// Whether it may have another table: one that code names which is in none of the files (a class that it extends, a
    /// module that it includes), or one in another database.
    pub table_guessed: bool,
    /// What code computes that looks like a column, and need not be one.
    pub computed: Vec<Ident>,
    /// The columns of its primary key, where the code or the framework names them; else whatever the table has.
    pub primary_key: Vec<Ident>,
    /// The columns that the code declares; none where the framework takes them from the database.
    pub attributes: Vec<Attribute>,
    /// In the order of the code.
    pub associations: Vec<Association>,
    /// What stands for it in the type column of a polymorphic pair, where that is not its name.
    pub polymorphic_name: Option<String>,
    /// The column that marks a row as deleted.
    pub soft_delete: Option<Ident>,
    /// Where it is declared.
    pub location: Location,
}

/// A column that a model declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The column.
    pub column: Ident,
    /// Whether it can be null, where that is declared or the framework's default is known.
    pub nullable: Option<bool>,
    /// Whether it is declared unique on its own.
    pub unique: bool,
    /// What it is declared to reference outside of an association; no column stands for the primary key.
    pub references: Option<(TableName, Option<Ident>)>,
    /// Where it is declared.
    pub location: Location,
}

/// One end of a relation as a model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The name by which the model reaches the other: `author`, `comments`.
    pub name: String,
    /// What it promises.
    pub kind: AssociationKind,
    /// The word of the framework: `belongsTo`, `has_and_belongs_to_many`, `morphMany`.
    pub declared_as: &'static str,
    /// The other model, by its name in full. `None` for the child's end of a polymorphic pair, and where it cannot be
    /// told.
    pub target: Option<String>,
    /// Which columns it goes over.
    pub link: Link,
    /// Whether a child may have no parent, where that is declared or the framework's default is known.
    pub optional: Option<bool>,
    /// What is meant to happen to the children when their parent goes, where that is declared.
    pub on_delete: Option<DeleteIntent>,
    /// False where the code says that the database need not enforce it (Sequelize's `constraints: false`).
    pub constraint: bool,
    /// Whether it reaches only some of the children (a condition, an order with a limit, `ofMany`): a `has_one` of that
    /// sort does not promise that there is at most one child.
    pub scoped: bool,
    /// Whether the framework makes it of another declaration (Sequelize 7's `inverse`), at whose place it is.
    pub implied: bool,
    /// The name of the other model's association that is its other end, where that is declared.
    pub inverse: Option<String>,
    /// Options that the framework ignores or refuses here.
    pub unknown_options: Vec<UnknownOption>,
    /// Where it is declared: the first character of its name or keyword.
    pub location: Location,
}

/// What an association promises of the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssociationKind {
    /// The model is the child, and has at most one parent.
    BelongsTo,
    /// The model is the parent, and has at most one child.
    HasOne,
    /// The model is the parent, and has any number of children.
    HasMany,
    /// Both are parents of a join table.
    BelongsToMany,
}

/// Which columns an association goes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Columns of a child, to columns of a parent.
    Direct {
        /// The child's end.
        child: End,
        /// The parent's end.
        parent: End,
    },
    /// A join table with a key to each side.
    JoinTable {
        /// The join table's end of the relation to the model that declares this.
        owner_key: End,
        /// The declaring model's end of it.
        owner: End,
        /// The join table's end of the relation to the other model.
        target_key: End,
        /// The other model's end of it.
        target: End,
    },
    /// Over other associations: it has no columns of its own.
    Through {
        /// The association, or the model or table, that it goes through.
        via: String,
    },
    /// The child's end of a polymorphic pair, which may point into any table.
    PolymorphicChild {
        /// The child.
        child: PolymorphicEnd,
    },
    /// A parent's end of a polymorphic pair.
    PolymorphicParent {
        /// The child.
        child: PolymorphicEnd,
        /// What stands in the type column for this parent.
        value: String,
        /// The parent's columns.
        parent: End,
    },
    /// A join table of which one side is polymorphic (Eloquent's `morphToMany` and `morphedByMany`).
    PolymorphicJoinTable {
        /// The join table with its type and id columns.
        child: PolymorphicEnd,
        /// What stands in the type column for the polymorphic side.
        value: String,
        /// The polymorphic side's columns.
        parent: End,
        /// The join table's end of the plain relation to the other side.
        other_key: End,
        /// The other side's columns.
        other: End,
    },
    /// It could not be told.
    Unresolved {
        /// Why, in one phrase: "there is no model `Warehouse`".
        why: String,
        /// Whether it is the code that is wrong; else the reader could not follow it.
        dangling: bool,
    },
}

/// Some columns of a table, as models name them: nobody has looked yet whether they are there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// The table.
    pub table: TableName,
    /// Its columns. None stands for the table's primary key.
    pub columns: Vec<Ident>,
}

/// The type column and id columns of a polymorphic pair, as models name them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolymorphicEnd {
    /// The table.
    pub table: TableName,
    /// The column that tells the other table.
    pub type_column: Ident,
    /// The columns that hold the key.
    pub id_columns: Vec<Ident>,
}

/// What is meant to happen to the children when their parent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteIntent {
    /// What.
    pub action: Action,
    /// Whether the database is to do it (Sequelize's `onDelete`); else the application does (Active Record's
    /// `dependent`).
    pub by_database: bool,
}

/// An option that the framework ignores or refuses where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOption {
    /// The option.
    pub option: String,
    /// What becomes of it, in one phrase: "hasOne ignores it; the parent's column is chosen by `sourceKey`".
    pub why: String,
    /// Where it stands.
    pub location: Location,
}

impl End {
    /// Some columns of a table.
    pub fn new(table: TableName, columns: Vec<Ident>) -> Self {
        Self { table, columns }
    }
}

impl AssociationKind {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BelongsTo => "belongs_to",
            Self::HasOne => "has_one",
            Self::HasMany => "has_many",
            Self::BelongsToMany => "belongs_to_many",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.table, display_columns(&self.columns))
    }
}

impl fmt::Display for PolymorphicEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = display_columns(&self.id_columns);
        write!(f, "{}({}, {ids})", self.table, self.type_column)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct { child, parent } => write!(f, "{child} -> {parent}"),
            Self::JoinTable {
                owner_key,
                owner,
                target_key,
                target,
            } => write!(f, "{owner_key} -> {owner}, {target_key} -> {target}"),
            Self::Through { via } => write!(f, "through {via}"),
            Self::PolymorphicChild { child } => write!(f, "{child} -> *"),
            Self::PolymorphicParent { child, value, parent } => write!(f, "{child} -> {parent} where {value:?}"),
            Self::PolymorphicJoinTable {
                child,
                value,
                parent,
                other_key,
                other,
            } => write!(f, "{child} -> {parent} where {value:?}, {other_key} -> {other}"),
            Self::Unresolved { why, .. } => write!(f, "? ({why})"),
        }
    }
}

/// For tests and people: `belongs_to author: posts(author_id) -> users() required on_delete=CASCADE`.
impl fmt::Display for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind.as_str(), self.name, self.link)?;
        match self.optional {
            Some(true) => f.write_str(" optional")?,
            Some(false) => f.write_str(" required")?,
            None => {}
        }
        if let Some(intent) = self.on_delete {
            let by = if intent.by_database { "on_delete" } else { "dependent" };
            write!(f, " {by}={}", intent.action.as_sql())?;
        }
        for (set, word) in [
            (!self.constraint, "unconstrained"),
            (self.scoped, "scoped"),
            (self.implied, "implied"),
        ] {
            if set {
                write!(f, " {word}")?;
            }
        }
        if let Some(inverse) = &self.inverse {
            write!(f, " inverse={inverse}")?;
        }
        for unknown in &self.unknown_options {
            write!(f, " unknown={}", unknown.option)?;
        }
        Ok(())
    }
}
