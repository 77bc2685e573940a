//! Rows whose reference holds a value that stands for "none".

use serde::Deserialize;

use super::row_text::{self, columns, counted, rows};
use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::relation::Relation;
use crate::schema::{Table, TypeFamily};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SentinelValue {}

impl Rule for SentinelValue {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, counts) in facts.counts().filter(|(_, counts)| counts.sentinel_rows > 0) {
            let Some(child) = facts.schema.table(&relation.child.table) else {
                continue;
            };
            let consequence = if relation.is_constrained() {
                "the foreign key does not hold for them"
            } else {
                "no foreign key can be added while they are there"
            };
            let message = format!(
                "{} of `{}` {} {} in {} for \"none\" ({}), and no row of {} has it: {consequence}{}",
                rows(counts.sentinel_rows),
                relation.child.table,
                if counts.sentinel_rows == 1 { "has" } else { "have" },
                values(relation, child),
                columns(&relation.child.columns),
                counted(counts.sentinel_keys, "distinct value", "distinct values"),
                row_text::parent(relation),
                row_text::inferred(relation),
            );
            findings
                .report_relation(relation, message)
                .at_most(row_text::worst_for(relation))
                .count(counts.sentinel_rows)
                .fix(fix(relation, child))
                .remedy(Remedy::MendRows);
        }
    }
}

/// The values that are looked for in columns of that type.
fn values(relation: &Relation, child: &Table) -> &'static str {
    let mut families = relation
        .child
        .columns
        .iter()
        .filter_map(|name| child.column(name))
        .map(|column| column.ty.family);
    match families.next() {
        Some(TypeFamily::Uuid) => "the nil UUID",
        Some(TypeFamily::Text | TypeFamily::Any) => "'', '0' or '-1'",
        _ => "0 or -1",
    }
}

fn fix(relation: &Relation, child: &Table) -> String {
    let names = columns(&relation.child.columns);
    let is_generated = |name| child.column(name).is_some_and(|column| column.generated.is_some());
    let settable = child.settable_to_null(&relation.child.columns);
    if !settable.is_empty() {
        format!("set {} to NULL in these rows", columns(&settable))
    } else if relation.child.columns.iter().any(is_generated) {
        format!(
            "let {names} be computed as NULL in these rows, or add a row to `{}` that stands for \"none\"",
            relation.parent.table
        )
    } else {
        format!(
            "let {names} take NULL and set it in these rows, or add a row to `{}` that stands for \"none\"",
            relation.parent.table
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::RelationCounts;
    use crate::rules::testing::Database;
    use crate::schema::Generated;

    const ENDS: &str = "orders(customer_id) -> customers(id)";

    fn shop(ty: &str) -> Database {
        let column = format!("customer_id {ty}");
        Database::new()
            .table("customers", &["id int primary"])
            .table("orders", &["id int primary", &column])
    }

    fn two_sentinels() -> RelationCounts {
        RelationCounts {
            child_rows: 10,
            sentinel_rows: 2,
            sentinel_keys: 1,
            ..RelationCounts::default()
        }
    }

    #[test]
    fn sentinels_are_warnings_that_follow_the_confidence() {
        let with = |confidence| shop("int").inferred(ENDS, confidence).counts(ENDS, two_sentinels());
        assert_eq!(with(950).check("sentinel_value"), ["warning high orders(customer_id)"]);
        assert_eq!(
            with(800).check("sentinel_value"),
            ["warning medium orders(customer_id)"]
        );
        assert_eq!(with(600).check("sentinel_value"), ["note low orders(customer_id)"]);
        assert_eq!(
            with(950).messages("sentinel_value"),
            [
                "2 rows of `orders` have 0 or -1 in `customer_id` for \"none\" (1 distinct value), and no row of \
              `customers`(`id`) has it: no foreign key can be added while they are there; the relation is inferred, no \
              constraint states it"
            ]
        );
        let finding = &with(950).findings("sentinel_value")[0];
        assert_eq!(finding.count, Some(2));
        assert!(
            finding
                .fix
                .as_deref()
                .is_some_and(|fix| fix.starts_with("let `customer_id` take NULL"))
        );
    }

    #[test]
    fn the_values_are_those_of_the_type() {
        for (ty, values) in [("text null", "'', '0' or '-1'"), ("uuid null", "the nil UUID")] {
            let database = shop(ty).foreign_key(ENDS).counts(ENDS, two_sentinels());
            assert!(database.messages("sentinel_value")[0].contains(values));
            let finding = &database.findings("sentinel_value")[0];
            assert_eq!(finding.fix.as_deref(), Some("set `customer_id` to NULL in these rows"));
        }
    }

    #[test]
    fn a_computed_column_cannot_be_set_to_null() {
        let database = shop("int null")
            .change("orders", |table| table.columns[1].generated = Some(Generated::Virtual))
            .foreign_key(ENDS)
            .counts(ENDS, two_sentinels());
        let fix = database.findings("sentinel_value")[0].fix.clone();
        assert!(fix.is_some_and(|fix| fix.starts_with("let `customer_id` be computed as NULL")));
    }

    #[test]
    fn orphans_alone_give_nothing() {
        let orphans = RelationCounts {
            child_rows: 10,
            orphan_rows: 2,
            ..RelationCounts::default()
        };
        let database = shop("int").inferred(ENDS, 950).counts(ENDS, orphans);
        assert!(database.check("sentinel_value").is_empty());
    }
}
