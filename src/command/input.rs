//! From the flags to opened sources and their schemas.

use std::path::PathBuf;

use anyhow::{Context, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::cli::InputArgs;
use crate::config::{Config, Unresolved};
use crate::dialect::retype::TWIN_PREFIX;
use crate::dialect::{ConnectOptions, Database, SourceInfo};
use crate::infer;
use crate::orm::{self, Models};
use crate::plan::QUARANTINE_PREFIX;
use crate::relation::Relations;
use crate::schema::{Note, Read, Schema, Stated, TableName};
use crate::source::{self, Dump, Opened};

use super::Outcome;

/// A source that was read.
pub(super) struct Input {
    pub(super) info: SourceInfo,
    pub(super) rows: RowSource,
    pub(super) schema: Schema,
    /// What the configuration and the models state of it.
    pub(super) stated: Stated,
    pub(super) relations: Relations,
    pub(super) notes: Vec<Note>,
    /// Whether all of the SQL in it was understood. What is said of the source as a whole has no place in the file.
    is_understood: bool,
}

impl Input {
    /// Whether there can be rows.
    pub(super) fn has_rows(&self) -> bool {
        !matches!(self.rows, RowSource::None)
    }
}

/// Where the rows of a source are.
pub(super) enum RowSource {
    /// In the database that the schema was read from.
    Database(Box<dyn Database>),
    /// In the text that it was read from, if it has any.
    Dump(Dump),
    /// Nowhere.
    None,
}

/// Opens and reads every source. One that cannot be read ends the run: a report that leaves it out would look clean.
///
/// `models` are the paths of `--models`; without any, those of the configuration.
pub(super) fn read(args: &InputArgs, models: &[PathBuf], config: &Config) -> anyhow::Result<Vec<Input>> {
    let paths = if models.is_empty() {
        config.models()
    } else {
        models.to_vec()
    };
    let models = source::read_models(&paths)?;
    read_with(args, &models, config)
}

/// The same without models.
pub(super) fn read_schemas(args: &InputArgs, config: &Config) -> anyhow::Result<Vec<Input>> {
    read_with(args, &[], config)
}

fn read_with(args: &InputArgs, models: &[Models], config: &Config) -> anyhow::Result<Vec<Input>> {
    config.add_words()?;
    // It takes as long as a schema of many tables, and is ready when the first source is read.
    std::thread::spawn(infer::prepare);
    let scope = Scope::new(args)?;
    let options = connect_options(args);
    let mut inputs = Vec::new();
    let mut missing: Option<Unresolved> = None;
    for name in source_names(args)? {
        let (info, mut read, rows) = open(&name, args, &options)?;
        scope.apply(&mut read.schema);
        orm::mark_soft_deletion(&mut read.schema, models);
        let (stated, unresolved) = config.stated(&read.schema);
        missing = Some(match missing {
            Some(missing) => missing.and(&unresolved),
            None => unresolved,
        });
        if read.schema.relation_tables().next().is_none() {
            let message = if scope.is_everything() {
                "there are no tables"
            } else {
                "no table matches"
            };
            let note = Note::new(format!("{message} in {}", info.name));
            // A snapshot can have it already.
            if !read.notes.contains(&note) {
                read.notes.push(note);
            }
        }
        inputs.push(Input {
            relations: Relations::default(),
            is_understood: info.kind != "sql" || read.notes.iter().all(|note| note.location.is_none()),
            info,
            rows,
            stated,
            schema: read.schema,
            notes: read.notes,
        });
    }
    missing.map_or(Ok(()), Unresolved::into_result)?;
    let nothing = |input: &Input| input.schema.relation_tables().next().is_none();
    if !scope.is_everything() && inputs.iter().all(nothing) {
        // A misspelt pattern must not look like a clean database.
        bail!("no table matches: look at --schema, --table and their --exclude- twins");
    }
    declare(&mut inputs, models);
    for input in &mut inputs {
        input.relations = infer::relations(&input.schema, &input.stated);
    }
    Ok(inputs)
}

/// Reads a copy of a source that was read before: what is stated of tables that are not in the copy is no error.
pub(super) fn read_again(name: &str, args: &InputArgs, models: &[PathBuf], config: &Config) -> anyhow::Result<Input> {
    let paths = if models.is_empty() {
        config.models()
    } else {
        models.to_vec()
    };
    let models = source::read_models(&paths)?;
    let (info, mut read, rows) = open(name, args, &connect_options(args))?;
    Scope::new(args)?.apply(&mut read.schema);
    orm::mark_soft_deletion(&mut read.schema, &models);
    let (stated, _) = config.stated(&read.schema);
    let mut inputs = [Input {
        relations: Relations::default(),
        is_understood: true,
        info,
        rows,
        stated,
        schema: read.schema,
        notes: read.notes,
    }];
    declare(&mut inputs, &models);
    let [mut input] = inputs;
    input.relations = infer::relations(&input.schema, &input.stated);
    Ok(input)
}

/// Holds the models against each source. A table need be in one of them only; that it is in none, and what the readers
/// of the models have to say, is told of the first.
fn declare(inputs: &mut [Input], models: &[Models]) {
    if models.is_empty() {
        return;
    }
    let found: Vec<_> = (0..inputs.len())
        .filter_map(|at| {
            let schemas = inputs.iter().enumerate().map(|(other, input)| (other, &input.schema));
            let others: Vec<&Schema> = schemas
                .filter(|(other, _)| *other != at)
                .map(|(_, schema)| schema)
                .collect();
            Some(orm::resolve(&inputs.get(at)?.schema, models, &others, at == 0))
        })
        .collect();
    for (at, (input, (declarations, notes))) in inputs.iter_mut().zip(found).enumerate() {
        if at == 0 {
            let of_readers = models.iter().flat_map(|models| &models.notes).cloned();
            input.notes.extend(of_readers.chain(notes));
        }
        orm::add_to(&mut input.stated, declarations);
    }
}

/// How sources are opened.
pub(super) fn connect_options(args: &InputArgs) -> ConnectOptions {
    ConnectOptions {
        connect_timeout: args.connect_timeout,
        statement_timeout: args.statement_timeout,
        lock_timeout: args.lock_timeout,
        ..ConnectOptions::default()
    }
}

/// Opens a source and reads its schema.
fn open(name: &str, args: &InputArgs, options: &ConnectOptions) -> anyhow::Result<(SourceInfo, Read, RowSource)> {
    let target = source::parse(name, args.dialect)?;
    Ok(match source::open(&target, options)? {
        Opened::Database(database) => {
            let read = database.read_schema()?;
            (database.info().clone(), read, RowSource::Database(database))
        }
        Opened::Files(files) => (
            files.info,
            files.read,
            files.rows.map_or(RowSource::None, RowSource::Dump),
        ),
    })
}

/// With `--strict`, a note on what could not be understood in a file is as bad as a check that could not run.
pub(super) fn strict(args: &InputArgs, inputs: &[Input], outcome: Outcome) -> Outcome {
    if args.strict && !inputs.iter().all(|input| input.is_understood) {
        Outcome::Unchecked
    } else {
        outcome
    }
}

fn source_names(args: &InputArgs) -> anyhow::Result<Vec<String>> {
    if !args.sources.is_empty() {
        return Ok(args.sources.clone());
    }
    match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Ok(vec![url]),
        _ => bail!("no source given: name a database URL or a file, or set DATABASE_URL (see `relaudit audit --help`)"),
    }
}

/// Which tables the user wants audited.
struct Scope {
    schemas: Option<GlobSet>,
    exclude_schemas: GlobSet,
    tables: Option<GlobSet>,
    exclude_tables: GlobSet,
}

impl Scope {
    fn new(args: &InputArgs) -> anyhow::Result<Self> {
        let given = |patterns: &[String]| (!patterns.is_empty()).then(|| globs(patterns)).transpose();
        Ok(Self {
            schemas: given(&args.schema)?,
            exclude_schemas: globs(&args.exclude_schema)?,
            tables: given(&args.table)?,
            exclude_tables: globs(&args.exclude_table)?,
        })
    }

    fn is_everything(&self) -> bool {
        self.schemas.is_none()
            && self.tables.is_none()
            && self.exclude_schemas.is_empty()
            && self.exclude_tables.is_empty()
    }

    /// Marks the tables that are left out. They stay in the schema, since others may reference them.
    fn apply(&self, schema: &mut Schema) {
        for table in schema.tables.values_mut() {
            table.audited = table.audited && self.contains(&table.name);
            // What plans put beside a column until their contract phase is no part of the design either.
            table.forget_columns(|column| column.as_str().starts_with(TWIN_PREFIX));
        }
    }

    fn contains(&self, name: &TableName) -> bool {
        // What plans keep rows in is no part of the design.
        if name.table.as_str().starts_with(QUARANTINE_PREFIX) {
            return false;
        }
        let namespace = name.namespace.as_ref().map_or("", |namespace| namespace.as_str());
        let table = |globs: &GlobSet| globs.is_match(name.table.as_str()) || globs.is_match(name.to_string());
        self.schemas.as_ref().is_none_or(|globs| globs.is_match(namespace))
            && !self.exclude_schemas.is_match(namespace)
            && self.tables.as_ref().is_none_or(table)
            && !table(&self.exclude_tables)
    }
}

fn globs(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        // A name may hold `/`, `[` and `{`; only `*` and `?` are meant as patterns.
        let escaped: String = pattern
            .chars()
            .map(|c| match c {
                '*' | '?' => c.to_string(),
                _ => globset::escape(&c.to_string()),
            })
            .collect();
        let glob = GlobBuilder::new(&escaped)
            .build()
            .with_context(|| format!("cannot understand the pattern `{pattern}`"))?;
        set.add(glob);
    }
    set.build().context("too many patterns")
}
