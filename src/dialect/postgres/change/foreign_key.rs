//! Foreign keys: added without a look at the rows, validated later (manual, ALTER TABLE, "ADD table_constraint [ NOT
//! VALID ]" and "Notes").

use super::block::{columns_as_planned, guard, has_constraint, regclass, unless};
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Table, display_columns};

pub(super) fn add(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = name(key);
    Work {
        up: vec![
            guard(&[
                columns_as_planned(child, &key.columns),
                columns_as_planned(parent, &key.parent_columns),
            ]),
            unless(
                &has_constraint(&child.name, &name),
                &format!("{} NOT VALID", addition(child, key)),
                &format!("adding {name}"),
            ),
        ],
        down: vec![dropping(child, &name)],
        locks: vec![
            lock(&child.name, "SHARE ROW EXCLUSIVE"),
            lock(&parent.name, "SHARE ROW EXCLUSIVE"),
        ],
        guards: vec![as_planned(child), as_planned(parent)],
        reads_rows: false,
    }
}

pub(super) fn validate(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = name(key);
    let missing = format!("{} has no constraint {name}: run the steps before this one", child.name);
    Work {
        up: vec![
            guard(&[(has_constraint(&child.name, &name), missing)]),
            Statement::plain(format!(
                "ALTER TABLE {} VALIDATE CONSTRAINT {}",
                Postgres.table_name(&child.name),
                Postgres.quote(&name)
            )),
        ],
        // What was validated is no harm; the step that added it takes it away.
        down: Vec::new(),
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

pub(super) fn drop(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = name(key);
    let mut down = vec![unless(
        &has_constraint(&child.name, &name),
        &format!("{} NOT VALID", addition(child, key)),
        &format!("adding {name}"),
    )];
    if key.validated && key.enforced {
        down.push(Statement::plain(format!(
            "ALTER TABLE {} VALIDATE CONSTRAINT {}",
            Postgres.table_name(&child.name),
            Postgres.quote(&name)
        )));
    }
    Work {
        up: vec![dropping(child, &name)],
        down,
        locks: vec![
            lock(&child.name, "ACCESS EXCLUSIVE"),
            lock(&parent.name, "ACCESS EXCLUSIVE"),
        ],
        guards: Vec::new(),
        reads_rows: false,
    }
}

pub(super) fn rename(child: &Table, from: &Ident, to: &Ident) -> Work {
    let renaming = |from: &Ident, to: &Ident| {
        unless(
            &format!(
                "NOT {} OR {}",
                has_constraint(&child.name, from),
                has_constraint(&child.name, to)
            ),
            &format!(
                "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                Postgres.table_name(&child.name),
                Postgres.quote(from),
                Postgres.quote(to)
            ),
            &format!("renaming {from}"),
        )
    };
    Work {
        up: vec![renaming(from, to)],
        down: vec![renaming(to, from)],
        locks: vec![lock(&child.name, "ACCESS EXCLUSIVE")],
        guards: Vec::new(),
        reads_rows: false,
    }
}

fn dropping(child: &Table, name: &Ident) -> Statement {
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
fn addition(child: &Table, key: &ForeignKey) -> String {
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
    match key.match_type {
        Match::Full => sql.push_str(" MATCH FULL"),
        _ => {}
    }
    for (clause, action) in [("ON UPDATE", key.on_update), ("ON DELETE", key.on_delete)] {
        if action != Action::NoAction {
            sql.push_str(&format!(" {clause} {}", action.as_sql()));
        }
    }
    if !key.set_columns.is_empty() {
        sql.push_str(&format!(" ({})", list(&key.set_columns)));
    }
    sql.push_str(match key.deferrable {
        Deferrable::No => "",
        Deferrable::InitiallyImmediate => " DEFERRABLE",
        Deferrable::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    });
    sql
}

/// Plans give every constraint a name, and PostgreSQL does so where they do not.
fn name(key: &ForeignKey) -> Ident {
    key.name.clone().unwrap_or_else(|| {
        Ident::new(format!(
            "{}_fkey",
            key.columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_")
        ))
    })
}
