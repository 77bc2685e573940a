//! A key that is moved to the other table. It is filled in batches, as often as wanted, and the old column goes only when
//! nothing would be lost.

use super::batch;
use super::block::{columns_as_planned, guard, has_constraint, patient_block, regclass, unless};
use super::{as_planned, foreign_key, lock};
use crate::dialect::Dialect as _;
use crate::dialect::batches::Batches;
use crate::dialect::change::{LockTaken, Statement, Work};
use crate::dialect::key_move::{KeyMove, MoveStage};
use crate::dialect::postgres::Postgres;
use crate::schema::{Column, Table};

pub(super) fn work(moving: &KeyMove<'_>, stage: MoveStage) -> Result<Work, String> {
    match stage {
        MoveStage::Add => Ok(add(moving)),
        MoveStage::Fill => fill(moving),
        MoveStage::Drop => drop_old(moving),
    }
}

fn add(moving: &KeyMove<'_>) -> Work {
    let table = moving.child;
    let [target, column] = [Postgres.table_name(&table.name), Postgres.quote(&moving.key.name)];
    let there = has_column(table, &moving.key);
    Work {
        up: vec![
            guard(&[columns_as_planned(table, std::slice::from_ref(&moving.child_key.name))]),
            unless(
                &there,
                &format!(
                    "ALTER TABLE {target} ADD COLUMN {column} {}",
                    super::retype::definition(&moving.key.ty)
                ),
                &format!("adding {}", moving.key.name),
            ),
        ],
        down: vec![unless(
            &format!("NOT {there}"),
            &format!("ALTER TABLE {target} DROP COLUMN {column}"),
            &format!("dropping {}", moving.key.name),
        )],
        locks: vec![lock(&table.name, "ACCESS EXCLUSIVE")],
        guards: vec![as_planned(table)],
        reads_rows: false,
    }
}

fn fill(moving: &KeyMove<'_>) -> Result<Work, String> {
    let table = moving.child;
    let batches = Batches::new(&Postgres, table)?;
    let column = Postgres.quote(&moving.key.name);
    let update = |value: &str, condition: &str| {
        format!(
            "UPDATE {} r SET {column} = {value} FROM {} c WHERE {} AND {} AND {condition}",
            Postgres.own_rows(table),
            Postgres.own_rows(moving.parent),
            batches.window(),
            moving.is_linked(&Postgres, "r", "c")
        )
    };
    let value = format!("c.{}", Postgres.quote(&moving.parent_key.name));
    let gone = format!("NOT {}", has_column(moving.parent, moving.old));
    let triggers = (
        format!(
            "NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = {} AND NOT t.tgisinternal AND t.tgtype & 16 <> 0 AND \
             t.tgattr = '' AND t.tgenabled <> 'D')",
            regclass(&table.name)
        ),
        format!(
            "{} has a trigger that every UPDATE runs, also one that only fills {}: switch it off for this, and run this again",
            table.name, moving.key.name
        ),
    );
    // It was empty before, so that what it has now of the other side is what came from there.
    let down = if moving.is_new {
        Vec::new()
    } else {
        vec![batch::run(
            &batches,
            Some(&gone),
            &update("NULL", &format!("r.{column} = {value}")),
        )]
    };
    Ok(Work {
        up: vec![
            guard(&[
                columns_as_planned(table, std::slice::from_ref(&moving.child_key.name)),
                triggers,
            ]),
            conflicts(moving, &gone),
            batch::run(&batches, Some(&gone), &update(&value, &format!("r.{column} IS NULL"))),
        ],
        down,
        locks: vec![
            lock(&table.name, "ROW EXCLUSIVE"),
            lock(&moving.parent.name, "ACCESS SHARE"),
        ],
        guards: vec![
            as_planned(table),
            format!("no row of `{}` is meant by two of `{}`", table.name, moving.parent.name),
        ],
        reads_rows: true,
    })
}

/// Fails where two rows have the same one in their old key.
fn conflicts(moving: &KeyMove<'_>, gone: &str) -> Statement {
    let message = Postgres.literal(&format!(
        "relaudit: two rows of {} have the same row of {} in {}, which can have only one of them: mend them, and run this again",
        moving.parent.name, moving.child.name, moving.old.name
    ));
    patient_block(
        "",
        &format!(
            "  IF {gone} THEN\n    RETURN;\n  END IF;\n  IF ({}) > 0 THEN\n    RAISE EXCEPTION USING MESSAGE = {message};\n  END IF;\n",
            moving.count_conflicts(&Postgres)
        ),
        "a look at rows",
    )
}

fn drop_old(moving: &KeyMove<'_>) -> Result<Work, String> {
    moving.droppable()?;
    let table = moving.parent;
    let target = Postgres.table_name(&table.name);
    let gone = format!("NOT {}", has_column(table, moving.old));
    let message = Postgres.literal(&format!(
        "relaudit: rows of {} have something in {} that {}.{} does not say: let the application write the new column, run the step \
         that fills it again, and then this one",
        table.name, moving.old.name, moving.child.name, moving.key.name
    ));
    let lost = moving.is_lost(&Postgres, "c");
    let mut up = vec![patient_block(
        "",
        &format!(
            "  IF {gone} THEN\n    RETURN;\n  END IF;\n  IF EXISTS (SELECT FROM {} c WHERE {lost}) THEN\n    RAISE EXCEPTION USING \
             MESSAGE = {message};\n  END IF;\n",
            Postgres.own_rows(table)
        ),
        "a look at rows",
    )];
    let mut locks = vec![LockTaken {
        blocks: "readers and writers, while it looks once more whether anything would be lost",
        ..lock(&table.name, "ACCESS EXCLUSIVE")
    }];
    for key in table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.contains(&moving.old.name))
    {
        let name = foreign_key::name(key);
        up.push(unless(
            &format!("NOT {}", has_constraint(&table.name, &name)),
            &foreign_key::without(table, key),
            &format!("dropping {name}"),
        ));
        locks.push(lock(&key.parent, "ACCESS EXCLUSIVE"));
    }
    // Since the first look, which keeps nobody waiting, something may have been written.
    up.push(unless(
        &gone,
        &format!(
            "LOCK TABLE {target} IN ACCESS EXCLUSIVE MODE;\n      IF EXISTS (SELECT FROM {} c WHERE {lost}) THEN\n        RAISE \
             EXCEPTION USING MESSAGE = {message};\n      END IF;\n      ALTER TABLE {target} DROP COLUMN {}",
            Postgres.own_rows(table),
            Postgres.quote(&moving.old.name)
        ),
        &format!("dropping {}", moving.old.name),
    ));
    Ok(Work {
        up,
        down: Vec::new(),
        locks,
        guards: vec![format!(
            "everything in `{}` is in the other table's `{}`",
            moving.old.name, moving.key.name
        )],
        reads_rows: true,
    })
}

fn has_column(table: &Table, column: &Column) -> String {
    super::retype::has_column(table, &column.name)
}
