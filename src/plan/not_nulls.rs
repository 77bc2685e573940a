//! Columns that take no nulls, and by what: the type of a column can forbid them too, and a constraint for it can have a
//! name of its own, or hold for new rows only.

use std::collections::BTreeMap;

use crate::dialect::change::NotNull;
use crate::schema::{ColumnSet, Ident, TableName};

/// The columns that take no nulls because their table says so, each with its constraint where that has a name.
pub type NotNulls = BTreeMap<ColumnSet, Option<NotNull>>;

/// Adds a row of the question for them.
pub(super) fn add(found: &mut NotNulls, row: Vec<Option<String>>) {
    let mut texts = row.into_iter();
    let mut next = || texts.next().flatten();
    let (namespace, table, column, name) = (next(), next(), next(), next());
    let (validated, only_here) = (next(), next());
    let (Some(table), Some(column)) = (table, column) else {
        return;
    };
    let table = TableName {
        namespace: namespace.map(Ident::new),
        table: Ident::new(table),
    };
    let is_true = |flag: Option<String>| flag.is_some_and(|flag| flag.starts_with('t'));
    let standing = name.map(|name| NotNull {
        name: Ident::new(name),
        validated: is_true(validated),
        only_here: is_true(only_here),
    });
    found.insert(ColumnSet::new(table, vec![Ident::new(column)]), standing);
}
