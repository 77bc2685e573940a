//! What stands for models in type columns: their names, unless a morph map says otherwise.

use std::collections::BTreeMap;

use super::application::Application;
use super::evaluate::{Place, Value, written};
use crate::schema::Note;

/// Other names of classes: class in lower case → what stands for it.
#[derive(Debug, Default)]
pub(super) struct MorphNames(BTreeMap<String, String>);

impl MorphNames {
    /// Reads all morph maps of an application (`Relation::morphMap`, `Relation::enforceMorphMap`).
    pub(super) fn read(application: &Application) -> (Self, Vec<Note>) {
        let mut names = Self::default();
        let mut notes = Vec::new();
        for call in &application.morph_maps {
            let class = call.class.as_ref().and_then(|class| application.class(class));
            let place = Place::of_class(application, class);
            let mut unclear = |what: String| {
                notes.push(Note {
                    message: format!("What the morph map has as {what} is known only when the code runs."),
                    location: Some(call.location.clone()),
                });
            };
            let Value::List(entries) = place.value(&call.map) else {
                unclear(written(&call.map));
                continue;
            };
            let is_list = entries.iter().all(|(key, _)| key.is_none());
            for (alias, class) in entries {
                match (alias, class) {
                    (Some(alias), Value::Text(class)) => names.add(&class, alias),
                    // A list of models: each by its table.
                    (None, Value::Text(class)) if is_list => match application.class(&class) {
                        Some(class) => match place.method_of(&class.name, "getTable") {
                            Some(Value::Text(table)) => names.add(&class.name, table),
                            _ => unclear(class.name.clone()),
                        },
                        None => unclear(class),
                    },
                    (_, Value::Unknown(code)) => unclear(code),
                    (_, value) => unclear(format!("{value:?}")),
                }
            }
        }
        (names, notes)
    }

    /// The first name that a class gets is the one that is written.
    fn add(&mut self, class: &str, alias: String) {
        let class = class.trim_start_matches('\\').to_ascii_lowercase();
        self.0.entry(class).or_insert(alias);
    }

    /// What stands for a class.
    pub(super) fn of(&self, class: &str) -> String {
        let other = self.0.get(&class.to_ascii_lowercase());
        other.cloned().unwrap_or_else(|| class.to_owned())
    }
}
