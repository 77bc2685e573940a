//! Indexes and unique keys, built while others write (manual, CREATE INDEX, "Building Indexes Concurrently").

use super::block::{beside, columns_as_planned, guard, has_constraint, unless};
use super::standing::only_index;
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{LockTaken, Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::relation::short_hash;
use crate::schema::{Ident, Table, TableName, display_columns};

/// What a linter reads before an index that is built concurrently: it takes each file for one transaction.
pub(super) const LINTED: &str =
    "-- pgls-ignore lint/safety/banConcurrentIndexCreationInTransaction: plans are run outside of transactions\n";

pub(super) fn add(table: &Table, columns: &[Ident], name: &Ident) -> Work {
    Work {
        up: building(table, columns, name, ""),
        down: std::iter::once(guard(&[only_index(table, columns, name, false)]))
            .chain(gone(table, name))
            .collect(),
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
        down: vec![
            guard(&[only_index(table, columns, name, true)]),
            unless(
                &format!("NOT {}", has_constraint(&table.name, name)),
                &format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}",
                    Postgres.table_name(&table.name),
                    Postgres.quote(name)
                ),
                &format!("dropping {name}"),
            ),
        ],
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

/// Builds an index on these columns, as [`built`] does.
pub(super) fn building(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Vec<Statement> {
    let list: Vec<String> = columns.iter().map(|column| Postgres.quote(column)).collect();
    let sql = format!(
        "CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {} ON {} ({})",
        Postgres.quote(name),
        Postgres.table_name(&table.name),
        list.join(", ")
    );
    let standing = only_index(table, columns, name, !unique.is_empty());
    built(table, columns, name, (&sql, standing))
}

/// Builds an index by this statement, after what a build that was broken off left behind is gone, and makes sure that it is
/// whole. `standing` holds where nothing else has its name.
pub(super) fn built(
    table: &Table,
    columns: &[Ident],
    name: &Ident,
    (sql, standing): (&str, (String, String)),
) -> Vec<Statement> {
    let index = beside(&table.name, name);
    let invalid = format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {index} AND NOT indisvalid)");
    let left = Ident::new(format!("relaudit_broken_{}", short_hash([name.as_str()])));
    let broken = format!(
        "the index {name} could not be built to its end: look at the message before this one, and run this again"
    );
    vec![
        guard(&[columns_as_planned(table, columns), standing]),
        // Another name costs no strong lock (manual, ALTER INDEX), and under it the index can go whether it was there or not.
        unless(
            &format!("NOT {invalid}"),
            &format!(
                "ALTER INDEX {} RENAME TO {}",
                sibling(table, name),
                Postgres.quote(&left)
            ),
            &format!("clearing what is left of {name}"),
        ),
        // These wait for older transactions to end, and keep nobody waiting for them meanwhile.
        Statement::plain("SET lock_timeout = 0"),
        dropping(table, &left),
        Statement::plain(format!("{LINTED}{sql}")),
        Statement::plain(format!("SET lock_timeout = '{}'", super::LOCK_TIMEOUT)),
        guard(&[(format!("NOT {invalid}"), broken)]),
    ]
}

pub(super) fn dropping(table: &Table, name: &Ident) -> Statement {
    Statement::plain(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sibling(table, name)))
}

/// The same of an index that is in use: it waits for older transactions to end, and keeps nobody waiting meanwhile.
pub(super) fn gone(table: &Table, name: &Ident) -> [Statement; 3] {
    [
        Statement::plain("SET lock_timeout = 0"),
        dropping(table, name),
        Statement::plain(format!("SET lock_timeout = '{}'", super::LOCK_TIMEOUT)),
    ]
}

/// An index is in the namespace of its table.
pub(super) fn sibling(table: &Table, name: &Ident) -> String {
    Postgres.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: name.clone(),
    })
}

fn locks(table: &Table) -> Vec<LockTaken> {
    vec![lock(&table.name, "SHARE UPDATE EXCLUSIVE")]
}
