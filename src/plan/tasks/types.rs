//! Columns that get another type, stage by stage.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::dialect::retype::{Retype, Stage};
use crate::finding::Finding;
use crate::plan::Phase;
use crate::plan::types::{Refusal, Retypes, mismatched, mismatched_pairs};
use crate::schema::{ColumnSet, Schema};

impl Tasks<'_> {
    /// Adds what changes types, before all else: the rest is planned for the types that there are then. `before` is the
    /// schema as it is now.
    pub(in crate::plan) fn retype(
        &mut self,
        before: &Schema,
        findings: &[Finding],
        retypes: &Retypes<'_>,
        mut refused: BTreeMap<ColumnSet, Refusal>,
    ) {
        for (finding, relation) in mismatched(self.facts.relations, findings) {
            if let Some((reason, decide)) = refused.remove(&relation.child) {
                let title = format!("Give `{}` the types of `{}`", relation.child, relation.parent);
                self.withhold(TaskKey::Types(relation.child.clone()), title, reason, decide);
                continue;
            }
            for (child, _) in mismatched_pairs(before, relation) {
                if let Some(retype) = retypes.get(&child) {
                    self.put_retype(finding, &child, retype);
                }
            }
        }
    }

    fn put_retype(&mut self, finding: &Finding, column: &ColumnSet, retype: &Retype<'_>) {
        let mut after = BTreeSet::new();
        for stage in self.dialect.retype_stages(retype) {
            let key = TaskKey::Retype(column.clone(), stage);
            self.put(
                finding,
                Draft {
                    key: key.clone(),
                    phase: if stage == Stage::Contract {
                        Phase::Contract
                    } else {
                        Phase::Prepare
                    },
                    title: title(retype, column, stage),
                    change: Change::Retype {
                        retype: retype.clone(),
                        stage,
                    },
                    after,
                    rows: None,
                },
            );
            if stage != Stage::Contract && !self.dialect.makes_tables_anew() {
                self.first.insert(key.clone());
            }
            after = BTreeSet::from([key]);
        }
    }
}

fn title(retype: &Retype<'_>, column: &ColumnSet, stage: Stage) -> String {
    let twin = &retype.twin;
    let to = match (&retype.to.collation, retype.column.ty.declared == retype.to.declared) {
        (Some(collation), true) => format!("collation `{}`", collation.name),
        _ => format!("type `{}`", retype.to.declared),
    };
    match stage {
        Stage::AtOnce => format!("Give `{column}` the {to}"),
        Stage::Expand => format!("Add `{twin}` beside `{column}`, of {to}, which follows it"),
        Stage::Fill => format!("Fill `{twin}` from `{column}`"),
        Stage::Equip => format!("Give `{twin}` the keys and indexes that `{column}` has"),
        Stage::Switch => format!("Switch `{column}` and `{twin}`, so that `{column}` has the {to}"),
        Stage::Contract => format!("Drop `{twin}`, which is what `{column}` was before"),
    }
}
