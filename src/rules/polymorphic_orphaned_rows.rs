//! Rows of a polymorphic pair that reference a row that does not exist.

use serde::Deserialize;

use super::row_text::{self, columns, keys, rows};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity, Subject};
use crate::probe::PolymorphicValue;
use crate::relation::Polymorphic;
use crate::schema::ColumnSet;

/// No constraint says what is to become of children of several tables.
const GONE: Remedy = Remedy::Decide("bring the parent rows back, or delete the orphaned rows by hand");
const UNCLEAR: Remedy = Remedy::Decide("state in relaudit.yml which table each type value stands for");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolymorphicOrphanedRows {
    max_orphan_percent: u8,
}

/// A type value some of whose rows point nowhere.
struct Orphaned<'a> {
    value: &'a PolymorphicValue,
    parent: &'a ColumnSet,
    rows: u64,
}

impl Rule for PolymorphicOrphanedRows {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (pair, values) in facts.polymorphic_values() {
            let orphaned: Vec<Orphaned<'_>> = values.iter().filter_map(orphaned).collect();
            if orphaned.is_empty() {
                continue;
            }
            let total: u64 = orphaned.iter().map(|value| value.rows).sum();
            let finding = findings
                .report(Subject::columns(&pair.columns()), message(pair, &orphaned, total))
                .count(total);
            if pair.is_declared() {
                finding
                    .fix("bring the parent rows back, or delete the orphaned rows")
                    .remedy(GONE);
            } else if self.is_wrong_guess(values, total) {
                finding
                    .at_most(Severity::Note)
                    .confidence(Confidence::Low)
                    .fix("state in relaudit.yml which table each type value stands for")
                    .remedy(UNCLEAR);
            } else {
                finding
                    .at_most(Severity::Warning)
                    .confidence(Confidence::High)
                    .fix("bring the parent rows back, or delete the orphaned rows")
                    .remedy(GONE);
            }
        }
    }
}

impl PolymorphicOrphanedRows {
    /// Where most of the rows are orphans, the values of an inferred pair probably stand for other tables.
    fn is_wrong_guess(&self, values: &[PolymorphicValue], orphans: u64) -> bool {
        let checked = values
            .iter()
            .filter(|value| {
                value
                    .target
                    .as_ref()
                    .is_some_and(|(_, orphans)| orphans.done().is_some())
            })
            .map(|value| value.rows)
            .sum();
        row_text::is_more_than(orphans, checked, self.max_orphan_percent)
    }
}

fn orphaned(value: &PolymorphicValue) -> Option<Orphaned<'_>> {
    let (parent, orphans) = value.target.as_ref()?;
    let rows = *orphans.done()?;
    (rows > 0).then_some(Orphaned { value, parent, rows })
}

fn message(pair: &Polymorphic, orphaned: &[Orphaned<'_>], total: u64) -> String {
    let of_each: Vec<String> = orphaned
        .iter()
        .map(|found| {
            // The distinct keys are not counted: with no more rows than samples, the samples are all there is.
            let sampled = found.value.samples.iter().map(|sample| sample.rows).sum();
            let more = if found.rows > sampled { ", …" } else { "" };
            let shown = keys(&found.value.samples, 0);
            format!(
                "{} with {} in `{}`{shown}{}",
                found.rows,
                row_text::value(&found.value.value),
                found.parent.table,
                if shown.is_empty() { "" } else { more },
            )
        })
        .collect();
    format!(
        "{} of `{}` {} {} {} that no row of the table named by `{}` has: {}",
        rows(total),
        pair.child,
        if total == 1 { "has" } else { "have" },
        row_text::article(&columns(&pair.id_columns)),
        columns(&pair.id_columns),
        pair.type_column,
        of_each.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Check, PolymorphicProbe, Sample};
    use crate::relation::RelationOrigin;
    use crate::rules::testing::{Database, column_set};
    use crate::schema::Ident;

    fn value(name: &str, rows: u64, orphans: Check<u64>, ids: &[&str]) -> PolymorphicValue {
        PolymorphicValue {
            value: name.to_owned(),
            rows,
            target: Some((column_set("posts(id)"), orphans)),
            samples: ids
                .iter()
                .map(|id| Sample {
                    key: vec![(Ident::from("commentable_id"), (*id).to_owned())],
                    rows: 1,
                })
                .collect(),
        }
    }

    fn comments(values: Vec<PolymorphicValue>) -> Database {
        let outcome = Check::Done(values);
        Database::new()
            .table("posts", &["id int primary"])
            .table("comments", &["commentable_type text", "commentable_id int"])
            .polymorphic(
                "comments(commentable_type, commentable_id)",
                PolymorphicProbe { outcome },
            )
    }

    fn two_of_nine() -> Vec<PolymorphicValue> {
        vec![
            value("Photo", 3, Check::Done(1), &["7"]),
            value("Post", 6, Check::Done(4), &["8", "9"]),
            value("Video", 6, Check::NotChecked("statement timeout".to_owned()), &[]),
        ]
    }

    #[test]
    fn orphans_are_told_for_each_value() {
        let mut values = two_of_nine();
        values.push(value("Page", 20, Check::Done(0), &[]));
        let mut database = comments(values);
        assert_eq!(
            database.check("polymorphic_orphaned_rows"),
            ["warning high comments(commentable_type, commentable_id)"]
        );
        assert_eq!(
            database.messages("polymorphic_orphaned_rows"),
            [
                "5 rows of `comments` have a `commentable_id` that no row of the table named by `commentable_type` has: \
              1 with Photo in `posts`: 7; 4 with Post in `posts`: 8, 9, …"
            ]
        );
        assert_eq!(database.findings("polymorphic_orphaned_rows")[0].count, Some(5));
        database.relations.polymorphic[0].origins = [RelationOrigin::Config].into();
        assert_eq!(
            database.check("polymorphic_orphaned_rows"),
            ["error certain comments(commentable_type, commentable_id)"]
        );
    }

    #[test]
    fn an_inferred_pair_that_most_rows_contradict_is_doubtful() {
        assert_eq!(
            comments(two_of_nine()).check("polymorphic_orphaned_rows"),
            ["note low comments(commentable_type, commentable_id)"]
        );
    }

    #[test]
    fn values_without_orphans_or_without_table_give_nothing() {
        let mut unknown = value("Pots", 2, Check::Done(0), &[]);
        unknown.target = None;
        let database = comments(vec![value("Post", 6, Check::Done(0), &[]), unknown]);
        assert!(database.check("polymorphic_orphaned_rows").is_empty());
    }
}
