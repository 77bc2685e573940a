//! Relations of a table to itself.

use super::tokens;
use super::vocabulary::vocabulary;
use crate::relation::Relation;

/// Whether a relation of a table to itself makes its rows a tree, by the child's column: `parent_id`, `manager_id`,
/// `reports_to`. A `next_id` or a `spouse_id` makes none: rows may well point at each other in a circle.
pub fn is_tree_reference(relation: &Relation) -> bool {
    relation.is_self_reference() && relation.child.columns.iter().any(|column| says_tree(column.as_str()))
}

fn says_tree(column: &str) -> bool {
    let words = tokens::words(column);
    let known = &vocabulary().self_references.tree;
    (0..words.len()).any(|start| {
        (start + 1..=words.len()).any(|end| words.get(start..end).is_some_and(|run| known.has(&run.concat())))
    }) || super::stem::stems(&words)
        .iter()
        .any(|stem| known.has(&stem.words.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_names_say_that_rows_form_a_tree() {
        for column in [
            "parent_id",
            "ParentId",
            "parent",
            "parent_category_id",
            "reports_to",
            "ReportsTo",
            "manager_id",
        ] {
            assert!(says_tree(column), "{column}");
        }
        for column in [
            "in_reply_to_id",
            "line_manager_id",
            "supervisor",
            "parentid",
            "c_parent_id",
        ] {
            assert!(says_tree(column), "{column}");
        }
        for column in [
            "next_id",
            "spouse_id",
            "root_id",
            "duplicate_of",
            "transparent_id",
            "original_id",
        ] {
            assert!(!says_tree(column), "{column}");
        }
    }
}
