//! How SQLite is changed. It has one writer at a time, and nothing to wait for but that: a step is a transaction.
//!
//! A table's constraints are a part of its definition, and to change one is to make the table anew (manual, ALTER TABLE,
//! section 7, "Making Other Kinds Of Table Schema Changes"): `rebuild` does that, with a text that `definition` writes.

mod clause;
mod columns;
mod definition;
mod drop_index;
mod guard;
mod key_move;
mod rebuild;
pub(super) mod retype;
mod rows;
#[cfg(test)]
mod tests;

use crate::dialect::Dialect as _;
use crate::dialect::alteration::Alteration;
use crate::dialect::change::{Change, LockTaken, Sending, Statement, Texts, Work};
use crate::dialect::key_move::MoveStage;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Ident, Table, TableName, display_columns};

use guard::columns_as_planned;
pub(super) use rebuild::rebuild;

/// What each script begins with. Rows that come back are as they were, without parents: nothing is enforced meanwhile.
pub(super) fn preamble() -> Vec<Statement> {
    ["PRAGMA busy_timeout = 5000", "PRAGMA foreign_keys = OFF"]
        .into_iter()
        .map(Statement::plain)
        .collect()
}

/// See [`crate::dialect::change::PlanDialect::sending`].
pub(super) fn sending() -> Sending {
    Sending {
        before: preamble(),
        after: Vec::new(),
        kept: Some(("PRAGMA foreign_keys", "PRAGMA foreign_keys = ")),
        texts: Texts::OneText,
    }
}

/// See [`crate::dialect::change::PlanDialect::work`].
pub(super) fn work(change: &Change<'_>) -> Result<Work, String> {
    match change {
        Change::AddIndex {
            table, columns, name, ..
        } => Ok(add_index(table, columns, name, "")),
        Change::DropIndex { table, index, beside } => drop_index::drop(table, index, beside),
        Change::AddUnique {
            table,
            columns,
            name,
            primary: false,
            ..
        } => Ok(add_index(table, columns, name, "UNIQUE ")),
        Change::RemoveRows { rows, keeping } => Ok(rows::remove(rows, keeping)),
        Change::ClearKeys { rows, columns, keeping } => rows::clear(rows, columns, keeping),
        Change::EmptyQuarantine { table, keeping } => Ok(rows::empty(table, keeping)),
        // A foreign key that comes has looked at all rows.
        Change::ValidateForeignKey { existing: false, .. } => Ok(Work::default()),
        Change::ValidateForeignKey { existing: true, .. } => {
            Err("SQLite has no foreign key that is not validated".to_owned())
        }
        Change::MoveKey {
            moving,
            stage: MoveStage::Fill,
        } => Ok(key_move::fill(moving)),
        Change::MoveKey { moving, stage } => {
            let alteration: Vec<Alteration> = key_move::alteration(moving, *stage)?.into_iter().collect();
            rebuild(change.table(), &[], &alteration)
        }
        Change::Retype { retype, .. } => rebuild(retype.table, &[], &[retype::alteration(retype)?]),
        Change::AddUnique { table, .. }
        | Change::AddForeignKey { child: table, .. }
        | Change::DropForeignKey { child: table, .. }
        | Change::ReplaceForeignKey { child: table, .. }
        | Change::SetNotNull { table, .. }
        | Change::DropNotNull { table, .. } => {
            let alteration: Vec<Alteration> = alteration(change).into_iter().collect();
            rebuild(table, &[], &alteration)
        }
    }
}

/// See [`crate::dialect::change::PlanDialect::alteration`].
pub(super) fn alteration(change: &Change<'_>) -> Option<Alteration> {
    Some(match change {
        Change::AddIndex {
            table, columns, name, ..
        } => Alteration::Index {
            columns: columns.to_vec(),
            text: index_text(table, columns, name, ""),
        },
        Change::DropIndex { index, .. } => Alteration::NoIndex(index.name.clone()),
        Change::AddUnique {
            table,
            columns,
            name,
            primary: false,
            ..
        } => Alteration::Index {
            columns: columns.to_vec(),
            text: index_text(table, columns, name, "UNIQUE "),
        },
        Change::AddUnique { columns, name, .. } => Alteration::PrimaryKey {
            name: name.clone(),
            columns: columns.to_vec(),
        },
        Change::AddForeignKey { key, .. } => Alteration::ForeignKey {
            old: None,
            new: Some(Box::new(key.clone())),
        },
        Change::DropForeignKey { key, .. } => Alteration::ForeignKey {
            old: Some(Box::new(key.clone())),
            new: None,
        },
        Change::ReplaceForeignKey { old, new, .. } => Alteration::ForeignKey {
            old: Some(Box::new(old.clone())),
            new: Some(Box::new(new.clone())),
        },
        Change::SetNotNull { column, .. } => Alteration::Nullable {
            column: (*column).clone(),
            nullable: false,
        },
        Change::DropNotNull { column, .. } => Alteration::Nullable {
            column: (*column).clone(),
            nullable: true,
        },
        // What cannot be done is told by the work.
        Change::Retype { retype, .. } => return retype::alteration(retype).ok(),
        Change::MoveKey { moving, stage } => return key_move::alteration(moving, *stage).ok().flatten(),
        Change::ValidateForeignKey { .. }
        | Change::RemoveRows { .. }
        | Change::ClearKeys { .. }
        | Change::EmptyQuarantine { .. } => return None,
    })
}

fn add_index(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Work {
    let index = Sqlite.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: name.clone(),
    });
    let mut up = columns_as_planned(table, columns);
    let text = index_text(table, columns, name, unique);
    up.push(Statement::plain(text.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1)));
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

/// The statement that makes an index, as SQLite keeps it.
fn index_text(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> String {
    format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        Sqlite.quote(name),
        Sqlite.quote(&table.name.table),
        names(columns.iter(), "")
    )
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
        partitions: false,
    }
}

fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
