//! Model source files → what they declare. Never runs the code, never fails: what a reader cannot follow is a note
//! with its place.
//!
//! To add a framework: one folder with an [`OrmReader`], one line in [`ALL`], and its models of the shop in `fixtures/`.
//! A reader spells out every default of its framework, so that nobody after it knows frameworks, and knows nothing of
//! dialects and rules itself.

mod active_record;
mod eloquent;
mod resolve;
mod sequelize;
mod tree;

use crate::schema::{Model, Note};

pub use active_record::schema_rb;
pub use resolve::{add_to, mark_soft_deletion, resolve};

/// A framework whose models can be read.
pub trait OrmReader: Sync {
    /// As users write it: `sequelize`, `eloquent`, `active_record`.
    fn name(&self) -> &'static str;

    /// Whether this file can have to do with the framework's models. Cheap: a look at the path and for a few words.
    fn claims(&self, file: &SourceFile) -> bool;

    /// What the files declare. They are those that the reader claimed, in path order.
    fn read(&self, files: &[SourceFile]) -> Models;
}

/// A file of source code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As the user would name it, with `/` between folders.
    pub path: String,
    /// Its text. Bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// What one framework's models declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    /// The framework's name.
    pub framework: &'static str,
    /// In the order of the files.
    pub models: Vec<Model>,
    /// What could not be followed.
    pub notes: Vec<Note>,
}

/// Every framework whose models can be read.
pub static ALL: &[&dyn OrmReader] = &[&active_record::ActiveRecord, &eloquent::Eloquent, &sequelize::Sequelize];
