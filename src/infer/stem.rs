//! Names of columns without what says that they hold a key.

use super::tokens::{self, Word};
use super::vocabulary::vocabulary;

/// How a column's name says that it holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// `customer_id`.
    Strong,
    /// `customer_code`.
    Weak,
    /// `id_customer`.
    Front,
    /// `customerid`.
    Glued,
    /// It does not: `customer`.
    Bare,
}

/// A column's name without what says that it holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stem {
    pub(super) words: Vec<Word>,
    /// The words, glued.
    pub(super) name: Word,
    /// The word that was taken off; empty for a bare name.
    pub(super) tail: Word,
    pub(super) style: Style,
}

/// What is left of a name without its tail. A glued tail is one possible reading, so there can be two.
pub(super) fn stems(words: &[Word]) -> Vec<Stem> {
    let tails = &vocabulary().tails;
    // `concept_id_1`, `concept_id_2`.
    if let [front @ .., tail, ordinal] = words
        && !front.is_empty()
        && tails.strong.has(tail)
        && ordinal.chars().all(char::is_numeric)
    {
        return stems(words.get(..words.len() - 1).unwrap_or_default());
    }
    let stem = |words: &[Word], tail: &str, style| Stem {
        words: words.to_vec(),
        name: tokens::glue(words),
        tail: tail.into(),
        style,
    };
    let [first, middle @ .., last] = words else {
        return words
            .iter()
            .flat_map(|word| glued_stem(&[], word).into_iter().chain([stem(words, "", Style::Bare)]))
            .collect();
    };
    let head = words.get(..words.len() - 1).unwrap_or_default();
    let style = if tails.strong.has(last) {
        Style::Strong
    } else if tails.weak.has(last) {
        Style::Weak
    } else if tails.front.has(first) {
        // `fk_customer`, and `fk_customerid` too.
        let rest = words.get(1..).unwrap_or_default();
        let front = rest.split_last().and_then(|(last, front)| glued_stem(front, last));
        return std::iter::once(stem(rest, first, Style::Front)).chain(front).collect();
    } else {
        return glued_stem(head, last)
            .into_iter()
            .chain([stem(words, "", Style::Bare)])
            .collect();
    };
    // `fk_customer_id`, `page_ptr_id`, `customer_id_fk`.
    let mut rest = head;
    if tails.front.has(first) && !middle.is_empty() {
        rest = rest.get(1..).unwrap_or_default();
    }
    while let Some((word, shorter)) = rest.split_last() {
        if shorter.is_empty() || !(tails.empty.has(word) || (tails.empty.has(last) && tails.strong.has(word))) {
            break;
        }
        rest = shorter;
    }
    vec![stem(rest, last, style)]
}

/// `customerid` as `customer` and `id`.
fn glued_stem(head: &[Word], last: &str) -> Option<Stem> {
    let tails = &vocabulary().tails.glued;
    let (rest, tail) = tails
        .iter()
        .filter_map(|tail| Some((last.strip_suffix(tail.as_str())?, tail)))
        .find(|(rest, _)| rest.chars().count() >= 2)?;
    let mut words = head.to_vec();
    words.push(tokens::singular(rest));
    Some(Stem {
        name: tokens::glue(&words),
        words,
        tail: tail.as_str().into(),
        style: Style::Glued,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &[(&str, &str, Style)]) {
        let found = stems(&tokens::words(name));
        let found: Vec<(String, &str, Style)> = found
            .iter()
            .map(|stem| (stem.words.join(" "), stem.tail.as_str(), stem.style))
            .collect();
        let expected: Vec<(String, &str, Style)> = expected
            .iter()
            .map(|(words, tail, style)| ((*words).to_owned(), *tail, *style))
            .collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn takes_off_what_says_that_it_is_a_key() {
        check("customer_id", &[("customer", "id", Style::Strong)]);
        check("customerId", &[("customer", "id", Style::Strong)]);
        check("fk_customer_id", &[("customer", "id", Style::Strong)]);
        check("customer_id_fk", &[("customer", "fk", Style::Strong)]);
        check("page_ptr_id", &[("page", "id", Style::Strong)]);
        check("id_customer", &[("customer", "id", Style::Front)]);
        check(
            "fk_customerid",
            &[("customerid", "fk", Style::Front), ("customer", "id", Style::Glued)],
        );
        check("concept_id_1", &[("concept", "id", Style::Strong)]);
        check("emp_no", &[("emp", "no", Style::Weak)]);
        check(
            "customerid",
            &[("customer", "id", Style::Glued), ("customerid", "", Style::Bare)],
        );
        check("owner", &[("owner", "", Style::Bare)]);
        check("id", &[("id", "", Style::Bare)]);
        check("", &[]);
    }
}
