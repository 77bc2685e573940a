//! A relation that is stated to be required or optional, and whose columns say otherwise.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Remedy, Severity};
use crate::relation::{Relation, RelationOrigin};
use crate::schema::{ColumnSet, Ident, Table, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OptionalityMismatch {}

impl Rule for OptionalityMismatch {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            let nullable = nullable(child, &relation.child.columns);
            match relation.stated.optional {
                Some(false) if !nullable.is_empty() => {
                    let verb = if nullable.len() == 1 { "takes" } else { "take" };
                    let columns = display_columns(&nullable);
                    findings
                        .report_relation(
                            relation,
                            format!(
                                "`{}` {} to be required, and `{columns}` {verb} nulls",
                                relation.child,
                                says(relation)
                            ),
                        )
                        .fix(format!("set NOT NULL on {columns} of {}", child.name))
                        .remedy(Remedy::SetNotNull(ColumnSet::new(child.name.clone(), nullable.clone())));
                }
                Some(true) if nullable.is_empty() => {
                    let message = format!(
                        "`{}` {} to be optional, and takes no nulls",
                        relation.child,
                        says(relation)
                    );
                    let finding = findings.report_relation(relation, message);
                    if relation.origins.contains(&RelationOrigin::Config) {
                        finding
                            .fix(format!("drop NOT NULL on {}", relation.child))
                            .remedy(Remedy::DropNotNull(relation.child.clone()));
                    } else {
                        // The database is the stricter of the two: no row is wrong.
                        finding
                            .at_most(Severity::Note)
                            .fix(format!("declare it required, or drop NOT NULL on {}", relation.child))
                            .remedy(Remedy::Decide(
                                "declare it required in the model, or state it as optional in relaudit.yml",
                            ));
                    }
                }
                _ => {}
            }
        }
    }
}

fn says(relation: &Relation) -> &'static str {
    if relation.origins.contains(&RelationOrigin::Config) {
        "is stated"
    } else {
        "is declared by its model"
    }
}

fn nullable(table: &Table, columns: &[Ident]) -> Vec<Ident> {
    columns
        .iter()
        .filter(|name| table.column(name).is_some_and(|column| column.nullable))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::relation::Statement;
    use crate::rules::testing::Database;

    const RULE: &str = "optionality_mismatch";

    fn messages(column: &str, optional: Option<bool>) -> Vec<String> {
        let statement = Statement {
            optional,
            ..Statement::default()
        };
        Database::new()
            .table("p", &["id int primary"])
            .table("c", &["id int primary", column])
            .stated("c(fk) -> p(id)", statement)
            .messages(RULE)
    }

    #[test]
    fn reports_both_ways() {
        assert_eq!(
            messages("fk int null", Some(false)),
            ["`c(fk)` is stated to be required, and `fk` takes nulls"]
        );
        assert_eq!(
            messages("fk int", Some(true)),
            ["`c(fk)` is stated to be optional, and takes no nulls"]
        );
    }

    #[test]
    fn what_models_say_counts_too_and_a_stricter_database_is_but_a_note() {
        let check = |column: &str, optional| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &["id int primary", column])
                .belongs_to("c(fk) -> p(id)", |association| association.optional = Some(optional))
                .check(RULE)
        };
        assert_eq!(check("fk int null", false), ["warning certain c(fk)"]);
        assert_eq!(check("fk int", true), ["note certain c(fk)"]);
    }

    #[test]
    fn what_agrees_or_is_not_stated_is_fine() {
        for (column, optional) in [
            ("fk int", Some(false)),
            ("fk int null", Some(true)),
            ("fk int", None),
            ("fk int null", None),
        ] {
            assert_eq!(messages(column, optional), [""; 0]);
        }
    }
}
