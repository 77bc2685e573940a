//! Tables and columns as words, and what parts of a name are convention and not meaning.

use std::collections::{BTreeMap, BTreeSet};

use super::stem::{self, Stem, Style};
use super::tokens::{self, Word};
use super::vocabulary::vocabulary;
use crate::schema::{Column, Schema, Table};

/// A table with its names as words.
#[derive(Debug)]
pub(super) struct TableNames<'s> {
    pub(super) table: &'s Table,
    /// The words of its name.
    pub(super) words: Vec<Word>,
    /// The words of its name, glued.
    pub(super) whole: Word,
    /// How many leading words most tables have, or are convention.
    pub(super) common: usize,
    /// The first word that says something, where several tables share it.
    pub(super) group: Option<Word>,
    /// Whether its name is made of the names of two tables: `hosts_templates` is not meant by `template`.
    pub(super) is_link: bool,
    /// Whether it is a part of another table, whose relations are its own: a partition, or one made by inheritance.
    pub(super) is_part: bool,
    /// Whether relations may lead here: it holds rows, and is neither a partition nor a copy.
    pub(super) is_target: bool,
    /// The columns that are unique by themselves, the primary key first.
    pub(super) keys: Vec<KeyColumn>,
    /// Its columns, in order.
    pub(super) columns: Vec<ColumnNames<'s>>,
}

/// A column that is unique by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyColumn {
    /// Its position in the table.
    pub(super) column: usize,
    pub(super) primary: bool,
}

/// A column with its name as words.
#[derive(Debug)]
pub(super) struct ColumnNames<'s> {
    pub(super) column: &'s Column,
    /// All words.
    pub(super) words: Vec<Word>,
    /// All words, glued.
    pub(super) glued: Word,
    /// What is left of all words without what says that it is a key.
    pub(super) stems: Vec<Stem>,
    /// The same of the words without the prefix, where there is one.
    own_stems: Option<Vec<Stem>>,
    /// How many leading words are the prefix of the table's columns.
    pub(super) prefix: usize,
    /// Whether the name is a plural: `comments` counts them, and refers to none.
    pub(super) is_plural: bool,
    /// Whether the name says that it holds a list of keys: `tag_ids`.
    pub(super) is_list: bool,
}

impl ColumnNames<'_> {
    /// The words without the prefix of the table's columns, and without an ordinal at the end (`editor_1`).
    pub(super) fn words_without_ordinal(&self) -> Option<&[Word]> {
        let (last, front) = self.own_words().split_last()?;
        (!front.is_empty() && last.len() == 1 && last.chars().all(char::is_numeric)).then_some(front)
    }

    /// What is left of the words without the prefix, and without what says that it is a key.
    pub(super) fn own_stems(&self) -> &[Stem] {
        self.own_stems.as_deref().unwrap_or(&self.stems)
    }

    /// The words without the prefix of the table's columns.
    pub(super) fn own_words(&self) -> &[Word] {
        self.words.get(self.prefix..).unwrap_or_default()
    }
}

impl<'s> TableNames<'s> {
    /// The words without those that are convention.
    pub(super) fn meaning(&self) -> &[Word] {
        self.words.get(self.common..).unwrap_or_default()
    }

    /// A column by its position.
    pub(super) fn column(&self, position: usize) -> Option<&ColumnNames<'s>> {
        self.columns.get(position)
    }

    /// The primary key, if it is one column.
    pub(super) fn primary(&self) -> Option<&ColumnNames<'s>> {
        let key = self.keys.first().filter(|key| key.primary)?;
        self.column(key.column)
    }

    /// Whether the column at this position is unique by itself.
    pub(super) fn is_key(&self, position: usize) -> bool {
        self.keys.iter().any(|key| key.column == position)
    }
}

/// All tables of a schema as words, in the schema's order.
pub(super) fn read(schema: &Schema) -> Vec<TableNames<'_>> {
    let words: Vec<Vec<Word>> = schema
        .tables
        .keys()
        .map(|name| tokens::words(name.table.as_str()))
        .collect();
    let leading = Leading::of(schema);
    let wholes: BTreeSet<Word> = words.iter().map(|words| tokens::glue(words)).collect();
    schema
        .tables
        .values()
        .zip(words)
        .map(|(table, words)| {
            let columns = columns(table);
            let common = leading.common(&words);
            let is_part = table.partition_of.is_some() || is_inherited_part(schema, table);
            let is_target = table.kind.holds_rows() && !is_part && !is_copy(&words, &wholes, table);
            TableNames {
                table,
                common,
                group: leading.group(&words, common),
                is_link: is_link(table.name.table.as_str(), &wholes) && has_two_references(table, &columns),
                is_part,
                is_target,
                keys: key_columns(table),
                columns,
                whole: tokens::glue(&words),
                words,
            }
        })
        .collect()
}

/// The first words that say nothing of a table in this schema.
pub(super) fn common_prefixes(schema: &Schema) -> BTreeSet<Word> {
    let words: Vec<Vec<Word>> = schema
        .tables
        .keys()
        .map(|name| tokens::words(name.table.as_str()))
        .collect();
    let leading = Leading::of(schema);
    let has_common = |words: &&Vec<Word>| leading.common(words) > 0;
    words
        .iter()
        .filter(has_common)
        .filter_map(|words| words.first().cloned())
        .collect()
}

/// How many tables begin with which words.
struct Leading {
    tables: usize,
    counts: BTreeMap<Word, usize>,
}

impl Leading {
    fn of(schema: &Schema) -> Self {
        let mut leading = Self {
            tables: 0,
            counts: BTreeMap::new(),
        };
        for table in schema.tables.values() {
            if !table.kind.holds_rows() || table.partition_of.is_some() {
                continue;
            }
            leading.tables += 1;
            let words = tokens::words(table.name.table.as_str());
            if let Some(first) = words.first().filter(|_| words.len() > 1) {
                *leading.counts.entry(first.clone()).or_insert(0) += 1;
            }
        }
        leading
    }

    fn with(&self, word: &str) -> usize {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// How many leading words say nothing of the table.
    fn common(&self, words: &[Word]) -> usize {
        let Some(first) = words.first().filter(|_| words.len() > 1) else {
            return 0;
        };
        let shared = self.with(first);
        let by_most = self.tables >= 4 && shared * 5 >= self.tables * 3;
        usize::from(by_most || (shared >= 2 && vocabulary().tables.empty_prefixes.has(first)))
    }

    fn group(&self, words: &[Word], common: usize) -> Option<Word> {
        let word = words.get(common).filter(|_| words.len() > common + 1)?;
        (self.with(word) >= 3).then(|| word.clone())
    }
}

/// Whether it inherits all its columns from one table, as partitions were made before PostgreSQL had them.
fn is_inherited_part(schema: &Schema, table: &Table) -> bool {
    let [parent] = table.inherits.as_slice() else {
        return false;
    };
    schema
        .table(parent)
        .is_some_and(|parent| table.columns.iter().all(|column| parent.column(&column.name).is_some()))
}

/// Whether the name says that it is a copy of a table that is there.
fn is_copy(words: &[Word], wholes: &BTreeSet<Word>, table: &Table) -> bool {
    let copies = &vocabulary().tables.copies;
    let first = words
        .split_first()
        .filter(|(word, _)| copies.has(word))
        .map(|(_, rest)| rest);
    let last = words
        .split_last()
        .filter(|(word, _)| copies.has(word))
        .map(|(_, rest)| rest);
    // `orders_20240131` and `orders_bak_2` beside `orders`.
    let digits = words
        .iter()
        .rev()
        .take_while(|word| word.chars().all(char::is_numeric))
        .count();
    let undated = words.get(..words.len() - digits).unwrap_or_default();
    let long_number = words.iter().rev().take(digits).map(Word::len).sum::<usize>() >= 4;
    let dated = (long_number && table.primary_key().is_none()).then_some(undated);
    let last_but_digits = undated
        .split_last()
        .filter(|(word, _)| copies.has(word))
        .map(|(_, rest)| rest);
    [first, last, dated, last_but_digits]
        .into_iter()
        .flatten()
        .any(|rest| !rest.is_empty() && wholes.contains(&tokens::glue(rest)))
}

/// Whether the name begins with the plural name of another table.
fn is_link(name: &str, wholes: &BTreeSet<Word>) -> bool {
    let written = tokens::split(name);
    (1..written.len()).any(|cut| {
        let front = written.get(..cut).unwrap_or_default();
        let singular: Vec<Word> = front.iter().map(|word| tokens::singular(word)).collect();
        singular.last() != front.last() && wholes.contains(&tokens::glue(&singular))
    })
}

/// Whether at least two of its columns, its own number apart, are called like references.
fn has_two_references(table: &Table, columns: &[ColumnNames<'_>]) -> bool {
    let own = table.primary_key().map(|key| key.columns.as_slice());
    let is_own = |column: &Column| matches!(own, Some([only]) if *only == column.name);
    let says_key = |column: &&ColumnNames<'_>| {
        let mut stems = column.stems.iter();
        stems.any(|stem| matches!(stem.style, Style::Strong | Style::Glued))
    };
    columns
        .iter()
        .filter(|column| !is_own(column.column))
        .filter(says_key)
        .count()
        >= 2
}

fn key_columns(table: &Table) -> Vec<KeyColumn> {
    let primary = table.primary_key().map(|key| key.columns.as_slice());
    let mut keys: Vec<KeyColumn> = Vec::new();
    for set in table.unique_column_sets() {
        let [name] = set.as_slice() else { continue };
        let Some(column) = table.columns.iter().position(|column| column.name == **name) else {
            continue;
        };
        let primary = primary.is_some_and(|key| matches!(key, [only] if only == *name));
        keys.push(KeyColumn { column, primary });
    }
    keys.sort_by_key(|key| (!key.primary, key.column));
    keys
}

/// The columns as words, and how many words of each are the prefix of them all.
fn columns(table: &Table) -> Vec<ColumnNames<'_>> {
    let mut columns: Vec<ColumnNames<'_>> = table
        .columns
        .iter()
        .map(|column| {
            let written = tokens::split(column.name.as_str());
            let words: Vec<Word> = written.iter().map(|word| tokens::singular(word)).collect();
            ColumnNames {
                column,
                glued: tokens::glue(&words),
                stems: stem::stems(&words),
                own_stems: None,
                is_plural: written.last() != words.last(),
                is_list: words.len() > 1
                    && written
                        .last()
                        .is_some_and(|word| vocabulary().tails.lists.contains(word.as_str())),
                words,
                prefix: 0,
            }
        })
        .collect();
    if let Some(prefix) = column_prefix(&columns) {
        for column in &mut columns {
            column.prefix = usize::from(column.words.len() > 1 && column.words.first() == Some(&prefix));
            column.own_stems = (column.prefix > 0).then(|| stem::stems(column.own_words()));
        }
    }
    columns
}

/// The word that at least four of five columns begin with.
fn column_prefix(columns: &[ColumnNames<'_>]) -> Option<Word> {
    let mut firsts = columns
        .iter()
        .filter(|column| column.words.len() > 1)
        .filter_map(|column| column.words.first());
    let first = firsts.clone().next()?;
    let shared = firsts.by_ref().filter(|word| *word == first).count();
    (columns.len() >= 3 && shared * 5 >= columns.len() * 4).then(|| first.clone())
}
