//! How many children a parent can have, and whether a child may have no parent.

use crate::relation::Cardinality;
use crate::schema::{ColumnSet, RelationKind, Table};

/// What the child's keys tell: one to one only where its columns are exactly a key over all rows. A partial unique index
/// says it of some rows only, and a key with one more column says nothing.
pub(super) fn of_keys(child: &Table, columns: &ColumnSet) -> Cardinality {
    if child.is_unique_key(&columns.columns) {
        Cardinality::OneToOne
    } else {
        Cardinality::ManyToOne
    }
}

/// What is stated goes before what the keys tell.
pub(super) fn of(child: &Table, columns: &ColumnSet, stated: Option<RelationKind>) -> Cardinality {
    match stated {
        Some(RelationKind::HasOne) => Cardinality::OneToOne,
        Some(RelationKind::HasMany) => Cardinality::ManyToOne,
        None => of_keys(child, columns),
    }
}
