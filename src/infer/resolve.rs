//! One parent for each column: what speaks for and against each candidate, and which one wins.

use std::collections::BTreeMap;

use super::aliases::Index;
use super::candidates::{self, Candidate, Child, Precedents};
use super::naming;
use super::score::{self, Fit};
use super::stem;
use super::vocabulary::vocabulary;
use crate::relation::{Alternative, Evidence, Tier};
use crate::schema::{ColumnSet, Ident, Table};

/// How many runners-up are told.
const ALTERNATIVES: usize = 3;
/// Two parents whose log-odds differ by no more than this, in thousandths, cannot be told apart.
const CLOSE: i32 = 400;

/// A relation that names, types and keys tell of.
#[derive(Debug, Clone)]
pub(super) struct Inferred {
    pub(super) child: ColumnSet,
    pub(super) parent: ColumnSet,
    pub(super) confidence: u16,
    pub(super) evidence: Vec<Evidence>,
    pub(super) alternatives: Vec<Alternative>,
}

/// The likeliest parent of each column that is not taken, where it is at least possible; in the order of the schema.
pub(super) fn infer(
    index: &Index<'_>,
    is_free: impl Fn(&Table, &Ident) -> bool,
    is_allowed: impl Fn(&ColumnSet, &ColumnSet) -> bool,
) -> Vec<Inferred> {
    let precedents = candidates::precedents(index);
    let mut inferred = Vec::new();
    for (table, names) in index.tables.iter().enumerate() {
        let table_itself = names.table;
        if !table_itself.audited || !table_itself.kind.holds_rows() || table_itself.partition_of.is_some() {
            continue;
        }
        let indexed = Indexed::read(table_itself);
        for (position, column) in names.columns.iter().enumerate() {
            if !is_free(table_itself, &column.column.name) {
                continue;
            }
            let child = Child {
                table,
                position,
                names,
                column,
            };
            let ends = ColumnSet::new(table_itself.name.clone(), vec![column.column.name.clone()]);
            let found = naming::candidates(index, &precedents, child)
                .into_iter()
                .filter_map(|candidate| {
                    let parent = candidates::parent(index, &candidate)?;
                    is_allowed(&ends, &parent).then(|| rate(index, &precedents, child, &indexed, &candidate, parent))
                })
                .collect();
            inferred.extend(choose(ends, found));
        }
    }
    without_circles(inferred)
}

/// Of two columns that would each reference the other only the surer one does, and none where neither is.
fn without_circles(inferred: Vec<Inferred>) -> Vec<Inferred> {
    let found: BTreeMap<(&ColumnSet, &ColumnSet), u16> = inferred
        .iter()
        .map(|relation| ((&relation.child, &relation.parent), relation.confidence))
        .collect();
    let kept: Vec<bool> = inferred
        .iter()
        .map(|relation| {
            let back = found.get(&(&relation.parent, &relation.child));
            back.is_none_or(|confidence| *confidence < relation.confidence)
        })
        .collect();
    let pairs = inferred.into_iter().zip(kept);
    pairs.filter_map(|(relation, keep)| keep.then_some(relation)).collect()
}

/// A candidate with everything that speaks for and against it.
struct Rated {
    parent: ColumnSet,
    evidence: Vec<Evidence>,
    log_odds: i32,
    same_namespace: bool,
}

fn choose(child: ColumnSet, mut found: Vec<Rated>) -> Option<Inferred> {
    found.sort_by(|one, other| {
        other
            .log_odds
            .cmp(&one.log_odds)
            .then(other.same_namespace.cmp(&one.same_namespace))
            .then(
                one.parent
                    .table
                    .table
                    .as_str()
                    .len()
                    .cmp(&other.parent.table.table.as_str().len()),
            )
            .then_with(|| one.parent.cmp(&other.parent))
    });
    let mut found = found.into_iter();
    let mut best = found.next()?;
    let rest: Vec<Rated> = found.collect();
    let rival = rest
        .iter()
        .find(|other| other.parent.table != best.parent.table && other.log_odds >= best.log_odds - CLOSE);
    if let Some(rival) = rival {
        best.evidence.push(Evidence {
            code: "ambiguous",
            detail: format!("it can nearly as well be {}", rival.parent),
            weight: vocabulary().weights.ambiguous,
        });
    }
    let confidence = score::confidence(score::log_odds(&best.evidence));
    if Tier::of(confidence) == Tier::Weak {
        return None;
    }
    let alternatives = rest
        .iter()
        .filter(|other| other.log_odds > -2000)
        .take(ALTERNATIVES)
        .map(|other| Alternative {
            parent: other.parent.clone(),
            confidence: score::confidence(other.log_odds),
            why_not: why_not(&best, other),
        })
        .collect();
    Some(Inferred {
        child,
        parent: best.parent,
        confidence,
        evidence: best.evidence,
        alternatives,
    })
}

/// In one phrase what made the other win.
fn why_not(best: &Rated, other: &Rated) -> String {
    let naming = |rated: &Rated| rated.evidence.first().map_or(0, |reason| reason.weight);
    if naming(other) < naming(best) {
        return format!("its name fits less well than that of {}", best.parent.table);
    }
    let worst = other
        .evidence
        .iter()
        .filter(|reason| reason.weight < 0 && !best.evidence.iter().any(|known| known.code == reason.code))
        .min_by_key(|reason| reason.weight);
    match worst {
        Some(reason) => reason.detail.clone(),
        None if other.log_odds == best.log_odds => format!("as likely as {}, which comes first", best.parent.table),
        None => format!("more speaks for {}", best.parent.table),
    }
}

/// Which columns indexes begin with and hold.
struct Indexed<'s> {
    /// For each column in an index: whether it is the only or leading column, and of how many.
    places: BTreeMap<&'s Ident, Place>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Alone,
    First,
    InKey,
}

impl<'s> Indexed<'s> {
    fn read(table: &'s Table) -> Self {
        let mut places: BTreeMap<&Ident, Place> = BTreeMap::new();
        let mut add = |column: &'s Ident, place: Place| {
            places
                .entry(column)
                .and_modify(|known| *known = place.min(*known))
                .or_insert(place);
        };
        for index in table.indexes.iter().filter(|index| index.valid) {
            let alone = index.parts.len() == 1;
            if let Some(column) = index.parts.first().and_then(|part| part.column.as_ref()) {
                add(column, if alone { Place::Alone } else { Place::First });
            }
        }
        for key in &table.keys {
            for (position, column) in key.columns.iter().enumerate() {
                let place = match (key.columns.len(), position) {
                    (1, _) => Place::Alone,
                    (_, 0) => Place::First,
                    _ => Place::InKey,
                };
                add(column, place);
            }
        }
        Self { places }
    }
}

fn rate(
    index: &Index<'_>,
    precedents: &Precedents,
    child: Child<'_, '_>,
    indexed: &Indexed<'_>,
    candidate: &Candidate,
    parent: ColumnSet,
) -> Rated {
    let mut reasons = vec![candidate.naming.clone()];
    reasons.extend(candidate.evidence.iter().cloned());
    about_types(index, child, candidate, &mut reasons);
    about_child(child, indexed, candidate, &mut reasons);
    about_parent(index, child, candidate, &mut reasons);
    contradiction(precedents, child, candidate, &mut reasons);
    Rated {
        same_namespace: parent.table.namespace == child.names.table.name.namespace,
        parent,
        log_odds: score::log_odds(&reasons),
        evidence: reasons,
    }
}

fn push(reasons: &mut Vec<Evidence>, code: &'static str, weight: i32, detail: impl Into<String>) {
    reasons.push(Evidence {
        code,
        detail: detail.into(),
        weight,
    });
}

fn about_types(index: &Index<'_>, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Vec<Evidence>) {
    let weights = &vocabulary().weights;
    let key = index
        .table(candidate.table)
        .and_then(|names| names.column(candidate.key));
    let key_type = key.map_or("", |key| key.column.ty.declared.as_str());
    let own_type = child.column.column.ty.declared.as_str();
    let both = format!("{own_type} and {key_type}");
    match candidate.fit {
        Fit::Same => push(reasons, "type_same", weights.type_same, format!("both are {own_type}")),
        Fit::Length => push(
            reasons,
            "type_length",
            weights.type_text_length,
            format!("the lengths differ: {both}"),
        ),
        Fit::Width => push(
            reasons,
            "type_width",
            weights.type_width,
            format!("the widths differ: {both}"),
        ),
        Fit::Near => push(
            reasons,
            "type_near",
            weights.type_near,
            format!("the types differ: {both}"),
        ),
    }
}

fn about_child(child: Child<'_, '_>, indexed: &Indexed<'_>, candidate: &Candidate, reasons: &mut Vec<Evidence>) {
    let weights = &vocabulary().weights;
    let column = child.column.column;
    let is_own_key = child
        .names
        .keys
        .first()
        .is_some_and(|key| key.primary && key.column == child.position);
    if is_own_key {
        if candidate.naming.code != "shared_key" {
            push(reasons, "own_key", weights.own_key, "it is the key of its own table");
        }
    } else {
        match indexed.places.get(&column.name) {
            Some(Place::Alone) => push(reasons, "indexed", weights.indexed, "an index leads with it"),
            Some(Place::First) => push(
                reasons,
                "indexed",
                weights.index_member,
                "an index of several columns leads with it",
            ),
            Some(Place::InKey) => push(reasons, "indexed", weights.index_member, "it is part of a key"),
            None => {}
        }
        if !column.nullable {
            push(reasons, "required", weights.required, "it takes no null");
        }
    }
    let by_role = matches!(candidate.naming.code, "person_role" | "self_reference");
    if by_role && has_type_beside(child) {
        push(
            reasons,
            "type_beside",
            weights.type_beside,
            "a column beside it tells what kind of thing it points to",
        );
    }
    if candidate.generic {
        let detail = format!("`{}` can stand for many things", column.name);
        push(reasons, "generic_name", weights.generic_name, detail);
    }
}

/// Whether there is a `x_type` for a `x_id`.
fn has_type_beside(child: Child<'_, '_>) -> bool {
    let words = &vocabulary().polymorphic.r#type;
    stem::stems(&child.column.words).iter().any(|stem| {
        child.names.columns.iter().any(|other| {
            other
                .words
                .split_last()
                .is_some_and(|(last, front)| words.has(last) && front == stem.words)
        })
    })
}

fn about_parent(index: &Index<'_>, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Vec<Evidence>) {
    let weights = &vocabulary().weights;
    let Some(names) = index.table(candidate.table) else {
        return;
    };
    let key = names.keys.iter().find(|key| key.column == candidate.key);
    if key.is_some_and(|key| key.primary) {
        push(
            reasons,
            "target_primary",
            weights.target_primary,
            "it is the parent's primary key",
        );
    } else {
        push(
            reasons,
            "target_unique",
            weights.target_unique,
            "it is a unique key and not the parent's primary key",
        );
    }
    let own_namespace = &child.names.table.name.namespace;
    if names.table.name.namespace == *own_namespace {
        if child.table != candidate.table {
            push(
                reasons,
                "same_namespace",
                weights.same_namespace,
                "both are in one namespace",
            );
        }
    } else {
        push(
            reasons,
            "other_namespace",
            weights.other_namespace,
            "they are in different namespaces",
        );
    }
    let in_group = names.group.is_some() && names.group == child.names.group;
    let extends = child.names.words.len() > names.words.len() && child.names.words.starts_with(&names.words);
    if (in_group || extends) && child.table != candidate.table {
        push(
            reasons,
            "same_group",
            weights.same_group,
            "the names of both tables begin alike",
        );
    }
    // A table whose own key is a reference holds more about the rows of another: that other one is meant.
    let is_extension = names
        .primary()
        .is_some_and(|key| index.names_another_table(&key.words, candidate.table) && !key.column.identity);
    if is_extension && child.table != candidate.table {
        push(
            reasons,
            "extension_target",
            weights.extension_target,
            "its rows only extend those of another table",
        );
    }
}

fn contradiction(precedents: &Precedents, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Vec<Evidence>) {
    let name = child.column.words.concat();
    let Some(Some((table, _))) = precedents.get(&name) else {
        return;
    };
    if *table != candidate.table && !vocabulary().generic_names.has(&name) && candidate.naming.code != "self_reference"
    {
        let detail = format!(
            "other columns called `{}` reference another table",
            child.column.column.name
        );
        push(reasons, "contradicted", vocabulary().weights.contradicted, detail);
    }
}
