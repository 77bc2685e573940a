//! Why a column got its parent, or none.

use super::aliases::Index;
use super::resolve::Considered;
use super::{RowEvidence, Taken, Weights, considered, declared, polymorphic, score, stated, unresolved};
use crate::relation::Evidence;
use crate::schema::{ColumnSet, Schema, Stated};

/// A column and the parents that its name can mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The column.
    pub child: ColumnSet,
    /// The parents, best first; empty where the name means none.
    pub parents: Vec<ConsideredParent>,
    /// Why the table that the name means is none of them: its key is of another type. In one phrase.
    pub other_type: Option<String>,
}

/// A parent that a column's name can mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsideredParent {
    /// The key.
    pub parent: ColumnSet,
    /// What speaks for it and against it.
    pub evidence: Vec<Evidence>,
    /// What the evidence adds up to: log-odds in thousandths.
    pub log_odds: i32,
    /// How sure that is, in thousandths.
    pub confidence: u16,
}

/// What was considered for each column that no foreign key, no statement and no polymorphic pair holds; in the order of
/// the schema.
pub fn explain(schema: &Schema, stated: &Stated, weights: &Weights) -> Vec<Explanation> {
    explain_with_rows(schema, stated, weights, &RowEvidence::default())
}

/// The same, with what rows say.
pub fn explain_with_rows(schema: &Schema, stated: &Stated, weights: &Weights, rows: &RowEvidence) -> Vec<Explanation> {
    let mut known = declared::relations(schema);
    stated::add(schema, stated, &mut known);
    let index = Index::new(schema, weights);
    let taken = Taken::by(known.values().map(|relation| &relation.child));
    let polymorphic = polymorphic::pairs(schema, &index, stated, |table, column| taken.has(&table.name, column));
    considered(stated, &index, &polymorphic, &taken, rows)
        .into_iter()
        .map(|one| Explanation {
            other_type: other_type(&index, &one),
            child: one.child,
            parents: one
                .found
                .into_iter()
                .map(|rated| ConsideredParent {
                    parent: rated.parent,
                    confidence: score::confidence(rated.log_odds),
                    log_odds: rated.log_odds,
                    evidence: rated.evidence,
                })
                .collect(),
        })
        .collect()
}

fn other_type(index: &Index<'_>, one: &Considered) -> Option<String> {
    let (table, position) = one.place;
    let names = index.table(table)?;
    unresolved::other_type(index, names, table, names.column(position)?)
}
