//! What a candidate is: a parent that a column can mean; and which columns can mean any.

use rustc_hash::FxHashMap;

use super::aliases::Index;
use super::names::{ColumnNames, TableNames};
use super::score::Fit;
use super::tokens::Word;
use super::weights::Weights;
use crate::relation::Evidence;
use crate::schema::{ColumnSet, Generated, Ident, TypeFamily};

/// A parent that a column can mean.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The parent, as an index into the tables.
    pub(super) table: usize,
    /// The key's position in it.
    pub(super) key: usize,
    pub(super) fit: Fit,
    /// The way of naming, and what of the name is missing.
    pub(super) naming: Naming,
    /// Whether the name alone stands for many things, and nothing qualifies it.
    pub(super) generic: bool,
    /// Another way of naming that leads to the same parent.
    pub(super) agreeing: Option<Evidence>,
}

/// How a name leads to a parent.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    /// The way of naming.
    pub(super) code: &'static str,
    /// In one phrase.
    pub(super) detail: String,
    /// What makes it weaker, each with its code.
    pub(super) but: Vec<(&'static str, &'static str)>,
}

impl Naming {
    /// What the name alone weighs.
    pub(super) fn weight(&self, weights: &Weights) -> i32 {
        weights.of(self.code) + self.but.iter().map(|(code, _)| weights.of(code)).sum::<i32>()
    }
}

/// The column that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child<'a, 's> {
    pub(super) table: usize,
    pub(super) position: usize,
    pub(super) names: &'a TableNames<'s>,
    pub(super) column: &'a ColumnNames<'s>,
}

/// Parents by the name of the column that a foreign key somewhere declares for them; `None` where they differ.
pub(super) type Precedents = FxHashMap<Word, Option<(usize, usize)>>;

/// The parents of foreign keys on one column, by the column's glued name.
pub(super) fn precedents(index: &Index<'_>) -> Precedents {
    let mut precedents = Precedents::default();
    for names in &index.tables {
        for foreign_key in &names.table.foreign_keys {
            let ([column], [key]) = (foreign_key.columns.as_slice(), foreign_key.parent_columns.as_slice()) else {
                continue;
            };
            let parent = index.position(&foreign_key.parent).and_then(|parent| {
                let columns = &index.table(parent)?.table.columns;
                Some((parent, columns.iter().position(|column| column.name == *key)?))
            });
            precedents
                .entry(super::tokens::glued(column.as_str()))
                .and_modify(|known| *known = known.filter(|known| Some(*known) == parent))
                .or_insert(parent);
        }
    }
    precedents
}

/// Whether a column can be a reference at all, whatever it is called.
pub(super) fn can_refer(column: &ColumnNames<'_>) -> bool {
    let family = column.column.ty.family;
    family.can_be_key()
        && family != TypeFamily::Enum
        && column
            .column
            .generated
            .is_none_or(|generated| generated == Generated::Stored)
        && !column.is_list
}

/// The columns of a candidate.
pub(super) fn parent(index: &Index<'_>, candidate: &Candidate) -> Option<ColumnSet> {
    let names = index.table(candidate.table)?;
    let key: Ident = names.column(candidate.key)?.column.name.clone();
    Some(ColumnSet::new(names.table.name.clone(), vec![key]))
}
