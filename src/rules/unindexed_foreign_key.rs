//! A reference whose child rows cannot be found by index.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity};
use crate::relation::Relation;
use crate::schema::{ColumnSet, Ident, Lookup, Table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnindexedForeignKey {
    min_confidence: Confidence,
}

impl Rule for UnindexedForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let mut relations: Vec<_> = facts.relations().collect();
        // Several relations of the same columns want the same index: the surest is reported.
        relations.sort_by_key(|(relation, ..)| (!relation.is_constrained(), u16::MAX - relation.confidence));
        let mut reported = BTreeSet::new();
        for (relation, child, _) in relations {
            if !child.kind.holds_rows() || Confidence::of(relation) < self.min_confidence {
                continue;
            }
            let columns = looked_up(facts, relation);
            let set: BTreeSet<&Ident> = columns.iter().collect();
            let obstacle = match served(child, columns) {
                Ok(()) => continue,
                // An index that each partition has for itself serves as well as one of the whole table.
                Err(_) if partitions_served(facts, child, columns) => continue,
                Err(obstacle) => obstacle.map(|why| format!(": {why}")).unwrap_or_default(),
            };
            if !reported.insert((&child.name, set)) {
                continue;
            }
            let message = if relation.is_constrained() {
                format!(
                    "no index serves the foreign key on `{}`, so each delete in `{}` reads the whole of `{}`{obstacle}",
                    relation.child, relation.parent.table, child.name
                )
            } else {
                format!(
                    "no index finds the rows of `{}` that reference a row of `{}`{obstacle}",
                    relation.child, relation.parent.table
                )
            };
            let mut finding = findings.report_relation(relation, message);
            if !relation.is_constrained() {
                finding = finding.at_most(Severity::Note);
            }
            finding
                .fix(format!(
                    "create an index on {}({})",
                    child.name,
                    crate::schema::display_columns(columns)
                ))
                .remedy(Remedy::AddIndex(ColumnSet::new(child.name.clone(), columns.to_vec())));
        }
    }
}

/// The columns that a row of the parent is looked up by. A PERIOD at the end needs no index of its own.
fn looked_up<'r>(facts: &Facts<'_>, relation: &'r Relation) -> &'r [Ident] {
    let columns = &relation.child.columns;
    match (relation.foreign_key(facts.schema), columns.split_last()) {
        (Some(foreign_key), Some((_, scalar))) if foreign_key.period && !scalar.is_empty() => scalar,
        _ => columns,
    }
}

fn partitions_served(facts: &Facts<'_>, root: &Table, columns: &[Ident]) -> bool {
    let partitions = facts.schema.leaf_partitions(&root.name);
    !partitions.is_empty() && partitions.iter().all(|partition| served(partition, columns).is_ok())
}

/// Whether an index or a key serves. If not, the index that comes nearest, and why it does not.
fn served(table: &Table, columns: &[Ident]) -> Result<(), Option<String>> {
    let mut nearest = None;
    for index in &table.indexes {
        match table.lookup(index, columns) {
            Lookup::Full | Lookup::Partial => return Ok(()),
            Lookup::No(why) => {
                let concerns = |name: &Ident| columns.contains(name);
                let held = index.parts.iter().filter_map(|part| part.column.as_ref());
                if nearest.is_none() && held.chain(&index.include).any(concerns) {
                    nearest = Some(format!("index `{}` {why}", index.name));
                }
            }
        }
    }
    // SQLite's INTEGER PRIMARY KEY is the table itself, and no index tells of it.
    let without_index = |key: &[Ident]| {
        table
            .indexes
            .iter()
            .all(|index| !index.whole_columns().is_some_and(|held| held.into_iter().eq(key)))
    };
    let by_key = table
        .keys
        .iter()
        .any(|key| key.columns.first().is_some_and(|leading| columns.contains(leading)) && without_index(&key.columns));
    if by_key { Ok(()) } else { Err(nearest) }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{Index, IndexPart, TableKind, TableName};

    const RULE: &str = "unindexed_foreign_key";

    fn single() -> Database {
        Database::new()
            .table("p", &["id bigint primary"])
            .table("c", &["fk bigint", "x int null"])
            .foreign_key("c(fk) -> p(id)")
    }

    fn pair() -> Database {
        Database::new()
            .table("p", &["a int primary", "b int primary"])
            .table("c", &["a int", "b int", "x int"])
            .foreign_key("c(a, b) -> p(a, b)")
    }

    fn flagged(database: &Database) -> bool {
        !database.check(RULE).is_empty()
    }

    #[test]
    fn plain_indexes() {
        assert_eq!(single().check(RULE), ["warning certain c(fk)"], "none");
        assert!(!flagged(&single().index("c(fk)")));
        assert!(!flagged(&single().index("c(fk, x)")));
        assert!(flagged(&single().index("c(x, fk)")), "the key does not lead");
        assert!(!flagged(&pair().index("c(b, a)")), "permuted");
        assert!(!flagged(&pair().index("c(a, x, b)")), "a gap");
        let key = Database::new()
            .table("p", &["id int primary"])
            .table("c", &["fk int primary"])
            .foreign_key("c(fk) -> p(id)");
        assert!(!flagged(&key));
        let rowid = key.change("c", |table| table.indexes.clear());
        assert!(!flagged(&rowid), "a key that is the table itself");
        let tree = Database::new()
            .table("t", &["id int primary", "parent_id int null"])
            .foreign_key("t(parent_id) -> t(id)");
        assert!(flagged(&tree), "a self reference");
    }

    #[test]
    fn special_indexes() {
        let with = |change: fn(&mut Index)| single().index_with("c(fk)", change);
        let where_is = |condition: &str| {
            let condition = condition.to_owned();
            single().index_with("c(fk)", |index| index.predicate = Some(condition))
        };
        assert!(!flagged(&where_is("(fk IS NOT NULL)")));
        assert!(flagged(&where_is("(fk > 100)")));
        assert!(flagged(&where_is("(x IS NOT NULL)")));
        assert!(flagged(&with(|index| index.valid = false)));
        assert!(flagged(&with(|index| index.visible = false)));
        assert!(flagged(&with(|index| index.method = "spatial".to_owned())));
        assert!(flagged(&with(|index| index.parts[0].prefix = Some(4))));
        assert!(flagged(&with(|index| index.parts[0] = IndexPart {
            column: None,
            expression: Some("abs(fk)".to_owned()),
            prefix: None,
            descending: false,
            class: None,
            nulls_swapped: false,
        })));
        assert!(!flagged(&with(|index| index.method = "hash".to_owned())));
        assert!(!flagged(&with(|index| index.method = "gist".to_owned())));
        let trigrams = Database::new()
            .table("p", &["code text primary"])
            .table("c", &["fk text"])
            .foreign_key("c(fk) -> p(code)")
            .index_with("c(fk)", |index| index.method = "gin".to_owned());
        assert!(flagged(&trigrams));
        assert!(flagged(
            &single().index_with("c(x)", |index| index.include = vec!["fk".into()])
        ));
    }

    #[test]
    fn weak_indexes_are_let_pass() {
        assert!(!flagged(&pair().index("c(a)")));
        assert!(!flagged(&pair().index("c(a)").index("c(b)")));
        assert!(!flagged(
            &pair().index_with("c(a)", |index| index.include = vec!["b".into()])
        ));
        assert!(!flagged(
            &single().index_with("c(fk)", |index| index.method = "brin".to_owned())
        ));
    }

    #[test]
    fn a_period_needs_no_index_of_its_own() {
        let rooms = Database::new()
            .table("p", &["id int primary", "during timestamp primary"])
            .table("c", &["room int", "during timestamp"])
            .foreign_key_with("c(room, during) -> p(id, during)", |foreign_key| {
                foreign_key.period = true;
            });
        assert!(flagged(&rooms));
        assert!(flagged(&rooms.index("c(during)")));
    }

    #[test]
    fn partitions_may_have_indexes_of_their_own() {
        let partitioned = || {
            let whole = single().change("c", |table| table.kind = TableKind::Partitioned);
            ["c1", "c2"].into_iter().fold(whole, |database, name| {
                database
                    .table(name, &["fk bigint", "x int null"])
                    .change(name, |table| table.partition_of = Some(TableName::bare("c")))
            })
        };
        assert!(!flagged(&partitioned().index("c1(fk)").index("c2(fk)")));
        assert!(flagged(&partitioned().index("c1(fk)")), "one has none");
    }

    #[test]
    fn names_the_nearest_index() {
        let database = single().index_with("c(fk)", |index| index.valid = false);
        assert_eq!(
            database.messages(RULE),
            [
                "no index serves the foreign key on `c(fk)`, so each delete in `p` reads the whole of `c`: index \
              `c_index_0` is invalid"
            ]
        );
    }

    #[test]
    fn a_relation_without_constraint_is_a_note_as_sure_as_itself() {
        let database = |confidence| {
            Database::new()
                .table("p", &["id int primary"])
                .table("c", &["fk int"])
                .inferred("c(fk) -> p(id)", confidence)
        };
        assert_eq!(database(800).check(RULE), ["note medium c(fk)"]);
        assert!(!flagged(&database(600)));
    }

    #[test]
    fn columns_with_two_parents_are_reported_once() {
        let database = Database::new()
            .table("p", &["id int primary"])
            .table("q", &["id int primary"])
            .table("c", &["fk int"])
            .inferred("c(fk) -> p(id)", 950)
            .foreign_key("c(fk) -> q(id)");
        assert_eq!(database.check(RULE), ["warning certain c(fk)"]);
    }
}
