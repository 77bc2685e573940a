//! How the messages of rules that read rows write rows, keys and values.

use crate::finding::Severity;
use crate::probe::Sample;
use crate::relation::{Relation, Tier};
use crate::schema::Ident;

/// Characters of one value that are shown. Keys can be text of any length.
const SHOWN: usize = 40;

/// `1 row`, `3 rows`.
pub(super) fn rows(count: u64) -> String {
    counted(count, "row", "rows")
}

/// `1 key`, `3 keys`, in the words given.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `` `customer_id` ``, or `` (`tenant_id`, `order_id`) `` for several.
pub(super) fn columns(columns: &[Ident]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    match quoted.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

/// `a` or `an`, as the first letter of the name wants it.
pub(super) fn article(name: &str) -> &'static str {
    let first = name
        .trim_start_matches(|letter: char| !letter.is_alphanumeric())
        .to_lowercase();
    // `user`, `unit` and `uuid` begin as `you` does, and `one` as `won`.
    let is_spoken_otherwise = ["us", "uni", "uu", "eu", "one", "ut"]
        .iter()
        .any(|start| first.starts_with(start));
    if first.starts_with(['a', 'e', 'i', 'o', 'u']) && !is_spoken_otherwise {
        "an"
    } else {
        "a"
    }
}

/// The parent's table and columns: `` `customers`(`id`) ``.
pub(super) fn parent(relation: &Relation) -> String {
    let quoted: Vec<String> = relation
        .parent
        .columns
        .iter()
        .map(|column| format!("`{column}`"))
        .collect();
    format!("`{}`({})", relation.parent.table, quoted.join(", "))
}

/// A few keys, then how many more there are: `: 41, 42 and 7 more`. Empty where no key is known.
pub(super) fn keys(samples: &[Sample], all: u64) -> String {
    if samples.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = samples.iter().map(key).collect();
    let more = all.saturating_sub(u64::try_from(samples.len()).unwrap_or(u64::MAX));
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(": {}{more}", shown.join(", "))
}

/// The values of a key: `41`, or `(7, 41)` for several.
pub(super) fn key(sample: &Sample) -> String {
    let values: Vec<String> = sample.key.iter().map(|(_, text)| value(text)).collect();
    match values.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

/// A value: as it is where it is one plain word, else in quotes; cut where it is long.
pub(super) fn value(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    let plain = |character: char| character.is_alphanumeric() || "-_.:…".contains(character);
    if !shown.is_empty() && shown.chars().all(plain) {
        shown
    } else {
        format!("'{shown}'")
    }
}

/// What a message adds where names alone tell the relation.
pub(super) fn inferred(relation: &Relation) -> &'static str {
    if relation.is_declared() {
        ""
    } else {
        "; the relation is inferred, no constraint states it"
    }
}

/// How bad a fault in the rows of a relation can be at most: the less sure the relation, the less.
pub(super) fn worst_for(relation: &Relation) -> Severity {
    match relation.tier() {
        Tier::Declared | Tier::Strong => Severity::Error,
        Tier::Likely => Severity::Warning,
        Tier::Possible | Tier::Weak => Severity::Note,
    }
}

/// Whether `part` is more than so many per cent of `whole`.
pub(super) fn is_more_than(part: u64, whole: u64, percent: u8) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[&str]) -> Sample {
        Sample {
            key: values
                .iter()
                .map(|text| (Ident::from("c"), (*text).to_owned()))
                .collect(),
            rows: 1,
        }
    }

    #[test]
    fn names_have_the_article_that_they_are_spoken_with() {
        for name in [
            "`attachable_id`",
            "owner_id",
            "(`item_id`, `order_id`)",
            "Uploader",
            "under_id",
        ] {
            assert_eq!(article(name), "an", "{name}");
        }
        for name in [
            "`customer_id`",
            "user_id",
            "(`tenant_id`, `order_id`)",
            "uuid",
            "unit_id",
            "_",
        ] {
            assert_eq!(article(name), "a", "{name}");
        }
    }

    #[test]
    fn keys_tell_how_many_more_there_are() {
        assert_eq!(keys(&[], 3), "");
        assert_eq!(keys(&[sample(&["41"]), sample(&["42"])], 2), ": 41, 42");
        assert_eq!(keys(&[sample(&["7", "41"])], 9), ": (7, 41) and 8 more");
    }

    #[test]
    fn values_are_quoted_where_they_are_no_plain_word_and_cut_where_they_are_long() {
        assert_eq!(value("-1"), "-1");
        assert_eq!(value("Zürich"), "Zürich");
        assert_eq!(value(""), "''");
        assert_eq!(value("a b"), "'a b'");
        assert_eq!(value(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
        assert_eq!(value(&"é".repeat(40)), "é".repeat(40));
    }

    #[test]
    fn shares_do_not_overflow() {
        assert!(!is_more_than(1, 2, 50));
        assert!(is_more_than(2, 3, 50));
        assert!(!is_more_than(0, 0, 50));
        assert!(is_more_than(u64::MAX, u64::MAX, 99));
    }
}
