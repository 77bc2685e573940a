//! A foreign key that does something else on delete than was stated, and declarations that contradict each other in it.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::relation::{Relation, RelationOrigin};
use crate::schema::{Action, Declaration, DeleteIntent, Table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteActionMismatch {}

impl Rule for DeleteActionMismatch {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            let (against_the_constraint, wanted) = against_the_constraint(facts, relation, child).unzip();
            let messages: Vec<String> = [
                against_the_constraint,
                against_each_other(facts, relation),
                against_the_column(facts, relation, child),
            ]
            .into_iter()
            .flatten()
            .collect();
            if messages.is_empty() {
                continue;
            }
            let finding = findings.report_relation(relation, messages.join("; "));
            match (wanted, messages.as_slice()) {
                (Some(wanted), [_]) if wanted.by_database => finding
                    .fix(format!(
                        "replace the foreign key by one with ON DELETE {}",
                        wanted.action.as_sql()
                    ))
                    .remedy(Remedy::ChangeDeleteAction(wanted.action)),
                _ => finding.remedy(Remedy::Decide(
                    "state `on_delete` for the relation in relaudit.yml, which then stands",
                )),
            };
        }
    }
}

/// What is meant, and who says so.
struct Meant {
    intent: DeleteIntent,
    /// `None` for the configuration.
    by: Option<String>,
}

/// What is meant of a relation: the configuration's word alone, where it has one; else that of each declaration which
/// is about all of the children.
fn meant(facts: &Facts<'_>, relation: &Relation) -> Vec<Meant> {
    let of_models: Vec<Meant> = facts
        .relations
        .declarations_of(relation)
        .filter_map(|declared| {
            Some(Meant {
                intent: intent(declared)?,
                by: Some(declared.describe()),
            })
        })
        .collect();
    // Of both, the configuration's word stands; where the models say the same, it is theirs all the same.
    match relation.stated.on_delete {
        Some(intent)
            if relation.origins.contains(&RelationOrigin::Config)
                && of_models.iter().all(|meant| meant.intent != intent) =>
        {
            vec![Meant { intent, by: None }]
        }
        _ => of_models,
    }
}

fn intent(declared: &Declaration) -> Option<DeleteIntent> {
    declared.association.on_delete.filter(|_| !declared.association.scoped)
}

/// What is wrong with the foreign key, and what is meant instead.
fn against_the_constraint(facts: &Facts<'_>, relation: &Relation, child: &Table) -> Option<(String, DeleteIntent)> {
    let foreign_key = relation.foreign_key(facts.schema)?;
    let declared = foreign_key.on_delete;
    let meant = meant(facts, relation)
        .into_iter()
        .find(|meant| !agrees(meant.intent, declared))?;
    let key = foreign_key.describe(&child.name);
    let (wanted, does) = (meant.intent.action.as_sql(), declared.as_sql());
    let message = match meant.by {
        None => format!(
            "`{}` is stated to be ON DELETE {wanted}, and {key} is ON DELETE {does}",
            relation.child
        ),
        Some(by) if meant.intent.by_database => format!("{by} wants ON DELETE {wanted}, and {key} is ON DELETE {does}"),
        Some(by) => format!(
            "{by} {}, and {key} is ON DELETE {does}: what becomes of the rows depends on who deletes the parent",
            in_words(meant.intent.action)
        ),
    };
    Some((message, meant.intent))
}

/// Whether a foreign key does what is meant, or lets the application do it.
///
/// NO ACTION and RESTRICT both refuse to delete a parent that still has children (MySQL makes no difference between them):
/// an application that deletes or detaches the children first gets by. What the database does by itself must be what the
/// application would have done.
fn agrees(meant: DeleteIntent, declared: Action) -> bool {
    let same = declared == meant.action || (declared.refuses() && meant.action.refuses());
    same || (!meant.by_database && declared.refuses())
}

fn against_each_other(facts: &Facts<'_>, relation: &Relation) -> Option<String> {
    let declared: Vec<(&Declaration, DeleteIntent)> = facts
        .relations
        .declarations_of(relation)
        .filter_map(|declared| Some((declared, intent(declared)?)))
        .collect();
    let (first, rest) = declared.split_first()?;
    let (other, intent) = rest.iter().find(|(_, intent)| contradict(first.1, *intent))?;
    Some(format!(
        "{} {}, and {} {}",
        first.0.describe(),
        in_words(first.1.action),
        other.describe(),
        in_words(intent.action)
    ))
}

/// Whether two declarations of one relation want different things. An application that deletes or detaches the children
/// goes together with a database that refuses.
fn contradict(one: DeleteIntent, other: DeleteIntent) -> bool {
    let (by_application, by_database) = match (one.by_database, other.by_database) {
        (false, true) => (one, other),
        (true, false) => (other, one),
        _ => return one.action != other.action && !(one.action.refuses() && other.action.refuses()),
    };
    !agrees(by_application, by_database.action)
}

/// An application that sets the key to null where the column takes none.
fn against_the_column(facts: &Facts<'_>, relation: &Relation, child: &Table) -> Option<String> {
    let is_nullify = |declared: &&Declaration| {
        intent(declared).is_some_and(|intent| intent.action == Action::SetNull && !intent.by_database)
    };
    let declared = facts.relations.declarations_of(relation).find(is_nullify)?;
    let known = relation.child.columns.iter().all(|name| child.column(name).is_some());
    let refused = known && !child.any_nullable(&relation.child.columns);
    refused.then(|| {
        format!(
            "{} {}, and `{}` takes no nulls",
            declared.describe(),
            in_words(Action::SetNull),
            relation.child
        )
    })
}

fn in_words(action: Action) -> &'static str {
    match action {
        Action::NoAction | Action::Restrict => "refuses to delete a parent with children",
        Action::Cascade => "deletes the children with their parent",
        Action::SetNull => "sets the children's key to null when their parent goes",
        Action::SetDefault => "sets the children's key to its default when their parent goes",
    }
}

#[cfg(test)]
mod tests {
    use crate::relation::Statement;
    use crate::rules::testing::Database;
    use crate::schema::{Action, DeleteIntent};

    const RULE: &str = "delete_action_mismatch";
    const RELATION: &str = "c(fk) -> p(id)";

    fn declared(action: Action) -> Database {
        Database::new()
            .table("p", &["id int primary"])
            .table("c", &["fk int null"])
            .foreign_key_with(RELATION, |foreign_key| foreign_key.on_delete = action)
    }

    fn database(stated: Option<Action>, declared_action: Action) -> Database {
        let on_delete = stated.map(|action| DeleteIntent {
            action,
            by_database: true,
        });
        let statement = Statement {
            on_delete,
            ..Statement::default()
        };
        declared(declared_action).stated(RELATION, statement)
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

    /// What each intent comes to under each action of the database: `x` where they are at odds.
    #[test]
    fn an_application_goes_together_with_a_database_that_refuses_or_does_the_same() {
        let actions = [Action::NoAction, Action::Restrict, Action::Cascade, Action::SetNull];
        for (meant, by_database, expected) in [
            (Action::Cascade, false, "...x"),
            (Action::SetNull, false, "..x."),
            (Action::Restrict, false, "..xx"),
            (Action::Cascade, true, "xx.x"),
            (Action::SetNull, true, "xxx."),
            (Action::Restrict, true, "..xx"),
        ] {
            let found: String = actions
                .iter()
                .map(|action| {
                    let database = declared(*action).has_many(RELATION, |association| {
                        association.on_delete = Some(DeleteIntent {
                            action: meant,
                            by_database,
                        });
                    });
                    if database.check(RULE).is_empty() { '.' } else { 'x' }
                })
                .collect();
            assert_eq!(found, expected, "{meant:?} {by_database}");
        }
    }

    #[test]
    fn two_ends_that_want_different_things_contradict_each_other() {
        let intent = |action| {
            Some(DeleteIntent {
                action,
                by_database: true,
            })
        };
        let both = |one, other| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &["fk int null"])
                .has_many(RELATION, |association| association.on_delete = intent(one))
                .belongs_to(RELATION, |association| association.on_delete = intent(other))
        };
        assert_eq!(
            both(Action::Cascade, Action::SetNull).messages(RULE),
            [
                "`P` has_many `c` deletes the children with their parent, and `C` belongs_to `p` sets the children's key \
              to null when their parent goes"
            ]
        );
        assert_eq!(both(Action::Cascade, Action::Cascade).check(RULE), [""; 0]);
        assert_eq!(both(Action::NoAction, Action::Restrict).check(RULE), [""; 0]);
    }

    #[test]
    fn what_sets_null_needs_a_column_that_takes_it() {
        let nullify = |column: &str| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &[column])
                .has_many(RELATION, |association| {
                    association.on_delete = Some(DeleteIntent {
                        action: Action::SetNull,
                        by_database: false,
                    });
                })
        };
        assert_eq!(nullify("fk int").check(RULE), ["warning certain c(fk)"]);
        assert_eq!(nullify("fk int null").check(RULE), [""; 0]);
    }

    #[test]
    fn what_reaches_only_some_children_says_nothing_of_all() {
        let database = declared(Action::SetNull).has_many(RELATION, |association| {
            association.scoped = true;
            association.on_delete = Some(DeleteIntent {
                action: Action::Cascade,
                by_database: false,
            });
        });
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
