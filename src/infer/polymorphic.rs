//! Polymorphic pairs: a type column that tells which table the id columns point into.

use std::collections::BTreeSet;

use super::aliases::Index;
use super::candidates;
use super::names::{self, ColumnNames, TableNames};
use super::score;
use super::stated::origin;
use super::stem::Style;
use super::tokens::{self, Word};
use super::vocabulary::vocabulary;
use crate::relation::{Polymorphic, PolymorphicTarget, RelationOrigin};
use crate::schema::{ColumnSet, Ident, Schema, Stated, Table, TypeFamily};

/// The polymorphic pairs of a schema, in order. `is_taken` tells the columns that a constraint or the configuration
/// already gives a parent.
pub(super) fn pairs(
    schema: &Schema,
    index: &Index<'_>,
    stated: &Stated,
    is_taken: impl Fn(&Table, &Ident) -> bool,
) -> Vec<Polymorphic> {
    let mut pairs: Vec<Polymorphic> = stated
        .polymorphic
        .iter()
        .map(|pair| from_statement(schema, pair))
        .collect();
    for names in &index.tables {
        let table = names.table;
        if !table.audited || !table.kind.holds_rows() || names.is_part {
            continue;
        }
        for (position, type_column) in names.columns.iter().enumerate() {
            let Some(id) = id_column(index, names, position) else {
                continue;
            };
            let id_columns = vec![id.column.name.clone()];
            let known = pairs.iter().any(|pair| {
                pair.child == table.name
                    && (pair.type_column == type_column.column.name || pair.id_columns.contains(&id.column.name))
            });
            if known || is_taken(table, &id.column.name) {
                continue;
            }
            let mut pair = Polymorphic {
                child: table.name.clone(),
                type_column: type_column.column.name.clone(),
                id_columns,
                targets: Vec::new(),
                origins: BTreeSet::from([RelationOrigin::Inferred]),
            };
            pair.targets = known_targets(schema, table, &pair);
            if is_pair(index, names, type_column, id, &pair) {
                pairs.push(pair);
            }
        }
    }
    pairs.sort_by(|one, other| (&one.child, &one.type_column).cmp(&(&other.child, &other.type_column)));
    pairs
}

fn from_statement(schema: &Schema, stated: &crate::schema::StatedPolymorphic) -> Polymorphic {
    let mut targets: Vec<PolymorphicTarget> = stated
        .targets
        .iter()
        .filter_map(|(value, table, columns)| {
            let columns = match columns.as_slice() {
                [] => schema.table(table)?.primary_key()?.columns.clone(),
                named => named.to_vec(),
            };
            (columns.len() == stated.id_columns.len()).then(|| PolymorphicTarget {
                value: value.clone(),
                parent: ColumnSet::new(table.clone(), columns),
            })
        })
        .collect();
    targets.sort();
    Polymorphic {
        child: stated.child.clone(),
        type_column: stated.type_column.clone(),
        id_columns: stated.id_columns.clone(),
        targets,
        origins: BTreeSet::from([origin(&stated.by)]),
    }
}

/// The id column that goes with a type column: the same words in front.
fn id_column<'a, 's>(
    index: &Index<'_>,
    names: &'a TableNames<'s>,
    type_position: usize,
) -> Option<&'a ColumnNames<'s>> {
    let type_column = names.column(type_position)?;
    if !matches!(
        type_column.column.ty.family,
        TypeFamily::Text | TypeFamily::Enum | TypeFamily::Any
    ) {
        return None;
    }
    let (last, stem) = type_column.words.split_last()?;
    let words = &vocabulary().polymorphic;
    if stem.is_empty() || !words.r#type.has(last) {
        return None;
    }
    if !words.plain.has(last) && !index.tables_called(&stem.concat()).is_empty() {
        return None;
    }
    let glued = stem.concat();
    names.columns.iter().enumerate().find_map(|(position, column)| {
        let same_stem = column
            .stems
            .iter()
            .any(|other| matches!(other.style, Style::Strong | Style::Glued) && other.name == glued);
        let usable = candidates::can_refer(column) && !names.is_key(position) && !column.column.identity;
        (same_stem && usable).then_some(column)
    })
}

/// Whether it is a pair, and not a reference to the one table that the stem names beside a column on that table's kind
/// (`account_id` and `account_type`): then the values or an index must say that the two belong together.
fn is_pair(
    index: &Index<'_>,
    names: &TableNames<'_>,
    type_column: &ColumnNames<'_>,
    id: &ColumnNames<'_>,
    pair: &Polymorphic,
) -> bool {
    let Some((_, stem)) = type_column.words.split_last() else {
        return false;
    };
    let names_one_table = index.tables_called(&stem.concat()).iter().any(|alias| {
        alias.kind.is_whole()
            && index
                .table(alias.table)
                .and_then(TableNames::primary)
                .is_some_and(|key| score::fit(&id.column.ty, &key.column.ty).is_some())
    });
    let together = names.table.indexes.iter().any(|index| {
        let leading: Vec<&Ident> = index
            .parts
            .iter()
            .take(2)
            .filter_map(|part| part.column.as_ref())
            .collect();
        leading.contains(&&type_column.column.name) && leading.contains(&&id.column.name)
    });
    let words = &vocabulary().polymorphic;
    let stem = stem.concat();
    let says_any = words.stems.has(&stem) || words.endings.iter().any(|ending| stem.ends_with(ending.as_str()));
    // The labels of an enum are all there can be: where none names a table, they are kinds of something else.
    let names_none = !type_column.column.ty.labels.is_empty() && pair.targets.is_empty();
    // An id that is unique without its type, be it within something else, is no id of several tables.
    let unique_alone = names
        .table
        .unique_column_sets()
        .iter()
        .any(|set| set.contains(&&id.column.name) && !set.contains(&&type_column.column.name));
    if names_none || unique_alone {
        return false;
    }
    together || pair.targets.len() >= 2 || (!names_one_table && (says_any || !pair.targets.is_empty()))
}

/// The targets that the type column's labels or CHECK conditions tell.
fn known_targets(schema: &Schema, table: &Table, pair: &Polymorphic) -> Vec<PolymorphicTarget> {
    let labels = table
        .column(&pair.type_column)
        .map(|column| column.ty.labels.clone())
        .unwrap_or_default();
    let checked = table
        .checks
        .iter()
        .filter(|check| mentions(check, &pair.type_column))
        .flat_map(|check| quoted(check));
    let values: BTreeSet<String> = labels.into_iter().chain(checked).collect();
    values
        .into_iter()
        .filter_map(|value| {
            let parent = target(schema, pair, &value)?;
            Some(PolymorphicTarget { value, parent })
        })
        .collect()
}

/// Whether a condition has the column's name as a word of its own.
fn mentions(condition: &str, column: &Ident) -> bool {
    condition
        .split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .any(|word| word.eq_ignore_ascii_case(column.as_str()))
}

/// The texts in single quotes.
fn quoted(condition: &str) -> Vec<String> {
    // MySQL 8.0 and later print a condition with a backslash before each quote (information_schema.check_constraints).
    condition
        .replace("\\'", "'")
        .split('\'')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The key of the table that a type value names.
pub(super) fn target(schema: &Schema, pair: &Polymorphic, value: &str) -> Option<ColumnSet> {
    let child = schema.table(&pair.child)?;
    let ids: Option<Vec<_>> = pair.id_columns.iter().map(|name| child.column(name)).collect();
    let ids = ids?;
    let segments: Vec<Word> = value
        .split(|character: char| !(character.is_alphanumeric() || "_- ".contains(character)))
        .map(tokens::glued)
        .filter(|segment| !segment.is_empty())
        .collect();
    let common = names::common_prefixes(schema);
    schema
        .tables
        .values()
        .filter(|table| table.kind.holds_rows() && table.partition_of.is_none())
        .filter_map(|table| {
            let rank = rank(table, child, &segments, &common)?;
            let key = table.primary_key().filter(|key| key.columns.len() == ids.len())?;
            let fits = key.columns.iter().zip(&ids).all(|(column, id)| {
                table
                    .column(column)
                    .is_some_and(|column| holds_key_of(&id.ty, &column.ty))
            });
            fits.then(|| (rank, ColumnSet::new(table.name.clone(), key.columns.clone())))
        })
        .min()
        .map(|(_, key)| key)
}

/// Ids of several kinds of keys are often kept as text.
fn holds_key_of(id: &crate::schema::ColumnType, key: &crate::schema::ColumnType) -> bool {
    id.family == TypeFamily::Text || score::fit(id, key).is_some()
}

/// How well a value names a table, the least the best: the number of the value's segments that play no part, whether it
/// is in the namespace that the value says or the child's, and how much of the table's name is missing.
fn rank(table: &Table, child: &Table, segments: &[Word], common: &BTreeSet<Word>) -> Option<(usize, bool, bool)> {
    let words = tokens::words(table.name.table.as_str());
    let whole = words.concat();
    let shorter = words
        .split_first()
        .filter(|(first, rest)| !rest.is_empty() && common.contains(*first))
        .map(|(_, rest)| rest.concat());
    let namespace = table
        .name
        .namespace
        .as_ref()
        .map(|namespace| tokens::glued(namespace.as_str()))
        .unwrap_or_default();
    for unused in 0..segments.len() {
        let name = segments.get(unused..).unwrap_or_default().concat();
        let missing = shorter.as_ref() == Some(&name)
            || (!namespace.is_empty()
                && shorter
                    .as_ref()
                    .is_some_and(|shorter| format!("{namespace}{shorter}") == name));
        let qualified = !namespace.is_empty() && format!("{namespace}{whole}") == name;
        if whole == name || qualified || missing {
            let near = qualified || table.name.namespace == child.name.namespace;
            return Some((unused, !near, missing));
        }
    }
    None
}
