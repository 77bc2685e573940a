//! SQL text → the same schema that a live database fills, without a server.
//!
//! Statements are applied in the order of the files to a catalogue of our own, as the server would. It never fails: what
//! is not understood becomes a note with its place, and only that element is lost.

mod column_type;
pub mod folder;
mod heads;
mod mysql;
mod planned;
mod postgres;
mod references;
mod sniff;
pub mod splitter;
mod sqlite;
mod text;
mod tokens;

use crate::schema::{Location, Note, Read};
pub use column_type::{cast, column_type};
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
    let parts: Vec<(&SourceFile, u32)> = files.iter().map(|file| (file, 1)).collect();
    read_parts(&parts, dialect)
}

/// The same of parts of files, each with the line that it starts on. Rows were cut out between them.
pub fn read_parts(parts: &[(&SourceFile, u32)], dialect: SqlDialect) -> Read {
    let mut reader = Reader::new(parts, dialect);
    let mut notes = Vec::new();
    for (file, first_line) in parts {
        for piece in Splitter::new(&file.text, dialect).from_line(*first_line) {
            match piece.kind {
                PieceKind::Statement => {}
                PieceKind::Rows => continue,
                PieceKind::ClientCommand => {
                    notes.extend(client_command(file, &piece));
                    continue;
                }
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
                let doubt = doubt(&sql, dialect);
                notes.extend(doubt.map(|doubt| note(file, &piece, &format!("`{}` {doubt}", short(&sql)))));
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
    Sqlite(sqlite::Reader),
}

impl Reader {
    fn new(parts: &[(&SourceFile, u32)], dialect: SqlDialect) -> Self {
        match dialect {
            SqlDialect::MySql => {
                let is_mariadb = parts
                    .iter()
                    .any(|(file, _)| mysql::Flavor::of(&file.text) == mysql::Flavor::MariaDb);
                let flavor = if is_mariadb {
                    mysql::Flavor::MariaDb
                } else {
                    mysql::Flavor::MySql
                };
                Self::MySql(mysql::Reader::new(flavor))
            }
            SqlDialect::Postgres => Self::Postgres(postgres::Reader::new()),
            SqlDialect::Sqlite => Self::Sqlite(sqlite::Reader::new()),
        }
    }

    fn ignores(&self, sql: &str) -> bool {
        match self {
            Self::Postgres(_) => postgres::is_ignored(sql),
            Self::MySql(_) => mysql::is_ignored(sql),
            Self::Sqlite(_) => sqlite::is_ignored(sql),
        }
    }

    fn apply(&mut self, tokens: &Tokens<'_>) {
        match self {
            Self::Postgres(reader) => reader.apply(tokens),
            Self::MySql(reader) => reader.apply(tokens),
            Self::Sqlite(reader) => reader.apply(tokens),
        }
    }

    fn finish(self) -> Read {
        match self {
            Self::Postgres(reader) => reader.finish(),
            Self::MySql(reader) => reader.finish(),
            Self::Sqlite(reader) => reader.finish(),
        }
    }
}

/// A note on a line that makes a client read other files, which nobody has named.
fn client_command(file: &SourceFile, piece: &Piece<'_>) -> Option<Note> {
    const READING: [&str; 9] = [
        "\\i",
        "\\ir",
        "\\include",
        "\\include_relative",
        ".read",
        ".import",
        ".open",
        ".restore",
        ".load",
    ];
    let command = piece.text.split_whitespace().next().unwrap_or("");
    READING.contains(&command).then(|| {
        let message = format!(
            "`{}` reads another file, which is not followed: name that file too",
            short(piece.text)
        );
        note(file, piece, &message)
    })
}

/// Why a statement that is passed over may matter all the same.
fn doubt(sql: &str, dialect: SqlDialect) -> Option<&'static str> {
    let mut words = words(sql);
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if !is_known(sql) {
        Some("is no statement that is known")
    } else if is(first, "ROLLBACK") && !is(second, "TO") && !is(second, "PREPARED") {
        Some("undoes what its transaction did; it is taken for done")
    } else if is(first, "EXECUTE") && dialect == SqlDialect::MySql && !planned::runs_prepared(sql) {
        Some("runs what cannot be told from the text")
    } else {
        None
    }
}

/// Whether a statement starts as statements do. What does not is no SQL, or reads other files.
fn is_known(sql: &str) -> bool {
    const VERBS: [&str; 81] = [
        "ABORT",
        "ALTER",
        "ANALYZE",
        "ATTACH",
        "BEGIN",
        "BINLOG",
        "CACHE",
        "CALL",
        "CHANGE",
        "CHECK",
        "CHECKPOINT",
        "CHECKSUM",
        "CLOSE",
        "CLUSTER",
        "COMMENT",
        "COMMIT",
        "COPY",
        "CREATE",
        "DEALLOCATE",
        "DECLARE",
        "DELETE",
        "DESC",
        "DESCRIBE",
        "DETACH",
        "DISCARD",
        "DO",
        "DROP",
        "END",
        "EXECUTE",
        "EXPLAIN",
        "FETCH",
        "FLUSH",
        "GRANT",
        "HANDLER",
        "IMPORT",
        "INSERT",
        "INSTALL",
        "KILL",
        "LISTEN",
        "LOAD",
        "LOCK",
        "MERGE",
        "MOVE",
        "NOTIFY",
        "OPTIMIZE",
        "PRAGMA",
        "PREPARE",
        "PURGE",
        "REASSIGN",
        "REFRESH",
        "REINDEX",
        "RELEASE",
        "RENAME",
        "REPAIR",
        "REPLACE",
        "RESET",
        "REVOKE",
        "ROLLBACK",
        "SAVEPOINT",
        "SECURITY",
        "SELECT",
        "SET",
        "SHOW",
        "SHUTDOWN",
        "SIGNAL",
        "START",
        "STOP",
        "TABLE",
        "TRUNCATE",
        "UNINSTALL",
        "UNLISTEN",
        "UNLOCK",
        "UPDATE",
        "USE",
        "VACUUM",
        "VALUES",
        "WITH",
        "XA",
        "WARNINGS",
        "RESIGNAL",
        "RETURN",
    ];
    let first = words(sql).next().unwrap_or("");
    // A query in parentheses, and the end of a conditional comment.
    sql.trim_start().starts_with('(') || first.is_empty() || VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb))
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
