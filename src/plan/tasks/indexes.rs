//! Indexes that another one makes useless: before the plan, or by it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::{Change, PlanDialect};
use crate::finding::Finding;
use crate::plan::Phase;
use crate::schema::{Ident, Index, IndexPart, Origin, Table, TableName};

/// The index that a change makes.
pub(super) fn made(
    key: &TaskKey,
    change: &Change<'_>,
    dialect: &dyn PlanDialect,
) -> Option<(TaskKey, TableName, Index)> {
    let (table, columns, name, is_unique, is_primary) = match change {
        Change::AddIndex {
            table, columns, name, ..
        } => (table, columns, name, false, false),
        Change::AddUnique {
            table,
            columns,
            name,
            primary,
            ..
        } => (table, columns, name, true, *primary),
        _ => return None,
    };
    let fixed = dialect.name_of_primary_keys().filter(|_| is_primary);
    let name = fixed.map_or_else(|| name.clone(), Ident::from);
    let index = Index {
        name: name.clone(),
        parts: columns.iter().cloned().map(IndexPart::column).collect(),
        include: Vec::new(),
        unique: is_unique,
        method: "btree".to_owned(),
        predicate: None,
        valid: true,
        visible: true,
        nulls_not_distinct: false,
        constraint: is_unique.then_some(name),
        bound: is_unique,
        options: None,
        comment: None,
        origin: Origin::Catalog,
    };
    Some((key.clone(), table.name.clone(), index))
}

impl<'a> Tasks<'a> {
    /// Those of a finding.
    pub(super) fn drop_indexes(&mut self, finding: &Finding, table: &'a Table, pairs: &BTreeMap<Ident, Ident>) {
        let named = |name: &Ident| table.indexes.iter().find(|index| index.name == *name);
        for (index, beside) in pairs {
            if let (Some(index), Some(beside)) = (named(index), named(beside)) {
                let reason = format!("{}: {}", finding.rule, finding.message);
                self.useless.push((reason, table, [index, beside]));
            }
        }
    }

    /// They go when it is known which indexes the plan replaces: one of those stands for no other.
    pub(super) fn drop_useless(&mut self) {
        for (reason, table, pair) in std::mem::take(&mut self.useless) {
            self.drop_index(reason, table, pair, Phase::Contract, BTreeSet::new());
        }
    }

    /// Those that the plan itself makes useless. Where it would make one that is so from the start, it is not made.
    pub(super) fn drop_replaced(&mut self) {
        if self.options.keep_redundant {
            return;
        }
        let schema = self.facts.schema;
        let tables: BTreeSet<TableName> = self.new_indexes.iter().map(|(_, table, _)| table.clone()).collect();
        for table in tables.iter().filter_map(|name| schema.table(name)) {
            let new: Vec<(TaskKey, Index)> = self
                .new_indexes
                .iter()
                .filter(|(key, name, _)| *name == table.name && self.planned.contains_key(key))
                .map(|(key, _, index)| (key.clone(), index.clone()))
                .collect();
            let mut then = table.clone();
            then.indexes.extend(new.iter().map(|(_, index)| index.clone()));
            let maker = |index: &Index| new.iter().find(|(_, made)| made.name == index.name).map(|(key, _)| key);
            for found in schema.redundant_indexes(&then) {
                match (maker(found.index), maker(found.beside)) {
                    (Some(index), Some(beside)) if self.is_sure(beside) => self.leave_out(index, beside),
                    (None, Some(beside)) => {
                        let reasons = self.planned.get(beside).map(|task| task.reasons.clone());
                        let after = BTreeSet::from([beside.clone()]);
                        let reason = reasons.into_iter().flatten().next().unwrap_or_default();
                        self.drop_index(reason, table, [found.index, found.beside], Phase::Validate, after);
                    }
                    // Of one that was so before there is a finding, or nobody wants to hear of it.
                    _ => {}
                }
            }
        }
    }

    /// Whether nothing is withheld that a task needs.
    fn is_sure(&self, key: &TaskKey) -> bool {
        let task = self.planned.get(key);
        task.is_some_and(|task| !task.after.iter().any(|needed| self.withheld.contains_key(needed)))
    }

    /// An index is not made: what needs it waits for the other one.
    fn leave_out(&mut self, index: &TaskKey, beside: &TaskKey) {
        let Some(left_out) = self.planned.remove(index) else {
            return;
        };
        for (key, task) in &mut self.planned {
            if key == beside {
                let new = left_out.reasons.iter();
                task.reasons.extend(
                    new.filter(|reason| !task.reasons.contains(reason))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            } else if task.after.remove(index) {
                task.after.insert(beside.clone());
            }
        }
    }

    fn drop_index(
        &mut self,
        reason: String,
        table: &'a Table,
        [index, beside]: [&Index; 2],
        phase: Phase,
        after: BTreeSet<TaskKey>,
    ) {
        let key = TaskKey::NoIndex(table.name.clone(), index.name.clone());
        let title = format!(
            "Drop the index `{}`: `{}` does all that it does",
            index.name, beside.name
        );
        let parts = index.parts.iter().chain(&beside.parts);
        let columns: BTreeSet<&Ident> = parts.filter_map(|part| part.column.as_ref()).collect();
        let leaves = self
            .leaving
            .iter()
            .find(|(from, _)| from.table == table.name && from.columns.iter().any(|column| columns.contains(column)));
        if let Some((from, _)) = leaves {
            let reason = format!("the contract phase drops `{from}`, and with it the indexes that it is in");
            return self.withhold(key, title, reason, "plan again after that".to_owned());
        }
        let (index, beside) = (index.clone(), beside.clone());
        self.put_for(
            reason,
            Draft {
                key,
                phase,
                title,
                change: Change::DropIndex { table, index, beside },
                after,
                rows: None,
            },
        );
    }
}
