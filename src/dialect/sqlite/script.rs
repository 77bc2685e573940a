//! Running a script in a database of its own: statement by statement as it is read, so that an error can name the line,
//! so that nothing outside of that database is touched, and so that memory is enough for a script of any size.

use std::io::Read;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::other_dialect;
use super::script_locations::Locations;
use super::script_pieces::{Kind, first_words};
use super::script_rows::{self, Inserting, Plain};
use super::script_text::{LONGEST, Piece, Place, ScriptText};
use super::session::{Watched, message};
use crate::dialect::{ConnectOptions, QueryFailure};
use crate::schema::Note;

/// How much memory SQLite may take for all that scripts do, in bytes: what a statement computes can be large, whatever
/// the script is.
const MEMORY: u32 = 128 << 20;

/// How much of a database may be in memory, in KiB.
const CACHE: u32 = 32 << 10;

/// A script that has run.
pub(super) struct Loaded {
    pub(super) connection: Watched,
    pub(super) notes: Vec<Note>,
    pub(super) locations: Locations,
}

/// Runs a script. The error is a sentence that names the line.
pub(super) fn load(name: &str, script: &mut dyn Read, options: &ConnectOptions) -> Result<Loaded, String> {
    let mut text = ScriptText::new(script)?;
    let mut loading = Loading {
        name,
        connection: sandbox(Storage::File, options).map_err(|error| message(&error))?,
        notes: Vec::new(),
        locations: Locations::default(),
    };
    loop {
        if loading.plain_rows(&mut text)? {
            continue;
        }
        let head = text.head();
        let Some(piece) = text.next()? else { break };
        match piece.kind {
            Kind::ShellCommand => loading.shell_command(&piece)?,
            Kind::Statement => loading.statement(&piece, &head)?,
        }
    }
    loading.finish()
}

/// Where a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Memory,
    /// In a file that SQLite makes and deletes; as long as it is small, it stays in memory (inmemorydb.html, section 3).
    File,
}

/// A database from which nothing else can be reached.
pub(super) fn sandbox(storage: Storage, options: &ConnectOptions) -> rusqlite::Result<Watched> {
    let mut connection = match storage {
        Storage::Memory => Connection::open_in_memory()?,
        Storage::File => Connection::open("")?,
    };
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let longest = i32::try_from(LONGEST).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // The bundled SQLite enforces foreign keys by default; a dump may hold what they forbid, and rows in any order.
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -{CACHE}; PRAGMA hard_heap_limit = {MEMORY}"
    ))?;
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
    connection: Watched,
    notes: Vec<Note>,
    locations: Locations,
}

impl Loading<'_> {
    /// A command of the sqlite3 shell. Those that bring in more SQL or rows must not be passed over in silence.
    fn shell_command(&mut self, piece: &Piece<'_>) -> Result<(), String> {
        let command = piece.text.split_whitespace().next().unwrap_or("");
        let line = piece.place.line;
        if [".read", ".import", ".open", ".restore", ".load", ".archive", ".recover"].contains(&command) {
            return Err(format!(
                "line {line}: `{command}` is a command of the sqlite3 shell that reads other files; run the script there \
                 (`sqlite3 FILE < SCRIPT`), and audit the database file that it makes"
            ));
        }
        self.note(
            format!("`{command}` is a command of the sqlite3 shell; it was passed over"),
            piece.place,
        );
        Ok(())
    }

    /// Runs a statement. `head` is the start of the script, which may tell what it is written for.
    fn statement(&mut self, piece: &Piece<'_>, head: &str) -> Result<(), String> {
        let words = first_words(piece.text);
        let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let has = |word: &str| words.iter().any(|found| found.eq_ignore_ascii_case(word));
        if is(0, "VACUUM") && !has("INTO") {
            return Ok(());
        }
        let line = |offset: usize| piece.place.after(piece.text.get(..offset).unwrap_or("")).line;
        if let Some(sign) = other_dialect::accepted_in_silence(piece.text) {
            return Err(sign.refusal(line(sign.start)));
        }
        let outcome = self.connection.run(|connection| {
            let mut prepared = connection.prepare(piece.text)?;
            let mut rows = prepared.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        });
        let Err(error) = outcome else {
            self.locations.add(self.name, piece);
            if is(0, "ROLLBACK") && !has("TO") {
                self.note(
                    "ROLLBACK undoes what the script did before; a dump ends so where the database could not be read \
                     to its end"
                        .to_owned(),
                    piece.place,
                );
            }
            return Ok(());
        };
        if let Some(sign) = other_dialect::sign(head) {
            let start = Place { line: 1, column: 1 };
            return Err(sign.refusal(start.after(head.get(..sign.start).unwrap_or("")).line));
        }
        if let Some(sign) = other_dialect::sign(piece.text) {
            return Err(sign.refusal(line(sign.start)));
        }
        let offset = match &error {
            rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).unwrap_or(0),
            _ => 0,
        };
        Err(format!("line {}: {}", line(offset), self.why(&error)))
    }

    /// Takes in the plain rows that come next; false where there are none, and nothing was done.
    fn plain_rows(&mut self, text: &mut ScriptText<'_>) -> Result<bool, String> {
        text.skip_gap();
        let rows = loop {
            let plain = script_rows::plain_rows(text.rest());
            match plain {
                Plain::No => return Ok(false),
                Plain::Statement(at) => break at,
                // The rows of a statement that is not held are taken as they come: one that is not plain ends the run.
                Plain::More(Some(at)) if text.rest().len() > LONGEST => break at,
                Plain::More(None) if text.rest().len() > LONGEST => return Ok(false),
                Plain::More(_) => {
                    if !text.fill()? {
                        return Ok(false);
                    }
                }
            }
        };
        let head = text.rest().get(..rows).unwrap_or("").to_owned();
        let line = text.place().line;
        let mut last = line;
        let outcome = self.connection.run(|connection| {
            // Each row would be a transaction; a script that fails is refused as a whole.
            let transaction = connection.is_autocommit();
            if transaction {
                connection.execute_batch("BEGIN")?;
            }
            let mut inserting = Inserting::new(connection, &head);
            let outcome = inserting.statements(text, &mut last)?;
            if transaction {
                connection.execute_batch("COMMIT")?;
            }
            Ok(outcome)
        });
        match outcome {
            Ok(outcome) => outcome.map(|()| true),
            Err(error) => Err(format!("line {last}: {}", self.why(&error))),
        }
    }

    fn why(&self, error: &rusqlite::Error) -> String {
        if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) {
            return "this reaches for other files (ATTACH, VACUUM INTO, load_extension), which a script must not; audit \
                    the database file itself instead"
                .to_owned();
        }
        if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) {
            return format!(
                "the statement needs more memory than the {} MB that a script may have; make a database of it \
                 (`sqlite3 FILE < SCRIPT`), and audit that file",
                MEMORY >> 20
            );
        }
        if error.sqlite_error_code() == Some(ErrorCode::TooBig) {
            return format!(
                "a text or blob is longer than the {} MB that a script may have; make a database of it \
                 (`sqlite3 FILE < SCRIPT`), and audit that file",
                LONGEST >> 20
            );
        }
        let failure = self.connection.failure(error);
        match failure.kind {
            QueryFailure::Other => format!(
                "{}; the script is run by SQLite: if it is written for another system, add --dialect postgres or mysql",
                failure.detail
            ),
            _ => failure.to_string(),
        }
    }

    fn note(&mut self, message: String, place: Place) {
        self.notes.push(Note {
            message,
            location: Some(place.location(self.name)),
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
            locations: self.locations,
        })
    }
}
