//! What became of each check, counted: the one place that tells "ok" from "could not check".

use serde::Serialize;

use crate::finding::Severity;
use crate::probe::{Check, PolymorphicProbe, PolymorphicValue, Probes, RelationProbe};
use crate::relation::{Polymorphic, Relation};
use crate::rules::Rows;

use super::{Report, SourceReport};

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status<'a> {
    /// It ran, and the rows are as they are meant to be.
    Ok,
    /// It ran, and they are not.
    Violated,
    /// It did not run, for this reason.
    NotChecked(&'a str),
}

impl<'a> Status<'a> {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Violated => "violated",
            Self::NotChecked(_) => "not_checked",
        }
    }

    pub(super) fn reason(self) -> Option<&'a str> {
        match self {
            Self::NotChecked(reason) => Some(reason),
            Self::Ok | Self::Violated => None,
        }
    }
}

/// Should never be read: every relation has a probe. If one has none, it must not pass as ok.
const NO_PROBE: &str = "no probe ran";

/// A relation, what its rows said, and what that means.
pub(super) struct Checked<'a> {
    pub(super) relation: &'a Relation,
    pub(super) probe: Option<&'a RelationProbe>,
    pub(super) status: Status<'a>,
}

/// Every relation of a source with what became of its check; nothing where rows were not asked.
pub(super) fn relations<'a>(source: &SourceReport<'a>) -> Vec<Checked<'a>> {
    let Rows::Probed(probes) = source.rows else {
        return Vec::new();
    };
    let relations = source.relations.relations.iter().enumerate();
    relations
        .map(|(at, relation)| {
            let probe = probes.relations.get(at);
            let status = match probe.map(|probe| &probe.outcome) {
                Some(Check::Done(None)) => Status::Ok,
                Some(Check::Done(Some(counts))) if counts.is_clean() => Status::Ok,
                Some(Check::Done(Some(_))) => Status::Violated,
                Some(Check::NotChecked(reason)) => Status::NotChecked(reason),
                None => Status::NotChecked(NO_PROBE),
            };
            Checked {
                relation,
                probe,
                status,
            }
        })
        .collect()
}

/// A polymorphic pair, what its rows said, and what that means.
pub(super) struct CheckedPair<'a> {
    pub(super) pair: &'a Polymorphic,
    pub(super) values: &'a [PolymorphicValue],
    /// `None` where rows were not asked.
    pub(super) status: Option<Status<'a>>,
    /// Why some part of it could not be checked, whatever the other parts are like.
    pub(super) unchecked: Option<&'a str>,
}

/// Every polymorphic pair of a source.
pub(super) fn polymorphic<'a>(source: &SourceReport<'a>) -> Vec<CheckedPair<'a>> {
    let pairs = source.relations.polymorphic.iter().enumerate();
    pairs
        .map(|(at, pair)| match source.rows {
            Rows::Probed(probes) => checked_pair(pair, probes.polymorphic.get(at)),
            Rows::NotRead(_) => CheckedPair {
                pair,
                values: &[],
                status: None,
                unchecked: None,
            },
        })
        .collect()
}

fn checked_pair<'a>(pair: &'a Polymorphic, probe: Option<&'a PolymorphicProbe>) -> CheckedPair<'a> {
    let (values, mut unchecked): (&[PolymorphicValue], Option<&str>) = match probe.map(|probe| &probe.outcome) {
        Some(Check::Done(values)) => (values, None),
        Some(Check::NotChecked(reason)) => (&[], Some(reason)),
        None => (&[], Some(NO_PROBE)),
    };
    unchecked = unchecked.or_else(|| values.iter().find_map(|value| value_status(value).reason()));
    let violated = values.iter().any(|value| value_status(value) == Status::Violated);
    let status = match unchecked {
        _ if violated => Status::Violated,
        Some(reason) => Status::NotChecked(reason),
        None => Status::Ok,
    };
    CheckedPair {
        pair,
        values,
        status: Some(status),
        unchecked,
    }
}

/// What one type value of a polymorphic pair came to.
pub(super) fn value_status(value: &PolymorphicValue) -> Status<'_> {
    match &value.target {
        Some((_, Check::NotChecked(reason))) => Status::NotChecked(reason),
        Some((_, Check::Done(0))) => Status::Ok,
        None if value.rows == 0 => Status::Ok,
        Some((_, Check::Done(_))) | None => Status::Violated,
    }
}

/// A check that is not about a single relation and could not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UncheckedRule {
    /// The rule that needed it.
    pub(super) rule: &'static str,
    /// What should have been checked, and why it was not.
    pub(super) reason: String,
}

/// The checks of tenants and of cycles that could not run.
pub(super) fn unchecked_rules(source: &SourceReport<'_>) -> Vec<UncheckedRule> {
    let Rows::Probed(probes) = source.rows else {
        return Vec::new();
    };
    unchecked_tenants(source, probes)
        .chain(unchecked_cycles(source, probes))
        .collect()
}

fn unchecked_tenants<'a>(
    source: &'a SourceReport<'a>,
    probes: &'a Probes,
) -> impl Iterator<Item = UncheckedRule> + use<'a> {
    probes.tenants.iter().filter_map(|probe| {
        let reason = not_checked(&probe.outcome)?;
        Some(UncheckedRule {
            rule: "tenant_mismatch",
            reason: format!(
                "{} against {} through {}: {reason}",
                child_of(source, probe.direct),
                child_of(source, probe.up),
                child_of(source, probe.via)
            ),
        })
    })
}

fn unchecked_cycles<'a>(
    source: &'a SourceReport<'a>,
    probes: &'a Probes,
) -> impl Iterator<Item = UncheckedRule> + use<'a> {
    probes.cycles.iter().filter_map(|probe| {
        let reason = not_checked(&probe.outcome)?;
        Some(UncheckedRule {
            rule: "reference_cycle_in_rows",
            reason: format!("{}: {reason}", child_of(source, probe.relation)),
        })
    })
}

fn not_checked<T>(outcome: &Check<T>) -> Option<&str> {
    match outcome {
        Check::Done(_) => None,
        Check::NotChecked(reason) => Some(reason),
    }
}

fn child_of(source: &SourceReport<'_>, relation: usize) -> String {
    match source.relations.relations.get(relation) {
        Some(relation) => relation.child.to_string(),
        None => "a relation".to_owned(),
    }
}

/// The figures of one source, or of several together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Summary {
    /// Tables in which relations were looked for.
    pub(super) tables: usize,
    pub(super) relations: usize,
    /// Relations whose rows were read.
    pub(super) probed: usize,
    /// Relations that are in order, those of trusted constraints included.
    pub(super) ok: usize,
    pub(super) violated: usize,
    pub(super) not_checked: usize,
    pub(super) error: usize,
    pub(super) warning: usize,
    pub(super) note: usize,
    /// Findings that the configuration ignores.
    pub(super) ignored: usize,
    /// Everything that could not be checked: relations, polymorphic pairs, tenants, cycles.
    pub(super) unchecked: usize,
}

impl Summary {
    pub(super) fn of_source(source: &SourceReport<'_>) -> Self {
        let checked = relations(source);
        let with = |status: &str| {
            checked
                .iter()
                .filter(|relation| relation.status.as_str() == status)
                .count()
        };
        let findings = &source.rules.findings;
        let of = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let not_checked = with("not_checked");
        let pairs = polymorphic(source);
        Self {
            tables: source.schema.relation_tables().count(),
            relations: source.relations.relations.len(),
            probed: checked
                .iter()
                .filter_map(|relation| relation.probe?.outcome.done()?.as_ref())
                .count(),
            ok: with("ok"),
            violated: with("violated"),
            not_checked,
            error: of(Severity::Error),
            warning: of(Severity::Warning),
            note: of(Severity::Note),
            ignored: source.rules.ignored,
            unchecked: not_checked
                + pairs.iter().filter(|pair| pair.unchecked.is_some()).count()
                + unchecked_rules(source).len(),
        }
    }

    pub(super) fn of(report: &Report<'_>) -> Self {
        report
            .sources
            .iter()
            .map(Self::of_source)
            .fold(Self::default(), |sum, one| Self {
                tables: sum.tables + one.tables,
                relations: sum.relations + one.relations,
                probed: sum.probed + one.probed,
                ok: sum.ok + one.ok,
                violated: sum.violated + one.violated,
                not_checked: sum.not_checked + one.not_checked,
                error: sum.error + one.error,
                warning: sum.warning + one.warning,
                note: sum.note + one.note,
                ignored: sum.ignored + one.ignored,
                unchecked: sum.unchecked + one.unchecked,
            })
    }
}

/// How many relations, polymorphic pairs, tenant checks and cycle checks could not be checked. A run with any of them
/// is not clean, whatever it found.
pub fn unchecked(report: &Report<'_>) -> usize {
    Summary::of(report).unchecked
}
