//! A table without primary key.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Remedy, Severity, Subject};
use crate::schema::{ColumnSet, Ident, Table, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableWithoutPrimaryKey {}

impl Rule for TableWithoutPrimaryKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for table in facts.schema.relation_tables() {
            if table.primary_key().is_some() {
                continue;
            }
            let subject = Subject::table(&table.name);
            if let Some(columns) = candidate(table) {
                let remedy = Remedy::AddPrimaryKey(ColumnSet::new(table.name.clone(), columns.clone()));
                let columns = display_columns(&columns);
                findings
                    .report(
                        subject,
                        format!(
                            "`{}` has no primary key; its unique key `{columns}` could be it",
                            table.name
                        ),
                    )
                    .at_most(Severity::Note)
                    .fix(format!("make ({columns}) the primary key of {}", table.name))
                    .remedy(remedy);
            } else {
                findings
                    .report(subject, format!("`{}` has no primary key", table.name))
                    .remedy(Remedy::ChoosePrimaryKey);
            }
        }
    }
}

/// The shortest unique key that takes no nulls.
fn candidate(table: &Table) -> Option<Vec<Ident>> {
    table
        .unique_column_sets()
        .into_iter()
        .map(|set| set.into_iter().cloned().collect::<Vec<_>>())
        .filter(|columns| !table.any_nullable(columns))
        .min_by_key(Vec::len)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::TableKind;

    const RULE: &str = "table_without_primary_key";

    #[test]
    fn reports_tables_and_names_candidates() {
        let database = Database::new()
            .table("fine", &["id int primary"])
            .table("bare", &["id int"])
            .table("nullable", &["code text null unique"])
            .table("candidate", &["a int", "b int", "code text unique"])
            .unique("candidate(a, b)")
            .table("view", &["id int"])
            .change("view", |table| table.kind = TableKind::View);
        assert_eq!(
            database.check(RULE),
            [
                "warning certain bare",
                "warning certain nullable",
                "note certain candidate"
            ]
        );
        assert_eq!(
            database.messages(RULE).last().map(String::as_str),
            Some("`candidate` has no primary key; its unique key `code` could be it")
        );
    }
}
