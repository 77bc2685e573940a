//! What must hold before a step goes on. SQL for SQLite knows no `if`, but a constraint that is broken stops the script, and
//! its name is what the error says.

use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Ident, Table, display_columns};

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

/// Fails where the columns have not the types that they had.
pub(super) fn columns_as_planned(table: &Table, columns: &[Ident]) -> Vec<Statement> {
    let mut wanted: Vec<String> = columns
        .iter()
        .filter_map(|name| table.column(name))
        .map(|column| {
            format!(
                "({}, {})",
                Sqlite.literal(column.name.as_str()),
                Sqlite.literal(&column.ty.declared.to_ascii_lowercase())
            )
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    let message = format!(
        "{} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        display_columns(columns)
    );
    let holds = format!(
        "COUNT(*) = {} FROM pragma_table_xinfo({}) WHERE (name, lower(type)) IN (VALUES {})",
        wanted.len(),
        Sqlite.literal(table.name.table.as_str()),
        wanted.join(", ")
    );
    guard(&holds, &message)
}
