//! Batches of rows, each a transaction of its own, in a routine: only routines have loops.

use crate::dialect::Dialect as _;
use crate::dialect::batches::Batches;
use crate::dialect::change::Statement;
use crate::dialect::mysql::MySql;
use crate::schema::{Column, Ident, TableName};

/// How many rows of the table one batch passes over.
const BATCH: u32 = 2_000;

const SQL: MySql = MySql::MYSQL;

/// Makes a routine of that name that runs these statements for each batch, calls it and drops it. It begins anew wherever
/// it was broken off: what is done is not found again.
pub(super) fn run(batches: &Batches<'_>, name: &str, statements: &str) -> Vec<Statement> {
    let routine = named(&batches.table.name, name);
    run_routine(&routine, in_batches(batches, &routine, statements)).to_vec()
}

/// The quoted name of a routine beside a table.
pub(super) fn named(table: &TableName, name: &str) -> String {
    SQL.table_name(&TableName {
        namespace: table.namespace.clone(),
        table: Ident::new(name),
    })
}

/// Drops a routine. It is left where it failed.
pub(super) fn drop_routine(routine: &str) -> Statement {
    Statement::plain(format!("DROP PROCEDURE IF EXISTS {routine}"))
}

/// Calls the routine that this statement makes, and drops it.
pub(super) fn run_routine(routine: &str, making: Statement) -> [Statement; 4] {
    [
        drop_routine(routine),
        making,
        Statement::plain(format!("CALL {routine}()")),
        drop_routine(routine),
    ]
}

/// The routine, by its quoted name.
pub(super) fn in_batches(batches: &Batches<'_>, routine: &str, statements: &str) -> Statement {
    let (key, [low, high]) = (batches.key_columns(), batches.variables());
    let declare = |name: &str, column: &Column| format!("  DECLARE {name} {};\n", variable_type(column));
    Statement::compound(format!(
        "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_start BOOLEAN \
         DEFAULT TRUE;\n  DECLARE relaudit_end BOOLEAN DEFAULT FALSE;\n  DECLARE relaudit_number BIGINT UNSIGNED;\n{declared}  \
         DECLARE CONTINUE HANDLER FOR NOT FOUND SET relaudit_end = TRUE;\n  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN \
         ROLLBACK; RESIGNAL; END;\n  WHILE NOT relaudit_end DO\n    SELECT {key} INTO {high} FROM {table} r WHERE \
         relaudit_start OR ({key}) > ({low}) ORDER BY {key} LIMIT 1 OFFSET {offset};\n    SET relaudit_number = \
         UUID_SHORT();\n    START TRANSACTION;\n    {statements};\n    COMMIT;\n    SET relaudit_start = FALSE;\n{assign}  \
         END WHILE;\nEND",
        declared = batches.each_variable(declare),
        table = SQL.table_name(&batches.table.name),
        offset = BATCH - 1,
        assign = batches.each_pair(|low, high| format!("    SET {low} = {high};\n")),
    ))
}

/// A variable that holds what the column holds, and compares as it does.
pub(super) fn variable_type(column: &Column) -> String {
    let collation = column.ty.collation.as_ref().and_then(|collation| {
        let charset = collation.charset.as_ref()?;
        Some(format!(" CHARACTER SET {charset} COLLATE {}", collation.name))
    });
    format!("{}{}", column.ty.declared, collation.unwrap_or_default())
}
