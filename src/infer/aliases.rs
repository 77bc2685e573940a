//! What names stand for: from words to the tables and keys that they can mean.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::abbreviations::Abbreviations;
use super::names::{self, TableNames};
use super::stem::{Stem, Style};
use super::tokens::{self, Word};
use super::vocabulary::vocabulary;
use super::weights::Weights;
use crate::schema::{Schema, TableName};

/// Everything that names can mean in one schema.
#[derive(Debug)]
pub(super) struct Index<'s> {
    /// How much each reason weighs.
    pub(super) weights: &'s Weights,
    /// All tables, in the schema's order.
    pub(super) tables: Vec<TableNames<'s>>,
    positions: FxHashMap<&'s TableName, usize>,
    aliases: FxHashMap<Word, Vec<Alias>>,
    keys: FxHashMap<Word, Vec<KeyName>>,
    /// The primary keys of one column by their glued names, but for generic ones.
    shared_keys: FxHashMap<Word, Vec<KeyName>>,
    abbreviations: Abbreviations,
    /// The table that holds people.
    pub(super) people: Option<usize>,
    /// The other tables that hold people, where their names do not tell that one of them holds those who do things.
    pub(super) other_people: Vec<usize>,
    /// How many tables have a column of that glued name.
    holders: FxHashMap<Word, usize>,
    /// Whether columns are usually called like the table alone.
    pub(super) bare_names: bool,
}

/// A name that stands for a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alias {
    pub(super) kind: AliasKind,
    /// The table, as an index into [`Index::tables`].
    pub(super) table: usize,
}

/// What of a table's name is in an alias, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AliasKind {
    /// All of it.
    Full,
    /// All but a prefix that most tables have.
    WithoutCommonPrefix,
    /// All of it, with the namespace in front.
    WithNamespace,
    /// All but a prefix that some tables share.
    WithoutGroup,
    /// All but a last word that says nothing.
    WithoutLastWord,
    /// All but its first word.
    WithoutFirstWord,
}

impl AliasKind {
    /// The reason that says what is missing.
    pub(super) fn reason(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Full => None,
            Self::WithoutCommonPrefix => Some(("without_common_prefix", "without the prefix that most tables have")),
            Self::WithNamespace => Some(("with_namespace", "with the namespace in front")),
            Self::WithoutGroup => Some(("without_group", "without the prefix that some tables share")),
            Self::WithoutLastWord => Some(("without_last_word", "without the last word, which says little")),
            Self::WithoutFirstWord => Some(("without_first_word", "without the first word of the table's name")),
        }
    }

    /// Whether nothing of the table's own name is missing.
    pub(super) fn is_whole(self) -> bool {
        self <= Self::WithNamespace
    }
}

/// A name that stands for a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyName {
    pub(super) table: usize,
    /// The column's position in the table.
    pub(super) column: usize,
    pub(super) primary: bool,
    /// Whether the name says which table it is the key of.
    pub(super) owned: bool,
}

impl<'s> Index<'s> {
    /// Reads all names of a schema.
    pub(super) fn new(schema: &'s Schema, weights: &'s Weights) -> Self {
        let tables = names::read(schema);
        let mut index = Self {
            weights,
            positions: schema
                .tables
                .keys()
                .enumerate()
                .map(|(position, name)| (name, position))
                .collect(),
            aliases: FxHashMap::default(),
            keys: FxHashMap::default(),
            shared_keys: FxHashMap::default(),
            abbreviations: Abbreviations::default(),
            holders: FxHashMap::default(),
            people: None,
            other_people: Vec::new(),
            bare_names: false,
            tables,
        };
        index.add_aliases();
        index.count_holders();
        index.add_keys();
        index.add_shared_keys();
        index.abbreviations = Abbreviations::read(&index.tables);
        index.people = index.find_people();
        index.other_people = index.find_other_people();
        index.bare_names = index.has_bare_names();
        index
    }

    /// The tables that a glued name can mean, strongest first.
    pub(super) fn tables_called(&self, name: &str) -> &[Alias] {
        self.aliases.get(name).map_or(&[], Vec::as_slice)
    }

    /// The keys that are called so, glued.
    pub(super) fn keys_called(&self, name: &str) -> &[KeyName] {
        self.keys.get(name).map_or(&[], Vec::as_slice)
    }

    /// The primary keys of one column that are called so, glued, whoever owns the name.
    pub(super) fn keys_shared(&self, name: &str) -> &[KeyName] {
        self.shared_keys.get(name).map_or(&[], Vec::as_slice)
    }

    /// The tables that a word can be short for, the surest ways first, each with the code of its reason.
    pub(super) fn abbreviated(&self, word: &str) -> [(&'static str, &[usize]); 2] {
        self.abbreviations.of(word)
    }

    /// Whether a glued name is the whole name of this table.
    pub(super) fn is_wholly_called(&self, table: usize, name: &str) -> bool {
        self.tables_wholly_called(name).any(|alias| alias.table == table)
    }

    /// The tables whose whole name a glued name is.
    pub(super) fn tables_wholly_called(&self, name: &str) -> impl Iterator<Item = &Alias> {
        // The strongest come first.
        self.tables_called(name)
            .iter()
            .take_while(|alias| alias.kind.is_whole())
    }

    /// A table's position in [`Self::tables`].
    pub(super) fn position(&self, name: &TableName) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// A table by its position.
    pub(super) fn table(&self, position: usize) -> Option<&TableNames<'s>> {
        self.tables.get(position)
    }

    fn add_aliases(&mut self) {
        let namespaces: BTreeSet<_> = self.tables.iter().map(|names| &names.table.name.namespace).collect();
        let several_namespaces = namespaces.len() > 1;
        let groups = self.group_prefixes();
        for (table, names) in self.tables.iter().enumerate().filter(|(_, names)| names.is_target) {
            for (name, kind) in aliases(names, several_namespaces, &groups) {
                let known = self.aliases.entry(name).or_default();
                // Of one table the strongest comes first.
                if known.last().is_none_or(|alias| alias.table != table) {
                    known.push(Alias { kind, table });
                }
            }
        }
        self.aliases.values_mut().for_each(|known| known.sort_unstable());
    }

    fn count_holders(&mut self) {
        for column in self.tables.iter().flat_map(|names| &names.columns) {
            *self.holders.entry(column.glued.clone()).or_insert(0) += 1;
        }
    }

    /// The leading words, one or more, that at least three tables share, glued.
    fn group_prefixes(&self) -> BTreeMap<Word, usize> {
        let mut counts = BTreeMap::new();
        for names in self.tables.iter().filter(|names| names.is_target) {
            let words = names.meaning();
            for length in 1..words.len().min(4) {
                *counts
                    .entry(words.iter().take(length).map(Word::as_str).collect())
                    .or_insert(0) += 1;
            }
        }
        counts.retain(|_, count| *count >= 3);
        counts
    }

    fn add_keys(&mut self) {
        let generic = &vocabulary().generic_keys;
        let mut keys: FxHashMap<Word, Vec<KeyName>> = FxHashMap::default();
        for (table, names) in self.tables.iter().enumerate().filter(|(_, names)| names.is_target) {
            for key in &names.keys {
                let Some(column) = names.column(key.column) else {
                    continue;
                };
                // The key of a table that extends another is known by the other's name.
                if column.prefix == 0 && self.names_another_table(&column.stems, table) {
                    continue;
                }
                let owned = column.prefix > 0 || self.names_table(&column.stems, table);
                let mut forms = vec![(column.glued.clone(), &column.stems[..], owned)];
                if column.prefix > 0 {
                    let own = column.own_stems();
                    forms.push((tokens::glue(column.own_words()), own, self.names_table(own, table)));
                }
                for (name, stems, owned) in forms {
                    // A unique column that is no primary key is known by its name where many tables have it.
                    let common = self.holders.get(&name).is_some_and(|holders| *holders >= 4);
                    let known = key.primary || owned || common;
                    if known && !generic.has(&name) && has_tail(stems, key.primary || common) {
                        keys.entry(name).or_default().push(KeyName {
                            table,
                            column: key.column,
                            primary: key.primary,
                            owned,
                        });
                    }
                }
            }
        }
        self.keys = keys;
    }

    fn add_shared_keys(&mut self) {
        for (table, names) in self.tables.iter().enumerate().filter(|(_, names)| names.is_target) {
            let Some(key) = names.keys.first().filter(|key| key.primary) else {
                continue;
            };
            let Some(column) = names.column(key.column) else {
                continue;
            };
            let name = column.glued.clone();
            if !vocabulary().generic_keys.has(&name) {
                self.shared_keys.entry(name).or_default().push(KeyName {
                    table,
                    column: key.column,
                    primary: true,
                    owned: false,
                });
            }
        }
    }

    /// Whether a column's name is the table's name and a tail, and no other table's name fits better.
    pub(super) fn names_table(&self, stems: &[Stem], table: usize) -> bool {
        self.owners(stems).any(|owner| owner.table == table)
    }

    /// Whether a column's name is that of other tables and a tail.
    pub(super) fn names_another_table(&self, stems: &[Stem], table: usize) -> bool {
        !self.names_table(stems, table) && self.owners(stems).any(|owner| owner.kind <= AliasKind::WithoutGroup)
    }

    /// The tables whose names fit best what a column's name says before its tail.
    fn owners<'a>(&'a self, stems: &'a [Stem]) -> impl Iterator<Item = Alias> + 'a {
        stems.iter().filter(|stem| stem.style != Style::Bare).flat_map(|stem| {
            let called = self.tables_called(&stem.name);
            let best = called.first().map(|alias| alias.kind);
            called.iter().take_while(move |alias| Some(alias.kind) == best).copied()
        })
    }

    /// The table of the same name in the namespace of `child`, if there is one, else the table itself: copies of a
    /// database beside each other are each meant for themselves.
    pub(super) fn nearest(&self, table: usize, child: usize) -> usize {
        let (Some(names), Some(own)) = (self.table(table), self.table(child)) else {
            return table;
        };
        let wanted = TableName {
            namespace: own.table.name.namespace.clone(),
            table: names.table.name.table.clone(),
        };
        self.positions.get(&wanted).copied().unwrap_or(table)
    }

    fn find_people(&self) -> Option<usize> {
        let people = &vocabulary().tables.people.0;
        let rated = people.iter().enumerate().flat_map(|(rank, word)| {
            self.tables_called(word).iter().map(move |alias| {
                let distance = match alias.kind {
                    AliasKind::Full | AliasKind::WithoutCommonPrefix => 0,
                    AliasKind::WithNamespace | AliasKind::WithoutGroup => 2,
                    AliasKind::WithoutLastWord | AliasKind::WithoutFirstWord => 4,
                };
                (rank + distance, *alias)
            })
        });
        rated
            .filter(|(_, alias)| self.table(alias.table).is_some_and(|names| names.primary().is_some()))
            .min()
            .map(|(_, alias)| alias.table)
    }

    /// The tables that are called whole by another word for people, unless the first of these words names one: who has
    /// users knows who does things.
    fn find_other_people(&self) -> Vec<usize> {
        let words = &vocabulary().tables.people.0;
        let Some(people) = self.people else { return Vec::new() };
        let is_first = words.first().is_some_and(|word| self.is_wholly_called(people, word));
        let others = words
            .iter()
            .filter(|_| !is_first)
            .flat_map(|word| self.tables_called(word))
            .filter(|alias| alias.kind.is_whole() && alias.table != people)
            .filter(|alias| self.table(alias.table).is_some_and(|names| names.primary().is_some()))
            .map(|alias| alias.table);
        let mut others: Vec<usize> = others.collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Whether at least one in three columns that name a table do it without a tail.
    fn has_bare_names(&self) -> bool {
        let (mut bare, mut tailed) = (0_usize, 0_usize);
        for (table, names) in self.tables.iter().enumerate() {
            for (position, column) in names.columns.iter().enumerate() {
                if names.is_key(position) || !column.column.ty.family.can_be_key() {
                    continue;
                }
                for stem in column.own_stems() {
                    let mut called = self.tables_wholly_called(&stem.name);
                    let another = called.any(|alias| {
                        alias.table != table
                            && self
                                .table(alias.table)
                                .and_then(TableNames::primary)
                                .is_some_and(|key| key.column.ty.family == column.column.ty.family)
                    });
                    if another && stem.style == Style::Bare {
                        bare += 1;
                    } else if another {
                        tailed += 1;
                    }
                }
            }
        }
        bare >= 3 && bare * 2 >= tailed
    }
}

/// A key's name can be looked for where it says that it is a key.
fn has_tail(stems: &[Stem], is_known: bool) -> bool {
    stems.iter().any(|stem| match stem.style {
        Style::Strong | Style::Front => true,
        Style::Weak | Style::Glued => is_known,
        Style::Bare => false,
    })
}

/// The glued names that a table can be called, strongest first.
fn aliases(names: &TableNames<'_>, several_namespaces: bool, groups: &BTreeMap<Word, usize>) -> Vec<(Word, AliasKind)> {
    let meaning = names.meaning();
    let mut aliases = vec![(names.whole.clone(), AliasKind::Full)];
    if names.common > 0 {
        aliases.push((tokens::glue(meaning), AliasKind::WithoutCommonPrefix));
    }
    if let Some(namespace) = names.table.name.namespace.as_ref().filter(|_| several_namespaces) {
        let namespace = tokens::words(namespace.as_str());
        for start in 0..namespace.len() {
            let words = namespace.iter().skip(start).chain(meaning).map(Word::as_str);
            aliases.push((words.collect(), AliasKind::WithNamespace));
        }
    }
    for dropped in 1..meaning.len().min(4) {
        let (front, rest) = meaning.split_at(dropped);
        if groups.contains_key(&tokens::glue(front)) {
            aliases.push((tokens::glue(rest), AliasKind::WithoutGroup));
        } else if dropped == 1 {
            aliases.push((tokens::glue(rest), AliasKind::WithoutFirstWord));
        }
    }
    if names.is_link {
        aliases.retain(|(_, kind)| kind.is_whole());
    } else if let Some(rest) = without_empty_suffix(meaning) {
        aliases.push((rest, AliasKind::WithoutLastWord));
    }
    aliases.sort_by_key(|(_, kind)| *kind);
    aliases
}

/// `archive_info` and `archiveinfo` as `archive`.
fn without_empty_suffix(words: &[Word]) -> Option<Word> {
    let suffixes = &vocabulary().tables.empty_suffixes;
    let (last, rest) = words.split_last()?;
    // `filters2` is what `filter` means.
    if suffixes.has(last) || last.chars().all(char::is_numeric) {
        return (!rest.is_empty()).then(|| tokens::glue(rest));
    }
    let boundary = last
        .char_indices()
        .skip(3)
        .find(|(start, _)| last.get(*start..).is_some_and(|tail| suffixes.has(tail)))?
        .0;
    Some(tokens::glue(rest) + last.get(..boundary)?)
}
