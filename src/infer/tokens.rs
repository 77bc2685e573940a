//! Names → words: split at separators and at changes of letter case, small letters, singular.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::vocabulary;

/// A word of a name. Most are short, and are copied without asking for memory.
pub(super) type Word = compact_str::CompactString;

thread_local! {
    /// The inflection library tries some hundred patterns for each word, and schemas repeat few words often.
    static SINGULARS: RefCell<FxHashMap<Word, Word>> = RefCell::new(FxHashMap::default());
}

/// The words of a name in small letters, each in the singular: `OrderItems`, `order_items` and `ORDER_ITEM` give the
/// same.
pub(super) fn words(name: &str) -> Vec<Word> {
    split(name).iter().map(|word| singular(word)).collect()
}

/// The words of a name without what separates them, so that `orderitem` is found by `order_items` too.
pub(super) fn glued(name: &str) -> Word {
    glue(&words(name))
}

/// Words without what separates them.
pub(super) fn glue(words: &[Word]) -> Word {
    words.iter().map(Word::as_str).collect()
}

/// The words of a name in small letters, as they are written.
pub(super) fn split(name: &str) -> Vec<Word> {
    let characters: Vec<char> = name.chars().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut word = Word::default();
    for (position, &character) in characters.iter().enumerate() {
        let before = position
            .checked_sub(1)
            .and_then(|before| characters.get(before))
            .copied();
        let rest = characters.get(position + 1..).unwrap_or_default();
        if (!character.is_alphanumeric() || starts_word(before, character, rest)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a new word begins with this character: `userId`, `HTTPServer`, `entity0`. `userIDs` ends in one word.
fn starts_word(before: Option<char>, character: char, rest: &[char]) -> bool {
    let Some(before) = before else { return false };
    if before.is_numeric() != character.is_numeric() {
        return true;
    }
    if !character.is_uppercase() {
        return false;
    }
    let plural_of_acronym = matches!(rest, ['s'] | ['s', '_', ..]);
    before.is_lowercase() || (rest.first().is_some_and(|next| next.is_lowercase()) && !plural_of_acronym)
}

/// A word in the singular. What is no plural stays as it is.
pub(super) fn singular(word: &str) -> Word {
    SINGULARS.with_borrow_mut(|known| {
        if let Some(singular) = known.get(word) {
            return singular.clone();
        }
        let singular = vocabulary::irregular_singular(word).map_or_else(|| regular_singular(word), Word::from);
        known.insert(word.into(), singular.clone());
        singular
    })
}

fn regular_singular(word: &str) -> Word {
    // Short words that end in s are seldom plurals (`os`, `gas`, `css`), but for `ons` in `add_ons`.
    match word.chars().collect::<Vec<char>>().as_slice() {
        [first, second, 's'] if !"aeiouys".contains(*second) => [*first, *second].iter().collect(),
        [_, _, _, _, ..] => pluralizer::pluralize(word, 1, false).into(),
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &str) {
        assert_eq!(words(name).join(" "), expected, "{name}");
    }

    #[test]
    fn splits_at_separators_case_and_digits() {
        check("order_items", "order item");
        check("OrderItems", "order item");
        check("orderItemId", "order item id");
        check("ORDER_ITEM_ID", "order item id");
        check("HTTPServer", "http server");
        check("userIDs", "user id");
        check("add_ons", "add on");
        check("userID", "user id");
        check("entity0", "entity 0");
        check("a b-c.d", "a b c d");
        check("", "");
        check("__", "");
        check("Straße_Größen", "straße größen");
    }

    #[test]
    fn knows_plurals_that_the_library_does_not() {
        for (plural, expected) in [
            ("caches", "cache"),
            ("species", "species"),
            ("lenses", "lens"),
            ("viruses", "virus"),
            ("statuses", "status"),
            ("status", "status"),
            ("addresses", "address"),
            ("address", "address"),
            ("people", "person"),
            ("children", "child"),
            ("categories", "category"),
            ("previous", "previous"),
            ("lens", "lens"),
            ("os", "os"),
        ] {
            check(plural, expected);
        }
    }
}
