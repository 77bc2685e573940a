//! Rows: moved into a quarantine, or their keys set to null. What is kept and what goes is one transaction, in which
//! nobody else writes.

use super::{as_planned, columns_as_planned, lock};
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
    let moving = Moving::by_key(&Sqlite, rows.table(), keeping)?;
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
    // A primary key may hold nulls (manual, CREATE TABLE, "The PRIMARY KEY").
    let same = moving
        .key
        .iter()
        .map(|column| format!("q.{0} IS r.{0}", Sqlite.quote(&column.name)));
    let same: Vec<String> = same.collect();
    let back = format!(
        "UPDATE {} AS r SET {} FROM {} AS q WHERE {} AND {} AND {}",
        moving.table_name(),
        each(&|name| format!("{name} = q.{name}"), ", "),
        moving.quarantine(),
        same.join(" AND "),
        moving.ours("q"),
        each(&|name| format!("r.{name} IS NULL"), " AND ")
    );
    Ok(work(&moving, rows, &taking, &back))
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
        Statement::plain("COMMIT"),
    ]);
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
