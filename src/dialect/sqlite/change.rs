//! How SQLite is changed. It has one writer at a time, and nothing to wait for but that: a step is a transaction.
//!
//! A table's constraints are a part of its definition, and to change one is to rebuild the table (manual, ALTER TABLE,
//! "Making Other Kinds Of Table Schema Changes"); plans say so and leave that out.

use crate::dialect::Dialect as _;
use crate::dialect::change::{Change, Keeping, LockTaken, Sending, Statement, Texts, Work};
use crate::dialect::row_set::RowSet;
use crate::dialect::sqlite::Sqlite;
use crate::schema::{Column, Ident, Table, TableName, display_columns};

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
        Change::AddIndex { table, columns, name } => Ok(add_index(table, columns, name, "")),
        Change::AddUnique {
            table, columns, name, ..
        } => Ok(add_index(table, columns, name, "UNIQUE ")),
        Change::RemoveRows { rows, keeping } => Ok(remove(rows, keeping)),
        Change::ClearKeys { rows, columns, keeping } => clear(rows, columns, keeping),
        Change::EmptyQuarantine { table, keeping } => Ok(empty(table, keeping)),
        Change::AddForeignKey { .. }
        | Change::ValidateForeignKey { .. }
        | Change::DropForeignKey { .. }
        | Change::ReplaceForeignKey { .. }
        | Change::SetNotNull { .. }
        | Change::DropNotNull { .. } => Err(format!(
            "SQLite can do that only by rebuilding `{}`, and plans cannot rebuild tables yet",
            change.table().name
        )),
    }
}

fn add_index(table: &Table, columns: &[Ident], name: &Ident, unique: &str) -> Work {
    let index = Sqlite.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: name.clone(),
    });
    let mut up = columns_as_planned(table, columns);
    up.push(Statement::plain(format!(
        "CREATE {unique}INDEX IF NOT EXISTS {index} ON {} ({})",
        Sqlite.quote(&table.name.table),
        names(columns.iter(), "")
    )));
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

fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Work {
    let moving = Moving::new(rows.table(), keeping);
    let taking = format!(
        "DELETE FROM {} AS r WHERE {}",
        moving.table_name(),
        rows.condition(&Sqlite, "r")
    );
    let stored = moving.table.columns.iter().filter(|column| column.generated.is_none());
    let stored: Vec<&Ident> = stored.map(|column| &column.name).collect();
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}",
        moving.table_name(),
        names(stored.iter().copied(), ""),
        names(stored.iter().copied(), ""),
        moving.quarantine(),
        moving.ours()
    );
    moving.work(rows, &taking, &back)
}

fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows.table(), keeping);
    let key: Vec<&Ident> = moving
        .table
        .primary_key()
        .into_iter()
        .flat_map(|key| &key.columns)
        .collect();
    if key.is_empty() {
        return Err(format!(
            "`{}` has no primary key, by which its rows could be told apart when they are to be as they were",
            moving.table.name
        ));
    }
    let each = |one: &dyn Fn(&str) -> String, between: &str| {
        let parts: Vec<String> = columns.iter().map(|column| one(&Sqlite.quote(column))).collect();
        parts.join(between)
    };
    let taking = format!(
        "UPDATE {} AS r SET {} WHERE {}",
        moving.table_name(),
        each(&|name| format!("{name} = NULL"), ", "),
        rows.condition(&Sqlite, "r")
    );
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("q.{0} IS r.{0}", Sqlite.quote(column)))
        .collect();
    let back = format!(
        "UPDATE {} AS r SET {} FROM {} AS q WHERE {} AND q.relaudit_plan = {} AND q.relaudit_reason = {} AND {}",
        moving.table_name(),
        each(&|name| format!("{name} = q.{name}"), ", "),
        moving.quarantine(),
        same.join(" AND "),
        Sqlite.literal(&keeping.plan),
        Sqlite.literal(&keeping.reason),
        each(&|name| format!("r.{name} IS NULL"), " AND ")
    );
    Ok(moving.work(rows, &taking, &back))
}

fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving::new(table, keeping);
    Work {
        up: vec![Statement::plain(format!(
            "DROP TABLE IF EXISTS {}",
            moving.quarantine()
        ))],
        down: Vec::new(),
        locks: vec![lock(table)],
        guards: Vec::new(),
        reads_rows: true,
    }
}

/// Rows on their way out of a table.
struct Moving<'a> {
    table: &'a Table,
    keeping: &'a Keeping,
}

impl<'a> Moving<'a> {
    fn new(table: &'a Table, keeping: &'a Keeping) -> Self {
        Self { table, keeping }
    }

    fn table_name(&self) -> String {
        Sqlite.table_name(&self.table.name)
    }

    fn quarantine(&self) -> String {
        Sqlite.table_name(&TableName {
            namespace: self.table.name.namespace.clone(),
            table: self.keeping.quarantine.clone(),
        })
    }

    fn ours(&self) -> String {
        format!(
            "relaudit_plan = {} AND relaudit_reason = {}",
            Sqlite.literal(&self.keeping.plan),
            Sqlite.literal(&self.keeping.reason)
        )
    }

    /// A column without a type keeps every value as it is.
    fn making(&self) -> Statement {
        Statement::plain(format!(
            "CREATE TABLE IF NOT EXISTS {} ({}, relaudit_plan TEXT NOT NULL, relaudit_reason TEXT NOT NULL, relaudit_at TEXT \
             NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            self.quarantine(),
            names(self.table.columns.iter().map(|column| &column.name), "")
        ))
    }

    fn work(&self, rows: &RowSet<'_>, taking: &str, back: &str) -> Work {
        let all: Vec<Ident> = self
            .table
            .columns
            .iter()
            .map(|column: &Column| column.name.clone())
            .collect();
        let mut up = columns_as_planned(self.table, &all);
        up.extend([
            // What is kept and what goes is one transaction: nobody writes in between.
            Statement::plain("BEGIN IMMEDIATE"),
            self.making(),
            Statement::plain(format!(
                "INSERT INTO {} ({}, relaudit_plan, relaudit_reason) SELECT {}, {}, {} FROM {} AS r WHERE {}",
                self.quarantine(),
                names(all.iter(), ""),
                names(all.iter(), "r"),
                Sqlite.literal(&self.keeping.plan),
                Sqlite.literal(&self.keeping.reason),
                self.table_name(),
                rows.condition(&Sqlite, "r")
            )),
            Statement::plain(taking),
            Statement::plain("COMMIT"),
        ]);
        let down = vec![
            Statement::plain("BEGIN IMMEDIATE"),
            self.making(),
            Statement::plain(back),
            Statement::plain(format!("DROP TABLE {}", self.quarantine())),
            Statement::plain("COMMIT"),
        ];
        Work {
            up,
            down,
            locks: vec![lock(self.table)],
            guards: vec![as_planned(self.table)],
            reads_rows: true,
        }
    }
}

/// Fails where the columns have not the types that they had: the name of the check is what the error says.
fn columns_as_planned(table: &Table, columns: &[Ident]) -> Vec<Statement> {
    let mut wanted: Vec<String> = columns
        .iter()
        .filter_map(|name| table.column(name))
        .map(|column| {
            format!(
                "({}, {})",
                Sqlite.literal(column.name.as_str()),
                Sqlite.literal(&column.ty.declared.to_lowercase())
            )
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    let message = format!(
        "relaudit: {} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        display_columns(columns)
    );
    [
        "DROP TABLE IF EXISTS temp.relaudit_guard".to_owned(),
        format!(
            "CREATE TEMP TABLE relaudit_guard (holds, CONSTRAINT {} CHECK (holds))",
            Sqlite.quote(&Ident::new(message))
        ),
        format!(
            "INSERT INTO temp.relaudit_guard SELECT COUNT(*) = {} FROM pragma_table_xinfo({}) WHERE (name, lower(type)) IN \
             (VALUES {})",
            wanted.len(),
            Sqlite.literal(table.name.table.as_str()),
            wanted.join(", ")
        ),
        "DROP TABLE temp.relaudit_guard".to_owned(),
    ]
    .into_iter()
    .map(Statement::plain)
    .collect()
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
    }
}

fn as_planned(table: &Table) -> String {
    format!("`{}` has the columns that it had", table.name)
}
