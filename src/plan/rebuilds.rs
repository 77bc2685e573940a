//! Changes of one table that an engine can only make by making the table anew: one step for all of them, after the indexes
//! that are to be there. So each table is copied once, and what one step does is not undone by another that is run again.

use std::collections::{BTreeMap, BTreeSet};

use super::order::withhold;
use super::tasks::{Task, TaskKey};
use super::{Phase, Withheld};
use crate::dialect::alteration::Alteration;
use crate::dialect::change::PlanDialect;
use crate::schema::{ColumnSet, ForeignKey, Schema, Table, TableName};

/// Puts tasks that make the same table anew together, and leaves out those that have nothing to do here.
pub(super) fn gather(
    planned: &mut BTreeMap<TaskKey, Task>,
    withheld: &mut BTreeMap<TaskKey, Withheld>,
    schema: &Schema,
    dialect: &dyn PlanDialect,
) {
    planned.retain(|_, task| !task.work.as_ref().is_ok_and(|work| work.up.is_empty()));
    let mut rebuilt: BTreeMap<TableName, Vec<TaskKey>> = BTreeMap::new();
    let mut indexed: BTreeMap<TableName, Vec<TaskKey>> = BTreeMap::new();
    let mut left_out: BTreeMap<TableName, Vec<TaskKey>> = BTreeMap::new();
    for (key, task) in &*planned {
        if let Some((table, alteration)) = &task.alteration {
            let found = match alteration {
                Alteration::NoIndex(_) => &mut left_out,
                alteration if alteration.rebuilds() => &mut rebuilt,
                _ => &mut indexed,
            };
            found.entry(table.clone()).or_default().push(key.clone());
        }
    }
    let mut gathered: BTreeMap<TaskKey, TaskKey> = BTreeMap::new();
    for (name, mut keys) in rebuilt {
        let Some(table) = schema.table(&name) else { continue };
        let indexes = indexed.remove(&name).unwrap_or_default();
        // Made anew later, the table would have its useless indexes back: it is made without them.
        for key in left_out.remove(&name).unwrap_or_default() {
            if let Some(task) = planned.get_mut(&key) {
                task.phase = Phase::Prepare;
            }
            keys.push(key);
        }
        keys.sort_by_key(|key| planned.get(key).map(|task| task.phase));
        let all = keys
            .iter()
            .chain(&indexes)
            .filter_map(|key| planned.get(key)?.alteration.clone());
        let alterations: Vec<Alteration> = all.map(|(_, alteration)| alteration).collect();
        let uniques = uniques(table, &alterations, schema);
        let mut missing = uniques
            .iter()
            .filter(|key| !planned.contains_key(key) && !gathered.contains_key(key));
        let work = match missing.next() {
            Some(TaskKey::Unique(columns)) => Err(format!(
                "a foreign key of `{name}` references `{columns}`, which is not unique, and SQLite's foreign_key_check cannot look \
                 at such a table"
            )),
            _ => dialect.rebuild(table, &alterations),
        };
        let parts: Vec<(TaskKey, Task)> = keys.into_iter().filter_map(|key| planned.remove_entry(&key)).collect();
        match work {
            Err(reason) => {
                for (key, task) in parts {
                    withhold(withheld, key, task, reason.clone());
                }
            }
            Ok(work) => {
                let whole = TaskKey::Rebuild(name.clone());
                for task in planned.values_mut() {
                    if parts.iter().any(|(key, _)| task.after.contains(key)) {
                        task.after.insert(whole.clone());
                    }
                }
                gathered.extend(parts.iter().map(|(key, _)| (key.clone(), whole.clone())));
                let Some(mut task) = together(&name, parts) else {
                    continue;
                };
                task.after.extend(indexes);
                let uniques = uniques
                    .into_iter()
                    .map(|key| gathered.get(&key).cloned().unwrap_or(key));
                task.after.extend(uniques.filter(|key| *key != whole));
                task.work = Ok(work);
                planned.insert(whole, task);
            }
        }
    }
}

/// What has to be unique before the foreign keys of a table can be looked at: a foreign key that references something else
/// is an error of its own (foreignkeys.html, section 3).
fn uniques(table: &Table, alterations: &[Alteration], schema: &Schema) -> BTreeSet<TaskKey> {
    let goes = |key: &ForeignKey| {
        let is_it =
            |one: &Alteration| matches!(one, Alteration::ForeignKey { old: Some(old), new: None } if **old == *key);
        alterations.iter().any(is_it)
    };
    let mut needed = BTreeSet::new();
    for key in table.foreign_keys.iter().filter(|key| !goes(key)) {
        // Of a table that is not there, the look finds all rows without parent, before and after.
        if let Some(parent) = schema.table(&key.parent)
            && !parent.is_unique_key(&key.parent_columns)
        {
            let columns = ColumnSet::new(parent.name.clone(), key.parent_columns.clone());
            needed.insert(TaskKey::Unique(columns));
        }
    }
    needed
}

/// One task in place of several.
fn together(table: &TableName, parts: Vec<(TaskKey, Task)>) -> Option<Task> {
    let keys: Vec<TaskKey> = parts.iter().map(|(key, _)| key.clone()).collect();
    let mut titles: Vec<String> = parts.iter().map(|(_, task)| task.title.clone()).collect();
    let mut tasks = parts.into_iter().map(|(_, task)| task);
    let mut whole = tasks.next()?;
    for task in tasks {
        whole.phase = whole.phase.max(task.phase);
        whole.after.extend(task.after);
        for reason in task.reasons {
            if !whole.reasons.contains(&reason) {
                whole.reasons.push(reason);
            }
        }
    }
    if titles.len() > 1 {
        for title in &mut titles {
            if let Some(first) = title.get_mut(..1) {
                first.make_ascii_lowercase();
            }
        }
        whole.title = format!("Make `{table}` anew: {}", titles.join("; "));
        whole.slug = format!("rebuild_{}", super::tasks::plain(table.table.as_str()));
    }
    whole.after.retain(|key| !keys.contains(key));
    Some(whole)
}
