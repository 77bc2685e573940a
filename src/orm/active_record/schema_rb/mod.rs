//! `db/schema.rb` → the schema that Rails makes of it, without a server.
//!
//! It is read as it is written: as calls of `create_table`, `add_index`, `add_foreign_key`. What Active Record fills in
//! (the primary key, names, the precision of times) is filled in as its version 8.1 does, and as older ones did where the
//! file says that it is theirs.

mod columns;
mod foreign_key;
mod index;
mod table;
mod types;

use std::collections::BTreeMap;

use super::inflection::Inflections;
use super::syntax::{self, Block, Call, Statement};
use super::value::{Pair, Value};
use crate::ddl::SqlDialect;
use crate::orm::SourceFile;
use crate::schema::{Ident, Location, Note, Origin, Read, Schema, Table, TableKind, TableName};

/// Whether a Ruby file is a schema that Rails wrote.
pub fn is_schema(text: &str) -> bool {
    text.contains("ActiveRecord::Schema")
}

/// The dialect that a schema's own lines tell: what only one database system has.
pub fn dialect_of(text: &str) -> Option<SqlDialect> {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "ENGINE=",
        "charset: \"utf8",
        "collation: \"utf8",
        "unsigned: true",
        "size: :medium",
        "size: :long",
    ]) {
        Some(SqlDialect::MySql)
    } else if has(&[
        "enable_extension",
        "create_enum",
        "t.jsonb",
        "t.uuid",
        "id: :uuid",
        "t.citext",
        "t.hstore",
        "t.inet",
        "t.tsvector",
        "array: true",
        "using: :gin",
        "using: :gist",
        "using: :btree",
        "::text",
        "id: :serial",
    ]) {
        Some(SqlDialect::Postgres)
    } else {
        None
    }
}

/// The dialect of the adapter that a `config/database.yml` names first. It is a template, and so no YAML yet: only the
/// line is looked for.
pub fn dialect_of_configuration(text: &str) -> Option<SqlDialect> {
    text.lines().find_map(|line| {
        let adapter = line.trim().strip_prefix("adapter:")?.trim().trim_matches(['"', '\'']);
        match adapter {
            "postgresql" | "postgis" | "postgres" => Some(SqlDialect::Postgres),
            "mysql2" | "trilogy" | "mysql" => Some(SqlDialect::MySql),
            "sqlite3" | "sqlite" => Some(SqlDialect::Sqlite),
            _ => None,
        }
    })
}

/// Reads a schema. It never fails: what is not understood is a note with its place.
pub fn read(name: &str, text: &str, dialect: SqlDialect) -> Read {
    let file = SourceFile {
        path: name.to_owned(),
        text: text.to_owned(),
    };
    let (_, statements) = syntax::read(&file);
    let mut builder = Builder {
        dialect,
        version: None,
        tables: BTreeMap::new(),
        enums: BTreeMap::new(),
        inflections: Inflections::rails(),
        notes: Vec::new(),
    };
    for statement in &statements {
        builder.definition(statement);
    }
    builder.finish()
}

/// The schema after the statements so far.
struct Builder {
    dialect: SqlDialect,
    /// The version of Active Record whose defaults the file counts on (`ActiveRecord::Schema[7.1]`).
    version: Option<f32>,
    tables: BTreeMap<TableName, Table>,
    /// The labels of PostgreSQL's enumerations.
    enums: BTreeMap<String, Vec<String>>,
    inflections: Inflections,
    notes: Vec<Note>,
}

/// Statements that make nothing that relations are found by.
const IGNORED: [&str; 22] = [
    "add_check_constraint",
    "add_exclusion_constraint",
    "check_constraint",
    "create_aggregate",
    "create_function",
    "create_extension",
    "create_hypertable",
    "create_schema",
    "create_sequence",
    "create_trigger",
    "create_view",
    "create_virtual_table",
    "enable_extension",
    "disable_extension",
    "execute",
    "install_audit",
    "comment_on_table",
    "change_table_comment",
    "change_column_comment",
    "set_table_comment",
    "set_column_comment",
    "create_fx_function",
];

impl Builder {
    /// `ActiveRecord::Schema[7.1].define(version: …) do … end`.
    fn definition(&mut self, statement: &Statement) {
        let Statement::Call(call) = statement else { return };
        let Some(block) = call.block.as_ref().filter(|_| call.name == "define") else {
            return;
        };
        if let Some(Value::Call(element)) = &call.receiver {
            self.version = match element.arguments.first() {
                Some(Value::Number(version)) => version.parse().ok(),
                _ => None,
            };
        }
        self.statements(&block.body);
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            match statement {
                Statement::Call(call) if call.receiver.is_none() => self.call(call),
                Statement::Branch(inner) => self.statements(inner),
                _ => {}
            }
        }
    }

    fn call(&mut self, call: &Call) {
        let (given, options) = split(&call.arguments);
        let done = match (call.name.as_str(), given) {
            ("create_table", [name]) => self.create_table(call, name, options),
            ("create_join_table", [one, other]) => self.create_join_table(call, one, other, options),
            ("add_index", [table, columns]) => self.add_index(call, table, columns, options),
            ("add_foreign_key", [from, to]) => self.add_foreign_key(call, from, to, options),
            ("add_unique_constraint", [table, columns]) => self.on_table(call, table, |builder, table| {
                builder.unique_constraint(table, columns, options)
            }),
            ("create_enum", [name, labels]) => name.text().zip(labels.texts()).map(|(name, labels)| {
                self.enums.insert(name.to_owned(), labels);
            }),
            (name, _) if IGNORED.contains(&name) => Some(()),
            _ => None,
        };
        if done.is_none() {
            self.note(&format!("`{}` is not understood, and lost", call.name), &call.location);
        }
    }

    /// Does something to a table that was made before.
    fn on_table(
        &mut self,
        call: &Call,
        name: &Value,
        change: impl FnOnce(&mut Self, &mut Table) -> Option<()>,
    ) -> Option<()> {
        let name = self.table_name(name.text()?);
        let Some(mut table) = self.tables.remove(&name) else {
            self.note(
                &format!("`{}` is lost: there is no table `{name}`", call.name),
                &call.location,
            );
            return Some(());
        };
        let done = change(self, &mut table);
        self.tables.insert(name, table);
        done
    }

    fn create_join_table(&mut self, call: &Call, one: &Value, other: &Value, options: &[Pair]) -> Option<()> {
        let (one, other) = (one.text()?, other.text()?);
        let name = option(options, "table_name").and_then(Value::text);
        let name = name.map_or_else(|| super::association::join_table_name(one, other), str::to_owned);
        let mut table = self.empty_table(&name, &call.location);
        let column_options = match option(options, "column_options") {
            Some(Value::Hash(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        let nullable = option(column_options, "null").and_then(Value::truth).unwrap_or(false);
        for referenced in [one, other] {
            let column = format!("{}_id", self.inflections.singularize(referenced));
            let ty = option(column_options, "type").and_then(Value::text).unwrap_or("bigint");
            let mut column = self.column(&table, &column, ty, column_options, &call.location)?;
            column.nullable = nullable;
            table.columns.push(column);
        }
        if let Some(block) = &call.block {
            self.table_body(&mut table, block);
        }
        self.tables.insert(table.name.clone(), table);
        Some(())
    }

    fn empty_table(&self, name: &str, location: &Location) -> Table {
        let origin = Origin::File(location.clone());
        let mut table = Table::new(self.table_name(name), TableKind::Table, origin);
        if self.dialect == SqlDialect::MySql {
            table.engine = Some("InnoDB".to_owned());
        }
        table
    }

    /// A table's name; in PostgreSQL it is in `public` where nothing else is said.
    fn table_name(&self, name: &str) -> TableName {
        let named = super::lineage::table_name(name);
        match (self.dialect, &named.namespace) {
            (SqlDialect::Postgres, None) => TableName::qualified("public", named.table),
            _ => named,
        }
    }

    fn note(&mut self, message: &str, location: &Location) {
        self.notes.push(Note {
            message: message.to_owned(),
            location: Some(location.clone()),
        });
    }

    /// In the order in which a live database is read.
    fn finish(self) -> Read {
        let mut tables = self.tables;
        for table in tables.values_mut() {
            table
                .keys
                .sort_by(|left, right| (!left.primary, &left.name).cmp(&(!right.primary, &right.name)));
            table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
            table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
        }
        Read {
            schema: Schema {
                tables,
                sees_all_tables: true,
            },
            notes: self.notes,
        }
    }
}

/// What is given by position, and the options behind it.
fn split(arguments: &[Value]) -> (&[Value], &[Pair]) {
    match arguments.split_last() {
        Some((Value::Hash(options), given)) => (given, options),
        _ => (arguments, &[]),
    }
}

fn option<'p>(options: &'p [Pair], key: &str) -> Option<&'p Value> {
    let found = options.iter().rev().find(|pair| pair.key.as_deref() == Some(key));
    found.map(|pair| &pair.value)
}

/// Whether an option is given and true.
fn is_set(options: &[Pair], key: &str) -> bool {
    option(options, key).is_some_and(|value| value.truth() == Some(true))
}

/// A name, or several, as columns.
fn columns_of(value: &Value) -> Option<Vec<Ident>> {
    Some(value.texts()?.into_iter().map(Ident::new).collect())
}

/// The calls on the table that a block is given.
fn calls_of(block: &Block) -> Vec<&Call> {
    let mut calls = Vec::new();
    super::application::each(&block.body, &mut |statement| {
        if let Statement::Call(call) = statement
            && matches!(&call.receiver, Some(Value::Name(name)) if block.parameters.contains(name))
        {
            calls.push(call);
        }
    });
    calls
}
