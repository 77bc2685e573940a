//! Rows: moved into a quarantine, or their keys set to null. What is kept and what goes is one transaction, in which
//! nobody else writes.

use super::{as_planned, columns_as_planned, guard, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::moving::Moving;
use crate::dialect::row_set::RowSet;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Ident, Table};

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Work {
    let moving = Moving::new(&Sqlite, rows.table(), keeping);
    let taking = format!(
        "DELETE FROM {} AS r WHERE {}",
        moving.table_name(),
        rows.condition(&Sqlite, "r")
    );
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}",
        moving.table_name(),
        moving.stored_columns(""),
        moving.stored_columns(""),
        moving.quarantine(),
        moving.ours("")
    );
    work(&moving, rows, &taking, &back)
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
    // A primary key may hold nulls (manual, CREATE TABLE, "The PRIMARY KEY"), and then it tells rows not apart.
    if moving.key.is_empty() || moving.key.iter().any(|column| column.nullable) {
        let mut work = work(&moving, rows, &taking, &back_by_values(&moving, columns)?);
        let restored = guard(
            &format!(
                "SELECT changes() = (SELECT COUNT(*) FROM {} WHERE {})",
                moving.quarantine(),
                moving.ours("")
            ),
            &format!(
                "relaudit: rows of {} were changed since their keys were set to null, and nothing else tells which they are: \
                 mend them by hand, from {}",
                moving.table.name, moving.keeping.quarantine
            ),
        );
        // After what puts them back, and before the quarantine goes.
        work.down.splice(3..3, restored);
        return Ok(work);
    }
    let back = format!(
        "UPDATE {} AS r SET {} FROM {} AS q WHERE {} AND {} AND {}",
        moving.table_name(),
        each(&|name| format!("{name} = q.{name}"), ", "),
        moving.quarantine(),
        moving.same("q", "r"),
        moving.ours("q"),
        each(&|name| format!("r.{name} IS NULL"), " AND ")
    );
    Ok(work(&moving, rows, &taking, &back))
}

/// Gives rows their keys back that nothing but their other values tells apart: of rows with the same values, as many
/// get theirs back as were set to null; which of them is which makes no difference.
fn back_by_values(moving: &Moving<'_>, columns: &[Ident]) -> Result<String, String> {
    let number = Sqlite
        .row_number(moving.table)
        .ok_or_else(|| format!("nothing tells the rows of `{}` apart", moving.table.name))?;
    let others = moving.table.columns.iter();
    let others = others.filter(|column| column.generated.is_none() && !columns.contains(&column.name));
    let values: Vec<String> = others
        .map(|column| format!("quote({})", Sqlite.quote(&column.name)))
        .collect();
    let values = if values.is_empty() {
        "''".to_owned()
    } else {
        values.join(" || ',' || ")
    };
    let list = |one: &dyn Fn(usize, String) -> String, between: &str| {
        let names = columns.iter().enumerate();
        let parts: Vec<String> = names.map(|(at, column)| one(at, Sqlite.quote(column))).collect();
        parts.join(between)
    };
    Ok(format!(
        "UPDATE {table} AS r SET {set} FROM (SELECT {kept}, {values} AS same, ROW_NUMBER() OVER (PARTITION BY {values}) AS \
         number FROM {quarantine} WHERE {ours}) AS q JOIN (SELECT {id} AS id, {values} AS same, ROW_NUMBER() OVER \
         (PARTITION BY {values}) AS number FROM {table} WHERE {nulls}) AS t ON t.same = q.same AND t.number = q.number \
         WHERE r.{id} = t.id",
        table = moving.table_name(),
        set = list(&|at, name| format!("{name} = q.k{at}"), ", "),
        kept = list(&|at, name| format!("{name} AS k{at}"), ", "),
        quarantine = moving.quarantine(),
        ours = moving.ours(""),
        id = Sqlite.quote(&number),
        nulls = list(&|_, name| format!("{name} IS NULL"), " AND "),
    ))
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
        let message = format!("relaudit: {}", rows.left_over());
        up.extend(guard(&format!("SELECT {none_left}"), &message));
    }
    up.push(Statement::plain("COMMIT"));
    let down = vec![
        Statement::plain("BEGIN IMMEDIATE"),
        making(moving),
        Statement::plain(back),
        Statement::plain(format!("DROP TABLE {}", moving.quarantine())),
        Statement::plain("COMMIT"),
    ];
    Work {
        up,
        down,
        locks: vec![lock(moving.table)],
        guards: vec![as_planned(moving.table)],
        reads_rows: true,
    }
}
