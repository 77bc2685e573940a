//! What models declare, held against a schema: what of it was found there, and what was not.

use super::{Association, AssociationKind, ColumnSet, Ident, Location, TableName};

/// Everything that the models of an application declare, in the order of the frameworks and of the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declarations {
    /// The models.
    pub models: Vec<DeclaredModel>,
    /// Their associations.
    pub associations: Vec<Declaration>,
    /// Columns that are declared to reference something outside of an association.
    pub references: Vec<DeclaredReference>,
}

/// A model, and its table as the schema has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredModel {
    /// The framework: `sequelize`, `eloquent`, `active_record`.
    pub framework: &'static str,
    /// The model's name in full.
    pub name: String,
    /// What stands for it in the type column of a polymorphic pair, where that is not its name.
    pub polymorphic_name: Option<String>,
    /// Its table.
    pub table: ModelTable,
    /// Where it is declared.
    pub location: Location,
}

/// What became of a model's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelTable {
    /// It has none of its own.
    None,
    /// This one.
    Found(TableName),
    /// There is no table of this name.
    Missing(TableName),
    /// It is in another source, out of sight, or cannot be told from a namesake.
    Unknown,
}

/// An association of a model, and what it is in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The framework.
    pub framework: &'static str,
    /// The model that declares it.
    pub model: String,
    /// That model's table, where it was found.
    pub table: Option<TableName>,
    /// As it is declared.
    pub association: Association,
    /// What it is in the schema.
    pub found: Found,
}

/// A column that a model declares to reference something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredReference {
    /// The model.
    pub model: String,
    /// The column, as the model names it.
    pub column: Ident,
    /// What it is in the schema.
    pub found: Found,
    /// Where it is declared.
    pub location: Location,
}

/// What an association is in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Columns of a child that reference columns of a parent.
    Direct(Joint),
    /// Columns of a child that can only be referenced by those of the parent: the child's are its primary key, and the
    /// parent's are no key of the parent.
    Reversed(Joint),
    /// A join table's two references.
    JoinTable {
        /// To the model that declares it.
        owner: Joint,
        /// To the other.
        target: Joint,
    },
    /// A polymorphic pair.
    Polymorphic {
        /// The child.
        child: TableName,
        /// The column that tells the table.
        type_column: Ident,
        /// The columns that hold the key.
        id_columns: Vec<Ident>,
        /// The parent that declares it, and what stands for it in the type column; `None` for the child's end.
        target: Option<(String, ColumnSet)>,
        /// The plain reference to the other side, where the pair is in a join table.
        other: Option<Joint>,
    },
    /// Nothing of its own: it goes through others.
    Through,
    /// It cannot be told, and a note or another finding says why.
    Unknown,
    /// Something that it needs is not there.
    Missing(Missing),
}

/// The two ends of a reference, matching by position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Joint {
    /// The referencing columns.
    pub child: ColumnSet,
    /// The referenced columns.
    pub parent: ColumnSet,
}

/// What an association needs and the schema does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What, in one phrase: "`posts` has no column `author_id`".
    pub why: String,
    /// The table that it is about, whether or not it is there.
    pub table: TableName,
    /// The columns that it is about; none where it is the table as a whole.
    pub columns: Vec<Ident>,
    /// Where all is there but columns of the child: the reference as it is declared, with the tables of the schema.
    pub key: Option<Joint>,
}

impl Joint {
    /// The two ends.
    pub fn new(child: ColumnSet, parent: ColumnSet) -> Self {
        Self { child, parent }
    }

    /// The same columns, the other way round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self::new(self.parent.clone(), self.child.clone())
    }

    /// Whether both are between the same columns, in whatever order they are written.
    pub fn is_same(&self, child: &ColumnSet, parent: &ColumnSet) -> bool {
        self.child.table == child.table
            && self.parent.table == parent.table
            && sorted_pairs(&self.child, &self.parent) == sorted_pairs(child, parent)
    }
}

/// The column pairs of two ends in an order that does not depend on how they are written.
fn sorted_pairs<'c>(child: &'c ColumnSet, parent: &'c ColumnSet) -> Vec<(&'c Ident, &'c Ident)> {
    let mut pairs: Vec<_> = child.columns.iter().zip(&parent.columns).collect();
    pairs.sort();
    pairs
}

impl Declaration {
    /// As a sentence names it: `` `Post` belongs_to `author` ``, in the framework's words.
    pub fn describe(&self) -> String {
        let association = &self.association;
        format!("`{}` {} `{}`", self.model, association.declared_as, association.name)
    }

    /// Whether it is declared by the child.
    pub fn is_of_child(&self) -> bool {
        self.association.kind == AssociationKind::BelongsTo
    }

    /// The reference that it is, where it is one and was found.
    pub fn joint(&self) -> Option<&Joint> {
        match &self.found {
            Found::Direct(joint) => Some(joint),
            _ => None,
        }
    }

    /// What it needs and the schema does not have.
    pub fn missing(&self) -> Option<&Missing> {
        match &self.found {
            Found::Missing(missing) => Some(missing),
            _ => None,
        }
    }
}

impl Declarations {
    /// Whether no models were given.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.associations.is_empty()
    }

    /// The models of a table.
    pub fn models_of<'d>(&'d self, table: &'d TableName) -> impl Iterator<Item = &'d DeclaredModel> {
        let is_of = move |model: &&DeclaredModel| matches!(&model.table, ModelTable::Found(name) if name == table);
        self.models.iter().filter(is_of)
    }

    /// The table of the model that a value of a type column stands for.
    pub fn table_of_type(&self, value: &str) -> Option<&TableName> {
        let stands_for = |model: &&DeclaredModel| {
            model.polymorphic_name.as_deref() == Some(value) || model.name.trim_start_matches(['\\', ':']) == value
        };
        self.models
            .iter()
            .filter(stands_for)
            .find_map(|model| match &model.table {
                ModelTable::Found(table) => Some(table),
                _ => None,
            })
    }
}
