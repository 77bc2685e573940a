//! The rows that hang on rows which may go, and those that hang on them.

use super::{Asking, Below, By};
use crate::dialect::QueryError;
use crate::dialect::probe_sql::Ends;
use crate::dialect::row_set::RowSet;
use crate::plan::hanging::typed_on;
use crate::plan::rows::{Decision, decide, decide_sentinels};
use crate::relation::Relation;
use crate::schema::TableName;

/// How deep rows may hang on each other before a plan gives up on them.
const DEEPEST: usize = 8;
/// By how many ways, before it does.
const MOST_WAYS: usize = 1000;

impl<'a> Asking<'a> {
    /// What hangs on these rows of a relation's child, as far as it matters.
    pub(super) fn below_of(&mut self, relation: &'a Relation, rows: &RowSet<'a>) -> Result<Vec<Below>, QueryError> {
        let wanted = self.options.treatment_of(relation);
        let decision = match rows {
            RowSet::Sentinels(ends) => {
                let own = self.options.own_treatment_of(relation);
                decide_sentinels(self.schema, relation, ends.child, own, self.options.orphans)
            }
            rows => decide(self.schema, relation, rows.table(), wanted),
        };
        self.ways = 0;
        self.below(rows, &mut vec![&relation.child.table], None, &decision)
    }

    /// What hangs on these rows. `path` are the tables on the way here; a tree is followed one generation after the other
    /// by the one relation that leads from its table to itself (`tree`, where that was the last step). Of rows that stay
    /// nothing does that matters, and of those that stay but for a key only what hangs on them directly. What keeps the
    /// rows from being treated ends the search: only the first such thing is told.
    fn below(
        &mut self,
        rows: &RowSet<'a>,
        path: &mut Vec<&'a TableName>,
        tree: Option<usize>,
        decision: &Decision,
    ) -> Result<Vec<Below>, QueryError> {
        if matches!(decision, Decision::Ask(..)) {
            return Ok(Vec::new());
        }
        let table = &rows.table().name;
        let relations: &'a [Relation] = &self.relations.relations;
        let mut found = Vec::new();
        for ends in typed_on(self.schema, self.relations, Some(self.probes), table) {
            let set = RowSet::Below {
                ends,
                above: Box::new(rows.clone()),
            };
            let count = self.count(&set.count(self.database.dialect()))?;
            if count > 0 {
                found.push(Below {
                    by: By::Type(ends.child.name.clone()),
                    rows: Some(count),
                    below: Vec::new(),
                });
            }
        }
        for (at, relation) in relations
            .iter()
            .enumerate()
            .filter(|(_, one)| one.parent.table == *table)
        {
            let Some(ends) = Ends::of(self.schema, relation) else {
                continue;
            };
            let set = RowSet::Below {
                ends,
                above: Box::new(rows.clone()),
            };
            let sql = set.count(self.database.dialect());
            let count = self.count(&sql)?;
            if count == 0 {
                continue;
            }
            if matches!(decision, Decision::Clear(_)) {
                found.push(Below {
                    by: By::Relation(at),
                    rows: Some(count),
                    below: Vec::new(),
                });
                continue;
            }
            let is_tree = relation.child.table == *table && tree.is_none_or(|tree| tree == at);
            let is_circle = path.contains(&&relation.child.table) && !is_tree;
            self.ways += 1;
            if is_circle || path.len() >= DEEPEST || self.ways > MOST_WAYS {
                self.ways = MOST_WAYS + 1;
                found.push(Below {
                    by: By::Relation(at),
                    rows: None,
                    below: Vec::new(),
                });
                break;
            }
            path.push(&relation.child.table);
            let below = match self.schema.table(&relation.child.table) {
                Some(child) => {
                    let decision = decide(self.schema, relation, child, self.options.treatment_of(relation));
                    self.below(&set, path, is_tree.then_some(at), &decision)?
                }
                None => Vec::new(),
            };
            path.pop();
            found.push(Below {
                by: By::Relation(at),
                rows: Some(count),
                below,
            });
            if self.ways > MOST_WAYS {
                break;
            }
        }
        Ok(found)
    }
}
