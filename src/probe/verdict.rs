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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::probe::{Check, RelationProbe};
    use crate::relation::{Cardinality, Relation, RelationOrigin, Statement};
    use crate::schema::{ColumnSet, TableName};

    fn tier_after(origin: RelationOrigin, confidence: u16, counts: RelationCounts) -> Tier {
        let ends = |table: &str, column: &str| ColumnSet::new(TableName::bare(table), vec![column.into()]);
        let relation = Relation {
            child: ends("products", "units_on_order"),
            parent: ends("orders", "order_id"),
            cardinality: Cardinality::ManyToOne,
            optional: true,
            origins: BTreeSet::from([origin]),
            foreign_keys: Vec::new(),
            associations: Vec::new(),
            stated: Statement::default(),
            role: None,
            confidence,
            evidence: Vec::new(),
            alternatives: Vec::new(),
        };
        let mut relations = Relations {
            relations: vec![relation],
            ..Relations::default()
        };
        let probes = Probes {
            relations: vec![RelationProbe {
                method: "anti_join",
                outcome: Check::Done(Some(counts)),
            }],
            ..Probes::default()
        };
        weigh(&mut relations, &probes);
        relations.relations[0].tier()
    }

    /// Ten rows: three null, two sentinels, and so many of the other five without a parent.
    fn orphans(orphan_rows: u64) -> RelationCounts {
        RelationCounts {
            child_rows: 10,
            null_rows: 3,
            sentinel_rows: 2,
            orphan_rows,
            ..RelationCounts::default()
        }
    }

    #[test]
    fn a_guess_falls_where_more_than_half_of_its_keys_have_no_parent() {
        assert_eq!(tier_after(RelationOrigin::Inferred, 800, orphans(2)), Tier::Likely);
        assert_eq!(tier_after(RelationOrigin::Inferred, 800, orphans(3)), Tier::Weak);
        assert_eq!(tier_after(RelationOrigin::Inferred, 600, orphans(5)), Tier::Weak);
    }

    #[test]
    fn what_is_strong_or_stated_stands() {
        assert_eq!(tier_after(RelationOrigin::Inferred, 950, orphans(5)), Tier::Strong);
        assert_eq!(tier_after(RelationOrigin::Config, 1000, orphans(5)), Tier::Declared);
    }
}
