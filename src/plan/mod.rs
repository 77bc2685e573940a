//! Findings → a plan: the migration that mends them, step by step, in an order that holds.
//!
//! What rows are there is asked before (`survey`); the rest does no I/O. `tasks` says what is to be so for each finding,
//! `rows` what becomes of rows that break a relation, `order` what comes first, and the dialect writes the SQL. What
//! cannot be done without harm, or depends on what nobody has said, is withheld with the reason.

mod hanging;
mod keep;
mod moves;
mod names;
mod not_nulls;
mod order;
mod rebuilds;
mod rows;
mod settings;
mod survey;
mod tasks;
mod triggers;
mod types;
mod verification;

use crate::dialect::change::{PlanDialect, Version, Work};
use crate::finding::{Finding, Remedy};
use crate::relation::short_hash;
use crate::rules::Facts;
use crate::schema::Ident;

pub use keep::Keep;
pub use names::QUARANTINE_PREFIX;
pub use not_nulls::NotNulls;
pub use rows::Treatment;
pub use settings::{OrphanSetting, Settings};
pub use survey::{Below, By, Surplus, Survey, survey};
pub use triggers::Triggers;
pub use verification::{Check, Verification};

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The same for the same findings: under it the quarantine keeps rows.
    pub id: String,
    /// `postgres`, `mysql`, `mariadb`, `sqlite`.
    pub dialect: &'static str,
    /// In the order in which they are run.
    pub steps: Vec<Step>,
    /// What was left out, in the order of the findings.
    pub withheld: Vec<Withheld>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// What it does in a few words, for file names: `add_index_orders_customer_id_idx`.
    pub slug: String,
    /// When it is run.
    pub phase: Phase,
    /// What it does, in one sentence without a point.
    pub title: String,
    /// The findings that it is for, as sentences.
    pub reasons: Vec<String>,
    /// The rows that it changes, where they were counted.
    pub rows: Option<u64>,
    /// How large its table is, where that is known.
    pub size: Size,
    /// What its undo cannot give back, or not to everybody, in one phrase.
    pub undo_remark: Option<String>,
    /// What else to know before it is run, in sentences without a point.
    pub notes: Vec<String>,
    /// The statements.
    pub work: Work,
}

/// How large a table is by the server's estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Rows.
    pub rows: Option<u64>,
    /// Bytes, indexes included.
    pub bytes: Option<u64>,
}

/// When a step is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Indexes, types, nullability that is loosened.
    Prepare,
    /// Rows that break a relation.
    Repair,
    /// Constraints, for new rows at least.
    Constrain,
    /// Constraints, for the rows from before.
    Validate,
    /// What cannot be undone.
    Contract,
}

/// Something that is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What it would have been.
    pub title: String,
    /// Why it is not.
    pub reason: String,
    /// What to do so that it is, in one phrase; empty where nothing helps.
    pub decide: String,
}

/// How plans are made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What becomes of rows without parent, whatever is meant, where the relation has no setting of its own; `None` where
    /// it follows from what is meant.
    pub orphans: Option<Treatment>,
    /// Which row of those with the same key stays, where the key has no setting of its own.
    pub keep: Option<Keep>,
    /// Whether rows are treated in tables with triggers too, which run then.
    pub run_triggers: bool,
    /// What is said of single relations and keys.
    pub settings: Settings,
    /// Whether MySQL and MariaDB copy a table to add a foreign key to it, and look at every row themselves.
    pub copy_for_foreign_keys: bool,
    /// The server's version.
    pub version: Version,
    /// Whether indexes stay that the plan makes useless: nobody wants to hear of such.
    pub keep_redundant: bool,
    /// The namespace whose tables are named without it, for migrations that are run on databases of other names.
    pub unqualified: Option<Ident>,
}

impl Step {
    /// Whether there is a way back, even if there is nothing to do on it.
    pub fn has_undo(&self) -> bool {
        self.phase != Phase::Contract || !self.work.down.is_empty()
    }
}

impl Phase {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Repair => "repair",
            Self::Constrain => "constrain",
            Self::Validate => "validate",
            Self::Contract => "contract",
        }
    }
}

/// Plans what mends the findings.
pub fn plan(
    facts: &Facts<'_>,
    findings: &[Finding],
    survey: &Survey,
    dialect: &dyn PlanDialect,
    options: &Options,
) -> Plan {
    let id = id(facts, findings, survey, options);
    let (retypes, refused) = types::decided(facts, findings, survey, dialect, options.version);
    let schema = types::applied(facts.schema, &retypes);
    let (moves, unmoved) = moves::decided(&schema, findings, survey, dialect, options.version);
    // A table that is made anew gets its columns with all else, and what comes before goes without them.
    let moved = if dialect.makes_tables_anew() {
        schema.clone()
    } else {
        moves::applied(&schema, &moves)
    };
    let changed = Facts {
        schema: &moved,
        relations: facts.relations,
        rows: facts.rows,
    };
    let mut tasks = tasks::Tasks::new(&changed, survey, dialect, options, &id);
    tasks.retype(facts.schema, findings, &retypes, refused);
    tasks.move_keys(findings, &moves, unmoved);
    // Whether a foreign key may set a column to null depends on whether it will take nulls.
    let (nullable, others): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|finding| matches!(finding.remedy, Some(Remedy::DropNotNull(_))));
    for finding in nullable.into_iter().chain(others) {
        tasks.add(finding);
    }
    tasks.settle(findings);
    let (ordered, mut withheld) = order::order(tasks);
    let mut steps = Vec::new();
    for task in ordered {
        match task.work {
            Ok(work) => steps.push(Step {
                number: steps.len() + 1,
                slug: task.slug,
                phase: task.phase,
                title: task.title,
                reasons: task.reasons,
                rows: task.rows,
                size: task.size,
                undo_remark: task.undo_remark,
                notes: task.notes,
                work,
            }),
            Err(reason) => withheld.push(Withheld {
                title: task.title,
                reason,
                decide: String::new(),
            }),
        }
    }
    Plan {
        id,
        dialect: dialect.name(),
        steps,
        withheld,
    }
}

/// The same for the same findings, rows and settings, and none under which rows are kept already: those are of another
/// plan, whose undo or contract phase is none of this one's.
fn id(facts: &Facts<'_>, findings: &[Finding], survey: &Survey, options: &Options) -> String {
    let mut parts: Vec<String> = findings
        .iter()
        .flat_map(|finding| [finding.fingerprint(), finding.count.unwrap_or(0).to_string()])
        .collect();
    parts.push(format!(
        "{:?} {:?} {:?}",
        options.orphans, options.keep, options.settings
    ));
    let probes = facts.probes().into_iter().flat_map(|probes| &probes.relations);
    let counts = probes.filter_map(|probe| probe.outcome.done()?.as_ref());
    parts.extend(counts.map(|counts| format!("{:?}", counts.samples)));
    let mut number = 0_u32;
    loop {
        let id: String = short_hash(parts.iter().map(String::as_str)).chars().take(12).collect();
        if !survey.plans.contains(&id) {
            return id;
        }
        number += 1;
        parts.push(number.to_string());
    }
}
