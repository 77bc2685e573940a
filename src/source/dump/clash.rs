//! Rows whose key is there already: INSERT IGNORE, REPLACE and ON CONFLICT. Which of them stay, the keys decide.

use std::collections::{BTreeMap, BTreeSet};

use super::head::{OnClash, Tokens};
use super::names::stored_in;
use crate::ddl::SqlDialect;
use crate::dialect::sqlite::dump::Needed;
use crate::schema::{Ident, Schema, Table, TableName, TypeFamily};

/// Has the keys kept apart of the tables of these names, as far as their rows are needed. Gives the reasons why the keys
/// of others do not decide.
pub(super) fn keep_keys(
    schema: &Schema,
    paths: &BTreeSet<Vec<String>>,
    needed: &mut BTreeMap<TableName, Needed>,
) -> BTreeMap<TableName, String> {
    let mut undecided = BTreeMap::new();
    // A namespace may be chosen by a statement before: all that can be meant are.
    let is_meant = |name: &TableName| {
        let mut names = paths.iter().filter_map(|path| path.last());
        names.any(|last| last.eq_ignore_ascii_case(name.table.as_str()))
    };
    for name in schema.tables.keys().filter(|name| is_meant(name)) {
        let kept = stored_in(schema, name);
        let (Some(table), Some(needed)) = (schema.table(&kept), needed.get_mut(&kept)) else {
            continue;
        };
        match keys(table) {
            Ok(keys) => {
                needed.columns.extend(keys.iter().flatten().cloned());
                needed.unique = keys;
            }
            Err(reason) => {
                undecided.insert(kept, reason);
            }
        }
    }
    undecided
}

/// Every set of columns that is unique in a table. The error says what is unique otherwise.
fn keys(table: &Table) -> Result<BTreeSet<Vec<Ident>>, String> {
    let unknown = |name: Option<&Ident>| match name {
        Some(name) => format!("`{name}`"),
        None => "a key".to_owned(),
    };
    let mut found = BTreeSet::new();
    for key in &table.keys {
        if key.without_overlaps || key.nulls_not_distinct || !key.columns.iter().all(|name| is_comparable(table, name))
        {
            return Err(unknown(key.name.as_ref()));
        }
        found.insert(key.columns.clone());
    }
    for index in table.indexes.iter().filter(|index| index.unique && index.valid) {
        let columns = index.whole_columns().filter(|columns| {
            index.predicate.is_none()
                && !index.nulls_not_distinct
                && columns.iter().all(|name| is_comparable(table, name))
        });
        let Some(columns) = columns else {
            return Err(unknown(Some(&index.name)));
        };
        found.insert(columns.into_iter().cloned().collect());
    }
    Ok(found)
}

/// Whether two texts of a value stand for the same only where they are stored as the same.
fn is_comparable(table: &Table, name: &Ident) -> bool {
    table.column(name).is_some_and(|column| {
        !matches!(
            column.ty.family,
            TypeFamily::Float
                | TypeFamily::Temporal
                | TypeFamily::Json
                | TypeFamily::Array
                | TypeFamily::Any
                | TypeFamily::Other
        )
    })
}

/// Whether the last bytes of an INSERT show that it can end with `ON CONFLICT … DO NOTHING`.
pub(super) fn may_keep(tail: &[u8]) -> bool {
    memchr::memmem::find(&tail.to_ascii_uppercase(), b"NOTHING").is_some()
}

/// What stands behind the rows of an INSERT, up to and with its semicolon. `None`: it changes other rows, or is not
/// understood.
pub(super) fn clause(text: &[u8], dialect: SqlDialect) -> Option<OnClash> {
    let mut tokens = Tokens::new(text, dialect);
    let first = tokens.next()?;
    let mut on_clash = OnClash::Fail;
    while let Some(token) = tokens.next() {
        if token.is("UPDATE") {
            return None;
        }
        if token.is("NOTHING") {
            on_clash = OnClash::Keep;
        }
    }
    let is_known = ["ON", "RETURNING", "AS"].iter().any(|word| first.is(word));
    is_known.then_some(on_clash)
}

/// The children that lose rows, or get others, where a row of this table goes.
pub(super) fn dependants(schema: &Schema, parent: &TableName) -> BTreeSet<TableName> {
    let acts = |table: &&Table| {
        let mut keys = table.foreign_keys.iter();
        keys.any(|key| key.parent == *parent && !key.on_delete.refuses())
    };
    let children = schema.tables.values().filter(acts);
    children.map(|table| stored_in(schema, &table.name)).collect()
}
