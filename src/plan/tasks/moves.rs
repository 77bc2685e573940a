//! Keys that move to the other table, stage by stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::dialect::key_move::{KeyMove, MoveStage};
use crate::finding::{Finding, MovedKey};
use crate::plan::Phase;
use crate::plan::moves::{Moves, asked};
use crate::plan::types::Refusal;
use crate::schema::{Action, ColumnSet, Deferrable, ForeignKey, Match, Origin, TableName};

impl Tasks<'_> {
    /// Adds what makes and fills the columns, before all else: the rest is planned for the columns that there are then.
    pub(in crate::plan) fn move_keys(
        &mut self,
        findings: &[Finding],
        moves: &Moves<'_>,
        mut refused: BTreeMap<ColumnSet, Refusal>,
    ) {
        for (finding, moved) in asked(findings) {
            if let Some((reason, decide)) = refused.remove(&moved.to_child) {
                let title = format!("Move the key `{}` to `{}`", moved.from_child, moved.to_child);
                self.withhold(
                    TaskKey::Move(moved.to_child.clone(), MoveStage::Add),
                    title,
                    reason,
                    decide,
                );
            } else if let Some(moving) = moves.get(&moved.to_child) {
                self.leaving.insert(moved.from_child.clone(), moved.to_child.clone());
                self.fill_key(finding, moved, moving);
            }
        }
        for (finding, moved) in asked(findings) {
            if let Some(moving) = moves.get(&moved.to_child) {
                self.constrain_key(finding, moved, moving);
            }
        }
    }

    fn fill_key(&mut self, finding: &Finding, moved: &MovedKey, moving: &KeyMove<'_>) {
        let to = &moved.to_child;
        let filled = self
            .survey
            .moves
            .get(to)
            .is_some_and(|counts| counts.unfilled == 0 && !moving.is_new);
        if filled {
            return;
        }
        let mut after = BTreeSet::new();
        let stages = [MoveStage::Add, MoveStage::Fill].into_iter();
        for stage in stages.filter(|stage| moving.is_new || *stage == MoveStage::Fill) {
            let title = if stage == MoveStage::Add {
                format!("Add `{to}`, which references `{}`", moved.to_parent)
            } else {
                format!("Fill `{to}` from `{}`", moved.from_child)
            };
            let phase = if stage == MoveStage::Add {
                Phase::Prepare
            } else {
                Phase::Repair
            };
            after = BTreeSet::from([self.put_move(finding, moved, moving, (stage, phase), title, after)]);
            if !(moving.is_new && self.dialect.makes_tables_anew()) {
                self.first.extend(after.iter().cloned());
            }
        }
    }

    /// A key is filled when the rows that go are gone: it would reference some of those.
    pub(super) fn fill_from_what_stays(&mut self) {
        let relations = &self.facts.relations.relations;
        let rows: Vec<(TaskKey, TableName)> = self
            .planned
            .keys()
            .filter_map(|key| {
                let table = match key {
                    TaskKey::Rows(at, _, path) => &relations.get(*path.last().unwrap_or(at))?.child.table,
                    TaskKey::Copies(columns) => &columns.table,
                    _ => return None,
                };
                Some((key.clone(), table.clone()))
            })
            .collect();
        for (from, to) in &self.leaving {
            if let Some(fill) = self.planned.get_mut(&TaskKey::Move(to.clone(), MoveStage::Fill)) {
                let both = rows
                    .iter()
                    .filter(|(_, table)| [&from.table, &to.table].contains(&table));
                fill.after.extend(both.map(|(key, _)| key.clone()));
            }
        }
    }

    /// The index or unique key, the foreign key, and the end of the old one.
    fn constrain_key(&mut self, finding: &Finding, moved: &MovedKey, moving: &KeyMove<'_>) {
        let to = &moved.to_child;
        let mut after = BTreeSet::from([TaskKey::Move(to.clone(), MoveStage::Fill)]);
        let is_led_by = |index: &&crate::schema::Index| {
            index.predicate.is_none()
                && index.parts.first().and_then(|part| part.whole_column()) == Some(&moving.key.name)
        };
        if !moving.child.is_unique_key(&to.columns) && moving.parent.is_unique_key(&moved.from_child.columns) {
            self.add_unique_key(finding, to);
            after.insert(TaskKey::Unique(to.clone()));
        } else if !moving.child.indexes.iter().any(|index| is_led_by(&index)) {
            self.add_index(finding, to);
            after.insert(TaskKey::Index(to.clone()));
        }
        let has_foreign_key = moving.child.foreign_keys.iter().any(|key| key.columns == to.columns);
        if let Some(child) = self.facts.schema.table(&to.table).filter(|_| !has_foreign_key) {
            let foreign_key = ForeignKey {
                name: Some(self.names.name(child, &to.columns, "fkey")),
                columns: to.columns.clone(),
                parent: moved.to_parent.table.clone(),
                parent_columns: moved.to_parent.columns.clone(),
                on_delete: Action::NoAction,
                on_update: Action::NoAction,
                set_columns: Vec::new(),
                match_type: Match::Simple,
                deferrable: Deferrable::No,
                validated: false,
                enforced: true,
                period: false,
                origin: Origin::Catalog,
            };
            let title = format!("Add a foreign key from `{to}` to `{}`", moved.to_parent);
            self.new_foreign_key(finding, None, child, &foreign_key, title);
            after.insert(TaskKey::Validate(to.clone(), moved.to_parent.clone()));
        }
        let title = format!("Drop `{}`, which `{to}` stands for", moved.from_child);
        self.put_move(finding, moved, moving, (MoveStage::Drop, Phase::Contract), title, after);
    }

    fn put_move(
        &mut self,
        finding: &Finding,
        moved: &MovedKey,
        moving: &KeyMove<'_>,
        (stage, phase): (MoveStage, Phase),
        title: String,
        after: BTreeSet<TaskKey>,
    ) -> TaskKey {
        let key = TaskKey::Move(moved.to_child.clone(), stage);
        self.put(
            finding,
            Draft {
                key: key.clone(),
                phase,
                title,
                change: Change::MoveKey {
                    moving: moving.clone(),
                    stage,
                },
                after,
                rows: self
                    .survey
                    .moves
                    .get(&moved.to_child)
                    .filter(|_| stage == MoveStage::Fill)
                    .map(|counts| counts.unfilled),
            },
        );
        key
    }
}
