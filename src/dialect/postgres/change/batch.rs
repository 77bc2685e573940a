//! Batches of rows, each a transaction of its own.

use super::block::{ATTEMPTS, block, give_up};
use crate::dialect::Dialect as _;
use crate::dialect::batches::Batches;
use crate::dialect::change::Statement;
use crate::dialect::postgres::Postgres;
use crate::schema::Column;

/// How many rows of the table one batch passes over.
const BATCH: u32 = 10_000;

/// Runs the statement for each batch, unless its work is done. A batch that waits for a row that somebody holds lets go
/// of all its rows and is tried again. It begins anew wherever it was broken off: what is done is
/// not found again.
pub(super) fn run(batches: &Batches<'_>, done: Option<&str>, statement: &str) -> Statement {
    let table = Postgres.table_name(&batches.table.name);
    let declare = |name: &str, column: &Column| format!("  {name} {};\n", type_of(&table, column));
    let (key, [low, high]) = (batches.key_columns(), batches.variables());
    let unless = done.map_or(String::new(), |done| {
        format!("  IF {done} THEN\n    RETURN;\n  END IF;\n")
    });
    block(
        &format!(
            "#variable_conflict use_column\nDECLARE\n  relaudit_start boolean := true;\n  relaudit_end boolean := false;\n  \
             relaudit_done boolean;\n  relaudit_attempt integer;\n{}",
            batches.each_variable(declare),
        ),
        &format!(
            "{unless}  PERFORM set_config('plan_cache_mode', 'force_custom_plan', false);\n  LOOP\n    relaudit_attempt := 0;\n    \
             LOOP\n    BEGIN\n    SELECT {key} INTO {high} FROM {rows} r WHERE relaudit_start OR ({key}) > ({low}) ORDER BY {key} \
             OFFSET {offset} LIMIT 1;\n    relaudit_end := NOT FOUND;\n    {statement};\n    relaudit_done := \
             true;\n    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n    relaudit_done := false;\n    \
             relaudit_attempt := relaudit_attempt + 1;\n    IF relaudit_attempt >= {ATTEMPTS} THEN\n      RAISE EXCEPTION USING \
             MESSAGE = {give_up};\n    END IF;\n    END;\n    COMMIT;\n    EXIT WHEN relaudit_done;\n    PERFORM \
             pg_sleep(least(relaudit_attempt, 10) * 0.2);\n    END LOOP;\n    EXIT WHEN relaudit_end;\n    relaudit_start := false;\n{assign}  \
             END LOOP;\n",
            give_up = give_up(&format!("a batch of rows of {}", batches.table.name)),
            rows = Postgres.own_rows(batches.table),
            offset = BATCH - 1,
            assign = batches.each_pair(|low, high| format!("    {low} := {high};\n")),
        ),
    )
}

/// The type of a variable for values of a column. A variable is null at first, which a domain can forbid.
fn type_of(table: &str, column: &Column) -> String {
    if column.ty.base == column.ty.declared {
        return format!("{table}.{}%TYPE", Postgres.quote(&column.name));
    }
    match &column.ty.collation {
        Some(collation) => format!("{} COLLATE {}", column.ty.base, collation.name),
        None => column.ty.base.clone(),
    }
}
