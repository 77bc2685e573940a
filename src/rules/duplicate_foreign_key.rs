//! Foreign keys that say the same twice.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::schema::{ColumnSet, ForeignKey, Table, TableName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DuplicateForeignKey {}

impl Rule for DuplicateForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let mut same_ends: BTreeMap<_, Vec<(&Table, &ForeignKey)>> = BTreeMap::new();
        for (table, foreign_key) in facts.foreign_keys() {
            same_ends
                .entry((&table.name, &foreign_key.parent, foreign_key.pairs()))
                .or_default()
                .push((table, foreign_key));
        }
        for group in same_ends.into_values() {
            let [(table, first), .., (_, last)] = group.as_slice() else {
                continue;
            };
            let mut message = format!(
                "`{}` has {} foreign keys to `{}`{}",
                ColumnSet::new(table.name.clone(), first.columns.clone()),
                group.len(),
                parent(&first.parent, first),
                names(&group)
            );
            let actions = |foreign_key: &ForeignKey| (foreign_key.on_delete, foreign_key.on_update);
            if group.iter().any(|(_, other)| actions(other) != actions(first)) {
                message.push_str(", and they do not do the same on delete or update");
            }
            let finding = findings.report_foreign_key(facts, table, first, message).fix(format!(
                "drop all but one of them, such as {}",
                last.name.as_ref().map_or("the last", |name| name.as_str())
            ));
            if group.iter().all(|(_, other)| actions(other) == actions(first)) {
                finding.remedy(Remedy::DropForeignKey(Box::new((*last).clone())));
            } else {
                finding.remedy(Remedy::Decide(
                    "they do different things on delete or update: state `on_delete` in relaudit.yml and drop the other",
                ));
            }
        }
    }
}

fn parent(table: &TableName, foreign_key: &ForeignKey) -> String {
    if foreign_key.parent_columns.is_empty() {
        table.to_string()
    } else {
        ColumnSet::new(table.clone(), foreign_key.parent_columns.clone()).to_string()
    }
}

fn names(group: &[(&Table, &ForeignKey)]) -> String {
    let mut names: Vec<String> = group
        .iter()
        .filter_map(|(_, foreign_key)| foreign_key.name.as_ref())
        .map(|name| format!("`{name}`"))
        .collect();
    names.sort();
    if names.is_empty() {
        String::new()
    } else {
        format!(": {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::Action;

    const RULE: &str = "duplicate_foreign_key";

    #[test]
    fn reports_the_same_pairs_in_any_order_once() {
        let database = Database::new()
            .table("p", &["a int primary", "b int primary"])
            .table("c", &["x int", "y int"])
            .foreign_key("c(x, y) -> p(a, b)")
            .foreign_key_with("c(y, x) -> p(b, a)", |foreign_key| {
                foreign_key.on_delete = Action::Cascade;
            });
        assert_eq!(database.check(RULE), ["warning certain c(x, y)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "`c(x, y)` has 2 foreign keys to `p(a, b)`: `c_fkey_0`, `c_fkey_1`, and they do not do the same on \
              delete or update"
            ]
        );
    }

    #[test]
    fn other_pairs_are_another_foreign_key() {
        let database = Database::new()
            .table("p", &["a int primary", "b int primary"])
            .table("c", &["x int", "y int"])
            .foreign_key("c(x, y) -> p(a, b)")
            .foreign_key("c(x, y) -> p(b, a)");
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
