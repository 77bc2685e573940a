//! How PostgreSQL is changed while others work on it.
//!
//! Statements that wait for a strong lock do so in a block that gives up after `lock_timeout`, lets everybody pass and
//! tries again. Each is a transaction of its own, so that no two strong locks are held together, and does nothing where
//! its work is done already. The locks are those of the manual, 13.3 "Explicit Locking", and of the pages of the
//! commands.

mod batch;
mod block;
mod drop_index;
mod foreign_key;
mod index;
mod key_move;
mod not_null;
mod partitioned_key;
mod partitions;
mod queries;
pub(super) mod retype;
mod rows;
mod standing;

use crate::dialect::change::{Change, LockTaken, Statement, Version, Work};
use crate::schema::{Table, TableKind, TableName};

pub(super) use queries::{queries, sending};

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
        // What policies hide would be orphans, or be passed over: the server is to say so instead.
        Statement::plain("SET row_security = off"),
        // Names of types are compared as the server writes them without it.
        Statement::plain("SET quote_all_identifiers = off"),
        Statement::plain("SET client_encoding = 'UTF8'"),
    ]
}

/// See [`crate::dialect::change::PlanDialect::work`].
pub(super) fn work(change: &Change<'_>, version: Version) -> Result<Work, String> {
    let table = change.table();
    if let Some(root) = &table.partition_of {
        return Err(format!(
            "`{}` is a partition: change `{root}`, which it is a part of",
            table.name
        ));
    }
    if table.kind == TableKind::Partitioned {
        return partitioned(change, version);
    }
    match change {
        Change::AddIndex {
            table, columns, name, ..
        } => Ok(index::add(table, columns, name)),
        Change::DropIndex { table, index, beside } => Ok(drop_index::drop(table, index, beside)),
        Change::AddUnique {
            table,
            columns,
            name,
            primary,
            ..
        } => Ok(index::add_unique(table, columns, name, *primary)),
        Change::AddForeignKey { child, parent, key, .. } => Ok(foreign_key::add(child, parent, key)),
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
            ..
        } => Ok(foreign_key::replace(child, parent, [old, new], temporary, version)),
        Change::SetNotNull {
            table,
            column,
            standing,
        } => Ok(not_null::set(table, column, standing.as_ref(), version)),
        Change::DropNotNull {
            table,
            column,
            standing,
        } => Ok(not_null::remove(table, column, standing.as_ref(), version)),
        Change::MoveKey { moving, stage } => key_move::work(moving, *stage),
        Change::Retype { retype, stage } => retype::work(retype, *stage, version),
        Change::RemoveRows { rows, keeping } => Ok(rows::remove(rows, keeping)),
        Change::EmptyQuarantine { table, keeping } => Ok(rows::empty(table, keeping)),
        Change::ClearKeys { rows, columns, keeping } => Ok(rows::clear(rows, columns, keeping)),
    }
}

/// The same of a partitioned table.
fn partitioned(change: &Change<'_>, version: Version) -> Result<Work, String> {
    let whole_can_wait = has_unvalidated_wholes(version);
    match change {
        Change::AddIndex {
            table,
            columns,
            name,
            partitions,
        } => Ok(partitions::add_index(table, partitions, columns, name)),
        Change::DropIndex { table, index, .. } => Err(format!(
            "`{}` is partitioned: `{}` goes from the whole and from all partitions in one transaction that locks them all, or \
             not at all (manual, DROP INDEX, \"CONCURRENTLY\")",
            table.name, index.name
        )),
        Change::AddUnique {
            table, primary: true, ..
        } => Err(format!(
            "`{}` is partitioned, and a primary key is planned for plain tables only",
            table.name
        )),
        Change::AddUnique {
            table,
            columns,
            name,
            partitions,
            ..
        } => Ok(partitions::add_unique(table, partitions, columns, name)),
        Change::AddForeignKey { .. }
        | Change::ValidateForeignKey { .. }
        | Change::DropForeignKey { .. }
        | Change::ReplaceForeignKey { .. } => partitioned_foreign_key(change, version),
        Change::MoveKey { .. } | Change::Retype { .. } => Err(format!(
            "`{}` is partitioned, and a new column in place of an old one is planned for plain tables only",
            change.table().name
        )),
        Change::SetNotNull {
            table,
            column,
            standing,
        } => Ok(not_null::set(table, column, standing.as_ref(), version)),
        Change::DropNotNull {
            table,
            column,
            standing,
        } => Ok(not_null::remove(table, column, standing.as_ref(), version)),
        Change::RemoveRows { rows, keeping } | Change::ClearKeys { rows, keeping, .. }
            if !whole_can_wait && !rows.refusing(&keeping.broken).is_empty() =>
        {
            Err(format!(
                "`{}` is partitioned, and before PostgreSQL 18 its foreign key would refuse the rows, if they were to come \
                 back",
                rows.table().name
            ))
        }
        Change::RemoveRows { rows, keeping } => Ok(rows::remove(rows, keeping)),
        Change::ClearKeys { rows, columns, keeping } => Ok(rows::clear(rows, columns, keeping)),
        Change::EmptyQuarantine { table, keeping } => Ok(rows::empty(table, keeping)),
    }
}

/// A foreign key of a partitioned table.
fn partitioned_foreign_key(change: &Change<'_>, version: Version) -> Result<Work, String> {
    let whole_can_wait = has_unvalidated_wholes(version);
    match change {
        Change::AddForeignKey {
            child,
            parent,
            key,
            parts,
            ..
        } => {
            let mut work = if whole_can_wait {
                foreign_key::add(child, parent, key)
            } else {
                partitions::add_foreign_key(child, parent, key)
            };
            if !parts.is_empty() {
                work.locks.extend(partitions::taken_over(child, parent));
            }
            for (part, own) in parts {
                work.down
                    .extend(partitions::own_again(part, parent, own, whole_can_wait));
            }
            Ok(work)
        }
        Change::ValidateForeignKey {
            child,
            parent,
            key,
            existing,
        } if whole_can_wait => Ok(foreign_key::validate(child, parent, key, *existing)),
        Change::ValidateForeignKey { child, parent, key, .. } => {
            Ok(partitions::validate_foreign_key(child, parent, key))
        }
        Change::DropForeignKey { child, parent, key } => {
            let mut work = foreign_key::drop(child, parent, key);
            if !whole_can_wait {
                work.down = partitions::add_foreign_key(child, parent, key).up;
                work.down
                    .extend(partitions::validate_foreign_key(child, parent, key).up);
            }
            Ok(work)
        }
        Change::ReplaceForeignKey {
            child,
            parent,
            old,
            new,
            temporary,
            ..
        } if whole_can_wait => {
            let mut work = foreign_key::replace(child, parent, [old, new], temporary, version);
            for statements in [&mut work.up, &mut work.down] {
                statements.push(partitioned_key::renaming(child, &foreign_key::name(old), temporary));
            }
            Ok(work)
        }
        Change::ReplaceForeignKey {
            child,
            parent,
            old,
            new,
            temporary,
            ..
        } => partitioned_key::replace(child, parent, [old, new], temporary, version),
        _ => Err(format!(
            "`{}` has another change than one of a foreign key",
            change.table().name
        )),
    }
}

/// Before PostgreSQL 18 a foreign key of a partitioned table cannot be NOT VALID (release notes of 18, E.1.3.4).
fn has_unvalidated_wholes(version: Version) -> bool {
    version.major >= 18
}

/// See [`crate::dialect::change::PlanDialect::undo_remark`].
pub(super) fn undo_remark(change: &Change<'_>, version: Version) -> Option<String> {
    match change {
        Change::RemoveRows { rows, keeping } | Change::ClearKeys { rows, keeping, .. } => rows::remark(rows, keeping),
        Change::ReplaceForeignKey { old, .. } if !old.enforced && version.major >= 18 => Some(
            "what only a superuser can switch off by its triggers comes back NOT ENFORCED, which does the same"
                .to_owned(),
        ),
        Change::ReplaceForeignKey { old, .. } if !old.enforced => {
            Some("only a superuser can switch it off again (DISABLE TRIGGER): it stays enforced".to_owned())
        }
        _ => None,
    }
}

/// Every mode that plans take, weakest first.
fn lock(table: &TableName, mode: &'static str) -> LockTaken {
    LockTaken {
        table: table.to_string(),
        mode,
        blocks: match mode {
            "SHARE" | "SHARE ROW EXCLUSIVE" => "writers, for an instant; not readers",
            "ACCESS SHARE" | "ROW SHARE" | "ROW EXCLUSIVE" => "nobody but other changes of the table's structure",
            "SHARE UPDATE EXCLUSIVE" => "no reader and no writer; vacuum and other changes of the table's structure",
            _ => "readers and writers, for an instant",
        },
        partitions: false,
    }
}

/// A phrase for guards: the columns are as they were.
fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
