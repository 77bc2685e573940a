//! Rows that are marked as deleted and stay.

use super::tokens;
use super::vocabulary::vocabulary;
use crate::schema::{Column, Table, TypeFamily};

/// The column that marks a row as deleted while it stays in the table (`deleted_at`), if the table has one: as a model
/// says, else by its name.
///
/// A time counts only where it can be null, since it is null as long as the row lives. SQLite has no type for times: there
/// they are texts or numbers.
pub fn soft_delete_column(table: &Table) -> Option<&Column> {
    if let Some(stated) = table.soft_delete.as_ref().and_then(|name| table.column(name)) {
        return Some(stated);
    }
    let words = &vocabulary().soft_delete;
    table.columns.iter().find(|column| {
        let name = tokens::glued(column.name.as_str());
        let is_flag = matches!(column.ty.family, TypeFamily::Boolean | TypeFamily::Integer { .. });
        let is_instant = column.nullable && column.ty.family == TypeFamily::Temporal;
        let is_stored_instant =
            column.nullable && (column.ty.family == TypeFamily::Text || column.ty.family.is_number());
        (is_instant && (words.instants.has(&name) || words.flags.has(&name)))
            || (is_stored_instant && words.instants.has(&name))
            || (is_flag && words.flags.has(&name))
    })
}
