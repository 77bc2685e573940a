//! References by several columns: a child that has all columns of a parent's composite key.

use rustc_hash::FxHashMap;

use super::aliases::Index;
use super::candidates;
use super::names::{ColumnNames, TableNames};
use super::resolve::Inferred;
use super::score::{self, Fit};
use super::stem::Style;
use super::tokens::{self, Word};
use super::vocabulary::vocabulary;
use crate::relation::Tier;
use crate::schema::{ColumnSet, Ident};

/// Keys of more columns are no references.
const MOST_COLUMNS: usize = 4;

/// The references by several columns that are at least possible.
///
/// Columns with the same names are not enough: brothers have them too. The parent must own a column of its key, which
/// `is_reference` (of table and column) tells, and the key or the child's name must name it.
pub(super) fn infer(index: &Index<'_>, is_reference: impl Fn(usize, &Ident) -> bool) -> Vec<Inferred> {
    let holders = Holders::read(index);
    let mut inferred: Vec<Inferred> = Vec::new();
    for (parent, names) in index.tables.iter().enumerate().filter(|(_, names)| names.is_target) {
        for key in composite_keys(names) {
            let owns = |column: &&ColumnNames<'_>| {
                let has_tail = column.own_stems().iter().any(|stem| stem.style != Style::Bare)
                    || (column.prefix > 0 && is_tail(column.own_words()));
                has_tail && !is_reference(parent, &column.column.name)
            };
            if !key.iter().any(owns) {
                continue;
            }
            for child in holders.rarest(&key) {
                if child != parent {
                    inferred.extend(relation(index, child, parent, &key));
                }
            }
        }
    }
    without_implied(best_of_each(index, inferred))
}

/// Whether the words are nothing but a tail: `d_id` without the prefix of its table.
fn is_tail(words: &[Word]) -> bool {
    let tails = &vocabulary().tails;
    matches!(words, [word] if tails.strong.has(word) || tails.weak.has(word))
}

/// Leaves out what a longer reference implies: an order line's district is that of its order.
fn without_implied(inferred: Vec<Inferred>) -> Vec<Inferred> {
    let implies = |longer: &Inferred, shorter: &Inferred| {
        longer.child.table == shorter.child.table
            && longer.child.columns.len() > shorter.child.columns.len()
            && shorter
                .child
                .columns
                .iter()
                .all(|column| longer.child.columns.contains(column))
    };
    let kept: Vec<bool> = inferred
        .iter()
        .map(|shorter| !inferred.iter().any(|longer| implies(longer, shorter)))
        .collect();
    inferred
        .into_iter()
        .zip(kept)
        .filter_map(|(found, keep)| keep.then_some(found))
        .collect()
}

/// One parent for each set of child columns; the surest, then the first.
///
/// Of parents that are as sure and share their key, that one is meant which has the most to say beside it.
fn best_of_each(index: &Index<'_>, mut inferred: Vec<Inferred>) -> Vec<Inferred> {
    let sorted = |set: &ColumnSet| {
        let mut columns = set.columns.clone();
        columns.sort();
        (set.table.clone(), columns)
    };
    // A table that only holds more about the rows of another has its key and little else.
    let columns = |set: &ColumnSet| {
        let names = index.position(&set.table).and_then(|table| index.table(table));
        names.map_or(0, |names| names.columns.len())
    };
    inferred.sort_by(|one, other| {
        sorted(&one.child)
            .cmp(&sorted(&other.child))
            .then(other.confidence.cmp(&one.confidence))
            .then_with(|| columns(&other.parent).cmp(&columns(&one.parent)))
            .then_with(|| name_length(&one.parent).cmp(&name_length(&other.parent)))
            .then_with(|| one.parent.cmp(&other.parent))
    });
    inferred.dedup_by(|later, kept| sorted(&later.child) == sorted(&kept.child));
    inferred
}

fn name_length(set: &ColumnSet) -> usize {
    set.table.table.as_str().len()
}

/// The tables that have a column of that name.
struct Holders {
    by_name: FxHashMap<Word, Vec<usize>>,
}

impl Holders {
    fn read(index: &Index<'_>) -> Self {
        let mut by_name: FxHashMap<Word, Vec<usize>> = FxHashMap::default();
        for (table, names) in index.tables.iter().enumerate() {
            let audited = names.table.audited && names.table.kind.holds_rows() && !names.is_part;
            for column in names.columns.iter().filter(|_| audited) {
                let mut add = |name: Word| {
                    let tables = by_name.entry(name).or_default();
                    if tables.last() != Some(&table) {
                        tables.push(table);
                    }
                };
                add(column.glued.clone());
                if column.prefix > 0 {
                    add(tokens::glue(column.own_words()));
                }
            }
        }
        Self { by_name }
    }

    /// The tables that have the column of the key that the fewest have.
    fn rarest(&self, key: &[&ColumnNames<'_>]) -> Vec<usize> {
        let holders = |column: &&ColumnNames<'_>| {
            let mut tables = Vec::new();
            for name in [column.glued.clone(), tokens::glue(column.own_words())] {
                tables.extend(self.by_name.get(&name).into_iter().flatten().copied());
            }
            tables.sort_unstable();
            tables.dedup();
            tables
        };
        key.iter().map(holders).min_by_key(Vec::len).unwrap_or_default()
    }
}

/// The composite keys of a table that can be referenced, of two to four columns, and that no shorter key makes pointless.
fn composite_keys<'a, 's>(names: &'a TableNames<'s>) -> Vec<Vec<&'a ColumnNames<'s>>> {
    names
        .table
        .unique_column_sets()
        .into_iter()
        .filter(|set| (2..=MOST_COLUMNS).contains(&set.len()))
        .filter_map(|set| {
            let columns: Vec<&ColumnNames<'s>> = set
                .iter()
                .filter_map(|name| names.columns.iter().find(|column| column.column.name == **name))
                .filter(|column| candidates::can_refer(column))
                .collect();
            (columns.len() == set.len()).then_some(columns)
        })
        .collect()
}

fn relation(index: &Index<'_>, child: usize, parent: usize, key: &[&ColumnNames<'_>]) -> Option<Inferred> {
    let (child_names, parent_names) = (index.table(child)?, index.table(parent)?);
    let mut columns = Vec::new();
    let mut evidence = vec![index.weights.reason(
        "composite_key",
        format!("it has all columns of a key of {}", parent_names.table.name),
    )];
    let mut worst = Fit::Same;
    for key_column in key {
        let (column, fit) = matching(child_names, key_column)?;
        worst = worst.max(fit);
        columns.push(column.column.name.clone());
    }
    let names_parent = |column: &&ColumnNames<'_>| {
        column
            .stems
            .iter()
            .any(|stem| stem.style != Style::Bare && index.is_wholly_called(parent, &stem.name))
    };
    let named_by_key = key
        .iter()
        .any(|column| names_parent(column) || is_named_by_prefix(child_names, column));
    let meaning = parent_names.meaning();
    let named_by_child =
        child_names.words.len() > meaning.len() && child_names.words.windows(meaning.len()).any(|part| part == meaning);
    // A child with the same key is a brother, unless its name says that it belongs to the parent.
    let is_brother = child_names.table.is_unique_key(&columns);
    if named_by_child || (named_by_key && !is_brother) {
        let detail = format!("names say that it belongs to {}", parent_names.table.name);
        evidence.push(index.weights.reason("composite_named", detail));
    } else if key.len() >= 3 && !is_brother && is_primary(parent_names, key) {
        evidence.push(
            index
                .weights
                .reason("composite_wide", "so many columns are not alike by chance"),
        );
    } else {
        return None;
    }
    if worst == Fit::Same {
        evidence.push(
            index
                .weights
                .reason("composite_type_same", "all columns have the same types".to_owned()),
        );
    } else {
        evidence.push(
            index
                .weights
                .reason("composite_type_near", "some types differ".to_owned()),
        );
    }
    let confidence = score::confidence(score::log_odds(&evidence));
    if Tier::of(confidence) == Tier::Weak {
        return None;
    }
    let keys = key.iter().map(|column| column.column.name.clone()).collect();
    Some(Inferred {
        child: ColumnSet::new(child_names.table.name.clone(), columns),
        parent: ColumnSet::new(parent_names.table.name.clone(), keys),
        confidence,
        evidence,
        alternatives: Vec::new(),
    })
}

fn is_primary(names: &TableNames<'_>, key: &[&ColumnNames<'_>]) -> bool {
    let primary = names
        .table
        .primary_key()
        .map(|key| key.columns.as_slice())
        .unwrap_or_default();
    primary.len() == key.len() && key.iter().all(|column| primary.contains(&column.column.name))
}

/// The child's column for one column of the key: the same name, or the same but for prefixes of the tables' columns.
fn matching<'a, 's>(child: &'a TableNames<'s>, key: &ColumnNames<'_>) -> Option<(&'a ColumnNames<'s>, Fit)> {
    let fits = |column: &&ColumnNames<'s>| score::fit(&column.column.ty, &key.column.ty);
    let mut found = child.columns.iter().filter(|column| {
        column.words == key.words
            || (column.prefix > 0
                && (column.own_words() == key.words || (key.prefix > 0 && column.own_words() == key.own_words())))
    });
    let column = found.next()?;
    // Two columns that can be meant: the name does not tell.
    let column = if found.next().is_some() {
        child
            .columns
            .iter()
            .find(|column| column.prefix > 0 && column.own_words() == key.words)?
    } else {
        column
    };
    Some((column, fits(&column)?))
}

/// Whether the child says the prefix of the parent's columns: `c_d_id` for `d_id`.
fn is_named_by_prefix(child: &TableNames<'_>, key: &ColumnNames<'_>) -> bool {
    key.prefix > 0
        && child
            .columns
            .iter()
            .any(|column| column.prefix > 0 && column.own_words() == key.words)
}
