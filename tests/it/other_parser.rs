//! What another parser of PostgreSQL's SQL finds in a text: one that shares nothing with the reader.

use std::collections::{BTreeMap, BTreeSet};

use relaudit::schema::{Schema, TableKind, TableName};
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode as _};

/// What a text makes: the columns of its tables, and its foreign keys as `child(columns) -> parent`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) tables: BTreeMap<String, BTreeSet<String>>,
    pub(crate) foreign_keys: BTreeSet<String>,
}

/// What the other parser finds. The text is one that only adds: a dump, or a schema written by hand.
pub(crate) fn made(text: &str) -> Result<Made, String> {
    // Lines for psql are none of the language.
    let lines = text.lines().filter(|line| !line.starts_with('\\'));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let parsed = squawk_syntax::SourceFile::parse(&text);
    if let Some(error) = parsed.errors().first() {
        return Err(format!("the other parser does not understand it: {error:?}"));
    }
    let mut made = Made::default();
    for node in parsed.syntax_node().descendants() {
        if let Some(create) = ast::CreateTable::cast(node.clone()) {
            made.create(
                create.table_name().map(|name| name.syntax().clone()),
                create.table_arg_list().as_ref(),
            );
        } else if let Some(create) = ast::CreateForeignTable::cast(node.clone()) {
            made.create(
                create.table_name().map(|name| name.syntax().clone()),
                create.table_arg_list().as_ref(),
            );
        } else if let Some(alter) = ast::AlterTable::cast(node) {
            let table = alter.table_relation_name().and_then(|table| table.table_name_ref());
            let Some(table) = table else { continue };
            let table = full(table.syntax());
            for key in alter.syntax().descendants().filter_map(ast::ForeignKeyConstraint::cast) {
                made.foreign_key(&table, &key);
            }
        }
    }
    Ok(made)
}

impl Made {
    fn create(&mut self, name: Option<SyntaxNode>, arguments: Option<&ast::TableArgList>) {
        let Some(table) = name.map(|name| full(&name)) else {
            return;
        };
        let mut columns = BTreeSet::new();
        for argument in arguments.into_iter().flat_map(ast::TableArgList::args) {
            if let ast::TableArg::Column(column) = &argument
                && let Some(name) = column.name()
            {
                columns.insert(name.text());
                for key in column
                    .syntax()
                    .descendants()
                    .filter_map(ast::ReferencesConstraint::cast)
                {
                    let parent = key.table().map(|parent| full(parent.syntax())).unwrap_or_default();
                    self.foreign_keys
                        .insert(format!("{table}({}) -> {parent}", name.text()));
                }
            }
            for key in argument
                .syntax()
                .descendants()
                .filter_map(ast::ForeignKeyConstraint::cast)
            {
                self.foreign_key(&table, &key);
            }
        }
        self.tables.insert(table, columns);
    }

    fn foreign_key(&mut self, table: &str, key: &ast::ForeignKeyConstraint) {
        let columns = key.from_columns().map(|columns| columns.syntax().text().to_string());
        let columns: Vec<String> = columns
            .unwrap_or_default()
            .trim_matches(['(', ')'])
            .split(',')
            .map(folded)
            .collect();
        let parent = key.table_name_ref().map(|parent| full(parent.syntax()));
        let parent = parent.unwrap_or_default();
        self.foreign_keys
            .insert(format!("{table}({}) -> {parent}", columns.join(",")));
    }

    /// The same of what the reader has read. Columns and keys that a table inherits stand in no text.
    pub(crate) fn of(schema: &Schema, also: &Self) -> Self {
        let mut made = Self::default();
        for table in schema.tables.values() {
            if matches!(table.kind, TableKind::View | TableKind::MaterializedView) {
                continue;
            }
            let name = named(&table.name);
            let written = also.tables.get(&name);
            let inherits = table.partition_of.is_some() || !table.inherits.is_empty();
            let columns = table.columns.iter().map(|column| column.name.as_str().to_owned());
            let columns = columns.filter(|column| !inherits || written.is_some_and(|written| written.contains(column)));
            made.tables.insert(name.clone(), columns.collect());
            for key in &table.foreign_keys {
                let columns: Vec<&str> = key.columns.iter().map(relaudit::schema::Ident::as_str).collect();
                let line = format!("{name}({}) -> {}", columns.join(","), named(&key.parent));
                made.foreign_keys.insert(line);
            }
        }
        made
    }

    /// What only one of two has.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let lines = |made: &Self| -> BTreeSet<String> {
            let tables = made.tables.iter().map(|(name, columns)| format!("{name}: {columns:?}"));
            tables.chain(made.foreign_keys.iter().cloned()).collect()
        };
        let (ours, theirs) = (lines(self), lines(other));
        let ours_only = ours
            .difference(&theirs)
            .map(|line| format!("only the reader has {line}"));
        let theirs_only = theirs
            .difference(&ours)
            .map(|line| format!("only the other parser has {line}"));
        ours_only.chain(theirs_only).collect()
    }
}

fn named(name: &TableName) -> String {
    let namespace = name
        .namespace
        .as_ref()
        .map_or("public", relaudit::schema::Ident::as_str);
    format!("{namespace}.{}", name.table)
}

/// A name with its namespace, without quotes.
fn full(name: &SyntaxNode) -> String {
    let text = name.text().to_string();
    let mut quoted = false;
    let is_period = |letter: char| {
        quoted ^= letter == '"';
        letter == '.' && !quoted
    };
    let parts: Vec<String> = text.trim().split(is_period).map(folded).collect();
    match parts.as_slice() {
        [table] => format!("public.{table}"),
        _ => parts.join("."),
    }
}

/// A name as the server stores it.
fn folded(name: &str) -> String {
    let name = name.trim();
    let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    quoted.map_or_else(|| name.to_lowercase(), |name| name.replace("\"\"", "\""))
}
