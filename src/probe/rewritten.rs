//! What probes found in tables that another connection has truncated or rewritten meanwhile: nothing that can be relied
//! on, since such a table looks empty to those who began before (PostgreSQL manual, 13.6 "Caveats").

use std::collections::BTreeSet;

use crate::schema::{Schema, TableName};

use super::facts::{Check, Probes};
use super::{Subject, trusted};

pub(super) const REASON: &str =
    "another connection truncated or rewrote one of the tables during the audit: audit again";

/// Takes back what was found in these tables, in their partitions, and in the tables that they are partitions of.
pub(super) fn take_back(subject: &Subject<'_>, rewritten: &BTreeSet<TableName>, probes: &mut Probes) {
    let rewritten = with_roots(subject.schema, rewritten);
    if rewritten.is_empty() {
        return;
    }
    let relations = &subject.relations.relations;
    let in_doubt = |at: usize| {
        relations.get(at).is_some_and(|relation| {
            rewritten.contains(&relation.child.table) || rewritten.contains(&relation.parent.table)
        })
    };
    for (at, probe) in probes.relations.iter_mut().enumerate() {
        let read_rows = relations.get(at).is_some_and(|relation| !trusted(subject, relation));
        if read_rows && in_doubt(at) {
            doubt(&mut probe.outcome);
        }
    }
    for (pair, probe) in subject.relations.polymorphic.iter().zip(&mut probes.polymorphic) {
        let targets = probe.outcome.done().into_iter().flatten();
        let mut tables = targets.filter_map(|value| value.target.as_ref().map(|(parent, _)| &parent.table));
        if rewritten.contains(&pair.child) || tables.any(|table| rewritten.contains(table)) {
            doubt(&mut probe.outcome);
        }
    }
    for probe in &mut probes.tenants {
        if [probe.direct, probe.via, probe.up].into_iter().any(in_doubt) {
            doubt(&mut probe.outcome);
        }
    }
    for probe in &mut probes.cycles {
        if in_doubt(probe.relation) {
            doubt(&mut probe.outcome);
        }
    }
}

/// The rows of a partition are rows of its root too, and those of an heir are rows of what it inherits from.
pub(super) fn with_roots(schema: &Schema, rewritten: &BTreeSet<TableName>) -> BTreeSet<TableName> {
    let above = rewritten
        .iter()
        .filter_map(|name| schema.table(name))
        .flat_map(|table| table.partition_of.iter().chain(&table.inherits));
    above.chain(rewritten).cloned().collect()
}

fn doubt<T>(outcome: &mut Check<T>) {
    if outcome.done().is_some() {
        *outcome = Check::NotChecked(REASON.to_owned());
    }
}
