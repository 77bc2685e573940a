//! A reference whose columns have other types than the parent's.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy};
use crate::relation::Relation;
use crate::schema::Table;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MismatchedKeyType {
    min_confidence: Confidence,
}

impl Rule for MismatchedKeyType {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, parent) in facts.relations() {
            let Some(parent) = parent.filter(|_| Confidence::of(relation) >= self.min_confidence) else {
                continue;
            };
            let mismatches = mismatches(relation, child, parent);
            if !mismatches.is_empty() {
                findings
                    .report_relation(relation, mismatches.join("; "))
                    .fix(format!("give {} the types of {}", relation.child, relation.parent))
                    .remedy(Remedy::ChangeType);
            }
        }
    }
}

/// One phrase for each pair of columns that do not fit.
fn mismatches(relation: &Relation, child: &Table, parent: &Table) -> Vec<String> {
    relation
        .child
        .columns
        .iter()
        .zip(&relation.parent.columns)
        .filter_map(|(child_name, parent_name)| {
            let child_type = &child.column(child_name)?.ty;
            let parent_type = &parent.column(parent_name)?.ty;
            let why = child_type.mismatch_with(parent_type)?;
            Some(format!(
                "`{}.{child_name}` is `{}` and `{}.{parent_name}` is `{}`: {why}",
                child.name, child_type.declared, parent.name, parent_type.declared
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    const RULE: &str = "mismatched_key_type";

    fn shop(child: &str) -> Database {
        Database::new()
            .table("customers", &["id bigint primary"])
            .table("orders", &["id int primary", child])
    }

    #[test]
    fn says_what_each_side_is() {
        let database = shop("customer_id int").foreign_key("orders(customer_id) -> customers(id)");
        assert_eq!(database.check(RULE), ["warning certain orders(customer_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "`orders.customer_id` is `int` and `customers.id` is `bigint`: the child cannot hold every key of the \
              parent"
            ]
        );
    }

    #[test]
    fn is_as_sure_as_the_relation() {
        let relation = "orders(customer_id) -> customers(id)";
        let database = |confidence| shop("customer_id text").inferred(relation, confidence);
        assert_eq!(database(800).check(RULE), ["warning medium orders(customer_id)"]);
        assert_eq!(database(600).check(RULE), [""; 0]);
        assert_eq!(shop("customer_id bigint").inferred(relation, 950).check(RULE), [""; 0]);
    }
}
