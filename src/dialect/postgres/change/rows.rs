//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key. Each batch is one
//! statement and one transaction, so that a row is never gone and not kept.

use super::batch::Batches;
use super::block::{block, columns_as_planned, guard, regclass};
use super::{foreign_key, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::dialect::row_set::RowSet;
use crate::schema::{Column, ForeignKey, Ident, Table, TableName};

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows, keeping)?;
    let columns = moving.columns("gone");
    let statement = format!(
        "WITH gone AS (DELETE FROM {rows} r WHERE {window} AND {condition} RETURNING r.*) INSERT INTO {quarantine} \
         ({names}, relaudit_plan, relaudit_reason) SELECT {columns}, {plan}, {reason} FROM gone",
        rows = Postgres.own_rows(moving.table),
        window = moving.batches.window(),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        plan = Postgres.literal(&keeping.plan),
        reason = Postgres.literal(&keeping.reason),
    );
    let stored = |column: &&Column| column.generated.is_none();
    let names = moving.some_columns("", stored);
    let back = format!(
        "WITH back AS (DELETE FROM {quarantine} q WHERE {ours} RETURNING q.*) INSERT INTO {table} ({names}) OVERRIDING \
         SYSTEM VALUE SELECT {columns} FROM back",
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        table = moving.table_name(),
        columns = moving.some_columns("back", stored),
    );
    Ok(moving.work(rows, &statement, &back))
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows, keeping)?;
    let nulls: Vec<String> = columns
        .iter()
        .map(|column| format!("{} = NULL", Postgres.quote(column)))
        .collect();
    let same = |left: &str, right: &str| {
        let equal = moving.batches.key.iter().map(|column| {
            let name = Postgres.quote(&column.name);
            format!("{left}.{name} = {right}.{name}")
        });
        equal.collect::<Vec<_>>().join(" AND ")
    };
    let statement = format!(
        "WITH old AS (SELECT r.* FROM {rows} r WHERE {window} AND {condition} FOR UPDATE), kept AS (INSERT INTO \
         {quarantine} ({names}, relaudit_plan, relaudit_reason) SELECT {olds}, {plan}, {reason} FROM old) UPDATE {rows} r \
         SET {nulls} FROM old WHERE {same}",
        rows = Postgres.own_rows(moving.table),
        window = moving.batches.window(),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        olds = moving.columns("old"),
        plan = Postgres.literal(&keeping.plan),
        reason = Postgres.literal(&keeping.reason),
        nulls = nulls.join(", "),
        same = same("r", "old"),
    );
    let restored: Vec<String> = columns
        .iter()
        .map(|column| format!("{0} = back.{0}", Postgres.quote(column)))
        .collect();
    let still_null: Vec<String> = columns
        .iter()
        .map(|column| format!("r.{} IS NULL", Postgres.quote(column)))
        .collect();
    let back = format!(
        "WITH back AS (DELETE FROM {quarantine} q WHERE {ours} RETURNING q.*) UPDATE {table} r SET {restored} FROM back WHERE \
         {same} AND {still_null}",
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        table = moving.table_name(),
        restored = restored.join(", "),
        same = same("r", "back"),
        still_null = still_null.join(" AND "),
    );
    Ok(moving.work(rows, &statement, &back))
}

pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let name = TableName {
        namespace: table.name.namespace.clone(),
        table: keeping.quarantine.clone(),
    };
    let quarantine = Postgres.table_name(&name);
    let body = format!(
        "  IF {there} IS NOT NULL THEN\n    DELETE FROM {quarantine} q WHERE q.relaudit_plan = {plan} AND q.relaudit_reason = \
         {reason};\n    IF NOT EXISTS (SELECT FROM {quarantine}) THEN\n      DROP TABLE {quarantine};\n    END IF;\n  END IF;\n",
        there = regclass(&name),
        plan = Postgres.literal(&keeping.plan),
        reason = Postgres.literal(&keeping.reason),
    );
    Work {
        up: vec![block("", &body)],
        down: Vec::new(),
        locks: vec![lock(&name, "ACCESS EXCLUSIVE")],
        guards: Vec::new(),
        reads_rows: true,
    }
}

/// Rows on their way out of a table.
struct Moving<'a> {
    table: &'a Table,
    keeping: &'a Keeping,
    batches: Batches<'a>,
}

impl<'a> Moving<'a> {
    fn new(rows: &RowSet<'a>, keeping: &'a Keeping) -> Result<Self, String> {
        let table = rows.table();
        Ok(Self {
            table,
            keeping,
            batches: Batches::new(table)?,
        })
    }

    fn table_name(&self) -> String {
        Postgres.table_name(&self.table.name)
    }

    fn quarantine_name(&self) -> TableName {
        TableName {
            namespace: self.table.name.namespace.clone(),
            table: self.keeping.quarantine.clone(),
        }
    }

    fn quarantine(&self) -> String {
        Postgres.table_name(&self.quarantine_name())
    }

    fn columns(&self, alias: &str) -> String {
        self.some_columns(alias, |_| true)
    }

    fn some_columns(&self, alias: &str, wanted: impl Fn(&&Column) -> bool) -> String {
        let names = self.table.columns.iter().filter(wanted).map(|column| match alias {
            "" => Postgres.quote(&column.name),
            alias => format!("{alias}.{}", Postgres.quote(&column.name)),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// The rows of this step in the quarantine.
    fn ours(&self, alias: &str) -> String {
        format!(
            "{alias}.relaudit_plan = {} AND {alias}.relaudit_reason = {}",
            Postgres.literal(&self.keeping.plan),
            Postgres.literal(&self.keeping.reason)
        )
    }

    fn work(&self, rows: &RowSet<'_>, statement: &str, back: &str) -> Work {
        let all: Vec<Ident> = self.table.columns.iter().map(|column| column.name.clone()).collect();
        let quarantine = self.quarantine();
        let there = regclass(&self.quarantine_name());
        // A foreign key that was never validated refuses the rows all the same when they come back.
        let foreign_keys = |sql: &dyn Fn(&ForeignKey) -> String| -> String {
            let statements = rows.refusing().into_iter().map(|key| format!("    {};\n", sql(key)));
            statements.collect::<Vec<_>>().concat()
        };
        let up = vec![
            guard(&[columns_as_planned(self.table, &all)]),
            Statement::plain(format!(
                "CREATE TABLE IF NOT EXISTS {quarantine} (LIKE {}, relaudit_plan text NOT NULL, relaudit_reason text NOT \
                 NULL, relaudit_at timestamptz NOT NULL DEFAULT now())",
                self.table_name()
            )),
            self.batches.run(None, statement),
        ];
        let down = vec![
            block(
                "",
                &format!(
                    "  IF {there} IS NOT NULL THEN\n{lifting}    {back};\n{putting_back}  END IF;\n",
                    lifting = foreign_keys(&|key| foreign_key::without(self.table, key)),
                    putting_back = foreign_keys(&|key| foreign_key::unvalidated(self.table, key)),
                ),
            ),
            block(
                "",
                &format!(
                    "  IF {there} IS NOT NULL THEN\n    IF NOT EXISTS (SELECT FROM {quarantine}) THEN\n      DROP TABLE \
                     {quarantine};\n    END IF;\n  END IF;\n"
                ),
            ),
        ];
        Work {
            up,
            down,
            locks: vec![lock(&self.table.name, "ROW EXCLUSIVE")],
            guards: vec![super::as_planned(self.table)],
            reads_rows: true,
        }
    }
}
