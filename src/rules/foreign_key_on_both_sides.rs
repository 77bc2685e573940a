//! Two tables that reference each other for one and the same link.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::declared::{UsedRows, is_plain, moving};
use super::row_text::rows;
use super::{Facts, Findings, Rule};
use crate::finding::Confidence;
use crate::relation::{Cardinality, Relation, RelationOrigin};
use crate::schema::Uniqueness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForeignKeyOnBothSides {}

impl Rule for ForeignKeyOnBothSides {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let mut reported = BTreeSet::new();
        let used = UsedRows::new(facts);
        // Once: what a name is made of takes long to tell.
        let plain: Vec<&Relation> = plain(facts).collect();
        for &there in &plain {
            let (left, right) = (&there.child.table, &there.parent.table);
            if left >= right || reported.contains(&(left, right)) {
                continue;
            }
            let Some(back) = plain
                .iter()
                .copied()
                .find(|back| back.child.table == *right && back.parent.table == *left && !is_mirror(there, back))
            else {
                continue;
            };
            let both = [there, back];
            let is_one_link = both.iter().any(|relation| is_stated(relation))
                || both
                    .iter()
                    .all(|relation| relation.cardinality == Cardinality::OneToOne)
                || both.iter().all(|relation| belongs_only(relation));
            // Else it can mean "has many of these, and one of them is the main one", be the pointer to that one unique or
            // not.
            if !is_one_link {
                continue;
            }
            let confidence = Confidence::of(there).min(Confidence::of(back));
            reported.insert((left, right));
            let (stays, goes) = in_order(facts, &used, there, back);
            let message = format!(
                "`{}` and `{}` reference each other for the same link: `{}` says what `{}` says already{}",
                goes.child.table,
                stays.child.table,
                goes.child,
                stays.child,
                what_rows_say(&used, goes, stays)
            );
            findings
                .report_relation(goes, message)
                .confidence(confidence)
                .fix(format!("keep {} and drop {}", stays.child, goes.child))
                .remedy(moving(goes, &stays.child, &stays.parent, confidence));
        }
    }
}

/// The relations between two tables whose columns or associations are named just after the other table. One with a role
/// (`owner_id`) is a link of its own.
fn plain<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Relation> {
    facts
        .relations()
        .map(|(relation, ..)| relation)
        .filter(|relation| !relation.is_self_reference())
        .filter(|relation| {
            // Models say what their columns' names leave open.
            relation.role.is_none() || facts.relations.declarations_of(relation).any(is_plain)
        })
}

/// Whether the two are of the same columns, read both ways: a name that two tables share is stored once in each.
fn is_mirror(there: &Relation, back: &Relation) -> bool {
    there.child == back.parent && there.parent == back.child
}

/// Whether models declare it by its child alone: of two such, neither model says that it has the other.
fn belongs_only(relation: &Relation) -> bool {
    relation.origins.contains(&RelationOrigin::Association) && relation.stated.kind.is_none()
}

/// How many rows use each side, where that was counted and one side has more.
fn what_rows_say(rows_used: &UsedRows<'_>, goes: &Relation, stays: &Relation) -> String {
    let used = |relation: &Relation| rows_used.of(&relation.child, &relation.parent);
    match (used(goes), used(stays)) {
        (Some((goes_used, goes_all)), Some((stays_used, stays_all))) if goes_used != stays_used => format!(
            "; {stays_used} of {} of `{}` use the one, {goes_used} of {} of `{}` the other",
            rows(stays_all),
            stays.child.table,
            rows(goes_all),
            goes.child.table
        ),
        _ => String::new(),
    }
}

fn is_stated(relation: &Relation) -> bool {
    relation.origins.contains(&RelationOrigin::Config)
}

/// The side that stays and the side that goes: what is stated stays, then what is unique, then what more rows use, then what is
/// required.
fn in_order<'r>(
    facts: &Facts<'_>,
    rows_used: &UsedRows<'_>,
    left: &'r Relation,
    right: &'r Relation,
) -> (&'r Relation, &'r Relation) {
    let merit = |relation: &Relation| {
        let table = facts.schema.table(&relation.child.table);
        let unique = table.is_some_and(|table| table.uniqueness(&relation.child.columns) == Uniqueness::Full);
        let required = table.is_some_and(|table| !table.any_nullable(&relation.child.columns));
        let used = rows_used
            .of(&relation.child, &relation.parent)
            .map_or(0, |(used, _)| used);
        (is_stated(relation), unique, used, required)
    };
    if merit(right) > merit(left) {
        (right, left)
    } else {
        (left, right)
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::RelationCounts;
    use crate::rules::testing::Database;

    const RULE: &str = "foreign_key_on_both_sides";
    const MAN: &str = "men(right_arm_id) -> right_arms(id)";
    const ARM: &str = "right_arms(man_id) -> men(id)";

    fn men(arm_of_man: &str, man_of_arm: &str) -> Database {
        Database::new()
            .table("men", &["id int primary", arm_of_man])
            .table("right_arms", &["id int primary", man_of_arm])
    }

    #[test]
    fn reports_the_side_that_is_not_required() {
        let database = men("right_arm_id int null unique", "man_id int unique")
            .foreign_key(MAN)
            .foreign_key(ARM);
        assert_eq!(database.check(RULE), ["warning certain men(right_arm_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "`men` and `right_arms` reference each other for the same link: `men(right_arm_id)` says what \
              `right_arms(man_id)` says already"
            ]
        );
        let other = men("right_arm_id int unique", "man_id int null unique")
            .foreign_key(MAN)
            .foreign_key(ARM);
        assert_eq!(other.check(RULE), ["warning certain right_arms(man_id)"]);
    }

    #[test]
    fn what_is_stated_stays() {
        let database = men("right_arm_id int null", "man_id int")
            .inferred(MAN, 950)
            .has_one(ARM);
        assert_eq!(database.check(RULE), ["warning high men(right_arm_id)"]);
    }

    #[test]
    fn many_and_a_pointer_to_the_main_one_are_two_links() {
        for (arm_of_man, man_of_arm) in [
            ("right_arm_id int", "man_id int null"),
            ("right_arm_id int unique", "man_id int null"),
            ("right_arm_id int null", "man_id int unique"),
        ] {
            let database = men(arm_of_man, man_of_arm).foreign_key(MAN).foreign_key(ARM);
            assert_eq!(database.check(RULE), [""; 0], "{arm_of_man}, {man_of_arm}");
        }
    }

    #[test]
    fn two_models_that_each_belong_to_the_other_mean_one_link_and_rows_tell_which() {
        let men = || men("right_arm_id int", "man_id int null");
        let declared = men().belongs_to(MAN, |_| {}).belongs_to(ARM, |_| {});
        assert_eq!(declared.check(RULE), ["warning certain right_arms(man_id)"]);
        let counts = |child_rows, null_rows| RelationCounts {
            child_rows,
            null_rows,
            ..RelationCounts::default()
        };
        let counted = declared.counts(MAN, counts(4, 4)).counts(ARM, counts(3, 0));
        assert_eq!(counted.check(RULE), ["warning certain men(right_arm_id)"]);
        let message = &counted.messages(RULE)[0];
        assert!(
            message.ends_with("; 3 of 3 rows of `right_arms` use the one, 0 of 4 rows of `men` the other"),
            "{message}"
        );
        let many = men().belongs_to(MAN, |_| {}).has_many(ARM, |_| {});
        assert_eq!(many.check(RULE), [""; 0], "has many, and one of them is the main one");
    }

    #[test]
    fn a_role_is_a_link_of_its_own() {
        let database = Database::new()
            .table("teams", &["id int primary", "owner_id int unique"])
            .table("users", &["id int primary", "team_id int"])
            .foreign_key("users(team_id) -> teams(id)")
            .foreign_key("teams(owner_id) -> users(id)")
            .relate("teams(owner_id) -> users(id)", |relation| {
                relation.role = Some("owner".to_owned());
            });
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn a_value_that_both_share_is_no_second_key() {
        let database = men("name int unique", "man_name int unique")
            .belongs_to("men(name) -> right_arms(man_name)", |_| {})
            .belongs_to("right_arms(man_name) -> men(name)", |_| {});
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn a_self_reference_has_one_side() {
        let database = Database::new()
            .table("parts", &["id int primary", "part_id int null unique"])
            .foreign_key("parts(part_id) -> parts(id)");
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
