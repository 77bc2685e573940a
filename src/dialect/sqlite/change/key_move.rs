//! A key that is moved to the other table. The new column comes with all else for which the table is made anew, and is then
//! filled in one transaction; the old one goes when nothing would be lost with it.

use super::guard::{column_as_planned_or_gone, columns_as_planned, guard};
use super::{as_planned, lock, retype};
use crate::dialect::Dialect as _;
use crate::dialect::alteration::{Alteration, Condition};
use crate::dialect::change::{Statement, Work};
use crate::dialect::key_move::{KeyMove, MoveStage};
use crate::dialect::sqlite::Sqlite;
use crate::dialect::sqlite::tokens::significant;

/// What changes in the definition of a table; `None` where only rows do.
///
/// # Errors
///
/// The table can have no such column, or the old one cannot go.
pub(super) fn alteration(moving: &KeyMove<'_>, stage: MoveStage) -> Result<Option<Alteration>, String> {
    if moving.child.name == moving.parent.name {
        return Err("the key would move within one table".to_owned());
    }
    match stage {
        MoveStage::Add => Ok(Some(Alteration::AddColumn {
            column: moving.key.name.clone(),
            declared: retype::definition(moving.child, &moving.key.ty)?,
        })),
        MoveStage::Fill => Ok(None),
        MoveStage::Drop => {
            moving.droppable()?;
            Ok(Some(Alteration::DropColumn {
                column: moving.old.name.clone(),
                kept: kept(moving),
            }))
        }
    }
}

/// What must hold so that nothing is lost with the old column, and nothing needs it.
fn kept(moving: &KeyMove<'_>) -> Vec<Condition> {
    let [table, child] = [&moving.parent.name, &moving.child.name];
    let (old, key) = (&moving.old.name, &moving.key.name);
    let [quoted, parent_key] = [old, &moving.parent_key.name].map(|name| Sqlite.quote(name));
    let [table_literal, old_literal] = [&table.table, old].map(|name| Sqlite.literal(name.as_str()));
    vec![
        Condition {
            // Where the step was run before the column is not there: then it is the one of nulls that is found.
            holds: format!(
                "NOT EXISTS (SELECT 1 FROM (SELECT NULL AS {quoted}) AS relaudit_none WHERE EXISTS (SELECT 1 FROM (SELECT {quoted} \
                 AS {quoted}, relaudit_row.{parent_key} AS {parent_key} FROM {} AS relaudit_row) AS c WHERE {}))",
                Sqlite.table_name(table),
                moving.is_lost(&Sqlite, "c")
            ),
            message: format!(
                "rows of {table} have something in {old} that {child}.{key} does not say: let the application write the new column, \
                 run the step that fills it again, and then this one"
            ),
        },
        Condition {
            holds: format!(
                "NOT EXISTS (SELECT 1 FROM main.sqlite_schema AS s JOIN pragma_foreign_key_list(s.name, 'main') AS k WHERE s.type = \
                 'table' AND k.\"table\" = {table_literal} COLLATE NOCASE AND k.\"to\" = {old_literal} COLLATE NOCASE)"
            ),
            message: format!("a foreign key references {table}.{old}: drop that first, and run this again"),
        },
        Condition {
            // SQLite looks at views and triggers only when they are used.
            holds: format!(
                "NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type IN ('view', 'trigger') AND instr(lower(sql), \
                 lower({table_literal})) > 0 AND instr(lower(sql), lower({old_literal})) > 0)"
            ),
            message: format!(
                "a view or a trigger names {table} and {old}, and may need the column: drop it for this, and run this again"
            ),
        },
    ]
}

/// Copies the old key to a table of the session. Where the contract phase was run the column is not there: then it is the
/// one of nulls that is found, and there is nothing to fill.
fn old_keys(moving: &KeyMove<'_>) -> [Statement; 2] {
    let parent = Sqlite.table_name(&moving.parent.name);
    let [key, old] = [&moving.parent_key.name, &moving.old.name].map(|name| Sqlite.quote(name));
    [
        Statement::plain("DROP TABLE IF EXISTS temp.relaudit_old"),
        Statement::plain(format!(
            "CREATE TEMP TABLE relaudit_old AS SELECT p.{key} AS {key}, (SELECT {old} FROM {parent} AS relaudit_row WHERE \
             relaudit_row.{key} = p.{key}) AS {old} FROM (SELECT NULL AS {old}) AS relaudit_none CROSS JOIN {parent} AS p"
        )),
    ]
}

/// Fills the new column, in one transaction; as often as wanted.
pub(super) fn fill(moving: &KeyMove<'_>) -> Work {
    let table = moving.child;
    let target = Sqlite.table_name(&table.name);
    let [column, parent_key] = [&moving.key.name, &moving.parent_key.name].map(|name| Sqlite.quote(name));
    let update = |value: &str, condition: &str| {
        format!(
            "UPDATE {target} AS r SET {column} = {value} FROM temp.relaudit_old AS c WHERE {} AND {condition}",
            moving.is_linked(&Sqlite, "r", "c")
        )
    };
    let value = format!("c.{parent_key}");
    let mut up = columns_as_planned(table, &[moving.child_key.name.clone(), moving.key.name.clone()]);
    up.extend(columns_as_planned(
        moving.parent,
        std::slice::from_ref(&moving.parent_key.name),
    ));
    up.extend(column_as_planned_or_gone(moving.parent, &moving.old.name));
    up.push(Statement::plain("BEGIN IMMEDIATE"));
    up.extend(old_keys(moving));
    up.extend(guard(
        &untriggered(moving),
        &format!(
            "{} has a trigger that every UPDATE runs, also one that only fills {}: drop it for this, and run this again",
            table.name, moving.key.name
        ),
    ));
    up.extend(guard(
        &format!("({}) = 0", moving.count_conflicts_in(&Sqlite, "temp.relaudit_old")),
        &format!(
            "two rows of {} have the same row of {} in {}, which can have only one of them: mend them, and run this again",
            moving.parent.name, table.name, moving.old.name
        ),
    ));
    up.push(Statement::plain(update(&value, &format!("r.{column} IS NULL"))));
    let forgetting = Statement::plain("DROP TABLE temp.relaudit_old");
    up.extend([forgetting.clone(), Statement::plain("COMMIT")]);
    // It was empty before, so that what it has now of the other side is what came from there.
    let down = if moving.is_new {
        Vec::new()
    } else {
        let mut down = old_keys(moving).to_vec();
        down.push(Statement::plain(update("NULL", &format!("r.{column} = {value}"))));
        down.push(forgetting);
        down
    };
    Work {
        up,
        down,
        locks: vec![lock(table)],
        guards: vec![
            as_planned(table),
            format!("no row of `{}` is meant by two of `{}`", table.name, moving.parent.name),
        ],
        reads_rows: true,
    }
}

/// The condition that the table has no triggers but those that were known when the plan was made, and that no UPDATE runs.
fn untriggered(moving: &KeyMove<'_>) -> String {
    let known = moving.child.definition.iter().flat_map(|definition| &definition.beside);
    let harmless = known.filter(|text| {
        let tokens = significant(text);
        let event = tokens
            .iter()
            .find(|token| ["DELETE", "INSERT", "UPDATE"].iter().any(|word| token.is_word(word)));
        tokens.get(1).is_some_and(|token| token.is_word("TRIGGER"))
            && event.is_some_and(|token| !token.is_word("UPDATE"))
    });
    let texts: Vec<String> = harmless.map(|text| Sqlite.literal(text)).collect();
    format!(
        "NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = {} COLLATE NOCASE AND sql NOT IN ({}))",
        Sqlite.literal(moving.child.name.table.as_str()),
        texts.join(", ")
    )
}
