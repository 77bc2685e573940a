//! Laravel's Eloquent (8 to 13): what its model classes declare, spelled out with the framework's defaults.
//!
//! - [`file`], [`body`], [`expression`], [`class`]: a PHP file → its classes.
//! - [`application`]: all classes, with what they inherit and what traits bring.
//! - [`evaluate`], [`model`], [`morph_map`]: the names of tables, keys and types.
//! - [`associations`], [`links`]: what methods declare.
//! - [`framework`], [`english`], [`inflect`]: the framework's words and names, as data.
//!
//! It says nothing of the optionality of a `belongsTo`, nor of what happens when a parent goes: Eloquent does not either.

mod application;
mod associations;
mod body;
mod class;
mod condition;
mod english;
mod evaluate;
mod expression;
mod file;
mod framework;
mod inflect;
mod links;
mod model;
mod morph_map;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::application::{Application, declares, foreign};
use self::associations::Models as Found;
use self::class::{Class, Sort};
use self::inflect::class_basename;
use self::morph_map::MorphNames;
use super::{Models, OrmReader, SourceFile};
use crate::schema::{Model, Note};

/// The reader.
pub(super) struct Eloquent;

/// What the classes that a Laravel application has most of extend. A file that has nothing else is left out.
const NO_MODELS: &[&str] = &[
    "Migration",
    "Controller",
    "BaseController",
    "TestCase",
    "DuskTestCase",
    "Seeder",
    "Command",
    "FormRequest",
    "Request",
    "Mailable",
    "Notification",
    "Factory",
    "Exception",
    "JsonResource",
    "ResourceCollection",
    "ServiceProvider",
];

impl OrmReader for Eloquent {
    fn name(&self) -> &'static str {
        "eloquent"
    }

    fn claims(&self, file: &SourceFile) -> bool {
        let path = file.path.as_str();
        let Some(stem) = path.strip_suffix(".php") else {
            return is_composer_file(path);
        };
        // Templates are PHP too.
        if stem.rsplit('.').next() == Some("blade") {
            return false;
        }
        if configuration(path).is_some() {
            return true;
        }
        let text = file.text.as_str();
        // Morph maps, associations added from outside, and helper functions that name models.
        if ["orphMap(", "resolveRelationUsing(", "function_exists("]
            .iter()
            .any(|word| text.contains(word))
        {
            return true;
        }
        // Keys and tables are named by constants, which can be in any class.
        let declares = ["\ntrait ", "\nenum ", "const ", "abstract class "]
            .iter()
            .any(|word| text.contains(word));
        declares || extends_what_can_be_a_model(text)
    }

    fn read(&self, files: &[SourceFile]) -> Models {
        let (composer, code): (Vec<&SourceFile>, Vec<&SourceFile>) =
            files.iter().partition(|file| is_composer_file(&file.path));
        let facts: Vec<_> = code.par_iter().map(|file| file::read(file)).collect();
        let mut application = Application::default();
        application.version = composer.into_iter().find_map(version);
        for (file, facts) in code.into_iter().zip(facts) {
            if let Some(facts) = facts {
                application.add(facts, configuration(&file.path));
            }
        }
        let (morphs, morph_notes) = MorphNames::read(&application);
        let found = Found::new(&application, &morphs);
        let mut notes: Vec<Note> = Vec::new();
        let mut models = Vec::new();
        let associations = associations_of_all(&found, &mut notes);
        let bases = bases(&application, &associations);
        for class in application.classes() {
            if let Some(model) = model(&found, class, associations.get(&class.name), &bases) {
                models.push(model);
            }
        }
        notes.extend(morph_notes);
        notes.extend(left_out(&found));
        notes.extend(application.notes);
        Models {
            framework: self.name(),
            models,
            notes: in_order(notes),
        }
    }
}

fn is_composer_file(path: &str) -> bool {
    path == "composer.json" || path.ends_with("/composer.json")
}

/// The major version that an application wants of the framework; the oldest where it takes more than one.
fn version(composer: &SourceFile) -> Option<u32> {
    let wanted: serde_json::Value = serde_json::from_str(&composer.text).ok()?;
    let packages = ["laravel/framework", "illuminate/database"];
    let constraint = packages
        .iter()
        .find_map(|package| wanted.get("require")?.get(package)?.as_str())?;
    let numbers = constraint.split(['|', ' ', ',']).filter_map(|part| {
        let digits = part.trim_start_matches(|character: char| !character.is_ascii_digit());
        digits
            .split(|character: char| !character.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    });
    numbers.min()
}

/// The name of a file of configuration: `config/auth.php` is `auth`.
fn configuration(path: &str) -> Option<&str> {
    let (folder, file) = path.rsplit_once('/')?;
    (folder == "config" || folder.ends_with("/config")).then(|| file.strip_suffix(".php"))?
}

fn extends_what_can_be_a_model(text: &str) -> bool {
    let bases = text.match_indices(" extends ").map(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or("").trim_start();
        let end = rest.find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '\\')));
        class_basename(rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest))
    });
    bases.into_iter().any(|base| !NO_MODELS.contains(&base))
}

type Associations = BTreeMap<String, Vec<crate::schema::Association>>;

/// The associations of each model that is not abstract.
fn associations_of_all(found: &Found<'_>, notes: &mut Vec<Note>) -> Associations {
    let classes = found.application.classes().into_iter();
    let models = classes.filter(|class| class.sort == Sort::Concrete && found.names(&class.name).is_some());
    let read = models.map(|class| {
        let (associations, more) = found.associations(class);
        notes.extend(more);
        (class.name.clone(), associations)
    });
    read.collect()
}

/// Classes that are there only for others to extend, though the code does not call them abstract: they are named so,
/// name no table, and nothing is associated with them.
fn bases(application: &Application, associations: &Associations) -> BTreeSet<String> {
    let extended = application
        .classes()
        .into_iter()
        .filter_map(|class| class.parent.as_deref());
    let targets: BTreeSet<&str> = associations
        .values()
        .flatten()
        .filter_map(|association| association.target.as_deref())
        .collect();
    let bases = extended.filter_map(|parent| application.class(parent)).filter(|class| {
        let name = class_basename(&class.name);
        let is_named_so = ["Base", "Abstract"].iter().any(|word| name.contains(word)) || name.ends_with("Model");
        is_named_so && application.property(class, "table").is_none() && !targets.contains(class.name.as_str())
    });
    bases.map(|class| class.name.clone()).collect()
}

fn model(
    found: &Found<'_>,
    class: &Class,
    associations: Option<&Vec<crate::schema::Association>>,
    bases: &BTreeSet<String>,
) -> Option<Model> {
    let names = found.names(&class.name)?;
    let (_, end) = found.application.line(class);
    let has_table = class.sort == Sort::Concrete && !bases.contains(&class.name);
    let morph = names.morph.as_ref().ok().filter(|morph| **morph != class.name);
    Some(Model {
        name: class.name.clone(),
        table: names.table.clone().ok().filter(|_| has_table),
        table_stated: names.stated,
        table_guessed: !names.stated && end.is_some_and(|end| foreign(end).is_none())
            || model::other_connection(found.application, class).is_some(),
        computed: model::computed(found.application, class),
        primary_key: names.key.clone().unwrap_or_default(),
        attributes: Vec::new(),
        associations: associations.filter(|_| has_table).cloned().unwrap_or_default(),
        polymorphic_name: morph.cloned(),
        soft_delete: model::soft_delete(found.application, class),
        location: class.location.clone(),
    })
}

/// Notes on what is known to be left out: classes outside of the files, other connections, associations without model.
fn left_out(found: &Found<'_>) -> Vec<Note> {
    let application = found.application;
    let mut notes = Vec::new();
    let mut ends = BTreeSet::new();
    let mut bearers = BTreeSet::new();
    for class in application.classes() {
        let Some(names) = found.names(&class.name) else {
            continue;
        };
        let note = |message: String| Note {
            message,
            location: Some(class.location.clone()),
        };
        let (line, end) = application.line(class);
        if class.sort == Sort::Concrete {
            bearers.extend(line.iter().map(|class| class.name.as_str()));
            bearers.extend(
                line.iter()
                    .flat_map(|class| application.traits(class))
                    .map(|used| used.name.as_str()),
            );
        }
        if let Some(end) = end.filter(|end| foreign(end).is_none() && ends.insert(end.to_ascii_lowercase())) {
            notes.push(note(format!(
                "`{}` extends `{end}`, which is in none of the files: what that says of tables, keys and associations \
                 is not known.",
                class.name
            )));
        }
        if let Err(unclear) = &names.table {
            notes.push(note(format!("{}.", capitalised(&unclear.why))));
        }
        if let Some(connection) = model::other_connection(application, class) {
            notes.push(note(format!(
                "`{}` is on the connection {connection}, which can be another database.",
                class.name
            )));
        }
    }
    for class in &application.second {
        if found.names(&class.name).is_some() {
            notes.push(Note {
                message: format!("`{}` is declared a second time: this one is not read.", class.name),
                location: Some(class.location.clone()),
            });
        }
    }
    for class in application.classes() {
        if class.methods.iter().any(declares) && !bearers.contains(class.name.as_str()) {
            let what = match class.sort {
                Sort::Trait => "is a trait that no model uses",
                Sort::Abstract => "is abstract, and no model extends it",
                Sort::Concrete | Sort::Constants => "is no model as far as could be followed",
            };
            notes.push(Note {
                message: format!("`{}` declares associations and {what}: they are not read.", class.name),
                location: Some(class.location.clone()),
            });
        }
    }
    notes
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => format!("{}{}", first.to_uppercase(), characters.as_str()),
        None => String::new(),
    }
}

/// Each note once, in the order of the files.
fn in_order(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by(|one, other| (&one.location, &one.message).cmp(&(&other.location, &other.message)));
    notes.dedup();
    notes
}
