//! What the planner's statistics say of a parent: a reason against it, or nothing.

use super::rows;
use crate::dialect::ColumnStatistics;
use crate::relation::Evidence;

/// With fewer rows on either side, statistics tell nothing.
const FEW_ROWS: u64 = 10;

/// Why the keys of a child's column cannot be those of a parent's, where at least every second must be missing. Never a
/// reason for a parent: statistics come of samples, and numbers of one size are no proof.
pub fn statistics_reason(child: &ColumnStatistics, parent: &ColumnStatistics) -> Option<Evidence> {
    if child.table_rows < FEW_ROWS || parent.table_rows < FEW_ROWS {
        return None;
    }
    if let Some((least, greatest)) = parent.range()
        && let Some(outside) = child.share_outside(least, greatest)
        && outside > 500
    {
        // No numbers: they change with every ANALYZE, and what is reported should not.
        let detail = "by the planner's statistics most of its values lie outside of the range of the parent's";
        return Some(rows::reason("statistics_disjoint", detail.to_owned()));
    }
    let distinct = child.distinct?;
    (distinct >= parent.table_rows.saturating_mul(2)).then(|| {
        let detail = "by the planner's statistics it has more than twice as many values as the parent has rows";
        rows::reason("statistics_distinct", detail.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(table_rows: u64, distinct: u64, bounds: &[i128]) -> ColumnStatistics {
        ColumnStatistics {
            table_rows,
            distinct: Some(distinct),
            bounds: bounds.to_vec(),
            ..ColumnStatistics::default()
        }
    }

    fn code(child: &ColumnStatistics, parent: &ColumnStatistics) -> Option<&'static str> {
        statistics_reason(child, parent).map(|reason| reason.code)
    }

    #[test]
    fn only_what_is_clearly_false_has_a_reason_against_it() {
        let parent = known(1000, 1000, &[1, 500, 1000]);
        assert_eq!(code(&known(5000, 900, &[1, 400, 990]), &parent), None);
        assert_eq!(
            code(&known(5000, 900, &[5001, 5400, 5990]), &parent),
            Some("statistics_disjoint")
        );
        // A few that lie outside are orphans, or newer than the statistics of the parent.
        assert_eq!(code(&known(5000, 900, &[1, 10, 400, 990, 9000]), &parent), None);
        assert_eq!(
            code(&known(5000, 2000, &[]), &known(1000, 1000, &[])),
            Some("statistics_distinct")
        );
        assert_eq!(code(&known(5000, 1999, &[]), &known(1000, 1000, &[])), None);
        assert_eq!(code(&known(9, 9, &[50, 60]), &known(9, 9, &[1, 2])), None);
    }
}
