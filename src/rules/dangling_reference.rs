//! A foreign key to a table or column that does not exist.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::schema::{ForeignKey, Schema};

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
    }
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
    use crate::schema::ForeignKey;

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
}
