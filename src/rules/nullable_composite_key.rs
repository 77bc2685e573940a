//! A composite foreign key that one null switches off for the whole row.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::schema::{ForeignKey, Ident, Match, Table, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NullableCompositeKey {}

impl Rule for NullableCompositeKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (table, foreign_key) in facts.foreign_keys() {
            if foreign_key.match_type == Match::Full || foreign_key.columns.len() < 2 {
                continue;
            }
            let (nullable, required): (Vec<&Ident>, Vec<&Ident>) = foreign_key
                .columns
                .iter()
                .partition(|name| table.column(name).is_some_and(|column| column.nullable));
            let unchecked = unchecked(table, foreign_key, &nullable, &required);
            if unchecked.is_empty() {
                continue;
            }
            let message = format!(
                "{} checks no row with a null in `{}`, whatever stands in `{}`",
                foreign_key.describe(&table.name),
                joined(&nullable),
                joined(&unchecked)
            );
            findings
                .report_foreign_key(facts, table, foreign_key, message)
                .remedy(Remedy::Decide(
                    "let its columns take no nulls, or be null only together: by a CHECK, or on PostgreSQL by MATCH FULL",
                ));
        }
    }
}

/// The columns whose values nothing checks when another column of the key is null.
fn unchecked<'k>(
    table: &Table,
    foreign_key: &ForeignKey,
    nullable: &[&'k Ident],
    required: &[&'k Ident],
) -> Vec<&'k Ident> {
    if nullable.is_empty() {
        return Vec::new();
    }
    let mut unchecked: Vec<&Ident> = required
        .iter()
        .copied()
        .filter(|column| !is_checked_apart(table, foreign_key, column, nullable))
        .collect();
    if nullable.len() > 1 && !table.checks.iter().any(|check| binds(check, nullable)) {
        unchecked.extend(nullable);
    }
    unchecked
}

/// Whether another foreign key checks the column, one that none of the nulls switches off.
fn is_checked_apart(table: &Table, foreign_key: &ForeignKey, column: &Ident, nullable: &[&Ident]) -> bool {
    table.foreign_keys.iter().any(|other| {
        other.enforced
            && other.columns.contains(column)
            && other
                .columns
                .iter()
                .all(|name| foreign_key.columns.contains(name) && !nullable.contains(&name))
    })
}

/// Whether a CHECK seems to let the columns be null only together: it names all of them and asks for nulls.
fn binds(check: &str, columns: &[&Ident]) -> bool {
    let words: Vec<String> = check
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let asks = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "null" | "isnull" | "notnull" | "num_nulls" | "num_nonnulls" | "coalesce"
        )
    });
    asks && columns.iter().all(|column| {
        let name = column.as_str().to_lowercase();
        words.contains(&name) || check.to_lowercase().contains(&name) && !is_plain(&name)
    })
}

/// Whether a name is one word, which is found among words only as a whole.
fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|character| character.is_alphanumeric() || character == '_')
}

fn joined(columns: &[&Ident]) -> String {
    display_columns(&columns.iter().copied().cloned().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::Match;

    const RULE: &str = "nullable_composite_key";
    const RELATION: &str = "lines(tenant, order_id) -> orders(tenant, id)";

    fn lines(tenant: &str, order: &str) -> Database {
        Database::new()
            .table("tenants", &["id int primary"])
            .table("orders", &["tenant int primary", "id int primary"])
            .table("lines", &["id int primary", tenant, order])
    }

    #[test]
    fn reports_a_key_that_a_null_switches_off() {
        let database = lines("tenant int", "order_id int null").foreign_key(RELATION);
        assert_eq!(database.check(RULE), ["warning certain lines(tenant, order_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "foreign key `lines_fkey_0` on `lines(tenant, order_id)` checks no row with a null in `order_id`, \
              whatever stands in `tenant`"
            ]
        );
    }

    #[test]
    fn what_is_checked_apart_is_fine() {
        let database = lines("tenant int", "order_id int null")
            .foreign_key("lines(tenant) -> tenants(id)")
            .foreign_key(RELATION);
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn keys_without_nulls_and_match_full_are_fine() {
        assert_eq!(
            lines("tenant int", "order_id int").foreign_key(RELATION).check(RULE),
            [""; 0]
        );
        let full = lines("tenant int null", "order_id int null")
            .foreign_key_with(RELATION, |foreign_key| foreign_key.match_type = Match::Full);
        assert_eq!(full.check(RULE), [""; 0]);
    }

    #[test]
    fn two_nullable_columns_need_a_check_that_binds_them() {
        let database = |check: &str| {
            let check = check.to_owned();
            lines("tenant int null", "order_id int null")
                .change("lines", |table| table.checks = vec![check])
                .foreign_key(RELATION)
                .check(RULE)
        };
        for check in [
            "((tenant IS NULL) = (order_id IS NULL))",
            "(num_nulls(tenant, order_id) = ANY (ARRAY[0, 2]))",
        ] {
            assert_eq!(database(check), [""; 0], "{check}");
        }
        for check in [
            "",
            "(tenant > order_id)",
            "(tenant IS NOT NULL)",
            "(tenant IS NULL) = (reorder_id IS NULL)",
        ] {
            assert_eq!(database(check), ["warning certain lines(tenant, order_id)"], "{check}");
        }
    }
}
