//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key. Each batch is one
//! transaction, so that a row is never gone and not kept; the batch's own number tells its rows from all others.

use super::prepared::{columns_as_planned, unless};
use super::{as_planned, rows_locked};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::row_set::RowSet;
use crate::relation::short_hash;
use crate::schema::{Column, Ident, Table, TableName};

/// How many rows of the table one batch passes over.
const BATCH: u32 = 2_000;

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
        key: Vec::new(),
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
    /// The primary key, along which the batches go.
    key: Vec<&'a Column>,
}

impl<'a> Moving<'a> {
    fn new(rows: &RowSet<'a>, keeping: &'a Keeping) -> Result<Self, String> {
        let table = rows.table();
        let key: Vec<&Column> = table
            .primary_key()
            .into_iter()
            .flat_map(|key| &key.columns)
            .filter_map(|column| table.column(column))
            .collect();
        if key.is_empty() {
            return Err(format!(
                "`{}` has no primary key, by which its rows could be treated in batches and told apart",
                table.name
            ));
        }
        Ok(Self { table, keeping, key })
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
        let equal = self.key.iter().map(|column| {
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

    fn key_names(&self, alias: &str) -> String {
        let names = self
            .key
            .iter()
            .map(|column| format!("{alias}.{}", SQL.quote(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    fn variables(&self, prefix: &str) -> String {
        let names = (1..=self.key.len()).map(|at| format!("{prefix}_{at}"));
        names.collect::<Vec<_>>().join(", ")
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
        SQL.table_name(&TableName {
            namespace: self.table.name.namespace.clone(),
            table: Ident::new(format!("relaudit_step_{hash}")),
        })
    }

    /// The routine begins anew wherever it was broken off: what is done is not found again.
    fn batches(&self, rows: &RowSet<'_>, taking: &str) -> Statement {
        let key = self.key_names("r");
        let [low, high] = ["relaudit_low", "relaudit_high"].map(|prefix| self.variables(prefix));
        let declare = |prefix: &str| {
            let one =
                |(at, column): (usize, &&Column)| format!("  DECLARE {prefix}_{} {};\n", at + 1, variable_type(column));
            self.key.iter().enumerate().map(one).collect::<String>()
        };
        let assign: Vec<String> = (1..=self.key.len())
            .map(|at| format!("    SET relaudit_low_{at} = relaudit_high_{at};\n"))
            .collect();
        let assign = assign.concat();
        let all = |_: &&Column| true;
        Statement::compound(format!(
            "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_start BOOLEAN \
             DEFAULT TRUE;\n  DECLARE relaudit_end BOOLEAN DEFAULT FALSE;\n  DECLARE relaudit_number BIGINT UNSIGNED;\n{}{}  \
             DECLARE CONTINUE HANDLER FOR NOT FOUND SET relaudit_end = TRUE;\n  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN \
             ROLLBACK; RESIGNAL; END;\n  WHILE NOT relaudit_end DO\n    SELECT {key} INTO {high} FROM {table} r WHERE \
             relaudit_start OR ({key}) > ({low}) ORDER BY {key} LIMIT 1 OFFSET {offset};\n    SET relaudit_number = \
             UUID_SHORT();\n    START TRANSACTION;\n    INSERT INTO {quarantine} ({names}, relaudit_plan, relaudit_reason, \
             relaudit_batch) SELECT {values}, {plan}, {reason}, relaudit_number FROM {table} r WHERE (relaudit_start OR \
             ({key}) > ({low})) AND (relaudit_end OR ({key}) <= ({high})) AND {condition} FOR UPDATE;\n    \
             {taking};\n    COMMIT;\n    SET relaudit_start = FALSE;\n{assign}  END WHILE;\nEND",
            declare("relaudit_low"),
            declare("relaudit_high"),
            routine = self.routine(),
            table = self.table_name(),
            offset = BATCH - 1,
            quarantine = self.quarantine(),
            names = self.some_columns("", all),
            values = self.some_columns("r", all),
            plan = SQL.literal(&self.keeping.plan),
            reason = SQL.literal(&self.keeping.reason),
            condition = rows.condition(&SQL, "r"),
        ))
    }

    fn work(&self, rows: &RowSet<'_>, taking: &str, back: &str) -> Work {
        let all: Vec<Ident> = self.table.columns.iter().map(|column| column.name.clone()).collect();
        let routine = self.routine();
        let drop_routine = Statement::plain(format!("DROP PROCEDURE IF EXISTS {routine}"));
        let mut up = columns_as_planned(self.table, &all);
        up.extend([
            self.making(),
            drop_routine.clone(),
            self.batches(rows, taking),
            Statement::plain(format!("CALL {routine}()")),
            drop_routine,
        ]);
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

/// A variable that holds what the column holds, and compares as it does.
fn variable_type(column: &Column) -> String {
    let collation = column.ty.collation.as_ref().and_then(|collation| {
        let charset = collation.charset.as_ref()?;
        Some(format!(" CHARACTER SET {charset} COLLATE {}", collation.name))
    });
    format!("{}{}", column.ty.declared, collation.unwrap_or_default())
}
