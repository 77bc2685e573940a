//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key. Each batch is one
//! transaction, so that a row is never gone and not kept; the batch's own number tells its rows from all others.

use super::batch::Batches;
use super::prepared::{columns_as_planned, unless};
use super::{as_planned, rows_locked};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::row_set::RowSet;
use crate::relation::short_hash;
use crate::schema::{Column, Ident, Table, TableName};

const SQL: MySql = MySql::MYSQL;

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows, keeping)?;
    let taking = format!(
        "DELETE r FROM {} r JOIN {} q ON {} AND q.relaudit_batch = relaudit_number",
        moving.table_name(),
        moving.quarantine(),
        moving.same("r", "q")
    );
    let stored = |column: &&Column| column.generated.is_none();
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} q WHERE {}",
        moving.table_name(),
        moving.some_columns("", stored),
        moving.some_columns("q", stored),
        moving.quarantine(),
        moving.ours("q")
    );
    Ok(moving.work(rows, &taking, &back))
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::new(rows, keeping)?;
    let list = |one: &dyn Fn(&str) -> String, between: &str| {
        let parts: Vec<String> = columns.iter().map(|column| one(&SQL.quote(column))).collect();
        parts.join(between)
    };
    let taking = format!(
        "UPDATE {} r JOIN {} q ON {} AND q.relaudit_batch = relaudit_number SET {}",
        moving.table_name(),
        moving.quarantine(),
        moving.same("r", "q"),
        list(&|name| format!("r.{name} = NULL"), ", ")
    );
    let back = format!(
        "UPDATE {} r JOIN {} q ON {} SET {} WHERE {} AND {}",
        moving.table_name(),
        moving.quarantine(),
        moving.same("r", "q"),
        list(&|name| format!("r.{name} = q.{name}"), ", "),
        moving.ours("q"),
        list(&|name| format!("r.{name} IS NULL"), " AND ")
    );
    Ok(moving.work(rows, &taking, &back))
}

pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving {
        table,
        keeping,
        batches: Batches { table, key: Vec::new() },
    };
    let mut up = vec![moving.making()];
    up.push(Statement::plain(format!(
        "DELETE FROM {} WHERE {}",
        moving.quarantine(),
        moving.ours(&moving.quarantine())
    )));
    up.extend(moving.dropping_if_empty());
    Work {
        up,
        down: Vec::new(),
        locks: vec![rows_locked(&moving.quarantine_name())],
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
        SQL.table_name(&self.table.name)
    }

    fn quarantine_name(&self) -> TableName {
        TableName {
            namespace: self.table.name.namespace.clone(),
            table: self.keeping.quarantine.clone(),
        }
    }

    fn quarantine(&self) -> String {
        SQL.table_name(&self.quarantine_name())
    }

    fn some_columns(&self, alias: &str, wanted: impl Fn(&&Column) -> bool) -> String {
        let names = self.table.columns.iter().filter(wanted).map(|column| match alias {
            "" => SQL.quote(&column.name),
            alias => format!("{alias}.{}", SQL.quote(&column.name)),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    fn same(&self, left: &str, right: &str) -> String {
        let equal = self.batches.key.iter().map(|column| {
            let name = SQL.quote(&column.name);
            format!("{left}.{name} = {right}.{name}")
        });
        equal.collect::<Vec<_>>().join(" AND ")
    }

    /// The rows of this step in the quarantine.
    fn ours(&self, alias: &str) -> String {
        format!(
            "{alias}.relaudit_plan = {} AND {alias}.relaudit_reason = {}",
            SQL.literal(&self.keeping.plan),
            SQL.literal(&self.keeping.reason)
        )
    }

    /// The quarantine has the columns of the table, without keys and without what computes them: it is made from a
    /// SELECT that finds nothing.
    fn making(&self) -> Statement {
        Statement::plain(format!(
            "CREATE TABLE IF NOT EXISTS {} (relaudit_plan VARCHAR(32) NOT NULL DEFAULT '', relaudit_reason VARCHAR(2000) NOT NULL DEFAULT '', \
             relaudit_batch BIGINT UNSIGNED NOT NULL DEFAULT 0, relaudit_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY \
             (relaudit_batch)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 AS SELECT r.* FROM {} r WHERE 1 = 0",
            self.quarantine(),
            self.table_name()
        ))
    }

    fn dropping_if_empty(&self) -> Vec<Statement> {
        let quarantine = self.quarantine();
        unless(
            &format!("EXISTS (SELECT 1 FROM {quarantine})"),
            &format!("DROP TABLE {quarantine}"),
        )
    }

    /// A routine of this step, by a name that is no other's.
    fn routine(&self) -> String {
        let hash = short_hash([
            self.keeping.plan.as_str(),
            self.keeping.reason.as_str(),
            self.keeping.quarantine.as_str(),
        ]);
        format!("relaudit_step_{hash}")
    }

    fn batches(&self, rows: &RowSet<'_>, taking: &str) -> Vec<Statement> {
        let all = |_: &&Column| true;
        let keeping = format!(
            "INSERT INTO {quarantine} ({names}, relaudit_plan, relaudit_reason, relaudit_batch) SELECT {values}, {plan}, {reason}, \
             relaudit_number FROM {table} r WHERE {window} AND {condition} FOR UPDATE",
            table = self.table_name(),
            quarantine = self.quarantine(),
            names = self.some_columns("", all),
            values = self.some_columns("r", all),
            plan = SQL.literal(&self.keeping.plan),
            reason = SQL.literal(&self.keeping.reason),
            window = self.batches.window(),
            condition = rows.condition(&SQL, "r"),
        );
        self.batches.run(&self.routine(), &format!("{keeping};\n    {taking}"))
    }

    fn work(&self, rows: &RowSet<'_>, taking: &str, back: &str) -> Work {
        let all: Vec<Ident> = self.table.columns.iter().map(|column| column.name.clone()).collect();
        let mut up = columns_as_planned(self.table, &all);
        up.push(self.making());
        up.extend(self.batches(rows, taking));
        let mut down = vec![
            self.making(),
            // The rows come back as they were, without parents.
            Statement::plain("SET SESSION foreign_key_checks = 0"),
            Statement::plain("START TRANSACTION"),
            Statement::plain(back),
            Statement::plain(format!(
                "DELETE q FROM {} q WHERE {}",
                self.quarantine(),
                self.ours("q")
            )),
            Statement::plain("COMMIT"),
            Statement::plain("SET SESSION foreign_key_checks = 1"),
        ];
        down.extend(self.dropping_if_empty());
        Work {
            up,
            down,
            locks: vec![rows_locked(&self.table.name)],
            guards: vec![as_planned(self.table)],
            reads_rows: true,
        }
    }
}
