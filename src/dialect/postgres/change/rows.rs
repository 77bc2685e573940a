//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key. Each batch is one
//! statement and one transaction, so that a row is never gone and not kept.

use super::block::{block, columns_as_planned, guard, regclass};
use super::{foreign_key, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::moving::Moving;
use crate::dialect::postgres::Postgres;
use crate::dialect::row_set::RowSet;
use crate::schema::{ForeignKey, Ident, Table};

/// How many rows of the table one batch passes over.
const BATCH: u32 = 10_000;

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::by_key(&Postgres, rows.table(), keeping)?;
    let columns = moving.columns("gone");
    let statement = format!(
        "WITH gone AS (DELETE FROM {rows} r WHERE {window} AND {condition} RETURNING r.*) INSERT INTO {quarantine} \
         ({names}, relaudit_plan, relaudit_reason) SELECT {columns}, {plan}, {reason} FROM gone",
        rows = Postgres.own_rows(moving.table),
        window = window(&moving),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        plan = moving.plan(),
        reason = moving.reason(),
    );
    let back = format!(
        "WITH back AS (DELETE FROM {quarantine} q WHERE {ours} RETURNING q.*) INSERT INTO {table} ({names}) OVERRIDING \
         SYSTEM VALUE SELECT {columns} FROM back",
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        table = moving.table_name(),
        names = moving.stored_columns(""),
        columns = moving.stored_columns("back"),
    );
    Ok(work(&moving, rows, &statement, &back))
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::by_key(&Postgres, rows.table(), keeping)?;
    let nulls: Vec<String> = columns
        .iter()
        .map(|column| format!("{} = NULL", Postgres.quote(column)))
        .collect();
    let statement = format!(
        "WITH old AS (SELECT r.* FROM {rows} r WHERE {window} AND {condition} FOR UPDATE), kept AS (INSERT INTO \
         {quarantine} ({names}, relaudit_plan, relaudit_reason) SELECT {olds}, {plan}, {reason} FROM old) UPDATE {rows} r \
         SET {nulls} FROM old WHERE {same}",
        rows = Postgres.own_rows(moving.table),
        window = window(&moving),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        olds = moving.columns("old"),
        plan = moving.plan(),
        reason = moving.reason(),
        nulls = nulls.join(", "),
        same = moving.same("r", "old"),
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
        same = moving.same("r", "back"),
        still_null = still_null.join(" AND "),
    );
    Ok(work(&moving, rows, &statement, &back))
}

pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving::new(&Postgres, table, keeping);
    let quarantine = moving.quarantine();
    let body = format!(
        "  IF {there} IS NOT NULL THEN\n    DELETE FROM {quarantine} q WHERE {ours};\n    IF NOT EXISTS (SELECT FROM \
         {quarantine}) THEN\n      DROP TABLE {quarantine};\n    END IF;\n  END IF;\n",
        there = regclass(&moving.quarantine_name()),
        ours = moving.ours("q"),
    );
    Work {
        up: vec![block("", &body)],
        down: Vec::new(),
        locks: vec![lock(&moving.quarantine_name(), "ACCESS EXCLUSIVE")],
        guards: Vec::new(),
        reads_rows: true,
    }
}

/// The rows of one batch: after the last one of the batch before, up to its own last one.
fn window(moving: &Moving<'_>) -> String {
    let key = moving.key_columns("r");
    format!(
        "(relaudit_start OR ({key}) > ({})) AND (relaudit_end OR ({key}) <= ({}))",
        moving.variables("relaudit_low"),
        moving.variables("relaudit_high")
    )
}

/// Runs the statement for each batch. It begins anew wherever it was broken off: what is done is not found again.
fn batches(moving: &Moving<'_>, statement: &str) -> Statement {
    let table = moving.table_name();
    let declare = |prefix: &str| {
        moving.each_key_column(|at, column| {
            format!(
                "  {prefix}_{at} {table}.{}%TYPE;
",
                Postgres.quote(&column.name)
            )
        })
    };
    let key = moving.key_columns("r");
    let [low, high] = ["relaudit_low", "relaudit_high"].map(|prefix| moving.variables(prefix));
    let assign = moving.each_key_column(|at, _| {
        format!(
            "    relaudit_low_{at} := relaudit_high_{at};
"
        )
    });
    block(
        &format!(
            "#variable_conflict use_column\nDECLARE\n  relaudit_start boolean := true;\n  relaudit_end boolean := false;\n{}{}",
            declare("relaudit_low"),
            declare("relaudit_high")
        ),
        &format!(
            "  PERFORM set_config('plan_cache_mode', 'force_custom_plan', false);\n  LOOP\n    SELECT {key} INTO {high} \
             FROM {rows} r WHERE relaudit_start OR ({key}) > ({low}) ORDER BY {key} OFFSET {offset} LIMIT 1;\n    \
             relaudit_end := NOT FOUND;\n    {statement};\n    COMMIT;\n    EXIT WHEN relaudit_end;\n    relaudit_start := false;\n{assign}  \
             END LOOP;\n",
            rows = Postgres.own_rows(moving.table),
            offset = BATCH - 1,
        ),
    )
}

fn work(moving: &Moving<'_>, rows: &RowSet<'_>, statement: &str, back: &str) -> Work {
    let quarantine = moving.quarantine();
    let there = regclass(&moving.quarantine_name());
    // A foreign key that was never validated refuses the rows all the same when they come back.
    let foreign_keys = |sql: &dyn Fn(&ForeignKey) -> String| -> String {
        let statements = rows.refusing().into_iter().map(|key| format!("    {};\n", sql(key)));
        statements.collect::<Vec<_>>().concat()
    };
    let mut up = vec![
        guard(&[columns_as_planned(moving.table, &moving.all_columns())]),
        Statement::plain(format!(
            "CREATE TABLE IF NOT EXISTS {quarantine} (LIKE {}, relaudit_plan text NOT NULL, relaudit_reason text NOT \
             NULL, relaudit_at timestamptz NOT NULL DEFAULT now())",
            moving.table_name()
        )),
        batches(moving, statement),
    ];
    up.extend(
        rows.none_left(&Postgres)
            .map(|holds| guard(&[(holds, rows.left_over())])),
    );
    let down = vec![
        block(
            "",
            &format!(
                "  IF {there} IS NOT NULL THEN\n{lifting}    {back};\n{putting_back}  END IF;\n",
                lifting = foreign_keys(&|key| foreign_key::without(moving.table, key)),
                putting_back = foreign_keys(&|key| foreign_key::unvalidated(moving.table, key)),
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
        locks: vec![lock(&moving.table.name, "ROW EXCLUSIVE")],
        guards: vec![super::as_planned(moving.table)],
        reads_rows: true,
    }
}
