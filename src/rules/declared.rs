//! Associations whose two ends do not meet, and those whose key is not where they say: told apart here once, so that one
//! fault is reported by one rule.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use crate::finding::{Confidence, MovedKey, Remedy};
use crate::relation::{Relation, Tier};
use crate::schema::{ColumnSet, Declaration, Declarations, Found, Ident, Joint, TableName};

/// Two ends of one relation that name different keys, as indexes into the associations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyMismatch {
    /// The end that is odd: its key is not in the database; where both are, that of the parent.
    pub(super) odd: usize,
    /// The other end.
    pub(super) other: usize,
    /// Whether a key is missing. Else both are there, and only the names tell that one relation is meant.
    pub(super) is_certain: bool,
}

/// An end that no other end of the same key answers.
struct Lonely {
    at: usize,
    columns: BTreeSet<Ident>,
    is_there: bool,
}

/// The reference that an association says to be: as it was found, or with a key that is not there.
pub(super) fn intended(declared: &Declaration) -> Option<&Joint> {
    match &declared.found {
        Found::Direct(joint) | Found::Reversed(joint) => Some(joint),
        Found::Missing(missing) => missing.key.as_ref(),
        _ => None,
    }
}

/// The remedy that moves a relation's key to the other table, if it is sure enough that the two are one link.
pub(super) fn moving(relation: &Relation, child: &ColumnSet, parent: &ColumnSet, confidence: Confidence) -> Remedy {
    if confidence < Confidence::High {
        return Remedy::Decide(
            "say in relaudit.yml which of the two keys is meant, by stating the one or with `kind: none` for the other",
        );
    }
    Remedy::MoveForeignKey(Box::new(MovedKey {
        from_child: relation.child.clone(),
        from_parent: relation.parent.clone(),
        to_child: child.clone(),
        to_parent: parent.clone(),
    }))
}

/// Pairs of ends that are meant to be one relation, and name different keys.
pub(super) fn key_mismatches(facts: &Facts<'_>) -> Vec<KeyMismatch> {
    let declarations = &facts.relations.declarations;
    let mut between: BTreeMap<(&TableName, &TableName), Vec<usize>> = BTreeMap::new();
    for (at, declared) in declarations.associations.iter().enumerate() {
        // What is declared the wrong way round is another fault.
        let is_reversed = matches!(declared.found, Found::Reversed(_));
        if let Some(joint) = intended(declared).filter(|_| !is_reversed) {
            let tables = (&joint.child.table, &joint.parent.table);
            between.entry(tables).or_default().push(at);
        }
    }
    let mut found: Vec<KeyMismatch> = between
        .into_values()
        .filter_map(|declared| mismatch(declarations, &declared))
        .collect();
    found.sort();
    found
}

/// The two ends between two tables that answer each other and name different keys. Where several could be meant, none is.
fn mismatch(declarations: &Declarations, between: &[usize]) -> Option<KeyMismatch> {
    let (children, parents) = (
        lonely(declarations, between, true),
        lonely(declarations, between, false),
    );
    let ([child], [parent]) = (children.as_slice(), parents.as_slice()) else {
        return None;
    };
    let declared = |end: &Lonely| declarations.associations.get(end.at);
    let (of_child, of_parent) = (declared(child)?, declared(parent)?);
    let answers = |one: &Declaration, other: &Declaration| {
        one.association.inverse.as_deref() == Some(other.association.name.as_str())
    };
    let are_named_for_each_other =
        answers(of_child, of_parent) || answers(of_parent, of_child) || (is_plain(of_child) && is_plain(of_parent));
    let is_certain = !(child.is_there && parent.is_there);
    if !is_certain && !are_named_for_each_other {
        return None;
    }
    let (odd, other) = if parent.is_there && !child.is_there {
        (child.at, parent.at)
    } else {
        (parent.at, child.at)
    };
    Some(KeyMismatch { odd, other, is_certain })
}

/// The ends of one side whose key no end of the other side names; several of one key are one.
fn lonely(declarations: &Declarations, between: &[usize], of_child: bool) -> Vec<Lonely> {
    let ends = || {
        between.iter().filter_map(|at| {
            let declared = declarations.associations.get(*at)?;
            let columns: BTreeSet<Ident> = intended(declared)?.child.columns.iter().cloned().collect();
            Some((*at, declared, columns))
        })
    };
    let mut found: Vec<Lonely> = Vec::new();
    for (at, declared, columns) in ends() {
        // What the framework makes of an end by itself (Sequelize 7's inverse) is no second opinion.
        let answered = ends()
            .any(|(_, other, key)| other.is_of_child() != of_child && key == columns && !other.association.implied);
        let known = found.iter().any(|end| end.columns == columns);
        let is_own = !declared.association.scoped && !declared.association.implied;
        if declared.is_of_child() == of_child && is_own && !answered && !known {
            found.push(Lonely {
                at,
                columns,
                is_there: matches!(declared.found, Found::Direct(_)),
            });
        }
    }
    found
}

/// Whether an association is called just after the model that it leads to: `posts` to `Post`, and not `drafts`.
pub(super) fn is_plain(declared: &Declaration) -> bool {
    let Some(target) = &declared.association.target else {
        return false;
    };
    let last = target.rsplit([':', '\\', '.']).next().unwrap_or(target);
    stem(&declared.association.name) == stem(last)
}

/// The relation the other way round, where an association puts its key on one table and the database has it on the
/// other.
pub(super) fn other_side<'a>(facts: &Facts<'a>, declared: &Declaration) -> Option<&'a Relation> {
    let meant = intended(declared)?;
    if meant.child.table == meant.parent.table {
        return None;
    }
    let reverse = facts.relations.relations.iter().filter(|relation| {
        relation.child.table == meant.parent.table
            && relation.parent.table == meant.child.table
            && relation.tier() <= Tier::Likely
            && (is_plain_key(meant) && declared.missing().is_some()
                // The same model knows that one already: then this is another link, by its name.
                || !facts.relations.declarations_of(relation).any(|other| other.table == declared.table))
    });
    let rank = |relation: &&Relation| {
        (
            !relation.is_constrained(),
            relation.role.is_some(),
            relation.child.clone(),
        )
    };
    reverse.min_by_key(rank)
}

/// Whether a key is called just after the table that it leads to: `address_id` to `addresses`, and not `home_address_id`.
fn is_plain_key(meant: &Joint) -> bool {
    let ([column], parent) = (meant.child.columns.as_slice(), &meant.parent) else {
        return false;
    };
    let name = letters(column.as_str());
    let table = stem(parent.table.table.as_str());
    let tails = parent
        .columns
        .iter()
        .map(|key| letters(key.as_str()))
        .chain(["id".to_owned()]);
    tails.into_iter().any(|tail| {
        let rest = name.strip_suffix(tail.as_str());
        rest.is_some_and(|rest| stem(rest) == table)
    })
}

fn letters(name: &str) -> String {
    let letters: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
    letters.to_lowercase()
}

/// A name without what tells one from many.
fn stem(name: &str) -> String {
    pluralizer::pluralize(&letters(name), 1, false)
}

/// For each relation the rows that reference something, and all of its rows, as far as they were counted.
pub(super) struct UsedRows<'a>(BTreeMap<(&'a ColumnSet, &'a ColumnSet), (u64, u64)>);

impl<'a> UsedRows<'a> {
    pub(super) fn new(facts: &Facts<'a>) -> Self {
        let counted = facts.counts().map(|(relation, counts)| {
            let none = counts.null_rows + counts.orphan_rows + counts.sentinel_rows;
            let used = counts.child_rows.saturating_sub(none);
            ((&relation.child, &relation.parent), (used, counts.child_rows))
        });
        Self(counted.collect())
    }

    pub(super) fn of(&self, child: &ColumnSet, parent: &ColumnSet) -> Option<(u64, u64)> {
        self.0.get(&(child, parent)).copied()
    }
}
