//! Relations from foreign keys.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::cardinality;
use super::ends::Ends;
use crate::relation::{Evidence, Relation, RelationOrigin, Statement};
use crate::schema::{ColumnSet, ForeignKey, Schema, Table};

/// The relations that foreign keys declare, by their ends.
///
/// A foreign key whose parent or whose columns are missing declares none: a rule reports it. But where the role does
/// not see all tables the parent may be one that it cannot see: then the relation is kept, to end as not checked. Two
/// foreign keys between the same columns are one relation.
pub(super) fn relations(schema: &Schema) -> BTreeMap<Ends, Relation> {
    let mut relations: BTreeMap<Ends, Relation> = BTreeMap::new();
    for table in schema.tables.values().filter(|table| table.audited) {
        let mut strongest_first: Vec<(usize, &ForeignKey)> = table.foreign_keys.iter().enumerate().collect();
        strongest_first.sort_by_key(|(position, key)| (Reverse(key.enforced), Reverse(key.validated), *position));
        for (position, foreign_key) in strongest_first {
            if !is_complete(schema, table, foreign_key) {
                continue;
            }
            let child = ColumnSet::new(table.name.clone(), foreign_key.columns.clone());
            let parent = ColumnSet::new(foreign_key.parent.clone(), foreign_key.parent_columns.clone());
            let ends = Ends::new(&child, &parent);
            let known = relations.entry(ends).or_insert_with(|| relation(table, child, parent));
            add(known, position, foreign_key);
        }
    }
    relations
}

/// The columns that foreign keys are on, also of those that declare no relation.
pub(super) fn children(schema: &Schema) -> Vec<ColumnSet> {
    let audited = schema.tables.values().filter(|table| table.audited);
    audited
        .flat_map(|table| {
            let columns = |key: &ForeignKey| ColumnSet::new(table.name.clone(), key.columns.clone());
            table.foreign_keys.iter().map(columns)
        })
        .collect()
}

fn add(relation: &mut Relation, position: usize, foreign_key: &ForeignKey) {
    let named = foreign_key
        .name
        .as_ref()
        .map_or_else(|| "a foreign key without name".to_owned(), |name| format!("`{name}`"));
    relation.foreign_keys.push(position);
    relation.evidence.push(Evidence {
        code: "constraint",
        detail: format!("{named} declares it").into(),
        weight: 0,
    });
}

fn relation(table: &Table, child: ColumnSet, parent: ColumnSet) -> Relation {
    Relation {
        cardinality: cardinality::of_keys(table, &child),
        optional: table.any_nullable(&child.columns),
        child,
        parent,
        origins: BTreeSet::from([RelationOrigin::Constraint]),
        foreign_keys: Vec::new(),
        associations: Vec::new(),
        stated: Statement::default(),
        role: None,
        confidence: 1000,
        evidence: Vec::new(),
        alternatives: Vec::new(),
    }
}

/// Whether the parent and all columns of both ends exist, as far as they can be seen.
fn is_complete(schema: &Schema, table: &Table, foreign_key: &ForeignKey) -> bool {
    let parent_is_complete = match schema.table(&foreign_key.parent) {
        Some(parent) => foreign_key
            .parent_columns
            .iter()
            .all(|column| parent.column(column).is_some()),
        None => !schema.sees_all_tables,
    };
    parent_is_complete
        && !foreign_key.columns.is_empty()
        && foreign_key.columns.len() == foreign_key.parent_columns.len()
        && foreign_key.columns.iter().all(|column| table.column(column).is_some())
}
