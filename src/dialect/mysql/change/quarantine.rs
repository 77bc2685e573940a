//! The table that keeps rows: how it is made and looked at, how rows come back from it, and how it goes.

use super::prepared::{chosen, guard, has_columns, is_table, unless};
use super::rows_locked;
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Work};
use crate::dialect::moving::Moving;
use crate::dialect::mysql::MySql;
use crate::schema::{Table, TableName};

const SQL: MySql = MySql::MYSQL;

/// The columns that are not those of the rows.
const OWN: [&str; 4] = ["relaudit_plan", "relaudit_reason", "relaudit_batch", "relaudit_at"];

/// It has the columns of the table, without keys and without what computes them: it is made from a SELECT that finds
/// nothing. The reason is a TEXT, since a row has 65,535 bytes for all columns but those (manual, "Limits on Table Column
/// Count and Row Size"). One that is there already must have the same columns: an older shape of the table's would take
/// rows without some of their values, or not at all.
pub(super) fn making(moving: &Moving<'_>) -> Vec<Statement> {
    let mut statements = vec![Statement::plain(format!(
        "CREATE TABLE IF NOT EXISTS {} (relaudit_plan VARCHAR(32) NOT NULL DEFAULT '', relaudit_reason TEXT, \
         relaudit_batch BIGINT UNSIGNED NOT NULL DEFAULT 0, relaudit_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY \
         (relaudit_batch)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin AS SELECT {} FROM {} r WHERE 1 = 0",
        moving.quarantine(),
        // A star leaves out columns that are invisible.
        moving.columns("r"),
        moving.table_name()
    ))];
    let name = moving.quarantine_name();
    let columns = || moving.table.columns.iter();
    // A column that it has besides must not ask for a value.
    let holds = format!(
        "{} AND {} AND NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE {} AND is_nullable = 'NO' AND column_default IS \
         NULL AND extra NOT LIKE '%auto_increment%' AND column_name NOT IN ({}, {}))",
        has_columns(&name, columns()),
        has_own_columns(&name),
        is_table("table_schema", "table_name", &name),
        literals(OWN.into_iter()),
        literals(columns().map(|column| column.name.as_str())),
    );
    let message = format!(
        "{name} is there already, with other columns than those of {}: make a new plan, which takes another name",
        moving.table.name
    );
    statements.extend(guard(&holds, &message));
    statements
}

/// Whether there is such a table, and it is one that a plan made.
fn is_there(moving: &Moving<'_>) -> String {
    has_own_columns(&moving.quarantine_name())
}

fn has_own_columns(name: &TableName) -> String {
    format!(
        "(SELECT COUNT(*) FROM information_schema.columns WHERE {} AND column_name IN ({})) = {}",
        is_table("table_schema", "table_name", name),
        literals(OWN.into_iter()),
        OWN.len()
    )
}

fn literals<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.map(|text| SQL.literal(text)).collect::<Vec<_>>().join(", ")
}

/// Drops it if it keeps nothing.
pub(super) fn dropping_if_empty(moving: &Moving<'_>) -> Vec<Statement> {
    let quarantine = moving.quarantine();
    let counting = format!("SELECT COUNT(*) INTO @relaudit_kept FROM (SELECT 1 FROM {quarantine} LIMIT 1) q");
    let mut statements = chosen(&format!(
        "IF({}, {}, 'SELECT 1 INTO @relaudit_kept')",
        is_there(moving),
        SQL.literal(&counting)
    ));
    statements.extend(unless("@relaudit_kept > 0", &format!("DROP TABLE {quarantine}")));
    statements
}

/// The routine that puts the rows of a step back, in one transaction: what goes from the quarantine is as many rows as came
/// back, which `back` counts in `relaudit_back`. It does nothing where nothing of the step is kept, also by a table of another shape.
pub(super) fn putting_back(moving: &Moving<'_>, routine: &str, back: &str) -> Statement {
    // A message has at most 128 characters (manual, "Signal Condition Information Items").
    let message =
        SQL.literal("relaudit: rows were changed since and cannot be put back as they were: the quarantine keeps them");
    Statement::compound(format!(
        "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_back BIGINT;\n  \
         DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;\n  IF {is_there} THEN\n    START \
         TRANSACTION;\n    IF EXISTS (SELECT 1 FROM {quarantine} q WHERE {ours}) THEN\n    {back};\n    DELETE q FROM \
         {quarantine} q WHERE {ours};\n    IF ROW_COUNT() <> relaudit_back THEN\n      SIGNAL SQLSTATE '45000' SET \
         MESSAGE_TEXT = {message};\n    END IF;\n    END IF;\n    COMMIT;\n  END IF;\nEND",
        is_there = is_there(moving),
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
    ))
}

/// What it keeps of one step is gone for good, and so is it if that was all.
pub(super) fn empty(table: &Table, keeping: &Keeping) -> Work {
    let moving = Moving::new(&SQL, table, keeping);
    let deleting = format!(
        "DELETE FROM {} WHERE {}",
        moving.quarantine(),
        moving.ours(&moving.quarantine())
    );
    let mut up = unless(&format!("NOT {}", is_there(&moving)), &deleting);
    up.extend(dropping_if_empty(&moving));
    Work {
        up,
        down: Vec::new(),
        locks: vec![rows_locked(&moving.quarantine_name())],
        guards: Vec::new(),
        reads_rows: true,
    }
}
