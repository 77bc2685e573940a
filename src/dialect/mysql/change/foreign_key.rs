//! Foreign keys. They are added in place only while the server does not look at the rows (MySQL manual, "Online DDL
//! Operations", "Adding a foreign key constraint": INPLACE needs `foreign_key_checks` off), so the plan looks itself:
//! right before, and right after.

use std::fmt::Write as _;

use super::index::restored;
use super::prepared::{columns_as_planned, guard, has_foreign_key, has_table, unless};
use super::{as_planned, online};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::probe_sql::{self, Ends};
use crate::schema::{Action, ColumnSet, ForeignKey, Ident, Table, display_columns};

const CHECKS_OFF: &str = "SET SESSION foreign_key_checks = 0";
const CHECKS_ON: &str = "SET SESSION foreign_key_checks = 1";

pub(super) fn add(child: &Table, parent: &Table, key: &ForeignKey) -> Result<Work, String> {
    let name = name(key)?;
    let mut up = as_it_was(child, parent, key);
    up.extend(no_orphans(child, parent, key, "mend them, and run this again"));
    up.extend(adding(child, key, &has_foreign_key(&child.name, name))?);
    Ok(Work {
        up,
        down: dropping(child, name),
        locks: vec![online(&child.name), online(&parent.name)],
        guards: vec![as_planned(child), as_planned(parent), no_row_lacks(child, parent, key)],
        reads_rows: true,
    })
}

/// The second look: rows that came in while the constraint was being added.
pub(super) fn validate(child: &Table, parent: &Table, key: &ForeignKey) -> Result<Work, String> {
    let name = name(key)?;
    let mut up = guard(
        &has_foreign_key(&child.name, name),
        &format!(
            "{} has no foreign key {name}: run the steps before this one",
            child.name
        ),
    );
    up.extend(no_orphans(
        child,
        parent,
        key,
        "they came in while the foreign key was added: mend them, and run this again",
    ));
    Ok(Work {
        up,
        down: Vec::new(),
        locks: Vec::new(),
        guards: vec![
            format!("the foreign key `{name}` is there"),
            no_row_lacks(child, parent, key),
        ],
        reads_rows: true,
    })
}

pub(super) fn drop(child: &Table, parent: &Table, key: &ForeignKey) -> Result<Work, String> {
    let name = name(key)?;
    Ok(Work {
        up: dropping(child, name),
        down: adding(child, key, &has_foreign_key(&child.name, name))?,
        locks: vec![online(&child.name), online(&parent.name)],
        guards: Vec::new(),
        reads_rows: false,
    })
}

/// The old one goes and the new one comes in one statement. A foreign key cannot be renamed, so that the new one keeps
/// the name that is free now.
pub(super) fn replace(
    child: &Table,
    parent: &Table,
    [old, new]: [&ForeignKey; 2],
    free: &Ident,
) -> Result<Work, String> {
    let old_name = name(old)?;
    let new = ForeignKey {
        name: Some(free.clone()),
        ..new.clone()
    };
    let swap = |from: &Ident, to: &ForeignKey, to_name: &Ident| {
        let mut statements = vec![Statement::plain(CHECKS_OFF)];
        let sql = format!(
            "ALTER TABLE {} DROP FOREIGN KEY {}, ADD {}, ALGORITHM=INPLACE, LOCK=NONE",
            MySql::MYSQL.table_name(&child.name),
            MySql::MYSQL.quote(from),
            definition(to, to_name)
        );
        statements.extend(unless(&has_foreign_key(&child.name, to_name), &sql));
        statements.push(Statement::plain(CHECKS_ON));
        statements
    };
    let mut up = as_it_was(child, parent, &new);
    up.extend(no_orphans(child, parent, &new, "mend them, and run this again"));
    up.extend(swap(old_name, &new, free));
    up.extend(no_orphans(
        child,
        parent,
        &new,
        "they came in meanwhile: mend them, and run this again",
    ));
    Ok(Work {
        up,
        down: restored(child, &old.columns)
            .into_iter()
            .chain(swap(free, old, old_name))
            .collect(),
        locks: vec![online(&child.name), online(&parent.name)],
        guards: vec![as_planned(child), as_planned(parent), no_row_lacks(child, parent, &new)],
        reads_rows: true,
    })
}

fn as_it_was(child: &Table, parent: &Table, key: &ForeignKey) -> Vec<Statement> {
    let mut statements = columns_as_planned(child, &key.columns);
    statements.extend(columns_as_planned(parent, &key.parent_columns));
    statements
}

fn adding(child: &Table, key: &ForeignKey, done: &str) -> Result<Vec<Statement>, String> {
    let sql = format!(
        "ALTER TABLE {} ADD {}, ALGORITHM=INPLACE, LOCK=NONE",
        MySql::MYSQL.table_name(&child.name),
        definition(key, name(key)?)
    );
    let mut statements = vec![Statement::plain(CHECKS_OFF)];
    statements.extend(unless(done, &sql));
    statements.push(Statement::plain(CHECKS_ON));
    Ok(statements)
}

fn dropping(child: &Table, name: &Ident) -> Vec<Statement> {
    let done = format!(
        "NOT {} OR NOT {}",
        has_table(&child.name),
        has_foreign_key(&child.name, name)
    );
    let sql = format!(
        "ALTER TABLE {} DROP FOREIGN KEY {}, ALGORITHM=INPLACE, LOCK=NONE",
        MySql::MYSQL.table_name(&child.name),
        MySql::MYSQL.quote(name)
    );
    unless(&done, &sql)
}

/// `CONSTRAINT … FOREIGN KEY … REFERENCES …`, all of it.
fn definition(key: &ForeignKey, name: &Ident) -> String {
    let list = |columns: &[Ident]| {
        let names: Vec<String> = columns.iter().map(|column| MySql::MYSQL.quote(column)).collect();
        names.join(", ")
    };
    let mut sql = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({})",
        MySql::MYSQL.quote(name),
        list(&key.columns),
        MySql::MYSQL.table_name(&key.parent),
        list(&key.parent_columns)
    );
    for (clause, action) in [("ON UPDATE", key.on_update), ("ON DELETE", key.on_delete)] {
        if action != Action::NoAction {
            let _ = write!(sql, " {clause} {}", action.as_sql());
        }
    }
    sql
}

/// Fails where a row has no parent.
fn no_orphans(child: &Table, parent: &Table, key: &ForeignKey, what_to_do: &str) -> Vec<Statement> {
    let ends = Ends {
        child,
        parent,
        child_columns: &key.columns,
        parent_columns: &key.parent_columns,
        constrained: true,
        match_type: key.match_type,
        period: false,
        only: None,
    };
    let orphaned = probe_sql::orphaned_as(&MySql::MYSQL, &ends, "r");
    let holds = format!(
        "NOT EXISTS (SELECT 1 FROM {} r WHERE {orphaned})",
        MySql::MYSQL.table_name(&child.name)
    );
    let end = ColumnSet::new(child.name.clone(), key.columns.clone());
    guard(
        &holds,
        &format!("rows of {end} have no parent in {}: {what_to_do}", parent.name),
    )
}

fn no_row_lacks(child: &Table, parent: &Table, key: &ForeignKey) -> String {
    format!(
        "every ({}) of `{}` is in `{}`",
        display_columns(&key.columns),
        child.name,
        parent.name
    )
}

/// InnoDB names every foreign key.
fn name(key: &ForeignKey) -> Result<&Ident, String> {
    key.name
        .as_ref()
        .ok_or_else(|| "the foreign key has no name".to_owned())
}
