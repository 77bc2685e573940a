//! Foreign keys of which the role sees only some columns.
//!
//! MySQL 8.0 and newer leave the columns on which the role has no privilege out of `KEY_COLUMN_USAGE`, so that a foreign
//! key looks narrower than it is and would be probed as if it were. They do not leave them out of `STATISTICS`, and a
//! foreign key's columns are the first ones of an index (manual, "FOREIGN KEY Constraints").

use std::collections::BTreeMap;

use crate::schema::{Ident, Index, Table};

/// Referencing and referenced columns, by their position, which counts from 1.
pub(super) type ColumnPairs = BTreeMap<u32, (String, String)>;

/// All columns of a foreign key of which these are seen; `None` where they cannot be told.
pub(super) fn complete(seen: &ColumnPairs, child: &Table, parent: Option<&Table>) -> Option<ColumnPairs> {
    let has_no_gap = is_gapless(seen);
    let candidates: Vec<Vec<&Ident>> = child
        .indexes
        .iter()
        .filter_map(Index::whole_columns)
        .filter(|columns| fits(seen, columns, |pair| &pair.0))
        .collect();
    let goes_on_hidden = |columns: &&Vec<&Ident>| {
        let next = columns.get(seen.len());
        next.is_some_and(|name| child.column(name).is_none())
    };
    let has_index_of_its_own = candidates.iter().any(|columns| columns.len() == seen.len());
    if has_no_gap && (has_index_of_its_own || !candidates.iter().any(|columns| goes_on_hidden(&columns))) {
        return Some(seen.clone());
    }
    // Nothing is probed where the parent is out of sight.
    let Some(parent) = parent else {
        return has_no_gap.then(|| seen.clone());
    };
    candidates.iter().find_map(|columns| {
        let key = parent.keys.iter().find(|key| {
            let parents: Vec<&Ident> = key.columns.iter().collect();
            (seen.len() + 1..=columns.len()).contains(&parents.len()) && fits(seen, &parents, |pair| &pair.1)
        })?;
        let pairs = columns.iter().zip(&key.columns);
        Some(
            (1..)
                .zip(pairs.map(|(child, parent)| (child.as_str().to_owned(), parent.as_str().to_owned())))
                .collect(),
        )
    })
}

fn is_gapless(seen: &ColumnPairs) -> bool {
    seen.keys()
        .copied()
        .zip(1..)
        .all(|(position, expected)| position == expected)
}

/// Whether the columns have the seen ones at their positions.
fn fits(seen: &ColumnPairs, columns: &[&Ident], side: impl Fn(&(String, String)) -> &String) -> bool {
    seen.iter().all(|(position, pair)| {
        let at = usize::try_from(*position).unwrap_or(0).wrapping_sub(1);
        columns
            .get(at)
            .is_some_and(|column| column.as_str().to_lowercase() == side(pair).to_lowercase())
    })
}
