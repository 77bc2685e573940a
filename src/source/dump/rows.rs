//! The rows of a text, statement by statement, into the file that keeps them.

use std::collections::{BTreeMap, BTreeSet};

use super::clash;
use super::head::OnClash;
use super::names::{Names, stored_in};
use super::stream::{Failure, Next, Statement, Stream};
use super::write::{Fields, From, default_of, insert_rows, plain, set_defaults, too_long};
use super::{copied, ident, insert_head};
use crate::dialect::sqlite::dump::{Clash, Loading};
use crate::schema::{Ident, Schema, Table, TableName};

/// Reads a text for its rows.
pub(super) struct Rows<'a> {
    pub(super) schema: &'a Schema,
    pub(super) names: Names<'a>,
    pub(super) stream: Stream,
    pub(super) loading: Loading,
    /// Whether rows came already.
    pub(super) any: bool,
    /// Tables in which the keys that are known do not decide which rows stay, and what else is unique.
    undecided: BTreeMap<TableName, String>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        stream: Stream,
        loading: Loading,
        undecided: BTreeMap<TableName, String>,
    ) -> Self {
        Self {
            schema,
            names: Names::new(schema, stream.dialect()),
            stream,
            loading,
            any: false,
            undecided,
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
    pub(super) fn table(&mut self, path: Option<&[String]>, line: u32) -> Option<TableName> {
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
            return self.stream.copy_lines(|_, _, _| Ok(()));
        };
        if !copied.is_some_and(|copied| copied.is_text) {
            let reason = format!("line {}: only COPY in its default format is read", statement.line);
            self.loading.refuse(Some(&kept), &reason);
            return self.stream.copy_lines(|_, _, _| Ok(()));
        }
        let Some(mut writer) = self.loading.writer(&kept, Clash::Keep).map_err(plain)? else {
            return self.stream.copy_lines(|_, _, _| Ok(()));
        };
        let fields = Fields::new(&sources);
        let mut scratch = Vec::new();
        let mut refused = fields.refusal(statement.line);
        set_defaults(&mut writer, &sources).map_err(plain)?;
        self.stream.copy_lines(|line, number, cut| {
            if fields.want_any(cut) && refused.is_none() {
                refused = Some(too_long(number));
            }
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
        let (doubtful, clashed) = (writer.is_doubtful(), writer.has_clashed());
        refused = refused.or_else(|| writer.is_keyless().then(|| keyless(statement.line, "COPY")));
        drop(writer);
        let refused = refused.or_else(|| clashed.then(|| is_there(statement.line, "COPY")));
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
        let (Some(table), Some(kept), Some(sources)) = (table, kept, sources) else {
            return self.stream.skip_statement().map(drop);
        };
        let Some(rows_at) = found.rows_at else {
            let reason = format!("line {line}: only the rows of INSERT … VALUES are read");
            self.loading.refuse(Some(&kept), &reason);
            return self.stream.skip_statement().map(drop);
        };
        let clash = match found.on_clash {
            OnClash::Replace => Clash::Replace,
            OnClash::Fail | OnClash::Keep => Clash::Keep,
        };
        let Some(mut writer) = self.loading.writer(&kept, clash).map_err(plain)? else {
            return self.stream.skip_statement().map(drop);
        };
        self.stream.advance(rows_at);
        let inserted = insert_rows(&mut self.stream, &mut writer, &sources, line)?;
        let (doubtful, clashed) = (writer.is_doubtful(), writer.has_clashed());
        let keyless = writer.is_keyless().then(|| keyless(line, "INSERT"));
        drop(writer);
        let on_clash = match found.on_clash {
            OnClash::Fail => inserted.on_clash,
            told => told,
        };
        let refused = inserted.refused.or(keyless).or_else(|| match on_clash {
            OnClash::Fail => clashed.then(|| is_there(line, "INSERT")),
            OnClash::Keep | OnClash::Replace => self.undecided(table, &kept, line),
        });
        self.judge(&kept, refused, doubtful);
        if clashed && on_clash == OnClash::Replace {
            let reason = format!(
                "line {line}: REPLACE removes rows of `{}`, and whether foreign keys act on it is known to the server only",
                table.name
            );
            for child in clash::dependants(self.schema, &table.name) {
                self.loading.refuse(Some(&child), &reason);
            }
        }
        Ok(())
    }

    /// Why it cannot be told which rows stay of those with the same key.
    fn undecided(&self, table: &Table, kept: &TableName, line: u32) -> Option<String> {
        if self.loading.is_unique(kept) || (table.keys.is_empty() && !table.indexes.iter().any(|index| index.unique)) {
            return None;
        }
        let what = self.undecided.get(kept).map_or("a key", String::as_str);
        Some(format!(
            "line {line}: which rows with the same keys stay depends on {what}, and is known to the server only"
        ))
    }
}

/// The sentence for a row that a server refuses.
fn is_there(line: u32, statement: &str) -> String {
    format!("the {statement} on line {line} has a row whose key is there already, which a server refuses")
}

/// The sentence for a row whose primary key the server gives, or refuses.
fn keyless(line: u32, statement: &str) -> String {
    format!("the {statement} on line {line} has a row without a whole number for its key, which only the server knows")
}
