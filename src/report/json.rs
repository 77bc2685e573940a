//! The report for programs. What it holds is promised: fields are added, never renamed, and `version` counts the
//! breaks of that promise.

mod document;

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::finding::Finding;
use crate::infer::{self, Reading};
use crate::probe::Sample;
use crate::relation::{Alternative, Cardinality, Evidence, ManyToMany, Relation, RelationOrigin};
use crate::schema::{ColumnSet, Declaration, Ident, Location, Note};

use super::outcome::{self, Checked, CheckedPair, Summary};
use super::{Report, SourceReport};
use document::{
    AlternativeEntry, AssociationEntry, Columns, CountsEntry, Document, EvidenceEntry, FindingEntry, LocationEntry,
    ManyToManyEntry, NotRunEntry, NoteEntry, PolymorphicChild, PolymorphicEntry, PolymorphicTargetEntry,
    PolymorphicValueEntry, ProbeEntry, Reads, RelationEntry, SampleEntry, Source, Tool,
};

/// The version of the promise.
pub(super) const VERSION: u32 = 1;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_document(&document(report), out)
}

/// Writes any value as a document that ends its last line.
pub(super) fn write_document<T: Serialize>(document: &T, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::other)?;
    writeln!(out, "{}", escape_controls(&text))
}

/// Escapes the control characters that JSON itself allows in a string (U+007F to U+009F), since some terminals obey
/// them. In serialised text they cannot stand anywhere but in a string.
fn escape_controls(text: &str) -> String {
    let is_rare_control = |character: char| character.is_control() && !character.is_ascii_whitespace();
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_rare_control(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn document<'a>(report: &'a Report<'a>) -> Document<'a> {
    Document {
        version: VERSION,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        sources: of_each(report, |_, source| {
            vec![Source {
                kind: source.info.kind,
                name: &source.info.name,
                server: &source.info.server,
            }]
        }),
        relations: of_each(report, |at, source| {
            let readings = infer::readings(source.schema, source.relations);
            let relations = source.relations.relations.iter().zip(readings);
            relations
                .map(|(relation, reading)| relation_entry(at, source, relation, reading))
                .collect()
        }),
        polymorphic: of_each(report, |at, source| {
            let pairs = outcome::polymorphic(source);
            pairs.iter().map(|pair| polymorphic_entry(at, pair)).collect()
        }),
        many_to_many: of_each(report, |at, source| {
            let links = source.relations.many_to_many.iter();
            links.filter_map(|link| many_to_many_entry(at, source, link)).collect()
        }),
        probes: of_each(report, |at, source| {
            let checked = outcome::relations(source);
            checked.iter().map(|checked| probe_entry(at, checked)).collect()
        }),
        findings: of_each(report, |at, source| {
            let findings = source.rules.findings.iter();
            findings.map(|finding| finding_entry(at, finding)).collect()
        }),
        not_run: of_each(report, not_run_entries),
        notes: of_each(report, |at, source| {
            source.notes.iter().map(|note| note_entry(at, note)).collect()
        }),
        summary: Summary::of(report),
    }
}

/// The entries of all sources, one source after the other.
fn of_each<'a, T>(report: &'a Report<'a>, entries: impl Fn(usize, &'a SourceReport<'a>) -> Vec<T>) -> Vec<T> {
    let sources = report.sources.iter().enumerate();
    sources.flat_map(|(at, source)| entries(at, source)).collect()
}

fn relation_entry<'a>(
    source: usize,
    report: &SourceReport<'a>,
    relation: &'a Relation,
    kind: Reading,
) -> RelationEntry<'a> {
    let foreign_key = relation.foreign_key(report.schema);
    RelationEntry {
        id: relation.id().to_string(),
        source,
        child: columns(&relation.child),
        parent: columns(&relation.parent),
        kind: kind.as_str(),
        cardinality: relation.cardinality.as_str(),
        optional: relation.optional,
        reads: Reads {
            child: "belongs_to",
            parent: match relation.cardinality {
                Cardinality::OneToOne => "has_one",
                Cardinality::ManyToOne => "has_many",
            },
        },
        origin: origins(&relation.origins),
        constraint: foreign_key.and_then(|key| key.name.as_ref()).map(Ident::as_str),
        associations: report
            .relations
            .declarations_of(relation)
            .map(association_entry)
            .collect(),
        tier: relation.tier().as_str(),
        confidence: thousandths(i32::from(relation.confidence)),
        evidence: relation.evidence.iter().map(evidence_entry).collect(),
        alternatives: relation.alternatives.iter().map(alternative_entry).collect(),
    }
}

fn association_entry(declared: &Declaration) -> AssociationEntry<'_> {
    AssociationEntry {
        framework: declared.framework,
        model: &declared.model,
        name: &declared.association.name,
        kind: declared.association.kind.as_str(),
        location: location(&declared.association.location),
    }
}

fn evidence_entry(evidence: &Evidence) -> EvidenceEntry<'_> {
    EvidenceEntry {
        code: evidence.code,
        detail: &evidence.detail,
        weight: thousandths(evidence.weight),
    }
}

fn alternative_entry(alternative: &Alternative) -> AlternativeEntry<'_> {
    AlternativeEntry {
        parent: columns(&alternative.parent),
        confidence: thousandths(i32::from(alternative.confidence)),
        why_not: &alternative.why_not,
    }
}

fn polymorphic_entry<'a>(source: usize, checked: &CheckedPair<'a>) -> PolymorphicEntry<'a> {
    let pair = checked.pair;
    PolymorphicEntry {
        source,
        child: PolymorphicChild {
            table: pair.child.to_string(),
            type_column: pair.type_column.as_str(),
            id_columns: names(&pair.id_columns),
        },
        targets: pair
            .targets
            .iter()
            .map(|target| PolymorphicTargetEntry {
                value: &target.value,
                parent: columns(&target.parent),
            })
            .collect(),
        origin: origins(&pair.origins),
        status: checked.status.map(outcome::Status::as_str),
        reason: checked.unchecked,
        values: checked
            .values
            .iter()
            .map(|value| {
                let status = outcome::value_status(value);
                PolymorphicValueEntry {
                    value: &value.value,
                    table: value.target.as_ref().map(|(parent, _)| parent.table.to_string()),
                    rows: value.rows,
                    orphan_rows: value.target.as_ref().and_then(|(_, orphans)| orphans.done().copied()),
                    status: status.as_str(),
                    reason: status.reason(),
                    samples: samples(&value.samples),
                }
            })
            .collect(),
    }
}

fn many_to_many_entry(source: usize, report: &SourceReport<'_>, link: &ManyToMany) -> Option<ManyToManyEntry> {
    let left = report.relations.relations.get(link.left)?;
    let right = report.relations.relations.get(link.right)?;
    Some(ManyToManyEntry {
        source,
        join_table: link.join_table.to_string(),
        left: left.parent.table.to_string(),
        right: right.parent.table.to_string(),
        unique_pair: link.unique_pair,
        origin: link.origin.as_str(),
        relations: [left.id().to_string(), right.id().to_string()],
    })
}

fn probe_entry<'a>(source: usize, checked: &Checked<'a>) -> ProbeEntry<'a> {
    let counts = checked.probe.and_then(|probe| probe.outcome.done()?.as_ref());
    ProbeEntry {
        relation: checked.relation.id().to_string(),
        source,
        status: checked.status.as_str(),
        reason: checked.status.reason(),
        method: checked.probe.map(|probe| probe.method),
        counts: counts.map_or_else(CountsEntry::default, |counts| CountsEntry {
            child_rows: Some(counts.child_rows),
            null_rows: Some(counts.null_rows),
            partly_null_rows: Some(counts.partly_null_rows),
            orphan_rows: Some(counts.orphan_rows),
            orphan_keys: Some(counts.orphan_keys),
            sentinel_rows: Some(counts.sentinel_rows),
            sentinel_keys: Some(counts.sentinel_keys),
            duplicate_rows: counts.duplicates.as_ref().map(|duplicates| duplicates.rows),
            duplicate_keys: counts.duplicates.as_ref().map(|duplicates| duplicates.keys),
            soft_deleted_parent_rows: counts.soft_deleted_parent_rows,
            samples: samples(&counts.samples),
        }),
        estimate: None,
    }
}

fn finding_entry(source: usize, finding: &Finding) -> FindingEntry<'_> {
    FindingEntry {
        rule: finding.rule,
        source,
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        subject: finding.subject.to_string(),
        relation: finding.relation.as_ref().map(ToString::to_string),
        message: &finding.message,
        count: finding.count,
        location: finding.location.as_ref().map(location),
        locations: finding.locations.iter().map(location).collect(),
        fingerprint: finding.fingerprint(),
        baseline: false,
        fix: finding.fix.as_deref(),
    }
}

/// Rules that did not run at all, then those of which some check did not run.
fn not_run_entries<'a>(source: usize, report: &'a SourceReport<'a>) -> Vec<NotRunEntry<'a>> {
    let whole = report.rules.not_run.iter().map(|rule| NotRunEntry {
        rule: rule.rule,
        source,
        reason: rule.reason.clone(),
    });
    let parts = outcome::unchecked_rules(report)
        .into_iter()
        .map(|unchecked| NotRunEntry {
            rule: unchecked.rule,
            source,
            reason: unchecked.reason,
        });
    whole.chain(parts).collect()
}

fn note_entry(source: usize, note: &Note) -> NoteEntry<'_> {
    NoteEntry {
        source,
        message: &note.message,
        location: note.location.as_ref().map(location),
    }
}

fn location(location: &Location) -> LocationEntry<'_> {
    LocationEntry {
        file: &location.file,
        line: location.line,
        column: location.column,
    }
}

fn columns(set: &ColumnSet) -> Columns<'_> {
    Columns {
        table: set.table.to_string(),
        columns: names(&set.columns),
    }
}

fn names(columns: &[Ident]) -> Vec<&str> {
    columns.iter().map(Ident::as_str).collect()
}

fn origins<'a>(origins: impl IntoIterator<Item = &'a RelationOrigin>) -> Vec<&'static str> {
    origins.into_iter().map(|origin| origin.as_str()).collect()
}

fn samples(samples: &[Sample]) -> Vec<SampleEntry<'_>> {
    samples
        .iter()
        .map(|sample| SampleEntry {
            key: sample
                .key
                .iter()
                .map(|(column, value)| (column.as_str(), value.as_str()))
                .collect(),
            rows: sample.rows,
        })
        .collect()
}

fn thousandths(value: i32) -> f64 {
    f64::from(value) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_reaches_the_output_raw() {
        let mut out = Vec::new();
        write_document(&"a\u{1b}[2J\u{7f}\u{9b}1m\n\tb", &mut out).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "\"a\\u001b[2J\\u007f\\u009b1m\\n\\tb\"\n");
        let read: String = serde_json::from_str(&text).expect("still JSON");
        assert_eq!(read, "a\u{1b}[2J\u{7f}\u{9b}1m\n\tb");
    }

    #[test]
    fn thousandths_have_at_most_three_decimals() {
        for value in [-4999, -1, 0, 1, 7, 333, 970, 999, 1000, 2101] {
            let text = serde_json::to_string(&thousandths(value)).expect("a number");
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            assert!(decimals <= 3, "{text}");
        }
    }
}
