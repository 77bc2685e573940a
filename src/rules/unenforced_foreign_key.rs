//! A foreign key that is declared and switched off.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnenforcedForeignKey {}

impl Rule for UnenforcedForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (table, foreign_key) in facts.foreign_keys() {
            if !foreign_key.enforced {
                let message = format!(
                    "{} is switched off: neither old nor new rows are checked",
                    foreign_key.describe(&table.name)
                );
                findings
                    .report_foreign_key(facts, table, foreign_key, message)
                    .fix("mend the orphaned rows, if any, then enforce the constraint")
                    .remedy(Remedy::EnforceForeignKey(Box::new(foreign_key.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    #[test]
    fn reports_what_is_not_enforced() {
        let database = |enforced| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &["fk int"])
                .foreign_key_with("c(fk) -> p(id)", |foreign_key| {
                    foreign_key.validated = false;
                    foreign_key.enforced = enforced;
                })
                .check("unenforced_foreign_key")
        };
        assert_eq!(database(false), ["warning certain c(fk)"]);
        assert_eq!(database(true), [""; 0]);
    }
}
