//! The orphans of one relation: how many, of how many keys, and a few of the keys.

use crate::dialect::probe_sql::{self, Ends, SAMPLES};
use crate::dialect::{Dialect, QueryError, Session};

use super::facts::Sample;
use super::{count, counts, rows, samples};

/// The rows of a child that have a complete key and no parent row. Those whose key stands for "none" are counted apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Orphans {
    pub(super) rows: u64,
    pub(super) keys: u64,
    pub(super) sentinel_rows: u64,
    pub(super) sentinel_keys: u64,
    /// The first keys that stand for something, in key order.
    pub(super) samples: Vec<Sample>,
}

/// Looks for them. Where there are few keys, the statement that finds them is the only one; it costs as much as one that
/// counts.
pub(super) fn orphans(
    dialect: &dyn Dialect,
    ends: &Ends<'_>,
    session: &mut dyn Session,
) -> Result<Orphans, QueryError> {
    let found = rows(session, &probe_sql::orphan_keys(dialect, ends))?;
    let is_all = found.len() <= probe_sql::LISTED_KEYS;
    let mut orphans = Orphans::default();
    for row in found {
        let at = |index: usize| row.get(ends.child_columns.len() + index).and_then(Option::as_deref);
        let (rows, is_sentinel) = (count(at(0))?, count(at(1))? > 0);
        if is_sentinel {
            orphans.sentinel_rows += rows;
            orphans.sentinel_keys += 1;
            continue;
        }
        orphans.rows += rows;
        orphans.keys += 1;
        if orphans.samples.len() < SAMPLES {
            let texts = row.into_iter().map(Option::unwrap_or_default);
            let key = ends.child_columns.iter().cloned().zip(texts).collect();
            orphans.samples.push(Sample { key, rows });
        }
    }
    if is_all {
        return Ok(orphans);
    }
    let totals = counts(session, &probe_sql::orphans(dialect, ends))?;
    let at = |index: usize| totals.get(index).copied().unwrap_or(0);
    (orphans.rows, orphans.keys) = (at(0), at(1));
    (orphans.sentinel_rows, orphans.sentinel_keys) = (at(2), at(3));
    if orphans.samples.len() < SAMPLES && orphans.rows > 0 {
        orphans.samples = samples(session, &probe_sql::orphan_samples(dialect, ends), ends.child_columns)?;
    }
    Ok(orphans)
}
