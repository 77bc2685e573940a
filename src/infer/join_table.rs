//! Many-to-many: tables whose two references are all that they are for.

use std::collections::BTreeSet;

use super::stated;
use super::tokens::{self, Word};
use super::vocabulary::vocabulary;
use crate::relation::{Cardinality, ManyToMany, Relation, RelationOrigin, Tier};
use crate::schema::{ColumnSet, Ident, Schema, Stated, Table, TableName};

/// The many-to-many links, in the order of their join tables. Stated ones always, whatever else the table holds.
pub(super) fn many_to_many(schema: &Schema, known: &Stated, relations: &[Relation]) -> Vec<ManyToMany> {
    let mut found: Vec<ManyToMany> = Vec::new();
    for link in &known.join_tables {
        let position = |end: &ColumnSet| relations.iter().position(|relation| same_columns(&relation.child, end));
        let (Some(left), Some(right)) = (position(&link.left), position(&link.right)) else {
            continue;
        };
        let Some(table) = schema.table(&link.left.table) else {
            continue;
        };
        found.push(ManyToMany {
            join_table: table.name.clone(),
            left,
            right,
            unique_pair: table.is_unique_key(&union(&link.left, &link.right)),
            origin: stated::origin(&link.by),
        });
    }
    let parents: BTreeSet<&TableName> = relations.iter().map(|relation| &relation.parent.table).collect();
    for table in schema.relation_tables() {
        if !found.iter().any(|link| link.join_table == table.name) {
            found.extend(inferred(table, relations, &parents));
        }
    }
    found.sort_by(|one, other| {
        (&one.join_table, one.left, one.right).cmp(&(&other.join_table, other.left, other.right))
    });
    found.dedup_by(|later, kept| {
        later.join_table == kept.join_table
            && BTreeSet::from([later.left, later.right]) == BTreeSet::from([kept.left, kept.right])
    });
    found
}

fn inferred(table: &Table, relations: &[Relation], parents: &BTreeSet<&TableName>) -> Option<ManyToMany> {
    let first = relations.partition_point(|relation| relation.child.table < table.name);
    let own = relations
        .iter()
        .enumerate()
        .skip(first)
        .take_while(|(_, relation)| relation.child.table == table.name);
    let references: Vec<(usize, &Relation)> = own
        .filter(|(_, relation)| relation.tier() <= Tier::Likely)
        // Who added the row is no side of the link.
        .filter(|(_, relation)| !relation.child.columns.iter().all(is_plain))
        .collect();
    let [(left, one), (right, other)] = references.as_slice() else {
        return None;
    };
    let pair = union(&one.child, &other.child);
    let nested = pair.len() == one.child.columns.len() || pair.len() == other.child.columns.len();
    // A child that has at most one row of a parent is no link between many and many.
    if nested || one.cardinality == Cardinality::OneToOne || other.cardinality == Cardinality::OneToOne {
        return None;
    }
    let unique_pair = table.is_unique_key(&pair);
    let is_self = one.is_self_reference() || other.is_self_reference();
    // What others refer to stands for itself: a copy of a film in a store.
    let is_entity = parents.contains(&table.name);
    if is_self || (!unique_pair && (table.any_nullable(&pair) || notes_happenings(table) || is_entity)) {
        return None;
    }
    (unique_pair || holds_only_the_pair(table, &pair) || is_named_after(table, one, other)).then(|| ManyToMany {
        join_table: table.name.clone(),
        left: *left,
        right: *right,
        unique_pair,
        origin: RelationOrigin::Inferred,
    })
}

/// Whether a table holds nothing of its own beside the pair: then a second row with the same pair says nothing new.
pub fn holds_only_the_pair(table: &Table, pair: &[Ident]) -> bool {
    table
        .columns
        .iter()
        .filter(|column| !pair.contains(&column.name))
        .all(|column| column.identity || column.generated.is_some() || is_plain(&column.name))
}

/// Whether the same two can well meet in it more than once: a log of clicks, and not a list of who likes what.
fn notes_happenings(table: &Table) -> bool {
    let words = tokens::words(table.name.table.as_str());
    words
        .last()
        .is_some_and(|word| vocabulary().join_tables.happenings.has(word))
}

fn is_plain(column: &Ident) -> bool {
    vocabulary().join_tables.plain.has(&tokens::glued(column.as_str()))
}

/// Whether the name is made of the two parents' names and nothing more: `posts_tags`, `TagPost`, `blog_post_tags`
/// between `blog_posts` and `tags`.
fn is_named_after(table: &Table, one: &Relation, other: &Relation) -> bool {
    if one.parent.table == other.parent.table {
        return false;
    }
    let words = tokens::words(table.name.table.as_str());
    let is_parent = |part: &[Word], relation: &Relation| {
        let parent = tokens::words(relation.parent.table.table.as_str());
        !part.is_empty() && parent.ends_with(part)
    };
    (1..words.len()).any(|cut| {
        let (front, back) = words.split_at(cut);
        (is_parent(front, one) && is_parent(back, other)) || (is_parent(front, other) && is_parent(back, one))
    })
}

fn union(left: &ColumnSet, right: &ColumnSet) -> Vec<Ident> {
    let columns: BTreeSet<&Ident> = left.columns.iter().chain(&right.columns).collect();
    columns.into_iter().cloned().collect()
}

fn same_columns(one: &ColumnSet, other: &ColumnSet) -> bool {
    let sorted = |set: &ColumnSet| set.columns.iter().cloned().collect::<BTreeSet<Ident>>();
    one.table == other.table && sorted(one) == sorted(other)
}
