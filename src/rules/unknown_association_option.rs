//! An option of an association that the framework ignores or refuses.

use serde::Deserialize;

use super::declared::intended;
use super::{Facts, Findings, Rule};
use crate::finding::Subject;
use crate::schema::{Declaration, Found, TableName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnknownAssociationOption {}

impl Rule for UnknownAssociationOption {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for declared in &facts.relations.declarations.associations {
            for unknown in &declared.association.unknown_options {
                let message = format!(
                    "{} has the option `{}`: {}",
                    declared.describe(),
                    unknown.option,
                    unknown.why
                );
                findings
                    .report(subject(declared), message)
                    .declared_at(&unknown.location)
                    .fix(format!(
                        "drop the option {}, or write the one that is meant",
                        unknown.option
                    ));
            }
        }
    }
}

/// The relation's child, where it is known; else the table of the model, or the model where it has none.
fn subject(declared: &Declaration) -> Subject {
    if let Some(joint) = intended(declared) {
        return Subject::columns(&joint.child);
    }
    match (&declared.found, &declared.table) {
        (Found::JoinTable { owner, .. }, _) => Subject::columns(&owner.child),
        (_, Some(table)) => Subject::table(table),
        (_, None) => Subject::table(&TableName::bare(declared.model.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{Location, UnknownOption};

    const RULE: &str = "unknown_association_option";

    #[test]
    fn reports_the_option_at_its_place() {
        let location = Location {
            file: "app/models/man.rb".to_owned(),
            line: 9,
            column: 30,
        };
        let database = Database::new()
            .table("men", &["id int primary"])
            .table("right_arms", &["id int primary", "man_id int"])
            .has_one_child("right_arms(man_id) -> men(id)", |association| {
                association.unknown_options.push(UnknownOption {
                    option: "targetKey".to_owned(),
                    why: "hasOne ignores it".to_owned(),
                    location: location.clone(),
                });
            });
        assert_eq!(database.check(RULE), ["warning certain right_arms(man_id)"]);
        assert_eq!(
            database.messages(RULE),
            ["`Men` has_one `right_arms` has the option `targetKey`: hasOne ignores it"]
        );
        assert_eq!(database.findings(RULE)[0].location, Some(location));
    }
}
