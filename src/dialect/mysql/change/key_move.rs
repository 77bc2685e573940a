//! A key that is moved to the other table. It is filled in batches, as often as wanted, and the old column goes only when
//! nothing would be lost.

use std::fmt::Write as _;

use super::batch;
use super::prepared::{
    chosen, columns_as_planned, columns_as_planned_unless, guard, has_column, has_foreign_key, is_table, unless,
};
use super::rebuilding::{ONLINE, Rebuild};
use super::retype::definition;
use super::{as_planned, rows_locked};
use crate::dialect::Dialect as _;
use crate::dialect::batches::Batches;
use crate::dialect::change::{Statement, Work};
use crate::dialect::key_move::{KeyMove, MoveStage};
use crate::dialect::mysql::MySql;
use crate::dialect::mysql::server::Flavor;
use crate::relation::short_hash;
use crate::schema::TypeFamily;

const SQL: MySql = MySql::MYSQL;

pub(super) fn work(moving: &KeyMove<'_>, stage: MoveStage, flavor: Flavor) -> Result<Work, String> {
    match stage {
        MoveStage::Add => Ok(add(moving, flavor)),
        MoveStage::Fill => fill(moving),
        MoveStage::Drop => drop_old(moving, flavor),
    }
}

fn add(moving: &KeyMove<'_>, flavor: Flavor) -> Work {
    let table = moving.child;
    let how = Rebuild::of(table, flavor);
    let clause = how.clause();
    let [target, column] = [SQL.table_name(&table.name), SQL.quote(&moving.key.name)];
    let there = has_column(&table.name, &moving.key.name);
    let mut up = columns_as_planned(table, std::slice::from_ref(&moving.child_key.name));
    up.extend(unless(
        &there,
        &format!(
            "ALTER TABLE {target} ADD COLUMN {column} {} NULL, {clause}",
            definition(&moving.key.ty)
        ),
    ));
    Work {
        up,
        down: unless(
            &format!("NOT {there}"),
            &format!("ALTER TABLE {target} DROP COLUMN {column}, {clause}"),
        ),
        locks: how.locks(&table.name),
        guards: vec![as_planned(table)],
        reads_rows: true,
    }
}

fn fill(moving: &KeyMove<'_>) -> Result<Work, String> {
    let table = moving.child;
    let batches = Batches::new(&SQL, table)?;
    let column = SQL.quote(&moving.key.name);
    // What is set to itself is not set to the time of the update.
    let temporal = table
        .columns
        .iter()
        .filter(|column| column.ty.family == TypeFamily::Temporal && column.generated.is_none());
    let kept = temporal.fold(String::new(), |mut kept, column| {
        let _ = write!(kept, ", r.{0} = r.{0}", SQL.quote(&column.name));
        kept
    });
    let update = |value: &str, condition: &str| {
        format!(
            "UPDATE {} r JOIN {} c ON {} SET r.{column} = {value}{kept} WHERE {} AND {condition}",
            SQL.table_name(&table.name),
            SQL.table_name(&moving.parent.name),
            moving.is_linked(&SQL, "r", "c"),
            batches.window()
        )
    };
    let value = format!("c.{}", SQL.quote(&moving.parent_key.name));
    let name = format!(
        "relaudit_step_{}",
        short_hash([table.name.to_string().as_str(), moving.key.name.as_str()])
    );
    let mut up = columns_as_planned(table, std::slice::from_ref(&moving.child_key.name));
    // When the contract phase has dropped the old column, there is nothing left to fill.
    let there = has_column(&moving.parent.name, &moving.old.name);
    up.extend(columns_as_planned_unless(
        &format!("(NOT {there} AND {})", has_column(&table.name, &moving.key.name)),
        moving.parent,
        std::slice::from_ref(&moving.old.name),
    ));
    up.extend(guard(
        &format!(
            "NOT EXISTS (SELECT 1 FROM information_schema.triggers WHERE event_manipulation = 'UPDATE' AND {})",
            is_table("event_object_schema", "event_object_table", &table.name)
        ),
        &format!(
            "{} has a trigger that every UPDATE runs, also one that only fills {}: drop it for this, and run this again",
            table.name, moving.key.name
        ),
    ));
    let conflicts = format!("SELECT ({}) INTO @relaudit_conflicts", moving.count_conflicts(&SQL));
    up.extend(chosen(&format!(
        "IF({there}, {}, 'SELECT 0 INTO @relaudit_conflicts')",
        SQL.literal(&conflicts)
    )));
    up.extend(guard(
        "@relaudit_conflicts = 0",
        &format!(
            "two rows of {} have the same row of {} in {}, which can have only one of them: mend them, and run this again",
            moving.parent.name, table.name, moving.old.name
        ),
    ));
    up.extend(batch::run(
        &batches,
        &name,
        &format!(
            "IF {there} THEN {}; END IF",
            update(&value, &format!("r.{column} IS NULL"))
        ),
    ));
    // It was empty before, so that what it has now of the other side is what came from there.
    let down = if moving.is_new {
        vec![batch::drop_routine(&batch::named(&table.name, &name))]
    } else {
        batch::run(&batches, &name, &update("NULL", &format!("r.{column} = {value}")))
    };
    Ok(Work {
        up,
        down,
        locks: vec![rows_locked(&table.name)],
        guards: vec![
            as_planned(table),
            format!("no row of `{}` is meant by two of `{}`", table.name, moving.parent.name),
        ],
        reads_rows: true,
    })
}

fn drop_old(moving: &KeyMove<'_>, flavor: Flavor) -> Result<Work, String> {
    moving.droppable()?;
    let table = moving.parent;
    let how = Rebuild::of(table, flavor);
    let target = SQL.table_name(&table.name);
    let there = has_column(&table.name, &moving.old.name);
    let lost = format!(
        "SELECT COUNT(*) INTO @relaudit_lost FROM {target} c WHERE {}",
        moving.is_lost(&SQL, "c")
    );
    let look = || {
        let mut look: Vec<Statement> = chosen(&format!(
            "IF({there}, {}, 'SELECT 0 INTO @relaudit_lost')",
            SQL.literal(&lost)
        ));
        look.extend(guard(
            "@relaudit_lost = 0",
            &format!(
                "rows of {} have something in {} that {}.{} does not say: let the application write the new column, run the step \
                 that fills it again, and then this one",
                table.name, moving.old.name, moving.child.name, moving.key.name
            ),
        ));
        look
    };
    let mut up = look();
    for key in table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.contains(&moving.old.name))
    {
        let Some(name) = &key.name else { continue };
        up.extend(unless(
            &format!("NOT {}", has_foreign_key(&table.name, name)),
            &format!("ALTER TABLE {target} DROP FOREIGN KEY {}, {ONLINE}", SQL.quote(name)),
        ));
        // That may have waited, and others have written.
        up.extend(look());
    }
    up.extend(unless(
        &format!("NOT {there}"),
        &format!(
            "ALTER TABLE {target} DROP COLUMN {}, {}",
            SQL.quote(&moving.old.name),
            how.clause()
        ),
    ));
    Ok(Work {
        up,
        down: Vec::new(),
        locks: how.locks(&table.name),
        guards: vec![format!(
            "everything in `{}` is in the other table's `{}`",
            moving.old.name, moving.key.name
        )],
        reads_rows: true,
    })
}
