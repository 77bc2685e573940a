//! What the rows, all counted, say of relations that were only guessed.

use crate::infer;
use crate::relation::Relations;

use super::facts::{Probes, RelationCounts};

/// Lowers the confidence of guesses that the rows refute: where more than half of the rows that hold a key have one
/// without a parent. Guesses that a sample or statistics refuted and the rows do not are as good as their names again.
pub fn weigh(relations: &mut Relations, probes: &Probes) {
    for (relation, probe) in relations.relations.iter_mut().zip(&probes.relations) {
        if let Some(Some(counts)) = probe.outcome.done() {
            infer::weigh_counts(relation, keyed_rows(counts), counts.orphan_rows);
        }
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
    use crate::relation::{Cardinality, Evidence, Relation, RelationOrigin, Statement, Tier};
    use crate::schema::{ColumnSet, TableName};

    /// What names weigh, and how sure that is.
    type Names = (i32, u16);
    const STRONG: Names = (2900, 947);
    const LIKELY: Names = (1400, 802);
    const POSSIBLE: Names = (400, 598);

    /// `sampled` is what a sample weighed before.
    fn tier_after(
        origin: RelationOrigin,
        (names, confidence): Names,
        sampled: Option<i32>,
        counts: RelationCounts,
    ) -> Tier {
        let reason = |code, weight| {
            let detail = "".into();
            std::iter::once(Evidence { code, detail, weight })
        };
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
            confidence: if sampled.is_some() { 50 } else { confidence },
            evidence: reason("name_stem", names)
                .chain(sampled.into_iter().flat_map(|weight| reason("rows_refuted", weight)))
                .collect(),
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
        let guess = |names, orphan_rows| tier_after(RelationOrigin::Inferred, names, None, orphans(orphan_rows));
        assert_eq!(guess(LIKELY, 2), Tier::Likely);
        assert_eq!(guess(LIKELY, 3), Tier::Weak);
        assert_eq!(guess(POSSIBLE, 5), Tier::Weak);
    }

    #[test]
    fn what_is_strong_or_stated_stands() {
        assert_eq!(
            tier_after(RelationOrigin::Inferred, STRONG, None, orphans(5)),
            Tier::Strong
        );
        assert_eq!(
            tier_after(RelationOrigin::Config, STRONG, None, orphans(5)),
            Tier::Declared
        );
    }

    #[test]
    fn rows_outvote_a_sample() {
        let sampled = |orphan_rows| tier_after(RelationOrigin::Inferred, LIKELY, Some(-5000), orphans(orphan_rows));
        assert_eq!(sampled(1), Tier::Likely);
        assert_eq!(sampled(4), Tier::Weak);
    }
}
