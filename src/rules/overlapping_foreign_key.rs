//! Two foreign keys to the same parent, one of which goes over columns of the other.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::schema::{ForeignKey, Ident, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverlappingForeignKey {}

impl Rule for OverlappingForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for table in facts.schema.tables.values().filter(|table| table.audited) {
            for (position, later) in table.foreign_keys.iter().enumerate() {
                for earlier in table.foreign_keys.iter().take(position) {
                    if !overlap(earlier, later) {
                        continue;
                    }
                    let (narrow, wide) = if later.columns.len() < earlier.columns.len() {
                        (later, earlier)
                    } else {
                        (earlier, later)
                    };
                    let finding = findings.report_foreign_key(
                        facts,
                        table,
                        narrow,
                        format!(
                            "{} and {} both reference `{}`, by ({}) and by ({})",
                            narrow.describe(&table.name),
                            wide.describe(&table.name),
                            narrow.parent,
                            display_columns(&narrow.parent_columns),
                            display_columns(&wide.parent_columns)
                        ),
                    );
                    finding.remedy(Remedy::Decide(
                        "drop the narrow one if both are meant to lead to the same row, and keep both if not",
                    ));
                }
            }
        }
    }
}

/// Whether the one's columns are all among the other's, and the two are not the same. Keys that share only a part, such
/// as the tenant in `(tenant_id, billing_id)` and `(tenant_id, shipping_id)`, are two different references.
fn overlap(left: &ForeignKey, right: &ForeignKey) -> bool {
    let columns = |foreign_key: &ForeignKey| -> BTreeSet<Ident> { foreign_key.columns.iter().cloned().collect() };
    let (left_columns, right_columns) = (columns(left), columns(right));
    left.parent == right.parent
        && left.pairs() != right.pairs()
        && (left_columns.is_subset(&right_columns) || right_columns.is_subset(&left_columns))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;

    const RULE: &str = "overlapping_foreign_key";

    fn lines() -> Database {
        Database::new()
            .table("tenants", &["id int primary"])
            .table("orders", &["id int primary", "tenant int", "code text unique"])
            .unique("orders(tenant, id)")
            .table(
                "lines",
                &[
                    "id int primary",
                    "tenant int",
                    "order_id int",
                    "other_id int",
                    "code text",
                ],
            )
            .foreign_key("lines(tenant, order_id) -> orders(tenant, id)")
    }

    #[test]
    fn reports_the_narrower_one() {
        let database = lines().foreign_key("lines(order_id) -> orders(id)");
        assert_eq!(database.check(RULE), ["warning certain lines(order_id)"]);
        assert_eq!(
            database.messages(RULE),
            [
                "foreign key `lines_fkey_1` on `lines(order_id)` and foreign key `lines_fkey_0` on `lines(tenant, \
              order_id)` both reference `orders`, by (id) and by (tenant, id)"
            ]
        );
    }

    #[test]
    fn reports_the_same_columns_to_two_keys() {
        let database = lines()
            .foreign_key("lines(other_id) -> orders(id)")
            .foreign_key("lines(other_id) -> orders(code)");
        assert_eq!(database.check(RULE), ["warning certain lines(other_id)"]);
    }

    #[test]
    fn a_shared_tenant_is_no_fault() {
        let database = lines()
            .foreign_key("lines(tenant) -> tenants(id)")
            .foreign_key("lines(tenant, other_id) -> orders(tenant, id)");
        assert_eq!(database.check(RULE), [""; 0]);
    }

    #[test]
    fn the_same_twice_is_another_rule() {
        let database = lines().foreign_key("lines(order_id, tenant) -> orders(id, tenant)");
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
