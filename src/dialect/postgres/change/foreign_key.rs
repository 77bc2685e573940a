//! Foreign keys: added without a look at the rows, validated later (manual, ALTER TABLE, "ADD table_constraint [ NOT
//! VALID ]" and "Notes").

use std::fmt::Write as _;

use super::block::{columns_as_planned, guard, has_constraint, regclass, unless};
use super::standing::{letter, only_foreign_key, only_foreign_key_of_any_action};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Version, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Table, display_columns};

pub(super) fn add(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = name(key);
    Work {
        up: vec![
            guard(&[
                columns_as_planned(child, &key.columns),
                columns_as_planned(parent, &key.parent_columns),
                only_foreign_key(child, key, &name),
            ]),
            unless(
                &has_constraint(&child.name, &name),
                &format!("{} NOT VALID", addition(child, key)),
                &format!("adding {name}"),
            ),
        ],
        down: vec![guard(&[only_foreign_key(child, key, &name)]), dropping(child, &name)],
        locks: vec![
            lock(&child.name, "SHARE ROW EXCLUSIVE"),
            lock(&parent.name, "SHARE ROW EXCLUSIVE"),
        ],
        guards: vec![as_planned(child), as_planned(parent)],
        reads_rows: false,
    }
}

pub(super) fn validate(child: &Table, parent: &Table, key: &ForeignKey, existing: bool) -> Work {
    let name = name(key);
    let missing = format!("{} has no constraint {name}: run the steps before this one", child.name);
    Work {
        up: vec![
            guard(&[
                (has_constraint(&child.name, &name), missing),
                only_foreign_key(child, key, &name),
            ]),
            validating(child, &name),
        ],
        // What a step before this one added, its own undo takes away.
        down: if existing { invalidating(child, key) } else { Vec::new() },
        locks: vec![
            lock(&child.name, "SHARE UPDATE EXCLUSIVE"),
            lock(&parent.name, "ROW SHARE"),
        ],
        guards: vec![
            format!("the constraint `{name}` is there"),
            format!(
                "every ({}) of `{}` is in `{}`: the server looks",
                display_columns(&key.columns),
                child.name,
                parent.name
            ),
        ],
        reads_rows: true,
    }
}

/// Checks the rows from before. Vacuum has a lock that this one waits for.
fn validating(child: &Table, name: &Ident) -> Statement {
    unless(
        &is_validated(child, name),
        &format!(
            "ALTER TABLE {} VALIDATE CONSTRAINT {}",
            Postgres.table_name(&child.name),
            Postgres.quote(name)
        ),
        &format!("validating {name}"),
    )
}

fn is_validated(child: &Table, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {} AND conname = {} AND convalidated)",
        regclass(&child.name),
        Postgres.literal(name.as_str())
    )
}

/// A constraint that is valid cannot be made unvalidated: it is made anew.
fn invalidating(child: &Table, key: &ForeignKey) -> Vec<Statement> {
    let name = name(key);
    vec![unless(
        &format!("NOT {}", is_validated(child, &name)),
        &format!(
            "ALTER TABLE {} DROP CONSTRAINT {}; {} NOT VALID",
            Postgres.table_name(&child.name),
            Postgres.quote(&name),
            addition(child, key)
        ),
        &format!("making {name} anew"),
    )]
}

pub(super) fn drop(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = name(key);
    let mut down = vec![
        guard(&[only_foreign_key(child, key, &name)]),
        unless(
            &has_constraint(&child.name, &name),
            &format!("{} NOT VALID", addition(child, key)),
            &format!("adding {name}"),
        ),
    ];
    if key.validated && key.enforced {
        down.push(validating(child, &name));
    }
    Work {
        up: vec![guard(&[only_foreign_key(child, key, &name)]), dropping(child, &name)],
        down,
        locks: vec![
            lock(&child.name, "ACCESS EXCLUSIVE"),
            lock(&parent.name, "ACCESS EXCLUSIVE"),
        ],
        guards: Vec::new(),
        reads_rows: false,
    }
}

/// Adds the new constraint beside the old one, checks the rows, and puts it in the old one's place: at no time are rows
/// unchecked that were checked before.
pub(super) fn replace(
    child: &Table,
    parent: &Table,
    [old, new]: [&ForeignKey; 2],
    temporary: &Ident,
    version: Version,
) -> Work {
    let standing = [
        columns_as_planned(child, &new.columns),
        columns_as_planned(parent, &new.parent_columns),
        only_foreign_key_of_any_action(child, new, &name(old)),
        only_foreign_key_of_any_action(child, new, temporary),
    ];
    let mut up = vec![guard(&standing)];
    up.extend(replacing(child, old, new, temporary));
    let mut down = vec![guard(&standing[2..])];
    down.extend(replacing(child, new, old, temporary));
    if !old.enforced {
        // It comes back as it was, and as such it cannot be validated. Before PostgreSQL 18 a constraint can only be
        // switched off by its triggers, for which one has to be a superuser: then the new one stays.
        down.retain(|statement| version.major >= 18 && !statement.sql.contains("VALIDATE CONSTRAINT"));
    }
    Work {
        up,
        down,
        locks: vec![
            lock(&child.name, "SHARE ROW EXCLUSIVE"),
            lock(&parent.name, "SHARE ROW EXCLUSIVE"),
            lock(&child.name, "SHARE UPDATE EXCLUSIVE"),
            lock(&child.name, "ACCESS EXCLUSIVE"),
            lock(&parent.name, "ACCESS EXCLUSIVE"),
        ],
        guards: vec![
            as_planned(child),
            as_planned(parent),
            format!(
                "every ({}) of `{}` is in `{}`: the server looks",
                display_columns(&new.columns),
                child.name,
                parent.name
            ),
        ],
        reads_rows: true,
    }
}

fn replacing(child: &Table, from: &ForeignKey, to: &ForeignKey, temporary: &Ident) -> Vec<Statement> {
    let target = Postgres.table_name(&child.name);
    let [name, between] = [&name(from), temporary].map(|name| Postgres.quote(name));
    let done = is_so(child, to);
    let added = has_constraint(&child.name, temporary);
    let temporarily = ForeignKey {
        name: Some(temporary.clone()),
        ..to.clone()
    };
    let not_valid = if to.enforced { " NOT VALID" } else { " NOT ENFORCED" };
    vec![
        unless(
            &format!("{done} OR {added}"),
            &format!("{}{not_valid}", addition(child, &temporarily)),
            &format!("adding {temporary}"),
        ),
        unless(
            &format!("{done} OR NOT {added}"),
            &format!("ALTER TABLE {target} VALIDATE CONSTRAINT {between}"),
            &format!("validating {temporary}"),
        ),
        unless(
            &done,
            &format!(
                "ALTER TABLE {target} DROP CONSTRAINT IF EXISTS {name}; ALTER TABLE {target} RENAME CONSTRAINT {between} TO \
                 {name}"
            ),
            &format!("putting {temporary} in the place of {name}"),
        ),
    ]
}

/// Whether the constraint is there under its name and does what it is to do.
pub(super) fn is_so(child: &Table, key: &ForeignKey) -> String {
    let triggers = if key.enforced {
        // Switched off, the triggers that enforce it are not run; NOT ENFORCED, there are none.
        " AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = c.oid) AND NOT EXISTS (SELECT FROM \
         pg_catalog.pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgenabled = 'D')"
    } else {
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgenabled <> 'D')"
    };
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = {} AND c.conname = {} AND c.confdeltype = '{}' AND \
         c.confupdtype = '{}'{triggers})",
        regclass(&child.name),
        Postgres.literal(name(key).as_str()),
        letter(key.on_delete),
        letter(key.on_update),
    )
}

/// The statement that takes it away.
pub(super) fn without(child: &Table, key: &ForeignKey) -> String {
    format!(
        "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
        Postgres.table_name(&child.name),
        Postgres.quote(&name(key))
    )
}

/// The statement that adds it without a look at the rows.
pub(super) fn unvalidated(child: &Table, key: &ForeignKey) -> String {
    format!("{} NOT VALID", addition(child, key))
}

pub(super) fn dropping(child: &Table, name: &Ident) -> Statement {
    unless(
        &format!(
            "{} IS NULL OR NOT {}",
            regclass(&child.name),
            has_constraint(&child.name, name)
        ),
        &format!(
            "ALTER TABLE {} DROP CONSTRAINT {}",
            Postgres.table_name(&child.name),
            Postgres.quote(name)
        ),
        &format!("dropping {name}"),
    )
}

/// `ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY …`, all of it.
pub(super) fn addition(child: &Table, key: &ForeignKey) -> String {
    let list = |columns: &[Ident]| {
        columns
            .iter()
            .map(|column| Postgres.quote(column))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut sql = format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        Postgres.table_name(&child.name),
        Postgres.quote(&name(key)),
        list(&key.columns),
        Postgres.table_name(&key.parent),
        list(&key.parent_columns)
    );
    if key.match_type == Match::Full {
        sql.push_str(" MATCH FULL");
    }
    for (clause, action) in [("ON UPDATE", key.on_update), ("ON DELETE", key.on_delete)] {
        if action != Action::NoAction {
            let _ = write!(sql, " {clause} {}", action.as_sql());
        }
    }
    if !key.set_columns.is_empty() {
        let _ = write!(sql, " ({})", list(&key.set_columns));
    }
    sql.push_str(match key.deferrable {
        Deferrable::No => "",
        Deferrable::InitiallyImmediate => " DEFERRABLE",
        Deferrable::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    });
    sql
}

/// Plans give every constraint a name, and PostgreSQL does so where they do not.
pub(super) fn name(key: &ForeignKey) -> Ident {
    key.name.clone().unwrap_or_else(|| {
        Ident::new(format!(
            "{}_fkey",
            key.columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_")
        ))
    })
}
