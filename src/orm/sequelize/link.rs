//! Which columns an association goes over, with Sequelize's defaults spelled out.
//!
//! The defaults are those of the sources of Sequelize 6.37.8 and 7.0.0-alpha.48 (`associations/*.js`); where the two
//! differ, it says so here.

use std::collections::{BTreeMap, BTreeSet};

use super::Version;
use super::code::Code;
use super::declaration::{Declaration, Target};
use super::definition::Definition;
use super::inflection::{camelize, lower_first, singularize, underscore};
use super::options::{KeyOptions, Options, Through};
use crate::schema::{AssociationKind, DeleteIntent, End, Ident, Link, PolymorphicEnd, TableName};

/// Everything that has been declared.
pub(super) struct Linker<'x, 'p, 'a> {
    pub(super) code: &'x Code<'p, 'a>,
    pub(super) definitions: &'x [Definition<'p>],
    pub(super) declarations: &'x [Declaration<'p>],
    /// The columns that associations state for keys, by model and attribute: the first one counts.
    columns: BTreeMap<(usize, String), String>,
    /// Keys that are the id of a polymorphic pair, with the attribute that tells the type.
    polymorphic: BTreeMap<(usize, String), String>,
    /// Which of a model's attributes a key that an association states may not be null, or may be.
    nullable: BTreeMap<(usize, String), bool>,
}

/// An association between two models, one of which has the key.
#[derive(Debug, Clone)]
pub(super) struct Direct {
    /// The model with the key.
    pub(super) child: usize,
    pub(super) parent: usize,
    /// The attribute that is the key.
    pub(super) key: String,
    /// The attribute that it references.
    pub(super) parent_key: String,
}

impl<'x, 'p, 'a> Linker<'x, 'p, 'a> {
    pub(super) fn new(
        code: &'x Code<'p, 'a>,
        definitions: &'x [Definition<'p>],
        declarations: &'x [Declaration<'p>],
    ) -> Self {
        let mut linker = Self {
            code,
            definitions,
            declarations,
            columns: BTreeMap::new(),
            polymorphic: BTreeMap::new(),
            nullable: BTreeMap::new(),
        };
        linker.gather();
        linker
    }

    /// Reads what the declarations say of keys that others name too.
    fn gather(&mut self) {
        let mut several: BTreeMap<(usize, String), BTreeSet<usize>> = BTreeMap::new();
        for declaration in self.declarations {
            let Some(direct) = self.direct(declaration) else {
                continue;
            };
            let options = &declaration.options;
            let key = (direct.child, direct.key.clone());
            if let Some(column) = &options.foreign_key.column {
                self.columns.entry(key.clone()).or_insert_with(|| column.clone());
            }
            if let Some(allow_null) = options.foreign_key.allow_null {
                self.nullable.entry(key.clone()).or_insert(allow_null);
            }
            if let Some((type_attribute, _)) = polymorphic_scope(options, &options.scope) {
                self.polymorphic.insert(key.clone(), type_attribute.to_owned());
            }
            if declaration.kind == AssociationKind::BelongsTo && options.constraints == Some(false) {
                several.entry(key).or_default().insert(direct.parent);
            }
        }
        for ((child, key), parents) in several {
            let type_attribute = type_attribute(&key);
            let declared = self
                .definitions
                .get(child)
                .and_then(|child| child.attribute(&type_attribute));
            if parents.len() > 1 && declared.is_some() {
                self.polymorphic.entry((child, key)).or_insert(type_attribute);
            }
        }
    }

    /// The two models of an association that is no `belongsToMany`, and the attributes that link them.
    pub(super) fn direct(&self, declaration: &Declaration<'p>) -> Option<Direct> {
        let Target::Model(target_number) = declaration.target else {
            return None;
        };
        let source = self.definitions.get(declaration.owner)?;
        let target = self.definitions.get(target_number)?;
        let options = &declaration.options;
        let is_child = match declaration.kind {
            AssociationKind::BelongsTo => true,
            AssociationKind::HasOne | AssociationKind::HasMany => false,
            AssociationKind::BelongsToMany => return None,
        };
        let (child, parent) = if is_child {
            (declaration.owner, target_number)
        } else {
            (target_number, declaration.owner)
        };
        let parent_model = if is_child { target } else { source };
        let stated = if is_child {
            &options.target_key
        } else {
            &options.source_key
        };
        let parent_key = stated.clone().unwrap_or_else(|| parent_model.key().to_owned());
        let demanded = declaration
            .key_demanded
            .then(|| self.declared_key(child, parent))
            .flatten();
        let key = options.foreign_key.name.clone().or(demanded);
        let key = key.unwrap_or_else(|| default_key(declaration, source, target, &parent_key));
        Some(Direct {
            child,
            parent,
            key,
            parent_key,
        })
    }

    /// The attribute that `@ForeignKey` of `sequelize-typescript` makes the key of a model to another.
    pub(super) fn declared_key(&self, child: usize, parent: usize) -> Option<String> {
        let mut keys = self.definitions.get(child)?.keys.iter();
        let found = keys.find(|(_, class)| self.code.model(*class) == Ok(parent));
        found.map(|(name, _)| name.clone())
    }

    /// Which columns an association goes over.
    pub(super) fn link(&self, declaration: &Declaration<'p>) -> Link {
        let unresolved = |why: String, dangling: bool| Link::Unresolved { why, dangling };
        let target = match &declaration.target {
            Target::Model(target) => *target,
            Target::Missing { name, dangling } => return unresolved(format!("there is no model `{name}`"), *dangling),
        };
        if let Some(why) = &declaration.options.obscure {
            return unresolved(why.clone(), false);
        }
        let key_is_named = declaration.key_demanded || declaration.options.foreign_key.name.is_some();
        let is_named_after = match declaration.kind {
            AssociationKind::BelongsTo | AssociationKind::HasOne => !key_is_named,
            AssociationKind::HasMany => false,
            AssociationKind::BelongsToMany => declaration.owner == target,
        };
        if let Some(alias) = declaration.options.hidden_alias.as_ref().filter(|_| is_named_after) {
            return unresolved(format!("`as` is `{alias}`, which cannot be followed"), false);
        }
        if declaration.kind == AssociationKind::BelongsToMany {
            return self.join_table(declaration, target);
        }
        let Some(direct) = self.direct(declaration) else {
            return unresolved("its models cannot be followed".to_owned(), false);
        };
        let named = declaration.options.foreign_key.name.is_some();
        if declaration.key_demanded && !named && self.declared_key(direct.child, direct.parent).is_none() {
            let name = |model: usize| self.definitions.get(model).map_or("", |model| &model.name);
            let why = format!(
                "`{}` has no @ForeignKey to `{}`",
                name(direct.child),
                name(direct.parent)
            );
            return unresolved(why, true);
        }
        self.direct_link(declaration, &direct)
    }

    fn direct_link(&self, declaration: &Declaration<'p>, direct: &Direct) -> Link {
        let parent = self.end(direct.parent, &direct.parent_key);
        let type_attribute = self.polymorphic.get(&(direct.child, direct.key.clone()));
        if let Some(type_attribute) = type_attribute.filter(|_| declaration.options.constraints == Some(false)) {
            let child = self.polymorphic_end(direct.child, type_attribute, &direct.key);
            let scope = polymorphic_scope(&declaration.options, &declaration.options.scope);
            match (declaration.kind, scope) {
                (AssociationKind::BelongsTo, _) => return Link::PolymorphicChild { child },
                (_, Some((_, value))) => {
                    return Link::PolymorphicParent {
                        child,
                        value: value.to_owned(),
                        parent,
                    };
                }
                _ => {}
            }
        }
        Link::Direct {
            child: self.end(direct.child, &direct.key),
            parent,
        }
    }

    /// Whether a child may have no parent, where any declaration says so.
    pub(super) fn optional(&self, direct: &Direct, key: &KeyOptions) -> Option<bool> {
        let attribute = self.definitions.get(direct.child)?.attribute(&direct.key);
        if attribute.is_some_and(|attribute| attribute.primary_key) {
            return Some(false);
        }
        let declared = attribute.and_then(|attribute| attribute.allow_null).or(key.allow_null);
        declared.or_else(|| self.nullable.get(&(direct.child, direct.key.clone())).copied())
    }

    /// What is to happen to the children, where that is stated: what the attribute itself says comes before what the
    /// association does.
    pub(super) fn on_delete(&self, declaration: &Declaration<'p>) -> Option<DeleteIntent> {
        let options = &declaration.options;
        let of_attribute = || {
            let direct = self.direct(declaration)?;
            self.definitions.get(direct.child)?.attribute(&direct.key)?.on_delete
        };
        let action = of_attribute().or(options.on_delete).or(options.foreign_key.on_delete)?;
        Some(DeleteIntent {
            action,
            by_database: true,
        })
    }

    fn column(&self, model: usize, attribute: &str) -> Ident {
        let stated = self.columns.get(&(model, attribute.to_owned())).map(String::as_str);
        match self.definitions.get(model) {
            Some(definition) => definition.column(attribute, stated),
            None => Ident::from(attribute),
        }
    }

    fn end(&self, model: usize, attribute: &str) -> End {
        End::new(self.table(model), vec![self.column(model, attribute)])
    }

    fn table(&self, model: usize) -> TableName {
        self.definitions
            .get(model)
            .map_or_else(|| TableName::bare(""), Definition::table)
    }

    fn polymorphic_end(&self, model: usize, type_attribute: &str, key: &str) -> PolymorphicEnd {
        PolymorphicEnd {
            table: self.table(model),
            type_column: self.column(model, type_attribute),
            id_columns: vec![self.column(model, key)],
        }
    }

    fn join_table(&self, declaration: &Declaration<'p>, target_number: usize) -> Link {
        let unresolved = |why: &str, dangling: bool| Link::Unresolved {
            why: why.to_owned(),
            dangling,
        };
        let options = &declaration.options;
        let (Some(source), Some(target)) = (
            self.definitions.get(declaration.owner),
            self.definitions.get(target_number),
        ) else {
            return unresolved("its models cannot be followed", false);
        };
        let through = match &options.through {
            Some(Through::Missing(name)) => {
                return unresolved(&format!("there is no model `{name}` to go through"), false);
            }
            Some(through) => through,
            None => return unresolved("belongsToMany needs `through`", true),
        };
        let pair = self.pair(declaration, target_number);
        let paired = pair.map(|pair| &pair.options);
        let source_key = options
            .source_key
            .as_deref()
            .or(paired.and_then(|it| it.target_key.as_deref()));
        let target_key = options
            .target_key
            .as_deref()
            .or(paired.and_then(|it| it.source_key.as_deref()));
        let (source_key, target_key) = (source_key.unwrap_or(source.key()), target_key.unwrap_or(target.key()));
        let demanded = |parent: usize| match through {
            Through::Model(through) if declaration.key_demanded => self.declared_key(*through, parent),
            _ => None,
        };
        let is_self = declaration.owner == target_number;
        let owner_name = options.foreign_key.name.clone().or_else(|| demanded(declaration.owner));
        let owner_name = owner_name.unwrap_or_else(|| match (source.version, is_self) {
            (Version::Seven, true) => {
                let inverse = options.inverse.as_ref().and_then(|inverse| inverse.alias.as_deref());
                let of = inverse.map_or_else(|| source.singular(), |inverse| singularize(inverse, source.version));
                camelize(&format!("{of}_{source_key}"), source.version)
            }
            _ => camelize(&format!("{}_{source_key}", source.singular()), source.version),
        });
        let target_name = options.other_key.name.clone().or_else(|| demanded(target_number));
        let target_name = target_name.unwrap_or_else(|| {
            let of_pair = paired.and_then(|pair| pair.foreign_key.name.clone());
            of_pair.unwrap_or_else(|| {
                let alias = options
                    .singular_alias(source.version)
                    .filter(|_| is_self && pair.is_none());
                let alias = alias.or_else(|| {
                    // Of a pair on one model in Sequelize 7 each key is called after the name of the other end.
                    let alias = options.singular_alias(source.version)?;
                    (is_self && source.version == Version::Seven).then_some(alias)
                });
                let of = alias.unwrap_or_else(|| target.singular());
                camelize(&format!("{of}_{target_key}"), source.version)
            })
        });
        let owner_end = self.join_end(
            declaration,
            through,
            &owner_name,
            &options.foreign_key,
            paired.map(|it| &it.other_key),
        );
        let target_end = self.join_end(
            declaration,
            through,
            &target_name,
            &options.other_key,
            paired.map(|it| &it.foreign_key),
        );
        let owner = self.end(declaration.owner, source_key);
        let target = self.end(target_number, target_key);
        self.polymorphic_join(
            options,
            paired,
            (owner_end.clone(), owner.clone()),
            (target_end.clone(), target.clone()),
        )
        .unwrap_or(Link::JoinTable {
            owner_key: owner_end,
            owner,
            target_key: target_end,
            target,
        })
    }

    /// A join table of which one side is scoped by a type.
    fn polymorphic_join(
        &self,
        options: &Options,
        pair: Option<&Options>,
        owner: (End, End),
        target: (End, End),
    ) -> Option<Link> {
        let of_owner = polymorphic_scope(options, &options.through_scope);
        let of_target = pair.and_then(|pair| polymorphic_scope(pair, &pair.through_scope));
        let ((type_attribute, value), (child, parent), (other_key, other)) = match (of_owner, of_target) {
            (Some(scope), _) => (scope, owner, target),
            (None, Some(scope)) => (scope, target, owner),
            (None, None) => return None,
        };
        let type_column = match options.through.as_ref()? {
            Through::Model(model) => self.column(*model, type_attribute),
            _ => Ident::from(type_attribute),
        };
        Some(Link::PolymorphicJoinTable {
            child: PolymorphicEnd {
                table: child.table,
                type_column,
                id_columns: child.columns,
            },
            value: value.to_owned(),
            parent,
            other_key,
            other,
        })
    }

    /// One end of a join table.
    fn join_end(
        &self,
        declaration: &Declaration<'p>,
        through: &Through,
        attribute: &str,
        key: &KeyOptions,
        other: Option<&KeyOptions>,
    ) -> End {
        let stated = key
            .column
            .as_deref()
            .or(other.and_then(|other| other.column.as_deref()));
        match through {
            Through::Model(model) => {
                let column = match (self.definitions.get(*model), stated) {
                    (Some(definition), Some(_)) => definition.column(attribute, stated),
                    _ => self.column(*model, attribute),
                };
                End::new(self.table(*model), vec![column])
            }
            Through::Table(table) | Through::Missing(table) => {
                // Sequelize 6 makes the model with the options of the one whose association comes first; 7 takes its
                // schema only, and for the rest what holds for all models.
                let first = self
                    .declarations
                    .iter()
                    .find(|it| it.options.through.as_ref() == Some(through));
                let maker = self
                    .definitions
                    .get(first.map_or(declaration.owner, |first| first.owner));
                let underscored = maker.is_some_and(|maker| match maker.version {
                    Version::Six => maker.underscored(),
                    Version::Seven => maker.underscored_by_default,
                });
                let column = match (stated, underscored) {
                    (Some(column), _) => column.to_owned(),
                    (None, true) => underscore(attribute),
                    (None, false) => attribute.to_owned(),
                };
                let namespace = maker.and_then(|maker| maker.options.schema.as_deref()).map(Ident::from);
                let table = TableName {
                    namespace,
                    table: Ident::from(table.as_str()),
                };
                End::new(table, vec![Ident::new(column)])
            }
        }
    }

    /// The `belongsToMany` of the other model through the same table.
    pub(super) fn pair(&self, declaration: &Declaration<'p>, target: usize) -> Option<&'x Declaration<'p>> {
        let same = |other: &&Declaration<'p>| {
            other.kind == AssociationKind::BelongsToMany
                && other.owner == target
                && matches!(other.target, Target::Model(model) if model == declaration.owner)
                && other.options.through == declaration.options.through
                && other.at.node.id() != declaration.at.node.id()
        };
        self.declarations.iter().find(same)
    }
}

/// Whether an association reaches only some of the children.
pub(super) fn is_scoped(declaration: &Declaration<'_>, link: &Link) -> bool {
    let polymorphic = matches!(link, Link::PolymorphicParent { .. } | Link::PolymorphicJoinTable { .. });
    !declaration.options.scope.is_empty() && !polymorphic
}

/// The name of the key where no option gives it.
fn default_key(
    declaration: &Declaration<'_>,
    source: &Definition<'_>,
    target: &Definition<'_>,
    parent_key: &str,
) -> String {
    let alias = declaration.options.alias.as_deref();
    let (version, primary) = (source.version, source.key());
    match (version, declaration.kind) {
        (Version::Six, AssociationKind::BelongsTo) => {
            let of = alias.map_or_else(|| target.singular(), str::to_owned);
            camelize(&format!("{of}_{}", target.key()), version)
        }
        // Sequelize 6 calls the key of a hasOne after the name of the association, of all things.
        (Version::Six, AssociationKind::HasOne) => camelize(
            &format!("{}_{primary}", singularize(alias.unwrap_or(&source.name), version)),
            version,
        ),
        (Version::Six, _) => camelize(&format!("{}_{primary}", source.singular()), version),
        // In Sequelize 7 the name of the association to the parent decides, which may be that of the inverse.
        (Version::Seven, AssociationKind::BelongsTo) => {
            let of = alias.map_or_else(|| target.singular_name(), str::to_owned);
            camelize(&format!("{of}_{parent_key}"), version)
        }
        (Version::Seven, _) => {
            let inverse = declaration
                .options
                .inverse
                .as_ref()
                .and_then(|inverse| inverse.alias.as_deref());
            let of = inverse.map_or_else(|| lower_first(&source.singular()), str::to_owned);
            camelize(&format!("{of}_{parent_key}"), version)
        }
    }
}

/// The attribute and the value that a scope sets, where it is the type of a polymorphic pair: the idiom of Sequelize's
/// manual, "Polymorphic Associations".
fn polymorphic_scope<'o>(options: &Options, scope: &'o [(String, Option<String>)]) -> Option<(&'o str, &'o str)> {
    let [(attribute, Some(value))] = scope else {
        return None;
    };
    let is_type = attribute.to_lowercase().ends_with("type");
    (options.constraints == Some(false) && is_type).then_some((attribute, value))
}

/// `commentableId` → `commentableType`.
fn type_attribute(key: &str) -> String {
    for (id, kind) in [("_id", "_type"), ("Id", "Type"), ("ID", "Type")] {
        if let Some(stem) = key.strip_suffix(id) {
            return format!("{stem}{kind}");
        }
    }
    format!("{key}Type")
}
