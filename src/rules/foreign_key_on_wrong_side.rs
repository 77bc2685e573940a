//! An association that puts the key on one table, where the database has it on the other.

use serde::Deserialize;

use super::declared::{UsedRows, intended, key_mismatches, moving, other_side};
use super::row_text::rows;
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity, Subject};
use crate::relation::Relation;
use crate::schema::{Declaration, Found, Joint, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForeignKeyOnWrongSide {}

impl Rule for ForeignKeyOnWrongSide {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let used = UsedRows::new(facts);
        for (declared, joint, other) in wrong_sides(facts) {
            let is_missing = declared.missing().is_some();
            let finding = findings
                .report(Subject::columns(&joint.child), message(&used, declared, joint, other))
                .relation(other.id())
                .confidence(Confidence::of(other))
                .declared_at(&declared.association.location)
                .fix(fix(declared, other))
                .remedy(if matches!(declared.found, Found::Reversed(_)) {
                    Remedy::Decide("the columns are where they belong: declare the association the other way round")
                } else if facts.relations.declarations_of(other).next().is_some() {
                    Remedy::Decide(
                        "another model has the key where the database has it: let both say the same, and plan again",
                    )
                } else {
                    moving(other, &joint.child, &joint.parent, Confidence::of(other))
                });
            if !is_missing {
                finding.at_most(Severity::Warning);
            }
        }
    }
}

/// The associations whose key is on the other side, each with what it means to be and the relation that there is.
pub(super) fn wrong_sides<'a>(facts: &Facts<'a>) -> Vec<(&'a Declaration, &'a Joint, &'a Relation)> {
    let mismatched = key_mismatches(facts);
    let used = UsedRows::new(facts);
    let declared = facts.relations.declarations.associations.iter().enumerate();
    declared
        .filter(|(at, _)| !mismatched.iter().any(|pair| pair.odd == *at || pair.other == *at))
        .filter_map(|(_, declared)| {
            let joint = intended(declared)?;
            // Where both columns are there, what they hold decides.
            if let Found::Reversed(joint) = &declared.found {
                let is_other = |relation: &&Relation| joint.is_same(&relation.parent, &relation.child);
                let other = facts.relations.relations.iter().find(is_other)?;
                return Some((declared, joint, other));
            }
            let is_there = matches!(declared.found, Found::Direct(_));
            if is_there && !is_unused(facts, &used, joint) {
                return None;
            }
            let other = other_side(facts, declared)?;
            let is_used = || used.of(&other.child, &other.parent).is_some_and(|(used, _)| used > 0);
            (!is_there || is_used()).then_some((declared, joint, other))
        })
        .collect()
}

/// Whether the column that is declared references nothing in any row, and no constraint says that it should.
fn is_unused(facts: &Facts<'_>, used: &UsedRows<'_>, joint: &Joint) -> bool {
    if !matches!(used.of(&joint.child, &joint.parent), Some((0, all)) if all > 0) {
        return false;
    }
    let mut relations = facts.relations.of_child(&joint.child.table);
    !relations.any(|relation| relation.is_constrained() && joint.is_same(&relation.child, &relation.parent))
}

fn message(used: &UsedRows<'_>, declared: &Declaration, joint: &Joint, other: &Relation) -> String {
    let here = match declared.found {
        Found::Missing(_) => "which has no such column",
        Found::Reversed(_) => "whose own primary key that is",
        _ => "where no row uses it",
    };
    let rows = match used.of(&other.child, &other.parent) {
        Some((0, 0)) | None => String::new(),
        Some((used, all)) => format!(
            "; {} of {} there {} a row of `{}`, so that the rows support {}",
            used,
            rows(all),
            if used == 1 { "references" } else { "reference" },
            other.parent.table,
            if used == 0 {
                "neither side"
            } else {
                "the database's side"
            }
        ),
    };
    format!(
        "{} puts the key `{}` on `{}`, {here}: the database has it on the other side, `{}` to `{}`{rows}",
        declared.describe(),
        display_columns(&joint.child.columns),
        joint.child.table,
        other.child,
        other.parent
    )
}

fn fix(declared: &Declaration, other: &Relation) -> String {
    let key = display_columns(&other.child.columns);
    if declared.is_of_child() {
        format!(
            "declare it on `{}` as has-one or has-many with the key {key} of {}",
            declared.model, other.child.table
        )
    } else {
        format!(
            "declare on `{}` that it belongs to the other, by its key {key}",
            declared.model
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::RelationCounts;
    use crate::rules::testing::Database;
    use crate::schema::AssociationKind;

    const RULE: &str = "foreign_key_on_wrong_side";
    const THERE: &str = "addresses(customer_id) -> customers(id)";
    const DECLARED: &str = "customers(address_id) -> addresses(id)";

    fn shop() -> Database {
        Database::new()
            .table("customers", &["id int primary", "address_id int null"])
            .table("addresses", &["id int primary", "customer_id int"])
    }

    fn counts(child_rows: u64, null_rows: u64) -> RelationCounts {
        RelationCounts {
            child_rows,
            null_rows,
            ..RelationCounts::default()
        }
    }

    #[test]
    fn reports_a_key_that_the_other_table_has() {
        let database = shop()
            .foreign_key(THERE)
            .declares_missing_key(AssociationKind::BelongsTo, DECLARED, |_| {})
            .counts(THERE, counts(3, 1));
        assert_eq!(database.check(RULE), ["error certain customers(address_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "`Customers` belongs_to `addresses` puts the key `address_id` on `customers`, which has no such column: \
              the database has it on the other side, `addresses(customer_id)` to `customers(id)`; 2 of 3 rows there \
              reference a row of `customers`, so that the rows support the database's side"
            ]
        );
        let location = database.findings(RULE)[0].location.clone();
        assert_eq!(
            location.map(|at| (at.file, at.line)),
            Some(("app/models/all.rb".to_owned(), 1))
        );
        assert_eq!(database.check("dangling_reference"), [""; 0]);
    }

    #[test]
    fn the_parent_can_be_wrong_about_it_too() {
        let database = shop()
            .inferred("customers(address_id) -> addresses(id)", 950)
            .declares_missing_key(AssociationKind::HasOne, "addresses(customer) -> customers(id)", |_| {});
        assert_eq!(database.check(RULE), ["error high addresses(customer)"]);
    }

    #[test]
    fn where_both_columns_are_there_the_rows_decide() {
        let both = |here: u64| {
            shop()
                .foreign_key(THERE)
                .belongs_to(DECLARED, |_| {})
                .counts(THERE, counts(3, 0))
                .counts(DECLARED, counts(4, 4 - here))
                .check(RULE)
        };
        assert_eq!(both(0), ["warning certain customers(address_id)"]);
        assert_eq!(both(1), [""; 0]);
    }

    #[test]
    fn another_link_of_the_same_model_is_no_wrong_side() {
        let also = |key: &str| {
            let ends = format!("customers({key}) -> addresses(id)");
            shop()
                .foreign_key(THERE)
                .has_one_child(THERE, |_| {})
                .declares_missing_key(AssociationKind::BelongsTo, &ends, |_| {})
        };
        assert_eq!(also("home_address_id").check(RULE), [""; 0]);
        assert_eq!(
            also("home_address_id").check("dangling_reference"),
            ["warning certain customers(home_address_id)"]
        );
        assert_eq!(also("address_id").check(RULE), ["error certain customers(address_id)"]);
        let itself = Database::new()
            .table("nodes", &["id int primary", "parent_id int"])
            .foreign_key("nodes(parent_id) -> nodes(id)")
            .declares_missing_key(AssociationKind::BelongsTo, "nodes(node_id) -> nodes(id)", |_| {});
        assert_eq!(itself.check(RULE), [""; 0]);
    }
}
