//! The two ends of a relation, as something to compare by.

use crate::schema::{ColumnSet, Ident, TableName};

/// Which columns reference which: the same for `(a, b) → (x, y)` and `(b, a) → (y, x)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    child: TableName,
    parent: TableName,
    pairs: Vec<(Ident, Ident)>,
}

impl Ends {
    pub(super) fn new(child: &ColumnSet, parent: &ColumnSet) -> Self {
        let mut pairs: Vec<(Ident, Ident)> = child
            .columns
            .iter()
            .cloned()
            .zip(parent.columns.iter().cloned())
            .collect();
        pairs.sort();
        Self {
            child: child.table.clone(),
            parent: parent.table.clone(),
            pairs,
        }
    }
}
