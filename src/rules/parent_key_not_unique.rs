//! A reference to columns that are no unique key of the parent.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Remedy, Severity};
use crate::relation::{Relation, RelationOrigin};
use crate::schema::{Ident, Index, Key, Schema, Table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParentKeyNotUnique {}

impl Rule for ParentKeyNotUnique {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, _, parent) in facts.relations() {
            let Some(parent) = parent.filter(|parent| relation.is_declared() && parent.kind.holds_rows()) else {
                continue;
            };
            let columns = &relation.parent.columns;
            let known = columns.iter().all(|name| parent.column(name).is_some());
            if known && !is_referable(facts.schema, relation, parent) && !is_conditional(facts, relation) {
                let finding = findings
                    .report_relation(
                        relation,
                        format!(
                            "`{}` references `{}`, which is no unique key{}",
                            relation.child,
                            relation.parent,
                            obstacle(parent, columns)
                        ),
                    )
                    .fix(format!("add a unique constraint on {}", relation.parent))
                    .remedy(Remedy::AddUniqueKey(relation.parent.clone()));
                if !relation.is_constrained() && !relation.origins.contains(&RelationOrigin::Config) {
                    // Models join by what two tables share, too: then no key is meant.
                    finding.at_most(Severity::Warning);
                }
            }
        }
    }
}

/// Whether nothing says it but associations that have a condition each: what the columns lack to a key, the condition can
/// have (`-> (track) { where(language: track.language) }`).
fn is_conditional(facts: &Facts<'_>, relation: &Relation) -> bool {
    let mut declared = facts.relations.declarations_of(relation).peekable();
    relation.origins.iter().eq([&RelationOrigin::Association])
        && declared.peek().is_some()
        && declared.all(|declared| declared.association.scoped)
}

/// Whether models only join two tables by columns, with a condition of their own, where no foreign key could.
pub(super) fn is_conditional_join(facts: &Facts<'_>, relation: &Relation, parent: Option<&Table>) -> bool {
    let is_no_key = |parent: &Table| !is_referable(facts.schema, relation, parent);
    is_conditional(facts, relation) && parent.is_some_and(is_no_key)
}

/// Whether exactly the columns that are referenced are a key that a foreign key can reference.
fn is_referable(schema: &Schema, relation: &Relation, parent: &Table) -> bool {
    let period = relation
        .foreign_key(schema)
        .is_some_and(|foreign_key| foreign_key.period);
    let columns = &relation.parent.columns;
    let by_key = parent
        .keys
        .iter()
        .filter(|key| has_columns(key, columns))
        .any(|key| !key.deferrable && key.without_overlaps == period);
    let of_deferrable_key = |index: &Index| {
        parent
            .keys
            .iter()
            .any(|key| key.deferrable && key.name.is_some() && key.name == index.constraint)
    };
    let by_index = parent
        .indexes
        .iter()
        .filter(|index| index.is_full_unique_key() && !of_deferrable_key(index))
        .filter_map(Index::whole_columns)
        .any(|held| held.len() == columns.len() && columns.iter().all(|column| held.contains(&column)));
    by_key || (by_index && !period)
}

fn has_columns(key: &Key, columns: &[Ident]) -> bool {
    key.columns.len() == columns.len() && columns.iter().all(|column| key.columns.contains(column))
}

/// What comes near to a key, and why it is none.
fn obstacle(parent: &Table, columns: &[Ident]) -> String {
    if parent
        .keys
        .iter()
        .any(|key| key.deferrable && has_columns(key, columns))
    {
        return ": its key is deferrable, and a foreign key cannot reference such a key".to_owned();
    }
    let leads = |index: &&Index| {
        index.unique
            && index.parts.len() == columns.len()
            && index
                .parts
                .iter()
                .all(|part| part.column.as_ref().is_some_and(|column| columns.contains(column)))
    };
    match parent.indexes.iter().find(leads) {
        Some(index) if !index.valid => format!(": the unique index `{}` is invalid", index.name),
        Some(Index {
            name,
            predicate: Some(predicate),
            ..
        }) => format!(": the unique index `{name}` holds only rows where `{predicate}`"),
        Some(index) if index.parts.iter().any(|part| part.prefix.is_some()) => {
            format!(": the unique index `{}` holds only the first characters", index.name)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::relation::Statement;
    use crate::rules::testing::Database;

    const RULE: &str = "parent_key_not_unique";

    fn addresses(code: &str) -> Database {
        Database::new()
            .table("customers", &["id int primary", code, "gone timestamp null"])
            .table("addresses", &["customer text"])
    }

    fn stated(database: Database) -> Database {
        database.stated("addresses(customer) -> customers(code)", Statement::default())
    }

    #[test]
    fn reports_columns_that_are_no_key() {
        let database = stated(addresses("code text"));
        assert_eq!(database.check(RULE), ["error certain addresses(customer)"]);
        assert_eq!(
            database.messages(RULE),
            ["`addresses(customer)` references `customers(code)`, which is no unique key"]
        );
    }

    #[test]
    fn says_what_comes_near() {
        let partial = addresses("code text").index_with("customers(code)", |index| {
            index.unique = true;
            index.predicate = Some("(gone IS NULL)".to_owned());
        });
        assert_eq!(
            stated(partial).messages(RULE),
            [
                "`addresses(customer)` references `customers(code)`, which is no unique key: the unique index \
              `customers_index_1` holds only rows where `(gone IS NULL)`"
            ]
        );
        let deferrable = addresses("code text unique").change("customers", |table| {
            for key in &mut table.keys {
                key.deferrable = true;
            }
        });
        assert_eq!(
            stated(deferrable).messages(RULE),
            [
                "`addresses(customer)` references `customers(code)`, which is no unique key: its key is deferrable, and \
              a foreign key cannot reference such a key"
            ]
        );
    }

    #[test]
    fn a_key_must_have_exactly_the_columns() {
        assert_eq!(stated(addresses("code text unique")).check(RULE), [""; 0]);
        let wider = addresses("code text").unique("customers(id, code)");
        assert_eq!(stated(wider).check(RULE), ["error certain addresses(customer)"]);
    }

    #[test]
    fn a_period_needs_a_key_without_overlaps() {
        let rooms = |without_overlaps| {
            Database::new()
                .table("rooms", &["id int primary", "during timestamp primary"])
                .change("rooms", |table| {
                    table.indexes.clear();
                    for key in &mut table.keys {
                        key.without_overlaps = without_overlaps;
                    }
                })
                .table("stays", &["room int", "during timestamp"])
                .foreign_key_with("stays(room, during) -> rooms(id, during)", |foreign_key| {
                    foreign_key.period = true;
                })
                .check(RULE)
        };
        assert_eq!(rooms(true), [""; 0]);
        assert_eq!(rooms(false), ["error certain stays(room, during)"]);
    }

    #[test]
    fn a_condition_can_have_what_the_columns_lack() {
        let ends = "addresses(customer) -> customers(code)";
        let both = |scoped: bool| {
            addresses("code text")
                .has_many(ends, |has| has.scoped = true)
                .has_many(ends, |has| has.scoped = scoped)
        };
        assert_eq!(both(true).check(RULE), [""; 0]);
        assert_eq!(both(true).check("missing_foreign_key"), [""; 0]);
        assert_eq!(both(false).check(RULE), ["warning certain addresses(customer)"]);
        assert_eq!(
            both(false).check("missing_foreign_key"),
            ["warning certain addresses(customer)"]
        );
        let key = addresses("code text unique").has_many(ends, |has| has.scoped = true);
        assert_eq!(
            key.check("missing_foreign_key"),
            ["warning certain addresses(customer)"]
        );
    }

    #[test]
    fn inferred_relations_are_let_pass() {
        let database = addresses("code text").inferred("addresses(customer) -> customers(code)", 950);
        assert_eq!(database.check(RULE), [""; 0]);
    }
}
