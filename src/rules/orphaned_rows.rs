//! Rows that reference a parent row that does not exist.

use serde::Deserialize;

use super::row_text::{self, columns, counted, keys, rows};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity};
use crate::probe::RelationCounts;
use crate::relation::Relation;
use crate::schema::{ForeignKey, Ident, Match};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrphanedRows {
    max_orphan_percent: u8,
}

impl Rule for OrphanedRows {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, counts) in facts.counts().filter(|(_, counts)| counts.orphan_rows > 0) {
            let message = message(relation, counts);
            if self.is_wrong_guess(relation, counts) {
                let doubt = "; the relation is inferred, and with so many of them it is probably a wrong guess";
                findings
                    .report_relation(relation, format!("{message}{doubt}"))
                    .at_most(Severity::Note)
                    .confidence(Confidence::Low)
                    .count(counts.orphan_rows)
                    .fix("state the relation in relaudit.yml: with `kind: none` if it is none, else with its kind")
                    .remedy(Remedy::Decide(
                        "state the relation in relaudit.yml, or forbid it with `kind: none`",
                    ));
                continue;
            }
            let foreign_key = relation.foreign_key(facts.schema);
            let aside =
                foreign_key.map_or_else(|| row_text::inferred(relation).to_owned(), |key| loophole(key, counts));
            findings
                .report_relation(relation, format!("{message}{aside}"))
                .at_most(row_text::worst_for(relation))
                .count(counts.orphan_rows)
                .fix(fix(facts, relation))
                .remedy(Remedy::MendRows);
        }
    }
}

impl OrphanedRows {
    /// Real references have few orphans: where most of the rows are some, names have probably misled.
    fn is_wrong_guess(&self, relation: &Relation, counts: &RelationCounts) -> bool {
        let referencing = counts.child_rows.saturating_sub(counts.null_rows);
        !relation.is_declared() && row_text::is_more_than(counts.orphan_rows, referencing, self.max_orphan_percent)
    }
}

fn message(relation: &Relation, counts: &RelationCounts) -> String {
    let distinct = if counts.orphan_keys == 0 || counts.orphan_keys == counts.orphan_rows {
        String::new()
    } else {
        format!(" ({})", counted(counts.orphan_keys, "distinct key", "distinct keys"))
    };
    format!(
        "{} of `{}`{distinct} {} {} {} that no row of {} has{}",
        rows(counts.orphan_rows),
        relation.child.table,
        if counts.orphan_rows == 1 { "has" } else { "have" },
        row_text::article(&columns(&relation.child.columns)),
        columns(&relation.child.columns),
        row_text::parent(relation),
        keys(&counts.samples, counts.orphan_keys),
    )
}

/// How the rows came past the foreign key that should have refused them.
fn loophole(key: &ForeignKey, counts: &RelationCounts) -> String {
    let name = key.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    if key.match_type == Match::Full && counts.partly_null_rows > 0 {
        format!(
            "; {} partly null, which the MATCH FULL of the foreign key{name} forbids",
            counted(counts.partly_null_rows, "of the rows is", "of the rows are")
        )
    } else if !key.enforced {
        format!("; the foreign key{name} is not enforced")
    } else if !key.validated {
        format!("; the foreign key{name} was never validated for rows from before it")
    } else {
        format!("; they came past the foreign key{name} while its checks were switched off")
    }
}

fn fix(facts: &Facts<'_>, relation: &Relation) -> String {
    let parent = &relation.parent.table;
    let nullable = columns_to_set_null(facts, relation);
    if nullable.is_empty() {
        format!("bring the rows of `{parent}` back, or delete the orphaned rows")
    } else {
        format!(
            "bring the rows of `{parent}` back, set {} to NULL, or delete the orphaned rows",
            columns(&nullable)
        )
    }
}

/// The columns that must be null for a row to have no reference, if they can be: with MATCH FULL all of them, else any.
fn columns_to_set_null(facts: &Facts<'_>, relation: &Relation) -> Vec<Ident> {
    let Some(child) = facts.schema.table(&relation.child.table) else {
        return Vec::new();
    };
    let full = relation
        .foreign_key(facts.schema)
        .is_some_and(|key| key.match_type == Match::Full);
    let mut nullable = child.settable_to_null(&relation.child.columns);
    if full && nullable.len() < relation.child.columns.len() {
        nullable.clear();
    }
    nullable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Check, RelationProbe, Sample};
    use crate::rules::testing::Database;
    use crate::schema::Generated;

    const ENDS: &str = "orders(customer_id) -> customers(id)";

    fn shop() -> Database {
        Database::new()
            .table("customers", &["id int primary"])
            .table("orders", &["id int primary", "customer_id int"])
    }

    fn three_orphans() -> RelationCounts {
        let sample = |value: &str, rows| Sample {
            key: vec![(Ident::from("customer_id"), value.to_owned())],
            rows,
        };
        RelationCounts {
            child_rows: 10,
            null_rows: 4,
            orphan_rows: 3,
            orphan_keys: 2,
            samples: vec![sample("41", 2), sample("42", 1)],
            ..RelationCounts::default()
        }
    }

    #[test]
    fn a_computed_column_cannot_be_set_to_null() {
        let fix = |generated| {
            let database = shop()
                .change("orders", |table| {
                    table.columns[1].nullable = true;
                    table.columns[1].generated = generated;
                })
                .foreign_key(ENDS)
                .counts(ENDS, three_orphans());
            database.findings("orphaned_rows")[0].fix.clone().unwrap_or_default()
        };
        assert!(fix(None).contains("set `customer_id` to NULL"));
        assert!(!fix(Some(Generated::Stored)).contains("NULL"));
    }

    #[test]
    fn orphans_of_a_foreign_key_are_errors() {
        let database = shop().foreign_key(ENDS).counts(ENDS, three_orphans());
        assert_eq!(database.check("orphaned_rows"), ["error certain orders(customer_id)"]);
        assert_eq!(
            database.messages("orphaned_rows"),
            [
                "3 rows of `orders` (2 distinct keys) have a `customer_id` that no row of `customers`(`id`) has: 41, 42; \
              they came past the foreign key `orders_fkey_0` while its checks were switched off"
            ]
        );
        assert_eq!(database.findings("orphaned_rows")[0].count, Some(3));
    }

    #[test]
    fn the_less_sure_a_relation_the_milder_the_finding() {
        let with = |confidence| {
            let database = shop().inferred(ENDS, confidence).counts(ENDS, three_orphans());
            database.check("orphaned_rows")
        };
        assert_eq!(with(950), ["error high orders(customer_id)"]);
        assert_eq!(with(800), ["warning medium orders(customer_id)"]);
        assert_eq!(with(600), ["note low orders(customer_id)"]);
    }

    #[test]
    fn an_inferred_relation_that_most_rows_contradict_is_a_wrong_guess() {
        let counts = RelationCounts {
            orphan_rows: 4,
            ..three_orphans()
        };
        let inferred = shop().inferred(ENDS, 950).counts(ENDS, counts.clone());
        assert_eq!(inferred.check("orphaned_rows"), ["note low orders(customer_id)"]);
        assert!(inferred.messages("orphaned_rows")[0].ends_with("probably a wrong guess"));
        let declared = shop().foreign_key(ENDS).counts(ENDS, counts);
        assert_eq!(declared.check("orphaned_rows"), ["error certain orders(customer_id)"]);
    }

    #[test]
    fn partly_null_keys_are_named_where_match_full_forbids_them() {
        let ends = "lines(tenant_id, order_id) -> orders(tenant_id, id)";
        let database = Database::new()
            .table("orders", &["tenant_id int primary", "id int primary"])
            .table("lines", &["tenant_id int null", "order_id int null"])
            .foreign_key_with(ends, |key| key.match_type = Match::Full)
            .counts(
                ends,
                RelationCounts {
                    child_rows: 5,
                    partly_null_rows: 1,
                    orphan_rows: 1,
                    ..RelationCounts::default()
                },
            );
        assert_eq!(
            database.messages("orphaned_rows"),
            [
                "1 row of `lines` has a (`tenant_id`, `order_id`) that no row of `orders`(`tenant_id`, `id`) has; \
              1 of the rows is partly null, which the MATCH FULL of the foreign key `lines_fkey_0` forbids"
            ]
        );
    }

    #[test]
    fn rows_without_orphans_and_rows_that_were_not_read_give_nothing() {
        let clean = RelationCounts {
            child_rows: 10,
            sentinel_rows: 2,
            ..RelationCounts::default()
        };
        assert!(
            shop()
                .inferred(ENDS, 950)
                .counts(ENDS, clean)
                .check("orphaned_rows")
                .is_empty()
        );
        let unchecked = RelationProbe {
            method: "anti_join",
            outcome: Check::NotChecked("statement timeout".to_owned()),
        };
        assert!(
            shop()
                .inferred(ENDS, 950)
                .probe(ENDS, unchecked)
                .check("orphaned_rows")
                .is_empty()
        );
    }
}
