//! The two ends of one relation that name different keys.

use serde::Deserialize;

use super::declared::{intended, key_mismatches};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Subject};
use crate::schema::display_columns;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssociationKeyMismatch {}

impl Rule for AssociationKeyMismatch {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let declared = &facts.relations.declarations.associations;
        for pair in key_mismatches(facts) {
            let (Some(odd), Some(other)) = (declared.get(pair.odd), declared.get(pair.other)) else {
                continue;
            };
            let (Some(key), Some(other_key)) = (intended(odd), intended(other)) else {
                continue;
            };
            let (has, says) = match (odd.missing(), other.missing()) {
                (Some(_), None) => (" and the database has no such column", &other_key.child.columns),
                (Some(_), Some(_)) => (" and the database has neither", &other_key.child.columns),
                (None, _) => (" and the database has both", &other_key.child.columns),
            };
            let message = format!(
                "{} names the key `{}` of `{}`, and its other end, {}, names `{}`:{has}",
                odd.describe(),
                display_columns(&key.child.columns),
                key.child.table,
                other.describe(),
                display_columns(says),
            );
            findings
                .report(Subject::columns(&key.child), message)
                .confidence(if pair.is_certain {
                    Confidence::Certain
                } else {
                    Confidence::Medium
                })
                .declared_at(&odd.association.location)
                .also_at(&other.association.location)
                .fix(format!(
                    "name the key {} at both ends",
                    display_columns(&other_key.child.columns)
                ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{AssociationKind, Found};

    const RULE: &str = "association_key_mismatch";
    const AUTHOR: &str = "posts(author_id) -> users(id)";
    const USER: &str = "posts(user_id) -> users(id)";

    fn blog() -> Database {
        Database::new()
            .table("users", &["id int primary"])
            .table(
                "posts",
                &["id int primary", "author_id int", "user_id int", "editor_id int"],
            )
            .model("users")
            .model("posts")
    }

    #[test]
    fn the_end_whose_key_is_not_there_is_odd() {
        let parent = blog().belongs_to(AUTHOR, |_| {}).declares_missing_key(
            AssociationKind::HasMany,
            "posts(owner_id) -> users(id)",
            |_| {},
        );
        assert_eq!(parent.check(RULE), ["warning certain posts(owner_id)"]);
        assert_eq!(
            parent.messages(RULE),
            [
                "`Users` has_many `posts` names the key `owner_id` of `posts`, and its other end, `Posts` belongs_to \
              `users`, names `author_id`: and the database has no such column"
            ]
        );
        for rule in ["dangling_reference", "association_without_inverse"] {
            assert_eq!(parent.check(rule), [""; 0], "{rule}");
        }
        let child = blog().has_many(AUTHOR, |_| {}).declares_missing_key(
            AssociationKind::BelongsTo,
            "posts(owner_id) -> users(id)",
            |_| {},
        );
        assert_eq!(child.check(RULE), ["warning certain posts(owner_id)"]);
        assert_eq!(child.findings(RULE)[0].locations.len(), 2);
    }

    #[test]
    fn where_both_keys_are_there_the_names_must_say_that_one_relation_is_meant() {
        let both = |name: &str| {
            blog()
                .belongs_to(AUTHOR, |_| {})
                .has_many(USER, |has| has.name = name.to_owned())
        };
        assert_eq!(both("posts").check(RULE), ["warning medium posts(user_id)"]);
        assert_eq!(both("drafts").check(RULE), [""; 0]);
        let inverse = blog()
            .belongs_to(AUTHOR, |belongs| belongs.name = "author".to_owned())
            .has_many(USER, |has| {
                has.name = "drafts".to_owned();
                has.inverse = Some("author".to_owned());
            });
        assert_eq!(inverse.check(RULE), ["warning medium posts(user_id)"]);
    }

    #[test]
    fn ends_that_meet_and_ends_that_could_be_several_are_fine() {
        let met = blog().belongs_to(AUTHOR, |_| {}).has_many(AUTHOR, |_| {});
        assert_eq!(met.check(RULE), [""; 0]);
        let several = blog()
            .belongs_to(AUTHOR, |_| {})
            .belongs_to("posts(editor_id) -> users(id)", |_| {})
            .declares_missing_key(AssociationKind::HasMany, "posts(owner_id) -> users(id)", |_| {});
        assert_eq!(several.check(RULE), [""; 0]);
        assert_eq!(several.check("dangling_reference"), ["warning certain posts(owner_id)"]);
        let scoped = blog()
            .belongs_to(AUTHOR, |_| {})
            .has_many(USER, |has| has.scoped = true);
        assert_eq!(scoped.check(RULE), [""; 0]);
    }

    #[test]
    fn what_is_declared_the_wrong_way_round_is_another_fault() {
        let mut database = blog().belongs_to(AUTHOR, |_| {}).has_many(USER, |_| {});
        for declared in &mut database.relations.declarations.associations {
            if let (AssociationKind::HasMany, Found::Direct(joint)) = (declared.association.kind, &declared.found) {
                declared.found = Found::Reversed(joint.clone());
            }
        }
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn what_the_framework_makes_of_an_end_is_no_second_opinion() {
        let missing = "posts(owner_id) -> users(id)";
        let database = blog()
            .belongs_to(AUTHOR, |_| {})
            .declares_missing_key(AssociationKind::HasMany, missing, |_| {})
            .declares_missing_key(AssociationKind::BelongsTo, missing, |made| made.implied = true);
        assert_eq!(database.check(RULE), ["warning certain posts(owner_id)"]);
        assert_eq!(database.check("dangling_reference"), [""; 0]);
    }
}
