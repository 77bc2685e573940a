//! A foreign key, a model or an association that needs a table or column that does not exist.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::declared::key_mismatches;
use super::foreign_key_on_wrong_side::wrong_sides;
use super::{Facts, Findings, Rule};
use crate::finding::{Severity, Subject};
use crate::schema::{ColumnSet, Declaration, ForeignKey, Found, Location, Missing, ModelTable, Schema};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DanglingReference {}

impl Rule for DanglingReference {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (table, foreign_key) in facts.foreign_keys() {
            if let Some(what) = what_is_missing(facts.schema, foreign_key) {
                let message = format!("{} references {what}", foreign_key.describe(&table.name));
                findings.report_foreign_key(facts, table, foreign_key, message);
            }
        }
        check_models(facts, findings);
    }
}

/// Models without table, and associations whose tables or columns are missing: the code and the database disagree. What is
/// missing is told once, with all the places that need it.
fn check_models(facts: &Facts<'_>, findings: &mut Findings) {
    for model in &facts.relations.declarations.models {
        if let ModelTable::Missing(table) = &model.table {
            findings
                .report(
                    Subject::table(table),
                    format!(
                        "the rows of `{}` are in `{table}`, and there is no such table",
                        model.name
                    ),
                )
                .at_most(Severity::Warning)
                .declared_at(&model.location);
        }
    }
    let mut missing: BTreeMap<(Subject, &str), Vec<(String, &Location)>> = BTreeMap::new();
    for (what, needed_by, location) in unexplained(facts) {
        let subject = Subject::columns(&ColumnSet::new(what.table.clone(), what.columns.clone()));
        missing
            .entry((subject, &what.why))
            .or_default()
            .push((needed_by, location));
    }
    for ((subject, why), places) in missing {
        let Some((needed_by, first)) = places.first() else {
            continue;
        };
        let more = match places.len() {
            1 => String::new(),
            several => format!(" (and {} more)", several - 1),
        };
        let mut finding = findings
            .report(subject, format!("{needed_by}{more}: {why}"))
            .at_most(Severity::Warning)
            .declared_at(first);
        for (_, place) in places.iter().skip(1) {
            finding = finding.also_at(place);
        }
    }
}

/// What associations and columns need and nobody has, but for what another rule says more of.
fn unexplained<'a>(facts: &Facts<'a>) -> Vec<(&'a Missing, String, &'a Location)> {
    let declarations = &facts.relations.declarations;
    let mismatched = key_mismatches(facts);
    let reversed: Vec<&Declaration> = wrong_sides(facts).into_iter().map(|(declared, ..)| declared).collect();
    let associations = declarations
        .associations
        .iter()
        .enumerate()
        .filter_map(|(at, declared)| {
            let missing = declared.missing()?;
            let is_explained = mismatched.iter().any(|pair| {
                let odd = declarations.associations.get(pair.odd);
                pair.odd == at || pair.other == at || odd.and_then(Declaration::missing) == Some(missing)
            }) || reversed.contains(&declared);
            (!is_explained).then(|| (missing, declared.describe(), &declared.association.location))
        });
    let references = declarations
        .references
        .iter()
        .filter_map(|reference| match &reference.found {
            Found::Missing(missing) => {
                let what = format!("`{}.{}` references it", reference.model, reference.column);
                Some((missing, what, &reference.location))
            }
            _ => None,
        });
    associations.chain(references).collect()
}

/// What the foreign key references in vain.
fn what_is_missing(schema: &Schema, foreign_key: &ForeignKey) -> Option<String> {
    let Some(parent) = schema.table(&foreign_key.parent) else {
        // Where tables can be out of sight, this may be one of them.
        return schema
            .sees_all_tables
            .then(|| format!("`{}`, and there is no such table", foreign_key.parent));
    };
    if foreign_key.parent_columns.is_empty() {
        return Some(format!(
            "the primary key of `{}`, and that table has none",
            foreign_key.parent
        ));
    }
    if foreign_key.parent_columns.len() != foreign_key.columns.len() {
        return Some(format!(
            "{} columns of `{}` with {} of its own",
            foreign_key.parent_columns.len(),
            foreign_key.parent,
            foreign_key.columns.len()
        ));
    }
    let missing = foreign_key
        .parent_columns
        .iter()
        .find(|name| parent.column(name).is_none())?;
    Some(format!(
        "`{}.{missing}`, and there is no such column",
        foreign_key.parent
    ))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{AssociationKind, ForeignKey, ModelTable, TableName};

    const RULE: &str = "dangling_reference";

    fn reference(change: fn(&mut ForeignKey)) -> Database {
        Database::new()
            .table("p", &["id int primary"])
            .table("c", &["fk int"])
            .foreign_key_with("c(fk) -> p(id)", change)
    }

    #[test]
    fn reports_a_missing_table_unless_it_may_be_out_of_sight() {
        let mut database = reference(|foreign_key| foreign_key.parent.table = "q".into());
        assert_eq!(database.check(RULE), ["error certain c(fk)"]);
        assert_eq!(
            database.messages(RULE),
            ["foreign key `c_fkey_0` on `c(fk)` references `q`, and there is no such table"]
        );
        database.schema.sees_all_tables = false;
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn reports_missing_columns() {
        for (change, message) in [
            (
                (|foreign_key| foreign_key.parent_columns = vec!["code".into()]) as fn(&mut ForeignKey),
                "`p.code`, and there is no such column",
            ),
            (
                |foreign_key| foreign_key.parent_columns.clear(),
                "the primary key of `p`, and that table has none",
            ),
            (
                |foreign_key| foreign_key.parent_columns.push("id".into()),
                "2 columns of `p` with 1 of its own",
            ),
        ] {
            assert_eq!(
                reference(change).messages(RULE),
                [format!("foreign key `c_fkey_0` on `c(fk)` references {message}")]
            );
        }
        assert_eq!(reference(|_| {}).check(RULE), [""; 0]);
    }

    #[test]
    fn what_several_associations_need_and_nobody_has_is_told_once() {
        let missing = |database: Database| {
            database.declares_missing_key(AssociationKind::HasMany, "c(other_id) -> p(id)", |_| {})
        };
        let database = missing(missing(reference(|_| {})));
        assert_eq!(database.check(RULE), ["warning certain c(other_id)"]);
        assert_eq!(
            database.messages(RULE),
            ["`P` has_many `c` (and 1 more): `c` has no column `other_id`"]
        );
        assert_eq!(database.findings(RULE)[0].locations.len(), 2);
    }

    #[test]
    fn a_model_without_table_is_reported_at_its_class() {
        let mut database = reference(|_| {}).model("c");
        database.relations.declarations.models[0].table = ModelTable::Missing(TableName::bare("gone"));
        assert_eq!(database.check(RULE), ["warning certain gone"]);
        assert_eq!(
            database.messages(RULE),
            ["the rows of `C` are in `gone`, and there is no such table"]
        );
    }
}
