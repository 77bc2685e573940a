//! A join table that can hold the same pair twice.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity, Subject};
use crate::infer;
use crate::relation::RelationOrigin;
use crate::schema::{ColumnSet, Uniqueness};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinTableWithoutUniquePair {}

impl Rule for JoinTableWithoutUniquePair {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let relations = &facts.relations.relations;
        for pair in facts.relations.many_to_many.iter().filter(|pair| !pair.unique_pair) {
            let (Some(left), Some(right), Some(table)) = (
                relations.get(pair.left),
                relations.get(pair.right),
                facts.schema.table(&pair.join_table),
            ) else {
                continue;
            };
            let mut columns = left.child.columns.clone();
            for column in &right.child.columns {
                if !columns.contains(column) {
                    columns.push(column.clone());
                }
            }
            let uniqueness = table.uniqueness(&columns);
            // What has more to say of the pair may say it of the same pair twice: the items of a graph, each in a colour.
            if pair.origin == RelationOrigin::Inferred
                && uniqueness == Uniqueness::None
                && !infer::holds_only_the_pair(table, &columns)
            {
                continue;
            }
            let columns = ColumnSet::new(pair.join_table.clone(), columns);
            let meant = format!(
                "`{}` joins `{}` and `{}`, and can hold the same pair twice",
                pair.join_table, left.parent.table, right.parent.table
            );
            let subject = Subject::columns(&columns);
            let finding = match uniqueness {
                Uniqueness::Full => continue,
                Uniqueness::Within(index) => {
                    let condition = index.predicate.as_deref().unwrap_or_default();
                    findings
                        .report(
                            subject,
                            format!("{meant}: it is unique only among the rows where `{condition}`"),
                        )
                        .at_most(Severity::Note)
                }
                Uniqueness::None => findings
                    .report(subject, meant)
                    .fix(format!("make {columns} the primary key or a unique constraint"))
                    .remedy(Remedy::AddUniqueKey(columns.clone())),
            };
            if pair.origin == RelationOrigin::Inferred {
                finding.confidence(Confidence::of(left).min(Confidence::of(right)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::relation::RelationOrigin;
    use crate::rules::testing::Database;

    const RULE: &str = "join_table_without_unique_pair";
    const LEFT: &str = "posts_tags(post_id) -> posts(id)";
    const RIGHT: &str = "posts_tags(tag_id) -> tags(id)";

    fn tags() -> Database {
        Database::new()
            .table("posts", &["id int primary"])
            .table("tags", &["id int primary"])
            .table(
                "posts_tags",
                &[
                    "id int primary",
                    "post_id int",
                    "tag_id int",
                    "deleted_at timestamp null",
                ],
            )
            .foreign_key(LEFT)
            .inferred(RIGHT, 800)
    }

    #[test]
    fn is_as_sure_as_the_weaker_relation_unless_stated() {
        let inferred = tags().many_to_many(LEFT, RIGHT, |_| {});
        assert_eq!(inferred.check(RULE), ["warning medium posts_tags(post_id, tag_id)"]);
        assert_eq!(
            inferred.messages(RULE),
            ["`posts_tags` joins `posts` and `tags`, and can hold the same pair twice"]
        );
        let stated = tags().many_to_many(LEFT, RIGHT, |pair| {
            pair.origin = RelationOrigin::Config;
        });
        assert_eq!(stated.check(RULE), ["warning certain posts_tags(post_id, tag_id)"]);
    }

    #[test]
    fn a_partial_index_is_a_note() {
        let database = tags()
            .index_with("posts_tags(tag_id, post_id)", |index| {
                index.unique = true;
                index.predicate = Some("(deleted_at IS NULL)".to_owned());
            })
            .many_to_many(LEFT, RIGHT, |_| {});
        assert_eq!(database.check(RULE), ["note medium posts_tags(post_id, tag_id)"]);
    }

    #[test]
    fn what_has_more_to_say_may_say_it_twice() {
        let database = |extra: &str| {
            Database::new()
                .table("posts", &["id int primary"])
                .table("tags", &["id int primary"])
                .table("posts_tags", &["id int primary", "post_id int", "tag_id int", extra])
                .foreign_key(LEFT)
                .foreign_key(RIGHT)
        };
        let plain = database("created_at timestamp").many_to_many(LEFT, RIGHT, |_| {});
        assert_eq!(plain.check(RULE), ["warning certain posts_tags(post_id, tag_id)"]);
        let colored = database("color text").many_to_many(LEFT, RIGHT, |_| {});
        assert_eq!(colored.check(RULE), [""; 0]);
        let stated = database("color text").many_to_many(LEFT, RIGHT, |pair| pair.origin = RelationOrigin::Config);
        assert_eq!(stated.check(RULE), ["warning certain posts_tags(post_id, tag_id)"]);
    }

    #[test]
    fn a_unique_pair_is_fine() {
        let database = tags()
            .unique("posts_tags(tag_id, post_id)")
            .many_to_many(LEFT, RIGHT, |pair| pair.unique_pair = true);
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
