//! Changes of one table that an engine can only make by making the table anew: one step for all of them, after the indexes
//! that are to be there. So each table is copied once, and what one step does is not undone by another that is run again.
//! What is final is a second step, in the contract phase.

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
    leave_out_idle(planned);
    let mut changed: BTreeMap<TableName, Vec<TaskKey>> = BTreeMap::new();
    for (key, task) in &*planned {
        if let Some((table, _)) = &task.alteration {
            changed.entry(table.clone()).or_default().push(key.clone());
        }
    }
    if changed.is_empty() {
        return;
    }
    let mut gathering = Gathering {
        planned,
        withheld,
        schema,
        dialect,
        gathered: BTreeMap::new(),
    };
    for (name, keys) in changed {
        if let Some(table) = schema.table(&name) {
            gathering.table(table, keys);
        }
    }
    bring_phases_in_order(planned);
}

/// Leaves out what has nothing to do. What needs it needs what it needs.
fn leave_out_idle(planned: &mut BTreeMap<TaskKey, Task>) {
    let is_idle = |task: &Task| task.work.as_ref().is_ok_and(|work| work.up.is_empty());
    let idle = planned.iter().filter(|(_, task)| is_idle(task));
    let idle: Vec<TaskKey> = idle.map(|(key, _)| key.clone()).collect();
    for key in idle {
        let Some(task) = planned.remove(&key) else { continue };
        for other in planned.values_mut().filter(|other| other.after.contains(&key)) {
            other.after.extend(task.after.iter().cloned());
        }
    }
}

/// A task is in no phase before that of what it needs.
fn bring_phases_in_order(planned: &mut BTreeMap<TaskKey, Task>) {
    for _ in 0..planned.len() {
        let phases: BTreeMap<TaskKey, Phase> = planned.iter().map(|(key, task)| (key.clone(), task.phase)).collect();
        let mut is_in_order = true;
        for task in planned.values_mut() {
            let latest = task.after.iter().filter_map(|key| phases.get(key)).max();
            if let Some(latest) = latest.filter(|latest| **latest > task.phase) {
                task.phase = *latest;
                is_in_order = false;
            }
        }
        if is_in_order {
            break;
        }
    }
}

/// Tasks that are put together, table by table.
struct Gathering<'a> {
    planned: &'a mut BTreeMap<TaskKey, Task>,
    withheld: &'a mut BTreeMap<TaskKey, Withheld>,
    schema: &'a Schema,
    dialect: &'a dyn PlanDialect,
    /// Tasks that are a part of others, and of which.
    gathered: BTreeMap<TaskKey, TaskKey>,
}

impl Gathering<'_> {
    /// Puts together what these tasks do to a table.
    fn table(&mut self, table: &Table, keys: Vec<TaskKey>) {
        let (useless, keys): (Vec<_>, Vec<_>) = keys
            .into_iter()
            .partition(|key| self.is(key, &|_, alteration| matches!(alteration, Alteration::NoIndex(_))));
        let (mut making, indexes): (Vec<_>, Vec<_>) = keys
            .into_iter()
            .partition(|key| self.is(key, &|_, alteration| alteration.rebuilds()));
        let mut last: Vec<TaskKey> = making
            .extract_if(.., |key| self.is(key, &|task, _| task.phase == Phase::Contract))
            .collect();
        // Made anew later, the table would have its useless indexes back: it is made without them.
        if making.is_empty() {
            last.extend(if last.is_empty() { Vec::new() } else { useless });
        } else {
            for key in useless {
                if let Some(task) = self.planned.get_mut(&key) {
                    task.phase = Phase::Prepare;
                }
                making.push(key);
            }
        }
        let made = self.alterations(&making);
        let (within, indexes): (Vec<_>, Vec<_>) = indexes
            .into_iter()
            .partition(|key| self.is(key, &|_, alteration| alteration.is_index_within(&made)));
        making.extend(within);
        let beside = self.alterations(&indexes);
        let all = [self.alterations(&making), beside.clone()].concat();
        let is_made = self.whole(table, making, &[], &all, &indexes);
        let done = if is_made { all } else { beside };
        let ends = self.alterations(&last);
        self.whole(table, last, &done, &ends, &indexes);
    }

    fn is(&self, key: &TaskKey, wanted: &dyn Fn(&Task, &Alteration) -> bool) -> bool {
        let task = self.planned.get(key);
        let alteration = task.and_then(|task| Some((task, &task.alteration.as_ref()?.1)));
        alteration.is_some_and(|(task, alteration)| wanted(task, alteration))
    }

    fn alterations(&self, keys: &[TaskKey]) -> Vec<Alteration> {
        let tasks = keys.iter().filter_map(|key| self.planned.get(key));
        let found = tasks.filter_map(|task| task.alteration.as_ref());
        found.map(|(_, alteration)| alteration.clone()).collect()
    }

    /// Puts these tasks together, or withholds them. Whether there is such a task then.
    fn whole(
        &mut self,
        table: &Table,
        mut keys: Vec<TaskKey>,
        done: &[Alteration],
        alterations: &[Alteration],
        indexes: &[TaskKey],
    ) -> bool {
        keys.sort_by_key(|key| self.planned.get(key).map(|task| task.phase));
        let Some(is_last) = keys
            .first()
            .and_then(|key| self.planned.get(key))
            .map(|task| task.phase == Phase::Contract)
        else {
            return false;
        };
        let name = &table.name;
        let uniques = uniques(table, alterations, self.schema);
        let mut missing = uniques
            .iter()
            .filter(|key| !self.planned.contains_key(key) && !self.gathered.contains_key(key));
        let work = match missing.next() {
            Some(TaskKey::Unique(columns)) => Err(format!(
                "a foreign key of `{name}` references `{columns}`, which is not unique, and SQLite's foreign_key_check cannot look \
                 at such a table"
            )),
            _ => self.dialect.rebuild(table, done, alterations),
        };
        let remove = |key| self.planned.remove_entry(&key);
        let parts: Vec<(TaskKey, Task)> = keys.into_iter().filter_map(remove).collect();
        let work = match work {
            Ok(work) => work,
            Err(reason) => {
                for (key, task) in parts {
                    withhold(self.withheld, key, task, reason.clone());
                }
                return false;
            }
        };
        let whole = TaskKey::Rebuild(name.clone(), is_last);
        for task in self.planned.values_mut() {
            if parts.iter().any(|(key, _)| task.after.contains(key)) {
                task.after.insert(whole.clone());
            }
        }
        let part_of = parts.iter().map(|(key, _)| (key.clone(), whole.clone()));
        self.gathered.extend(part_of);
        let Some(mut task) = together(name, parts) else {
            return false;
        };
        task.after.extend(indexes.iter().cloned());
        let uniques = uniques
            .into_iter()
            .map(|key| self.gathered.get(&key).cloned().unwrap_or(key));
        task.after.extend(uniques.filter(|key| *key != whole));
        task.work = Ok(work);
        self.planned.insert(whole, task);
        true
    }
}

/// What has to be unique before the foreign keys of a table can be looked at: a foreign key that references something else
/// is an error of its own (foreignkeys.html, section 3).
fn uniques(table: &Table, alterations: &[Alteration], schema: &Schema) -> BTreeSet<TaskKey> {
    let goes = |key: &ForeignKey| {
        let is_it = |one: &Alteration| match one {
            Alteration::ForeignKey {
                old: Some(old),
                new: None,
            } => **old == *key,
            Alteration::DropColumn { column, .. } => key.columns.contains(column),
            _ => false,
        };
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
        for (all, more) in [(&mut whole.reasons, task.reasons), (&mut whole.notes, task.notes)] {
            for one in more {
                if !all.contains(&one) {
                    all.push(one);
                }
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
