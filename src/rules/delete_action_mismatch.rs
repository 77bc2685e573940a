//! A foreign key that does something else on delete than was stated.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteActionMismatch {}

impl Rule for DeleteActionMismatch {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            let (Some(stated), Some(foreign_key)) = (relation.stated.on_delete, relation.foreign_key(facts.schema))
            else {
                continue;
            };
            let declared = foreign_key.on_delete;
            // NO ACTION and RESTRICT both refuse to delete the parent; MySQL makes no difference between them.
            if declared == stated || (declared.refuses() && stated.refuses()) {
                continue;
            }
            let message = format!(
                "`{}` is stated to be ON DELETE {}, and {} is ON DELETE {}",
                relation.child,
                stated.as_sql(),
                foreign_key.describe(&child.name),
                declared.as_sql()
            );
            findings
                .report_relation(relation, message)
                .remedy(Remedy::ChangeDeleteAction(stated));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::relation::Statement;
    use crate::rules::testing::Database;
    use crate::schema::Action;

    const RULE: &str = "delete_action_mismatch";

    fn database(stated: Option<Action>, declared: Action) -> Database {
        let relation = "c(fk) -> p(id)";
        let statement = Statement {
            on_delete: stated,
            ..Statement::default()
        };
        Database::new()
            .table("p", &["id int primary"])
            .table("c", &["fk int null"])
            .foreign_key_with(relation, |foreign_key| foreign_key.on_delete = declared)
            .stated(relation, statement)
    }

    #[test]
    fn reports_another_action() {
        let database = database(Some(Action::Cascade), Action::NoAction);
        assert_eq!(database.check(RULE), ["warning certain c(fk)"]);
        assert_eq!(
            database.messages(RULE),
            ["`c(fk)` is stated to be ON DELETE CASCADE, and foreign key `c_fkey_0` on `c(fk)` is ON DELETE NO ACTION"]
        );
    }

    #[test]
    fn what_comes_to_the_same_is_fine() {
        assert_eq!(database(None, Action::Cascade).check(RULE), [""; 0]);
        assert_eq!(database(Some(Action::Restrict), Action::NoAction).check(RULE), [""; 0]);
        assert_eq!(database(Some(Action::SetNull), Action::SetNull).check(RULE), [""; 0]);
    }
}
