//! SET NULL on a column that takes no nulls.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::schema::{Action, ForeignKey, Ident, Table, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetNullOnRequiredColumn {}

impl Rule for SetNullOnRequiredColumn {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (table, foreign_key) in facts.foreign_keys() {
            let on_delete = required(table, set_on_delete(foreign_key));
            let on_update = required(table, set_on_update(foreign_key));
            let (event, columns) = match (on_delete.is_empty(), on_update.is_empty()) {
                (true, true) => continue,
                (true, false) => ("UPDATE", on_update),
                (false, _) => ("DELETE", on_delete),
            };
            let verb = if columns.len() == 1 { "takes" } else { "take" };
            let message = format!(
                "{} has ON {event} SET NULL, and `{}` {verb} no nulls",
                foreign_key.describe(&table.name),
                display_columns(&columns)
            );
            findings
                .report_foreign_key(facts, table, foreign_key, message)
                .remedy(Remedy::Decide(
                    "state in relaudit.yml that the relation is optional, or another `on_delete`",
                ));
        }
    }
}

/// The columns that a delete in the parent sets to null.
fn set_on_delete(foreign_key: &ForeignKey) -> &[Ident] {
    match foreign_key.on_delete {
        Action::SetNull if foreign_key.set_columns.is_empty() => &foreign_key.columns,
        Action::SetNull => &foreign_key.set_columns,
        _ => &[],
    }
}

/// The columns that a change of the parent's key sets to null.
fn set_on_update(foreign_key: &ForeignKey) -> &[Ident] {
    match foreign_key.on_update {
        Action::SetNull => &foreign_key.columns,
        _ => &[],
    }
}

fn required(table: &Table, columns: &[Ident]) -> Vec<Ident> {
    columns
        .iter()
        .filter(|name| table.column(name).is_some_and(|column| !column.nullable))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{Action, ForeignKey};

    const RULE: &str = "set_null_on_required_column";

    fn lines(change: fn(&mut ForeignKey)) -> Database {
        Database::new()
            .table("orders", &["tenant int primary", "id int primary"])
            .table("lines", &["tenant int", "order_id int null"])
            .foreign_key_with("lines(tenant, order_id) -> orders(tenant, id)", change)
    }

    #[test]
    fn reports_columns_that_take_no_nulls() {
        let database = lines(|foreign_key| foreign_key.on_delete = Action::SetNull);
        assert_eq!(database.check(RULE), ["error certain lines(tenant, order_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "foreign key `lines_fkey_0` on `lines(tenant, order_id)` has ON DELETE SET NULL, and `tenant` takes no \
              nulls"
            ]
        );
        let update = lines(|foreign_key| foreign_key.on_update = Action::SetNull);
        assert_eq!(update.check(RULE), ["error certain lines(tenant, order_id)"]);
    }

    #[test]
    fn honours_the_list_of_columns() {
        let database = lines(|foreign_key| {
            foreign_key.on_delete = Action::SetNull;
            foreign_key.set_columns = vec!["order_id".into()];
        });
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn other_actions_set_nothing() {
        assert_eq!(
            lines(|foreign_key| foreign_key.on_delete = Action::Cascade).check(RULE),
            [""; 0]
        );
    }
}
