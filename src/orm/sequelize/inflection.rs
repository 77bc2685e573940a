//! Singular and plural, and letter case, as Sequelize has them. The rules are data: `plural.txt`, `singular.txt`,
//! `uncountable.txt`.

use std::sync::LazyLock;

use super::Version;

/// Words that are the same in singular and plural.
static UNCOUNTABLE: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("uncountable.txt").split_ascii_whitespace().collect());
static PLURAL: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(include_str!("plural.txt")));
static SINGULAR: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(include_str!("singular.txt")));

/// One line of the data.
struct Rule {
    /// Whether only version 3 of the package has it.
    newer: bool,
    before: Before,
    ending: &'static str,
    /// `None`: a word that matches stays as it is.
    replacement: Option<&'static str>,
}

/// What must stand before the ending.
enum Before {
    Anything,
    OneOf(Vec<&'static str>),
    NoneOf(&'static str),
    Whole(Vec<&'static str>),
}

impl Rule {
    fn parse(line: &'static str) -> Option<Self> {
        let (newer, line) = match line.strip_prefix("3:") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let mut words = line.split_ascii_whitespace();
        let before = words.next()?;
        let empty_if_dash = |word: &'static str| if word == "-" { "" } else { word };
        let before = match (before.strip_prefix('^'), before.strip_prefix('!')) {
            (Some(whole), _) => Before::Whole(whole.split(',').collect()),
            (_, Some(letters)) => Before::NoneOf(letters),
            _ if before == "*" => Before::Anything,
            _ => Before::OneOf(before.split(',').collect()),
        };
        Some(Self {
            newer,
            before,
            ending: words.next().map(empty_if_dash)?,
            replacement: words.next().map(empty_if_dash),
        })
    }

    /// What stands before the ending, where the rule matches. Both are in lower case.
    fn matches<'w>(&self, word: &'w str) -> Option<&'w str> {
        let stem = word.strip_suffix(self.ending)?;
        let fits = match &self.before {
            Before::Anything => true,
            Before::OneOf(ends) => ends.iter().any(|end| stem.ends_with(end)),
            Before::NoneOf(letters) => {
                let last = stem.chars().next_back();
                // The one alternative of two letters among these rules.
                last.is_some_and(|last| !letters.trim_end_matches(",qu").contains(last))
                    || (letters.ends_with(",qu") && stem.ends_with("qu"))
            }
            Before::Whole(words) => words.contains(&stem),
        };
        fits.then_some(stem)
    }
}

fn rules(text: &'static str) -> Vec<Rule> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(Rule::parse)
        .collect()
}

/// `Person` → `People`.
pub(super) fn pluralize(word: &str, version: Version) -> String {
    inflect(word, &PLURAL, version)
}

/// `People` → `Person`.
pub(super) fn singularize(word: &str, version: Version) -> String {
    inflect(word, &SINGULAR, version)
}

fn inflect(word: &str, rules: &[Rule], version: Version) -> String {
    let lower = word.to_ascii_lowercase();
    if UNCOUNTABLE.contains(&lower.as_str()) {
        return word.to_owned();
    }
    let mut applicable = rules.iter().filter(|rule| !rule.newer || version == Version::Seven);
    let found = applicable.find_map(|rule| Some((rule.matches(&lower)?, rule.replacement)));
    match found {
        Some((stem, Some(replacement))) => {
            // Only letters of ASCII change in lower case here, so lengths are those of the word.
            format!("{}{replacement}", word.get(..stem.len()).unwrap_or(word))
        }
        _ => word.to_owned(),
    }
}

/// `User_id` → `UserId`; Sequelize 7 also makes the first letter small.
pub(super) fn camelize(text: &str, version: Version) -> String {
    let mut camel = String::with_capacity(text.len());
    let mut raise = false;
    for letter in text.trim().chars() {
        if letter == '-' || letter == '_' || letter.is_whitespace() {
            raise = true;
        } else if raise {
            camel.extend(letter.to_uppercase());
            raise = false;
        } else {
            camel.push(letter);
        }
    }
    match version {
        Version::Six => camel,
        Version::Seven => lower_first(&camel),
    }
}

/// `OrderLine` → `order_line`. Each capital letter starts a word: `userID` → `user_i_d`.
pub(super) fn underscore(text: &str) -> String {
    let mut lower = String::with_capacity(text.len() + 4);
    for letter in text.replace("::", "/").chars() {
        if letter.is_ascii_uppercase() && !lower.is_empty() && !lower.ends_with('/') {
            lower.push('_');
        }
        lower.extend(letter.to_lowercase());
    }
    match lower.strip_prefix('_') {
        Some(rest) => rest.to_owned(),
        None => lower,
    }
}

/// `OrderLine` → `orderLine`.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the packages themselves give: word, plural, singular.
    const WORDS: &[[&str; 3]] = &[
        ["analyses", "analyses", "analyasis"],
        ["bases", "bases", "basis"],
        ["diagnoses", "diagnoses", "diagnosis"],
        ["Person", "People", "Person"],
        ["people", "people", "person"],
        ["MAN", "Men", "MAN"],
        ["Foot", "feet", "Foot"],
        ["life", "lives", "life"],
        ["UserInformation", "UserInformations", "UserInformation"],
        ["information", "information", "information"],
        ["slice", "slice", "slouse"],
        ["status", "statuses", "status"],
        ["criteria", "criteria", "criterion"],
        ["data", "data", "datum"],
        ["media", "media", "medium"],
        ["leaves", "leaves", "leave"],
        ["knives", "knives", "knife"],
        ["caves", "caves", "cave"],
        ["axes", "axes", "ax"],
        ["index", "indices", "index"],
        ["address", "addresses", "address"],
        ["Bonus", "Bonuses", "Bonus"],
        ["Oxen", "Oxen", "Ox"],
        ["Category", "Categories", "Category"],
        ["soliloquy", "soliloquies", "soliloquy"],
        ["Day", "Days", "Day"],
        ["gas", "gas", "ga"],
        ["", "s", ""],
        ["Größe", "Größes", "Größe"],
    ];

    #[test]
    fn words_are_inflected_as_the_packages_do() {
        for [word, plural, singular] in WORDS {
            for version in [Version::Six, Version::Seven] {
                assert_eq!(pluralize(word, version), *plural, "plural of {word}");
                assert_eq!(singularize(word, version), *singular, "singular of {word}");
            }
        }
        assert_eq!(pluralize("Focus", Version::Six), "Focus");
        assert_eq!(pluralize("Focus", Version::Seven), "Focuses");
    }

    #[test]
    fn letter_case_changes_as_in_sequelize() {
        assert_eq!(camelize("User_id", Version::Six), "UserId");
        assert_eq!(camelize("User_id", Version::Seven), "userId");
        assert_eq!(camelize("order-line_order_", Version::Six), "orderLineOrder");
        assert_eq!(underscore("userID"), "user_i_d");
        assert_eq!(underscore("OrderLine"), "order_line");
        assert_eq!(underscore("user_Id"), "user__id");
        assert_eq!(lower_first("OrderLine"), "orderLine");
    }
}
