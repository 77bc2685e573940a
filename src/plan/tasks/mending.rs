//! Rows without parent: gone or set to null, what hangs on them first.

use std::collections::BTreeSet;

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::dialect::probe_sql::Ends;
use crate::dialect::row_set::RowSet;
use crate::finding::Finding;
use crate::plan::hanging::unreferenced;
use crate::plan::rows::{Decision, decide, decide_sentinels};
use crate::plan::survey::{Below, By};
use crate::plan::{Phase, Withheld};
use crate::relation::Relation;
use crate::schema::{Ident, Table};

const ORPHANS: &str = "orphans";
const SENTINELS: &str = "sentinels";

/// What is to become of some rows: tasks that are added together or not at all.
struct Fate<'a> {
    rows: RowSet<'a>,
    path: Vec<usize>,
    decision: Decision,
    count: u64,
}

impl<'a> Tasks<'a> {
    /// Treats the rows of a relation that have no parent. Gives the keys of the tasks after which there are none; those
    /// of tasks that are withheld too, so that what needs them is withheld with them.
    pub(super) fn mend(&mut self, finding: &Finding, at: usize, relation: &'a Relation) -> BTreeSet<TaskKey> {
        let mut keys = BTreeSet::new();
        let Ok(Some(counts)) = self.counts(at) else { return keys };
        let schema = self.facts.schema;
        let (Some(child), Some(ends)) = (schema.table(&relation.child.table), Ends::of(schema, relation)) else {
            return keys;
        };
        if counts.sentinel_rows > 0 {
            let fate = Fate {
                rows: RowSet::Sentinels(ends),
                path: Vec::new(),
                decision: required(
                    relation,
                    decide_sentinels(
                        schema,
                        relation,
                        child,
                        self.options.own_treatment_of(relation),
                        self.options.orphans,
                    ),
                ),
                count: counts.sentinel_rows,
            };
            let survey = self.survey;
            let below = survey.below_sentinels.get(&at).map_or(&[][..], Vec::as_slice);
            keys.extend(self.seal(finding, at, SENTINELS, fate, below));
        }
        if counts.orphan_rows > 0 {
            let fate = Fate {
                rows: RowSet::Orphans(ends),
                path: Vec::new(),
                decision: required(
                    relation,
                    decide(schema, relation, child, self.options.treatment_of(relation)),
                ),
                count: counts.orphan_rows,
            };
            let survey = self.survey;
            let below = survey.below.get(&at).map_or(&[][..], Vec::as_slice);
            keys.extend(self.seal(finding, at, ORPHANS, fate, below));
        }
        keys
    }

    /// Adds the tasks for some rows and for what hangs on them, or withholds them all.
    fn seal(
        &mut self,
        finding: &Finding,
        at: usize,
        sort: &'static str,
        fate: Fate<'a>,
        below: &[Below],
    ) -> BTreeSet<TaskKey> {
        let key = TaskKey::Rows(at, sort, fate.path.clone());
        let title = self.row_title(&fate, sort);
        let mut fates = Vec::new();
        let planned = match &fate.decision {
            Decision::Remove { .. } => self.below(&fate.rows, &fate.path, below, &mut fates),
            Decision::Clear(columns) => self.unreferenced(columns, below),
            Decision::Ask(..) => Ok(()),
        };
        let planned = planned
            .and_then(|()| self.triggered(fate.rows.table(), &fate.decision))
            .and_then(|()| self.come_back(fate.rows.table()));
        let outcome = match (&fate.decision, &planned) {
            (Decision::Ask(reason, decide), _) | (_, Err((reason, decide))) => Err((reason.clone(), decide.clone())),
            _ => Ok(()),
        };
        if let Err((reason, decide)) = outcome {
            let reason = format!("{}: {reason}", count(fate.count));
            self.withheld
                .entry(key.clone())
                .or_insert(Withheld { title, reason, decide });
            return BTreeSet::from([key]);
        }
        // Deepest first.
        fates.push(fate);
        let mut after = BTreeSet::new();
        for fate in fates {
            let key = TaskKey::Rows(at, sort, fate.path.clone());
            self.put_rows(finding, at, sort, key.clone(), fate, after.clone());
            after.insert(key);
        }
        after
    }

    /// Decides on what hangs on rows that go. An error is the reason, and what to do.
    fn below(
        &self,
        above: &RowSet<'a>,
        path: &[usize],
        below: &[Below],
        fates: &mut Vec<Fate<'a>>,
    ) -> Result<(), (String, String)> {
        let schema = self.facts.schema;
        for hanging in below {
            let at = match &hanging.by {
                By::Relation(at) => *at,
                By::Type(table) => {
                    return Err((
                        format!(
                            "{} of `{table}` hang on them by a type and an id",
                            count(hanging.rows.unwrap_or_default())
                        ),
                        "point those elsewhere or remove them, and plan again".to_owned(),
                    ));
                }
            };
            let Some(relation) = self.facts.relations.relations.get(at) else {
                continue;
            };
            let (Some(child), Some(ends)) = (schema.table(&relation.child.table), Ends::of(schema, relation)) else {
                continue;
            };
            let Some(rows) = hanging.rows else {
                return Err((
                    format!(
                        "rows of `{}` hang on them, in a circle, too deep or in too many ways to follow",
                        relation.child.table
                    ),
                    "mend them by hand".to_owned(),
                ));
            };
            let mut own_path = path.to_vec();
            own_path.push(at);
            let set = RowSet::Below {
                ends,
                above: Box::new(above.clone()),
            };
            let decision = required(
                relation,
                decide(schema, relation, child, self.options.treatment_of(relation)),
            );
            self.triggered(child, &decision)?;
            self.come_back(child)?;
            match &decision {
                Decision::Ask(reason, decide) => {
                    let reason = format!(
                        "{} of `{}` hang on them, and {reason}",
                        count(rows),
                        relation.child.table
                    );
                    return Err((reason, decide.clone()));
                }
                Decision::Remove { .. } => self.below(&set, &own_path, &hanging.below, fates)?,
                Decision::Clear(columns) => self.unreferenced(columns, &hanging.below)?,
            }
            fates.push(Fate {
                rows: set,
                path: own_path,
                decision,
                count: rows,
            });
        }
        Ok(())
    }

    /// Whether rows of a partitioned table can come back: a foreign key that one partition has by itself, and that was never
    /// validated, would refuse them.
    fn come_back(&self, table: &Table) -> Result<(), (String, String)> {
        let parts = self.facts.schema.tables.values();
        let mut keys = parts
            .filter(|part| part.partition_of.as_ref() == Some(&table.name))
            .flat_map(|part| part.foreign_keys.iter().map(move |key| (part, key)));
        match keys.find(|(_, key)| key.enforced && !key.validated) {
            Some((part, key)) => Err((
                format!(
                    "{}, which is not validated, would refuse them, if they were to come back",
                    key.describe(&part.name)
                ),
                "drop it, and plan again: the whole table gets one".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// A key that is set to null is none that others reference: they would become orphans, or ON UPDATE would change them.
    fn unreferenced(&self, columns: &[Ident], below: &[Below]) -> Result<(), (String, String)> {
        let relations = &self.facts.relations.relations;
        let referencing = below.iter().find_map(|hanging| {
            let By::Relation(at) = &hanging.by else {
                return None;
            };
            let relation = relations.get(*at)?;
            let is_hit = relation.parent.columns.iter().any(|column| columns.contains(column));
            is_hit.then_some(relation)
        });
        match referencing {
            Some(relation) => Err((
                format!("rows of `{}` reference what would be null", relation.child.table),
                "mend them by hand".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// The rows of a set that go. Foreign keys of tables that are not looked at reference them too, and what their ON
    /// DELETE takes is kept by nobody.
    fn going(&self, rows: RowSet<'a>) -> RowSet<'a> {
        let by = self.foreign_keys_to(rows.table());
        unreferenced(rows, by)
    }

    /// Every foreign key that references a table.
    pub(super) fn foreign_keys_to(&self, parent: &'a Table) -> Vec<Ends<'a>> {
        let tables = self.facts.schema.tables.values();
        let keys = tables.flat_map(|child| child.foreign_keys.iter().map(move |key| (child, key)));
        keys.filter(|(child, key)| key.parent == parent.name && !key.period && child.partition_of.is_none())
            .filter(|(_, key)| !key.columns.is_empty() && key.columns.len() == key.parent_columns.len())
            .map(|(child, key)| Ends {
                child,
                parent,
                child_columns: &key.columns,
                parent_columns: &key.parent_columns,
                constrained: true,
                match_type: key.match_type,
                period: false,
                only: None,
            })
            .collect()
    }

    fn put_rows(
        &mut self,
        finding: &Finding,
        at: usize,
        sort: &'static str,
        key: TaskKey,
        fate: Fate<'a>,
        after: BTreeSet<TaskKey>,
    ) {
        let title = self.row_title(&fate, sort);
        let table = fate.rows.table();
        let keeping = self.keeping(table, reason(&fate.rows));
        let (change, for_good) = match fate.decision {
            Decision::Remove { for_good } => (
                Change::RemoveRows {
                    rows: self.going(fate.rows),
                    keeping: keeping.clone(),
                },
                for_good,
            ),
            Decision::Clear(columns) => (
                Change::ClearKeys {
                    rows: fate.rows,
                    columns,
                    keeping: keeping.clone(),
                },
                false,
            ),
            Decision::Ask(..) => return,
        };
        self.put(
            finding,
            Draft {
                key: key.clone(),
                phase: Phase::Repair,
                title,
                change,
                after,
                rows: Some(fate.count),
            },
        );
        if for_good {
            self.put(
                finding,
                Draft {
                    key: TaskKey::Empty(at, sort, fate.path),
                    phase: Phase::Contract,
                    title: format!(
                        "Delete what was kept of `{}` in `{}` for good",
                        table.name, keeping.quarantine
                    ),
                    change: Change::EmptyQuarantine { table, keeping },
                    after: BTreeSet::from([key]),
                    rows: Some(fate.count),
                },
            );
        }
    }

    fn row_title(&self, fate: &Fate<'_>, sort: &str) -> String {
        let table = fate.rows.table();
        let which = match (&fate.rows, sort) {
            (RowSet::Below { .. }, _) => "that hang on rows which go",
            (_, SENTINELS) => "whose key stands for \"none\"",
            _ => "that have no parent",
        };
        match &fate.decision {
            Decision::Clear(columns) => format!(
                "Set `{}` to null in {} of `{}` {which}",
                crate::schema::display_columns(columns),
                count(fate.count),
                table.name
            ),
            Decision::Remove { .. } | Decision::Ask(..) => format!(
                "Move {} of `{}` {which} into `{}`",
                count(fate.count),
                table.name,
                self.keeping(table, reason(&fate.rows)).quarantine
            ),
        }
    }
}

/// What is stated to be required is never set to null.
fn required(relation: &Relation, decision: Decision) -> Decision {
    match decision {
        Decision::Clear(_) if relation.stated.optional == Some(false) => Decision::Ask(
            format!(
                "`{}` is stated to be required, so it cannot be set to null",
                relation.child
            ),
            "state it as optional in relaudit.yml, or choose another treatment with --orphans or `orphans` there"
                .to_owned(),
        ),
        decision => decision,
    }
}

/// Under what the quarantine keeps them.
fn reason(rows: &RowSet<'_>) -> String {
    let ends = |child: &Table, ends: &Ends<'_>| {
        format!(
            "{}({}) -> {}({})",
            child.name,
            crate::schema::display_columns(ends.child_columns),
            ends.parent.name,
            crate::schema::display_columns(ends.parent_columns)
        )
    };
    match rows {
        RowSet::Orphans(found) => format!("no parent: {}", ends(found.child, found)),
        RowSet::Sentinels(found) => format!("stands for none: {}", ends(found.child, found)),
        RowSet::Below { ends: found, above } => format!("{}, below {}", ends(found.child, found), reason(above)),
        RowSet::Unreferenced { rows, .. } => reason(rows),
        RowSet::Duplicates { table, .. } => format!("too many in {}", table.name),
    }
}

pub(super) fn count(rows: u64) -> String {
    if rows == 1 {
        "1 row".to_owned()
    } else {
        format!("{rows} rows")
    }
}
