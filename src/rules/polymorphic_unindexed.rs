//! A polymorphic pair whose rows cannot be found by index.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity, Subject};
use crate::relation::RelationOrigin;
use crate::schema::{ColumnSet, Lookup};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolymorphicUnindexed {}

impl Rule for PolymorphicUnindexed {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for pair in &facts.relations.polymorphic {
            let Some(table) = facts.schema.table(&pair.child).filter(|table| table.kind.holds_rows()) else {
                continue;
            };
            let mut columns = vec![pair.type_column.clone()];
            columns.extend(pair.id_columns.iter().cloned());
            let finds = |columns: &[_]| {
                table
                    .indexes
                    .iter()
                    .any(|index| table.lookup(index, columns) == Lookup::Full)
            };
            if finds(&columns) {
                continue;
            }
            let by_id_alone = finds(&pair.id_columns);
            let columns = ColumnSet::new(pair.child.clone(), columns);
            let message = if by_id_alone {
                format!("no index finds the rows of `{columns}` by type and id together, only by id")
            } else {
                format!("no index finds the rows of `{columns}` by type and id")
            };
            let mut finding = findings
                .report(Subject::columns(&columns), message)
                .fix(format!("create an index on {columns}"))
                .remedy(Remedy::AddIndex(columns.clone()));
            if by_id_alone {
                finding = finding.at_most(Severity::Note);
            }
            if pair.origins.iter().all(|origin| *origin == RelationOrigin::Inferred) {
                finding.confidence(Confidence::Medium);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::{Check, PolymorphicProbe};
    use crate::rules::testing::Database;

    const RULE: &str = "polymorphic_unindexed";

    fn comments() -> Database {
        let probe = PolymorphicProbe {
            outcome: Check::Done(Vec::new()),
        };
        Database::new()
            .table("comments", &["id int primary", "target_type text", "target_id int"])
            .polymorphic("comments(target_type, target_id)", probe)
    }

    #[test]
    fn reports_a_pair_without_index() {
        let subject = "comments(target_type, target_id)";
        assert_eq!(comments().check(RULE), [format!("warning medium {subject}")]);
        let by_type = comments().index("comments(target_type)");
        assert_eq!(by_type.check(RULE), [format!("warning medium {subject}")]);
        let by_id = comments().index("comments(target_id)");
        assert_eq!(by_id.check(RULE), [format!("note medium {subject}")]);
        let invalid = comments().index_with(subject, |index| index.valid = false);
        assert_eq!(invalid.check(RULE), [format!("warning medium {subject}")]);
    }

    #[test]
    fn either_order_is_fine() {
        assert_eq!(
            comments().index("comments(target_type, target_id)").check(RULE),
            [""; 0]
        );
        assert_eq!(
            comments().index("comments(target_id, target_type)").check(RULE),
            [""; 0]
        );
    }
}
