//! Chains of parents that never end.

use std::collections::BTreeMap;

use crate::dialect::probe_sql::{self, SAMPLES};
use crate::dialect::{QueryError, QueryFailure, Session};
use crate::schema::Ident;

use super::facts::{CycleCounts, Sample};
use super::unit::ends;
use super::{Subject, counts};

/// How many links are held in memory: about 100 bytes each.
const MOST_LINKS: usize = 5_000_000;

/// Looks for cycles in one self reference.
pub(super) fn probe(subject: &Subject<'_>, at: usize, session: &mut dyn Session) -> Result<CycleCounts, QueryError> {
    let ends = ends(subject, at)?;
    let dialect = subject.database.dialect();
    if let Some(sql) = probe_sql::links_not_downward(dialect, &ends)
        && counts(session, &sql)?.first() == Some(&0)
    {
        // Every parent has a smaller key than its child, so every chain comes to an end.
        return Ok(CycleCounts::default());
    }
    let mut links: BTreeMap<Key, Key> = BTreeMap::new();
    let mut too_many = false;
    let width = ends.child_columns.len();
    session.query(&probe_sql::links(dialect, &ends), &mut |row| {
        if links.len() >= MOST_LINKS {
            too_many = true;
            return;
        }
        let mut values: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        if values.len() == 2 * width {
            let own = values.split_off(width);
            links.insert(own.into(), values.into());
        }
    })?;
    if too_many {
        let reason = format!("more than {MOST_LINKS} linked rows");
        return Err(QueryError::new(QueryFailure::Other, reason));
    }
    Ok(cycles(&links, ends.parent_columns))
}

type Key = Box<[String]>;

/// The cycles of a graph in which every node has at most one successor. A row that is its own parent is counted apart.
fn cycles(links: &BTreeMap<Key, Key>, columns: &[Ident]) -> CycleCounts {
    let mut found = CycleCounts::default();
    let mut seen: BTreeMap<&Key, usize> = BTreeMap::new();
    for (walk, start) in links.keys().enumerate() {
        let mut at = start;
        while !seen.contains_key(at) {
            seen.insert(at, walk);
            let Some((_, next)) = links.get_key_value(at) else {
                break;
            };
            at = next;
        }
        if seen.get(at) != Some(&walk) || !links.contains_key(at) {
            continue;
        }
        let mut length = 1_u64;
        let mut smallest = at;
        let mut next = links.get(at);
        while let Some(key) = next.filter(|key| *key != at) {
            length += 1;
            smallest = smallest.min(key);
            next = links.get(key);
        }
        if length == 1 {
            found.own_parent_rows += 1;
        } else {
            found.cycles += 1;
            found.rows += length;
        }
        if found.samples.len() < SAMPLES {
            found.samples.push(Sample {
                key: columns.iter().cloned().zip(smallest.iter().cloned()).collect(),
                rows: length,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(id: u8) -> Key {
        Box::new([id.to_string()])
    }

    fn count(links: &[(u8, u8)]) -> CycleCounts {
        let links = links.iter().map(|(own, parent)| (key(*own), key(*parent))).collect();
        cycles(&links, &["id".into()])
    }

    #[test]
    fn chains_that_end_are_no_cycles() {
        assert_eq!(count(&[(2, 1), (3, 1), (4, 3)]), CycleCounts::default());
    }

    #[test]
    fn a_cycle_is_counted_once_with_its_rows_and_not_with_those_that_lead_to_it() {
        let found = count(&[(1, 2), (2, 3), (3, 1), (4, 3), (5, 4)]);
        assert_eq!((found.cycles, found.rows, found.own_parent_rows), (1, 3, 0));
        let sample = found.samples.first().map(|sample| (sample.key.clone(), sample.rows));
        assert_eq!(sample, Some((vec![("id".into(), "1".to_owned())], 3)));
    }

    #[test]
    fn a_row_that_is_its_own_parent_is_counted_apart() {
        let found = count(&[(1, 1), (2, 3), (3, 2)]);
        assert_eq!((found.cycles, found.rows, found.own_parent_rows), (1, 2, 1));
    }

    proptest! {
        /// The rows in cycles are those that come back to themselves.
        #[test]
        fn agrees_with_walking_from_every_row(parents in proptest::collection::vec(0_u8..24, 1..24)) {
            let links: Vec<(u8, u8)> = (0_u8..).zip(parents.iter().copied()).collect();
            let next = |at: u8| parents.get(usize::from(at)).copied();
            let returns = |start: u8| {
                let mut at = next(start);
                for _ in 0..parents.len() {
                    if at == Some(start) { return true; }
                    at = at.and_then(next);
                }
                false
            };
            let in_cycles = links.iter().filter(|(own, _)| returns(*own)).count() as u64;
            let found = count(&links);
            prop_assert_eq!(found.rows + found.own_parent_rows, in_cycles);
        }
    }
}
