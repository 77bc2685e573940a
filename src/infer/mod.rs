//! Schema → relations: what is declared, what is stated, and what names, types and keys tell. No I/O: what is to be asked of
//! rows ([`questions`]), others ask, and hand in as [`RowEvidence`].
//!
//! Foreign keys and the configuration go first. For each column that they leave, names give candidates (`naming`),
//! reasons for and against are added up as log-odds, and one parent wins (`resolve`). Words and weights are data:
//! `rules/_inference.yaml`.

mod abbreviations;
mod aliases;
mod candidates;
mod cardinality;
mod composite;
mod conventions;
mod declared;
mod ends;
mod explain;
mod finder;
mod hints;
mod join_table;
mod names;
mod naming;
mod polymorphic;
mod reading;
mod resolve;
mod role;
mod rows;
mod score;
mod self_reference;
mod soft_delete;
mod stated;
mod statistics;
mod stem;
mod tenant;
#[cfg(test)]
mod tests;
mod tokens;
mod unresolved;
mod vocabulary;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use crate::relation::{Polymorphic, Relation, RelationOrigin, Relations, Statement, Tier};
use crate::schema::{ColumnSet, Ident, Schema, Stated, Table, TableName};
use aliases::Index;
use ends::Ends;
use resolve::{Considered, Inferred};

pub use explain::{ConsideredParent, Explanation, explain, explain_with_rows};
pub use join_table::holds_only_the_pair;
pub use reading::{Reading, readings};
pub use rows::{Question, RowEvidence, Sample, questions, weigh_counts};
pub use self_reference::is_tree_reference;
pub use soft_delete::soft_delete_column;
pub use statistics::statistics_reason;
pub use tenant::{TenantPath, tenant_paths};
pub use vocabulary::{ExtraWords, add_words};
pub use weights::Weights;

/// Reads the words and weights, and makes the patterns of inflection: what the first call of [`relations`] would do.
pub fn prepare() {
    let _ = (
        vocabulary::vocabulary(),
        Weights::built_in(),
        tokens::singular("relations"),
    );
}

/// The relations of a schema.
///
/// Declared, stated and inferred ones are merged by their ends. A column that has a declared or stated parent gets no
/// inferred one, even where the declared one is missing. Inferred relations that are less than possible are left out.
pub fn relations(schema: &Schema, stated: &Stated) -> Relations {
    relations_by(schema, stated, Weights::built_in())
}

/// The same, with other weights.
pub fn relations_by(schema: &Schema, stated: &Stated, weights: &Weights) -> Relations {
    relations_with_rows(schema, stated, weights, &RowEvidence::default())
}

/// The same, with what rows say of the [`questions`]. Relations that names make possible and rows refute are kept, as
/// weak ones.
pub fn relations_with_rows(schema: &Schema, stated: &Stated, weights: &Weights, rows: &RowEvidence) -> Relations {
    let mut known = declared::relations(schema);
    stated::add(schema, stated, &mut known);
    let index = Index::new(schema, weights);
    let constrained = declared::children(schema);
    let taken = Taken::by(known.values().map(|relation| &relation.child).chain(&constrained));
    let polymorphic = polymorphic::pairs(schema, &index, stated, |table, column| taken.has(&table.name, column));
    let inferred = inferred(stated, &index, &polymorphic, &taken, &known, rows);
    for found in inferred {
        if let Some(child) = schema.table(&found.child.table) {
            known
                .entry(Ends::new(&found.child, &found.parent))
                .or_insert_with(|| relation(child, found));
        }
    }

    let mut relations: Vec<Relation> = known.into_values().collect();
    for relation in &mut relations {
        relation.role = role::role(&relation.child, &relation.parent);
    }
    relations.sort_by(|one, other| (&one.child, &one.parent).cmp(&(&other.child, &other.parent)));
    let many_to_many = join_table::many_to_many(schema, stated, &relations);
    let is_forbidden = |child: &ColumnSet| stated::forbids_all(stated, child);
    let unresolved = unresolved::columns(schema, &index, &relations, &polymorphic, is_forbidden);
    Relations {
        relations,
        polymorphic,
        many_to_many,
        unresolved,
        declarations: stated.declarations.clone(),
    }
}

/// What a value of a type column stands for, where the pair does not say so itself: the key of the table that the value
/// names (`Post`, `App\Models\Post`, `blog.post`, `posts`).
pub fn polymorphic_target(schema: &Schema, pair: &Polymorphic, value: &str) -> Option<ColumnSet> {
    polymorphic::target(schema, pair, value)
}

/// The columns that are in a relation already.
struct Taken<'a>(FxHashSet<(&'a TableName, &'a Ident)>);

impl<'a> Taken<'a> {
    fn by(ends: impl Iterator<Item = &'a ColumnSet>) -> Self {
        let columns = ends.flat_map(|end| end.columns.iter().map(|column| (&end.table, column)));
        Self(columns.collect())
    }

    fn has(&self, table: &TableName, column: &Ident) -> bool {
        self.0.contains(&(table, column))
    }
}

/// The parents that each column can mean that is in no relation yet.
fn considered(
    stated: &Stated,
    index: &Index<'_>,
    polymorphic: &[Polymorphic],
    taken: &Taken<'_>,
    rows: &RowEvidence,
) -> Vec<Considered> {
    let pairs: FxHashSet<(&TableName, &Ident)> = polymorphic
        .iter()
        .flat_map(|pair| pair.id_columns.iter().map(|column| (&pair.child, column)))
        .collect();
    let is_free =
        |table: &Table, column: &Ident| !taken.has(&table.name, column) && !pairs.contains(&(&table.name, column));
    let allows = |child: &ColumnSet, parent: &ColumnSet| stated::allows(stated, child, parent);
    let mut considered = resolve::consider(index, is_free, allows);
    rows::weigh(index, &mut considered, rows);
    considered
}

/// What names tell of the columns that are in no relation yet.
fn inferred(
    stated: &Stated,
    index: &Index<'_>,
    polymorphic: &[Polymorphic],
    taken: &Taken<'_>,
    known: &BTreeMap<Ends, Relation>,
    rows: &RowEvidence,
) -> Vec<Inferred> {
    let considered = considered(stated, index, polymorphic, taken, rows);
    let chosen = resolve::choose(considered);
    // What rows refute is told, and nothing builds on it.
    let is_possible = |found: &Inferred| Tier::of(found.confidence) != Tier::Weak;
    let (inferred, mut refuted): (Vec<Inferred>, Vec<Inferred>) = chosen.into_iter().partition(is_possible);
    let allows = |child: &ColumnSet, parent: &ColumnSet| stated::allows(stated, child, parent);
    let singles = inferred.iter().map(|found| &found.child);
    let references = Taken::by(singles.chain(known.values().map(|relation| &relation.child)));
    let is_reference = |table: usize, column: &Ident| {
        index
            .table(table)
            .is_some_and(|names| references.has(&names.table.name, column))
    };
    let declared = known
        .values()
        .map(|relation| (&relation.child.table, &relation.parent.table));
    let linked: FxHashSet<(&TableName, &TableName)> = inferred
        .iter()
        .map(|found| (&found.child.table, &found.parent.table))
        .chain(declared)
        .collect();
    let mut composites = composite::infer(index, is_reference);
    // A child that references the parent by one column has no need of a second way.
    composites.retain(|found| !linked.contains(&(&found.child.table, &found.parent.table)));
    composites.retain(|found| {
        let is_new = found
            .child
            .columns
            .iter()
            .any(|column| !taken.has(&found.child.table, column));
        is_new && allows(&found.child, &found.parent)
    });
    let (mut composites, mut refuted_composites) = rows::weigh_composites(composites, rows);
    let mut inferred = without_implied(inferred, &composites, known);
    inferred.append(&mut composites);
    inferred.append(&mut refuted);
    inferred.append(&mut refuted_composites);
    inferred
}

/// Leaves out what a reference by several columns implies: an order line's warehouse is that of its order, to which it
/// refers by warehouse and number.
fn without_implied(
    inferred: Vec<Inferred>,
    composites: &[Inferred],
    known: &BTreeMap<Ends, Relation>,
) -> Vec<Inferred> {
    let declared = known.values().map(|relation| (&relation.child, &relation.parent));
    if composites.is_empty() {
        return inferred;
    }
    let references: FxHashSet<(&ColumnSet, &ColumnSet)> = inferred
        .iter()
        .map(|found| (&found.child, &found.parent))
        .chain(declared)
        .collect();
    let mut by_column: BTreeMap<(&TableName, &Ident), Vec<(&Inferred, &Ident)>> = BTreeMap::new();
    for composite in composites {
        for (column, key) in composite.child.columns.iter().zip(&composite.parent.columns) {
            by_column
                .entry((&composite.child.table, column))
                .or_default()
                .push((composite, key));
        }
    }
    let is_implied = |found: &Inferred| {
        let Some(column) = found.child.columns.first() else {
            return false;
        };
        by_column.get(&(&found.child.table, column)).is_some_and(|ways| {
            ways.iter().any(|(composite, key)| {
                let middle = ColumnSet::new(composite.parent.table.clone(), vec![(*key).clone()]);
                middle.table != found.child.table && references.contains(&(&middle, &found.parent))
            })
        })
    };
    let kept: Vec<bool> = inferred.iter().map(|found| !is_implied(found)).collect();
    let pairs = inferred.into_iter().zip(kept);
    pairs.filter_map(|(found, keep)| keep.then_some(found)).collect()
}

fn relation(child: &Table, inferred: Inferred) -> Relation {
    debug_assert!(
        Tier::of(inferred.confidence) != Tier::Weak || rows::is_refuted(&inferred.evidence),
        "only relations that are at least possible are inferred, or those that rows refute"
    );
    Relation {
        cardinality: cardinality::of_keys(child, &inferred.child),
        optional: child.any_nullable(&inferred.child.columns),
        child: inferred.child,
        parent: inferred.parent,
        origins: BTreeSet::from([RelationOrigin::Inferred]),
        foreign_keys: Vec::new(),
        associations: Vec::new(),
        stated: Statement::default(),
        role: None,
        confidence: inferred.confidence,
        evidence: inferred.evidence,
        alternatives: inferred.alternatives,
    }
}
