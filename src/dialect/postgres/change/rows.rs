//! Rows: moved into a quarantine, or their keys set to null, in batches along the primary key; those of a table without
//! one in one go. Each batch is one statement and one transaction, so that a row is never gone and not kept.

use super::block::{block, columns_as_planned, guard, guard_unless, patient_block, regclass, unless};
use super::{batch, foreign_key, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Keeping, LockTaken, Statement, Work};
use crate::dialect::moving::Moving;
use crate::dialect::postgres::Postgres;
use crate::dialect::row_set::RowSet;
use crate::schema::{ForeignKey, Ident, Table, TableKind, TableName};

pub(super) fn remove(rows: &RowSet<'_>, keeping: &Keeping) -> Work {
    let moving = Moving::new(&Postgres, rows.table(), keeping);
    let columns = moving.columns("gone");
    // What hangs on rows is told for certain once they are locked: from then on nothing can come to reference them.
    let locking = match rows {
        RowSet::Unreferenced { .. } => format!(
            "PERFORM 1 FROM {} r WHERE {} AND {} FOR UPDATE;\n    ",
            Postgres.own_rows(moving.table),
            window(&moving),
            rows.condition(&Postgres, "r")
        ),
        _ => String::new(),
    };
    let statement = format!(
        "{locking}WITH gone AS (DELETE FROM {rows} r WHERE {window} AND {condition} RETURNING r.*) INSERT INTO {quarantine} \
         ({names}, relaudit_plan, relaudit_reason) SELECT {columns}, {plan}, {reason} FROM gone",
        rows = Postgres.own_rows(moving.table),
        window = window(&moving),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        plan = moving.plan(),
        reason = moving.reason(),
    );
    // A trigger or a rule can refuse a row without a word, and then it would be nowhere.
    let back = format!(
        "WITH back AS (DELETE FROM {quarantine} q WHERE {ours} RETURNING q.*), put AS (INSERT INTO {table} ({names}) OVERRIDING \
         SYSTEM VALUE SELECT {columns} FROM back RETURNING 1) SELECT (SELECT count(*) FROM back) - (SELECT count(*) FROM put) \
         INTO relaudit_lost;\n    IF relaudit_lost <> 0 THEN\n      RAISE EXCEPTION USING MESSAGE = {lost};\n    END IF",
        lost = Postgres.literal(&format!(
            "relaudit: rows of {} do not come back: a trigger or a rule refuses them, and they stay where they are kept",
            moving.table.name
        )),
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        table = moving.table_name(),
        names = moving.stored_columns(""),
        columns = moving.stored_columns("back"),
    );
    work(&moving, rows, &statement, &back)
}

pub(super) fn clear(rows: &RowSet<'_>, columns: &[Ident], keeping: &Keeping) -> Work {
    let moving = Moving::new(&Postgres, rows.table(), keeping);
    let nulls: Vec<String> = columns
        .iter()
        .map(|column| format!("{} = NULL", Postgres.quote(column)))
        .collect();
    // What is kept are the rows that were changed, and no others: one that somebody else has just changed is left for the
    // next time.
    let same = if moving.key.is_empty() {
        "r.tableoid = old.relaudit_table AND r.ctid = old.relaudit_place".to_owned()
    } else {
        moving.same("r", "old")
    };
    let statement = format!(
        "WITH old AS (SELECT r.tableoid AS relaudit_table, r.ctid AS relaudit_place, r.* FROM {rows} r WHERE {window} AND \
         {condition} FOR UPDATE), done AS (UPDATE {rows} r SET {nulls} FROM old WHERE {same} RETURNING old.*) INSERT INTO \
         {quarantine} ({names}, relaudit_plan, relaudit_reason) SELECT {olds}, {plan}, {reason} FROM done",
        rows = Postgres.own_rows(moving.table),
        window = window(&moving),
        condition = rows.condition(&Postgres, "r"),
        quarantine = moving.quarantine(),
        names = moving.columns(""),
        olds = moving.columns("done"),
        plan = moving.plan(),
        reason = moving.reason(),
        nulls = nulls.join(", "),
    );
    let restored: Vec<String> = columns
        .iter()
        .map(|column| format!("{0} = q.{0}", Postgres.quote(column)))
        .collect();
    let still_null: Vec<String> = columns
        .iter()
        .map(|column| format!("r.{} IS NULL", Postgres.quote(column)))
        .collect();
    let still_null = still_null.join(" AND ");
    let (from, same) = if moving.key.is_empty() {
        paired(&moving, columns, &still_null)
    } else {
        let from = format!("(SELECT q.ctid AS relaudit_kept, q.* FROM {} q) q", moving.quarantine());
        (
            from,
            format!("{} AND {} AND {still_null}", moving.ours("q"), moving.same("r", "q")),
        )
    };
    // A row that is no longer as it was left stays in the quarantine.
    let back = format!(
        "WITH back AS (UPDATE {rows} r SET {restored} FROM {from} WHERE {same} RETURNING q.relaudit_kept) DELETE FROM \
         {quarantine} WHERE ctid IN (SELECT relaudit_kept FROM back)",
        rows = Postgres.own_rows(moving.table),
        restored = restored.join(", "),
        quarantine = moving.quarantine(),
    );
    work(&moving, rows, &statement, &back)
}

/// Kept rows of a table without primary key, each with the place of a row that equals it but for the columns that were
/// set to null, and the condition that finds that row. Rows that equal each other are all the same for that: the first
/// one kept goes with the first one found.
fn paired(moving: &Moving<'_>, columns: &[Ident], still_null: &str) -> (String, String) {
    let rest = |alias: &str| {
        let names = moving
            .table
            .columns
            .iter()
            .filter(|column| column.generated.is_none() && !columns.contains(&column.name))
            .map(|column| moving.of(alias, &column.name));
        format!("ROW({})::text", names.collect::<Vec<_>>().join(", "))
    };
    let numbered = |alias: &str| format!("row_number() OVER (PARTITION BY {})", rest(alias));
    let from = format!(
        "(SELECT q.*, r.relaudit_table, r.relaudit_place FROM (SELECT q.ctid AS relaudit_kept, q.*, {kept_rest} AS \
         relaudit_rest, {kept_number} AS relaudit_number FROM {quarantine} q WHERE {ours}) q JOIN (SELECT r.tableoid AS \
         relaudit_table, r.ctid AS relaudit_place, {rest} AS relaudit_rest, {number} AS relaudit_number FROM {rows} r WHERE \
         {still_null}) r USING (relaudit_rest, relaudit_number)) q",
        kept_rest = rest("q"),
        kept_number = numbered("q"),
        quarantine = moving.quarantine(),
        ours = moving.ours("q"),
        rest = rest("r"),
        number = numbered("r"),
        rows = Postgres.own_rows(moving.table),
    );
    let same = "r.tableoid = q.relaudit_table AND r.ctid = q.relaudit_place".to_owned();
    (from, same)
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

/// The rows of one batch. Without a primary key all rows are one.
fn window(moving: &Moving<'_>) -> String {
    moving
        .batches()
        .map_or_else(|_| "true".to_owned(), |batches| batches.window())
}

/// Runs the statement for each batch.
fn batches(moving: &Moving<'_>, statement: &str) -> Statement {
    match moving.batches() {
        Ok(batches) => batch::run(&batches, None, statement),
        Err(_) => unless("false", statement, &format!("moving rows of {}", moving.table.name)),
    }
}

fn work(moving: &Moving<'_>, rows: &RowSet<'_>, statement: &str, back: &str) -> Work {
    let quarantine = moving.quarantine();
    let mut up = vec![
        guard(&[columns_as_planned(moving.table, &moving.all_columns())]),
        unless(
            &format!("{} IS NOT NULL", regclass(&moving.quarantine_name())),
            &format!(
                "CREATE TABLE IF NOT EXISTS {quarantine} (LIKE {}, relaudit_plan text NOT NULL, relaudit_reason text NOT \
                 NULL, relaudit_at timestamptz NOT NULL DEFAULT now())",
                moving.table_name()
            ),
            &format!("making {}", moving.quarantine_name()),
        ),
        guard(&[shaped_as_planned(moving)]),
        batches(moving, statement),
    ];
    up.push(dropping_if_empty(moving));
    up.extend(
        rows.none_left(&Postgres)
            .map(|holds| guard_unless("false", &holds, &rows.left_over())),
    );
    let down = vec![
        putting_back(moving, &rows.refusing(&moving.keeping.broken), back),
        dropping_if_empty(moving),
    ];
    Work {
        up,
        down,
        locks: locks(rows),
        guards: vec![super::as_planned(moving.table)],
        reads_rows: true,
    }
}

/// A quarantine of that name may be there from another plan, for the table as it was then: what has another type there would
/// be kept as another value.
fn shaped_as_planned(moving: &Moving<'_>) -> (String, String) {
    let quarantine = Table {
        name: moving.quarantine_name(),
        ..moving.table.clone()
    };
    let (holds, _) = columns_as_planned(&quarantine, &moving.all_columns());
    let message = format!(
        "{} is there with other columns or types than {} has: rename it, or make a new plan, which takes another name",
        quarantine.name, moving.table.name
    );
    (holds, message)
}

/// Where rows go, the server looks for those that reference them, and has the lock of what ON DELETE would do to those.
fn locks(rows: &RowSet<'_>) -> Vec<LockTaken> {
    let referencing = match rows {
        RowSet::Unreferenced { by, .. } => by.as_slice(),
        _ => &[],
    };
    let mut tables: Vec<&TableName> = referencing
        .iter()
        .filter(|ends| ends.constrained)
        .map(|ends| &ends.child.name)
        .collect();
    tables.push(&rows.table().name);
    tables.sort();
    tables.dedup();
    tables.into_iter().map(|table| lock(table, "ROW EXCLUSIVE")).collect()
}

/// A quarantine that keeps nothing is none.
fn dropping_if_empty(moving: &Moving<'_>) -> Statement {
    let (there, quarantine) = (regclass(&moving.quarantine_name()), moving.quarantine());
    block(
        "",
        &format!(
            "  IF {there} IS NOT NULL THEN\n    IF NOT EXISTS (SELECT FROM {quarantine}) THEN\n      DROP TABLE \
             {quarantine};\n    END IF;\n  END IF;\n"
        ),
    )
}

/// Runs the statement that puts rows back, which these foreign keys would refuse, validated or not. A superuser can switch
/// off what checks them meanwhile, and they are as they were then (manual, ALTER TABLE, "DISABLE TRIGGER"). Anybody else
/// has to make them anew, and what is made with such rows cannot count as validated.
fn putting_back(moving: &Moving<'_>, refusing: &[&ForeignKey], back: &str) -> Statement {
    let there = regclass(&moving.quarantine_name());
    let doing = format!("putting rows of {} back", moving.table.name);
    if refusing.is_empty() {
        return patient_block(
            "DECLARE\n  relaudit_lost bigint;\n",
            &format!("  IF {there} IS NOT NULL THEN\n    {back};\n  END IF;\n"),
            &doing,
        );
    }
    let each = |sql: &dyn Fn(&ForeignKey) -> String| -> String {
        let statements = refusing.iter().map(|key| format!("      {};\n", sql(key)));
        statements.collect::<Vec<_>>().concat()
    };
    let names: Vec<String> = refusing
        .iter()
        .map(|key| Postgres.literal(foreign_key::name(key).as_str()))
        .collect();
    let table = regclass(&moving.table.name);
    // Those of a partitioned table are switched off for no partition.
    let switchable = if moving.table.kind == TableKind::Table {
        "true"
    } else {
        "false"
    };
    patient_block(
        "DECLARE\n  relaudit_off name[] := '{}';\n  relaudit_trigger name;\n  relaudit_lost bigint;\n",
        &format!(
            "  IF {there} IS NULL THEN\n    RETURN;\n  END IF;\n  relaudit_off := '{{}}';\n  BEGIN\n    FOR relaudit_trigger IN SELECT t.tgname FROM \
             pg_catalog.pg_trigger t JOIN pg_catalog.pg_constraint c ON c.oid = t.tgconstraint WHERE {switchable} AND \
             t.tgrelid = {table} AND c.conrelid = {table} AND c.conname IN ({names}) AND t.tgenabled = 'O' LOOP\n      \
             EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', {table}, relaudit_trigger);\n      relaudit_off := \
             relaudit_off || relaudit_trigger;\n    END LOOP;\n  EXCEPTION WHEN insufficient_privilege THEN\n    relaudit_off := \
             '{{}}';\n  END;\n  IF relaudit_off = '{{}}' THEN\n{lifting}  END IF;\n  {back};\n  IF relaudit_off = '{{}}' \
             THEN\n{adding}  ELSE\n    SET CONSTRAINTS ALL IMMEDIATE;\n    FOREACH relaudit_trigger IN ARRAY relaudit_off \
             LOOP\n      EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', {table}, relaudit_trigger);\n    END LOOP;\n  \
             END IF;\n",
            names = names.join(", "),
            lifting = each(&|key| foreign_key::without(moving.table, key)),
            adding = each(&|key| foreign_key::unvalidated(moving.table, key)),
        ),
        &doing,
    )
}

/// What the undo cannot give back to everybody who runs it.
pub(super) fn remark(rows: &RowSet<'_>, keeping: &Keeping) -> Option<String> {
    let validated: Vec<String> = rows
        .refusing(&keeping.broken)
        .into_iter()
        .filter(|key| key.validated)
        .map(|key| format!("`{}`", foreign_key::name(key)))
        .collect();
    if validated.is_empty() {
        return None;
    }
    let (keys, count) = if validated.len() == 1 {
        ("the foreign key", "counts")
    } else {
        ("the foreign keys", "count")
    };
    Some(format!(
        "{keys} {} {count} as validated with rows that break it: undone by a superuser that is so again; undone by anybody \
         else it comes back NOT VALID",
        validated.join(", ")
    ))
}
