//! Indexes, and the keys that some of them are.

use std::collections::BTreeMap;

use crate::schema::{Ident, Index, IndexPart, Key, Origin, Table, TableName};

use super::{Row, table_name};

/// Puts the rows of `statistics.sql` into their tables.
pub(super) fn attach(rows: Vec<Row>, tables: &mut BTreeMap<TableName, Table>) {
    let mut parts: BTreeMap<(TableName, String), BTreeMap<u32, IndexPart>> = BTreeMap::new();
    let mut traits: BTreeMap<(TableName, String), Traits> = BTreeMap::new();
    for mut row in rows {
        let table = table_name(&mut row, 0);
        if !tables.contains_key(&table) {
            continue;
        }
        let of = (table, row.text(2));
        let position = row.number(3).unwrap_or(0);
        traits.entry(of.clone()).or_insert_with(|| Traits {
            unique: row.text(4) == "0",
            method: row.text(8).to_ascii_lowercase(),
            comment: row.take(9).filter(|comment| !comment.is_empty()),
            // Servers that do not say it have only visible ones.
            visible: row.take(10).is_none_or(|visible| visible == "YES"),
        });
        parts.entry(of).or_default().insert(position, part(row));
    }
    for ((table, name), parts) in parts {
        let of = (table, name);
        if let (Some(table), Some(traits)) = (tables.get_mut(&of.0), traits.remove(&of)) {
            add(table, of.1.into(), parts.into_values().collect(), traits);
        }
    }
}

/// What holds for a whole index.
struct Traits {
    unique: bool,
    method: String,
    comment: Option<String>,
    visible: bool,
}

fn part(mut row: Row) -> IndexPart {
    let column = row.take(5).map(Ident::from);
    IndexPart {
        expression: if column.is_none() { row.take(11) } else { None },
        column,
        descending: row.text(6) == "D",
        prefix: row.number(7),
        class: None,
        nulls_swapped: false,
    }
}

fn add(table: &mut Table, name: Ident, parts: Vec<IndexPart>, traits: Traits) {
    // A key on a column that is not shown is one on which the role has no privilege.
    let hidden = parts
        .iter()
        .filter_map(|part| part.column.as_ref())
        .any(|column| table.column(column).is_none());
    if hidden {
        table.readable = false;
    }
    // Full-text and spatial indexes have a prefix length that means nothing.
    let is_ordered = matches!(traits.method.as_str(), "btree" | "hash" | "rtree");
    let parts: Vec<IndexPart> = parts
        .into_iter()
        .map(|part| IndexPart {
            prefix: part.prefix.filter(|_| is_ordered),
            ..part
        })
        .collect();
    let mut index = Index {
        name,
        parts,
        include: Vec::new(),
        unique: traits.unique,
        method: traits.method,
        predicate: None,
        valid: true,
        visible: traits.visible,
        nulls_not_distinct: false,
        constraint: None,
        bound: false,
        options: None,
        comment: traits.comment,
        origin: Origin::Catalog,
    };
    // Every unique index is a constraint; one on prefixes or expressions says nothing of whole columns.
    if let Some(columns) = index.whole_columns().filter(|_| index.unique) {
        let primary = index.name.as_str() == "PRIMARY";
        let key = Key {
            name: Some(index.name.clone()),
            columns: columns.into_iter().cloned().collect(),
            primary,
            deferrable: false,
            nulls_not_distinct: false,
            without_overlaps: false,
            origin: Origin::Catalog,
        };
        index.constraint.clone_from(&key.name);
        index.bound = primary;
        table.keys.insert(if primary { 0 } else { table.keys.len() }, key);
    }
    table.indexes.push(index);
}
