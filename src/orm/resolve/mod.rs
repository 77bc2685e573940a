//! What models declare → what it is in a schema. Pure: a name is found or it is not, and nothing is guessed.

mod state;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::Models;
use crate::schema::{
    Association, Attribute, ColumnSet, Declaration, Declarations, DeclaredModel, DeclaredReference, End, Found, Ident,
    Joint, Link, Missing, Model, ModelTable, Note, PolymorphicEnd, Schema, Table, TableName,
};
use tables::{Absent, Lookup, Tables};

pub use state::add_to;

/// What the models declare, found in a schema, and notes on what cannot be told. A table that is in `others` (the other
/// sources of the run) is no fault here; nor is one that is nowhere, unless `reports_missing`.
pub fn resolve<'s>(
    schema: &'s Schema,
    models: &'s [Models],
    others: &[&'s Schema],
    reports_missing: bool,
) -> (Declarations, Vec<Note>) {
    let all = || models.iter().flat_map(|models| &models.models);
    let used = || all().filter_map(|model| model.table.as_ref());
    let resolver = Resolver {
        tables: Tables::new(schema, used()),
        others: others.iter().map(|other| Tables::new(other, used())).collect(),
        guessed: all()
            .filter(|model| model.table_guessed)
            .filter_map(|model| model.table.as_ref())
            .collect(),
        reports_missing,
    };
    let mut declarations = Declarations::default();
    let mut notes = Vec::new();
    for framework in models {
        for model in &framework.models {
            resolver.add(framework.framework, model, &mut declarations, &mut notes);
        }
    }
    // Said once of the model, and not again of each association with it.
    let missing: Vec<TableName> = declarations.models.iter().filter_map(missing_table).collect();
    for found in declarations
        .associations
        .iter_mut()
        .map(|declared| &mut declared.found)
        .chain(declarations.references.iter_mut().map(|declared| &mut declared.found))
    {
        if let Found::Missing(what) = found
            && what.columns.is_empty()
            && missing.contains(&what.table)
        {
            *found = Found::Unknown;
        }
    }
    leave_out(schema, &mut declarations);
    (declarations, notes)
}

/// Takes back what is said of tables that the user left out of the audit.
fn leave_out(schema: &Schema, declarations: &mut Declarations) {
    if schema.tables.values().all(|table| table.audited) {
        return;
    }
    let is_in = |name: &TableName| schema.table(name).is_some_and(|table| table.audited);
    for model in &mut declarations.models {
        if let ModelTable::Missing(_) = &model.table {
            model.table = ModelTable::Unknown;
        }
    }
    let narrow = |found: &mut Found| {
        let stays = match found {
            Found::Direct(joint) | Found::Reversed(joint) => is_in(&joint.child.table),
            Found::JoinTable { owner, .. } => is_in(&owner.child.table),
            Found::Polymorphic { child, .. } => is_in(child),
            Found::Missing(missing) => is_in(&missing.table),
            Found::Through | Found::Unknown => true,
        };
        if !stays {
            *found = Found::Unknown;
        }
    };
    for declared in &mut declarations.associations {
        narrow(&mut declared.found);
        if !declared.table.as_ref().is_some_and(is_in) {
            declared.association.unknown_options.clear();
        }
    }
    for declared in &mut declarations.references {
        narrow(&mut declared.found);
    }
}

/// Tells the tables which of their columns marks a row as deleted, where models say so.
pub fn mark_soft_deletion(schema: &mut Schema, models: &[Models]) {
    let all = || models.iter().flat_map(|models| &models.models);
    let tables = Tables::new(schema, all().filter_map(|model| model.table.as_ref()));
    let mut marks = Vec::new();
    for (name, mark) in all().filter_map(|model| Some((model.table.as_ref()?, model.soft_delete.as_ref()?))) {
        if let Lookup::Found(table) = tables.find(name)
            && let Some(column) = table.find_column(mark.as_str())
        {
            marks.push((table.name.clone(), column.name.clone()));
        }
    }
    for (table, mark) in marks {
        if let Some(table) = schema.tables.get_mut(&table) {
            table.soft_delete = Some(mark);
        }
    }
}

fn missing_table(model: &DeclaredModel) -> Option<TableName> {
    match &model.table {
        ModelTable::Missing(name) => Some(name.clone()),
        _ => None,
    }
}

struct Resolver<'s> {
    tables: Tables<'s>,
    others: Vec<Tables<'s>>,
    /// Tables that are called so only if no code that was not read says otherwise.
    guessed: BTreeSet<&'s TableName>,
    reports_missing: bool,
}

impl Resolver<'_> {
    fn add(&self, framework: &'static str, model: &Model, into: &mut Declarations, notes: &mut Vec<Note>) {
        let table = self.table_of(model);
        let own = match &table {
            ModelTable::Found(name) => Some(name.clone()),
            _ => None,
        };
        if let (ModelTable::Unknown, true, Some(name)) = (&table, model.table_guessed, &model.table) {
            notes.push(Note {
                message: format!(
                    "`{}` was not held against the database: there is no table `{name}`; code that is in none of the \
                     files may name another, or it is in another database",
                    model.name
                ),
                location: Some(model.location.clone()),
            });
        }
        for association in &model.associations {
            let found = self.found(model, own.as_ref(), association).unwrap_or_else(|absent| {
                let what = format!("`{}` {} `{}`", model.name, association.declared_as, association.name);
                self.absent(not_computed(model, own.as_ref(), absent), &what, association, notes)
            });
            into.associations.push(Declaration {
                framework,
                model: model.name.clone(),
                table: own.clone(),
                association: association.clone(),
                found,
            });
        }
        for attribute in &model.attributes {
            into.references.extend(self.reference(model, own.as_ref(), attribute));
        }
        into.models.push(DeclaredModel {
            framework,
            name: model.name.clone(),
            polymorphic_name: model.polymorphic_name.clone(),
            table,
            location: model.location.clone(),
        });
    }

    fn table_of(&self, model: &Model) -> ModelTable {
        let Some(name) = &model.table else {
            return ModelTable::None;
        };
        match self.tables.find(name) {
            Lookup::Found(table) => ModelTable::Found(table.name.clone()),
            Lookup::Missing if self.reports_missing && !model.table_guessed && !self.is_elsewhere(name) => {
                ModelTable::Missing(self.tables.qualified(name))
            }
            Lookup::Missing | Lookup::Unknown => ModelTable::Unknown,
        }
    }

    fn is_elsewhere(&self, name: &TableName) -> bool {
        let bare = TableName::bare(name.table.clone());
        let mut others = self.others.iter();
        others.any(|tables| matches!(tables.find(&bare), Lookup::Found(_)))
    }

    fn is_guessed(&self, name: &TableName) -> bool {
        self.guessed
            .iter()
            .any(|guessed| self.tables.qualified(guessed) == *name)
    }

    fn absent(&self, absent: Absent, what: &str, association: &Association, notes: &mut Vec<Note>) -> Found {
        match absent {
            Absent::Missing(missing) if missing.columns.is_empty() && self.is_elsewhere(&missing.table) => {
                Found::Unknown
            }
            Absent::Missing(_) if !self.reports_missing => Found::Unknown,
            Absent::Missing(missing) if missing.columns.is_empty() && self.is_guessed(&missing.table) => Found::Unknown,
            Absent::Missing(missing) => Found::Missing(*missing),
            Absent::Unknown(why) => {
                notes.push(Note {
                    message: format!("{what} was not held against the database: {why}"),
                    location: Some(association.location.clone()),
                });
                Found::Unknown
            }
        }
    }

    fn found(&self, model: &Model, own: Option<&TableName>, association: &Association) -> Result<Found, Absent> {
        match &association.link {
            Link::Direct { child, parent } => self.direct(child, parent),
            Link::JoinTable {
                owner_key,
                owner,
                target_key,
                target,
            } => Ok(Found::JoinTable {
                owner: self.joint(owner_key, owner)?,
                target: self.joint(target_key, target)?,
            }),
            Link::Through { .. } => Ok(Found::Through),
            Link::PolymorphicChild { child } => self.polymorphic(child),
            Link::PolymorphicParent { child, value, parent } => {
                let pair = self.polymorphic(child)?;
                self.with_target(pair, value, parent)
            }
            Link::PolymorphicJoinTable {
                child,
                value,
                parent,
                other_key,
                other,
            } => {
                let pair = self.polymorphic(child)?;
                let joint = self.joint(other_key, other)?;
                let mut pair = self.with_target(pair, value, parent)?;
                if let Found::Polymorphic { other, .. } = &mut pair {
                    *other = Some(joint);
                }
                Ok(pair)
            }
            Link::Unresolved { why, dangling: true } => Err(Absent::Missing(Box::new(Missing {
                why: why.clone(),
                table: own.cloned().unwrap_or_else(|| {
                    let name = model.table.clone();
                    self.tables
                        .qualified(&name.unwrap_or_else(|| TableName::bare(model.name.as_str())))
                }),
                columns: Vec::new(),
                key: None,
            }))),
            Link::Unresolved { why, dangling: false } => Err(Absent::Unknown(why.clone())),
        }
    }

    /// A reference. Where nothing is amiss but that the child lacks the key, what is declared is kept: the key may be on
    /// the other side.
    fn direct(&self, child: &End, parent: &End) -> Result<Found, Absent> {
        match self.joint(child, parent) {
            Ok(joint) if joint.child == joint.parent => Ok(Found::Unknown),
            Ok(joint) if self.tables.is_reversed(&joint) => Ok(Found::Reversed(joint)),
            Ok(joint) => Ok(Found::Direct(joint)),
            Err(absent) => Err(absent),
        }
    }

    fn joint(&self, child: &End, parent: &End) -> Result<Joint, Absent> {
        let child_table = self.tables.table(&child.table)?;
        let parent_table = self.tables.table(&parent.table)?;
        let columns = match tables::columns(child_table, &child.columns) {
            Ok(columns) => columns,
            Err(Absent::Missing(missing)) => return Err(with_key(*missing, child_table, child, parent_table, parent)),
            Err(absent) => return Err(absent),
        };
        if columns.columns.is_empty() {
            let why = format!("the key on `{}` is not known", child_table.name);
            return Err(Absent::Unknown(why));
        }
        let parent = tables::parent_columns(parent_table, parent, &columns)?;
        Ok(Joint::new(columns, parent))
    }

    fn polymorphic(&self, child: &PolymorphicEnd) -> Result<Found, Absent> {
        let table = self.tables.table(&child.table)?;
        let mut names = vec![child.type_column.clone()];
        names.extend(child.id_columns.iter().cloned());
        let mut found = tables::columns(table, &names)?.columns.into_iter();
        let Some(type_column) = found.next() else {
            return Err(Absent::Unknown("it names no column".to_owned()));
        };
        Ok(Found::Polymorphic {
            child: table.name.clone(),
            type_column,
            id_columns: found.collect(),
            target: None,
            other: None,
        })
    }

    fn with_target(&self, mut pair: Found, value: &str, parent: &End) -> Result<Found, Absent> {
        if let Found::Polymorphic {
            child,
            id_columns,
            target,
            ..
        } = &mut pair
        {
            let table = self.tables.table(&parent.table)?;
            let ids = ColumnSet::new(child.clone(), id_columns.clone());
            *target = Some((value.to_owned(), tables::parent_columns(table, parent, &ids)?));
        }
        Ok(pair)
    }

    fn reference(&self, model: &Model, own: Option<&TableName>, attribute: &Attribute) -> Option<DeclaredReference> {
        let (table, column) = attribute.references.as_ref()?;
        let child = End::new(own?.clone(), vec![attribute.column.clone()]);
        let parent = End::new(table.clone(), column.iter().cloned().collect());
        let found = match self.direct(&child, &parent) {
            Ok(found) => found,
            Err(Absent::Missing(missing)) if self.reports_missing && !self.is_elsewhere(&missing.table) => {
                Found::Missing(*missing)
            }
            Err(_) => Found::Unknown,
        };
        Some(DeclaredReference {
            model: model.name.clone(),
            column: attribute.column.clone(),
            found,
            location: attribute.location.clone(),
        })
    }
}

/// What is missing, but for columns of the model itself that its code computes.
fn not_computed(model: &Model, own: Option<&TableName>, absent: Absent) -> Absent {
    match absent {
        Absent::Missing(missing)
            if own == Some(&missing.table) && missing.columns.iter().any(|column| model.computed.contains(column)) =>
        {
            Absent::Unknown(format!("{}, and code of the model computes it", missing.why))
        }
        absent => absent,
    }
}

/// Adds what was declared to a key that the child does not have.
fn with_key(missing: Missing, child_table: &Table, child: &End, parent_table: &Table, parent: &End) -> Absent {
    let own_names = |table: &Table, names: &[Ident]| {
        let name = |name: &Ident| {
            table
                .find_column(name.as_str())
                .map_or(name, |column| &column.name)
                .clone()
        };
        ColumnSet::new(table.name.clone(), names.iter().map(name).collect())
    };
    let child = own_names(child_table, &child.columns);
    let parent = tables::parent_columns(parent_table, parent, &child)
        .unwrap_or_else(|_| own_names(parent_table, &parent.columns));
    Absent::Missing(Box::new(Missing {
        columns: child.columns.clone(),
        key: Some(Joint::new(child, parent)),
        ..missing
    }))
}
