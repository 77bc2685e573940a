//! A relation that only one of its ends declares.

use serde::Deserialize;

use super::declared::key_mismatches;
use super::foreign_key_on_wrong_side::wrong_sides;
use super::{Facts, Findings, Rule};
use crate::finding::Subject;
use crate::relation::Relation;
use crate::schema::{Declaration, Found, TableName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssociationWithoutInverse {}

impl Rule for AssociationWithoutInverse {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let explained = Explained::new(facts);
        for (relation, ..) in facts.relations() {
            if explained.has(relation) {
                continue;
            }
            let ends: Vec<&Declaration> = facts.relations.declarations_of(relation).collect();
            let of_child: Vec<&&Declaration> = ends.iter().filter(|declared| is_child_end(declared)).collect();
            let of_parent: Vec<&&Declaration> = ends.iter().filter(|declared| !is_child_end(declared)).collect();
            let (only, missing) = match (of_child.as_slice(), of_parent.as_slice()) {
                ([first, ..], []) => (first, &relation.parent.table),
                // What reaches only some of the children is no plain end that asks for another.
                ([], several) => match several.iter().find(|declared| wants_inverse(declared)) {
                    Some(first) => (first, &relation.child.table),
                    None => continue,
                },
                _ => continue,
            };
            if let Some(model) = model_of(facts, missing) {
                let message = message(only, model);
                findings
                    .report_relation(relation, message)
                    .declared_at(&only.association.location);
            }
        }
        check_join_tables(facts, findings);
    }
}

fn message(declared: &Declaration, model: &str) -> String {
    format!("{}, and `{model}` declares no way back", declared.describe())
}

fn is_child_end(declared: &Declaration) -> bool {
    declared.joint().is_some() && declared.is_of_child()
}

fn wants_inverse(declared: &Declaration) -> bool {
    declared.joint().is_some() && !declared.association.scoped
}

fn model_of<'a>(facts: &Facts<'a>, table: &'a TableName) -> Option<&'a str> {
    let mut models = facts.relations.declarations.models_of(table);
    models.next().map(|model| model.name.as_str())
}

/// Relations about whose ends another rule says more.
struct Explained<'a> {
    odd: Vec<&'a Declaration>,
    reversed: Vec<&'a Relation>,
}

impl<'a> Explained<'a> {
    fn new(facts: &Facts<'a>) -> Self {
        let declared = &facts.relations.declarations.associations;
        let odd = key_mismatches(facts)
            .into_iter()
            .flat_map(|pair| [pair.odd, pair.other])
            .filter_map(|at| declared.get(at));
        Self {
            odd: odd.collect(),
            reversed: wrong_sides(facts).into_iter().map(|(.., other)| other).collect(),
        }
    }

    fn has(&self, relation: &Relation) -> bool {
        let is_of = |declared: &&Declaration| {
            declared
                .joint()
                .is_some_and(|joint| joint.is_same(&relation.child, &relation.parent))
        };
        self.odd.iter().any(is_of) || self.reversed.contains(&relation)
    }
}

/// A join table that only one of its sides declares.
fn check_join_tables(facts: &Facts<'_>, findings: &mut Findings) {
    let declared = &facts.relations.declarations.associations;
    for one in declared {
        let Found::JoinTable { owner, target } = &one.found else {
            continue;
        };
        let mirrored = declared.iter().any(|other| {
            matches!(&other.found, Found::JoinTable { owner: theirs, target: ours }
                if theirs.child == target.child && ours.child == owner.child)
        });
        let Some(model) = model_of(facts, &target.parent.table).filter(|_| !mirrored && !one.association.scoped) else {
            continue;
        };
        findings
            .report(Subject::columns(&owner.child), message(one, model))
            .declared_at(&one.association.location);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    const RULE: &str = "association_without_inverse";
    const ENDS: &str = "posts(user_id) -> users(id)";

    fn blog() -> Database {
        Database::new()
            .table("users", &["id int primary"])
            .table("posts", &["id int primary", "user_id int"])
            .model("users")
            .model("posts")
    }

    #[test]
    fn reports_an_end_that_is_alone_at_its_line() {
        let child = blog().belongs_to(ENDS, |_| {});
        assert_eq!(child.check(RULE), ["note certain posts(user_id)"]);
        assert_eq!(
            child.messages(RULE),
            ["`Posts` belongs_to `users`, and `Users` declares no way back"]
        );
        assert_eq!(child.findings(RULE)[0].location.as_ref().map(|at| at.line), Some(3));
        let parent = blog().has_many(ENDS, |_| {});
        assert_eq!(
            parent.messages(RULE),
            ["`Users` has_many `posts`, and `Posts` declares no way back"]
        );
    }

    #[test]
    fn both_ends_and_ends_that_need_no_other_are_fine() {
        let both = blog().belongs_to(ENDS, |_| {}).has_many(ENDS, |_| {});
        assert_eq!(both.check(RULE), [""; 0]);
        let scoped = blog()
            .belongs_to(ENDS, |_| {})
            .has_one_child(ENDS, |has| has.scoped = true);
        assert_eq!(scoped.check(RULE), [""; 0]);
        let only_scoped = blog().has_many(ENDS, |has| has.scoped = true);
        assert_eq!(only_scoped.check(RULE), [""; 0]);
    }

    #[test]
    fn a_table_without_model_can_declare_nothing() {
        let database = Database::new()
            .table("users", &["id int primary"])
            .table("posts", &["id int primary", "user_id int"])
            .model("posts")
            .belongs_to(ENDS, |_| {});
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
