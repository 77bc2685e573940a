//! Indexes and unique keys, built while others write.

use super::prepared::{columns_as_planned, has_index, unless};
use super::{as_planned, online};
use crate::dialect::Dialect as _;
use crate::dialect::change::Work;
use crate::dialect::mysql::MySql;
use crate::schema::{Ident, Table, display_columns};

pub(super) fn add(table: &Table, columns: &[Ident], name: &Ident) -> Result<Work, String> {
    adding(table, columns, name, "")
}

pub(super) fn add_unique(table: &Table, columns: &[Ident], name: &Ident) -> Result<Work, String> {
    let mut work = adding(table, columns, name, "UNIQUE ")?;
    work.guards.push(format!(
        "no two rows of `{}` have the same ({}): the server looks",
        table.name,
        display_columns(columns)
    ));
    Ok(work)
}

fn adding(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Result<Work, String> {
    if let Some(column) = columns.iter().find(|column| needs_prefix(table, column)) {
        return Err(format!(
            "`{}`.`{column}` is of a type of which only the first characters can be indexed, and how many depends on the \
             values",
            table.name
        ));
    }
    let target = MySql::MYSQL.table_name(&table.name);
    let quoted = MySql::MYSQL.quote(name);
    let list: Vec<String> = columns.iter().map(|column| MySql::MYSQL.quote(column)).collect();
    let there = has_index(&table.name, name);
    let mut up = columns_as_planned(table, columns);
    up.extend(unless(
        &there,
        &format!(
            "ALTER TABLE {target} ADD {unique}INDEX {quoted} ({}), ALGORITHM=INPLACE, LOCK=NONE",
            list.join(", ")
        ),
    ));
    Ok(Work {
        up,
        down: unless(
            &format!("NOT {there}"),
            &format!("ALTER TABLE {target} DROP INDEX {quoted}, ALGORITHM=INPLACE, LOCK=NONE"),
        ),
        locks: vec![online(&table.name)],
        guards: vec![as_planned(table)],
        reads_rows: true,
    })
}

/// BLOB and TEXT columns, and JSON (manual, "Column Prefix Key Parts").
fn needs_prefix(table: &Table, column: &Ident) -> bool {
    table.column(column).is_some_and(|column| {
        let declared = column.ty.declared.to_ascii_lowercase();
        ["text", "blob", "json"].iter().any(|word| declared.contains(word))
    })
}
