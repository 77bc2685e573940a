//! How SQLite is changed. It has one writer at a time, and nothing to wait for but that: a step is a transaction.
//!
//! A table's constraints are a part of its definition, and to change one is to rebuild the table (manual, ALTER TABLE,
//! "Making Other Kinds Of Table Schema Changes"); plans say so and leave that out.

mod rows;

use crate::dialect::Dialect as _;
use crate::dialect::change::{Change, LockTaken, Statement, Work};
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Ident, Table, TableName, display_columns};

/// What each script begins with. Rows that come back are as they were, without parents: nothing is enforced meanwhile.
pub(super) fn preamble() -> Vec<Statement> {
    ["PRAGMA busy_timeout = 5000", "PRAGMA foreign_keys = OFF"]
        .into_iter()
        .map(Statement::plain)
        .collect()
}

/// See [`crate::dialect::change::PlanDialect::work`].
pub(super) fn work(change: &Change<'_>) -> Result<Work, String> {
    match change {
        Change::AddIndex {
            table, columns, name, ..
        } => Ok(add_index(table, columns, name, "")),
        Change::AddUnique {
            table, columns, name, ..
        } => Ok(add_index(table, columns, name, "UNIQUE ")),
        Change::RemoveRows { rows, keeping } => Ok(rows::remove(rows, keeping)),
        Change::ClearKeys { rows, columns, keeping } => rows::clear(rows, columns, keeping),
        Change::EmptyQuarantine { table, keeping } => Ok(rows::empty(table, keeping)),
        Change::AddForeignKey { .. }
        | Change::ValidateForeignKey { .. }
        | Change::DropForeignKey { .. }
        | Change::ReplaceForeignKey { .. }
        | Change::SetNotNull { .. }
        | Change::DropNotNull { .. }
        | Change::Retype { .. }
        | Change::MoveKey { .. } => Err(format!(
            "SQLite can do that only by rebuilding `{}`, and plans cannot rebuild tables yet",
            change.table().name
        )),
    }
}

fn add_index(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Work {
    let index = Sqlite.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: name.clone(),
    });
    let mut up = columns_as_planned(table, columns);
    up.push(Statement::plain(format!(
        "CREATE {unique}INDEX IF NOT EXISTS {index} ON {} ({})",
        Sqlite.quote(&table.name.table),
        names(columns.iter(), "")
    )));
    let mut guards = vec![as_planned(table)];
    if !unique.is_empty() {
        guards.push(format!(
            "no two rows of `{}` have the same ({}): the engine looks",
            table.name,
            display_columns(columns)
        ));
    }
    Work {
        up,
        down: vec![Statement::plain(format!("DROP INDEX IF EXISTS {index}"))],
        locks: vec![lock(table)],
        guards,
        reads_rows: true,
    }
}

/// Fails where the columns have not the types that they had.
fn columns_as_planned(table: &Table, columns: &[Ident]) -> Vec<Statement> {
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
        "relaudit: {} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        display_columns(columns)
    );
    let condition = format!(
        "(SELECT COUNT(*) = {} FROM pragma_table_xinfo({}) WHERE (name, lower(type)) IN (VALUES {}))",
        wanted.len(),
        Sqlite.literal(table.name.table.as_str()),
        wanted.join(", ")
    );
    holds(&condition, &message)
}

/// Fails with this message unless the condition holds: the name of the check is what the error says.
fn holds(condition: &str, message: &str) -> Vec<Statement> {
    [
        "DROP TABLE IF EXISTS temp.relaudit_guard".to_owned(),
        format!(
            "CREATE TEMP TABLE relaudit_guard (holds, CONSTRAINT {} CHECK (holds))",
            Sqlite.quote(&Ident::new(message))
        ),
        format!("INSERT INTO temp.relaudit_guard SELECT {condition}"),
        "DROP TABLE temp.relaudit_guard".to_owned(),
    ]
    .into_iter()
    .map(Statement::plain)
    .collect()
}

fn names<'n>(columns: impl Iterator<Item = &'n Ident>, alias: &str) -> String {
    let dot = if alias.is_empty() { "" } else { "." };
    columns
        .map(|column| format!("{alias}{dot}{}", Sqlite.quote(column)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn lock(table: &Table) -> LockTaken {
    LockTaken {
        table: table.name.to_string(),
        mode: "RESERVED, then EXCLUSIVE",
        blocks: "other writers of the database while it runs, and readers at its end",
    }
}

fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
