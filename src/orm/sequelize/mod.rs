//! Sequelize 6 and 7, in JavaScript and TypeScript, also with the decorators of `sequelize-typescript`.
//!
//! It never runs the code: names are followed through declarations, imports and exports as far as these say what they
//! stand for.

mod binding;
mod code;
mod collect;
mod declaration;
mod decorator;
mod definition;
mod evaluate;
mod inflection;
mod link;
mod model;
mod options;
mod project;

use super::{Models, OrmReader, SourceFile};
use code::Code;
use link::Linker;
use project::{ENDINGS, Project, has_ending};

/// The reader.
pub(super) struct Sequelize;

/// A version of Sequelize. Versions before 6 are read like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Six,
    Seven,
}

/// Words of which a file that has to do with models has one.
const WORDS: &[&str] = &[
    "equelize",
    ".define(",
    ".hasMany(",
    ".hasOne(",
    ".belongsTo(",
    ".belongsToMany(",
];

impl OrmReader for Sequelize {
    fn name(&self) -> &'static str {
        "sequelize"
    }

    fn claims(&self, file: &SourceFile) -> bool {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if has_ending(name, "json") {
            let configures = file.text.contains("\"dialect\"") && file.text.contains("\"define\"");
            return name == "package.json" && file.text.contains("sequelize") || configures;
        }
        let is_code = ENDINGS.iter().any(|ending| has_ending(name, ending));
        // Files that only pass models on, or have names for them, need not say a word of Sequelize.
        let has = |part: &str, word: &str| part.to_lowercase().contains(word);
        let of_models = folder.split('/').any(|part| has(part, "model"));
        let of_names = file
            .path
            .split('/')
            .any(|part| has(part, "constant") || has(part, "enum"));
        is_code && (of_models || of_names || WORDS.iter().any(|word| file.text.contains(word)))
    }

    fn read(&self, files: &[SourceFile]) -> Models {
        let project = Project::new(files);
        let mut code = Code::new(&project);
        let mut notes = Vec::new();
        let definitions = collect::models(&mut code, &mut notes);
        let mut models = Vec::new();
        // Words such as `belongsTo` are those of other libraries where no model is one of Sequelize.
        if !definitions.is_empty() {
            let declarations = declaration::declarations(&code, &definitions, &mut notes);
            let linker = Linker::new(&code, &definitions, &declarations);
            models = model::models(&linker);
        }
        notes.sort_by(|one, other| {
            one.location
                .cmp(&other.location)
                .then_with(|| one.message.cmp(&other.message))
        });
        notes.dedup();
        Models {
            framework: "sequelize",
            models,
            notes,
        }
    }
}
