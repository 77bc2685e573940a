//! The shape of the report for programs: the fields, their names and their order.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::outcome::Summary;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) version: u32,
    pub(super) tool: Tool,
    pub(super) sources: Vec<Source<'a>>,
    pub(super) relations: Vec<RelationEntry<'a>>,
    pub(super) polymorphic: Vec<PolymorphicEntry<'a>>,
    pub(super) many_to_many: Vec<ManyToManyEntry>,
    pub(super) probes: Vec<ProbeEntry<'a>>,
    pub(super) findings: Vec<FindingEntry<'a>>,
    pub(super) not_run: Vec<NotRunEntry<'a>>,
    pub(super) notes: Vec<NoteEntry<'a>>,
    pub(super) summary: Summary,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) server: &'a str,
}

#[derive(Serialize)]
pub(super) struct Columns<'a> {
    pub(super) table: String,
    pub(super) columns: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct RelationEntry<'a> {
    pub(super) id: String,
    pub(super) source: usize,
    pub(super) child: Columns<'a>,
    pub(super) parent: Columns<'a>,
    pub(super) kind: &'static str,
    pub(super) cardinality: &'static str,
    pub(super) optional: bool,
    pub(super) reads: Reads,
    pub(super) origin: Vec<&'static str>,
    pub(super) constraint: Option<&'a str>,
    pub(super) associations: Vec<AssociationEntry<'a>>,
    pub(super) tier: &'static str,
    pub(super) confidence: f64,
    pub(super) evidence: Vec<EvidenceEntry<'a>>,
    pub(super) alternatives: Vec<AlternativeEntry<'a>>,
}

#[derive(Serialize)]
pub(super) struct Reads {
    pub(super) child: &'static str,
    pub(super) parent: &'static str,
}

#[derive(Serialize)]
pub(super) struct AssociationEntry<'a> {
    pub(super) framework: &'static str,
    pub(super) model: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: &'static str,
    pub(super) location: LocationEntry<'a>,
}

#[derive(Serialize)]
pub(super) struct EvidenceEntry<'a> {
    pub(super) code: &'static str,
    pub(super) detail: &'a str,
    pub(super) weight: f64,
}

#[derive(Serialize)]
pub(super) struct AlternativeEntry<'a> {
    pub(super) parent: Columns<'a>,
    pub(super) confidence: f64,
    pub(super) why_not: &'a str,
}

#[derive(Serialize)]
pub(super) struct PolymorphicEntry<'a> {
    pub(super) source: usize,
    pub(super) child: PolymorphicChild<'a>,
    pub(super) targets: Vec<PolymorphicTargetEntry<'a>>,
    pub(super) origin: Vec<&'static str>,
    pub(super) status: Option<&'static str>,
    pub(super) reason: Option<&'a str>,
    pub(super) values: Vec<PolymorphicValueEntry<'a>>,
}

#[derive(Serialize)]
pub(super) struct PolymorphicChild<'a> {
    pub(super) table: String,
    pub(super) type_column: &'a str,
    pub(super) id_columns: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct PolymorphicTargetEntry<'a> {
    #[serde(rename = "type")]
    pub(super) value: &'a str,
    #[serde(flatten)]
    pub(super) parent: Columns<'a>,
}

#[derive(Serialize)]
pub(super) struct PolymorphicValueEntry<'a> {
    #[serde(rename = "type")]
    pub(super) value: &'a str,
    pub(super) table: Option<String>,
    pub(super) rows: u64,
    pub(super) orphan_rows: Option<u64>,
    pub(super) status: &'static str,
    pub(super) reason: Option<&'a str>,
    pub(super) samples: Vec<SampleEntry<'a>>,
}

#[derive(Serialize)]
pub(super) struct ManyToManyEntry {
    pub(super) source: usize,
    pub(super) join_table: String,
    pub(super) left: String,
    pub(super) right: String,
    pub(super) unique_pair: bool,
    pub(super) origin: &'static str,
    pub(super) relations: [String; 2],
}

#[derive(Serialize)]
pub(super) struct ProbeEntry<'a> {
    pub(super) relation: String,
    pub(super) source: usize,
    pub(super) status: &'static str,
    pub(super) reason: Option<&'a str>,
    pub(super) method: Option<&'static str>,
    #[serde(flatten)]
    pub(super) counts: CountsEntry<'a>,
    /// No probe estimates: a count is exact, or the relation is not checked.
    pub(super) estimate: Option<u64>,
}

/// Null where nothing was counted.
#[derive(Serialize, Default)]
pub(super) struct CountsEntry<'a> {
    pub(super) child_rows: Option<u64>,
    pub(super) null_rows: Option<u64>,
    pub(super) partly_null_rows: Option<u64>,
    pub(super) orphan_rows: Option<u64>,
    pub(super) orphan_keys: Option<u64>,
    pub(super) sentinel_rows: Option<u64>,
    pub(super) sentinel_keys: Option<u64>,
    pub(super) duplicate_rows: Option<u64>,
    pub(super) duplicate_keys: Option<u64>,
    pub(super) soft_deleted_parent_rows: Option<u64>,
    pub(super) samples: Vec<SampleEntry<'a>>,
}

#[derive(Serialize)]
pub(super) struct SampleEntry<'a> {
    pub(super) key: BTreeMap<&'a str, &'a str>,
    pub(super) rows: u64,
}

#[derive(Serialize)]
pub(super) struct FindingEntry<'a> {
    pub(super) rule: &'static str,
    pub(super) source: usize,
    pub(super) severity: &'static str,
    pub(super) confidence: &'static str,
    pub(super) subject: String,
    pub(super) relation: Option<String>,
    pub(super) message: &'a str,
    pub(super) count: Option<u64>,
    pub(super) location: Option<LocationEntry<'a>>,
    pub(super) locations: Vec<LocationEntry<'a>>,
    pub(super) fingerprint: String,
    /// There are no baselines yet, so none holds it.
    pub(super) baseline: bool,
    pub(super) fix: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct LocationEntry<'a> {
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) column: u32,
}

#[derive(Serialize)]
pub(super) struct NotRunEntry<'a> {
    pub(super) rule: &'a str,
    pub(super) source: usize,
    pub(super) reason: String,
}

#[derive(Serialize)]
pub(super) struct NoteEntry<'a> {
    pub(super) source: usize,
    pub(super) message: &'a str,
    pub(super) location: Option<LocationEntry<'a>>,
}
