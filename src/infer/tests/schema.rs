//! Schemas in few words, for the tests of this module.

use crate::schema::{
    Action, Column, ColumnType, Deferrable, ForeignKey, Ident, Index, IndexPart, Key, Match, Origin, Schema, Table,
    TableKind, TableName, TypeFamily,
};

/// A schema of one table a line: `posts: id int pk, author_id int null; unique(a, b); index(a); fk(a -> users.id);
/// check(a > 0); view`. Several key columns are joined by `+`. Columns take no null unless they say so.
pub(super) fn schema(text: &str) -> Schema {
    let mut schema = Schema {
        sees_all_tables: true,
        ..Schema::default()
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let table = table(line);
        schema.tables.insert(table.name.clone(), table);
    }
    schema
}

pub(super) fn table_name(text: &str) -> TableName {
    match text.trim().split_once('.') {
        Some((namespace, table)) => TableName::qualified(namespace, table),
        None => TableName::bare(text.trim()),
    }
}

fn table(line: &str) -> Table {
    let (name, rest) = line.split_once(':').unwrap_or((line, ""));
    let mut table = Table::new(table_name(name), TableKind::Table, Origin::Catalog);
    let mut parts = rest.split(';');
    for text in parts
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        column(&mut table, text);
    }
    for part in parts.map(str::trim) {
        let (word, inside) = part.split_once('(').unwrap_or((part, ""));
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        match word {
            "unique" => key(&mut table, idents(inside), false),
            "pk" => key(&mut table, idents(inside), true),
            "index" => table.indexes.push(index(idents(inside))),
            "fk" => table.foreign_keys.push(foreign_key(inside)),
            "check" => table.checks.push(inside.to_owned()),
            "view" => table.kind = TableKind::View,
            other => assert!(other.is_empty(), "unknown part `{other}`"),
        }
    }
    table
}

fn column(table: &mut Table, text: &str) {
    let mut words = text.split_whitespace();
    let name = Ident::from(words.next().unwrap_or_default());
    let ty = column_type(words.next().unwrap_or_default());
    let mut column = Column {
        name: name.clone(),
        ty,
        nullable: false,
        default: None,
        identity: false,
        generated: None,
        comment: None,
        origin: Origin::Catalog,
    };
    for flag in words {
        match flag {
            "null" => column.nullable = true,
            "auto" => column.identity = true,
            "pk" => key(table, vec![name.clone()], true),
            "unique" => key(table, vec![name.clone()], false),
            "index" => table.indexes.push(index(vec![name.clone()])),
            other => assert!(other.is_empty(), "unknown flag `{other}`"),
        }
    }
    table.columns.push(column);
}

fn column_type(text: &str) -> ColumnType {
    let integer = |bits| TypeFamily::Integer { bits, unsigned: false };
    let (family, length) = match text {
        "int" => (integer(32), None),
        "bigint" => (integer(64), None),
        "uuid" => (TypeFamily::Uuid, None),
        "text" => (TypeFamily::Text, None),
        "bool" => (TypeFamily::Boolean, None),
        "time" => (TypeFamily::Temporal, None),
        "json" => (TypeFamily::Json, None),
        "ints" => (TypeFamily::Array, None),
        other if other.starts_with("enum:") => (TypeFamily::Enum, None),
        other => (
            TypeFamily::Text,
            other.strip_prefix("varchar").and_then(|length| length.parse().ok()),
        ),
    };
    let labels = text
        .strip_prefix("enum:")
        .map(|labels| labels.split('|').map(str::to_owned).collect());
    ColumnType {
        declared: text.to_owned(),
        base: text.to_owned(),
        family,
        length,
        collation: None,
        labels: labels.unwrap_or_default(),
    }
}

fn idents(text: &str) -> Vec<Ident> {
    text.split(',').map(|name| Ident::from(name.trim())).collect()
}

fn key(table: &mut Table, columns: Vec<Ident>, primary: bool) {
    table.keys.push(Key {
        name: None,
        columns,
        primary,
        deferrable: false,
        nulls_not_distinct: false,
        without_overlaps: false,
        origin: Origin::Catalog,
    });
}

fn index(columns: Vec<Ident>) -> Index {
    Index {
        name: Ident::from("an_index"),
        parts: columns.into_iter().map(IndexPart::column).collect(),
        include: Vec::new(),
        unique: false,
        method: "btree".to_owned(),
        predicate: None,
        valid: true,
        visible: true,
        nulls_not_distinct: false,
        constraint: None,
        bound: false,
        options: None,
        comment: None,
        origin: Origin::Catalog,
    }
}

/// `a, b -> parent.x+y`, and after that `invalid` or `unenforced`.
fn foreign_key(text: &str) -> ForeignKey {
    let (columns, parent) = text.split_once("->").unwrap_or((text, ""));
    let (parent, flags) = parent.trim().split_once(' ').unwrap_or((parent.trim(), ""));
    let (parent, keys) = parent.rsplit_once('.').unwrap_or((parent, ""));
    ForeignKey {
        name: Some(Ident::from(format!("fk_{}", columns.trim()))),
        columns: idents(columns),
        parent: table_name(parent),
        parent_columns: keys.split('+').map(Ident::from).collect(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        set_columns: Vec::new(),
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: !flags.contains("invalid"),
        enforced: !flags.contains("unenforced"),
        period: false,
        origin: Origin::Catalog,
    }
}
