//! The words and weights of inference, from `rules/_inference.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::tokens::{self, Word};
use crate::yaml;

const FILE: &str = include_str!("../../rules/_inference.yaml");

/// Words and weights as the file has them; the file says what each is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Vocabulary {
    pub(super) tails: Tails,
    pub(super) tables: TableWords,
    pub(super) generic_keys: Words,
    pub(super) generic_names: Words,
    pub(super) people_roles: Words,
    pub(super) agent_endings: Vec<String>,
    pub(super) not_agents: Words,
    pub(super) by: Words,
    pub(super) link_roles: Words,
    pub(super) comments: Vec<String>,
    pub(super) foreign_key_words: Words,
    pub(super) measures: Words,
    pub(super) self_references: SelfReferences,
    pub(super) providers: Words,
    pub(super) transient_ids: Words,
    pub(super) polymorphic: PolymorphicWords,
    pub(super) join_tables: JoinTableWords,
    pub(super) tenants: TenantWords,
    pub(super) audit_columns: Words,
    pub(super) soft_delete: SoftDelete,
    plurals: BTreeMap<String, String>,
    weights: BTreeMap<String, i32>,
    /// What rows and statistics weigh, by code.
    pub(super) row_weights: BTreeMap<String, i32>,
}

/// Words that a user adds, in the lists of `rules/_inference.yaml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct ExtraWords(Vocabulary);

static EXTRA: OnceLock<ExtraWords> = OnceLock::new();

/// Adds words for the rest of the process: what is inferred before does not know them.
///
/// # Errors
///
/// A sentence that says what cannot be added.
pub fn add_words(words: ExtraWords) -> Result<(), String> {
    if !words.0.weights.is_empty() || !words.0.row_weights.is_empty() {
        return Err("`inference` takes words, and no `weights`: these were fitted together".to_owned());
    }
    EXTRA
        .set(words)
        .map_err(|_| "words were added already, and hold for the whole process".to_owned())
}

impl Vocabulary {
    fn add(&mut self, more: &Self) {
        macro_rules! add {
            ($($($field:ident).+),* $(,)?) => { $( self.$($field).+.add(&more.$($field).+); )* };
        }
        add!(
            tails.strong,
            tails.weak,
            tails.glued,
            tails.telling,
            tails.front,
            tails.empty,
            tails.lists,
            tables.empty_prefixes,
            tables.empty_suffixes,
            tables.copies,
            tables.extensions,
            tables.records,
            tables.people,
            generic_keys,
            generic_names,
            people_roles,
            agent_endings,
            not_agents,
            by,
            link_roles,
            comments,
            foreign_key_words,
            measures,
            self_references.tree,
            self_references.other,
            providers,
            transient_ids,
            polymorphic.r#type,
            polymorphic.plain,
            polymorphic.stems,
            polymorphic.endings,
            join_tables.plain,
            join_tables.happenings,
            tenants.sure,
            tenants.by_same_name,
            tenants.never,
            audit_columns,
            soft_delete.instants,
            soft_delete.flags,
        );
    }
}

/// A list of words that takes more.
trait Add {
    fn add(&mut self, more: &Self);
}

impl Add for Words {
    fn add(&mut self, more: &Self) {
        self.0.extend(more.0.iter().cloned());
    }
}

impl Add for OrderedWords {
    /// What the user says goes first.
    fn add(&mut self, more: &Self) {
        self.0.splice(0..0, more.0.iter().cloned());
    }
}

impl Add for Vec<String> {
    fn add(&mut self, more: &Self) {
        self.extend(more.iter().cloned());
    }
}

impl Add for BTreeSet<String> {
    fn add(&mut self, more: &Self) {
        self.extend(more.iter().cloned());
    }
}

/// How a column's name says that it holds a key.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tails {
    pub(super) strong: Words,
    pub(super) weak: Words,
    pub(super) glued: Vec<String>,
    pub(super) telling: Words,
    pub(super) front: Words,
    pub(super) empty: Words,
    pub(super) lists: BTreeSet<String>,
}

/// Words in the names of tables.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TableWords {
    pub(super) empty_prefixes: Words,
    pub(super) empty_suffixes: Words,
    pub(super) copies: Words,
    pub(super) extensions: Words,
    pub(super) records: Words,
    pub(super) people: OrderedWords,
}

/// Names of a column for another row of the same table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SelfReferences {
    pub(super) tree: Words,
    pub(super) other: Words,
}

/// Words of polymorphic pairs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolymorphicWords {
    pub(super) r#type: Words,
    pub(super) plain: Words,
    pub(super) stems: Words,
    pub(super) endings: Vec<String>,
}

/// Words of join tables.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct JoinTableWords {
    pub(super) plain: Words,
    pub(super) happenings: Words,
}

/// Names of tables whose rows own those of others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TenantWords {
    pub(super) sure: Words,
    pub(super) by_same_name: Words,
    pub(super) never: Words,
}

/// Names of columns that mark a deleted row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SoftDelete {
    pub(super) instants: Words,
    pub(super) flags: Words,
}

/// A set of words, each as [`tokens::glued`] gives it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub(super) struct Words(FxHashSet<Word>);

/// Words in an order that matters, each as [`tokens::glued`] gives it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub(super) struct OrderedWords(pub(super) Vec<Word>);

impl From<Vec<String>> for Words {
    fn from(words: Vec<String>) -> Self {
        Self(words.iter().map(|word| tokens::glued(word)).collect())
    }
}

impl From<Vec<String>> for OrderedWords {
    fn from(words: Vec<String>) -> Self {
        Self(words.iter().map(|word| tokens::glued(word)).collect())
    }
}

impl Words {
    /// Whether the glued word is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

/// Everything in the file.
pub(super) fn vocabulary() -> &'static Vocabulary {
    static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
        let mut words: Vocabulary = read_file();
        if let Some(extra) = EXTRA.get() {
            words.add(&extra.0);
        }
        words
    });
    &VOCABULARY
}

#[derive(Deserialize)]
struct Plurals {
    plurals: BTreeMap<String, String>,
}

/// The singular of a plural that the inflection library does not know.
pub(super) fn irregular_singular(word: &str) -> Option<&'static str> {
    // By itself, since reading the rest of the file already needs singulars.
    static SINGULARS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let plurals: Plurals = read_file();
        let both = |(singular, plural): (String, String)| [(plural, singular.clone()), (singular.clone(), singular)];
        plurals.plurals.into_iter().flat_map(both).collect()
    });
    let added = EXTRA.get().and_then(|extra| {
        let mut plurals = extra.0.plurals.iter();
        plurals.find(|(singular, plural)| *singular == word || *plural == word)
    });
    if let Some((singular, _)) = added {
        return Some(singular);
    }
    SINGULARS.get(word).map(String::as_str)
}

/// How much each reason weighs, by its code.
pub(super) fn weights() -> BTreeMap<String, i32> {
    #[derive(Deserialize)]
    struct Weights {
        weights: BTreeMap<String, i32>,
    }
    let weights: Weights = read_file();
    weights.weights
}

fn read_file<T: serde::de::DeserializeOwned>() -> T {
    // The file is compiled in, and a test reads it: it cannot be wrong in a release.
    yaml::read(FILE).unwrap_or_else(|error| unreachable!("rules/_inference.yaml: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_complete_and_compared_in_the_singular() {
        let words = vocabulary();
        assert!(!words.plurals.is_empty() && !words.weights.is_empty());
        assert!(words.tails.strong.has("id"));
        assert!(words.self_references.tree.has(&tokens::glued("ReportsTo")));
        assert_eq!(words.tables.people.0.first().map(Word::as_str), Some("user"));
        assert_eq!(irregular_singular("caches"), Some("cache"));
        assert_eq!(irregular_singular("cache"), Some("cache"));
        assert_eq!(irregular_singular("houses"), None);
    }
}
