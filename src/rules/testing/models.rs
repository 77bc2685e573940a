//! What models declare, for the tests of rules: the model of table `posts` is called `Posts`.

use crate::relation::{Cardinality, RelationOrigin};
use crate::schema::{
    Association, AssociationKind, ColumnSet, Declaration, DeclaredModel, End, Found, Joint, Link, Location, Missing,
    ModelTable, RelationKind, TableName,
};

use super::{Database, both_ends};

impl Database {
    /// Adds a model for a table that is there.
    pub(in crate::rules) fn model(mut self, table: &str) -> Self {
        let line = self.line();
        self.relations.declarations.models.push(DeclaredModel {
            framework: "active_record",
            name: class(&TableName::bare(table)),
            polymorphic_name: None,
            table: ModelTable::Found(TableName::bare(table)),
            location: place(line),
        });
        self
    }

    /// The child declares the relation.
    pub(in crate::rules) fn belongs_to(self, ends: &str, change: impl FnOnce(&mut Association)) -> Self {
        self.declare(AssociationKind::BelongsTo, ends, change)
    }

    /// The parent declares to have at most one child.
    pub(in crate::rules) fn has_one_child(self, ends: &str, change: impl FnOnce(&mut Association)) -> Self {
        self.declare(AssociationKind::HasOne, ends, change)
    }

    /// The parent declares to have any number of children.
    pub(in crate::rules) fn has_many(self, ends: &str, change: impl FnOnce(&mut Association)) -> Self {
        self.declare(AssociationKind::HasMany, ends, change)
    }

    /// Adds an association whose key the child does not have.
    pub(in crate::rules) fn declares_missing_key(
        mut self,
        kind: AssociationKind,
        ends: &str,
        change: impl FnOnce(&mut Association),
    ) -> Self {
        let (child, parent) = both_ends(ends);
        let mut declared = self.declaration(kind, &child, &parent);
        change(&mut declared.association);
        declared.found = Found::Missing(Missing {
            why: format!("`{}` has no column `{}`", child.table, child.columns[0]),
            table: child.table.clone(),
            columns: child.columns.clone(),
            key: Some(Joint::new(child, parent)),
        });
        self.relations.declarations.associations.push(declared);
        self
    }

    fn declare(mut self, kind: AssociationKind, ends: &str, change: impl FnOnce(&mut Association)) -> Self {
        let (child, parent) = both_ends(ends);
        let mut declared = self.declaration(kind, &child, &parent);
        change(&mut declared.association);
        let association = declared.association.clone();
        let at = self.relations.declarations.associations.len();
        self.relations.declarations.associations.push(declared);
        self.relate(ends, |relation| {
            relation.origins.insert(RelationOrigin::Association);
            relation.associations.push(at);
            let stated = &mut relation.stated;
            match association.kind {
                AssociationKind::HasOne if !association.scoped => {
                    stated.kind = Some(RelationKind::HasOne);
                    relation.cardinality = Cardinality::OneToOne;
                }
                AssociationKind::HasMany => {
                    stated.kind = Some(RelationKind::HasMany);
                    relation.cardinality = Cardinality::ManyToOne;
                }
                _ => {}
            }
            stated.optional = association.optional.or(stated.optional);
            stated.on_delete = association.on_delete.or(stated.on_delete);
        })
    }

    fn declaration(&self, kind: AssociationKind, child: &ColumnSet, parent: &ColumnSet) -> Declaration {
        let (owner, target) = match kind {
            AssociationKind::BelongsTo => (child, parent),
            _ => (parent, child),
        };
        Declaration {
            framework: "active_record",
            model: class(&owner.table),
            table: Some(owner.table.clone()),
            association: Association {
                name: target.table.to_string(),
                kind,
                declared_as: kind.as_str(),
                target: Some(class(&target.table)),
                link: Link::Direct {
                    child: End::new(child.table.clone(), child.columns.clone()),
                    parent: End::new(parent.table.clone(), parent.columns.clone()),
                },
                optional: None,
                on_delete: None,
                constraint: true,
                scoped: false,
                implied: false,
                inverse: None,
                unknown_options: Vec::new(),
                location: place(self.line()),
            },
            found: Found::Direct(Joint::new(child.clone(), parent.clone())),
        }
    }

    /// A line of its own for each thing that is declared.
    fn line(&self) -> usize {
        let declarations = &self.relations.declarations;
        declarations.models.len() + declarations.associations.len() + 1
    }
}

fn class(table: &TableName) -> String {
    let name = table.table.as_str();
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn place(line: usize) -> Location {
    Location {
        file: "app/models/all.rb".to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: 3,
    }
}
