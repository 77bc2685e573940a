//! Active Record: the models of Ruby on Rails 4.2 to 8.1, and `db/schema.rb`.
//!
//! All files are read into definitions of classes and modules with the calls in their bodies ([`syntax`]); their names
//! are resolved as Ruby does ([`index`]); the body of each model is followed into concerns and macros of the application
//! ([`body`]); and each declaration gets the defaults of Active Record ([`association`]).

mod application;
mod association;
mod attached;
mod body;
mod concern;
mod expression;
mod index;
mod inflection;
mod inflection_rules;
mod lineage;
mod macros;
mod options;
pub mod schema_rb;
mod syntax;
mod value;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

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
        if Path::new(&file.path).extension() != Some(OsStr::new("rb")) {
            return false;
        }
        let folders: Vec<&str> = file.path.split('/').collect();
        // What a user's own folders above the application are called says nothing.
        let last_of = |names: &[&str]| folders.iter().rposition(|folder| names.contains(folder));
        let root = match last_of(&["app"]) {
            Some(app) => app,
            None if folders.first() == Some(&"") => {
                last_of(&["lib", "config", "models"]).map_or(0, |at| at.saturating_sub(1))
            }
            None => 0,
        };
        let is_among_models = folders.contains(&"models");
        let below = folders.get(root..).unwrap_or(&[]);
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
        models.notes.extend(left_out(&index, &lineage));
        sort(&mut models);
        models
    }
}

fn is_configuration(path: &str) -> bool {
    path.starts_with("config/") || path.contains("/config/") || path.ends_with("engine.rb")
}

/// Whether the files are those of an application: then a class that is in none of them is nowhere.
fn is_whole(files: &[SourceFile]) -> bool {
    files
        .iter()
        .any(|file| file.path.ends_with("application_record.rb") || file.path.ends_with("config/application.rb"))
}

fn models(lineage: &Lineage<'_>, is_whole: bool) -> Models {
    let mut models = Models {
        framework: "active_record",
        models: Vec::new(),
        notes: Vec::new(),
    };
    for (name, body) in lineage.models() {
        let Some(location) = place(lineage.index, name) else {
            continue;
        };
        models.notes.extend(body.notes.iter().cloned());
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
    for (superclass, classes) in lineage.unknown_superclasses() {
        let first = classes
            .iter()
            .filter_map(|class| models.models.iter().find(|model| model.name == *class));
        let Some(first) = first.min_by_key(|model| &model.location) else {
            continue;
        };
        let what = match classes.as_slice() {
            [only] => format!("of which `{only}` is one,"),
            several => format!("of which `{}` and {} others are,", first.name, several.len() - 1),
        };
        models.notes.push(Note {
            message: format!("`{superclass}`, {what} is in no file: it is taken for an abstract model"),
            location: Some(first.location.clone()),
        });
    }
    models
}

/// Where a class is defined; it can be opened in other places too, without a superclass. `None` for those of Rails.
fn place(index: &Index, class: &str) -> Option<Location> {
    let definitions = || {
        let all = index.definitions(class).map(|named| &named.definition);
        all.filter(|definition| definition.is_class && !definition.location.file.is_empty())
    };
    let defined = definitions().find(|definition| definition.superclass.is_some());
    defined
        .or(definitions().next())
        .map(|definition| definition.location.clone())
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
        computed: Vec::new(),
        table_guessed: !table.as_ref().is_some_and(|(_, stated)| *stated) && lineage.is_partly_unseen(name),
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
    let bodies = above.iter().rev().filter_map(|above| lineage.body(above));
    for body in bodies.chain([body]) {
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

/// A note on each module whose associations no model has, and on each class among the models that is none.
fn left_out(index: &Index, lineage: &Lineage<'_>) -> Vec<Note> {
    let used: BTreeSet<&str> = lineage
        .models()
        .flat_map(|(_, body)| &body.modules)
        .map(|module| module.rsplit(' ').next().unwrap_or(module))
        .collect();
    let mut notes = Vec::new();
    for named in index.all() {
        let (name, definition) = (named.name.as_str(), &named.definition);
        let file = &definition.location.file;
        if file.is_empty() || used.contains(name) || lineage.is_model(name) {
            continue;
        }
        let message = if index.is_class(name) {
            let is_among_models = file.starts_with("models/") || file.contains("/models/");
            (is_among_models && declares(&definition.body, false))
                .then(|| format!("`{name}` inherits from no model that was read: its associations are left out"))
        } else {
            declares(&definition.body, true)
                .then(|| format!("no model that was read includes `{name}`: its associations are left out"))
        };
        notes.extend(message.map(|message| Note {
            message,
            location: Some(definition.location.clone()),
        }));
    }
    notes
}

/// Whether an association is declared right in a body; in that of a module, for those that include it.
fn declares(body: &[Statement], is_module: bool) -> bool {
    body.iter().any(|statement| {
        let Statement::Call(call) = statement else { return false };
        match &call.block {
            Some(block) if is_module && call.name == "included" => declares(&block.body, false),
            _ => !is_module && options::declaration(&call.name).is_some() && call.receiver.is_none(),
        }
    })
}

/// In the order of the files.
fn sort(models: &mut Models) {
    models
        .models
        .sort_by(|one, other| (&one.location, &one.name).cmp(&(&other.location, &other.name)));
    models
        .notes
        .sort_by(|one, other| (&one.location, &one.message).cmp(&(&other.location, &other.message)));
    models.notes.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_files_of_an_application_are_claimed() {
        let claims = |path: &str, text: &str| ActiveRecord.claims(&file(path, text));
        assert!(claims("app/models/admin.rb", "class Admin < User; end"));
        assert!(claims("/home/test/shop/app/models/admin.rb", "class Admin < User; end"));
        assert!(claims("engines/blog/app/models/post.rb", ""));
        assert!(claims("lib/tree.rb", "def tree; has_many :children; end"));
        assert!(claims(
            "config/initializers/inflections.rb",
            "ActiveSupport::Inflector.inflections do"
        ));
        assert!(!claims(
            "app/controllers/posts_controller.rb",
            "class PostsController; end"
        ));
        assert!(!claims(
            "spec/models/post_spec.rb",
            "it { should belong_to :x; belongs_to }"
        ));
        assert!(claims("/tmp/shop/models/admin.rb", "class Admin < User; end"));
        assert!(!claims("/tmp/shop/spec/models/admin_spec.rb", "belongs_to"));
        assert!(!claims("db/migrate/1_a.rb", "class User < ActiveRecord::Base; end"));
        assert!(!claims("app/models/post.js", "has_many"));
    }

    #[test]
    fn marks_of_deleted_rows_are_told() {
        for (body, column) in [
            ("acts_as_paranoid", Some("deleted_at")),
            ("acts_as_paranoid column: :gone_at", Some("gone_at")),
            ("include Discard::Model", Some("discarded_at")),
            (
                "include Discard::Model\n self.discard_column = :deleted_at",
                Some("deleted_at"),
            ),
            ("default_scope { where(deleted_at: nil) }", Some("deleted_at")),
            ("default_scope -> { where(removed_at: nil) }", Some("removed_at")),
            ("default_scope { where(parent_id: nil) }", None),
            ("default_scope { where(deleted_at: nil).order(:id) }", None),
            ("", None),
        ] {
            let text = format!("class Post < ActiveRecord::Base\n {body}\nend");
            let models = ActiveRecord.read(&[file("app/models/post.rb", &text)]).models;
            let found: Vec<Option<&str>> = models
                .iter()
                .map(|model| model.soft_delete.as_ref().map(Ident::as_str))
                .collect();
            assert_eq!(found, [column], "{body}");
        }
    }

    #[test]
    fn an_engine_gives_its_tables_a_prefix() {
        let files = [
            file(
                "lib/blog/admin/engine.rb",
                "class Blog::Admin::Engine < Rails::Engine\n isolate_namespace Blog::Admin\nend",
            ),
            file(
                "app/models/blog/admin/post.rb",
                "module Blog::Admin\n class Post < ApplicationRecord\n has_many :notes\n end\n \
                 class Note < ApplicationRecord; self.table_name_suffix = '_v2'; end\nend",
            ),
        ];
        let models = ActiveRecord.read(&files).models;
        let tables: Vec<String> = models
            .iter()
            .filter_map(|model| Some(model.table.as_ref()?.to_string()))
            .collect();
        assert_eq!(tables, ["blog_admin_posts", "blog_admin_notes_v2"]);
    }
}
