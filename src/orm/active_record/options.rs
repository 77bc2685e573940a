//! The macros that declare associations, and the options that each of them takes.

use super::body::Declared;
use super::value::Value;
use crate::schema::UnknownOption;

/// The macros, by the names under which code calls them.
const DECLARATIONS: [&str; 8] = [
    "belongs_to",
    "has_one",
    "has_many",
    "has_and_belongs_to_many",
    "delegated_type",
    "has_one_attached",
    "has_many_attached",
    "has_rich_text",
];

/// Options of all of them, of any version since Rails 4.1, where unknown ones were first refused; `autosave` is put in by
/// Active Record itself, `with_deleted` and `counter_cache` of a `has_one` by widespread gems.
const COMMON: [&str; 17] = [
    "anonymous_class",
    "autosave",
    "class_name",
    "class",
    "dependent",
    "deprecated",
    "ensuring_owner_was",
    "foreign_key",
    "inverse_of",
    "primary_key",
    "query_constraints",
    "strict_loading",
    "validate",
    "foreign_type",
    "with_deleted",
    "counter_cache",
    "extend",
];
const BELONGS_TO: [&str; 6] = ["polymorphic", "optional", "required", "touch", "default", "types"];
const HAS: [&str; 5] = ["as", "through", "source", "source_type", "disable_joins"];
const HAS_ONE: [&str; 2] = ["required", "touch"];
const MANY: [&str; 7] = [
    "before_add",
    "after_add",
    "before_remove",
    "after_remove",
    "join_table",
    "index_errors",
    "default_order",
];

/// The macro of that name, if it declares an association.
pub(super) fn declaration(name: &str) -> Option<&'static str> {
    DECLARATIONS.into_iter().find(|known| *known == name)
}

/// The options that Active Record refuses: the class cannot be loaded with them.
pub(super) fn unknown(declared: &Declared) -> Vec<UnknownOption> {
    if declared.implied || declared.keyword == "delegated_type" {
        return Vec::new();
    }
    let mut unknown = Vec::new();
    for pair in &declared.options {
        let Some(key) = &pair.key else { continue };
        if let Some(why) = why_unknown(declared, key) {
            unknown.push(UnknownOption {
                option: key.clone(),
                why,
                location: pair.location.clone(),
            });
        }
    }
    unknown
}

fn why_unknown(declared: &Declared, key: &str) -> Option<String> {
    let kind = declared.keyword;
    let takes = |lists: &[&[&str]]| lists.iter().any(|list| list.contains(&key));
    let known = match kind {
        "belongs_to" => takes(&[&COMMON, &BELONGS_TO]),
        "has_one" => takes(&[&COMMON, &HAS, &HAS_ONE]),
        "has_many" => takes(&[&COMMON, &HAS, &MANY]),
        _ => takes(&[&COMMON, &MANY, &["association_foreign_key", "uniq", "readonly"]]),
    };
    if !known {
        return Some(match (kind, key) {
            ("has_one" | "has_many", "optional") => {
                format!("{kind} refuses it; whether a parent is needed is said at the belongs_to")
            }
            ("has_one" | "has_many", "polymorphic") => {
                format!("{kind} refuses it; the parent's end of a polymorphic pair is declared by `as`")
            }
            ("has_one" | "has_many" | "belongs_to", "association_foreign_key" | "target_key") => {
                format!("{kind} refuses it; the parent's column is chosen by `primary_key`")
            }
            ("belongs_to", "through") => {
                "belongs_to refuses it; only has_one and has_many go through others".to_owned()
            }
            _ => format!("{kind} refuses it"),
        });
    }
    let goes_through = declared.option("through").is_some();
    match key {
        "source" | "source_type" if !goes_through => Some(format!("{kind} refuses it without `through`")),
        "foreign_type" if declared.option("as").is_none() && declared.option("polymorphic").is_none() => {
            Some(format!("{kind} refuses it where nothing is polymorphic"))
        }
        "class_name" if kind == "belongs_to" && declared.option("polymorphic") == Some(&Value::True) => {
            Some("belongs_to refuses it with `polymorphic`; the type column names the class".to_owned())
        }
        _ => None,
    }
}
