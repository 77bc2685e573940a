//! Keys that are to be in the other one of their two tables.

use std::collections::BTreeMap;

use super::survey::Survey;
use super::types::Refusal;
use crate::dialect::change::{Change, PlanDialect, Version};
use crate::dialect::key_move::{KeyMove, MoveStage};
use crate::finding::{Finding, MovedKey, Remedy};
use crate::schema::{Column, ColumnSet, ColumnType, Ident, Origin, Schema};

/// Those that are moved, by the columns that they have then.
pub(super) type Moves<'a> = BTreeMap<ColumnSet, KeyMove<'a>>;

/// The findings that ask for it.
pub(super) fn asked(findings: &[Finding]) -> impl Iterator<Item = (&Finding, &MovedKey)> {
    findings.iter().filter_map(|finding| match &finding.remedy {
        Some(Remedy::MoveForeignKey(moved)) => Some((finding, &**moved)),
        _ => None,
    })
}

/// What is to be so; `None` where a table or a column is missing, or there is more than one column.
pub(super) fn wanted<'a>(schema: &'a Schema, moved: &MovedKey) -> Option<KeyMove<'a>> {
    let [child, parent] = [&moved.to_child.table, &moved.from_child.table].map(|name| schema.table(name));
    let (child, parent) = (child?, parent?);
    let child_key = child.column(only(&moved.from_parent)?)?;
    let parent_key = parent.column(only(&moved.to_parent)?)?;
    let old = parent.column(only(&moved.from_child)?)?;
    let name = only(&moved.to_child)?;
    let there = child.column(name);
    Some(KeyMove {
        child,
        key: there.cloned().unwrap_or_else(|| new_column(name, parent_key)),
        is_new: there.is_none(),
        parent_key,
        parent,
        old,
        child_key,
    })
}

fn only(columns: &ColumnSet) -> Option<&Ident> {
    match columns.columns.as_slice() {
        [column] => Some(column),
        _ => None,
    }
}

fn new_column(name: &Ident, parent_key: &Column) -> Column {
    Column {
        name: name.clone(),
        ty: ColumnType {
            declared: parent_key.ty.base.clone(),
            ..parent_key.ty.clone()
        },
        nullable: true,
        default: None,
        identity: false,
        generated: None,
        comment: None,
        origin: Origin::Catalog,
    }
}

/// What is done, and why the rest is not.
pub(super) fn decided<'a>(
    schema: &'a Schema,
    findings: &[Finding],
    survey: &Survey,
    dialect: &dyn PlanDialect,
    version: Version,
) -> (Moves<'a>, BTreeMap<ColumnSet, Refusal>) {
    let mut moves = Moves::new();
    let mut refused = BTreeMap::new();
    for (_, moved) in asked(findings) {
        match checked(schema, moved, survey, dialect, version) {
            Ok(moving) => moves.insert(moved.to_child.clone(), moving).map(drop),
            Err(refusal) => refused.insert(moved.to_child.clone(), refusal).map(drop),
        };
    }
    (moves, refused)
}

fn checked<'a>(
    schema: &'a Schema,
    moved: &MovedKey,
    survey: &Survey,
    dialect: &dyn PlanDialect,
    version: Version,
) -> Result<KeyMove<'a>, Refusal> {
    let by_hand = || "move the key by hand, or let the models say where it is".to_owned();
    let Some(moving) = wanted(schema, moved) else {
        let reason = "plans move keys of one column, between tables that are there".to_owned();
        return Err((reason, by_hand()));
    };
    if !moving.child.is_unique_key(&moved.from_parent.columns) || !moving.parent.is_unique_key(&moved.to_parent.columns)
    {
        let reason = format!("`{}` or `{}` is no unique key", moved.from_parent, moved.to_parent);
        return Err((reason, by_hand()));
    }
    let Some(counts) = survey.moves.get(&moved.to_child) else {
        let reason = "its rows could not be looked at".to_owned();
        return Err((
            reason,
            "plan with a database, and not with a file without rows".to_owned(),
        ));
    };
    if counts.conflicts > 0 {
        let reason = format!(
            "{} in `{}` are those of more than one row, such as `{}`, and `{}` can lead to one only",
            count(counts.conflicts, "value", "values"),
            moved.from_child,
            counts.examples.join("`, `"),
            moved.to_child
        );
        return Err((
            reason,
            "mend those rows, and plan again; or let the models say where the key is".to_owned(),
        ));
    }
    if counts.elsewhere > 0 {
        let reason = format!(
            "{} of `{}` lead elsewhere by `{}` than by `{}`",
            count(counts.elsewhere, "row", "rows"),
            moving.child.name,
            moved.to_child,
            moved.from_child
        );
        return Err((
            reason,
            "decide which of the two is right, and mend those rows".to_owned(),
        ));
    }
    if counts.unfilled > 0 && counts.filled > 0 {
        let reason = format!(
            "{} of `{}` are linked by `{}` only, and others by `{}` already: nothing would tell them apart when it is undone",
            count(counts.unfilled, "row", "rows"),
            moving.child.name,
            moved.from_child,
            moved.to_child
        );
        return Err((
            reason,
            format!("fill `{}` for those rows, and plan again", moved.to_child),
        ));
    }
    let stages = [MoveStage::Add, MoveStage::Fill].into_iter();
    for stage in stages.filter(|stage| moving.is_new || *stage == MoveStage::Fill) {
        let change = Change::MoveKey {
            moving: moving.clone(),
            stage,
        };
        if let Err(reason) = dialect.work(&change, version) {
            return Err((reason, by_hand()));
        }
    }
    Ok(moving)
}

fn count(rows: u64, one: &str, more: &str) -> String {
    format!("{rows} {}", if rows == 1 { one } else { more })
}

/// The schema as it is when all of these have their columns.
pub(super) fn applied(schema: &Schema, moves: &Moves<'_>) -> Schema {
    let mut changed = schema.clone();
    for moving in moves.values().filter(|moving| moving.is_new) {
        if let Some(table) = changed.tables.get_mut(&moving.child.name) {
            table.columns.push(moving.key.clone());
        }
    }
    changed
}
