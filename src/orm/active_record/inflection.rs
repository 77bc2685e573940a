//! Names of tables, columns and classes from one another, as Active Support's inflector makes them.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::inflection_rules::{IRREGULAR, PLURAL, SINGULAR, UNCOUNTABLE};

/// The rules of an application: those of Rails and its own.
#[derive(Debug, Clone)]
pub(super) struct Inflections {
    plural: Vec<Rule>,
    singular: Vec<Rule>,
    /// In small letters.
    uncountable: Vec<String>,
    /// As they are written in names of classes: `API`, `RESTful`.
    acronyms: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: Regex,
    replacement: String,
}

static DEFAULT: LazyLock<Inflections> = LazyLock::new(|| {
    let mut inflections = Inflections {
        plural: Vec::new(),
        singular: Vec::new(),
        uncountable: Vec::new(),
        acronyms: Vec::new(),
    };
    for (pattern, replacement) in PLURAL {
        let _ = inflections.plural(pattern, true, replacement);
    }
    for (pattern, replacement) in SINGULAR {
        let _ = inflections.singular(pattern, true, replacement);
    }
    for (singular, plural) in IRREGULAR {
        inflections.irregular(singular, plural);
    }
    for word in UNCOUNTABLE {
        inflections.uncountable(word);
    }
    inflections
});

impl Inflections {
    /// Those of Rails alone.
    pub(super) fn rails() -> Self {
        DEFAULT.clone()
    }

    /// Adds a rule for plurals. The replacement is in the form of the `regex` crate. `None` where the pattern cannot be
    /// understood.
    pub(super) fn plural(&mut self, pattern: &str, any_case: bool, replacement: &str) -> Option<()> {
        self.plural.push(Rule::new(pattern, any_case, replacement)?);
        Some(())
    }

    /// The same for singulars.
    pub(super) fn singular(&mut self, pattern: &str, any_case: bool, replacement: &str) -> Option<()> {
        self.singular.push(Rule::new(pattern, any_case, replacement)?);
        Some(())
    }

    /// Adds a word with a plural of its own: also at the end of another word.
    pub(super) fn irregular(&mut self, singular: &str, plural: &str) {
        self.uncountable.retain(|word| word != singular && word != plural);
        for from in [singular, plural] {
            for (rules, to) in [(&mut self.plural, plural), (&mut self.singular, singular)] {
                rules.extend(irregular_rules(from, to));
            }
        }
    }

    /// Adds a word whose plural is the same.
    pub(super) fn uncountable(&mut self, word: &str) {
        self.uncountable.push(word.to_lowercase());
    }

    /// Adds a word whose capital letters stay together in the name of a class.
    pub(super) fn acronym(&mut self, word: &str) {
        self.acronyms.push(word.to_owned());
    }

    pub(super) fn pluralize(&self, word: &str) -> String {
        self.apply(word, &self.plural)
    }

    pub(super) fn singularize(&self, word: &str) -> String {
        self.apply(word, &self.singular)
    }

    fn apply(&self, word: &str, rules: &[Rule]) -> String {
        if word.is_empty() || self.is_uncountable(word) {
            return word.to_owned();
        }
        let rule = rules.iter().rev().find(|rule| rule.pattern.is_match(word));
        rule.map_or_else(
            || word.to_owned(),
            |rule| rule.pattern.replace(word, rule.replacement.as_str()).into_owned(),
        )
    }

    /// Whether it ends with such a word, of which `_` counts as a letter.
    fn is_uncountable(&self, word: &str) -> bool {
        let small = word.to_lowercase();
        self.uncountable.iter().any(|uncountable| {
            small
                .strip_suffix(uncountable.as_str())
                .is_some_and(|before| !before.ends_with(|last: char| last.is_alphanumeric() || last == '_'))
        })
    }

    /// `blog/post_comment` → `Blog::PostComment`.
    pub(super) fn camelize(&self, term: &str) -> String {
        let parts = term.split('/').map(|part| {
            let words = part.split('_').map(|word| self.capitalized(word));
            words.collect::<String>()
        });
        parts.collect::<Vec<_>>().join("::")
    }

    fn capitalized(&self, word: &str) -> String {
        let small = word.to_lowercase();
        if let Some(acronym) = self.acronyms.iter().find(|acronym| acronym.to_lowercase() == small) {
            return acronym.clone();
        }
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    /// `Blog::PostComment` → `blog/post_comment`.
    pub(super) fn underscore(&self, name: &str) -> String {
        let name = self.without_acronyms(&name.replace("::", "/"));
        let letters: Vec<char> = name.chars().collect();
        let mut result = String::with_capacity(name.len() + 4);
        for (at, letter) in letters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| letters.get(at));
            let after = letters.get(at + 1);
            let starts_word = letter.is_ascii_uppercase()
                && before.is_some_and(|before| {
                    before.is_ascii_lowercase()
                        || before.is_ascii_digit()
                        || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
                });
            if starts_word {
                result.push('_');
            }
            result.push(if *letter == '-' { '_' } else { *letter });
        }
        result.to_lowercase()
    }

    /// With each acronym as a word of small letters of its own.
    fn without_acronyms(&self, name: &str) -> String {
        let mut result = String::with_capacity(name.len());
        let mut rest = name;
        while let Some(first) = rest.chars().next() {
            let before = result.chars().last();
            let found = self.acronyms.iter().find(|acronym| {
                rest.strip_prefix(acronym.as_str())
                    .is_some_and(|after| !after.starts_with(|next: char| next.is_ascii_lowercase()))
            });
            match found {
                Some(acronym) if before.is_none_or(|before| before != '_') => {
                    if before.is_some_and(char::is_alphanumeric) {
                        result.push('_');
                    }
                    result.push_str(&acronym.to_lowercase());
                    rest = rest.get(acronym.len()..).unwrap_or("");
                }
                _ => {
                    result.push(first);
                    rest = rest.get(first.len_utf8()..).unwrap_or("");
                }
            }
        }
        result
    }

    /// The name of a class from that of a table or an association of many: `blog.post_comments` → `PostComment`.
    pub(super) fn classify(&self, name: &str) -> String {
        let table = name.rsplit('.').next().unwrap_or(name);
        self.camelize(&self.singularize(table))
    }

    /// The column that references a class by convention: `Blog::Post` → `post_id`.
    pub(super) fn foreign_key(&self, class: &str) -> String {
        format!("{}_id", self.underscore(demodulized(class)))
    }
}

/// A class without the modules that it is in.
pub(super) fn demodulized(class: &str) -> &str {
    class.rsplit("::").next().unwrap_or(class)
}

impl Rule {
    fn new(pattern: &str, any_case: bool, replacement: &str) -> Option<Self> {
        let pattern = RegexBuilder::new(pattern)
            .case_insensitive(any_case)
            .multi_line(true)
            .size_limit(1 << 20)
            .build()
            .ok()?;
        Some(Self {
            pattern,
            replacement: replacement.to_owned(),
        })
    }
}

/// The word in any letter case, at the end of another; its first letter keeps its case.
fn irregular_rules(from: &str, to: &str) -> Vec<Rule> {
    let split = |word: &str| {
        let first: String = word.chars().take(1).collect();
        (first, word.chars().skip(1).collect::<String>())
    };
    let ((first, rest), (to_first, to_rest)) = (split(from), split(to));
    let rest = regex::escape(&rest);
    if first.to_lowercase() == to_first.to_lowercase() {
        let pattern = format!("({}){rest}$", regex::escape(&first));
        return Rule::new(&pattern, true, &format!("${{1}}{to_rest}"))
            .into_iter()
            .collect();
    }
    let cased = |first: &str, to_first: &str| {
        let pattern = format!("{}(?i:{rest})$", regex::escape(first));
        Rule::new(&pattern, false, &format!("{to_first}{to_rest}"))
    };
    [
        cased(&first.to_uppercase(), &to_first.to_uppercase()),
        cased(&first.to_lowercase(), &to_first.to_lowercase()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_as_rails_changes_them() {
        let rails = Inflections::rails();
        for (singular, plural) in [
            ("post", "posts"),
            ("category", "categories"),
            ("day", "days"),
            ("address", "addresses"),
            ("box", "boxes"),
            ("status", "statuses"),
            ("order_status", "order_statuses"),
            ("bus", "buses"),
            ("analysis", "analyses"),
            ("datum", "data"),
            ("medium", "media"),
            ("person", "people"),
            ("sales_person", "sales_people"),
            ("child", "children"),
            ("woman", "women"),
            ("mouse", "mice"),
            ("index", "indices"),
            ("matrix", "matrices"),
            ("series", "series"),
            ("news", "news"),
            ("wife", "wives"),
            ("half", "halves"),
            ("quiz", "quizzes"),
            ("shoe", "shoes"),
            ("archive", "archives"),
            ("move", "moves"),
            ("database", "databases"),
            ("right_arm", "right_arms"),
            ("Person", "People"),
            ("process", "processes"),
            ("crisis", "crises"),
            ("money", "money"),
        ] {
            assert_eq!(rails.pluralize(singular), plural, "plural of {singular}");
            assert_eq!(rails.singularize(plural), singular, "singular of {plural}");
            assert_eq!(rails.pluralize(plural), plural, "plural of {plural}");
        }
        // `_` does not set a word apart, so that these are counted.
        assert_eq!(rails.pluralize("pocket_money"), "pocket_moneys");
        assert_eq!(rails.singularize("address"), "address");
        assert_eq!(rails.pluralize(""), "");
    }

    #[test]
    fn classes_and_files_are_named_from_each_other() {
        let mut rails = Inflections::rails();
        for (class, path) in [
            ("Post", "post"),
            ("PostComment", "post_comment"),
            ("Blog::PostComment", "blog/post_comment"),
            ("OAuthToken", "o_auth_token"),
            ("HTMLPage", "html_page"),
            ("Area51Controller", "area51_controller"),
            ("SSLError", "ssl_error"),
        ] {
            assert_eq!(rails.underscore(class), path, "{class}");
        }
        assert_eq!(rails.camelize("blog/post_comment"), "Blog::PostComment");
        assert_eq!(rails.classify("blog.post_comments"), "PostComment");
        assert_eq!(rails.foreign_key("Blog::PostComment"), "post_comment_id");
        rails.acronym("API");
        rails.acronym("OAuth");
        assert_eq!(rails.camelize("api_key"), "APIKey");
        for (class, path) in [
            ("APIKey", "api_key"),
            ("MyAPI", "my_api"),
            ("OAuthToken", "oauth_token"),
            ("Apiary", "apiary"),
        ] {
            assert_eq!(rails.underscore(class), path, "{class}");
        }
    }

    #[test]
    fn an_application_adds_its_own() {
        let mut own = Inflections::rails();
        own.irregular("foot", "feet");
        own.irregular("cow", "kine");
        own.uncountable("Metadata");
        assert_eq!(own.pluralize("foot"), "feet");
        assert_eq!(own.singularize("left_feet"), "left_foot");
        assert_eq!(own.pluralize("Cow"), "Kine");
        assert_eq!(own.singularize("kine"), "cow");
        assert_eq!(own.pluralize("metadata"), "metadata");
        assert!(own.plural("(a)(", true, "b").is_none());
        assert!(own.plural("^(virtual)$", true, "${1}es").is_some());
        assert_eq!(own.pluralize("virtual"), "virtuales");
    }
}
