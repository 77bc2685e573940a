//! How PostgreSQL is changed while others work on it.
//!
//! Statements that wait for a strong lock do so in a block that gives up after `lock_timeout`, lets everybody pass and
//! tries again. Each is a transaction of its own, so that no two strong locks are held together, and does nothing where
//! its work is done already. The locks are those of the manual, 13.3 "Explicit Locking", and of the pages of the
//! commands.

mod block;
mod foreign_key;
mod index;
mod not_null;
mod rows;

use crate::dialect::change::{Change, LockTaken, Statement, Version, Work};
use crate::schema::{Table, TableKind, TableName};

/// How long a statement waits for a lock before it lets others pass. A change of a foreign key waits for two tables, and a
/// writer that holds one of them and waits for the other waits as long as both: that is to be less than the server's
/// `deadlock_timeout` (1 s by default), so that it is the plan that gives way, and no writer that the server ends (manual,
/// 13.3.4 "Deadlocks": which transaction is aborted cannot be relied on).
const LOCK_TIMEOUT: &str = "400ms";

/// What each script begins with.
pub(super) fn preamble() -> Vec<Statement> {
    vec![
        Statement::plain(format!("SET lock_timeout = '{LOCK_TIMEOUT}'")),
        // A scan of a large table takes as long as it takes; it blocks nobody.
        Statement::plain("SET statement_timeout = 0"),
        Statement::plain("SET client_min_messages = warning"),
    ]
}

/// See [`crate::dialect::change::PlanDialect::work`].
pub(super) fn work(change: &Change<'_>, version: Version) -> Result<Work, String> {
    let table = change.table();
    if table.kind == TableKind::Partitioned || table.partition_of.is_some() {
        return Err(format!(
            "`{}` is partitioned, and plans cannot change such tables yet",
            table.name
        ));
    }
    match change {
        Change::AddIndex { table, columns, name } => Ok(index::add(table, columns, name)),
        Change::AddUnique {
            table,
            columns,
            name,
            primary,
        } => Ok(index::add_unique(table, columns, name, *primary)),
        Change::AddForeignKey { child, parent, key } => Ok(foreign_key::add(child, parent, key)),
        Change::ValidateForeignKey {
            child,
            parent,
            key,
            existing,
        } => Ok(foreign_key::validate(child, parent, key, *existing)),
        Change::DropForeignKey { child, parent, key } => Ok(foreign_key::drop(child, parent, key)),
        Change::ReplaceForeignKey {
            child,
            parent,
            old,
            new,
            temporary,
        } => Ok(foreign_key::replace(child, parent, [old, new], temporary, version)),
        Change::SetNotNull { table, column } => Ok(not_null::set(table, column, version)),
        Change::DropNotNull { table, column } => Ok(not_null::remove(table, column, version)),
        Change::RemoveRows { rows, keeping } => rows::remove(rows, keeping),
        Change::EmptyQuarantine { table, keeping } => Ok(rows::empty(table, keeping)),
        Change::ClearKeys { rows, columns, keeping } => rows::clear(rows, columns, keeping),
    }
}

/// Every mode that plans take, weakest first.
fn lock(table: &TableName, mode: &'static str) -> LockTaken {
    LockTaken {
        table: table.to_string(),
        mode,
        blocks: match mode {
            "ROW SHARE" | "ROW EXCLUSIVE" => "nobody but other changes of the table's structure",
            "SHARE UPDATE EXCLUSIVE" => "no reader and no writer; vacuum and other changes of the table's structure",
            "SHARE ROW EXCLUSIVE" => "writers, for an instant; not readers",
            _ => "readers and writers, for an instant",
        },
    }
}

/// A phrase for guards: the columns are as they were.
fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
