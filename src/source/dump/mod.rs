//! SQL text of any size: its schema, and its rows in a SQLite file of their own, without a server.
//!
//! The text is read twice: for the schema, and, when it is known which columns matter, for the rows.

mod changes;
mod clash;
mod head;
mod long_rows;
mod names;
mod quotes;
mod rows;
mod stream;
mod values;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use super::bytes::Place;
use crate::ddl::{self, SourceFile, SqlDialect};
use crate::dialect::sqlite::dump::{Loading, Needed};
use crate::dialect::{ConnectOptions, Database, Error, SourceInfo};
use crate::schema::{Ident, Location, Note, Read, Schema, TableName};
use head::{OnClash, Tokens};
use stream::{Failure, Next, Statement, Stream};

/// A text with rows.
#[derive(Debug)]
pub struct Dump {
    info: SourceInfo,
    place: Place,
    dialect: SqlDialect,
    /// The names, with their qualifiers, of tables that have rows in it.
    tables: BTreeSet<Vec<String>>,
    /// Those of them that get rows whose keys may be there already.
    clashing: BTreeSet<Vec<String>>,
    /// Whether it is a dump of pg_dump with a COPY for every table, also the empty ones.
    is_complete: bool,
    /// Whether rows are changed after they came: then rows must be found by their primary keys.
    has_updates: bool,
}

/// Reads the schema of a text.
///
/// # Errors
///
/// [`Error::File`], if it cannot be read or is cut off in the middle of a statement.
pub(super) fn read(place: Place, info: SourceInfo, dialect: SqlDialect) -> Result<(Read, Dump), Error> {
    let failed = |reason: String| Error::File {
        source_name: info.name.clone(),
        reason,
    };
    let input = place.open().map_err(|error| failed(error.to_string()))?;
    let mut reading = Reading {
        name: &info.name,
        stream: Stream::new(input, dialect),
        parts: Vec::new(),
        text: String::new(),
        first_line: 1,
        tables: BTreeSet::new(),
        clashing: BTreeSet::new(),
        inserts: false,
        copies: false,
        updates: false,
    };
    reading.run().map_err(failed)?;
    let (tables, copies, inserts) = (reading.tables, reading.copies, reading.inserts);
    let (has_updates, clashing) = (reading.updates, reading.clashing);
    let latin1 = reading.stream.latin1();
    let parts: Vec<(&SourceFile, u32)> = reading.parts.iter().map(|(part, line)| (part, *line)).collect();
    let first = parts.first().map_or("", |(part, _)| part.text.as_str());
    let last = parts.last().map_or("", |(part, _)| part.text.as_str());
    if parts.iter().all(|(part, _)| part.text.trim().is_empty()) && tables.is_empty() {
        return Err(failed(
            "it holds no SQL; check the path, or what writes to the pipe".to_owned(),
        ));
    }
    let mut read = ddl::read_parts(&parts, dialect);
    let start = first.get(..first.floor_char_boundary(2000)).unwrap_or("");
    let is_from_pg_dump = start.contains("-- PostgreSQL database dump");
    if !tables.is_empty() {
        read.notes.extend(missing_end(start, last).map(Note::new));
    }
    if let Some(line) = latin1 {
        read.notes.push(Note {
            message: "the file is not UTF-8; it is read as Latin-1, and names beyond ASCII may be wrong".to_owned(),
            location: Some(Location {
                file: info.name.clone(),
                line,
                column: 1,
            }),
        });
    }
    let dump = Dump {
        info,
        place,
        dialect,
        tables,
        clashing,
        is_complete: is_from_pg_dump && copies && !inserts,
        has_updates,
    };
    Ok((read, dump))
}

/// Says that the line is missing with which the dumping program ends.
fn missing_end(start: &str, last: &str) -> Option<String> {
    let programs = [
        ("-- PostgreSQL database dump", "-- PostgreSQL database dump complete"),
        ("-- MySQL dump ", "-- Dump completed"),
        ("-- MariaDB dump ", "-- Dump completed"),
    ];
    let (_, end) = programs.iter().find(|(first, _)| start.contains(first))?;
    (!last.contains(end)).then(|| {
        format!(
            "the dump does not end with `{end}`: if it was cut off, rows and constraints are missing, and what is reported of \
             them is wrong"
        )
    })
}

/// Reading a text for its schema.
struct Reading<'a> {
    name: &'a str,
    stream: Stream,
    parts: Vec<(SourceFile, u32)>,
    /// The part that is being put together, and the line that it starts on.
    text: String,
    first_line: u32,
    tables: BTreeSet<Vec<String>>,
    clashing: BTreeSet<Vec<String>>,
    inserts: bool,
    copies: bool,
    updates: bool,
}

impl Reading<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        loop {
            if self.text.is_empty() {
                self.first_line = self.stream.line();
            }
            match self.stream.next()? {
                Next::Statement(statement) => {
                    if statement.cut_off {
                        return Err(stream::cut_off(statement.line));
                    }
                    let starts = |word: &str| {
                        let start = statement.sql.get(..word.len()).unwrap_or("");
                        start.eq_ignore_ascii_case(word)
                    };
                    self.updates |= starts("UPDATE");
                    // There can be as many of these as rows, and they say nothing of the schema.
                    let is_of_rows = starts("UPDATE") || starts("DELETE") || is_of_large_object(&statement.sql);
                    // A part starts with the plain delimiter.
                    if is_of_rows && self.stream.is_plainly_delimited() {
                        self.end_part();
                    } else {
                        self.text.push_str(&statement.raw);
                    }
                }
                Next::Copy(statement) => {
                    self.copies = true;
                    self.tables
                        .extend(copied(&statement, self.stream.dialect()).map(|copy| copy.table));
                    self.text.push_str(&statement.raw);
                    self.end_part();
                    self.stream.copy_lines(|_, _, _| Ok(()))?;
                }
                Next::Insert { gap } => {
                    self.inserts = true;
                    self.text.push_str(&gap);
                    self.end_part();
                    let found = insert_head(&mut self.stream)?;
                    let tail = self.stream.skip_statement()?;
                    if (found.on_clash != OnClash::Fail || clash::may_keep(&tail))
                        && !self.clashing.contains(&found.table)
                    {
                        self.clashing.insert(found.table.clone());
                    }
                    if !found.table.is_empty() && !self.tables.contains(&found.table) {
                        self.tables.insert(found.table);
                    }
                }
                Next::End { gap } => {
                    self.text.push_str(&gap);
                    self.end_part();
                    return Ok(());
                }
            }
        }
    }

    fn end_part(&mut self) {
        let text = std::mem::take(&mut self.text);
        // White space between rows would be a part for each of them.
        if !text.trim().is_empty() {
            let file = SourceFile {
                name: self.name.to_owned(),
                text,
            };
            self.parts.push((file, self.first_line));
        }
    }
}

/// Whether pg_dump has written it to fill a large object.
fn is_of_large_object(sql: &str) -> bool {
    let function = sql.split_once(' ').map_or("", |(_, function)| function);
    function.starts_with("pg_catalog.lowrite(") || function.starts_with("pg_catalog.lo_")
}

/// Reads an INSERT up to its rows, and stays where it starts.
fn insert_head(stream: &mut Stream) -> Result<head::Insert, Failure> {
    loop {
        if let Some(found) = head::insert(stream.rest(), stream.dialect()) {
            return Ok(found);
        }
        if !stream.fill()? {
            return Err(stream::cut_off(stream.line()));
        }
    }
}

/// Where the rows of a COPY go.
struct Copied {
    table: Vec<String>,
    columns: Option<Vec<String>>,
    /// Whether the rows are in the default format.
    is_text: bool,
}

/// Reads `COPY t (a, b) FROM stdin`.
fn copied(statement: &Statement, dialect: SqlDialect) -> Option<Copied> {
    let mut text = statement.sql.clone().into_bytes();
    text.push(b';');
    let mut tokens = Tokens::new(&text, dialect);
    tokens.next();
    let table = tokens.path()?;
    let columns = match tokens.peek()? {
        head::Token::Sign(b'(') => Some(tokens.names()?),
        _ => None,
    };
    let is_text = tokens.skip("FROM") && tokens.skip("STDIN") && tokens.peek() == Some(head::Token::Sign(b';'));
    Some(Copied {
        table,
        columns,
        is_text,
    })
}

impl Dump {
    /// What reports say of it.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Whether it has rows of a table of which some are needed. A table that only a migration tool writes is none.
    pub fn has_rows(&self, schema: &Schema, needed: &BTreeMap<TableName, Needed>) -> bool {
        let names = names::Names::new(schema, self.dialect);
        self.tables.iter().any(|path| match names.table(path) {
            Ok(Some(table)) => needed.contains_key(&names::stored_in(schema, &table)),
            Ok(None) => false,
            Err(_) => true,
        })
    }

    /// Puts the rows that are needed into a file of their own, and opens it.
    ///
    /// # Errors
    ///
    /// [`Error::File`], if the text cannot be read, or the file not be written.
    pub fn load(
        &self,
        read: &Read,
        needed: &BTreeMap<TableName, Needed>,
        options: &ConnectOptions,
    ) -> Result<Box<dyn Database>, Error> {
        let failed = |reason: String| Error::File {
            source_name: self.info.name.clone(),
            reason,
        };
        let input = self.place.open().map_err(|error| failed(error.to_string()))?;
        let mut needed = needed.clone();
        for (name, needed) in needed.iter_mut().filter(|_| self.has_updates) {
            let key = read.schema.table(name).and_then(|table| table.primary_key());
            needed
                .columns
                .extend(key.iter().flat_map(|key| key.columns.iter().cloned()));
        }
        let undecided = clash::keep_keys(&read.schema, &self.clashing, &mut needed);
        let loading = Loading::new(&self.info.name, &read.schema, &needed)?;
        let stream = Stream::new(input, self.dialect);
        let mut rows = rows::Rows::new(&read.schema, stream, loading, undecided);
        rows.run().map_err(failed)?;
        if self.is_complete {
            rows.refuse_without_rows(&self.tables);
        }
        rows.into_loading()
            .finish(self.info.clone(), read.clone(), options.statement_timeout)
    }
}

/// A name as a table's column has it.
fn ident(name: &str) -> Ident {
    Ident::new(name)
}
