//! A relation that no foreign key enforces.

use serde::Deserialize;

use super::parent_key_not_unique::is_conditional_join;
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity};
use crate::relation::Relation;
use crate::schema::{Declaration, Match, Table, TableKind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingForeignKey {
    min_confidence: Confidence,
}

impl Rule for MissingForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, parent) in facts.relations() {
            if relation.is_constrained()
                || Confidence::of(relation) < self.min_confidence
                || is_implied(facts, relation, child)
                || is_conditional_join(facts, relation, parent)
            {
                continue;
            }
            let message = format!(
                "`{}` references `{}`, and no foreign key enforces it",
                relation.child, relation.parent
            );
            let ends = || [Some(child), parent].into_iter().flatten();
            if let Some(declared) = unconstrained(facts, relation) {
                findings
                    .report_relation(
                        relation,
                        format!("{message}: {} says that none is wanted", declared.describe()),
                    )
                    .at_most(Severity::Note);
            } else if let Some((table, kind)) =
                ends().find_map(|table| Some((table, kind_without_foreign_keys(table)?)))
            {
                findings
                    .report_relation(
                        relation,
                        format!("{message}: none can, since `{}` is {kind}", table.name),
                    )
                    .at_most(Severity::Note);
            } else if let Some((table, engine)) = ends().find_map(|table| Some((table, engine_without(table)?))) {
                findings
                    .report_relation(
                        relation,
                        format!(
                            "{message}: the engine {engine} of `{}` ignores foreign keys",
                            table.name
                        ),
                    )
                    .fix(format!(
                        "convert {} to InnoDB, then add a foreign key from {} to {}",
                        table.name, relation.child, relation.parent
                    ))
                    .remedy(Remedy::Decide("convert the table to InnoDB, and plan again"));
            } else {
                findings
                    .report_relation(relation, message)
                    .fix(format!(
                        "add a foreign key from {} to {}",
                        relation.child, relation.parent
                    ))
                    .remedy(Remedy::AddForeignKey);
            }
        }
    }
}

/// The association that says that the database need not enforce the relation.
fn unconstrained<'a>(facts: &Facts<'a>, relation: &'a Relation) -> Option<&'a Declaration> {
    let mut declared = facts.relations.declarations_of(relation);
    declared.find(|declared| !declared.association.constraint)
}

/// Whether a foreign key with more columns enforces it too, or each partition has one of its own that does.
fn is_implied(facts: &Facts<'_>, relation: &Relation, child: &Table) -> bool {
    let partitions = facts.schema.leaf_partitions(&child.name);
    has_wider(facts, relation, child)
        || !partitions.is_empty() && partitions.iter().all(|partition| has_wider(facts, relation, partition))
}

/// Whether a foreign key holds all the pairs of columns, and its other columns are never null or the rows with nulls
/// are refused.
fn has_wider(facts: &Facts<'_>, relation: &Relation, child: &Table) -> bool {
    child.foreign_keys.iter().any(|wider| {
        let pairs = wider.pairs();
        let others: Vec<_> = wider
            .columns
            .iter()
            .filter(|column| !relation.child.columns.contains(column))
            .cloned()
            .collect();
        wider.parent == relation.parent.table
            && wider.enforced
            && relation
                .child
                .columns
                .iter()
                .zip(&relation.parent.columns)
                .all(|pair| pairs.contains(&pair))
            && (wider.match_type == Match::Full || !child.any_nullable(&others))
            && facts.schema.table(&wider.parent).is_some()
    })
}

/// What the table is, where no foreign key can lead from it or to it. Of MySQL's engines only NDB has foreign keys on
/// partitioned tables (MySQL manual, "Partitioning Limitations Relating to Storage Engines").
fn kind_without_foreign_keys(table: &Table) -> Option<&'static str> {
    match table.kind {
        TableKind::View => Some("a view"),
        TableKind::MaterializedView => Some("a materialized view"),
        TableKind::Foreign => Some("a foreign table"),
        TableKind::Partitioned if is_innodb(table) => Some("a partitioned table"),
        TableKind::Table | TableKind::Partitioned | TableKind::WithoutRowid => None,
    }
}

fn is_innodb(table: &Table) -> bool {
    table
        .engine
        .as_deref()
        .is_some_and(|engine| engine.eq_ignore_ascii_case("InnoDB"))
}

/// The table's engine, where it parses foreign keys and ignores them (MySQL manual, "FOREIGN KEY Constraints": only
/// InnoDB and NDB support them).
fn engine_without(table: &Table) -> Option<&str> {
    table.engine.as_deref().filter(|engine| {
        !["InnoDB", "NDB", "ndbcluster"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(engine))
    })
}

#[cfg(test)]
mod tests {
    use crate::relation::Statement;
    use crate::rules::testing::Database;
    use crate::schema::{Table, TableKind, TableName};

    fn shop() -> Database {
        Database::new()
            .table("customers", &["id int primary"])
            .table("orders", &["id int primary", "customer_id int"])
    }

    #[test]
    fn reports_a_likely_relation_without_foreign_key() {
        let likely = shop().inferred("orders(customer_id) -> customers(id)", 800);
        assert_eq!(
            likely.check("missing_foreign_key"),
            ["warning medium orders(customer_id)"]
        );
        let possible = shop().inferred("orders(customer_id) -> customers(id)", 700);
        assert_eq!(possible.check("missing_foreign_key"), [""; 0]);
    }

    #[test]
    fn says_where_no_foreign_key_is_possible() {
        let relation = "orders(customer_id) -> customers(id)";
        let engine = shop()
            .change("customers", |table| table.engine = Some("MyISAM".to_owned()))
            .inferred(relation, 950);
        assert_eq!(
            engine.messages("missing_foreign_key"),
            [
                "`orders(customer_id)` references `customers(id)`, and no foreign key enforces it: the engine MyISAM \
              of `customers` ignores foreign keys"
            ]
        );
        let view = shop()
            .change("customers", |table| table.kind = TableKind::View)
            .stated(relation, Statement::default());
        assert_eq!(view.check("missing_foreign_key"), ["note certain orders(customer_id)"]);
        let partitioned = |engine: Option<&str>| {
            let change = |table: &mut Table| {
                table.kind = TableKind::Partitioned;
                table.engine = engine.map(str::to_owned);
            };
            shop()
                .change("orders", change)
                .inferred(relation, 950)
                .check("missing_foreign_key")
        };
        assert_eq!(partitioned(Some("InnoDB")), ["note high orders(customer_id)"]);
        assert_eq!(partitioned(None), ["warning high orders(customer_id)"]);
    }

    #[test]
    fn is_a_note_where_a_model_wants_none() {
        let database = shop().belongs_to("orders(customer_id) -> customers(id)", |association| {
            association.constraint = false;
        });
        assert_eq!(
            database.check("missing_foreign_key"),
            ["note certain orders(customer_id)"]
        );
        assert_eq!(
            database.messages("missing_foreign_key"),
            [
                "`orders(customer_id)` references `customers(id)`, and no foreign key enforces it: `Orders` belongs_to \
              `customers` says that none is wanted"
            ]
        );
    }

    #[test]
    fn a_wider_foreign_key_is_enough_unless_it_is_escaped() {
        let tenants = |order: &str| {
            Database::new()
                .table("orders", &["tenant int primary", "id int primary"])
                .table("lines", &["id int primary", order, "order_id int null"])
                .foreign_key("lines(tenant, order_id) -> orders(tenant, id)")
                .inferred("lines(order_id) -> orders(id)", 950)
        };
        assert_eq!(tenants("tenant int").check("missing_foreign_key"), [""; 0]);
        assert_eq!(
            tenants("tenant int null").check("missing_foreign_key"),
            ["warning high lines(order_id)"]
        );
    }

    #[test]
    fn a_foreign_key_on_every_partition_is_enough() {
        let partitioned = |last: &str| {
            let partition = |table: &mut Table| table.partition_of = Some(TableName::bare("orders"));
            shop()
                .table("orders_1", &["id int primary", "customer_id int"])
                .table("orders_2", &["id int primary", "customer_id int"])
                .table("other", &["id int primary", "customer_id int"])
                .change("orders", |table| table.kind = TableKind::Partitioned)
                .change("orders_1", partition)
                .change("orders_2", partition)
                .inferred("orders(customer_id) -> customers(id)", 950)
                .foreign_key("orders_1(customer_id) -> customers(id)")
                .foreign_key(&format!("{last}(customer_id) -> customers(id)"))
        };
        assert_eq!(partitioned("orders_2").check("missing_foreign_key"), [""; 0]);
        assert_eq!(
            partitioned("other").check("missing_foreign_key"),
            ["warning high orders(customer_id)"]
        );
    }

    #[test]
    fn is_content_with_a_foreign_key() {
        let database = shop().foreign_key("orders(customer_id) -> customers(id)");
        assert_eq!(database.check("missing_foreign_key"), [""; 0]);
    }
}
