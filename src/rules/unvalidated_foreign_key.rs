//! A foreign key that was never checked against the rows from before it.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnvalidatedForeignKey {}

impl Rule for UnvalidatedForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (table, foreign_key) in facts.foreign_keys() {
            if foreign_key.enforced && !foreign_key.validated {
                let message = format!(
                    "{} was never checked against the rows that were there before it",
                    foreign_key.describe(&table.name)
                );
                findings
                    .report_foreign_key(facts, table, foreign_key, message)
                    .fix("mend the orphaned rows, if any, then validate the constraint")
                    .remedy(Remedy::ValidateForeignKey(Box::new(foreign_key.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    #[test]
    fn reports_only_what_is_enforced_and_not_validated() {
        let database = |validated, enforced| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &["fk int"])
                .foreign_key_with("c(fk) -> p(id)", |foreign_key| {
                    foreign_key.validated = validated;
                    foreign_key.enforced = enforced;
                })
                .check("unvalidated_foreign_key")
        };
        assert_eq!(database(false, true), ["warning certain c(fk)"]);
        assert_eq!(database(true, true), [""; 0]);
        assert_eq!(database(false, false), [""; 0]);
    }
}
