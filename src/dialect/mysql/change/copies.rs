//! Copies in a table without primary key. Nothing tells them apart, and nothing has to: of each group of equal rows any one
//! may stay. As many rows as there are too many are kept, and for each of those one row that equals it goes.

use super::batch::variable_type;
use super::rows::routine;
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Version};
use crate::dialect::moving::Moving;
use crate::dialect::mysql::MySql;
use crate::schema::{Column, Ident};

const SQL: MySql = MySql::MYSQL;

/// Why a server of this version cannot do it.
pub(super) fn refusal(moving: &Moving<'_>, version: Version) -> Option<String> {
    // Window functions came with MySQL 8.0 and MariaDB 10.2.
    let too_old = (1..8).contains(&version.major) || (version.major == 10 && version.minor < 2);
    too_old.then(|| {
        format!(
            "`{}` has no primary key, by which a server of this version could tell copies apart",
            moving.table.name
        )
    })
}

/// The routine. It is one transaction, in which nobody can change what it reads (manual, "Transaction Isolation Levels":
/// SERIALIZABLE).
pub(super) fn routine_for_copies(moving: &Moving<'_>, unique: &[Ident]) -> Statement {
    let stored: Vec<&Column> = moving
        .table
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .collect();
    let declarations: Vec<String> = stored
        .iter()
        .enumerate()
        .map(|(at, column)| format!("  DECLARE relaudit_value_{at} {};\n", variable_type(column)))
        .collect();
    let variables: Vec<String> = (0..stored.len()).map(|at| format!("relaudit_value_{at}")).collect();
    let bits: Vec<String> = stored
        .iter()
        .map(|column| SQL.bits(&format!("r.{}", SQL.quote(&column.name))))
        .collect();
    let has_key: Vec<String> = unique
        .iter()
        .map(|column| format!("r.{} IS NOT NULL", SQL.quote(column)))
        .collect();
    // The plain comparison is for the server's indexes, the other one for what is the same.
    let plainly = stored
        .iter()
        .zip(&variables)
        .filter(|(column, _)| unique.contains(&column.name));
    let plainly = plainly.map(|(column, variable)| format!("{} = {variable}", SQL.quote(&column.name)));
    let exactly = stored
        .iter()
        .zip(&variables)
        .map(|(column, variable)| SQL.identical(&SQL.quote(&column.name), variable, &column.ty));
    let equal: Vec<String> = plainly.chain(exactly).collect();
    Statement::compound(format!(
        "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_end BOOLEAN DEFAULT \
         FALSE;\n  DECLARE relaudit_number BIGINT UNSIGNED DEFAULT UUID_SHORT();\n{declarations}  DECLARE relaudit_kept CURSOR \
         FOR SELECT {kept} FROM {quarantine} q WHERE q.relaudit_batch = relaudit_number;\n  DECLARE CONTINUE HANDLER FOR NOT \
         FOUND SET relaudit_end = TRUE;\n  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;\n  SET \
         TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n  START TRANSACTION;\n  INSERT INTO {quarantine} ({names}, relaudit_plan, \
         relaudit_reason, relaudit_batch) SELECT {values}, {plan}, {reason}, relaudit_number FROM (SELECT r.*, ROW_NUMBER() \
         OVER (PARTITION BY {bits}) AS relaudit_place FROM {table} r WHERE {has_key}) r WHERE r.relaudit_place > 1;\n  OPEN \
         relaudit_kept;\n  relaudit_each: LOOP\n    FETCH relaudit_kept INTO {variables};\n    IF relaudit_end THEN LEAVE \
         relaudit_each; END IF;\n    DELETE FROM {table} WHERE {equal} LIMIT 1;\n    IF ROW_COUNT() <> 1 THEN\n      SIGNAL \
         SQLSTATE '45000' SET MESSAGE_TEXT = 'relaudit: a copy could not be found again, and nothing was moved';\n    END \
         IF;\n  END LOOP;\n  CLOSE relaudit_kept;\n  COMMIT;\nEND",
        routine = routine(moving),
        declarations = declarations.concat(),
        kept = moving.stored_columns("q"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        values = moving.columns("r"),
        plan = moving.plan(),
        reason = moving.reason(),
        bits = bits.join(", "),
        table = moving.table_name(),
        has_key = has_key.join(" AND "),
        variables = variables.join(", "),
        equal = equal.join(" AND "),
    ))
}
