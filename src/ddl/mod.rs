//! SQL text → the same schema that a live database fills, without a server.
//!
//! Statements are applied in the order of the files to a catalogue of our own, as the server would. It never fails: what
//! is not understood becomes a note with its place, and only that element is lost.

mod heads;
mod mysql;
mod postgres;
mod references;
mod sniff;
pub mod splitter;
mod tokens;

use crate::schema::{Location, Note, Read};
pub use sniff::sniff;
use splitter::{Piece, PieceKind, Splitter};
use tokens::Tokens;

/// A file, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As the user named it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Whose SQL a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlDialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// Applies the files' statements in order, and gives the schema after the last one, with notes on what is lost.
pub fn read(files: &[SourceFile], dialect: SqlDialect) -> Read {
    let mut reader = Reader::new(files, dialect);
    let mut notes = Vec::new();
    for file in files {
        for piece in Splitter::new(&file.text, dialect) {
            if piece.kind != PieceKind::Statement {
                continue;
            }
            if let Some(what) = piece.unclosed {
                notes.push(note(
                    file,
                    &piece,
                    &format!("{what} in the statement that starts here is never closed"),
                ));
            }
            let sql = piece.sql();
            if reader.ignores(&sql) {
                continue;
            }
            let tokens = Tokens::new(&sql, (piece.line, piece.column), &file.name, dialect);
            reader.apply(&tokens);
            if let Some((location, message)) = tokens.failed {
                notes.push(Note {
                    message: format!("the rest of the statement is lost: {message}"),
                    location: Some(location),
                });
            }
        }
    }
    let mut read = reader.finish();
    read.notes.extend(notes);
    read
}

/// What applies the statements of a dialect.
enum Reader {
    Postgres(postgres::Reader),
    MySql(mysql::Reader),
}

impl Reader {
    fn new(files: &[SourceFile], dialect: SqlDialect) -> Self {
        match dialect {
            SqlDialect::MySql => {
                let is_mariadb = files
                    .iter()
                    .any(|file| mysql::Flavor::of(&file.text) == mysql::Flavor::MariaDb);
                let flavor = if is_mariadb {
                    mysql::Flavor::MariaDb
                } else {
                    mysql::Flavor::MySql
                };
                Self::MySql(mysql::Reader::new(flavor))
            }
            SqlDialect::Postgres | SqlDialect::Sqlite => Self::Postgres(postgres::Reader::new()),
        }
    }

    fn ignores(&self, sql: &str) -> bool {
        match self {
            Self::Postgres(_) => postgres::is_ignored(sql),
            Self::MySql(_) => mysql::is_ignored(sql),
        }
    }

    fn apply(&mut self, tokens: &Tokens<'_>) {
        match self {
            Self::Postgres(reader) => reader.apply(tokens),
            Self::MySql(reader) => reader.apply(tokens),
        }
    }

    fn finish(self) -> Read {
        match self {
            Self::Postgres(reader) => reader.finish(),
            Self::MySql(reader) => reader.finish(),
        }
    }
}

fn note(file: &SourceFile, piece: &Piece<'_>, message: &str) -> Note {
    Note {
        message: message.to_owned(),
        location: Some(Location {
            file: file.name.clone(),
            line: piece.line,
            column: piece.column,
        }),
    }
}

/// The words of a statement, without what stands between them.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .filter(|word| !word.is_empty())
}

/// The first words of a text, for a message.
fn short(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().take(6).collect();
    if text.split_whitespace().nth(6).is_some() {
        words.push("…");
    }
    words.join(" ")
}
