//! What rows and the planner's statistics say of the parents that a column can mean.
//!
//! Names and keys propose, rows decide between proposals: that all keys of a column are in a table proves little where
//! both are numbered from 1 on, that many are not is a reason against it. A reason never lowers a relation that names
//! make strong: there, rows without a parent are the finding. Rows alone make nothing more than possible, and that only
//! where a column is called like a key and one table alone has all its keys, which are no numbers.

use std::collections::BTreeMap;

use super::aliases::Index;
use super::candidates;
use super::resolve::{Considered, Inferred, Rated};
use super::score::{self, Fit};
use super::stem::{self, Style};
use super::vocabulary::vocabulary;
use super::{Taken, Weights, considered, declared, polymorphic, stated};
use crate::relation::{Evidence, Relation, Relations, Tier};
use crate::schema::{ColumnSet, Schema, Stated, TableName, TypeFamily};

/// How many parents of one column are asked for.
const MOST_PARENTS: usize = 6;
/// Log-odds, in thousandths, below which no rows can make a parent possible.
const FAINT: i32 = -3000;
/// Log-odds, in thousandths, to which rows can lower what names make strong, and what they make at least possible.
const STRONG_FLOOR: i32 = 2460;
const POSSIBLE_FLOOR: i32 = 250;
/// In how many tables the keys are looked up of a column whose name means none. Where more are in question, none is asked.
const MOST_FOR_STRAYS: usize = 40;
/// With fewer distinct keys, rows tell nothing.
const FEW_KEYS: u64 = 5;
/// With so many, that all of them are in one table and not in another is no accident.
const MANY_KEYS: u64 = 20;

/// A column, or several together, and the parents between which rows can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The referencing columns.
    pub child: ColumnSet,
    /// The parents that names allow, best first.
    pub parents: Vec<ColumnSet>,
}

/// Distinct keys of a column, looked up in a table that they can mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    /// How many distinct keys were looked up; values that stand for "none" are not among them.
    pub keys: u64,
    /// How many of them the parent has.
    pub found: u64,
    /// How many of the keys plus one it has: what is to be expected by chance where both are numbered. `None` for keys
    /// that are hardly there by chance, as UUIDs.
    pub shifted: Option<u64>,
    /// Whether the keys are all that the column holds.
    pub whole: bool,
    /// Rows of the parent, counted to a limit.
    pub parent_rows: u64,
    /// Whether there are more than that.
    pub parent_is_larger: bool,
    /// The greatest of the keys and the greatest in the parent, where they are whole numbers.
    pub greatest: Option<(i128, i128)>,
}

/// What rows and statistics say, by the two ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowEvidence {
    reasons: BTreeMap<(ColumnSet, ColumnSet), Vec<Evidence>>,
}

impl RowEvidence {
    /// Whether nothing is known: then inference says what it says of the schema alone.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Takes in what a sample says. It is newer than the statistics of the same ends and takes their place.
    pub fn add_sample(&mut self, child: &ColumnSet, parent: &ColumnSet, sample: &Sample) {
        self.reasons
            .insert((child.clone(), parent.clone()), judge(parent, sample));
    }

    /// Takes in a reason that statistics gave.
    pub fn add(&mut self, child: &ColumnSet, parent: &ColumnSet, reason: Evidence) {
        self.reasons.insert((child.clone(), parent.clone()), vec![reason]);
    }

    /// Forgets what is known of ends that are of no use.
    pub fn retain(&mut self, is_of_use: impl Fn(&ColumnSet, &ColumnSet) -> bool) {
        self.reasons.retain(|(child, parent), _| is_of_use(child, parent));
    }

    /// The one parent that has all the keys of a column, if only one of those that were asked for has, and by no chance.
    fn sole(&self, child: &ColumnSet) -> Option<(&ColumnSet, &[Evidence])> {
        let first = (child.clone(), ColumnSet::new(TableName::bare(""), Vec::new()));
        let of_child = self.reasons.range(first..).take_while(|((known, _), _)| known == child);
        let mut found = of_child.filter(|(_, reasons)| reasons.iter().any(|reason| reason.code == "rows_contained"));
        let ((_, parent), reasons) = found.next()?;
        found.next().is_none().then_some((parent, reasons.as_slice()))
    }

    fn of(&self, child: &ColumnSet, parent: &ColumnSet) -> &[Evidence] {
        // Few are asked for; a lookup by reference would need a second map.
        self.reasons
            .get(&(child.clone(), parent.clone()))
            .map_or(&[], Vec::as_slice)
    }
}

/// What rows can decide: columns whose name can mean several parents, and those whose one parent is not sure.
pub fn questions(schema: &Schema, stated: &Stated, relations: &Relations, weights: &Weights) -> Vec<Question> {
    let mut known = declared::relations(schema);
    stated::add(schema, stated, &mut known);
    let index = Index::new(schema, weights);
    let constrained = declared::children(schema);
    let taken = Taken::by(known.values().map(|relation| &relation.child).chain(&constrained));
    let polymorphic = polymorphic::pairs(schema, &index, stated, |table, column| taken.has(&table.name, column));
    let singles = considered(stated, &index, &polymorphic, &taken, &RowEvidence::default());
    let strays = singles.iter().filter_map(|one| stray(&index, one));
    let mut questions: Vec<Question> = strays.collect();
    questions.extend(singles.into_iter().filter_map(question));
    let composites = relations.relations.iter().filter(|relation| {
        relation.child.columns.len() > 1 && matches!(relation.tier(), Tier::Likely | Tier::Possible)
    });
    questions.extend(composites.map(|relation| Question {
        child: relation.child.clone(),
        parents: vec![relation.parent.clone()],
    }));
    questions.sort_by(|one, other| one.child.cmp(&other.child));
    questions
}

fn question(considered: Considered) -> Option<Question> {
    let best = considered.found.first()?;
    let is_strong = Tier::of(score::confidence(best.log_odds)) == Tier::Strong;
    let parents: Vec<ColumnSet> = considered
        .found
        .iter()
        .take(MOST_PARENTS)
        .filter(|rated| rated.log_odds > FAINT)
        .map(|rated| rated.parent.clone())
        .collect();
    // Rows do not unmake what names make strong, and where there is no rival there is nothing to decide.
    let is_open = parents.len() > usize::from(is_strong);
    is_open.then_some(Question {
        child: considered.child,
        parents,
    })
}

/// A column that is called like a key, and whose name means no table that is there. Numbers are in many tables, so that
/// rows would not tell.
fn stray(index: &Index<'_>, considered: &Considered) -> Option<Question> {
    let (table, position) = considered.place;
    let names = index.table(table)?;
    let column = names.column(position)?;
    let is_number = matches!(
        column.column.ty.family,
        TypeFamily::Integer { .. } | TypeFamily::Decimal { .. }
    );
    let is_called_like_a_key = stem::stems(column.own_words())
        .iter()
        .any(|stem| stem.style == Style::Strong);
    let is_stray = considered.found.is_empty()
        && is_called_like_a_key
        && !is_number
        && candidates::can_refer(column)
        && !names.is_key(position);
    if !is_stray {
        return None;
    }
    let targets = index
        .tables
        .iter()
        .enumerate()
        .filter(|(at, names)| *at != table && names.is_target);
    let keys = targets.flat_map(|(_, names)| {
        names.keys.iter().filter_map(|key| {
            let key = names.column(key.column)?.column;
            let fits = score::fit(&column.column.ty, &key.ty) == Some(Fit::Same);
            fits.then(|| ColumnSet::new(names.table.name.clone(), vec![key.name.clone()]))
        })
    });
    let parents: Vec<ColumnSet> = keys.take(MOST_FOR_STRAYS + 1).collect();
    (1..=MOST_FOR_STRAYS).contains(&parents.len()).then_some(Question {
        child: considered.child.clone(),
        parents,
    })
}

/// What a reason of this kind weighs: log-odds, in thousandths.
pub(super) fn weight(code: &str) -> i32 {
    vocabulary().row_weights.get(code).copied().unwrap_or(0)
}

/// A reason that rows or statistics give.
pub(crate) fn reason(code: &'static str, detail: String) -> Evidence {
    Evidence {
        weight: weight(code),
        code,
        detail: detail.into(),
    }
}

/// Whether rows or statistics gave the reason.
pub(super) fn is_of_rows(reason: &Evidence) -> bool {
    vocabulary().row_weights.contains_key(reason.code)
}

/// What a sample is a reason for. One that tells nothing says why.
pub(super) fn judge(parent: &ColumnSet, sample: &Sample) -> Vec<Evidence> {
    let Sample { keys, found, .. } = *sample;
    let silent = |why: String| vec![reason("rows_silent", format!("rows tell nothing: {why}"))];
    if keys == 0 {
        return silent("none holds a key".to_owned());
    }
    if sample.parent_rows == 0 {
        return silent(format!("{} is empty", parent.table));
    }
    let which = if sample.whole { "" } else { "sampled " };
    if keys < FEW_KEYS {
        return silent(format!("there are only {keys} {which}keys"));
    }
    if found < keys {
        let detail = format!("{found} of {keys} {which}keys are in it");
        let code = match found.saturating_mul(100) / keys {
            99.. => "rows_nearly",
            95..=98 => "rows_dirty",
            75..=94 => "rows_partly",
            50..=74 => "rows_half",
            _ => "rows_refuted",
        };
        return vec![reason(code, detail)];
    }
    let all = format!("all {keys} {which}keys are in it");
    let mut reasons = vec![match by_chance(sample) {
        Chance::None if keys >= MANY_KEYS => reason("rows_contained", all),
        Chance::None => reason("rows_contained_few", all),
        Chance::Likely => reason("rows_contained_dense", format!("{all}, as most such numbers are")),
    }];
    reasons.extend(covered(sample));
    reasons
}

/// Whether keys can be in a table by chance.
enum Chance {
    /// They are no numbers from a series, or the series has gaps where other keys would be.
    None,
    /// Most numbers of their size are in it.
    Likely,
}

fn by_chance(sample: &Sample) -> Chance {
    let Some(shifted) = sample.shifted else {
        return Chance::None;
    };
    // Were the keys unrelated to the parent, as many of them would be in it as of their neighbours. Nine gaps make the
    // odds that all keys miss them less than one to some thousands.
    if sample.keys.saturating_sub(shifted) >= 9 && shifted.saturating_mul(100) <= sample.keys.saturating_mul(97) {
        Chance::None
    } else {
        Chance::Likely
    }
}

/// Whether the keys are a good part of the parent's, or go as far as they do.
fn covered(sample: &Sample) -> Option<Evidence> {
    if !sample.parent_is_larger && sample.found.saturating_mul(10) >= sample.parent_rows.saturating_mul(3) {
        let detail = format!("they are {} of its {} keys", sample.found, sample.parent_rows);
        return Some(reason("rows_covered", detail));
    }
    let (child, parent) = sample.greatest?;
    let far = child.saturating_mul(5) >= parent.saturating_mul(4) && parent >= 1000;
    (far && sample.keys >= MANY_KEYS).then(|| {
        let detail = format!("they go up to {child}, and the keys in it up to {parent}");
        reason("rows_covered", detail)
    })
}

/// Adds what rows say to each candidate, and puts the best first again.
pub(super) fn weigh(index: &Index<'_>, considered: &mut [Considered], rows: &RowEvidence) {
    if rows.is_empty() {
        return;
    }
    for one in considered {
        if one.found.is_empty() {
            one.found.extend(by_rows(index, &one.child, rows));
            continue;
        }
        let mut is_told = false;
        for rated in &mut one.found {
            for reason in rows.of(&one.child, &rated.parent) {
                let reason = bounded(reason.clone(), rated.log_odds);
                rated.add(reason);
                is_told = true;
            }
        }
        if is_told {
            one.rank();
        }
    }
}

/// The parent of a column whose name means none, where only one table has all its keys.
fn by_rows(index: &Index<'_>, child: &ColumnSet, rows: &RowEvidence) -> Option<Rated> {
    let (parent, reasons) = rows.sole(child)?;
    let table = index.position(&parent.table)?;
    let columns = &index.table(table)?.table.columns;
    let key = columns
        .iter()
        .position(|column| Some(&column.name) == parent.columns.first())?;
    let alone = reason(
        "rows_alone",
        "its name means no table, and no other table has its keys".to_owned(),
    );
    let evidence: Vec<Evidence> = std::iter::once(alone).chain(reasons.iter().cloned()).collect();
    let same_namespace = parent.table.namespace == child.table.namespace;
    Some(Rated::new(parent.clone(), (table, key), evidence, same_namespace))
}

/// The same for references by several columns. Those that rows refute come second.
pub(super) fn weigh_composites(found: Vec<Inferred>, rows: &RowEvidence) -> (Vec<Inferred>, Vec<Inferred>) {
    let weighed = found.into_iter().map(|mut found| {
        for reason in rows.of(&found.child, &found.parent) {
            let log_odds = score::log_odds(&found.evidence);
            found.evidence.push(bounded(reason.clone(), log_odds));
        }
        found.confidence = score::confidence(score::log_odds(&found.evidence));
        found
    });
    weighed.partition(|found| Tier::of(found.confidence) != Tier::Weak)
}

/// The reason as far as it may lower something that is so sure: what names make strong stays so, and what they make
/// possible is only refuted where most keys have no parent.
pub(super) fn bounded(mut reason: Evidence, log_odds: i32) -> Evidence {
    let tier = Tier::of(score::confidence(log_odds));
    let floor = match tier {
        Tier::Strong | Tier::Declared => STRONG_FLOOR.min(log_odds),
        Tier::Likely | Tier::Possible if !refutes(reason.code) => POSSIBLE_FLOOR.min(log_odds),
        _ => i32::MIN / 2,
    };
    if reason.weight < 0 {
        reason.weight = reason.weight.max(floor - log_odds);
    }
    reason
}

/// Whether the reason is that most keys are not there.
pub(super) fn refutes(code: &str) -> bool {
    matches!(code, "rows_refuted" | "statistics_disjoint" | "statistics_distinct")
}

/// What speaks for a parent apart from rows.
pub(super) fn by_names(evidence: &[Evidence]) -> i32 {
    let names = evidence.iter().filter(|reason| !is_of_rows(reason));
    names.map(|reason| reason.weight).sum()
}

/// Whether names made it at least possible, and rows refuted it: it stays in sight as a weak one.
pub(super) fn is_refuted(evidence: &[Evidence]) -> bool {
    evidence.iter().any(|reason| refutes(reason.code)) && Tier::of(score::confidence(by_names(evidence))) != Tier::Weak
}

/// Takes in what all rows of an inferred relation say, when they have been counted. They can contradict a sample, or
/// statistics that were out of date; what names make strong they do not unmake.
pub fn weigh_counts(relation: &mut Relation, keyed_rows: u64, orphan_rows: u64) {
    if relation.is_declared() || keyed_rows < FEW_KEYS {
        return;
    }
    let refute = orphan_rows > keyed_rows / 2;
    let are_refuted = relation
        .evidence
        .iter()
        .any(|reason| refutes(reason.code) && reason.weight < 0);
    let names = by_names(&relation.evidence);
    let is_strong = matches!(Tier::of(score::confidence(names)), Tier::Strong);
    if refute == are_refuted || (refute && is_strong) {
        return;
    }
    relation.evidence.retain(|reason| !is_of_rows(reason));
    let (code, detail) = if refute {
        let detail = format!("{orphan_rows} of {keyed_rows} rows that hold a key have one without a parent");
        ("rows_refuted", detail)
    } else {
        let found = keyed_rows - orphan_rows;
        (
            "rows_nearly",
            format!("{found} of {keyed_rows} rows that hold a key have a parent"),
        )
    };
    relation.evidence.push(reason(code, detail));
    relation.confidence = score::confidence(score::log_odds(&relation.evidence));
}

/// Why rows decide against a parent, if they do.
pub(super) fn why_not(best: &Rated, other: &Rated) -> Option<String> {
    let said = |rated: &Rated| -> i32 {
        let rows = rated.evidence.iter().filter(|reason| is_of_rows(reason));
        rows.map(|reason| reason.weight).sum()
    };
    let told: Vec<&Evidence> = other.evidence.iter().filter(|reason| is_of_rows(reason)).collect();
    let is_worse = said(other) < said(best) && told.iter().any(|reason| reason.weight <= 0);
    is_worse
        .then(|| told.first().map(|reason| reason.detail.to_string()))
        .flatten()
}
