//! Counts of what was found and what was there.

use std::collections::BTreeSet;

use super::corpus::{Case, Pair};

/// What an inferrer proposes: pairs with a confidence in thousandths and the rule that gave them.
#[derive(Debug, Clone)]
pub(crate) struct Proposal {
    pub(crate) pair: Pair,
    pub(crate) confidence: u16,
    pub(crate) rule: &'static str,
}

/// How many were found, of how many proposed and how many there were.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) right: usize,
    pub(crate) proposed: usize,
    /// Those that were found among those that are there, where the truth is incomplete too.
    pub(crate) found: usize,
    pub(crate) truth: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.right += other.right;
        self.proposed += other.proposed;
        self.found += other.found;
        self.truth += other.truth;
    }

    pub(crate) fn precision(self) -> f64 {
        ratio(self.right, self.proposed)
    }

    pub(crate) fn recall(self) -> f64 {
        ratio(self.found, self.truth)
    }

    pub(crate) fn f1(self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of columns are far below 2^52")]
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Counts of one case, strictly by column and by table, among proposals that are at least so sure.
pub(crate) fn counts(case: &Case, proposals: &[Proposal], at_least: u16) -> (Counts, Counts) {
    let pairs: BTreeSet<&Pair> = proposals
        .iter()
        .filter(|found| found.confidence >= at_least)
        .map(|found| &found.pair)
        .collect();
    let strict = count(&pairs, &case.truth.iter().collect(), case.recall_only);
    let tables = |pairs: &BTreeSet<&Pair>| pairs.iter().map(|pair| pair.by_table()).collect::<BTreeSet<_>>();
    let by_table = count(&tables(&pairs), &tables(&case.truth.iter().collect()), case.recall_only);
    (strict, by_table)
}

fn count<T: Ord>(found: &BTreeSet<T>, truth: &BTreeSet<T>, recall_only: bool) -> Counts {
    let right = found.intersection(truth).count();
    Counts {
        right: if recall_only { 0 } else { right },
        proposed: if recall_only { 0 } else { found.len() },
        found: right,
        truth: truth.len(),
    }
}

/// Sums over cases: all pairs as one, and the mean of each schema's F1 where the truth is complete.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Total {
    pub(crate) micro: Counts,
    f1: f64,
    schemas: usize,
}

impl Total {
    pub(crate) fn add(&mut self, case: &Case, counts: Counts) {
        self.micro.add(counts);
        if !case.recall_only && !case.truth.is_empty() {
            self.f1 += counts.f1();
            self.schemas += 1;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of schemas is far below 2^52")]
    pub(crate) fn macro_f1(self) -> f64 {
        if self.schemas == 0 {
            0.0
        } else {
            self.f1 / self.schemas as f64
        }
    }
}
