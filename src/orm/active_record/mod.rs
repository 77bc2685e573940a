//! Active Record: the models of Ruby on Rails 4.2 to 8.1, and `db/schema.rb`.
//!
//! All files are read into definitions of classes and modules with the calls in their bodies ([`syntax`]); their names
//! are resolved as Ruby does ([`index`]); the body of each model is followed into concerns and macros of the application
//! ([`body`]); and each declaration gets the defaults of Active Record ([`association`]).

mod application;
mod association;
mod attached;
mod body;
mod expression;
mod index;
mod inflection;
mod inflection_rules;
mod lineage;
mod macros;
mod options;
mod syntax;
mod value;

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::{Models, OrmReader, SourceFile};
use crate::schema::{Association, Ident, Link, Location, Model, Note};
use application::Application;
use association::Resolver;
use body::{Body, Declared};
use index::Index;
use lineage::{Lineage, TableOf, table_name};
use syntax::{Definition, Statement};

/// The reader of Active Record's models.
pub(super) struct ActiveRecord;

/// Folders of code that is no part of the application: its tests, its migrations, and what others wrote.
const OTHER_FOLDERS: [&str; 12] = [
    "spec",
    "test",
    "tests",
    "features",
    "db",
    "vendor",
    "node_modules",
    "tmp",
    "bin",
    "script",
    "factories",
    "dummy",
];

/// Words of which a file has at least one, if it has to do with models.
const WORDS: [&str; 17] = [
    "ActiveRecord::Base",
    "ApplicationRecord",
    "belongs_to",
    "has_one",
    "has_many",
    "has_and_belongs_to_many",
    "has_rich_text",
    "delegated_type",
    "table_name",
    "abstract_class",
    "included do",
    "self.included",
    "self.prepended",
    "class_eval",
    "isolate_namespace",
    "load_defaults",
    "inflections",
];

impl OrmReader for ActiveRecord {
    fn name(&self) -> &'static str {
        "active_record"
    }

    fn claims(&self, file: &SourceFile) -> bool {
        if !file.path.ends_with(".rb") {
            return false;
        }
        let folders: Vec<&str> = file.path.split('/').collect();
        // What a user's own folders above the application are called says nothing.
        let root = folders.iter().rposition(|folder| ["app", "models"].contains(folder));
        let is_among_models = folders.contains(&"models");
        let below = folders.get(root.unwrap_or(0)..).unwrap_or(&[]);
        let is_other = folders.contains(&"dummy") || below.iter().any(|folder| OTHER_FOLDERS.contains(folder));
        let mentions = || {
            WORDS.iter().any(|word| file.text.contains(word)) || file.text.contains("belongs_to_required_by_default")
        };
        !is_other && (is_among_models || mentions())
    }

    fn read(&self, files: &[SourceFile]) -> Models {
        let framework = SourceFile {
            path: String::new(),
            text: attached::FRAMEWORK.to_owned(),
        };
        let read: Vec<(Vec<Definition>, Vec<Statement>)> =
            files.par_iter().chain([&framework]).map(syntax::read).collect();
        let mut application = Application::new();
        let mut definitions = Vec::new();
        let mut loose = Vec::new();
        for (file, (defined, statements)) in files.iter().chain([&framework]).zip(read) {
            if is_configuration(&file.path) {
                application.configure(&statements);
                for definition in &defined {
                    application.configure(&definition.body);
                }
            }
            definitions.extend(defined);
            loose.extend(statements);
        }
        let index = Index::new(definitions, &loose);
        let lineage = Lineage::new(&index, &application);
        let mut models = models(&lineage, is_whole(files));
        models.notes.extend(unused_modules(&index, &lineage));
        sort(&mut models);
        models
    }
}

fn is_configuration(path: &str) -> bool {
    path.starts_with("config/") || path.contains("/config/") || path.ends_with("engine.rb")
}

/// Whether the files are those of an application: then a class that is in none of them is nowhere.
fn is_whole(files: &[SourceFile]) -> bool {
    files.iter().any(|file| {
        file.path.ends_with("application_record.rb") || file.path.ends_with("config/application.rb")
    })
}

fn models(lineage: &Lineage<'_>, is_whole: bool) -> Models {
    let mut models = Models {
        framework: "active_record",
        models: Vec::new(),
        notes: Vec::new(),
    };
    for (name, body) in lineage.models() {
        let location = lineage.index.definitions(name).find_map(|named| {
            let definition = &named.definition;
            (definition.is_class && !definition.location.file.is_empty()).then(|| definition.location.clone())
        });
        let Some(location) = location else { continue };
        models.notes.extend(body.notes.iter().cloned());
        if let Some(superclass) = lineage.unknown_superclass(name) {
            models.notes.push(Note {
                message: format!(
                    "`{superclass}`, of which `{name}` is one, is in no file: it is taken for an abstract model"
                ),
                location: Some(location.clone()),
            });
        }
        if let TableOf::Unknown(place) = lineage.table(name)
            && lineage.base_class(name) == name
        {
            models.notes.push(Note {
                message: format!("the table of `{name}` is not written out"),
                location: Some(if place.file.is_empty() { location.clone() } else { place }),
            });
        }
        models.models.push(model(lineage, name, body, location, is_whole));
    }
    models
}

fn model(lineage: &Lineage<'_>, name: &str, body: &Body, location: Location, is_whole: bool) -> Model {
    let table = match lineage.table(name) {
        TableOf::Table(table, stated) => Some((table_name(&table), stated)),
        TableOf::None | TableOf::Unknown(_) => None,
    };
    let polymorphic_name = lineage.polymorphic_name(name);
    let soft_delete = lineage.setting(name, |body| body.settings.soft_delete.clone());
    Model {
        table_stated: table.as_ref().is_some_and(|(_, stated)| *stated),
        table: table.filter(|_| !lineage.is_abstract(name)).map(|(table, _)| table),
        primary_key: lineage.primary_key(name),
        attributes: Vec::new(),
        associations: associations(lineage, name, body, is_whole),
        polymorphic_name: (polymorphic_name != name).then_some(polymorphic_name),
        soft_delete: soft_delete.map(Ident::new),
        location,
        name: name.to_owned(),
    }
}

/// What a model declares, and what its abstract classes declare for it.
fn associations(lineage: &Lineage<'_>, name: &str, body: &Body, is_whole: bool) -> Vec<Association> {
    if lineage.is_abstract(name) {
        return Vec::new();
    }
    let resolver = Resolver {
        lineage,
        model: name,
        is_whole,
    };
    let mut declared: Vec<&Declared> = Vec::new();
    let above = lineage.abstract_above(name);
    let bodies = above.iter().rev().filter_map(|above| lineage.models().find(|(name, _)| name == above));
    for (_, body) in bodies.chain([(name, body)]) {
        for association in &body.associations {
            declared.retain(|known| known.name != association.name);
            declared.push(association);
        }
    }
    let associations = declared.into_iter().map(|declared| resolver.resolve(declared));
    // What is made of an attachment besides has no columns of its own.
    associations
        .filter(|association| !(association.implied && matches!(association.link, Link::Through { .. })))
        .collect()
}

/// A note on each module whose associations no model has.
fn unused_modules(index: &Index, lineage: &Lineage<'_>) -> Vec<Note> {
    let used: BTreeSet<&str> = lineage
        .models()
        .flat_map(|(_, body)| &body.modules)
        .map(|module| module.rsplit(' ').next().unwrap_or(module))
        .collect();
    let mut notes = Vec::new();
    for named in index.all() {
        let definition = &named.definition;
        if definition.is_class || used.contains(named.name.as_str()) || definition.location.file.is_empty() {
            continue;
        }
        let mut declares = false;
        for statement in &definition.body {
            if let Statement::Call(call) = statement
                && call.name == "included"
                && call.receiver.is_none()
                && let Some(block) = &call.block
            {
                application::each(&block.body, &mut |inner| {
                    declares |= matches!(inner, Statement::Call(call)
                        if options::declaration(&call.name).is_some() && !call.arguments.is_empty());
                });
            }
        }
        if declares {
            notes.push(Note {
                message: format!("no model that was read includes `{}`: its associations are left out", named.name),
                location: Some(definition.location.clone()),
            });
        }
    }
    notes
}

/// In the order of the files.
fn sort(models: &mut Models) {
    models
        .models
        .sort_by(|one, other| (&one.location, &one.name).cmp(&(&other.location, &other.name)));
    models.notes.sort_by(|one, other| (&one.location, &one.message).cmp(&(&other.location, &other.message)));
    models.notes.dedup();
}
