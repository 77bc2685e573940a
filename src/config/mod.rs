//! The user's file, `relaudit.yml`: what is stated of the relations, and what is changed of the rules.

mod settings;
mod stated;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::infer::{self, ExtraWords};
use crate::plan::Treatment;
use crate::rules::{Override, RuleSet, Suppression};
use crate::yaml::{self, Spanned};

pub use stated::Unresolved;

/// The file's name where the user gives none.
pub const DEFAULT_PATH: &str = "relaudit.yml";

/// What the file says.
#[derive(Debug, Clone, Default)]
pub struct Config {
    path: PathBuf,
    content: Content,
}

/// Why the file cannot be used. Never quotes a line of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read the configuration {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It says something that cannot be understood.
    #[error("cannot use the configuration {}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What, with line and column.
        reason: String,
    },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Content {
    models: Vec<PathBuf>,
    relations: Vec<RelationEntry>,
    polymorphic: Vec<PolymorphicEntry>,
    duplicates: Vec<DuplicatesEntry>,
    rules: BTreeMap<String, Override>,
    inference: ExtraWords,
    ignore: Vec<Suppression>,
}

/// One entry of `relations:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationEntry {
    child: Spanned<String>,
    #[serde(alias = "foreign_key")]
    columns: Option<OneOrMany>,
    parent: Option<Spanned<String>>,
    #[serde(alias = "target_key")]
    parent_columns: Option<OneOrMany>,
    kind: Option<Kind>,
    optional: Option<bool>,
    on_delete: Option<Spanned<String>>,
    orphans: Option<Treatment>,
    through: Option<Spanned<String>>,
    other_key: Option<OneOrMany>,
}

/// How an entry reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    HasOne,
    HasMany,
    BelongsTo,
    BelongsToMany,
    None,
}

/// One entry of `polymorphic:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolymorphicEntry {
    child: Spanned<String>,
    type_column: Spanned<String>,
    #[serde(alias = "id_columns")]
    id_column: OneOrMany,
    #[serde(default)]
    targets: BTreeMap<String, String>,
}

/// One entry of `duplicates:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DuplicatesEntry {
    table: Spanned<String>,
    columns: OneOrMany,
    keep: Spanned<String>,
}

/// A name, or a list of names.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

impl Config {
    /// Reads the file that the user names, or `relaudit.yml` in the working directory if it is there.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let given = path.is_some();
        let path = path.unwrap_or(Path::new(DEFAULT_PATH));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if !given && error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::Read {
                path: path.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let content = if text.trim().is_empty() {
            Content::default()
        } else {
            yaml::read(text).map_err(|reason| Error::Content {
                path: path.to_owned(),
                reason,
            })?
        };
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// Where the application's models are, as paths from the working directory: those of the file are from its folder.
    pub fn models(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        self.content.models.iter().map(|path| folder.join(path)).collect()
    }

    /// The rules with what the file changes of them, and without the findings that it ignores.
    ///
    /// # Errors
    ///
    /// One sentence: a rule or an option that there is not.
    pub fn rules(&self) -> Result<RuleSet, String> {
        RuleSet::load(&self.content.rules)?
            .ignoring(&self.content.ignore, &self.path)
            .map_err(|reason| format!("cannot use the configuration {}: {reason}", self.path.display()))
    }

    /// Adds the file's words to those of inference, for the rest of the process.
    ///
    /// # Errors
    ///
    /// What cannot be added.
    pub fn add_words(&self) -> Result<(), Error> {
        infer::add_words(self.content.inference.clone()).map_err(|reason| Error::Content {
            path: self.path.clone(),
            reason,
        })
    }

    /// An error at a place in the file.
    fn error_at<T>(&self, place: &Spanned<T>, reason: &str) -> Error {
        let (line, column) = yaml::place(place);
        Error::Content {
            path: self.path.clone(),
            reason: format!("{reason} at line {line}, column {column}"),
        }
    }
}
