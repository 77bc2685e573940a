//! Rows that are marked as deleted and stay.

use super::tokens;
use super::vocabulary::vocabulary;
use crate::schema::{Column, Table, TypeFamily};

/// The column that marks a row as deleted while it stays in the table (`deleted_at`), if the table has one.
///
/// A time counts only where it can be null, since it is null as long as the row lives.
pub fn soft_delete_column(table: &Table) -> Option<&Column> {
    let words = &vocabulary().soft_delete;
    table.columns.iter().find(|column| {
        let name = tokens::glued(column.name.as_str());
        let is_flag = matches!(column.ty.family, TypeFamily::Boolean | TypeFamily::Integer { .. });
        let is_instant = column.ty.family == TypeFamily::Temporal && column.nullable;
        (is_instant && (words.instants.has(&name) || words.flags.has(&name))) || (is_flag && words.flags.has(&name))
    })
}
