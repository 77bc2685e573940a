//! A relation that is meant to be one-to-one, and that nothing keeps from being one-to-many.

use serde::Deserialize;

use super::row_text::rows;
use super::{Facts, Findings, Rule};
use crate::finding::{Remedy, Severity};
use crate::relation::{Cardinality, Relation};
use crate::schema::Uniqueness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneToOneNotUnique {}

impl Rule for OneToOneNotUnique {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            if relation.cardinality != Cardinality::OneToOne || !child.kind.holds_rows() {
                continue;
            }
            let meant = format!(
                "a row of `{}` is meant to have one row of `{}`",
                relation.parent.table, child.name
            );
            match child.uniqueness(&relation.child.columns) {
                Uniqueness::Full => {}
                Uniqueness::Within(index) => {
                    let condition = index.predicate.as_deref().unwrap_or_default();
                    let message = format!(
                        "{meant}, and `{}` is unique only among the rows where `{condition}`",
                        relation.child
                    );
                    findings.report_relation(relation, message).at_most(Severity::Note);
                }
                Uniqueness::None => {
                    let breaking = breaking_rows(facts, relation);
                    let sharing = match breaking {
                        0 => String::new(),
                        number => format!(": {} share their key with another", rows(number)),
                    };
                    let message = format!("{meant}, and `{}` is not unique{sharing}", relation.child);
                    let finding = findings
                        .report_relation(relation, message)
                        .fix(format!("add a unique constraint on {}", relation.child))
                        .remedy(Remedy::AddUniqueKey(relation.child.clone()));
                    if breaking > 0 {
                        finding.count(breaking);
                    }
                }
            }
        }
    }
}

/// The rows that share their key with another, as far as they were counted.
fn breaking_rows(facts: &Facts<'_>, relation: &Relation) -> u64 {
    let counted = facts.counts().find(|(counted, _)| *counted == relation);
    let duplicates = counted.and_then(|(_, counts)| counts.duplicates.as_ref());
    duplicates.map_or(0, |duplicates| duplicates.rows)
}

#[cfg(test)]
mod tests {
    use crate::probe::{Duplicates, RelationCounts};
    use crate::rules::testing::Database;

    const RULE: &str = "one_to_one_not_unique";
    const RELATION: &str = "cards(patient_id) -> patients(id)";

    fn cards(tenant: &str, patient: &str) -> Database {
        Database::new()
            .table("patients", &["id int primary"])
            .table("cards", &["id int primary", tenant, patient, "retired timestamp null"])
    }

    fn where_is(condition: &str) -> Database {
        let condition = condition.to_owned();
        cards("tenant int", "patient_id int null")
            .index_with("cards(patient_id)", |index| {
                index.unique = true;
                index.predicate = Some(condition);
            })
            .has_one(RELATION)
    }

    #[test]
    fn reports_columns_that_are_not_unique() {
        let database = cards("tenant int", "patient_id int").has_one(RELATION);
        assert_eq!(database.check(RULE), ["warning certain cards(patient_id)"]);
        assert_eq!(
            database.messages(RULE),
            ["a row of `patients` is meant to have one row of `cards`, and `cards(patient_id)` is not unique"]
        );
        let wider = cards("tenant int", "patient_id int")
            .unique("cards(tenant, patient_id)")
            .has_one(RELATION);
        assert_eq!(wider.check(RULE), ["warning certain cards(patient_id)"]);
    }

    #[test]
    fn counts_the_rows_that_break_it() {
        let counts = RelationCounts {
            child_rows: 9,
            duplicates: Some(Duplicates {
                keys: 2,
                rows: 5,
                samples: Vec::new(),
            }),
            ..RelationCounts::default()
        };
        let database = cards("tenant int", "patient_id int")
            .has_one_child(RELATION, |_| {})
            .counts(RELATION, counts);
        let [finding] = &database.findings(RULE)[..] else {
            panic!("{:?}", database.check(RULE));
        };
        assert_eq!(finding.count, Some(5));
        assert!(
            finding
                .message
                .ends_with("is not unique: 5 rows share their key with another")
        );
        assert_eq!(finding.location.as_ref().map(|at| at.line), Some(1));
    }

    #[test]
    fn a_unique_key_is_enough() {
        let database = cards("tenant int", "patient_id int unique");
        assert_eq!(database.has_one(RELATION).check(RULE), [""; 0]);
        let subset = Database::new()
            .table("patients", &["tenant int primary", "id int primary"])
            .table("cards", &["tenant int", "patient_id int unique"])
            .has_one("cards(tenant, patient_id) -> patients(tenant, id)");
        assert_eq!(subset.check(RULE), [""; 0]);
    }

    #[test]
    fn a_partial_index_is_a_note_unless_its_condition_follows() {
        assert_eq!(
            where_is("(retired IS NULL)").messages(RULE),
            [
                "a row of `patients` is meant to have one row of `cards`, and `cards(patient_id)` is unique only among \
              the rows where `(retired IS NULL)`"
            ]
        );
        assert_eq!(
            where_is("(retired IS NULL)").check(RULE),
            ["note certain cards(patient_id)"]
        );
        assert_eq!(where_is("(patient_id IS NOT NULL)").check(RULE), [""; 0]);
    }

    #[test]
    fn other_relations_need_not_be_unique() {
        let database = cards("tenant int", "patient_id int").foreign_key(RELATION);
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
