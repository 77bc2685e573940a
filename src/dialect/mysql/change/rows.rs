//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key. Each batch is one
//! transaction, so that a row is never gone and not kept; the batch's own number tells its rows from all others.

use super::prepared::{columns_as_planned, guard};
use super::{as_planned, batch, copies, quarantine, rows_locked};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, Statement, Version, Work};
use crate::dialect::moving::Moving;
use crate::dialect::mysql::MySql;
use crate::dialect::row_set::RowSet;
use crate::relation::short_hash;
use crate::schema::{Ident, TypeFamily};

const SQL: MySql = MySql::MYSQL;

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping, version: Version) -> Result<Work, String> {
    let moving = Moving::new(&SQL, rows.table(), keeping);
    let treatment = if moving.key.is_empty() {
        without_key(&moving, rows, version)?
    } else {
        let taking = format!(
            "DELETE r FROM {} r JOIN {} q ON {} AND q.relaudit_batch = relaudit_number",
            moving.table_name(),
            moving.quarantine(),
            moving.same("r", "q")
        );
        in_batches(&moving, rows, &taking)?
    };
    let back = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} q WHERE {};\n    SET relaudit_back = ROW_COUNT()",
        moving.table_name(),
        moving.stored_columns(""),
        moving.stored_columns("q"),
        moving.quarantine(),
        moving.ours("q")
    );
    Ok(work(&moving, rows, treatment, &back))
}

/// The routine for a table without primary key.
fn without_key(moving: &Moving<'_>, rows: &RowSet<'_>, version: Version) -> Result<Statement, String> {
    match rows {
        RowSet::Duplicates {
            unique, stays: None, ..
        } => match copies::refusal(moving, version) {
            Some(reason) => Err(reason),
            None => Ok(copies::routine_for_copies(moving, unique)),
        },
        // A DELETE cannot read its own table (manual, DELETE, "Subqueries").
        _ if rows.reads_own_table() => Err(format!(
            "`{}` has no primary key, by which MySQL could tell rows apart that it has to find by others of the same table",
            moving.table.name
        )),
        _ => {
            let condition = rows.condition(&SQL, "r");
            let taking = format!("DELETE r FROM {} r WHERE {condition}", moving.table_name());
            Ok(at_once(moving, &condition, &taking))
        }
    }
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Result<Work, String> {
    let moving = Moving::by_key(&SQL, rows.table(), keeping)?;
    let list = |one: &dyn Fn(&str) -> String, between: &str| {
        let parts: Vec<String> = columns.iter().map(|column| one(&SQL.quote(column))).collect();
        parts.join(between)
    };
    // A column with ON UPDATE CURRENT_TIMESTAMP stays as it is only if that is said (MySQL manual, "Automatic
    // Initialization and Updating for TIMESTAMP and DATETIME").
    let other_times = moving.table.columns.iter().filter(|column| {
        column.ty.family == TypeFamily::Temporal && column.generated.is_none() && !columns.contains(&column.name)
    });
    let unchanged: Vec<String> = other_times
        .map(|column| format!("r.{0} = r.{0}", SQL.quote(&column.name)))
        .collect();
    let taking = format!(
        "UPDATE {} r JOIN {} q ON {} AND q.relaudit_batch = relaudit_number SET {}",
        moving.table_name(),
        moving.quarantine(),
        moving.same("r", "q"),
        [vec![list(&|name| format!("r.{name} = NULL"), ", ")], unchanged.clone()]
            .concat()
            .join(", ")
    );
    let parts = columns.iter().map(|column| {
        let [now, kept] = ["r", "q"].map(|alias| moving.of(alias, column));
        let ty = moving.table.column(column).map(|column| &column.ty);
        ty.map_or_else(|| format!("{now} <=> {kept}"), |ty| SQL.identical(&now, &kept, ty))
    });
    let is_back: Vec<String> = parts.collect();
    let back = format!(
        "UPDATE {table} r JOIN {quarantine} q ON {same} SET {values} WHERE {ours} AND {are_null};\n    SELECT COUNT(*) INTO \
         relaudit_back FROM {table} r JOIN {quarantine} q ON {same} WHERE {ours} AND {is_back}",
        table = moving.table_name(),
        quarantine = moving.quarantine(),
        same = moving.same("r", "q"),
        values = [vec![list(&|name| format!("r.{name} = q.{name}"), ", ")], unchanged]
            .concat()
            .join(", "),
        ours = moving.ours("q"),
        are_null = list(&|name| format!("r.{name} IS NULL"), " AND "),
        is_back = is_back.join(" AND ")
    );
    Ok(work(&moving, rows, in_batches(&moving, rows, &taking)?, &back))
}

/// A routine of this step, by a name that is no other's.
pub(super) fn routine(moving: &Moving<'_>) -> String {
    let hash = short_hash([
        moving.keeping.plan.as_str(),
        moving.keeping.reason.as_str(),
        moving.keeping.quarantine.as_str(),
    ]);
    batch::named(&moving.table.name, &format!("relaudit_step_{hash}"))
}

/// The routine that keeps the rows of each batch, and then does this to them.
fn in_batches(moving: &Moving<'_>, rows: &RowSet<'_>, taking: &str) -> Result<Statement, String> {
    let batches = moving.batches()?;
    let keeping = format!(
        "INSERT INTO {quarantine} ({names}, relaudit_plan, relaudit_reason, relaudit_batch) SELECT {values}, {plan}, \
         {reason}, relaudit_number FROM {table} r WHERE {window} AND {condition} FOR UPDATE",
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        values = moving.columns("r"),
        plan = moving.plan(),
        reason = moving.reason(),
        table = moving.table_name(),
        window = batches.window(),
        condition = rows.condition(&SQL, "r"),
    );
    Ok(batch::in_batches(
        &batches,
        &routine(moving),
        &format!("{keeping};\n    {taking}"),
    ))
}

/// The routine for rows of a table without primary key. What is kept and what goes are found by the same condition in one
/// transaction, in which nobody can change what it reads (manual, "Transaction Isolation Levels": SERIALIZABLE), and their
/// number must be the same.
fn at_once(moving: &Moving<'_>, condition: &str, taking: &str) -> Statement {
    // A message has at most 128 characters (manual, "Signal Condition Information Items").
    let message = SQL.literal("relaudit: rows changed meanwhile, and nothing was moved: run this again");
    Statement::compound(format!(
        "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_kept BIGINT;\n  \
         DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;\n  SET TRANSACTION ISOLATION LEVEL \
         SERIALIZABLE;\n  START TRANSACTION;\n  INSERT INTO {quarantine} ({names}, relaudit_plan, relaudit_reason) SELECT \
         {values}, {plan}, {reason} FROM {table} r WHERE {condition} FOR UPDATE;\n  SET relaudit_kept = ROW_COUNT();\n  \
         {taking};\n  IF ROW_COUNT() <> relaudit_kept THEN\n    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = {message};\n  \
         END IF;\n  COMMIT;\nEND",
        routine = routine(moving),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        values = moving.columns("r"),
        plan = moving.plan(),
        reason = moving.reason(),
        table = moving.table_name(),
    ))
}

fn work(moving: &Moving<'_>, rows: &RowSet<'_>, treatment: Statement, back: &str) -> Work {
    let routine = routine(moving);
    let mut up = columns_as_planned(moving.table, &moving.all_columns());
    up.extend(quarantine::making(moving));
    up.extend(batch::run_routine(&routine, treatment));
    up.extend(quarantine::dropping_if_empty(moving));
    if let Some(none_left) = rows.none_left(&SQL) {
        up.extend(guard(&none_left, &rows.left_over()));
    }
    // The rows come back as they were, without parents.
    let mut down = vec![Statement::plain("SET SESSION foreign_key_checks = 0")];
    down.extend(batch::run_routine(
        &routine,
        quarantine::putting_back(moving, &routine, back),
    ));
    down.push(Statement::plain("SET SESSION foreign_key_checks = 1"));
    down.extend(quarantine::dropping_if_empty(moving));
    Work {
        up,
        down,
        locks: vec![rows_locked(&moving.table.name)],
        guards: vec![
            as_planned(moving.table),
            format!(
                "what `{}` keeps has the columns of `{}`",
                moving.keeping.quarantine, moving.table.name
            ),
        ],
        reads_rows: true,
    }
}
