//! What the rows say of relations that were only guessed.

use crate::relation::{Evidence, Relations, Tier};

use super::facts::{Probes, RelationCounts};

/// What a guess is worth whose rows mostly point nowhere, in thousandths: it stays in sight, and no rule builds on it.
const REFUTED: u16 = 50;

/// What the rows take off the log-odds, in thousandths: half of the keys without a parent refutes a name
/// that was only likely.
const WEIGHT: i32 = -4000;

/// Lowers the confidence of guesses that the rows refute: where more than half of the rows that hold a key have one
/// without a parent. Names that were strong are not outvoted: there the orphans are the finding.
pub fn weigh(relations: &mut Relations, probes: &Probes) {
    for (relation, probe) in relations.relations.iter_mut().zip(&probes.relations) {
        let Some(Some(counts)) = probe.outcome.done() else {
            continue;
        };
        let keys = keyed_rows(counts);
        if !matches!(relation.tier(), Tier::Likely | Tier::Possible) || counts.orphan_rows * 2 <= keys {
            continue;
        }
        relation.confidence = REFUTED;
        relation.evidence.push(Evidence {
            code: "values",
            detail: format!(
                "{} of {keys} rows that hold a key have one without a parent",
                counts.orphan_rows
            ),
            weight: WEIGHT,
        });
    }
}

/// Rows that hold a key: neither null, nor a value that stands for "none".
fn keyed_rows(counts: &RelationCounts) -> u64 {
    counts
        .child_rows
        .saturating_sub(counts.null_rows)
        .saturating_sub(counts.sentinel_rows)
}
