//! A relation that no foreign key enforces.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Confidence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingForeignKey {
    min_confidence: Confidence,
}

impl Rule for MissingForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            if relation.is_constrained() || Confidence::of(relation) < self.min_confidence {
                continue;
            }
            let mut message = format!(
                "`{}` references `{}`, and no foreign key enforces it",
                relation.child, relation.parent
            );
            if let Some(engine) = child
                .engine
                .as_deref()
                .filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"))
            {
                message.push_str(&format!(": the engine {engine} ignores foreign keys"));
            }
            findings.report_relation(relation, message).fix(format!(
                "add a foreign key from {} to {}",
                relation.child, relation.parent
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    fn shop() -> Database {
        Database::new()
            .table("customers", &["id int primary"])
            .table("orders", &["id int primary", "customer_id int"])
    }

    #[test]
    fn reports_a_likely_relation_without_foreign_key() {
        let likely = shop().inferred("orders(customer_id) -> customers(id)", 800);
        assert_eq!(
            likely.check("missing_foreign_key"),
            ["warning medium orders(customer_id)"]
        );
        let possible = shop().inferred("orders(customer_id) -> customers(id)", 700);
        assert_eq!(possible.check("missing_foreign_key"), [""; 0]);
    }

    #[test]
    fn is_content_with_a_foreign_key() {
        let database = shop().foreign_key("orders(customer_id) -> customers(id)");
        assert_eq!(database.check("missing_foreign_key"), [""; 0]);
    }
}
