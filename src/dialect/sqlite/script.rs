//! Running a script in a database in memory: statement by statement, so that an error can name the line, and so that
//! nothing outside of that database is touched.

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::other_dialect;
use super::script_locations::Locations;
use super::session::{Watched, message};
use super::tokens::{Lines, Token, TokenKind, Tokens};
use crate::dialect::{ConnectOptions, QueryFailure};
use crate::schema::Note;

/// A script that has run.
pub(super) struct Loaded {
    pub(super) connection: Watched,
    pub(super) notes: Vec<Note>,
    pub(super) locations: Locations,
}

/// Runs a script. The error is a sentence that names the line.
pub(super) fn load(name: &str, script: &str, options: &ConnectOptions) -> Result<Loaded, String> {
    let lines = Lines::new(script);
    if let Some(at) = script.find('\0') {
        let line = lines.line(at);
        return Err(format!("line {line} holds a NUL character: this is not an SQL script"));
    }
    let mut loading = Loading {
        name,
        script,
        lines,
        connection: sandbox(options).map_err(|error| message(&error))?,
        notes: Vec::new(),
    };
    for piece in Pieces::new(script) {
        loading.run(piece)?;
    }
    loading.finish()
}

/// A database in memory from which nothing else can be reached.
pub(super) fn sandbox(options: &ConnectOptions) -> rusqlite::Result<Watched> {
    let mut connection = Connection::open_in_memory()?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // The bundled SQLite enforces foreign keys by default; a dump may hold what they forbid, and rows in any order.
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY")?;
    connection.authorizer(Some(authorize))?;
    Watched::new(connection, options.statement_timeout)
}

/// What a script may do. VACUUM INTO attaches the new file, and so falls under ATTACH.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Unknown { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        // Dumps of virtual tables need the first. The others change what later statements mean. All else is about
        // storage, or is ours to decide (foreign_keys): it is passed over without an error.
        AuthAction::Pragma { pragma_name, .. } => {
            let allowed = [
                "writable_schema",
                "legacy_alter_table",
                "case_sensitive_like",
                "recursive_triggers",
            ];
            if allowed.iter().any(|name| pragma_name.eq_ignore_ascii_case(name)) {
                Authorization::Allow
            } else {
                Authorization::Ignore
            }
        }
        _ => Authorization::Allow,
    }
}

struct Loading<'a> {
    name: &'a str,
    script: &'a str,
    lines: Lines<'a>,
    connection: Watched,
    notes: Vec<Note>,
}

impl Loading<'_> {
    fn run(&mut self, piece: Piece<'_>) -> Result<(), String> {
        match piece {
            Piece::ShellCommand { text, start } => self.shell_command(text, start),
            Piece::Statement(statement) => self.statement(&statement),
        }
    }

    /// A command of the sqlite3 shell. Those that bring in more SQL or rows must not be passed over in silence.
    fn shell_command(&mut self, text: &str, start: usize) -> Result<(), String> {
        let command = text.split_whitespace().next().unwrap_or("");
        let line = self.lines.line(start);
        if [".read", ".import", ".open", ".restore", ".load", ".archive", ".recover"].contains(&command) {
            return Err(format!(
                "line {line}: `{command}` is a command of the sqlite3 shell that reads other files; run the script there \
                 (`sqlite3 FILE < SCRIPT`), and audit the database file that it makes"
            ));
        }
        self.note(
            format!("`{command}` is a command of the sqlite3 shell; it was passed over"),
            start,
        );
        Ok(())
    }

    fn statement(&mut self, statement: &Statement<'_>) -> Result<(), String> {
        if statement.starts_with("VACUUM") && !statement.words.iter().any(|word| word.eq_ignore_ascii_case("INTO")) {
            return Ok(());
        }
        let line = |offset: usize| self.lines.line(statement.start + offset);
        if let Some(sign) = other_dialect::accepted_in_silence(statement.text) {
            return Err(sign.refusal(line(sign.start)));
        }
        let outcome = self.connection.run(|connection| {
            let mut prepared = connection.prepare(statement.text)?;
            let mut rows = prepared.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        });
        let Err(error) = outcome else {
            if statement.starts_with("ROLLBACK") && !statement.words.iter().any(|word| word.eq_ignore_ascii_case("TO"))
            {
                self.note(
                    "ROLLBACK undoes what the script did before; a dump ends so where the database could not be read \
                     to its end"
                        .to_owned(),
                    statement.start,
                );
            }
            return Ok(());
        };
        if let Some(sign) = other_dialect::sign(self.script) {
            return Err(sign.refusal(self.lines.line(sign.start)));
        }
        let offset = match &error {
            rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).unwrap_or(0),
            _ => 0,
        };
        Err(format!("line {}: {}", line(offset), self.why(&error)))
    }

    fn why(&self, error: &rusqlite::Error) -> String {
        if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) {
            return "this reaches for other files (ATTACH, VACUUM INTO, load_extension), which a script must not; audit \
                    the database file itself instead"
                .to_owned();
        }
        let failure = self.connection.failure(error);
        match failure.kind {
            QueryFailure::Other => format!(
                "{}; a script must be one that SQLite runs: load one for another system into its server, and audit that",
                failure.detail
            ),
            _ => failure.to_string(),
        }
    }

    fn note(&mut self, message: String, start: usize) {
        self.notes.push(Note {
            message,
            location: Some(self.lines.location(self.name, start)),
        });
    }

    fn finish(mut self) -> Result<Loaded, String> {
        self.connection
            .run(|connection| {
                connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
                if !connection.is_autocommit() {
                    connection.execute_batch("COMMIT")?;
                }
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false)?;
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
                connection.execute_batch("PRAGMA query_only = ON")
            })
            .map_err(|error| message(&error))?;
        Ok(Loaded {
            connection: self.connection,
            notes: self.notes,
            locations: Locations::read(self.name, self.script),
        })
    }
}

/// A part of a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Statement(Statement<'a>),
    /// A line of the sqlite3 shell: it starts with a dot, outside of statements.
    ShellCommand {
        text: &'a str,
        start: usize,
    },
}

/// A statement, without the comments before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    pub(super) text: &'a str,
    /// Where it starts in the script, in bytes.
    pub(super) start: usize,
    /// Its first tokens, up to four: what kind of statement it is.
    pub(super) words: Vec<&'a str>,
}

impl Statement<'_> {
    pub(super) fn starts_with(&self, word: &str) -> bool {
        self.words.first().is_some_and(|first| first.eq_ignore_ascii_case(word))
    }
}

/// The parts of a script in order. A statement ends with a semicolon; a CREATE TRIGGER with one that follows an END that
/// itself follows one (the rule of `sqlite3_complete()`).
pub(super) struct Pieces<'a> {
    script: &'a str,
    tokens: Tokens<'a>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(script: &'a str) -> Self {
        Self {
            script,
            tokens: Tokens::new(script),
        }
    }

    fn starts_line(&self, at: usize) -> bool {
        let before = self.script.get(..at).unwrap_or("");
        before.is_empty() || before.ends_with(['\n', '\u{feff}'])
    }

    fn statement(&mut self, first: Token<'a>) -> Piece<'a> {
        let mut words = vec![first.text];
        let mut end = first.end();
        let mut last_two = ["", first.text];
        for token in self.tokens.by_ref() {
            if token.kind == TokenKind::Comment {
                continue;
            }
            end = token.end();
            if words.len() < 4 {
                words.push(token.text);
            }
            let in_trigger = is_trigger(&words) && !(last_two[0] == ";" && last_two[1].eq_ignore_ascii_case("END"));
            if token.is_symbol(";") && !in_trigger {
                break;
            }
            last_two = [last_two[1], token.text];
        }
        Piece::Statement(Statement {
            text: self.script.get(first.start..end).unwrap_or(""),
            start: first.start,
            words,
        })
    }
}

fn is_trigger(words: &[&str]) -> bool {
    let at = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
    at(0, "CREATE") && (at(1, "TRIGGER") || ((at(1, "TEMP") || at(1, "TEMPORARY")) && at(2, "TRIGGER")))
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let first = self.tokens.next()?;
            let line = |text: &'a str| {
                text.get(first.start..)
                    .and_then(|rest| rest.lines().next())
                    .unwrap_or("")
            };
            if first.kind == TokenKind::Comment || first.is_symbol(";") {
                continue;
            }
            if first.is_symbol("#") && self.starts_line(first.start) {
                // The sqlite3 shell takes such a line for a comment.
                self.tokens.skip_line(first.start);
                continue;
            }
            if first.is_symbol(".") && self.starts_line(first.start) {
                self.tokens.skip_line(first.start);
                return Some(Piece::ShellCommand {
                    text: line(self.script),
                    start: first.start,
                });
            }
            return Some(self.statement(first));
        }
    }
}
