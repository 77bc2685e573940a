//! Which columns the probes read.

use std::collections::BTreeMap;

use crate::dialect::sqlite::dump::Needed;
use crate::infer::{self, Question};
use crate::relation::Relations;
use crate::schema::{ColumnSet, Schema, TableName};

/// What the probes of these relations read of each table, and what is asked before them.
pub fn needed_for(schema: &Schema, relations: &Relations, questions: &[Question]) -> BTreeMap<TableName, Needed> {
    let mut needed = needed(schema, relations);
    for question in questions {
        for parent in &question.parents {
            add(schema, &mut needed, &question.child, parent);
        }
    }
    add_heirs(schema, &mut needed);
    needed
}

/// What the probes of these relations read of each table.
pub fn needed(schema: &Schema, relations: &Relations) -> BTreeMap<TableName, Needed> {
    let mut needed: BTreeMap<TableName, Needed> = BTreeMap::new();
    for relation in &relations.relations {
        add(schema, &mut needed, &relation.child, &relation.parent);
    }
    for pair in &relations.polymorphic {
        let entry = needed.entry(pair.child.clone()).or_default();
        entry.columns.insert(pair.type_column.clone());
        entry.columns.extend(pair.id_columns.iter().cloned());
        for target in &pair.targets {
            look_up(&mut needed, &target.parent);
        }
    }
    if !relations.polymorphic.is_empty() {
        // Which tables the values of a type column name is known when they are read.
        for table in schema.relation_tables() {
            if let Some(key) = table.primary_key() {
                look_up(&mut needed, &ColumnSet::new(table.name.clone(), key.columns.clone()));
            }
        }
    }
    add_heirs(schema, &mut needed);
    needed
}

/// The columns of a relation, and those that mark rows as deleted.
fn add(schema: &Schema, needed: &mut BTreeMap<TableName, Needed>, child: &ColumnSet, parent: &ColumnSet) {
    if [child, parent].iter().any(|end| schema.table(&end.table).is_none()) {
        return;
    }
    for end in [child, parent] {
        let entry = needed.entry(end.table.clone()).or_default();
        entry.columns.extend(end.columns.iter().cloned());
        let mark = schema.table(&end.table).and_then(infer::soft_delete_column);
        entry.columns.extend(mark.map(|mark| mark.name.clone()));
    }
    look_up(needed, parent);
}

fn look_up(needed: &mut BTreeMap<TableName, Needed>, parent: &ColumnSet) {
    let entry = needed.entry(parent.table.clone()).or_default();
    entry.columns.extend(parent.columns.iter().cloned());
    entry.keys.insert(parent.columns.clone());
}

/// The rows of a table that inherits are rows of those that it inherits from.
fn add_heirs(schema: &Schema, needed: &mut BTreeMap<TableName, Needed>) {
    let mut added: Vec<(TableName, Needed)> = Vec::new();
    for table in schema.tables.values() {
        for parent in &table.inherits {
            if let Some(of_parent) = needed.get(parent) {
                added.push((table.name.clone(), of_parent.clone()));
            }
        }
    }
    for (name, of_parent) in added {
        let entry = needed.entry(name).or_default();
        entry.columns.extend(of_parent.columns);
        entry.keys.extend(of_parent.keys);
    }
}
