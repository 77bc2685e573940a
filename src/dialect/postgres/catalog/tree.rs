//! Partitions and inheritance: which root, which parents, and what a root is in all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::schema::{TableKind, TableName};

use super::{Drafts, Oid};

/// PostgreSQL's unit of storage, unless it was built otherwise.
const PAGE_BYTES: u64 = 8192;

/// Fills in what depends on other tables: `partition_of`, `inherits`, and the rows and bytes of partition trees.
pub(super) fn settle(drafts: &mut Drafts, parents: &BTreeMap<Oid, Vec<Oid>>) {
    let names: BTreeMap<Oid, TableName> = drafts
        .iter()
        .map(|(oid, draft)| (*oid, draft.table.name.clone()))
        .collect();
    let partitions: BTreeSet<Oid> = drafts
        .iter()
        .filter(|(_, draft)| draft.is_partition)
        .map(|(oid, _)| *oid)
        .collect();
    let mut roots: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
    for (oid, draft) in drafts.iter_mut() {
        draft.table.size_bytes = Some(draft.pages.saturating_mul(PAGE_BYTES)).filter(|_| has_storage(draft.table.kind));
        if draft.is_partition {
            let root = ancestors(*oid, parents)
                .into_iter()
                .find(|above| !partitions.contains(above));
            draft.table.partition_of = root.and_then(|root| names.get(&root).cloned());
            if let Some(root) = root {
                roots.entry(root).or_default().push(*oid);
            }
        } else {
            draft.table.inherits = ancestors(*oid, parents)
                .into_iter()
                .filter_map(|above| names.get(&above).cloned())
                .collect();
        }
    }
    for (root, partitions) in roots {
        let leaves: Vec<_> = partitions
            .iter()
            .filter_map(|oid| drafts.get(oid))
            .filter(|draft| draft.table.kind != TableKind::Partitioned)
            .collect();
        let rows = leaves
            .iter()
            .filter_map(|draft| draft.table.estimated_rows)
            .reduce(u64::saturating_add);
        let bytes = leaves
            .iter()
            .filter_map(|draft| draft.table.size_bytes)
            .reduce(u64::saturating_add);
        if let Some(root) = drafts.get_mut(&root) {
            root.table.estimated_rows = rows;
            root.table.size_bytes = bytes;
        }
    }
}

fn has_storage(kind: TableKind) -> bool {
    matches!(kind, TableKind::Table | TableKind::MaterializedView)
}

/// All tables above this one, nearest first, each once.
fn ancestors(oid: Oid, parents: &BTreeMap<Oid, Vec<Oid>>) -> Vec<Oid> {
    let mut found = Vec::new();
    let mut next: VecDeque<Oid> = parents.get(&oid).cloned().unwrap_or_default().into();
    while let Some(above) = next.pop_front() {
        if !found.contains(&above) {
            found.push(above);
            next.extend(parents.get(&above).into_iter().flatten());
        }
    }
    found
}
