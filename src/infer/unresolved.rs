//! Columns that look like references and have no target.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::aliases::Index;
use super::candidates;
use super::names::{ColumnNames, TableNames};
use super::score;
use super::stem::{self, Style};
use super::tokens::Word;
use super::vocabulary::vocabulary;
use crate::relation::{Polymorphic, Relation, Unresolved};
use crate::schema::{ColumnSet, Ident, Schema, TypeFamily};

/// The columns that are called like references and that nothing was found for, in order. Rather too few than too many:
/// ids that others give out, and ids that only join log lines, are called alike.
pub(super) fn columns(
    schema: &Schema,
    index: &Index<'_>,
    relations: &[Relation],
    polymorphic: &[Polymorphic],
    is_forbidden: impl Fn(&ColumnSet) -> bool,
) -> Vec<Unresolved> {
    let covered: FxHashSet<(&crate::schema::TableName, &Ident)> = relations
        .iter()
        .flat_map(|relation| {
            relation
                .child
                .columns
                .iter()
                .map(|column| (&relation.child.table, column))
        })
        .chain(
            polymorphic
                .iter()
                .flat_map(|pair| pair.id_columns.iter().map(|column| (&pair.child, column))),
        )
        .collect();
    let usage = Usage::read(schema, relations);
    let mut parts = Parts::read(index);
    let mut found = Vec::new();
    for (position, names) in index.tables.iter().enumerate() {
        let table = names.table;
        if !table.audited || !table.kind.holds_rows() || names.is_part {
            continue;
        }
        for column in names
            .columns
            .iter()
            .filter(|column| !covered.contains(&(&table.name, &column.column.name)))
        {
            let by_name = dangling_stem(index, names, position, column, &usage, &mut parts).map(|stem| why(&stem));
            let Some(why) = by_name.or_else(|| other_type(index, names, position, column)) else {
                continue;
            };
            let child = ColumnSet::new(table.name.clone(), vec![column.column.name.clone()]);
            if !is_forbidden(&child) {
                found.push(Unresolved { child, why });
            }
        }
    }
    found
}

/// Which words are in the name of some table.
struct Parts {
    /// The names of all tables, one a line.
    wholes: String,
    known: FxHashMap<Word, bool>,
}

impl Parts {
    fn read(index: &Index<'_>) -> Self {
        let wholes: Vec<&str> = index.tables.iter().map(|names| names.whole.as_str()).collect();
        Self {
            wholes: wholes.join("\n"),
            known: FxHashMap::default(),
        }
    }
}

/// What keys are like in this schema.
struct Usage {
    /// The tails of columns that are references.
    tails: BTreeSet<Word>,
    /// What kinds of values keys hold.
    families: BTreeSet<&'static str>,
}

impl Usage {
    fn read(schema: &Schema, relations: &[Relation]) -> Self {
        let mut usage = Self {
            tails: BTreeSet::new(),
            families: BTreeSet::new(),
        };
        for table in schema.relation_tables() {
            let key = table
                .primary_key()
                .map(|key| key.columns.as_slice())
                .unwrap_or_default();
            let columns = key.iter().filter_map(|name| table.column(name));
            usage.families.extend(columns.map(|column| kind(column.ty.family)));
        }
        for relation in relations {
            for column in &relation.child.columns {
                let words = super::tokens::words(column.as_str());
                usage
                    .tails
                    .extend(stem::stems(&words).into_iter().map(|stem| stem.tail));
                let column = schema
                    .table(&relation.child.table)
                    .and_then(|table| table.column(column));
                usage.families.extend(column.map(|column| kind(column.ty.family)));
            }
        }
        usage
    }
}

fn kind(family: TypeFamily) -> &'static str {
    match family {
        TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } => "number",
        TypeFamily::Text => "text",
        TypeFamily::Uuid => "uuid",
        _ => "other",
    }
}

/// That the table a column is called after has a key whose values the column cannot hold: `account_id text` beside
/// `accounts(id bigint)`. In one phrase.
pub(super) fn other_type(
    index: &Index<'_>,
    names: &TableNames<'_>,
    table: usize,
    column: &ColumnNames<'_>,
) -> Option<String> {
    let words = vocabulary();
    let is_id = |stem: &&stem::Stem| stem.style == Style::Strong && stem.tail == "id";
    let stem = column.own_stems().iter().find(is_id)?;
    let is_own_key = names
        .keys
        .iter()
        .any(|key| names.column(key.column).is_some_and(|key| std::ptr::eq(key, column)));
    let by_others = stem
        .words
        .iter()
        .any(|word| words.providers.has(word) || words.transient_ids.has(word));
    if !candidates::can_refer(column) || is_own_key || by_others || words.generic_names.has(&stem.name) {
        return None;
    }
    let mut found = None;
    for alias in index
        .tables_wholly_called(&stem.name)
        .filter(|alias| alias.table != table)
    {
        let parent = index.table(alias.table)?;
        for key in &parent.keys {
            let key_column = parent.column(key.column)?.column;
            if score::fit(&column.column.ty, &key_column.ty).is_some() {
                return None;
            }
            if key.primary && found.is_none() {
                found = Some((&parent.table.name, key_column));
            }
        }
    }
    let (parent, key) = found?;
    Some(format!(
        "`{parent}({})` is {} and cannot hold its values, which are {}",
        key.name, key.ty.declared, column.column.ty.declared
    ))
}

/// What the column's name looks for, where it looks for something that is not there.
fn dangling_stem(
    index: &Index<'_>,
    names: &TableNames<'_>,
    table: usize,
    column: &ColumnNames<'_>,
    usage: &Usage,
    parts: &mut Parts,
) -> Option<Vec<Word>> {
    let words = vocabulary();
    let position = names
        .columns
        .iter()
        .position(|other| other.column.name == column.column.name)?;
    if !candidates::can_refer(column)
        || names.is_key(position)
        || !usage.families.contains(kind(column.column.ty.family))
    {
        return None;
    }
    // Without the prefix of its table's columns the name can be nothing but the tail: the table's own key.
    let stem = column.own_stems().iter().find(|stem| stem.style == Style::Strong)?;
    let is_usual = stem.tail == "id" || usage.tails.contains(&stem.tail);
    let own_name = index.names_table(&column.stems, table) || index.is_wholly_called(table, &stem.name);
    if !words.tails.telling.has(&stem.tail) || !is_usual || own_name {
        return None;
    }
    // Who writes `cat_id` means a table that is there, only not by its full name.
    let is_short = stem.words.last().is_none_or(|last| last.chars().count() <= 3);
    let outside =
        |word: &Word| words.providers.has(word) || words.transient_ids.has(word) || words.generic_keys.has(word);
    let by_others = stem.words.iter().any(outside) || names.words.iter().any(|word| words.providers.has(word));
    // Beside a `x_type` it may point anywhere.
    let has_type = names.columns.iter().any(|other| {
        other
            .words
            .split_last()
            .is_some_and(|(last, front)| words.polymorphic.r#type.has(last) && front == stem.words)
    });
    (!is_short && !by_others && !has_type && !is_part_of_a_name(&stem.words, parts)).then(|| stem.words.clone())
}

/// Whether some table has the words, or the last of them, in its name, and so may be meant.
fn is_part_of_a_name(stem: &[Word], parts: &mut Parts) -> bool {
    let Some(last) = stem.last() else { return true };
    if let Some(known) = parts.known.get(last) {
        return *known;
    }
    let is_part = parts.wholes.contains(last.as_str());
    parts.known.insert(last.clone(), is_part);
    is_part
}

fn why(stem: &[Word]) -> String {
    let singular = stem.join("_");
    let plural = match stem.split_last() {
        Some((last, front)) => {
            let mut words = front.to_vec();
            words.push(pluralizer::pluralize(last, 2, false).into());
            words.join("_")
        }
        None => singular.clone(),
    };
    if singular == plural {
        format!("no table is called `{singular}`")
    } else {
        format!("no table is called `{plural}` or `{singular}`")
    }
}
