//! What words can be short for.

use compact_str::format_compact;
use rustc_hash::FxHashMap;

use super::names::TableNames;
use super::tokens::Word;

/// A shorter word can be short for too much.
const SHORTEST: usize = 3;

/// The tables that words can be short for.
#[derive(Debug, Default)]
pub(super) struct Abbreviations {
    /// For the whole name: `emp` for `employees`, `cdemo` for `customer_demographics`, `cg` for `content_generator`.
    whole: FxHashMap<Word, Vec<usize>>,
    /// For its first or last word: `addr` for `customer_address`.
    part: FxHashMap<Word, Vec<usize>>,
}

impl Abbreviations {
    pub(super) fn read(tables: &[TableNames<'_>]) -> Self {
        let mut abbreviations = Self::default();
        for (table, names) in tables
            .iter()
            .enumerate()
            .filter(|(_, names)| names.is_target && !names.is_link)
        {
            let words = names.meaning();
            let Some((last, front)) = words.split_last() else {
                continue;
            };
            let initials: Word = front.iter().filter_map(|word| word.chars().next()).collect();
            if front.is_empty() {
                for prefix in prefixes(last) {
                    add(&mut abbreviations.whole, prefix.into(), table);
                }
                continue;
            }
            for prefix in prefixes(last) {
                add(&mut abbreviations.whole, format_compact!("{initials}{prefix}"), table);
                add(&mut abbreviations.part, prefix.into(), table);
            }
            add(
                &mut abbreviations.whole,
                initials + last.get(..1).unwrap_or_default(),
                table,
            );
            add(&mut abbreviations.part, last.clone(), table);
            if let Some(first) = front.first() {
                add(&mut abbreviations.part, first.clone(), table);
            }
        }
        abbreviations
    }

    /// The tables that the word can be short for: first for their whole name, then for a part of it.
    pub(super) fn of(&self, word: &str) -> [(&'static str, &[usize]); 2] {
        let whole = self.whole.get(word).map_or(&[][..], Vec::as_slice);
        let part = self.part.get(word).map_or(&[][..], Vec::as_slice);
        [("abbreviation", whole), ("abbreviation_part", part)]
    }
}

fn add(map: &mut FxHashMap<Word, Vec<usize>>, word: Word, table: usize) {
    let tables = map.entry(word).or_default();
    if tables.last() != Some(&table) {
        tables.push(table);
    }
}

/// The beginnings of a word that are shorter than the word.
fn prefixes(word: &str) -> impl Iterator<Item = &str> {
    word.char_indices()
        .skip(SHORTEST)
        .filter_map(|(end, _)| word.get(..end))
}
