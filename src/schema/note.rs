//! What a reader could not understand, or wants to be known.

use super::{Location, Schema};

/// Something a reader wants to be known: what it could not understand, or what limits the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One sentence.
    pub message: String,
    /// Where, if it is about a file.
    pub location: Option<Location>,
}

impl Note {
    /// A note about the database as such.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            location: None,
        }
    }
}

/// What a reader gives: the schema, and what it has to say of it.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The schema.
    pub schema: Schema,
    /// What is to be known of it.
    pub notes: Vec<Note>,
}
