//! What a relation is, beyond how many children a parent can have: a tree, a shared key, a side of a join table.

use std::collections::{BTreeMap, BTreeSet};

use super::join_table::holds_only_the_pair;
use super::self_reference::is_tree_reference;
use super::stem;
use super::tokens;
use super::vocabulary::vocabulary;
use crate::relation::{Cardinality, Relation, Relations};
use crate::schema::{ColumnSet, Ident, Schema, Table, TableName};

/// What a relation is. A relation that is several of these is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Rows of one table that form a tree.
    Tree,
    /// Rows of one table that point at each other in another way.
    SelfReference,
    /// The child's primary key is the parent's, and other tables share it too: each holds one kind of the parent's rows.
    Inheritance,
    /// The child's primary key is the parent's: the child holds more about some of the parent's rows.
    Extension,
    /// A parent has at most one child.
    OneToOne,
    /// A side of a join table that holds nothing else.
    Join,
    /// A side of a join table that says more about the pair.
    JoinWithPayload,
    /// A parent has at most one child of each type, or in each tenant.
    ScopedOneToOne,
    /// Nothing of these.
    Reference,
}

impl Reading {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::SelfReference => "self_reference",
            Self::Inheritance => "inheritance",
            Self::Extension => "extension",
            Self::OneToOne => "one_to_one",
            Self::Join => "join",
            Self::JoinWithPayload => "join_with_payload",
            Self::ScopedOneToOne => "scoped_one_to_one",
            Self::Reference => "reference",
        }
    }
}

/// What each of the relations is, in their order.
pub fn readings(schema: &Schema, relations: &Relations) -> Vec<Reading> {
    let all = &relations.relations;
    let mut sharing: BTreeMap<&TableName, BTreeSet<&TableName>> = BTreeMap::new();
    for relation in all.iter().filter(|relation| shares_key(schema, relation)) {
        let children = sharing.entry(&relation.parent.table).or_default();
        children.insert(&relation.child.table);
    }
    let mut sides: BTreeMap<usize, Reading> = BTreeMap::new();
    for link in &relations.many_to_many {
        let (Some(left), Some(right)) = (all.get(link.left), all.get(link.right)) else {
            continue;
        };
        let Some(table) = schema.table(&link.join_table) else {
            continue;
        };
        let pair: Vec<Ident> = left.child.columns.iter().chain(&right.child.columns).cloned().collect();
        let side = if holds_only_the_pair(table, &pair) {
            Reading::Join
        } else {
            Reading::JoinWithPayload
        };
        sides.insert(link.left, side);
        sides.insert(link.right, side);
    }
    let reading = |(at, relation): (usize, &Relation)| {
        if relation.is_self_reference() {
            return if is_tree_reference(relation) {
                Reading::Tree
            } else {
                Reading::SelfReference
            };
        }
        if shares_key(schema, relation) {
            let siblings = sharing.get(&relation.parent.table).map_or(0, BTreeSet::len);
            return if siblings > 1 {
                Reading::Inheritance
            } else {
                Reading::Extension
            };
        }
        if relation.cardinality == Cardinality::OneToOne {
            return Reading::OneToOne;
        }
        let is_scoped = || {
            let table = schema.table(&relation.child.table);
            table.is_some_and(|table| is_unique_within_scope(table, relation))
        };
        match sides.get(&at) {
            Some(side) => *side,
            None if is_scoped() => Reading::ScopedOneToOne,
            None => Reading::Reference,
        }
    };
    all.iter().enumerate().map(reading).collect()
}

/// Whether the ends are the primary keys of both tables.
fn shares_key(schema: &Schema, relation: &Relation) -> bool {
    let is_primary = |end: &ColumnSet| {
        let key = schema.table(&end.table).and_then(Table::primary_key);
        key.is_some_and(|key| {
            key.columns.len() == end.columns.len() && key.columns.iter().all(|column| end.columns.contains(column))
        })
    };
    !relation.is_self_reference() && is_primary(&relation.child) && is_primary(&relation.parent)
}

/// Whether the columns are unique together with one more, which tells a type or a tenant.
fn is_unique_within_scope(table: &Table, relation: &Relation) -> bool {
    table.unique_column_sets().into_iter().any(|set| {
        let own = &relation.child.columns;
        let others: Vec<&Ident> = set.iter().copied().filter(|column| !own.contains(column)).collect();
        matches!(others.as_slice(), [other] if set.len() == own.len() + 1 && is_scope(other))
    })
}

fn is_scope(column: &Ident) -> bool {
    let known = vocabulary();
    let words = tokens::words(column.as_str());
    let is_type = words.last().is_some_and(|last| known.polymorphic.r#type.has(last));
    is_type
        || stem::stems(&words)
            .iter()
            .any(|stem| known.tenants.sure.has(&stem.name) || known.tenants.by_same_name.has(&stem.name))
}
