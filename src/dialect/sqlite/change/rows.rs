//! Rows: moved into a quarantine, or their keys set to null. What is kept and what goes is one transaction, in which
//! nobody else writes.

use super::guard::{columns_as_planned, guard};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::moving::Moving;
use crate::dialect::row_set::RowSet;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Ident, Table};

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Work {
    let moving = Moving::new(&Sqlite, rows.table(), keeping);
    let condition = rows.condition(&Sqlite, "r");
    let taking = format!("DELETE FROM {} AS r WHERE {condition}", moving.table_name());
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}",
        moving.table_name(),
        moving.stored_columns(""),
        moving.stored_columns(""),
        moving.quarantine(),
        moving.ours("")
    );
    let mut work = work(&moving, rows, &taking, &back);
    // Another step of the plan may have given the table a column, and then there is nothing left to do here.
    let known = format!(
        "(SELECT COUNT(*) FROM pragma_table_xinfo({})) = {} OR NOT EXISTS (SELECT 1 FROM {} AS r WHERE {condition})",
        Sqlite.literal(moving.table.name.table.as_str()),
        moving.table.columns.len(),
        moving.table_name()
    );
    let message = format!(
        "{} has columns that the plan does not know, and rows that would lose what is in them: make a new plan",
        moving.table.name
    );
    work.up.splice(0..0, guard(&known, &message));
    work
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(&Sqlite, rows.table(), keeping);
    let each = |one: &dyn Fn(&str) -> String, between: &str| {
        let parts: Vec<String> = columns.iter().map(|column| one(&Sqlite.quote(column))).collect();
        parts.join(between)
    };
    let taking = format!(
        "UPDATE {} AS r SET {} WHERE {}",
        moving.table_name(),
        each(&|name| format!("{name} = NULL"), ", "),
        rows.condition(&Sqlite, "r")
    );
    let still_null = each(&|name| format!("r.{name} IS NULL"), " AND ");
    // A primary key may hold nulls (manual, CREATE TABLE, "The PRIMARY KEY"), and then it does not tell rows apart.
    let (from, same) = if moving.key.is_empty() || moving.key.iter().any(|column| column.nullable) {
        let number = Sqlite.row_number(moving.table).ok_or_else(|| {
            format!(
                "`{}` has no primary key without nulls, and columns that hide SQLite's own numbers of rows",
                moving.table.name
            )
        })?;
        paired(&moving, columns, &still_null, &Sqlite.quote(&number))
    } else {
        let same = [moving.same("q", "r"), moving.ours("q"), still_null];
        (format!("{} AS q", moving.quarantine()), same.join(" AND "))
    };
    let back = format!(
        "UPDATE {} AS r SET {} FROM {from} WHERE {same}",
        moving.table_name(),
        each(&|name| format!("{name} = q.{name}"), ", "),
    );
    Ok(work(&moving, rows, &taking, &back))
}

/// Kept rows of a table without a primary key that tells them apart, each with the number of a row that equals it but for
/// the columns that were set to null, and the condition that finds that row. Rows that equal each other are all the same for that: the first
/// one kept goes with the first one found. The numbers from before say nothing, since VACUUM gives new ones.
fn paired(moving: &Moving<'_>, columns: &[Ident], still_null: &str, number: &str) -> (String, String) {
    // As literals, which tell types apart and know no collation.
    let rest = |alias: &str| {
        let literals = moving
            .table
            .columns
            .iter()
            .filter(|column| column.generated.is_none() && !columns.contains(&column.name))
            .map(|column| format!("quote({})", moving.of(alias, &column.name)));
        let literals: Vec<String> = literals.collect();
        if literals.is_empty() {
            "''".to_owned()
        } else {
            literals.join(" || ',' || ")
        }
    };
    let from = format!(
        "(SELECT kept.*, found.relaudit_place FROM (SELECT q.*, {kept} AS relaudit_rest, row_number() OVER (PARTITION BY \
         {kept}) AS relaudit_number FROM {quarantine} AS q WHERE {ours}) AS kept JOIN (SELECT r.{number} AS relaudit_place, \
         {rest} AS relaudit_rest, row_number() OVER (PARTITION BY {rest}) AS relaudit_number FROM {table} AS r WHERE \
         {still_null}) AS found ON found.relaudit_rest = kept.relaudit_rest AND found.relaudit_number = \
         kept.relaudit_number) AS q",
        kept = rest("q"),
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        rest = rest("r"),
        table = moving.table_name(),
    );
    (from, format!("r.{number} = q.relaudit_place"))
}

pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving::new(&Sqlite, table, keeping);
    Work {
        up: vec![Statement::plain(format!(
            "DROP TABLE IF EXISTS {}",
            moving.quarantine()
        ))],
        down: Vec::new(),
        locks: vec![lock(table)],
        guards: Vec::new(),
        reads_rows: true,
    }
}

/// A column without a type keeps every value as it is.
fn making(moving: &Moving<'_>) -> Statement {
    Statement::plain(format!(
        "CREATE TABLE IF NOT EXISTS {} ({}, relaudit_plan TEXT NOT NULL, relaudit_reason TEXT NOT NULL, relaudit_at TEXT \
         NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        moving.quarantine(),
        moving.columns("")
    ))
}

fn work(moving: &Moving<'_>, rows: &RowSet<'_>, taking: &str, back: &str) -> Work {
    let mut up = columns_as_planned(moving.table, &moving.all_columns());
    up.extend([
        // What is kept and what goes is one transaction: nobody writes in between.
        Statement::plain("BEGIN IMMEDIATE"),
        making(moving),
        Statement::plain(format!(
            "INSERT INTO {} ({}, relaudit_plan, relaudit_reason) SELECT {}, {}, {} FROM {} AS r WHERE {}",
            moving.quarantine(),
            moving.columns(""),
            moving.columns("r"),
            moving.plan(),
            moving.reason(),
            moving.table_name(),
            rows.condition(&Sqlite, "r")
        )),
        Statement::plain(taking),
    ]);
    if let Some(none_left) = rows.none_left(&Sqlite) {
        let message = rows.left_over();
        up.extend(guard(&none_left, &message));
    }
    up.push(Statement::plain("COMMIT"));
    let mut down = vec![
        Statement::plain("BEGIN IMMEDIATE"),
        making(moving),
        Statement::plain(back),
    ];
    down.extend(guard(
        &format!("changes() = (SELECT COUNT(*) FROM {})", moving.quarantine()),
        &format!(
            "rows of {} were changed since: they cannot be put back as they were, and {} keeps them",
            moving.table.name, moving.keeping.quarantine
        ),
    ));
    down.extend([
        Statement::plain(format!("DROP TABLE {}", moving.quarantine())),
        Statement::plain("COMMIT"),
    ]);
    Work {
        up,
        down,
        locks: vec![lock(moving.table)],
        guards: vec![as_planned(moving.table)],
        reads_rows: true,
    }
}
