//! Names of classes and associations, made of those of tables and columns.

use std::collections::BTreeMap;

use crate::relation::Relation;
use crate::schema::{Table, TableName};

use super::reserved::Reserved;

/// The words of a name in small letters: `OrderLines` and `order_lines` are `order`, `lines`.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            after_small = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || (letter.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = !letter.is_uppercase();
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn counted(table: &TableName, count: isize) -> Vec<String> {
    let mut words = split(table.table.as_str());
    if let Some(last) = words.last_mut() {
        *last = pluralizer::pluralize(last, count, false);
    }
    words
}

/// `order_line` for `order_lines`.
pub(super) fn singular(table: &TableName) -> String {
    counted(table, 1).join("_")
}

/// `order_lines` for `OrderLine`.
pub(super) fn plural(table: &TableName) -> String {
    counted(table, 2).join("_")
}

/// `orderLine` for `order_line`.
pub(super) fn camel(name: &str) -> String {
    let words = split(name);
    let mut words = words.iter();
    let first = words.next().cloned().unwrap_or_default();
    words.fold(first, |name, word| name + &capital(word))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn class(words: &[String]) -> String {
    let name: String = words.iter().map(|word| capital(word)).collect();
    if name.starts_with(|first: char| first.is_alphabetic()) {
        name
    } else {
        format!("Table{name}")
    }
}

/// A class for each table: its name, with the namespace in front where two would be the same.
pub(super) fn classes(tables: &[&Table], reserved: &Reserved) -> Vec<String> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for table in tables {
        *taken.entry(class(&counted(&table.name, 1))).or_default() += 1;
    }
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    tables
        .iter()
        .map(|table| {
            let words = counted(&table.name, 1);
            let name = class(&words);
            let name = match (&table.name.namespace, taken.get(&name)) {
                (Some(namespace), Some(2..)) => class(&[split(namespace.as_str()), words].concat()),
                _ => name,
            };
            let name = if reserved.is_class(&name) {
                name + "Record"
            } else {
                name
            };
            let number = given.entry(name.clone()).or_default();
            *number += 1;
            match number {
                1 => name,
                number => format!("{name}{number}"),
            }
        })
        .collect()
}

/// What a child calls its parent: its column without the key's name (`author` for `author_id`, `billing_address` for
/// `billing_address_id`), else the parent with the role in front.
pub(super) fn belongs_name(relation: &Relation) -> String {
    let parent = singular(&relation.parent.table);
    if let ([column], [key]) = (relation.child.columns.as_slice(), relation.parent.columns.as_slice()) {
        let (words, key) = (split(column.as_str()), split(key.as_str()));
        for tail in [key.as_slice(), &["id".to_owned()], &["uuid".to_owned()]] {
            let rest = words.strip_suffix(tail).filter(|rest| !rest.is_empty());
            if let Some(rest) = rest.filter(|_| !tail.is_empty()) {
                return rest.join("_");
            }
        }
        if let Some(rest) = words
            .strip_prefix(&["id".to_owned()][..])
            .filter(|rest| !rest.is_empty())
        {
            return rest.join("_");
        }
    }
    match &relation.role {
        Some(role) if !parent.ends_with(role.as_str()) => format!("{}_{parent}", split(role).join("_")),
        _ => parent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_and_joined() {
        let table = |name: &str| TableName::bare(name);
        assert_eq!(singular(&table("order_lines")), "order_line");
        assert_eq!(plural(&table("OrderLine")), "order_lines");
        assert_eq!(plural(&table("people")), "people");
        assert_eq!(camel("order_line_items"), "orderLineItems");
        assert_eq!(class(&counted(&table("blog_categories"), 1)), "BlogCategory");
        assert_eq!(class(&counted(&table("2fa_tokens"), 1)), "Table2faToken");
    }
}
