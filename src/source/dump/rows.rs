//! The rows of a text, statement by statement, into the file that keeps them.

use std::collections::BTreeSet;

use super::head::{self, Token, Tokens};
use super::stream::{Failure, Next, Statement, Stream, cut_off};
use super::values::{self, Raw, Row};
use super::{copied, ident, insert_head};
use crate::ddl::SqlDialect;
use crate::dialect::Error;
use crate::dialect::sqlite::dump::{DumpValue, Loading, Writer};
use crate::schema::{Column, Ident, Schema, Table, TableName};

/// Finds the table that a statement means.
pub(super) struct Names<'a> {
    schema: &'a Schema,
    dialect: SqlDialect,
    /// What USE and `SET search_path` have chosen.
    namespace: Option<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(schema: &'a Schema, dialect: SqlDialect) -> Self {
        Self {
            schema,
            dialect,
            namespace: None,
        }
    }

    /// The table; `None` where the schema has none of that name.
    ///
    /// # Errors
    ///
    /// The name, where more than one table can be meant.
    pub(super) fn table(&self, path: &[String]) -> Result<Option<TableName>, String> {
        let Some((table, qualifiers)) = path.split_last() else {
            return Err("?".to_owned());
        };
        let exact = |name: TableName| self.schema.table(&name).map(|table| table.name.clone());
        let default = match self.dialect {
            SqlDialect::Postgres => Some("public"),
            _ => None,
        };
        let namespace = qualifiers.last().or(self.namespace.as_ref()).map(String::as_str);
        if let Some(found) = namespace
            .or(default)
            .and_then(|namespace| exact(TableName::qualified(namespace, table.as_str())))
            .or_else(|| exact(TableName::bare(table.as_str())))
        {
            return Ok(Some(found));
        }
        if !qualifiers.is_empty() && self.dialect == SqlDialect::Postgres {
            return Ok(None);
        }
        let same = |name: &TableName| match self.dialect {
            // Whether case counts depends on the server's file system (MySQL manual, "Identifier Case Sensitivity").
            SqlDialect::MySql => name.table.as_str().eq_ignore_ascii_case(table),
            _ => name.table.as_str() == table,
        };
        let mut found = self.schema.tables.keys().filter(|name| same(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(table.clone()),
            (found, _) => Ok(found.cloned()),
        }
    }
}

/// The table that keeps another's rows: those of a partition are rows of its root.
pub(super) fn stored_in(schema: &Schema, table: &TableName) -> TableName {
    let root = schema.table(table).and_then(|table| table.partition_of.clone());
    root.unwrap_or_else(|| table.clone())
}

/// Reads a text for its rows.
pub(super) struct Rows<'a> {
    schema: &'a Schema,
    names: Names<'a>,
    stream: Stream,
    loading: Loading,
    /// Whether rows came already.
    any: bool,
}

/// Where the value of a kept column comes from.
#[derive(Debug, Clone)]
enum From {
    /// The value at this place of a row.
    Value(usize),
    /// The default: a text, or null.
    Default(Option<String>),
    /// The server gives it.
    Unknown,
}

impl<'a> Rows<'a> {
    pub(super) fn new(schema: &'a Schema, stream: Stream, loading: Loading) -> Self {
        Self {
            schema,
            names: Names::new(schema, stream.dialect()),
            stream,
            loading,
            any: false,
        }
    }

    pub(super) fn into_loading(self) -> Loading {
        self.loading
    }

    pub(super) fn run(&mut self) -> Result<(), Failure> {
        loop {
            match self.stream.next()? {
                Next::Statement(statement) => self.statement(&statement).map_err(plain)?,
                Next::Copy(statement) => self.copy(&statement)?,
                Next::Insert { .. } => self.insert()?,
                Next::End { .. } => return Ok(()),
            }
        }
    }

    /// A dump of pg_dump has a COPY for every table, also the empty ones: what has none was left out.
    pub(super) fn refuse_without_rows(&mut self, paths: &BTreeSet<Vec<String>>) {
        let with_rows: BTreeSet<TableName> = paths
            .iter()
            .filter_map(|path| self.names.table(path).ok().flatten())
            .map(|table| stored_in(self.schema, &table))
            .collect();
        for table in self.schema.tables.keys() {
            let is_own = stored_in(self.schema, table) == *table;
            if is_own && !with_rows.contains(table) {
                self.loading
                    .refuse(Some(table), &format!("the dump was made without the rows of `{table}`"));
            }
        }
    }

    /// The table that a statement is about. Where it cannot be told, no table is what it seems.
    fn table(&mut self, path: Option<&[String]>, line: u32) -> Option<TableName> {
        match path.map_or(Err("?".to_owned()), |path| self.names.table(path)) {
            Ok(table) => table,
            Err(name) => {
                let reason = format!("line {line} changes rows of a table `{name}`, and which one cannot be told");
                self.loading.refuse(None, &reason);
                None
            }
        }
    }

    /// Where the columns that are kept of a table get their values from.
    fn sources(&self, table: &Table, kept: &TableName, columns: Option<&[String]>) -> Option<Vec<From>> {
        let given: Vec<Ident> = match columns {
            Some(columns) => columns
                .iter()
                .map(|name| {
                    table
                        .find_column(name)
                        .map_or_else(|| ident(name), |column| column.name.clone())
                })
                .collect(),
            // Generated columns have no values in a row (PostgreSQL), or the word DEFAULT (MySQL).
            None => table.columns.iter().map(|column| column.name.clone()).collect(),
        };
        let kept = self.loading.columns(kept)?;
        Some(
            kept.iter()
                .map(|name| match given.iter().position(|given| given == name) {
                    Some(at) => From::Value(at),
                    None => table.column(name).map_or(From::Unknown, default_of),
                })
                .collect(),
        )
    }

    fn copy(&mut self, statement: &Statement) -> Result<(), Failure> {
        self.any = true;
        let copied = copied(statement, self.stream.dialect());
        let table = self.table(copied.as_ref().map(|copied| copied.table.as_slice()), statement.line);
        let columns = copied.as_ref().and_then(|copied| copied.columns.as_deref());
        let table = table.and_then(|name| self.schema.table(&name));
        let kept = table.map(|table| stored_in(self.schema, &table.name));
        let sources = table
            .zip(kept.as_ref())
            .and_then(|(table, kept)| self.sources(table, kept, columns));
        let (Some(kept), Some(sources)) = (kept, sources) else {
            return self.stream.copy_lines(|_, _| Ok(()));
        };
        if !copied.is_some_and(|copied| copied.is_text) {
            let reason = format!("line {}: only COPY in its default format is read", statement.line);
            self.loading.refuse(Some(&kept), &reason);
            return self.stream.copy_lines(|_, _| Ok(()));
        }
        let Some(mut writer) = self.loading.writer(&kept).map_err(plain)? else {
            return self.stream.copy_lines(|_, _| Ok(()));
        };
        let fields = Fields::new(&sources);
        let mut scratch = Vec::new();
        let mut refused = fields.refusal(statement.line);
        set_defaults(&mut writer, &sources).map_err(plain)?;
        self.stream.copy_lines(|line, number| {
            if refused.is_some() {
                return Ok(());
            }
            match fields.write(line, &mut writer, &mut scratch) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    refused = Some(format!("line {number} has fewer fields than the COPY names columns"));
                    Ok(())
                }
                Err(error) => Err(plain(error)),
            }
        })?;
        let doubtful = writer.is_doubtful();
        drop(writer);
        self.judge(&kept, refused, doubtful);
        Ok(())
    }

    fn judge(&mut self, table: &TableName, refused: Option<String>, doubtful: bool) {
        if let Some(reason) = refused {
            self.loading.refuse(Some(table), &reason);
        }
        if doubtful {
            let reason = format!(
                "`{table}` has keys with letters beyond ASCII, and only the server knows which of them its collation holds to \
                 be equal"
            );
            self.loading.refuse(Some(table), &reason);
        }
    }

    fn insert(&mut self) -> Result<(), Failure> {
        self.any = true;
        let line = self.stream.line();
        let found = insert_head(&mut self.stream)?;
        let table = self.table((!found.table.is_empty()).then_some(found.table.as_slice()), line);
        let table = table.and_then(|name| self.schema.table(&name));
        let kept = table.map(|table| stored_in(self.schema, &table.name));
        let sources = table
            .zip(kept.as_ref())
            .and_then(|(table, kept)| self.sources(table, kept, found.columns.as_deref()));
        let (Some(kept), Some(sources)) = (kept, sources) else {
            return self.stream.skip_statement();
        };
        let Some(rows_at) = found.rows_at else {
            let reason = format!("line {line}: only the rows of INSERT … VALUES are read");
            self.loading.refuse(Some(&kept), &reason);
            return self.stream.skip_statement();
        };
        let Some(mut writer) = self.loading.writer(&kept).map_err(plain)? else {
            return self.stream.skip_statement();
        };
        self.stream.advance(rows_at);
        let refused = insert_rows(&mut self.stream, &mut writer, &sources, line)?;
        let doubtful = writer.is_doubtful();
        drop(writer);
        self.judge(&kept, refused, doubtful);
        Ok(())
    }

    /// A statement without rows: what it does to those that came before.
    fn statement(&mut self, statement: &Statement) -> Result<(), Error> {
        let dialect = self.stream.dialect();
        let mut text = statement.sql.clone().into_bytes();
        // So that the last word does not end with the text.
        text.extend(b" ;");
        let mut tokens = Tokens::new(&text, dialect);
        let Some(verb) = tokens.next() else { return Ok(()) };
        let Token::Word(verb) = verb else { return Ok(()) };
        let line = statement.line;
        match verb.to_ascii_uppercase().as_slice() {
            b"USE" => self.names.namespace = tokens.path().and_then(|path| path.last().cloned()),
            b"SET" if tokens.skip("SEARCH_PATH") => {
                // `=` or TO, and then the first namespace.
                tokens.next();
                self.names.namespace = tokens.path().and_then(|path| path.last().cloned());
            }
            b"DROP" if tokens.skip("TABLE") => {
                if tokens.skip("IF") {
                    tokens.next();
                }
                self.clear(&mut tokens, line)?;
            }
            b"TRUNCATE" => {
                tokens.skip("TABLE");
                tokens.skip("ONLY");
                self.clear(&mut tokens, line)?;
            }
            b"UPDATE" => self.update(&mut tokens, line)?,
            b"DELETE" => {
                tokens.skip("FROM");
                tokens.skip("ONLY");
                let mut ahead = tokens.clone();
                let is_all = ahead.path().is_some() && ahead.peek() == Some(Token::Sign(b';'));
                if is_all {
                    self.clear(&mut tokens, line)?;
                } else {
                    self.refuse_table(&mut tokens, line, "DELETE");
                }
            }
            b"COPY" => {
                let mut ahead = tokens.clone();
                let _ = ahead.path();
                if ahead.peek() == Some(Token::Sign(b'(')) {
                    let _ = ahead.names();
                }
                if ahead.skip("FROM") {
                    self.refuse_table(&mut tokens, line, "COPY from a file");
                }
            }
            b"ALTER" if self.any && (tokens.skip("TABLE")) => self.alter(&mut tokens, line),
            b"CREATE" => self.create(&mut tokens, line),
            b"DO" | b"CALL" | b"LOAD" | b"MERGE" | b"WITH" | b"EXECUTE" | b"RENAME" | b"ROLLBACK" if self.any => {
                let verb = String::from_utf8_lossy(verb).to_uppercase();
                let reason = format!("line {line}: {verb} can change rows, and what it does is known to a server only");
                self.loading.refuse(None, &reason);
            }
            _ => {}
        }
        Ok(())
    }

    fn clear(&mut self, tokens: &mut Tokens<'_>, line: u32) -> Result<(), Error> {
        loop {
            let path = tokens.path();
            if let Some(table) = self.table(path.as_deref(), line) {
                self.loading.clear(&stored_in(self.schema, &table))?;
            }
            if tokens.peek() != Some(Token::Sign(b',')) {
                return Ok(());
            }
            tokens.next();
        }
    }

    fn update(&mut self, tokens: &mut Tokens<'_>, line: u32) -> Result<(), Error> {
        let dialect = self.stream.dialect();
        tokens.skip("ONLY");
        let path = tokens.path();
        let Some(name) = self.table(path.as_deref(), line) else {
            return Ok(());
        };
        let kept = stored_in(self.schema, &name);
        let understood = head::update(tokens, dialect).zip(self.schema.table(&name));
        let done = match understood {
            None => false,
            Some((update, table)) => {
                let pairs = |pairs: &[(String, Raw<'_>)]| -> Option<Vec<(Ident, Option<Vec<u8>>)>> {
                    let pair = |(name, raw): &(String, Raw<'_>)| {
                        let column = table.find_column(name)?.name.clone();
                        match raw {
                            Raw::Null => Some((column, None)),
                            raw => Some((column, Some(head::text_of(*raw, dialect)?))),
                        }
                    };
                    pairs.iter().map(pair).collect()
                };
                match (pairs(&update.set), pairs(&update.filter)) {
                    (Some(set), Some(filter)) => self.loading.update(&kept, &borrowed(&set), &borrowed(&filter))?,
                    _ => false,
                }
            }
        };
        if !done {
            let reason =
                format!("line {line}: UPDATE changes rows of `{name}`, and what it does is known to a server only");
            self.loading.refuse(Some(&kept), &reason);
        }
        Ok(())
    }

    fn refuse_table(&mut self, tokens: &mut Tokens<'_>, line: u32, what: &str) {
        let path = tokens.path();
        if let Some(table) = self.table(path.as_deref(), line) {
            let reason =
                format!("line {line}: {what} changes rows of `{table}`, and what it does is known to a server only");
            self.loading.refuse(Some(&stored_in(self.schema, &table)), &reason);
        }
    }

    /// ALTER TABLE after rows: what it does to them.
    fn alter(&mut self, tokens: &mut Tokens<'_>, line: u32) {
        tokens.skip("ONLY");
        if tokens.skip("IF") {
            tokens.next();
        }
        let mut rest = tokens.clone();
        let _ = rest.path();
        let mut changes_values = false;
        let mut before: Option<Token<'_>> = None;
        while let Some(token) = rest.next() {
            if token.is("RENAME") {
                let reason =
                    format!("line {line} renames something after rows came: which rows are meant cannot be told");
                self.loading.refuse(None, &reason);
                return;
            }
            let adds_column = before.as_ref().is_some_and(|before| before.is("ADD"))
                && ![
                    "CONSTRAINT",
                    "PRIMARY",
                    "FOREIGN",
                    "UNIQUE",
                    "KEY",
                    "INDEX",
                    "CHECK",
                    "EXCLUDE",
                    "GENERATED",
                    "FULLTEXT",
                    "SPATIAL",
                    "PARTITION",
                ]
                .iter()
                .any(|word| token.is(word));
            changes_values |= adds_column
                || token.is("USING") && !before.as_ref().is_some_and(|word| word.is("UNIQUE"))
                || token.is("CHANGE");
            before = Some(token);
        }
        if changes_values {
            self.refuse_table(tokens, line, "ALTER TABLE");
        }
    }

    /// `CREATE TABLE … AS SELECT` fills the table.
    fn create(&mut self, tokens: &mut Tokens<'_>, line: u32) {
        while let Some(word) = tokens.peek() {
            let is_modifier = ["TEMPORARY", "TEMP", "UNLOGGED", "GLOBAL", "LOCAL"]
                .iter()
                .any(|known| word.is(known));
            if !is_modifier {
                break;
            }
            tokens.next();
        }
        if !tokens.skip("TABLE") {
            return;
        }
        if tokens.skip("IF") {
            tokens.next();
            tokens.next();
        }
        let mut rest = tokens.clone();
        let _ = rest.path();
        let mut depth = 0_u32;
        while let Some(token) = rest.next() {
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth = depth.saturating_sub(1),
                token if depth == 0 && (token.is("SELECT") || token.is("TABLE") || token.is("EXECUTE")) => {
                    self.refuse_table(tokens, line, "CREATE TABLE AS");
                    return;
                }
                _ => {}
            }
        }
    }
}

fn borrowed(pairs: &[(Ident, Option<Vec<u8>>)]) -> Vec<(Ident, DumpValue<'_>)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| (name.clone(), text.as_deref().map_or(DumpValue::Null, DumpValue::Text)))
        .collect()
}

/// The value of a column that a row does not have.
fn default_of(column: &Column) -> From {
    if column.identity || column.generated.is_some() {
        return From::Unknown;
    }
    match column.default.as_deref() {
        None => From::Default(None),
        Some(text) if text.eq_ignore_ascii_case("NULL") => From::Default(None),
        Some(text) => {
            let is_number = text.parse::<i64>().is_ok();
            let quoted = text.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
            match quoted {
                Some((inner, rest)) if rest.is_empty() || rest.starts_with("::") && !rest.contains('\'') => {
                    From::Default(Some(inner.to_owned()))
                }
                _ if is_number || ["true", "false"].contains(&text) => From::Default(Some(text.to_owned())),
                _ => From::Unknown,
            }
        }
    }
}

/// Sets what is the same in every row.
fn set_defaults(writer: &mut Writer<'_>, sources: &[From]) -> Result<(), Error> {
    for (at, source) in sources.iter().enumerate() {
        if let From::Default(default) = source {
            let value = default
                .as_ref()
                .map_or(DumpValue::Null, |text| DumpValue::Text(text.as_bytes()));
            writer.set(at, value)?;
        }
    }
    Ok(())
}

fn unknown(line: u32) -> String {
    format!("line {line}: the rows lack a column that is needed, and only the server knows its value")
}

/// Which fields of a line of COPY go where.
struct Fields {
    /// For each field up to the last that is needed: the places where it goes.
    wanted: Vec<Option<usize>>,
    unknown: bool,
}

impl Fields {
    fn new(sources: &[From]) -> Self {
        let mut wanted = Vec::new();
        let mut unknown = false;
        for (place, source) in sources.iter().enumerate() {
            match source {
                From::Value(at) => {
                    if wanted.len() <= *at {
                        wanted.resize(at + 1, None);
                    }
                    if let Some(slot) = wanted.get_mut(*at) {
                        *slot = Some(place);
                    }
                }
                From::Default(_) => {}
                From::Unknown => unknown = true,
            }
        }
        Self { wanted, unknown }
    }

    fn refusal(&self, line: u32) -> Option<String> {
        self.unknown.then(|| unknown(line))
    }

    /// False where the line has too few fields.
    fn write(&self, line: &[u8], writer: &mut Writer<'_>, scratch: &mut Vec<u8>) -> Result<bool, Error> {
        let mut rest = Some(line);
        for place in &self.wanted {
            let Some(text) = rest else { return Ok(false) };
            let (field, behind) = match memchr::memchr(b'\t', text) {
                Some(at) => (text.get(..at).unwrap_or(&[]), text.get(at + 1..)),
                None => (text, None),
            };
            rest = behind;
            let Some(place) = place else { continue };
            let value = if field == b"\\N" {
                DumpValue::Null
            } else if memchr::memchr(b'\\', field).is_some() {
                scratch.clear();
                values::uncopy(field, scratch);
                DumpValue::Text(scratch)
            } else {
                DumpValue::Text(field)
            };
            writer.set(*place, value)?;
        }
        writer.add()?;
        Ok(true)
    }
}

/// Takes the rows of an INSERT up to its end. A sentence where they cannot be used.
fn insert_rows(
    stream: &mut Stream,
    writer: &mut Writer<'_>,
    sources: &[From],
    line: u32,
) -> Result<Option<String>, Failure> {
    let dialect = stream.dialect();
    let mut refused = sources
        .iter()
        .any(|source| matches!(source, From::Unknown))
        .then(|| unknown(line));
    set_defaults(writer, sources).map_err(plain)?;
    let mut scratch = Vec::new();
    loop {
        // As many rows as the window holds.
        let mut done = 0;
        let mut ended = None;
        {
            let rest = stream.rest();
            let mut row = Vec::new();
            while ended.is_none() {
                match values::row(rest, done, dialect, &mut row) {
                    Row::Ends(end) => {
                        let Some(next) = values::skip_space(rest, end, dialect) else {
                            break;
                        };
                        let Some(sign) = rest.get(next) else { break };
                        if refused.is_none() {
                            refused = write_row(&row, writer, sources, &mut scratch, dialect)
                                .map_err(plain)?
                                .map(|reason| format!("the INSERT on line {line}: {reason}"));
                        }
                        done = next;
                        match sign {
                            b',' => match values::skip_space(rest, next + 1, dialect) {
                                Some(start) => done = start,
                                // The row is written; what follows is looked at when there is more of the text.
                                None => {
                                    done = next + 1;
                                    break;
                                }
                            },
                            b';' => ended = Some(true),
                            _ => ended = Some(false),
                        }
                    }
                    Row::More => {
                        // White space that was not passed yet.
                        match values::skip_space(rest, done, dialect) {
                            Some(start) if start > done => done = start,
                            _ => break,
                        }
                    }
                    Row::None => match values::skip_space(rest, done, dialect) {
                        Some(start) if start > done => done = start,
                        Some(_) => ended = Some(false),
                        None => break,
                    },
                }
            }
        }
        stream.advance(done);
        match ended {
            Some(true) => {
                stream.advance(1);
                return Ok(refused);
            }
            Some(false) => {
                let clause = stream.rest().get(..200).unwrap_or(stream.rest()).to_ascii_uppercase();
                if memchr::memmem::find(&clause, b"UPDATE").is_some() {
                    refused =
                        refused.or_else(|| Some(format!("the INSERT on line {line} changes rows that are there")));
                } else if !clause.starts_with(b"ON ")
                    && !clause.starts_with(b"RETURNING")
                    && !clause.starts_with(b"AS ")
                {
                    refused = refused.or_else(|| Some(format!("the INSERT on line {line} is not understood")));
                }
                stream.skip_statement()?;
                return Ok(refused);
            }
            None => {
                if !stream.fill()? {
                    return Err(cut_off(line));
                }
            }
        }
    }
}

/// Writes a row; a sentence where one of its values is not known.
fn write_row(
    row: &[Raw<'_>],
    writer: &mut Writer<'_>,
    sources: &[From],
    scratch: &mut Vec<u8>,
    dialect: SqlDialect,
) -> Result<Option<String>, Error> {
    for (place, source) in sources.iter().enumerate() {
        let From::Value(at) = source else { continue };
        let value = match row.get(*at) {
            None => return Ok(Some("a row has fewer values than there are columns".to_owned())),
            Some(Raw::Expression(text)) => {
                let text = String::from_utf8_lossy(text.get(..40).unwrap_or(text)).replace(['"', '\n'], " ");
                return Ok(Some(format!("only the server knows the value of `{text}`")));
            }
            Some(Raw::Null) => DumpValue::Null,
            Some(Raw::Plain(text)) => DumpValue::Text(text),
            Some(Raw::Hex(digits)) => {
                scratch.clear();
                values::unhex(digits, scratch);
                DumpValue::Bytes(scratch)
            }
            Some(Raw::Quoted(text, escapes)) => {
                if memchr::memchr2(b'\'', b'\\', text).is_none() {
                    DumpValue::Text(text)
                } else {
                    scratch.clear();
                    values::unquote(text, *escapes, dialect, scratch);
                    DumpValue::Text(scratch)
                }
            }
        };
        writer.set(place, value)?;
    }
    writer.add()?;
    Ok(None)
}

/// An error's sentence, without the name that is put before it again.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn plain(error: Error) -> Failure {
    match error {
        Error::File { reason, .. } => reason,
        other => other.to_string(),
    }
}
