//! What is to be so for each finding. Findings of one relation meet in the same tasks.

mod duplicates;
mod foreign_keys;
mod indexes;
mod keys;
mod mending;
mod moves;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::rows::Decision;
use super::survey::Survey;
use super::{Options, Phase, Size, Withheld, triggers};
use crate::dialect::alteration::Alteration;
use crate::dialect::change::{Change, Keeping, PlanDialect, Work};
use crate::dialect::key_move::MoveStage;
use crate::dialect::retype::Stage;
use crate::dialect::unqualified;
use crate::finding::{Finding, Remedy};
use crate::probe::{Check, RelationCounts};
use crate::relation::{Relation, RelationId};
use crate::rules::Facts;
use crate::schema::{ColumnSet, Ident, Index, Table, TableName};

/// What a task is about: no two tasks are about the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TaskKey {
    Index(ColumnSet),
    Nullable(ColumnSet),
    /// Types that are withheld.
    Types(ColumnSet),
    Retype(ColumnSet, Stage),
    Move(ColumnSet, MoveStage),
    /// Rows of a relation, and on which way below it; the words tell orphans from sentinels.
    Rows(usize, &'static str, Vec<usize>),
    Copies(ColumnSet),
    Unique(ColumnSet),
    Primary(ColumnSet),
    NotNull(ColumnSet),
    ForeignKey(ColumnSet, ColumnSet),
    Validate(ColumnSet, ColumnSet),
    Drop(ColumnSet, Option<Ident>),
    Replace(ColumnSet, Option<Ident>),
    NoIndex(TableName, Ident),
    Empty(usize, &'static str, Vec<usize>),
    Decision(String),
    /// All that makes a table anew: before the contract phase, or in it.
    Rebuild(TableName, bool),
}

/// Something to do.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) phase: Phase,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) reasons: Vec<String>,
    pub(super) after: BTreeSet<TaskKey>,
    pub(super) rows: Option<u64>,
    pub(super) size: Size,
    pub(super) undo_remark: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) work: Result<Work, String>,
    /// What it does to the definition of its table, where the engine makes tables anew to change them.
    pub(super) alteration: Option<(TableName, Alteration)>,
}

/// Everything to do, and everything that is left out.
pub(super) struct Tasks<'a> {
    pub(super) facts: &'a Facts<'a>,
    survey: &'a Survey,
    pub(super) dialect: &'a dyn PlanDialect,
    options: &'a Options,
    plan: &'a str,
    names: Names,
    /// What changes columns: all else comes after it.
    first: BTreeSet<TaskKey>,
    /// The indexes that are made, each with what makes it.
    new_indexes: Vec<(TaskKey, TableName, Index)>,
    /// The indexes that are to go, each with the finding that says so and the one that does all that it does.
    useless: Vec<(String, &'a Table, [&'a Index; 2])>,
    /// Keys that go, each with the one that stands for it.
    leaving: BTreeMap<ColumnSet, ColumnSet>,
    /// Tables that get a primary key.
    keyed: BTreeSet<TableName>,
    pub(super) planned: BTreeMap<TaskKey, Task>,
    pub(super) withheld: BTreeMap<TaskKey, Withheld>,
}

/// A task without what follows from its change.
struct Draft<'c> {
    key: TaskKey,
    phase: Phase,
    title: String,
    change: Change<'c>,
    after: BTreeSet<TaskKey>,
    rows: Option<u64>,
}

impl<'a> Tasks<'a> {
    pub(super) fn new(
        facts: &'a Facts<'a>,
        survey: &'a Survey,
        dialect: &'a dyn PlanDialect,
        options: &'a Options,
        plan: &'a str,
    ) -> Self {
        Self {
            facts,
            survey,
            dialect,
            options,
            plan,
            names: Names::new(facts.schema, dialect.longest_name()),
            first: BTreeSet::new(),
            new_indexes: Vec::new(),
            useless: Vec::new(),
            leaving: BTreeMap::new(),
            keyed: BTreeSet::new(),
            planned: BTreeMap::new(),
            withheld: BTreeMap::new(),
        }
    }

    /// Adds what mends a finding.
    pub(super) fn add(&mut self, finding: &Finding) {
        let Some(remedy) = &finding.remedy else { return };
        let relation = finding.relation.as_ref().and_then(|id| self.relation(id));
        let table = self.facts.schema.table(finding.subject.table_name());
        if let Some(to) = relation.and_then(|(_, relation)| self.leaving.get(&relation.child))
            && !matches!(remedy, Remedy::MendRows | Remedy::MoveForeignKey(_))
        {
            let reason = format!("`{to}` is to stand for it, and the contract phase drops it");
            let title = format!("Mend {} of `{}`", finding.rule, finding.subject);
            return self.withhold(TaskKey::Decision(finding.fingerprint()), title, reason, String::new());
        }
        match (remedy, relation, table) {
            (Remedy::AddForeignKey, Some((at, relation)), Some(_)) => self.add_foreign_key(finding, at, relation),
            (Remedy::MendRows, Some((at, relation)), Some(_)) => {
                self.mend(finding, at, relation);
            }
            (Remedy::ChangeDeleteAction(action), Some((at, relation)), Some(_)) => {
                self.change_delete_action(finding, at, relation, *action);
            }
            (Remedy::ValidateForeignKey(key), relation, Some(child)) => {
                self.validate_foreign_key(finding, relation, child, key);
            }
            (Remedy::EnforceForeignKey(key), relation, Some(child)) => {
                self.enforce_foreign_key(finding, relation, child, key);
            }
            (Remedy::DropForeignKey(key), _, Some(child)) => self.drop_foreign_key(finding, child, key),
            (Remedy::AddIndex(columns), ..) => self.add_index(finding, columns),
            (Remedy::DropIndexes(pairs), _, Some(table)) => self.drop_indexes(finding, table, pairs),
            (Remedy::AddUniqueKey(columns), ..) => self.add_unique_key(finding, columns),
            (Remedy::AddPrimaryKey(columns), ..) => self.add_primary_key(finding, columns),
            (Remedy::SetNotNull(columns), relation, _) => self.set_not_null(finding, relation, columns),
            (Remedy::DropNotNull(columns), ..) => self.drop_not_null(finding, columns),
            (Remedy::Decide(how), ..) => self.withhold(
                TaskKey::Decision(finding.fingerprint()),
                format!("Mend {} of `{}`", finding.rule, finding.subject),
                finding.message.clone(),
                (*how).to_owned(),
            ),
            // Columns come before all else, or the subject is not in the schema.
            _ => {}
        }
    }

    /// Says what is left to choose when all else is planned.
    pub(super) fn settle(&mut self, findings: &[Finding]) {
        self.fill_from_what_stays();
        self.drop_replaced();
        self.drop_useless();
        for finding in findings {
            let table = finding.subject.table_name();
            if finding.remedy == Some(Remedy::ChoosePrimaryKey) && !self.keyed.contains(table) {
                let decide = "name the columns that tell its rows apart, and make them unique and NOT NULL; or add a column that the \
                              server numbers";
                self.withhold(
                    TaskKey::Decision(finding.fingerprint()),
                    format!("Give `{table}` a primary key"),
                    finding.message.clone(),
                    decide.to_owned(),
                );
            }
        }
    }

    fn relation(&self, id: &RelationId) -> Option<(usize, &'a Relation)> {
        let relations = &self.facts.relations.relations;
        relations.iter().enumerate().find(|(_, relation)| relation.id() == *id)
    }

    /// What the rows of a relation are, if they were asked. An error says why they could not be.
    fn counts(&self, relation: usize) -> Result<Option<&'a RelationCounts>, &'a str> {
        let probe = self.facts.probes().and_then(|probes| probes.relations.get(relation));
        match probe.map(|probe| &probe.outcome) {
            Some(Check::NotChecked(reason)) => Err(reason),
            Some(Check::Done(counts)) => Ok(counts.as_ref()),
            None => Ok(None),
        }
    }

    /// Under what rows of a table are kept that are treated for this reason.
    fn keeping(&self, table: &Table, reason: String) -> Keeping {
        let step = if self.dialect.keeps_steps_apart() {
            format!("{} {reason}", self.plan)
        } else {
            String::new()
        };
        Keeping {
            quarantine: self.names.quarantine(table, &step),
            plan: self.plan.to_owned(),
            reason,
            broken: self.broken_keys(table),
        }
    }

    /// The foreign keys of a table that some of its rows break.
    fn broken_keys(&self, table: &Table) -> Vec<Ident> {
        let relations = self.facts.relations.relations.iter().enumerate();
        let broken = relations.filter(|(at, relation)| {
            relation.child.table == table.name
                && matches!(self.counts(*at), Ok(Some(counts)) if counts.orphan_rows + counts.sentinel_rows > 0)
        });
        let keys = broken.filter_map(|(_, relation)| relation.foreign_key(self.facts.schema)?.name.clone());
        keys.collect()
    }

    /// Adds a task, or its reason to the one that is there.
    fn put(&mut self, finding: &Finding, draft: Draft<'_>) {
        self.put_for(format!("{}: {}", finding.rule, finding.message), draft);
    }

    /// The same for whatever reason.
    fn put_for(&mut self, reason: String, mut draft: Draft<'_>) {
        if !matches!(
            draft.key,
            TaskKey::Retype(..) | TaskKey::Move(_, MoveStage::Add | MoveStage::Fill)
        ) {
            // Keys are filled from the rows that stay.
            let waits =
                |key: &&TaskKey| draft.phase > Phase::Repair || !matches!(key, TaskKey::Move(_, MoveStage::Fill));
            draft.after.extend(self.first.iter().filter(waits).cloned());
        }
        if let Some(known) = self.planned.get_mut(&draft.key) {
            if !known.reasons.contains(&reason) {
                known.reasons.push(reason);
            }
            known.after.extend(draft.after);
            return;
        }
        if self.withheld.contains_key(&draft.key) {
            return;
        }
        let table = draft.change.table();
        let size = Size {
            rows: table.estimated_rows,
            bytes: table.size_bytes,
        };
        let alteration = self.dialect.alteration(&draft.change);
        let made = self.columns_made(&table.name);
        let work = match (&self.options.unqualified, &alteration) {
            // It may be about a column that is not there yet.
            (_, Some(alteration)) if alteration.rebuilds() && !made.is_empty() => {
                self.dialect.rebuild(table, &made, std::slice::from_ref(alteration))
            }
            (Some(namespace), _) => unqualified::work(self.dialect, &draft.change, self.options.version, namespace),
            (None, _) => self.dialect.work(&draft.change, self.options.version),
        };
        match work {
            Ok(mut work) => {
                for lock in &mut work.locks {
                    lock.partitions = self.has_partitions(&lock.table);
                }
                self.new_indexes
                    .extend(indexes::made(&draft.key, &draft.change, self.dialect));
                let task = Task {
                    phase: draft.phase,
                    slug: slug(&draft.change),
                    title: draft.title,
                    reasons: vec![reason],
                    after: draft.after,
                    rows: draft.rows,
                    size,
                    undo_remark: self.dialect.undo_remark(&draft.change, self.options.version),
                    notes: self.notes(&draft.change),
                    work: Ok(work),
                    alteration: alteration.map(|alteration| (table.name.clone(), alteration)),
                };
                self.planned.insert(draft.key, task);
            }
            Err(reason) => self.withhold(draft.key, draft.title, reason, String::new()),
        }
    }

    /// Whether the table of that name, as reports write it, has partitions that are tables themselves.
    fn has_partitions(&self, table: &str) -> bool {
        let mut tables = self.facts.schema.tables.values();
        tables.any(|part| part.partition_of.as_ref().is_some_and(|root| root.to_string() == table))
    }

    fn notes(&self, change: &Change<'_>) -> Vec<String> {
        let decision = match change {
            Change::RemoveRows { .. } => Some(Decision::Remove { for_good: false }),
            Change::ClearKeys { columns, .. } => Some(Decision::Clear(columns.clone())),
            _ => None,
        };
        let table = &change.table().name;
        let running = decision.map_or(Vec::new(), |decision| {
            triggers::set_off(&self.survey.triggers, table, &decision)
        });
        let mut notes = self.dialect.notes(change);
        notes.extend((!running.is_empty()).then(|| triggers::note(table, &running)));
        notes
    }

    /// Why rows of a table are not treated so where triggers run for them, and what to do.
    fn triggered(&self, table: &Table, decision: &Decision) -> Result<(), (String, String)> {
        let running = triggers::set_off(&self.survey.triggers, &table.name, decision);
        if running.is_empty() || self.options.run_triggers {
            return Ok(());
        }
        Err(triggers::refusal(&table.name, &running))
    }

    /// The columns that a table gets when it is made anew.
    fn columns_made(&self, table: &TableName) -> Vec<Alteration> {
        let alterations = self.planned.values().filter_map(|task| task.alteration.as_ref());
        alterations
            .filter(|(name, one)| name == table && matches!(one, Alteration::AddColumn { .. }))
            .map(|(_, alteration)| alteration.clone())
            .collect()
    }

    fn withhold(&mut self, key: TaskKey, title: String, reason: String, decide: String) {
        self.withheld.entry(key).or_insert(Withheld { title, reason, decide });
    }
}

/// What a change is called in file names: letters, digits and underscores.
fn slug(change: &Change<'_>) -> String {
    let (verb, object) = match change {
        Change::AddIndex { name, .. } => ("add_index", name.as_str().to_owned()),
        Change::DropIndex { index, .. } => ("drop_index", index.name.as_str().to_owned()),
        Change::AddUnique { name, .. } => ("add_unique", name.as_str().to_owned()),
        Change::AddForeignKey { key, child, .. } => ("add_foreign_key", named(key.name.as_ref(), child)),
        Change::ValidateForeignKey { key, child, .. } => ("validate", named(key.name.as_ref(), child)),
        Change::DropForeignKey { key, child, .. } => ("drop_foreign_key", named(key.name.as_ref(), child)),
        Change::ReplaceForeignKey { old, child, .. } => ("replace_foreign_key", named(old.name.as_ref(), child)),
        Change::SetNotNull { table, column, .. } => ("set_not_null", format!("{}_{column}", table.name.table)),
        Change::DropNotNull { table, column, .. } => ("drop_not_null", format!("{}_{column}", table.name.table)),
        Change::RemoveRows { rows, .. } => ("quarantine", rows.table().name.table.as_str().to_owned()),
        Change::ClearKeys { rows, .. } => ("set_null", rows.table().name.table.as_str().to_owned()),
        Change::Retype { retype, stage } => (
            verb(*stage),
            format!("{}_{}", retype.table.name.table, retype.column.name),
        ),
        Change::MoveKey { moving, stage } => match stage {
            MoveStage::Add => ("add_column", format!("{}_{}", moving.child.name.table, moving.key.name)),
            MoveStage::Fill => ("fill", format!("{}_{}", moving.child.name.table, moving.key.name)),
            MoveStage::Drop => (
                "drop_column",
                format!("{}_{}", moving.parent.name.table, moving.old.name),
            ),
        },
        Change::EmptyQuarantine { table, .. } => ("empty_quarantine", table.name.table.as_str().to_owned()),
    };
    plain(&format!("{verb}_{object}"))
}

/// A text of which only letters, digits and underscores are left.
pub(super) fn plain(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    text.chars().map(plain).collect()
}

fn verb(stage: Stage) -> &'static str {
    match stage {
        Stage::AtOnce => "change_type",
        Stage::Expand => "expand",
        Stage::Fill => "fill",
        Stage::Equip => "equip",
        Stage::Switch => "switch",
        Stage::Contract => "contract",
    }
}

fn named(name: Option<&Ident>, table: &Table) -> String {
    name.unwrap_or(&table.name.table).as_str().to_owned()
}
