//! NOT NULL, through a constraint that is validated while others write, so that nobody waits for the scan (manual, ALTER
//! TABLE, "SET NOT NULL"; PostgreSQL 18 has NOT NULL constraints that are not valid at first).

use super::block::{columns_as_planned, guard, has_constraint, unless};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Version, Work};
use crate::dialect::postgres::Postgres;
use crate::relation::short_hash;
use crate::schema::{Ident, Table};

pub(super) fn set(table: &Table, column: &Ident, version: Version) -> Work {
    let mut up = vec![guard(&[columns_as_planned(table, std::slice::from_ref(column))])];
    up.extend(setting(table, column, version));
    Work {
        up,
        down: vec![dropping(table, column)],
        locks: vec![
            lock(&table.name, "SHARE UPDATE EXCLUSIVE"),
            lock(&table.name, "ACCESS EXCLUSIVE"),
        ],
        guards: vec![
            as_planned(table),
            format!("no row of `{}` has a null in `{column}`: the server looks", table.name),
        ],
        reads_rows: true,
    }
}

/// Sets NOT NULL so that no lock is held while the rows are looked at.
fn setting(table: &Table, column: &Ident, version: Version) -> Vec<Statement> {
    let target = Postgres.table_name(&table.name);
    let quoted = Postgres.quote(column);
    let name = constraint_name(table, column, version);
    let constraint = Postgres.quote(&name);
    let done = format!(
        "{} OR {}",
        is_not_null(table, column),
        has_constraint(&table.name, &name)
    );
    let definition = if version.major >= 18 {
        format!("NOT NULL {quoted}")
    } else {
        format!("CHECK ({quoted} IS NOT NULL)")
    };
    let mut statements = vec![
        unless(
            &done,
            &format!("ALTER TABLE {target} ADD CONSTRAINT {constraint} {definition} NOT VALID"),
            &format!("adding {name}"),
        ),
        unless(
            &format!("NOT {}", has_constraint(&table.name, &name)),
            &format!("ALTER TABLE {target} VALIDATE CONSTRAINT {constraint}"),
            &format!("validating {name}"),
        ),
    ];
    if version.major < 18 {
        statements.push(unless(
            &is_not_null(table, column),
            &format!("ALTER TABLE {target} ALTER COLUMN {quoted} SET NOT NULL"),
            &format!("setting NOT NULL on {column}"),
        ));
        statements.push(unless(
            &format!("NOT {}", has_constraint(&table.name, &name)),
            &format!("ALTER TABLE {target} DROP CONSTRAINT {constraint}"),
            &format!("dropping {name}"),
        ));
    }
    statements
}

pub(super) fn remove(table: &Table, column: &Ident, version: Version) -> Work {
    Work {
        up: vec![
            guard(&[columns_as_planned(table, std::slice::from_ref(column))]),
            dropping(table, column),
        ],
        down: setting(table, column, version),
        locks: vec![lock(&table.name, "ACCESS EXCLUSIVE")],
        guards: vec![as_planned(table)],
        reads_rows: false,
    }
}

fn dropping(table: &Table, column: &Ident) -> Statement {
    unless(
        &format!("NOT {}", is_not_null(table, column)),
        &format!(
            "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
            Postgres.table_name(&table.name),
            Postgres.quote(column)
        ),
        &format!("dropping NOT NULL of {column}"),
    )
}

fn is_not_null(table: &Table, column: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND attnotnull)",
        super::block::regclass(&table.name),
        Postgres.literal(column.as_str())
    )
}

/// As the server itself would call it, where that is short enough (PostgreSQL 18: `table_column_not_null`).
fn constraint_name(table: &Table, column: &Ident, version: Version) -> Ident {
    let suffix = if version.major >= 18 {
        "not_null"
    } else {
        "not_null_check"
    };
    let whole = format!("{}_{column}_{suffix}", table.name.table);
    if whole.len() <= 63 {
        return Ident::new(whole);
    }
    Ident::new(format!("relaudit_{}_{suffix}", short_hash([whole.as_str()])))
}
