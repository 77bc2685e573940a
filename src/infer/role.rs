//! What a child's name for a relation says beyond the parent's name.

use super::stem::{self, Style};
use super::tokens::{self, Word};
use crate::schema::ColumnSet;

/// `author` for `author_id` → users, `billing` for `billing_address_id` → addresses; `None` for `user_id` → users.
pub(super) fn role(child: &ColumnSet, parent: &ColumnSet) -> Option<String> {
    child
        .columns
        .iter()
        .zip(&parent.columns)
        .filter(|(column, key)| child.columns.len() == 1 || column != key)
        .find_map(|(column, key)| role_of_column(column.as_str(), key.as_str(), parent))
}

fn role_of_column(column: &str, key: &str, parent: &ColumnSet) -> Option<String> {
    let words = tokens::words(column);
    let key = tokens::words(key);
    let table = tokens::words(parent.table.table.as_str());
    if key.len() > 1 && words.ends_with(&key) {
        return join(words.get(..words.len() - key.len())?);
    }
    let stems = stem::stems(&words);
    for stem in &stems {
        // The whole of the parent's name, or what is left of it without its first words.
        for start in 0..table.len() {
            let name = table.get(start..).unwrap_or_default().concat();
            let beginning = (0..=stem.words.len()).find(|cut| {
                stem.words
                    .get(*cut..)
                    .is_some_and(|rest| !rest.is_empty() && rest.concat() == name)
            });
            if let Some(cut) = beginning {
                return join(stem.words.get(..cut)?);
            }
        }
    }
    let stem = stems.iter().find(|stem| stem.style != Style::Glued).or(stems.first())?;
    if stem.words == key { None } else { join(&stem.words) }
}

fn join(words: &[Word]) -> Option<String> {
    (!words.is_empty()).then(|| words.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TableName;

    fn check(column: &str, parent: &str, expected: Option<&str>) {
        let (table, key) = parent.split_once('.').unwrap_or((parent, "id"));
        let child = ColumnSet::new(TableName::bare("child"), vec![column.into()]);
        let parent = ColumnSet::new(TableName::bare(table), vec![key.into()]);
        assert_eq!(role(&child, &parent).as_deref(), expected, "{column} {parent}");
    }

    #[test]
    fn a_role_is_what_the_parents_name_leaves_over() {
        check("user_id", "users", None);
        check("author_id", "users", Some("author"));
        check("created_by", "users", Some("created_by"));
        check("billing_address_id", "addresses", Some("billing"));
        check("billingAddressId", "Address", Some("billing"));
        check("order_id", "spree_orders", None);
        check("item_id", "order_items", None);
        check("artist", "artist", None);
        check("owner", "users", Some("owner"));
        check("emp_no", "employees.emp_no", None);
        check("manager_emp_no", "employees.emp_no", Some("manager"));
        check("parent_id", "categories", Some("parent"));
        check("customerid", "customers", None);
        check("uuid", "customers.uuid", None);
    }
}
