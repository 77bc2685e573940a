//! A foreign key that no model mentions.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::schema::{Declarations, ForeignKey, Found, Joint, Table, TableName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UndeclaredAssociation {}

impl Rule for UndeclaredAssociation {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let declarations = &facts.relations.declarations;
        for (table, foreign_key) in facts.foreign_keys() {
            let Some(model) = declarations.models_of(&table.name).next() else {
                continue;
            };
            if is_mentioned(declarations, table, foreign_key) {
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

/// Whether an association or a column's declaration goes over these columns: all of them, whatever it leads to, or some of
/// them to the same table.
fn is_mentioned(declarations: &Declarations, table: &Table, foreign_key: &ForeignKey) -> bool {
    let within = |joint: &&Joint| {
        joint
            .child
            .columns
            .iter()
            .all(|column| foreign_key.columns.contains(column))
    };
    let around = |joint: &&Joint| {
        foreign_key
            .columns
            .iter()
            .all(|column| joint.child.columns.contains(column))
    };
    let mentions = |joint: &Joint| {
        joint.child.table == table.name
            && ((within(&joint) && around(&joint))
                || (joint.parent.table == foreign_key.parent && (within(&joint) || around(&joint))))
    };
    let of_pair = |child: &TableName, ids: &[crate::schema::Ident]| {
        *child == table.name && foreign_key.columns.iter().all(|column| ids.contains(column))
    };
    let associations = declarations.associations.iter().map(|declared| &declared.found);
    let references = declarations.references.iter().map(|declared| &declared.found);
    associations.chain(references).any(|found| match found {
        Found::Direct(joint) => mentions(joint),
        Found::JoinTable { owner, target } => mentions(owner) || mentions(target),
        Found::Polymorphic {
            child,
            id_columns,
            other,
            ..
        } => of_pair(child, id_columns) || other.as_ref().is_some_and(mentions),
        Found::Through | Found::Unknown | Found::Missing(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

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
