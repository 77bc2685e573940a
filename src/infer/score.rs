//! Reasons → confidence. Whole numbers only, so that every platform gives the same.

use crate::relation::Evidence;
use crate::schema::{ColumnType, TypeFamily};

/// The logistic function in thousandths, at every 250 thousandths of log-odds from 0.
const LOGISTIC: [u16; 25] = [
    500, 562, 622, 679, 731, 777, 818, 852, 881, 905, 924, 940, 953, 963, 971, 977, 982, 986, 989, 991, 993, 995, 996,
    997, 998,
];
/// What the logarithm of a sum of two numbers is above that of the greater, in thousandths, at every 250 thousandths by
/// which their logarithms differ.
const SUM: [u16; 29] = [
    693, 576, 474, 387, 313, 252, 201, 160, 127, 100, 79, 62, 49, 38, 30, 23, 18, 14, 11, 9, 7, 5, 4, 3, 2, 2, 2, 1, 1,
];
const STEP: u32 = 250;
/// Names alone never make it surer than this.
const SUREST: u16 = 995;

/// How sure some log-odds are, both in thousandths.
pub(super) fn confidence(log_odds: i32) -> u16 {
    let magnitude = log_odds.unsigned_abs();
    let at = |step: u32| {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        u32::from(LOGISTIC.get(step).or(LOGISTIC.last()).copied().unwrap_or(SUREST))
    };
    let (low, high) = (at(magnitude / STEP), at(magnitude / STEP + 1));
    let sure = low + (high - low) * (magnitude % STEP) / STEP;
    let sure = u16::try_from(sure).unwrap_or(SUREST).min(SUREST);
    if log_odds < 0 { 1000 - sure } else { sure }
}

/// What other parents take from the log-odds of the best, by their own log-odds, all in thousandths: a column has one
/// parent or none, so the more there are and the likelier they are, the less is left for it.
pub(super) fn against_rivals(rivals: &[i32]) -> i32 {
    // That there is no parent at all has the log-odds 0.
    -rivals.iter().fold(0, |sum, rival| log_of_sum(sum, *rival))
}

/// ln(e^a + e^b), in thousandths.
fn log_of_sum(one: i32, other: i32) -> i32 {
    let apart = one.abs_diff(other);
    let at = |step: u32| {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        u32::from(SUM.get(step).copied().unwrap_or(0))
    };
    let (high, low) = (at(apart / STEP), at(apart / STEP + 1));
    let above = high - (high - low) * (apart % STEP) / STEP;
    one.max(other).saturating_add(i32::try_from(above).unwrap_or(0))
}

/// The log-odds of some reasons together, in thousandths.
pub(super) fn log_odds(evidence: &[Evidence]) -> i32 {
    evidence.iter().map(|reason| reason.weight).sum()
}

/// How well the type of a child's column fits that of the parent's key, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The same type.
    Same,
    /// The same kind of text or bytes, of another length.
    Length,
    /// Integers of another width or sign.
    Width,
    /// Different types that can hold the same keys.
    Near,
}

/// How well two types fit; `None` where values of the one are no keys of the other.
pub(super) fn fit(child: &ColumnType, parent: &ColumnType) -> Option<Fit> {
    use TypeFamily::{Any, Bytes, Decimal, Enum, Integer, Text, Uuid};
    let whole = |family| matches!(family, Integer { .. } | Decimal { scale: Some(0) | None });
    match (child.family, parent.family) {
        (Integer { .. }, Integer { .. }) if child.family == parent.family => Some(Fit::Same),
        (Integer { .. }, Integer { .. }) => Some(Fit::Width),
        (one, other) if whole(one) && whole(other) => Some(Fit::Near),
        (Uuid, Uuid) => Some(Fit::Same),
        (Text, Text) | (Bytes, Bytes) if child.length == parent.length => Some(Fit::Same),
        (Text, Text) | (Bytes, Bytes) => Some(Fit::Length),
        (Uuid, Text) => holds_uuid(parent),
        (Text, Uuid) => holds_uuid(child),
        (Enum, Enum) if child.labels == parent.labels => Some(Fit::Same),
        (Any, _) | (_, Any) => Some(Fit::Near),
        _ => None,
    }
}

fn holds_uuid(text: &ColumnType) -> Option<Fit> {
    text.length
        .is_none_or(|length| (32..=40).contains(&length))
        .then_some(Fit::Near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_follows_the_logistic_function() {
        for log_odds in (-6000..=6000_i32).step_by(10) {
            let exact = 1000.0 / (1.0 + (-f64::from(log_odds) / 1000.0).exp());
            let found = f64::from(confidence(log_odds));
            let expected = exact.clamp(5.0, 995.0);
            assert!(
                (found - expected).abs() <= 3.0,
                "{log_odds}: {found} and not {expected}"
            );
        }
        assert_eq!(confidence(0), 500);
        assert_eq!(confidence(i32::MIN), 5);
        assert_eq!(confidence(i32::MAX), 995);
    }

    #[test]
    fn rivals_take_their_share() {
        assert_eq!(against_rivals(&[]), 0);
        for rivals in [
            vec![0],
            vec![2000],
            vec![-3000],
            vec![1500, 1400],
            vec![5000, -5000, 300],
        ] {
            let sum: f64 = 1.0
                + rivals
                    .iter()
                    .map(|rival| (f64::from(*rival) / 1000.0).exp())
                    .sum::<f64>();
            let (found, exact) = (f64::from(against_rivals(&rivals)), -1000.0 * sum.ln());
            assert!((found - exact).abs() <= 20.0, "{rivals:?}: {found} and not {exact}");
        }
    }

    fn ty(family: TypeFamily, length: Option<u32>) -> ColumnType {
        ColumnType {
            declared: String::new(),
            base: String::new(),
            family,
            length,
            collation: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn only_types_that_hold_the_same_keys_fit() {
        let int = |bits| TypeFamily::Integer { bits, unsigned: false };
        let check = |child, parent, expected| assert_eq!(fit(&child, &parent), expected, "{child:?} {parent:?}");
        check(ty(int(64), None), ty(int(64), None), Some(Fit::Same));
        check(ty(int(32), None), ty(int(64), None), Some(Fit::Width));
        check(
            ty(TypeFamily::Text, Some(20)),
            ty(TypeFamily::Text, Some(30)),
            Some(Fit::Length),
        );
        check(
            ty(TypeFamily::Text, Some(36)),
            ty(TypeFamily::Uuid, None),
            Some(Fit::Near),
        );
        check(ty(TypeFamily::Text, Some(10)), ty(TypeFamily::Uuid, None), None);
        check(ty(TypeFamily::Text, None), ty(int(64), None), None);
        check(ty(int(64), None), ty(TypeFamily::Text, None), None);
        check(
            ty(TypeFamily::Decimal { scale: Some(0) }, None),
            ty(int(32), None),
            Some(Fit::Near),
        );
        check(ty(TypeFamily::Any, None), ty(int(64), None), Some(Fit::Near));
    }
}
