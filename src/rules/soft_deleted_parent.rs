//! Live rows of a parent row that is marked as deleted.

use serde::Deserialize;

use super::row_text::{self, rows};
use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::infer::soft_delete_column;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SoftDeletedParent {}

impl Rule for SoftDeletedParent {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, counts) in facts.counts() {
            let Some(live) = counts.soft_deleted_parent_rows.filter(|rows| *rows > 0) else {
                continue;
            };
            let mark = facts
                .schema
                .table(&relation.parent.table)
                .and_then(soft_delete_column)
                .map(|column| format!(" by `{}`", column.name))
                .unwrap_or_default();
            let message = format!(
                "{} of `{}` {} live and {} to a row of `{}` that is marked as deleted{mark}{}",
                rows(live),
                relation.child.table,
                if live == 1 { "is" } else { "are" },
                if live == 1 { "belongs" } else { "belong" },
                relation.parent.table,
                row_text::inferred(relation),
            );
            findings
                .report_relation(relation, message)
                .at_most(row_text::worst_for(relation))
                .count(live)
                .fix("mark these rows as deleted too, move them to another parent, or keep them on purpose")
                .remedy(Remedy::Decide(
                    "mark these rows as deleted too or move them to another parent; if they are kept on purpose, ignore this in \
                     relaudit.yml",
                ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::RelationCounts;
    use crate::rules::testing::Database;

    const ENDS: &str = "orders(customer_id) -> customers(id)";

    fn shop(soft_deleted_parent_rows: Option<u64>) -> Database {
        Database::new()
            .table("customers", &["id int primary", "removed_on timestamp null"])
            .table("orders", &["id int primary", "customer_id int"])
            .foreign_key(ENDS)
            .counts(
                ENDS,
                RelationCounts {
                    child_rows: 10,
                    soft_deleted_parent_rows,
                    ..RelationCounts::default()
                },
            )
    }

    #[test]
    fn live_rows_of_deleted_parents_are_notes() {
        assert_eq!(
            shop(Some(7)).check("soft_deleted_parent"),
            ["note certain orders(customer_id)"]
        );
        assert_eq!(shop(Some(7)).findings("soft_deleted_parent")[0].count, Some(7));
        let message = &shop(Some(1)).messages("soft_deleted_parent")[0];
        assert!(message.starts_with("1 row of `orders` is live and belongs to a row of `customers`"));
    }

    #[test]
    fn none_and_none_looked_for_give_nothing() {
        assert!(shop(Some(0)).check("soft_deleted_parent").is_empty());
        assert!(shop(None).check("soft_deleted_parent").is_empty());
    }
}
