//! How MySQL and MariaDB are changed while others work on them.
//!
//! Each ALTER states ALGORITHM and LOCK, so that the server refuses rather than copies the table behind a lock (MySQL
//! manual, "Online DDL Operations"). A statement that is needed only sometimes is chosen by the server itself, as a
//! prepared statement; a guard that does not hold prepares one that cannot be run and whose error says why. Rows are
//! treated by a routine that is dropped when it is done, since only routines have loops.

mod batch;
mod copies;
mod drop_index;
mod foreign_key;
mod index;
mod key_move;
mod nullability;
mod prepared;
mod quarantine;
mod rebuilding;
mod refusal;
pub(super) mod retype;
mod rows;
mod standing;

use foreign_key::Way;

use super::MySql;
use super::server::Flavor;
use crate::dialect::Dialect as _;
use crate::dialect::change::{Change, LockTaken, Sending, Statement, Texts, Version, Work};
use crate::schema::{Table, TableKind, TableName};

const SQL: MySql = MySql::MYSQL;

/// What SQL of plans is written for, whatever the session's own mode is: quotes and backslashes as MySQL has them by
/// default. It is strict, but takes the dates that are in the table or in its definition already (manual, "Server SQL
/// Modes"): those that are zero in part or at all, which it does without NO_ZERO_DATE and NO_ZERO_IN_DATE, and those that no
/// calendar has. A row whose key is 0 comes back from the quarantine as it was.
const SQL_MODE: &str = "STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION";

/// What SET NAMES sets.
const OF_NAMES: [&str; 3] = ["character_set_client", "character_set_results", "collation_connection"];

/// What the session is to be like. A lock that is not had within 5 seconds lets others pass: the statement fails, and can be
/// run again.
fn settings(flavor: Flavor) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("lock_wait_timeout", "5".to_owned()),
        ("innodb_lock_wait_timeout", "5".to_owned()),
        ("foreign_key_checks", "1".to_owned()),
        ("sql_mode", SQL.literal(SQL_MODE)),
        ("sql_safe_updates", "0".to_owned()),
        ("autocommit", "1".to_owned()),
        ("completion_type", "0".to_owned()),
    ];
    if flavor == Flavor::MariaDb {
        // As in the sessions of audits: it takes '12' and '12 ' for the same value of the outer row.
        settings.push(("optimizer_switch", SQL.literal("subquery_cache=off")));
    }
    settings
}

/// What each script begins with. Its names are in UTF-8, whatever the client's locale says.
pub(super) fn preamble(flavor: Flavor) -> Vec<Statement> {
    let settings: Vec<String> = settings(flavor)
        .iter()
        .map(|(setting, value)| format!("SESSION {setting} = {value}"))
        .collect();
    vec![
        Statement::plain("SET NAMES utf8mb4"),
        Statement::plain(format!("SET {}", settings.join(", "))),
    ]
}

/// See [`crate::dialect::change::PlanDialect::sending`]. The settings are kept in variables of the session meanwhile.
pub(super) fn sending(flavor: Flavor) -> Sending {
    let settings = settings(flavor);
    let each = |one: &dyn Fn(&str) -> String| {
        let names = OF_NAMES.into_iter().chain(settings.iter().map(|(setting, _)| *setting));
        names.map(one).collect::<Vec<_>>().join(", ")
    };
    let keep = each(&|setting| format!("@relaudit_{setting} = @@SESSION.{setting}"));
    let give_back = each(&|setting| format!("SESSION {setting} = @relaudit_{setting}"));
    let mut before = vec![Statement::plain(format!("SET {keep}"))];
    before.extend(preamble(flavor));
    Sending {
        before,
        after: vec![Statement::plain(format!("SET {give_back}"))],
        kept: None,
        texts: Texts::OneSession,
    }
}

/// See [`crate::dialect::change::PlanDialect::work`].
pub(super) fn work(change: &Change<'_>, version: Version, flavor: Flavor) -> Result<Work, String> {
    let table = change.table();
    let parent = match change {
        Change::AddForeignKey { parent, .. } | Change::ReplaceForeignKey { parent, .. } => Some(*parent),
        _ => None,
    };
    if let Some(parent) = parent
        && let Some(partitioned) = [table, parent]
            .into_iter()
            .find(|end| end.kind == TableKind::Partitioned)
    {
        return Err(format!(
            "`{}` is partitioned, and such tables can neither have foreign keys nor be referenced by any (manual, \
             \"Restrictions and Limitations on Partitioning\")",
            partitioned.name
        ));
    }
    if let Some(engine) = table
        .engine
        .as_deref()
        .filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"))
    {
        return Err(format!(
            "`{}` is in the engine {engine}, which has neither transactions nor foreign keys: convert it to InnoDB first",
            table.name
        ));
    }
    if let Some(reason) = refusal::refusal(change, flavor) {
        return Err(reason);
    }
    match change {
        Change::AddIndex {
            table, columns, name, ..
        } => index::add(table, columns, name),
        Change::DropIndex { table, index, beside } => drop_index::drop(table, index, beside),
        Change::AddUnique {
            table,
            columns,
            name,
            primary,
            ..
        } => index::add_unique(table, columns, name, *primary, flavor),
        Change::AddForeignKey {
            child,
            parent,
            key,
            copying,
            ..
        } => foreign_key::add(child, parent, key, Way::new(*copying)),
        Change::ValidateForeignKey { child, parent, key, .. } => foreign_key::validate(child, parent, key),
        Change::DropForeignKey { child, parent, key } => foreign_key::drop(child, parent, key),
        Change::ReplaceForeignKey {
            child,
            parent,
            old,
            new,
            temporary,
            copying,
        } => foreign_key::replace(child, parent, [old, new], temporary, Way::new(*copying)),
        Change::SetNotNull { table, column, .. } => Ok(nullability::set_not_null(table, column, flavor)),
        Change::DropNotNull { table, column, .. } => Ok(nullability::drop_not_null(table, column, flavor)),
        Change::MoveKey { moving, stage } => key_move::work(moving, *stage, flavor),
        Change::Retype { retype, .. } => retype::at_once(retype),
        Change::RemoveRows { rows, keeping } => rows::remove(rows, keeping, version),
        Change::ClearKeys { rows, columns, keeping } => rows::clear(rows, columns, keeping),
        Change::EmptyQuarantine { table, keeping } => Ok(quarantine::empty(table, keeping)),
    }
}

/// An ALTER that states LOCK=NONE holds an exclusive metadata lock for an instant at its begin and end.
fn online(table: &TableName) -> LockTaken {
    LockTaken {
        table: table.to_string(),
        mode: "ALGORITHM=INPLACE, LOCK=NONE",
        blocks: "nobody but for an instant at its begin and end",
        partitions: false,
    }
}

/// What the ALTERs say that copy a table.
const COPY: &str = "ALGORITHM=COPY, LOCK=SHARED";

/// What they hold.
fn copied(table: &TableName) -> [LockTaken; 2] {
    [
        LockTaken {
            table: table.to_string(),
            mode: COPY,
            blocks: "writers until the copy is made; not readers",
            partitions: false,
        },
        LockTaken {
            blocks: "readers too for an instant, when the copy takes the table's place",
            ..online(table)
        },
    ]
}

/// What routines that treat rows hold.
fn rows_locked(table: &TableName) -> LockTaken {
    LockTaken {
        table: table.to_string(),
        mode: "row locks of one batch",
        blocks: "writers of the same rows, for an instant",
        partitions: false,
    }
}

fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
