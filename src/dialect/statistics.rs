//! What a server's planner knows of columns, without reading any row.

use std::collections::BTreeMap;

use crate::schema::{Ident, TableName};

/// A column, by its table.
pub type ColumnKey = (TableName, Ident);

/// What is known of each column; columns of which nothing is known are not in it.
pub type Statistics = BTreeMap<ColumnKey, ColumnStatistics>;

/// What the planner knows of one column. All of it comes of samples, and is as old as the last ANALYZE.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnStatistics {
    /// Rows of the table.
    pub table_rows: u64,
    /// Distinct values, null aside.
    pub distinct: Option<u64>,
    /// How many of the rows hold null, in millionths.
    pub null_share: u32,
    /// Common values and how many of the rows hold each, in millionths. Only of whole numbers.
    pub common: Vec<(i128, u32)>,
    /// Values that divide the other rows into parts of about the same size, least first. Only of whole numbers.
    pub bounds: Vec<i128>,
    /// Whether the server says that few rows have changed since. False where it does not tell.
    pub fresh: bool,
}

const WHOLE: u64 = 1_000_000;

impl ColumnStatistics {
    /// The least and the greatest value that is known of.
    pub fn range(&self) -> Option<(i128, i128)> {
        let values = || {
            self.common
                .iter()
                .map(|(value, _)| *value)
                .chain(self.bounds.iter().copied())
        };
        Some((values().min()?, values().max()?))
    }

    /// How many of the rows that hold a value hold one outside of a range, in thousandths; `None` where that is not
    /// known.
    pub fn share_outside(&self, least: i128, greatest: i128) -> Option<u64> {
        self.range()?;
        let outside = |value: i128| value < least || value > greatest;
        let common: u64 = self.common.iter().map(|(_, share)| u64::from(*share)).sum();
        let common_outside: u64 = self
            .common
            .iter()
            .filter(|(value, _)| outside(*value))
            .map(|(_, share)| u64::from(*share))
            .sum();
        let others = if self.bounds.is_empty() {
            0
        } else {
            WHOLE.saturating_sub(common + u64::from(self.null_share))
        };
        let bounds_outside = self.bounds.iter().filter(|value| outside(**value)).count() as u64;
        let others_outside = others * bounds_outside / (self.bounds.len() as u64).max(1);
        let known = common + others;
        (known > 0).then(|| (common_outside + others_outside) * 1000 / known)
    }
}

#[cfg(test)]
mod tests {
    use super::ColumnStatistics;

    #[test]
    fn rows_outside_of_a_range_are_estimated_from_common_values_and_bounds() {
        let known = ColumnStatistics {
            null_share: 200_000,
            common: vec![(5, 300_000), (500, 100_000)],
            bounds: vec![1, 10, 100, 1000],
            ..ColumnStatistics::default()
        };
        assert_eq!(known.range(), Some((1, 1000)));
        // Of 0.8 rows that hold a value, 0.1 hold 500, and of the other 0.4 a quarter is above 500.
        assert_eq!(known.share_outside(1, 499), Some(250));
        assert_eq!(known.share_outside(1, 1000), Some(0));
        assert_eq!(known.share_outside(2000, 3000), Some(1000));
        assert_eq!(ColumnStatistics::default().share_outside(0, 1), None);
    }
}
