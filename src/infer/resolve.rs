//! One parent for each column: what speaks for and against each candidate, and which one wins.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::aliases::Index;
use super::candidates::{self, Candidate, Child, Precedents};
use super::conventions;
use super::naming;
use super::rows;
use super::score::{self, Fit};
use super::tokens;
use super::vocabulary::vocabulary;
use super::weights::Weights;
use crate::relation::{Alternative, Evidence, Tier};
use crate::schema::{self, ColumnSet, ColumnType, Ident, Table, TypeFamily};

/// How many runners-up are told.
const ALTERNATIVES: usize = 3;
/// A reason that weighs less, in thousandths, is not worth a word.
const TELLING: i32 = 20;

/// A relation that names, types and keys tell of.
#[derive(Debug, Clone)]
pub(super) struct Inferred {
    pub(super) child: ColumnSet,
    pub(super) parent: ColumnSet,
    pub(super) confidence: u16,
    pub(super) evidence: Vec<Evidence>,
    pub(super) alternatives: Vec<Alternative>,
}

/// A column and the parents that it can mean, best first.
#[derive(Debug)]
pub(super) struct Considered {
    pub(super) child: ColumnSet,
    /// Its table, as an index into the tables, and its position in it.
    pub(super) place: (usize, usize),
    pub(super) found: Vec<Rated>,
}

/// A candidate with everything that speaks for and against it.
#[derive(Debug)]
pub(super) struct Rated {
    pub(super) parent: ColumnSet,
    /// The parent's table, as an index into the tables, and the key's position in it.
    pub(super) place: (usize, usize),
    pub(super) evidence: Vec<Evidence>,
    pub(super) log_odds: i32,
    same_namespace: bool,
}

impl Rated {
    pub(super) fn new(parent: ColumnSet, place: (usize, usize), evidence: Vec<Evidence>, same_namespace: bool) -> Self {
        Self {
            log_odds: score::log_odds(&evidence),
            parent,
            place,
            evidence,
            same_namespace,
        }
    }

    /// Removes a reason.
    fn take_back(&mut self, code: &str) {
        self.evidence.retain(|reason| reason.code != code);
        self.log_odds = score::log_odds(&self.evidence);
    }

    /// Adds a reason.
    pub(super) fn add(&mut self, reason: Evidence) {
        self.log_odds += reason.weight;
        self.evidence.push(reason);
    }
}

/// The parents that each column that is not taken can mean; in the order of the schema.
pub(super) fn consider(
    index: &Index<'_>,
    is_free: impl Fn(&Table, &Ident) -> bool,
    is_allowed: impl Fn(&ColumnSet, &ColumnSet) -> bool,
) -> Vec<Considered> {
    let precedents = candidates::precedents(index);
    let mut considered = Vec::new();
    for (table, names) in index.tables.iter().enumerate() {
        let table_itself = names.table;
        if !table_itself.audited || !table_itself.kind.holds_rows() || names.is_part {
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
            considered.push(Considered {
                child: ends,
                place: (table, position),
                found: without_namesakes(found),
            });
        }
    }
    for one in &mut considered {
        one.rank();
    }
    conventions::apply(index, &mut considered, is_allowed);
    considered
}

/// Leaves out tables elsewhere that have a namesake beside the child: where databases are copies of each other, each is meant
/// for itself.
fn without_namesakes(found: Vec<Rated>) -> Vec<Rated> {
    let own: BTreeSet<Ident> = found
        .iter()
        .filter(|rated| rated.same_namespace)
        .map(|rated| rated.parent.table.table.clone())
        .collect();
    let is_meant = |rated: &Rated| rated.same_namespace || !own.contains(&rated.parent.table.table);
    found.into_iter().filter(is_meant).collect()
}

/// The likeliest parent of each column, where it is at least possible.
pub(super) fn choose(considered: Vec<Considered>) -> Vec<Inferred> {
    without_circles(considered.into_iter().filter_map(Considered::choose).collect())
}

/// Of two columns that would each reference the other only the surer one does, and none where neither is.
fn without_circles(inferred: Vec<Inferred>) -> Vec<Inferred> {
    let found: FxHashMap<(&ColumnSet, &ColumnSet), u16> = inferred
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

impl Considered {
    /// Puts the best first, and says so where the next is nearly as good.
    pub(super) fn rank(&mut self) {
        for rated in &mut self.found {
            rated.take_back("ambiguous");
        }
        self.found.sort_by(|one, other| {
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
        let Some((best, rest)) = self.found.split_first_mut() else {
            return;
        };
        let rivals: Vec<i32> = rest.iter().map(|other| other.log_odds).collect();
        let weight = score::against_rivals(&rivals);
        if let Some(rival) = rest.first().filter(|_| weight < -TELLING) {
            best.add(Evidence {
                code: "ambiguous",
                detail: format!("it can be {} too", rival.parent).into(),
                weight,
            });
        }
    }

    /// The best, if it is at least possible.
    fn choose(self) -> Option<Inferred> {
        let mut rest = self.found;
        let is_possible = |rated: &Rated| Tier::of(score::confidence(rated.log_odds)) != Tier::Weak;
        let at = if rest.first().is_some_and(is_possible) {
            0
        } else {
            rest.iter().position(|rated| rows::is_refuted(&rated.evidence))?
        };
        let best = rest.remove(at);
        let confidence = score::confidence(best.log_odds);
        let alternatives = rest
            .iter()
            .filter(|other| rows::by_names(&other.evidence) > -2000)
            .take(ALTERNATIVES)
            .map(|other| Alternative {
                parent: other.parent.clone(),
                confidence: score::confidence(other.log_odds),
                why_not: why_not(&best, other),
            })
            .collect();
        Some(Inferred {
            child: self.child,
            parent: best.parent,
            confidence,
            evidence: best.evidence,
            alternatives,
        })
    }
}

/// In one phrase what made the other win.
fn why_not(best: &Rated, other: &Rated) -> String {
    if let Some(by_rows) = rows::why_not(best, other) {
        return by_rows;
    }
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
        Some(reason) => reason.detail.to_string(),
        None if other.log_odds == best.log_odds => format!("as likely as {}, which comes first", best.parent.table),
        None => format!("more speaks for {}", best.parent.table),
    }
}

/// Which columns indexes begin with and hold.
struct Indexed<'s> {
    /// For each column in an index: whether it is the only or leading column, and of how many.
    places: BTreeMap<&'s Ident, Place>,
    /// The columns that lead an index whose name has `fk` in it.
    by_name: BTreeSet<&'s Ident>,
}

/// MySQL makes an index for each foreign key and names it after the key; it stays when the key is dropped.
fn says_foreign_key(index: &schema::Index) -> bool {
    let words = &vocabulary().foreign_key_words;
    tokens::words(index.name.as_str()).iter().any(|word| words.has(word))
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
        let mut by_name = BTreeSet::new();
        for index in table.indexes.iter().filter(|index| index.valid) {
            if says_foreign_key(index) {
                by_name.extend(index.parts.first().and_then(|part| part.column.as_ref()));
            }
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
        Self { places, by_name }
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
    let mut reasons = Reasons {
        weights: index.weights,
        found: Vec::new(),
    };
    reasons.add(candidate.naming.code, candidate.naming.detail.clone());
    for (code, detail) in &candidate.naming.but {
        reasons.add(code, *detail);
    }
    reasons.found.extend(candidate.agreeing.clone());
    about_types(index, child, candidate, &mut reasons);
    about_child(child, indexed, candidate, &mut reasons);
    about_parent(index, child, candidate, &mut reasons);
    contradiction(precedents, child, candidate, &mut reasons);
    Rated {
        same_namespace: parent.table.namespace == child.names.table.name.namespace,
        parent,
        place: (candidate.table, candidate.key),
        log_odds: score::log_odds(&reasons.found),
        evidence: reasons.found,
    }
}

/// What speaks for and against a parent, with what it weighs.
struct Reasons<'a> {
    weights: &'a Weights,
    found: Vec<Evidence>,
}

impl Reasons<'_> {
    fn add(&mut self, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.found.push(self.weights.reason(code, detail));
    }
}

fn about_types(index: &Index<'_>, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Reasons<'_>) {
    let key = index
        .table(candidate.table)
        .and_then(|names| names.column(candidate.key));
    let key_type = key.map_or("", |key| key.column.ty.declared.as_str());
    let own_type = child.column.column.ty.declared.as_str();
    let both = format!("{own_type} and {key_type}");
    match candidate.fit {
        Fit::Same => reasons.add("type_same", format!("both are {own_type}")),
        Fit::Length => reasons.add("type_length", format!("the lengths differ: {both}")),
        Fit::Width => reasons.add("type_width", format!("the widths differ: {both}")),
        Fit::Near => reasons.add("type_near", format!("the types differ: {both}")),
    }
}

fn about_child(child: Child<'_, '_>, indexed: &Indexed<'_>, candidate: &Candidate, reasons: &mut Reasons<'_>) {
    let column = child.column.column;
    let is_own_key = child
        .names
        .keys
        .first()
        .is_some_and(|key| key.primary && key.column == child.position);
    if is_own_key {
        if candidate.naming.code != "shared_key" {
            reasons.add("own_key", "it is the key of its own table");
        }
    } else {
        match indexed.places.get(&column.name) {
            Some(Place::Alone) => reasons.add("indexed", "an index leads with it"),
            Some(Place::First) => reasons.add("index_member", "an index of several columns leads with it"),
            Some(Place::InKey) => reasons.add("index_member", "it is part of a key"),
            None => {}
        }
        if indexed.by_name.contains(&column.name) {
            reasons.add(
                "index_named",
                "an index that leads with it says that it is for a foreign key",
            );
        }
        if !column.nullable {
            reasons.add("required", "it takes no null");
        }
        if child.names.table.primary_key().is_none() {
            reasons.add("keyless", "its table has no primary key");
        }
    }
    let by_role = matches!(
        candidate.naming.code,
        "person_role" | "agent" | "self_tree" | "self_other"
    );
    if by_role && has_type_beside(child) {
        reasons.add(
            "type_beside",
            "a column beside it tells what kind of thing it points to",
        );
    }
    if child
        .names
        .words
        .iter()
        .any(|word| vocabulary().tables.records.has(word))
    {
        reasons.add(
            "records",
            "its table records what was, and may outlive what it refers to",
        );
    }
    if candidate.generic {
        let detail = format!("`{}` can stand for many things", column.name);
        reasons.add("generic_name", detail);
    }
}

/// Whether there is a `x_type` for a `x_id`.
fn has_type_beside(child: Child<'_, '_>) -> bool {
    let words = &vocabulary().polymorphic.r#type;
    child.column.stems.iter().any(|stem| {
        child.names.columns.iter().any(|other| {
            other
                .words
                .split_last()
                .is_some_and(|(last, front)| words.has(last) && front == stem.words)
        })
    })
}

fn about_parent(index: &Index<'_>, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Reasons<'_>) {
    let Some(names) = index.table(candidate.table) else {
        return;
    };
    let key = names.keys.iter().find(|key| key.column == candidate.key);
    let column = names.column(candidate.key).map(|column| column.column);
    if column.is_some_and(|column| column.identity) {
        reasons.add(
            "target_numbered",
            "the parent numbers its rows, so that its keys mean nothing else",
        );
    }
    if column.is_some_and(|column| is_long_text(&column.ty)) {
        reasons.add(
            "text_key",
            "the parent's key is a text, which can be known elsewhere too",
        );
    }
    if key.is_some_and(|key| key.primary) {
        reasons.add("target_primary", "it is the parent's primary key");
    } else {
        reasons.add("target_unique", "it is a unique key and not the parent's primary key");
    }
    let own_namespace = &child.names.table.name.namespace;
    if names.table.name.namespace == *own_namespace {
        if child.table != candidate.table {
            reasons.add("same_namespace", "both are in one namespace");
        }
    } else {
        reasons.add("other_namespace", "they are in different namespaces");
    }
    let in_group = names.group.is_some() && names.group == child.names.group;
    let extends = child.names.words.len() > names.words.len() && child.names.words.starts_with(&names.words);
    if (in_group || extends) && child.table != candidate.table {
        reasons.add("same_group", "the names of both tables begin alike");
    }
    // A table whose own key is a reference holds more about the rows of another: that other one is meant.
    let is_extension = names
        .primary()
        .is_some_and(|key| index.names_another_table(&key.stems, candidate.table) && !key.column.identity);
    if is_extension && child.table != candidate.table {
        reasons.add("extension_target", "its rows only extend those of another table");
    }
}

/// Whether a key is neither a number nor a short code.
fn is_long_text(ty: &ColumnType) -> bool {
    ty.family == TypeFamily::Text && ty.length.is_none_or(|length| length >= 20)
}

fn contradiction(precedents: &Precedents, child: Child<'_, '_>, candidate: &Candidate, reasons: &mut Reasons<'_>) {
    let name = child.column.glued.as_str();
    let Some(Some((table, _))) = precedents.get(name) else {
        return;
    };
    if *table != candidate.table
        && !vocabulary().generic_names.has(name)
        && !matches!(candidate.naming.code, "self_tree" | "self_other")
    {
        let detail = format!(
            "other columns called `{}` reference another table",
            child.column.column.name
        );
        reasons.add("contradicted", detail);
    }
}
