//! What must hold before a step goes on. SQL for SQLite knows no `if`, but a constraint that is broken stops the script, and
//! its name is what the error says.

use std::collections::BTreeSet;

use super::definition::declared;
use super::retype;
use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Column, Ident, Table, display_columns};

/// Fails with the message unless the condition is true.
pub(super) fn guard(holds: &str, message: &str) -> Vec<Statement> {
    [
        "DROP TABLE IF EXISTS temp.relaudit_guard".to_owned(),
        format!(
            "CREATE TEMP TABLE relaudit_guard (holds, CONSTRAINT {} CHECK (holds))",
            Sqlite.quote(&Ident::new(format!("relaudit: {message}")))
        ),
        format!("INSERT INTO temp.relaudit_guard SELECT {holds}"),
        "DROP TABLE temp.relaudit_guard".to_owned(),
    ]
    .into_iter()
    .map(Statement::plain)
    .collect()
}

/// Fails where the columns have not the types that they had. Where a plan gives a column another type, both will do: this
/// is looked at before the table is made anew, and when the step is run again.
pub(super) fn columns_as_planned(table: &Table, columns: &[Ident]) -> Vec<Statement> {
    let mut names: Vec<&Column> = columns.iter().filter_map(|name| table.column(name)).collect();
    names.sort_by(|one, other| one.name.cmp(&other.name));
    names.dedup_by(|one, other| one.name == other.name);
    let wanted: BTreeSet<String> = names.iter().flat_map(|column| types(table, column)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "{} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        display_columns(columns)
    );
    let holds = format!(
        "COUNT(*) = {} FROM pragma_table_xinfo({}) WHERE (name, lower(type)) IN (VALUES {})",
        names.len(),
        Sqlite.literal(table.name.table.as_str()),
        wanted.into_iter().collect::<Vec<_>>().join(", ")
    );
    guard(&holds, &message)
}

/// The same of a column that the contract phase may have taken away.
pub(super) fn column_as_planned_or_gone(table: &Table, column: &Ident) -> Vec<Statement> {
    let Some(found) = table.column(column) else {
        return Vec::new();
    };
    let holds = format!(
        "NOT EXISTS (SELECT 1 FROM pragma_table_xinfo({0}) WHERE name = {1} COLLATE NOCASE AND (name, lower(type)) NOT IN (VALUES \
         {2}))",
        Sqlite.literal(table.name.table.as_str()),
        Sqlite.literal(column.as_str()),
        types(table, found).join(", ")
    );
    let message = format!(
        "{} is not as it was when the plan was made ({column} was of another type): make a new plan",
        table.name
    );
    guard(&holds, &message)
}

/// The column with each type that it has or may have.
fn types(table: &Table, column: &Column) -> Vec<String> {
    let text = table.definition.as_ref().map(|definition| definition.table.as_str());
    let now = text.and_then(|text| declared(text, &column.name));
    let other = now
        .as_ref()
        .filter(|now| !now.eq_ignore_ascii_case(&column.ty.declared));
    let then = other.and_then(|_| retype::declared(table, Some(column), &column.ty).ok());
    let all = [Some(column.ty.declared.clone()), now, then].into_iter().flatten();
    all.map(|declared| {
        format!(
            "({}, {})",
            Sqlite.literal(column.name.as_str()),
            Sqlite.literal(&declared.to_ascii_lowercase())
        )
    })
    .collect()
}
