//! Type values of a polymorphic pair that stand for no table.

use serde::Deserialize;

use super::row_text::{self, rows};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity, Subject};
use crate::probe::PolymorphicValue;
use crate::relation::Polymorphic;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolymorphicUnknownType {
    max_values_shown: usize,
}

impl Rule for PolymorphicUnknownType {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (pair, values) in facts.polymorphic_values() {
            let unknown: Vec<&PolymorphicValue> = values
                .iter()
                .filter(|value| value.target.is_none() && value.rows > 0)
                .collect();
            if unknown.is_empty() {
                continue;
            }
            let total = unknown.iter().map(|value| value.rows).sum();
            let message = self.message(pair, &unknown, total);
            let finding = findings.report(Subject::columns(&pair.columns()), message).count(total);
            if pair.is_declared() {
                finding
                    .fix("correct the values, or state in relaudit.yml which table each stands for")
                    .remedy(Remedy::Decide(
                        "correct the values, or state in relaudit.yml which table each stands for",
                    ));
            } else if unknown.len() == values.len() {
                // No value names a table: the two columns are probably no pair at all.
                finding.at_most(Severity::Note).confidence(Confidence::Low);
            } else {
                finding
                    .confidence(Confidence::Medium)
                    .fix("correct the values, or state in relaudit.yml which table each stands for")
                    .remedy(Remedy::Decide(
                        "correct the values, or state in relaudit.yml which table each stands for",
                    ));
            }
        }
    }
}

impl PolymorphicUnknownType {
    fn message(&self, pair: &Polymorphic, unknown: &[&PolymorphicValue], total: u64) -> String {
        let mut shown: Vec<String> = unknown
            .iter()
            .take(self.max_values_shown)
            .map(|value| format!("{} ({})", row_text::value(&value.value), rows(value.rows)))
            .collect();
        let more = unknown.len().saturating_sub(shown.len());
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        format!(
            "{} of `{}` {} {} `{}` that stands for no table: {}",
            rows(total),
            pair.child,
            if total == 1 { "has" } else { "have" },
            row_text::article(pair.type_column.as_str()),
            pair.type_column,
            shown.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Check, PolymorphicProbe};
    use crate::relation::RelationOrigin;
    use crate::rules::testing::{Database, column_set};

    fn value(name: &str, rows: u64, target: Option<u64>) -> PolymorphicValue {
        PolymorphicValue {
            value: name.to_owned(),
            rows,
            target: target.map(|orphans| (column_set("posts(id)"), Check::Done(orphans))),
            samples: Vec::new(),
        }
    }

    fn comments(outcome: Check<Vec<PolymorphicValue>>) -> Database {
        Database::new()
            .table("posts", &["id int primary"])
            .table("comments", &["commentable_type text", "commentable_id int"])
            .polymorphic(
                "comments(commentable_type, commentable_id)",
                PolymorphicProbe { outcome },
            )
    }

    #[test]
    fn unknown_values_of_a_pair_make_one_finding() {
        let values = vec![value("Foto", 1, None), value("Post", 9, Some(4)), value("a b", 2, None)];
        let database = comments(Check::Done(values));
        assert_eq!(
            database.check("polymorphic_unknown_type"),
            ["warning medium comments(commentable_type, commentable_id)"]
        );
        assert_eq!(
            database.messages("polymorphic_unknown_type"),
            ["3 rows of `comments` have a `commentable_type` that stands for no table: Foto (1 row), 'a b' (2 rows)"]
        );
        assert_eq!(database.findings("polymorphic_unknown_type")[0].count, Some(3));
    }

    #[test]
    fn where_no_value_names_a_table_an_inferred_pair_is_doubtful_and_a_stated_one_is_not() {
        let mut database = comments(Check::Done(vec![value("percent", 5, None)]));
        assert_eq!(
            database.check("polymorphic_unknown_type"),
            ["note low comments(commentable_type, commentable_id)"]
        );
        database.relations.polymorphic[0].origins = [RelationOrigin::Config].into();
        assert_eq!(
            database.check("polymorphic_unknown_type"),
            ["warning certain comments(commentable_type, commentable_id)"]
        );
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let values = (0..30).map(|at| value(&format!("T{at:02}"), 1, None)).collect();
        let message = &comments(Check::Done(values)).messages("polymorphic_unknown_type")[0];
        assert!(message.starts_with("30 rows"), "{message}");
        assert!(message.ends_with("T09 (1 row), and 20 more"), "{message}");
    }

    #[test]
    fn known_values_and_what_was_not_checked_give_nothing() {
        let database = comments(Check::Done(vec![value("Post", 9, Some(4)), value("Old", 0, None)]));
        assert!(database.check("polymorphic_unknown_type").is_empty());
        let database = comments(Check::NotChecked("permission denied".to_owned()));
        assert!(database.check("polymorphic_unknown_type").is_empty());
    }
}
