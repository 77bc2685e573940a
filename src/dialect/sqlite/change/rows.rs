//! Rows: moved into a quarantine, or their keys set to null.

use super::guard::columns_as_planned;
use super::{as_planned, lock, names};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::row_set::RowSet;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Column, Ident, Table, TableName};

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Work {
    let moving = Moving::new(rows.table(), keeping);
    let taking = format!(
        "DELETE FROM {} AS r WHERE {}",
        moving.table_name(),
        rows.condition(&Sqlite, "r")
    );
    let stored = moving.table.columns.iter().filter(|column| column.generated.is_none());
    let stored: Vec<&Ident> = stored.map(|column| &column.name).collect();
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}",
        moving.table_name(),
        names(stored.iter().copied(), ""),
        names(stored.iter().copied(), ""),
        moving.quarantine(),
        moving.ours()
    );
    moving.work(rows, &taking, &back)
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows.table(), keeping);
    let key: Vec<&Ident> = moving
        .table
        .primary_key()
        .into_iter()
        .flat_map(|key| &key.columns)
        .collect();
    if key.is_empty() {
        return Err(format!(
            "`{}` has no primary key, by which its rows could be told apart when they are to be as they were",
            moving.table.name
        ));
    }
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
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("q.{0} IS r.{0}", Sqlite.quote(column)))
        .collect();
    let back = format!(
        "UPDATE {} AS r SET {} FROM {} AS q WHERE {} AND q.relaudit_plan = {} AND q.relaudit_reason = {} AND {}",
        moving.table_name(),
        each(&|name| format!("{name} = q.{name}"), ", "),
        moving.quarantine(),
        same.join(" AND "),
        Sqlite.literal(&keeping.plan),
        Sqlite.literal(&keeping.reason),
        each(&|name| format!("r.{name} IS NULL"), " AND ")
    );
    Ok(moving.work(rows, &taking, &back))
}

pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving::new(table, keeping);
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

/// Rows on their way out of a table.
struct Moving<'a> {
    table: &'a Table,
    keeping: &'a Keeping,
}

impl<'a> Moving<'a> {
    fn new(table: &'a Table, keeping: &'a Keeping) -> Self {
        Self { table, keeping }
    }

    fn table_name(&self) -> String {
        Sqlite.table_name(&self.table.name)
    }

    fn quarantine(&self) -> String {
        Sqlite.table_name(&TableName {
            namespace: self.table.name.namespace.clone(),
            table: self.keeping.quarantine.clone(),
        })
    }

    fn ours(&self) -> String {
        format!(
            "relaudit_plan = {} AND relaudit_reason = {}",
            Sqlite.literal(&self.keeping.plan),
            Sqlite.literal(&self.keeping.reason)
        )
    }

    /// A column without a type keeps every value as it is.
    fn making(&self) -> Statement {
        Statement::plain(format!(
            "CREATE TABLE IF NOT EXISTS {} ({}, relaudit_plan TEXT NOT NULL, relaudit_reason TEXT NOT NULL, relaudit_at TEXT \
             NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            self.quarantine(),
            names(self.table.columns.iter().map(|column| &column.name), "")
        ))
    }

    fn work(&self, rows: &RowSet<'_>, taking: &str, back: &str) -> Work {
        let all: Vec<Ident> = self
            .table
            .columns
            .iter()
            .map(|column: &Column| column.name.clone())
            .collect();
        let mut up = columns_as_planned(self.table, &all);
        up.extend([
            // What is kept and what goes is one transaction: nobody writes in between.
            Statement::plain("BEGIN IMMEDIATE"),
            self.making(),
            Statement::plain(format!(
                "INSERT INTO {} ({}, relaudit_plan, relaudit_reason) SELECT {}, {}, {} FROM {} AS r WHERE {}",
                self.quarantine(),
                names(all.iter(), ""),
                names(all.iter(), "r"),
                Sqlite.literal(&self.keeping.plan),
                Sqlite.literal(&self.keeping.reason),
                self.table_name(),
                rows.condition(&Sqlite, "r")
            )),
            Statement::plain(taking),
            Statement::plain("COMMIT"),
        ]);
        let down = vec![
            Statement::plain("BEGIN IMMEDIATE"),
            self.making(),
            Statement::plain(back),
            Statement::plain(format!("DROP TABLE {}", self.quarantine())),
            Statement::plain("COMMIT"),
        ];
        Work {
            up,
            down,
            locks: vec![lock(self.table)],
            guards: vec![as_planned(self.table)],
            reads_rows: true,
        }
    }
}
