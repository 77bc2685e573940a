//! The models as they are reported: with their associations, and those that Sequelize 7 makes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Version;
use super::declaration::{Declaration, Target};
use super::definition::{AttributeDefinition, Definition, Referenced};
use super::inflection::lower_first;
use super::link::{Linker, is_scoped};
use super::options::word;
use crate::schema::{Association, AssociationKind, Attribute, Ident, Link, Model, TableName};

/// All models, in the order of the files.
pub(super) fn models(linker: &Linker<'_, '_, '_>) -> Vec<Model> {
    let mut models: Vec<Model> = linker.definitions.iter().map(|it| model(linker, it)).collect();
    for declaration in linker.declarations {
        if let Some(model) = models.get_mut(declaration.owner) {
            model.associations.push(association(linker, declaration));
        }
    }
    for declaration in linker.declarations {
        if let Some((owner, implied)) = implied(linker, declaration)
            && let Some(model) = models.get_mut(owner)
            && model.associations.iter().all(|it| it.name != implied.name)
        {
            model.associations.push(implied);
        }
    }
    key_join_models(linker, &mut models);
    models
}

/// Makes the two keys of a join table its primary key where the model states none: `belongsToMany` takes the `id` away
/// that the model would have had (`_injectAttributes` of Sequelize 6.37 and 7).
fn key_join_models(linker: &Linker<'_, '_, '_>, models: &mut [Model]) {
    let links = models.iter().flat_map(|model| &model.associations).map(|it| &it.link);
    let joins: BTreeMap<TableName, BTreeSet<Ident>> = links
        .filter_map(|link| match link {
            Link::JoinTable {
                owner_key, target_key, ..
            } => Some((&owner_key.table, &owner_key.columns, &target_key.columns)),
            Link::PolymorphicJoinTable { child, other_key, .. } => {
                Some((&child.table, &child.id_columns, &other_key.columns))
            }
            _ => None,
        })
        .map(|(table, own, other)| (table.clone(), own.iter().chain(other).cloned().collect()))
        .collect();
    for (model, definition) in models.iter_mut().zip(linker.definitions) {
        let keys = model.table.as_ref().and_then(|table| joins.get(table));
        if let Some(keys) = keys.filter(|_| definition.gets_a_key()) {
            model.primary_key = keys.iter().cloned().collect();
        }
    }
}

fn model(linker: &Linker<'_, '_, '_>, definition: &Definition<'_>) -> Model {
    let attributes = definition.attributes.iter().filter(|attribute| !attribute.computed);
    Model {
        name: definition.name.clone(),
        table: Some(definition.table()),
        table_stated: definition.options.table_name.is_some(),
        table_guessed: false,
        computed: Vec::new(),
        primary_key: definition.primary_key(),
        attributes: attributes.map(|it| attribute(linker, definition, it)).collect(),
        associations: Vec::new(),
        polymorphic_name: None,
        soft_delete: definition.soft_delete(),
        location: definition.location.clone(),
    }
}

fn attribute(linker: &Linker<'_, '_, '_>, definition: &Definition<'_>, of: &AttributeDefinition) -> Attribute {
    let references = of.references.as_ref().and_then(|(referenced, key)| {
        let table = match referenced {
            Referenced::Table(table) => table.clone(),
            Referenced::Model(model) => linker.definitions.get(*model)?.table(),
        };
        Some((table, key.clone()))
    });
    Attribute {
        column: definition.column(&of.name, None),
        nullable: if of.primary_key { Some(false) } else { of.allow_null },
        unique: of.unique,
        references,
        location: of.location.clone(),
    }
}

fn association<'p>(linker: &Linker<'_, 'p, '_>, declaration: &Declaration<'p>) -> Association {
    let link = linker.link(declaration);
    let options = &declaration.options;
    let (name, target) = match &declaration.target {
        Target::Model(target) => {
            let target = linker.definitions.get(*target);
            let own = target
                .map(|target| default_name(declaration.kind, target))
                .unwrap_or_default();
            (own, target.map(|target| target.name.clone()))
        }
        Target::Missing { name, .. } => (name.clone(), None),
    };
    let direct = linker.direct(declaration);
    let optional = direct.and_then(|direct| linker.optional(&direct, &options.foreign_key));
    let on_polymorphic_child = matches!(link, Link::PolymorphicChild { .. });
    Association {
        name: options.alias.clone().or(options.hidden_alias.clone()).unwrap_or(name),
        kind: declaration.kind,
        declared_as: word(declaration.kind),
        target: target.filter(|_| !on_polymorphic_child),
        optional,
        on_delete: linker.on_delete(declaration),
        constraint: options.constraints != Some(false),
        scoped: is_scoped(declaration, &link),
        implied: false,
        inverse: inverse_name(linker, declaration),
        unknown_options: options.unknown.clone(),
        location: linker.code.location(declaration.at),
        link,
    }
}

/// The name of an association without `as`.
fn default_name(kind: AssociationKind, target: &Definition<'_>) -> String {
    match kind {
        AssociationKind::BelongsTo | AssociationKind::HasOne => target.singular_name(),
        AssociationKind::HasMany | AssociationKind::BelongsToMany => target.plural_name(),
    }
}

/// The sort of association that Sequelize 7 declares on the other model at the same time.
fn implied_kind(declaration: &Declaration<'_>, version: Version) -> Option<AssociationKind> {
    if version != Version::Seven {
        return None;
    }
    match declaration.kind {
        AssociationKind::BelongsTo => declaration.options.inverse.as_ref()?.kind,
        AssociationKind::HasOne | AssociationKind::HasMany => Some(AssociationKind::BelongsTo),
        AssociationKind::BelongsToMany => Some(AssociationKind::BelongsToMany),
    }
}

fn inverse_name(linker: &Linker<'_, '_, '_>, declaration: &Declaration<'_>) -> Option<String> {
    let owner = linker.definitions.get(declaration.owner)?;
    let kind = implied_kind(declaration, owner.version)?;
    let stated = declaration
        .options
        .inverse
        .as_ref()
        .and_then(|inverse| inverse.alias.clone());
    Some(stated.unwrap_or_else(|| match kind {
        AssociationKind::BelongsTo | AssociationKind::HasOne => lower_first(&owner.singular()),
        _ => lower_first(&owner.plural()),
    }))
}

/// The association on the other model that Sequelize 7 makes of a declaration, with that model's number.
fn implied<'p>(linker: &Linker<'_, 'p, '_>, declaration: &Declaration<'p>) -> Option<(usize, Association)> {
    let Target::Model(target) = declaration.target else {
        return None;
    };
    let owner = linker.definitions.get(declaration.owner)?;
    let kind = implied_kind(declaration, owner.version)?;
    let own = association(linker, declaration);
    let link = match own.link.clone() {
        Link::Unresolved { .. } => return None,
        Link::JoinTable {
            owner_key,
            owner,
            target_key,
            target,
        } => Link::JoinTable {
            owner_key: target_key,
            owner: target,
            target_key: owner_key,
            target: owner,
        },
        Link::PolymorphicParent { child, .. } => Link::PolymorphicChild { child },
        link => link,
    };
    let target_name = (!matches!(link, Link::PolymorphicChild { .. })).then(|| owner.name.clone());
    let implied = Association {
        name: own.inverse.clone()?,
        kind,
        declared_as: word(kind),
        target: target_name,
        scoped: false,
        implied: true,
        inverse: Some(own.name.clone()),
        unknown_options: Vec::new(),
        link,
        ..own
    };
    Some((target, implied))
}
