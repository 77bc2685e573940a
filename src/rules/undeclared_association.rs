//! A foreign key that no model mentions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::schema::{ColumnSet, Declarations, ForeignKey, Found, Ident, Joint, Link, Table, TableName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UndeclaredAssociation {}

impl Rule for UndeclaredAssociation {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let declarations = &facts.relations.declarations;
        let mentioned = Mentioned::new(declarations);
        for (table, foreign_key) in facts.foreign_keys() {
            let Some(model) = declarations.models_of(&table.name).next() else {
                continue;
            };
            if mentioned.has(table, foreign_key) {
                continue;
            }
            let message = format!(
                "{} references `{}`, and neither `{}` nor any other model mentions it",
                foreign_key.describe(&table.name),
                foreign_key.parent,
                model.name
            );
            findings
                .report_foreign_key(facts, table, foreign_key, message)
                .declared_at(&model.location);
        }
    }
}

/// What associations and the declarations of columns go over, by the child's table. A polymorphic pair leads anywhere.
#[derive(Default)]
struct Mentioned<'a> {
    columns: BTreeMap<&'a TableName, Vec<Columns<'a>>>,
    /// The child's ends whose columns could not be told, by what they are called.
    unclear: BTreeSet<(&'a TableName, String)>,
}

/// Columns, and the table that they lead to; `None` for any.
type Columns<'a> = (&'a [Ident], Option<&'a TableName>);

impl<'a> Mentioned<'a> {
    fn new(declarations: &'a Declarations) -> Self {
        let mut mentioned = Self::default();
        let associations = declarations.associations.iter().map(|declared| &declared.found);
        let references = declarations.references.iter().map(|declared| &declared.found);
        for declared in &declarations.associations {
            let is_unclear = matches!(declared.association.link, Link::Unresolved { .. }) && declared.is_of_child();
            if let Some(table) = declared.table.as_ref().filter(|_| is_unclear) {
                mentioned.unclear.insert((table, folded(&declared.association.name)));
            }
        }
        for found in associations.chain(references) {
            match found {
                Found::Direct(joint) => mentioned.add(joint),
                Found::Reversed(joint) => mentioned.add_columns(&joint.parent, &joint.child),
                Found::JoinTable { owner, target } => {
                    mentioned.add(owner);
                    mentioned.add(target);
                }
                Found::Polymorphic {
                    child,
                    id_columns,
                    other,
                    ..
                } => {
                    mentioned.columns.entry(child).or_default().push((id_columns, None));
                    if let Some(joint) = other {
                        mentioned.add(joint);
                    }
                }
                Found::Through | Found::Unknown | Found::Missing(_) => {}
            }
        }
        mentioned
    }

    fn add(&mut self, joint: &'a Joint) {
        self.add_columns(&joint.child, &joint.parent);
    }

    fn add_columns(&mut self, child: &'a ColumnSet, parent: &'a ColumnSet) {
        let of_table = self.columns.entry(&child.table).or_default();
        of_table.push((&child.columns, Some(&parent.table)));
    }

    /// Whether something goes over these columns: all of them, whatever it leads to, or some of them to the same table.
    fn has(&self, table: &Table, foreign_key: &ForeignKey) -> bool {
        let own = &foreign_key.columns;
        let mentions = |(columns, parent): &Columns<'_>| {
            let within = columns.iter().all(|column| own.contains(column));
            let around = own.iter().all(|column| columns.contains(column));
            within && around || (*parent == Some(&foreign_key.parent) && (within || around))
        };
        let by_columns = self
            .columns
            .get(&table.name)
            .is_some_and(|known| known.iter().any(mentions));
        let mut unclear = self.unclear.iter().filter(|(of, _)| **of == table.name);
        let called = |name: &str| own.iter().any(|column| folded(column.as_str()).starts_with(name));
        by_columns || unclear.any(|(_, name)| called(name))
    }
}

/// `delayedJob` and `delayed_job_id` begin alike.
fn folded(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{Found, Link};

    const RULE: &str = "undeclared_association";
    const ENDS: &str = "posts(user_id) -> users(id)";

    fn blog() -> Database {
        Database::new()
            .table("users", &["id int primary"])
            .table("posts", &["id int primary", "user_id int", "tenant_id int"])
            .foreign_key(ENDS)
    }

    #[test]
    fn reports_a_foreign_key_of_a_model_that_nobody_mentions() {
        let database = blog().model("posts");
        assert_eq!(database.check(RULE), ["note certain posts(user_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "foreign key `posts_fkey_0` on `posts(user_id)` references `users`, and neither `Posts` nor any other \
              model mentions it"
            ]
        );
    }

    #[test]
    fn one_end_is_enough_and_without_model_there_is_nobody_to_ask() {
        assert_eq!(blog().check(RULE), [""; 0]);
        assert_eq!(blog().model("users").check(RULE), [""; 0]);
        let parent = blog().model("posts").has_many(ENDS, |_| {});
        assert_eq!(parent.check(RULE), [""; 0]);
    }

    #[test]
    fn a_parent_that_could_not_be_told_may_be_the_one() {
        let unclear = |name: &str| {
            let unresolved = Link::Unresolved {
                why: "there is no model `Account`".to_owned(),
                dangling: false,
            };
            let mut database = blog()
                .model("posts")
                .belongs_to("posts(tenant_id) -> users(id)", |belongs| {
                    belongs.name = name.to_owned();
                    belongs.link = unresolved;
                });
            for declared in &mut database.relations.declarations.associations {
                declared.found = Found::Unknown;
            }
            database.check(RULE)
        };
        assert_eq!(unclear("user"), [""; 0]);
        assert_eq!(unclear("editor"), ["note certain posts(user_id)"]);
    }

    #[test]
    fn some_of_its_columns_are_enough_where_they_lead_to_the_same_table() {
        let wide = || {
            Database::new()
                .table("users", &["tenant_id int primary", "id int primary"])
                .table("tenants", &["id int primary"])
                .table("posts", &["id int primary", "user_id int", "tenant_id int"])
                .foreign_key("posts(tenant_id, user_id) -> users(tenant_id, id)")
                .model("posts")
        };
        assert_eq!(wide().belongs_to(ENDS, |_| {}).check(RULE), [""; 0]);
        let tenant = wide().belongs_to("posts(tenant_id) -> tenants(id)", |_| {});
        assert_eq!(tenant.check(RULE), ["note certain posts(tenant_id, user_id)"]);
    }
}
