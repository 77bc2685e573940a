//! NOT NULL, through a constraint that is validated while others write, so that nobody waits for the scan (manual, ALTER
//! TABLE, "SET NOT NULL"; PostgreSQL 18 has NOT NULL constraints that are not valid at first).

use super::block::{columns_as_planned, guard, has_constraint, regclass, unless};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{NotNull, Statement, Version, Work};
use crate::dialect::postgres::Postgres;
use crate::relation::short_hash;
use crate::schema::{Ident, Table};

pub(super) fn set(table: &Table, column: &Ident, standing: Option<&NotNull>, version: Version) -> Work {
    let mut up = vec![guard(&[columns_as_planned(table, std::slice::from_ref(column))])];
    let down = if let Some(standing) = standing.filter(|standing| !standing.validated) {
        // New rows have none already: it is that constraint that is to hold for all.
        let missing = format!(
            "{} has no constraint {} as it had when the plan was made: make a new plan",
            table.name, standing.name
        );
        up.push(guard(&[(has_constraint(&table.name, &standing.name), missing)]));
        up.push(validating(table, &standing.name));
        invalidating(table, column, standing)
    } else {
        let name = constraint_name(table, column, version);
        up.extend(setting(table, column, &name, false, version));
        dropping(table, column)
    };
    Work {
        up,
        down: vec![down],
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
fn setting(table: &Table, column: &Ident, name: &Ident, only_here: bool, version: Version) -> Vec<Statement> {
    let target = Postgres.table_name(&table.name);
    let quoted = Postgres.quote(column);
    let constraint = Postgres.quote(name);
    let done = format!(
        "{} OR {}",
        is_not_null(table, column, version),
        has_constraint(&table.name, name)
    );
    let definition = if version.major >= 18 {
        format!("NOT NULL {quoted}{}", if only_here { " NO INHERIT" } else { "" })
    } else {
        format!("CHECK ({quoted} IS NOT NULL)")
    };
    let mut statements = vec![
        unless(
            &done,
            &format!("ALTER TABLE {target} ADD CONSTRAINT {constraint} {definition} NOT VALID"),
            &format!("adding {name}"),
        ),
        validating(table, name),
    ];
    if version.major < 18 {
        statements.push(unless(
            &is_not_null(table, column, version),
            &format!("ALTER TABLE {target} ALTER COLUMN {quoted} SET NOT NULL"),
            &format!("setting NOT NULL on {column}"),
        ));
        statements.push(unless(
            &format!("NOT {}", has_constraint(&table.name, name)),
            &format!("ALTER TABLE {target} DROP CONSTRAINT {constraint}"),
            &format!("dropping {name}"),
        ));
    }
    statements
}

/// Looks at the rows from before, where a constraint of that name has not.
fn validating(table: &Table, name: &Ident) -> Statement {
    unless(
        &format!("NOT {}", is_unvalidated(table, name)),
        &format!(
            "ALTER TABLE {} VALIDATE CONSTRAINT {}",
            Postgres.table_name(&table.name),
            Postgres.quote(name)
        ),
        &format!("validating {name}"),
    )
}

/// A constraint that is valid cannot be made unvalidated: it is made anew.
fn invalidating(table: &Table, column: &Ident, standing: &NotNull) -> Statement {
    let (target, name) = (Postgres.table_name(&table.name), Postgres.quote(&standing.name));
    unless(
        &is_unvalidated(table, &standing.name),
        &format!(
            "ALTER TABLE {target} DROP CONSTRAINT IF EXISTS {name}; ALTER TABLE {target} ADD CONSTRAINT {name} NOT NULL {}{} NOT \
             VALID",
            Postgres.quote(column),
            if standing.only_here { " NO INHERIT" } else { "" }
        ),
        &format!("making {} anew", standing.name),
    )
}

fn is_unvalidated(table: &Table, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {} AND conname = {} AND NOT convalidated)",
        regclass(&table.name),
        Postgres.literal(name.as_str())
    )
}

pub(super) fn remove(table: &Table, column: &Ident, standing: Option<&NotNull>, version: Version) -> Work {
    let name = standing.map_or_else(
        || constraint_name(table, column, version),
        |standing| standing.name.clone(),
    );
    let only_here = standing.is_some_and(|standing| standing.only_here);
    Work {
        up: vec![
            guard(&[columns_as_planned(table, std::slice::from_ref(column))]),
            dropping(table, column),
        ],
        down: setting(table, column, &name, only_here, version),
        locks: vec![lock(&table.name, "ACCESS EXCLUSIVE")],
        guards: vec![as_planned(table)],
        reads_rows: false,
    }
}

fn dropping(table: &Table, column: &Ident) -> Statement {
    unless(
        &format!("NOT {}", is_marked(table, column)),
        &format!(
            "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
            Postgres.table_name(&table.name),
            Postgres.quote(column)
        ),
        &format!("dropping NOT NULL of {column}"),
    )
}

/// Whether no row has a null there. Since PostgreSQL 18 the mark on the column is there for constraints that are NOT VALID
/// too.
fn is_not_null(table: &Table, column: &Ident, version: Version) -> String {
    let marked = is_marked(table, column);
    if version.major < 18 {
        return marked;
    }
    format!(
        "({marked} AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a ON a.attrelid = \
         k.conrelid AND k.conkey = ARRAY[a.attnum] WHERE k.conrelid = {} AND a.attname = {} AND k.contype = 'n' AND NOT \
         k.convalidated))",
        regclass(&table.name),
        Postgres.literal(column.as_str())
    )
}

fn is_marked(table: &Table, column: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND attnotnull)",
        regclass(&table.name),
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
