//! Two ways from one child to the same ancestor, which have to agree.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use super::stem::{self, Style};
use super::tokens::{self, Word};
use super::vocabulary::{Words, vocabulary};
use crate::relation::{Relation, Relations, Tier};
use crate::schema::{Ident, Schema, TableName};

/// Two ways from a child to the same ancestor, as indexes into [`Relations::relations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantPath {
    /// Child to ancestor.
    pub direct: usize,
    /// Child to parent.
    pub via: usize,
    /// Parent to ancestor.
    pub up: usize,
}

/// The pairs of ways that should lead to the same row: an order and its customer belong to one account. Each is the
/// direct relation from child to ancestor, the one from child to parent, and the one from parent to ancestor, as indexes
/// into [`Relations::relations`].
///
/// Two ways to the same table are common and need not agree: who wrote a comment and who wrote the post, the country
/// of an order and of its customer. So the ancestor must be a tenant by its name; or both columns are called the same,
/// and the ancestor's name is one of an owner, or the parent's own keys are unique only within it.
pub fn tenant_paths(schema: &Schema, relations: &Relations) -> Vec<TenantPath> {
    let sure = |relation: &&(usize, &Relation)| relation.1.tier() <= Tier::Likely && !relation.1.is_self_reference();
    let all: Vec<(usize, &Relation)> = relations.relations.iter().enumerate().collect();
    let mut by_child: BTreeMap<&TableName, Vec<(usize, &Relation)>> = BTreeMap::new();
    for entry in all.iter().filter(sure) {
        by_child.entry(&entry.1.child.table).or_default().push(*entry);
    }
    let common = names::common_prefixes(schema);
    let mut paths = Vec::new();
    for own in by_child.values() {
        for (direct_position, direct) in own {
            for (via_position, via) in own.iter().filter(|(_, via)| via.parent.table != direct.parent.table) {
                if is_enforced(via, direct) {
                    continue;
                }
                for (up_position, up) in by_child.get(&via.parent.table).into_iter().flatten() {
                    if up.parent == direct.parent && must_agree(schema, &common, direct, via, up) {
                        paths.push(TenantPath {
                            direct: *direct_position,
                            via: *via_position,
                            up: *up_position,
                        });
                    }
                }
            }
        }
    }
    paths.sort_unstable();
    paths
}

/// Whether the reference to the parent holds the direct columns too: then no row can disagree.
fn is_enforced(via: &Relation, direct: &Relation) -> bool {
    direct
        .child
        .columns
        .iter()
        .all(|column| via.child.columns.contains(column))
}

fn must_agree(schema: &Schema, common: &BTreeSet<Word>, direct: &Relation, via: &Relation, up: &Relation) -> bool {
    let words = vocabulary();
    let ancestor = tokens::words(direct.parent.table.table.as_str());
    let is = |known: &Words| {
        let shorter = ancestor
            .split_first()
            .filter(|(first, _)| common.contains(*first))
            .map(|(_, rest)| rest.concat());
        known.has(&ancestor.concat()) || shorter.is_some_and(|name| known.has(&name))
    };
    let columns = direct.child.columns.iter().chain(&up.child.columns);
    if is(&words.tenants.never) || columns.clone().any(is_audit) {
        return false;
    }
    let same_names = direct.child.columns.len() == up.child.columns.len()
        && direct
            .child
            .columns
            .iter()
            .zip(&up.child.columns)
            .all(|(one, other)| one.as_str().to_lowercase() == other.as_str().to_lowercase());
    if same_names {
        let by_name = is(&words.tenants.sure) || is(&words.tenants.by_same_name);
        return by_name || (via.role.is_none() && is_scope(schema, up));
    }
    is(&words.tenants.sure) && direct.role.is_none() && up.role.is_none()
}

/// Whether something in the parent, and not only a link to yet another table, is unique only within the ancestor.
fn is_scope(schema: &Schema, up: &Relation) -> bool {
    let is_key = |column: &Ident| {
        stem::stems(&tokens::words(column.as_str()))
            .iter()
            .any(|stem| stem.style == Style::Strong)
    };
    schema.table(&up.child.table).is_some_and(|table| {
        table.unique_column_sets().iter().any(|set| {
            up.child.columns.iter().all(|column| set.contains(&column))
                && set
                    .iter()
                    .any(|column| !up.child.columns.contains(column) && !is_key(column))
        })
    })
}

fn is_audit(column: &Ident) -> bool {
    let words = tokens::words(column.as_str());
    let known = &vocabulary().audit_columns;
    known.has(&words.concat()) || stem::stems(&words).iter().any(|stem| known.has(&stem.words.concat()))
}
