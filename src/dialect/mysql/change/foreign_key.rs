//! Foreign keys. They are added in place only while the server does not look at the rows (MySQL manual, "Online DDL
//! Operations", "Adding a foreign key constraint": INPLACE needs `foreign_key_checks` off), so the plan looks itself:
//! right before, and right after. Where it is asked for, the server looks itself instead, and copies the table.

use std::fmt::Write as _;

use super::index::restored;
use super::prepared::{columns_as_planned, guard, has_foreign_key, has_index, has_table, is_table, unless};
use super::standing::{only_foreign_key, only_index};
use super::{COPY, as_planned, copied, online};
use crate::dialect::Dialect as _;
use crate::dialect::change::{LockTaken, Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::probe_sql::{self, Ends};
use crate::schema::{Action, ColumnSet, ForeignKey, Ident, Table, display_columns};

pub(super) const CHECKS_OFF: &str = "SET SESSION foreign_key_checks = 0";
pub(super) const CHECKS_ON: &str = "SET SESSION foreign_key_checks = 1";

/// Who looks at the rows when a foreign key is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The plan, right before and right after; writers go on.
    InPlace,
    /// The server, while it copies the table; writers wait.
    Copying,
}

impl Way {
    pub(super) fn new(copying: bool) -> Self {
        if copying { Self::Copying } else { Self::InPlace }
    }

    /// The statement that adds a foreign key in this way, where it was not done before.
    fn altering(self, done: &str, table: &str, clauses: &str) -> Vec<Statement> {
        match self {
            Self::Copying => unless(done, &format!("ALTER TABLE {table} {clauses}, {COPY}")),
            Self::InPlace => {
                let mut statements = vec![Statement::plain(CHECKS_OFF)];
                let sql = format!("ALTER TABLE {table} {clauses}, ALGORITHM=INPLACE, LOCK=NONE");
                statements.extend(unless(done, &sql));
                statements.push(Statement::plain(CHECKS_ON));
                statements
            }
        }
    }

    fn locks(self, child: &Table, parent: &Table) -> Vec<LockTaken> {
        match self {
            Self::InPlace => vec![online(&child.name), online(&parent.name)],
            // Seen on MySQL 9.7 and MariaDB 10.11: the parent takes no writes either, whichever row.
            Self::Copying => [child, parent].into_iter().flat_map(|end| copied(&end.name)).collect(),
        }
    }
}

pub(super) fn add(child: &Table, parent: &Table, key: &ForeignKey, way: Way) -> Result<Work, String> {
    let name = name(key)?;
    let mut up = as_it_was(child, parent, key);
    up.extend(only_foreign_key(child, key, name));
    up.extend(no_orphans(child, parent, key, "mend them, and run this again"));
    up.extend(adding(child, key, &has_foreign_key(&child.name, name), way)?);
    let mut down = dropping(child, key, name);
    down.extend(without_its_index(child, key, name));
    Ok(Work {
        up,
        down,
        locks: way.locks(child, parent),
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
    up.extend(only_foreign_key(child, key, name));
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
        up: dropping(child, key, name),
        down: adding(child, key, &has_foreign_key(&child.name, name), Way::InPlace)?,
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
    way: Way,
) -> Result<Work, String> {
    let old_name = name(old)?;
    let new = ForeignKey {
        name: Some(free.clone()),
        ..new.clone()
    };
    let swap = |way: Way, from: &Ident, to: &ForeignKey, to_name: &Ident| {
        let clauses = format!(
            "DROP FOREIGN KEY {}, ADD {}",
            MySql::MYSQL.quote(from),
            definition(to, to_name)
        );
        let done = has_foreign_key(&child.name, to_name);
        way.altering(&done, &MySql::MYSQL.table_name(&child.name), &clauses)
    };
    let mut up = as_it_was(child, parent, &new);
    up.extend(only_foreign_key(child, &new, free));
    up.extend(no_orphans(child, parent, &new, "mend them, and run this again"));
    up.extend(swap(way, old_name, &new, free));
    if way == Way::InPlace {
        let what_to_do = "they came in meanwhile: mend them, and run this again";
        up.extend(no_orphans(child, parent, &new, what_to_do));
    }
    Ok(Work {
        up,
        down: restored(child, &old.columns)
            .into_iter()
            .chain(swap(Way::InPlace, free, old, old_name))
            .collect(),
        locks: way.locks(child, parent),
        guards: vec![as_planned(child), as_planned(parent), no_row_lacks(child, parent, &new)],
        reads_rows: true,
    })
}

fn as_it_was(child: &Table, parent: &Table, key: &ForeignKey) -> Vec<Statement> {
    let mut statements = columns_as_planned(child, &key.columns);
    statements.extend(columns_as_planned(parent, &key.parent_columns));
    statements
}

fn adding(child: &Table, key: &ForeignKey, done: &str, way: Way) -> Result<Vec<Statement>, String> {
    let clause = format!("ADD {}", definition(key, name(key)?));
    Ok(way.altering(done, &MySql::MYSQL.table_name(&child.name), &clause))
}

fn dropping(child: &Table, key: &ForeignKey, name: &Ident) -> Vec<Statement> {
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
    let mut statements = only_foreign_key(child, key, name);
    statements.extend(unless(&done, &sql));
    statements
}

/// Where no index begins with the columns in their order, the server makes one with the foreign key and calls it the same
/// (manual, "FOREIGN KEY Constraints"), which stays when the foreign key goes.
fn without_its_index(child: &Table, key: &ForeignKey, name: &Ident) -> Vec<Statement> {
    if child.indexes.iter().any(|index| index.name == *name) {
        return Vec::new();
    }
    let [first, ..] = &*key.columns else {
        return Vec::new();
    };
    // Another foreign key may need it by now.
    let needed = format!(
        "EXISTS (SELECT 1 FROM information_schema.key_column_usage WHERE {} AND column_name = {} AND referenced_table_name IS NOT NULL)",
        is_table("table_schema", "table_name", &child.name),
        MySql::MYSQL.literal(first.as_str())
    );
    let mut statements = only_index(child, &key.columns, name, false);
    statements.extend(unless(
        &format!("NOT {} OR {needed}", has_index(&child.name, name)),
        &format!(
            "ALTER TABLE {} DROP INDEX {}, ALGORITHM=INPLACE, LOCK=NONE",
            MySql::MYSQL.table_name(&child.name),
            MySql::MYSQL.quote(name)
        ),
    ));
    statements
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
