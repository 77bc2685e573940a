//! Indexes and unique keys, built while others write (manual, CREATE INDEX, "Building Indexes Concurrently").

use super::block::{beside, columns_as_planned, guard, has_constraint, unless};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{LockTaken, Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{Ident, Table, TableName, display_columns};

pub(super) fn add(table: &Table, columns: &[Ident], name: &Ident) -> Work {
    Work {
        up: building(table, columns, name, ""),
        down: vec![dropping(table, name)],
        locks: locks(table),
        guards: vec![as_planned(table)],
        reads_rows: true,
    }
}

pub(super) fn add_unique(table: &Table, columns: &[Ident], name: &Ident, primary: bool) -> Work {
    let kind = if primary { "PRIMARY KEY" } else { "UNIQUE" };
    let mut up = building(table, columns, name, "UNIQUE ");
    up.push(unless(
        &has_constraint(&table.name, name),
        &format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {kind} USING INDEX {}",
            Postgres.table_name(&table.name),
            Postgres.quote(name),
            Postgres.quote(name)
        ),
        &format!("adding {name}"),
    ));
    let mut locks = locks(table);
    locks.push(lock(&table.name, "ACCESS EXCLUSIVE"));
    Work {
        up,
        down: vec![unless(
            &format!("NOT {}", has_constraint(&table.name, name)),
            &format!(
                "ALTER TABLE {} DROP CONSTRAINT {}",
                Postgres.table_name(&table.name),
                Postgres.quote(name)
            ),
            &format!("dropping {name}"),
        )],
        locks,
        guards: vec![
            as_planned(table),
            format!(
                "no two rows of `{}` have the same ({}): the server looks",
                table.name,
                display_columns(columns)
            ),
        ],
        reads_rows: true,
    }
}

/// Builds an index, after what a build that was broken off left behind is gone, and makes sure that it is whole.
pub(super) fn building(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Vec<Statement> {
    let index = beside(&table.name, name);
    let invalid = format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {index} AND NOT indisvalid)");
    let list: Vec<String> = columns.iter().map(|column| Postgres.quote(column)).collect();
    let broken = format!(
        "the index {name} could not be built to its end: look at the message before this one, and run this again"
    );
    vec![
        guard(&[columns_as_planned(table, columns)]),
        unless(
            &format!("NOT {invalid}"),
            &format!("DROP INDEX {}", sibling(table, name)),
            &format!("dropping what is left of {name}"),
        ),
        // It waits for older transactions to end, and keeps nobody waiting for it meanwhile.
        Statement::plain("SET lock_timeout = 0"),
        Statement::plain(format!(
            "CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {} ON {} ({})",
            Postgres.quote(name),
            Postgres.table_name(&table.name),
            list.join(", ")
        )),
        Statement::plain(format!("SET lock_timeout = '{}'", super::LOCK_TIMEOUT)),
        guard(&[(format!("NOT {invalid}"), broken)]),
    ]
}

pub(super) fn dropping(table: &Table, name: &Ident) -> Statement {
    Statement::plain(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sibling(table, name)))
}

/// An index is in the namespace of its table.
fn sibling(table: &Table, name: &Ident) -> String {
    Postgres.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: name.clone(),
    })
}

fn locks(table: &Table) -> Vec<LockTaken> {
    vec![lock(&table.name, "SHARE UPDATE EXCLUSIVE")]
}
