//! A column that looks like a reference and has no target.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Subject};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceWithoutTarget {}

impl Rule for ReferenceWithoutTarget {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for unresolved in &facts.relations.unresolved {
            findings
                .report(
                    Subject::columns(&unresolved.child),
                    format!("`{}` looks like a reference, and {}", unresolved.child, unresolved.why),
                )
                // Many such columns hold the keys of another system.
                .confidence(Confidence::Low);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    #[test]
    fn says_what_was_looked_for() {
        let database = Database::new()
            .table("stock", &["id int primary", "warehouse_id int"])
            .unresolved("stock(warehouse_id)", "no table is called `warehouses`");
        assert_eq!(
            database.check("reference_without_target"),
            ["note low stock(warehouse_id)"]
        );
        assert_eq!(
            database.messages("reference_without_target"),
            ["`stock(warehouse_id)` looks like a reference, and no table is called `warehouses`"]
        );
    }
}
