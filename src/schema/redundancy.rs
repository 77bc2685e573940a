//! Indexes that another index of their table makes useless.

use std::cmp::Reverse;

use super::{Ident, Index, IndexPart, Schema, Table};

/// An index that can go without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redundant<'t> {
    /// The index.
    pub index: &'t Index,
    /// The one that does all that it does, and stays.
    pub beside: &'t Index,
}

impl Schema {
    /// The indexes of a table that another one of it makes useless, in the order of their names.
    ///
    /// A B-tree finds and sorts by its leading columns as well as one on those alone (PostgreSQL manual, "Multicolumn
    /// Indexes"; MySQL manual, "Multiple-Column Indexes"), so that an index goes whose parts another one begins with. One
    /// that refuses rows goes only beside another one that refuses the same. Where anything is not known to be the same,
    /// nothing is said.
    pub fn redundant_indexes<'t>(&self, table: &'t Table) -> Vec<Redundant<'t>> {
        let goes = |index: &Index| {
            let others = table.indexes.iter();
            !self.is_needed(table, index)
                && others
                    .filter(|other| other.name != index.name)
                    .any(|other| replaces(table, other, index))
        };
        let (going, staying): (Vec<&Index>, Vec<&Index>) = table.indexes.iter().partition(|index| goes(index));
        let mut found: Vec<Redundant<'t>> = going
            .into_iter()
            .filter_map(|index| {
                let candidates = staying.iter().filter(|other| replaces(table, other, index));
                let beside = candidates.min_by_key(|other| rank(other))?;
                Some(Redundant { index, beside })
            })
            .collect();
        found.sort_by_key(|one| &one.index.name);
        found
    }

    /// Whether a foreign key may have been made for it: a server takes one of the unique indexes on the columns that are
    /// referenced, and files do not say which one.
    fn is_needed(&self, table: &Table, index: &Index) -> bool {
        let referenced = |columns: &[Ident]| {
            let held = |column: &Ident| index.parts.iter().any(|part| part.column.as_ref() == Some(column));
            columns.len() == index.parts.len() && columns.iter().all(held)
        };
        index.unique
            && index.constraint.is_none()
            && self
                .tables
                .values()
                .flat_map(|child| &child.foreign_keys)
                .any(|key| key.parent == table.name && referenced(&key.parent_columns))
    }
}

/// Whether one index does all that the other one does, and of two that do the same is the one to stay.
fn replaces(table: &Table, stays: &Index, goes: &Index) -> bool {
    does_all_of(table, stays, goes) && (!does_all_of(table, goes, stays) || rank(stays) < rank(goes))
}

/// Of those that do the same the first one stays.
fn rank(index: &Index) -> (Reverse<bool>, Reverse<bool>, usize, &Ident) {
    let parts = index.parts.len() + index.include.len();
    (Reverse(index.bound), Reverse(index.unique), parts, &index.name)
}

fn does_all_of(table: &Table, stays: &Index, goes: &Index) -> bool {
    let ordinary = |index: &Index| {
        let is_column = |part: &IndexPart| part.column.is_some() && part.expression.is_none();
        index.method == "btree"
            && index.valid
            && index.visible
            && !index.parts.is_empty()
            && index.parts.iter().all(is_column)
    };
    let carried = |column: &Ident| {
        let sorted = stays.parts.iter().any(|part| part.whole_column() == Some(column));
        sorted || stays.include.contains(column)
    };
    !goes.bound
        && ordinary(stays)
        && ordinary(goes)
        && stays.predicate == goes.predicate
        && stays.parts.starts_with(&goes.parts)
        && goes.include.iter().all(carried)
        && (!goes.unique || refuses_the_same(table, stays, goes))
}

fn refuses_the_same(table: &Table, stays: &Index, goes: &Index) -> bool {
    let can_wait = |key: &super::Key| key.deferrable && key.name.is_some() && key.name == stays.constraint;
    stays.unique
        && stays.parts.len() == goes.parts.len()
        && stays.nulls_not_distinct == goes.nulls_not_distinct
        && !table.keys.iter().any(can_wait)
}
