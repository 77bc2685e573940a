//! Rows that share the parent of a relation that is meant to be one-to-one.

use serde::Deserialize;

use super::row_text::{columns, counted, keys, rows};
use super::{Facts, Findings, Rule};
use crate::finding::Remedy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DuplicateOneToOneRows {}

impl Rule for DuplicateOneToOneRows {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, counts) in facts.counts() {
            let Some(duplicates) = counts.duplicates.as_ref().filter(|found| found.rows > 0) else {
                continue;
            };
            let child = columns(&relation.child.columns);
            let message = format!(
                "{} of `{}` share their {child} with another row ({}), though a row of `{}` is meant to have at most \
                 one{}",
                rows(duplicates.rows),
                relation.child.table,
                counted(duplicates.keys, "key", "keys"),
                relation.parent.table,
                keys(&duplicates.samples, duplicates.keys),
            );
            findings
                .report_relation(relation, message)
                .count(duplicates.rows)
                .fix(format!("keep one row for each {child}, then add a unique key on it"))
                .remedy(Remedy::AddUniqueKey(relation.child.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::{Duplicates, RelationCounts, Sample};
    use crate::rules::testing::Database;
    use crate::schema::Ident;

    const ENDS: &str = "right_arms(man_id) -> men(id)";

    fn men() -> Database {
        Database::new()
            .table("men", &["id int primary"])
            .table("right_arms", &["id int primary", "man_id int"])
            .has_one(ENDS)
    }

    fn with(duplicates: Option<Duplicates>) -> RelationCounts {
        RelationCounts {
            child_rows: 9,
            duplicates,
            ..RelationCounts::default()
        }
    }

    #[test]
    fn shared_keys_are_errors_with_all_their_rows() {
        let duplicates = Duplicates {
            keys: 2,
            rows: 5,
            samples: vec![Sample {
                key: vec![(Ident::from("man_id"), "1".to_owned())],
                rows: 3,
            }],
        };
        let database = men().counts(ENDS, with(Some(duplicates)));
        assert_eq!(
            database.check("duplicate_one_to_one_rows"),
            ["error certain right_arms(man_id)"]
        );
        assert_eq!(
            database.messages("duplicate_one_to_one_rows"),
            [
                "5 rows of `right_arms` share their `man_id` with another row (2 keys), though a row of `men` is meant to \
              have at most one: 1 and 1 more"
            ]
        );
        assert_eq!(database.findings("duplicate_one_to_one_rows")[0].count, Some(5));
    }

    #[test]
    fn no_duplicates_and_none_looked_for_give_nothing() {
        for duplicates in [None, Some(Duplicates::default())] {
            let database = men().counts(ENDS, with(duplicates));
            assert!(database.check("duplicate_one_to_one_rows").is_empty());
        }
    }
}
