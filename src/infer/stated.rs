//! Relations that the models and the user's configuration state.

use std::collections::{BTreeMap, BTreeSet};

use super::cardinality;
use super::ends::Ends;
use crate::relation::{Evidence, Relation, RelationOrigin, Statement};
use crate::schema::{ColumnSet, Schema, Stated, StatedBy, StatedRelation};

/// Adds what is stated to what foreign keys declare: to the same relation where the ends are the same.
pub(super) fn add(schema: &Schema, stated: &Stated, relations: &mut BTreeMap<Ends, Relation>) {
    for statement in &stated.relations {
        let Some(child) = schema.table(&statement.child.table) else {
            continue;
        };
        let relation = relations
            .entry(Ends::new(&statement.child, &statement.parent))
            .or_insert_with(|| relation(statement));
        // A later statement of the same relation adds what an earlier one left out.
        let known = &mut relation.stated;
        known.kind = statement.kind.or(known.kind);
        known.optional = statement.optional.or(known.optional);
        known.on_delete = statement.on_delete.or(known.on_delete);
        add_origin(relation, &statement.by);
        relation.cardinality = cardinality::of(child, &relation.child, relation.stated.kind);
        relation.optional = relation
            .stated
            .optional
            .unwrap_or_else(|| child.any_nullable(&relation.child.columns));
    }
}

fn add_origin(relation: &mut Relation, by: &StatedBy) {
    let reason = |code, detail: &str| Evidence {
        code,
        detail: detail.to_owned().into(),
        weight: 0,
    };
    match by {
        StatedBy::Config => {
            if relation.origins.insert(RelationOrigin::Config) {
                relation.evidence.push(reason("config", "the configuration states it"));
            }
        }
        StatedBy::Models { associations, reasons } => {
            relation.origins.insert(RelationOrigin::Association);
            relation.associations.extend(associations);
            relation
                .evidence
                .extend(reasons.iter().map(|detail| reason("association", detail)));
        }
    }
}

/// Where something is known from that is stated.
pub(super) fn origin(by: &StatedBy) -> RelationOrigin {
    match by {
        StatedBy::Config => RelationOrigin::Config,
        StatedBy::Models { .. } => RelationOrigin::Association,
    }
}

fn relation(statement: &StatedRelation) -> Relation {
    Relation {
        child: statement.child.clone(),
        parent: statement.parent.clone(),
        cardinality: crate::relation::Cardinality::ManyToOne,
        optional: true,
        origins: BTreeSet::new(),
        foreign_keys: Vec::new(),
        associations: Vec::new(),
        stated: Statement::default(),
        role: None,
        confidence: 1000,
        evidence: Vec::new(),
        alternatives: Vec::new(),
    }
}

/// Whether nothing that is stated rules the relation out.
pub(super) fn allows(stated: &Stated, child: &ColumnSet, parent: &ColumnSet) -> bool {
    !stated.forbidden.iter().any(|forbidden| {
        forbidden.child.table == child.table
            && forbidden.child.columns.len() == child.columns.len()
            && forbidden
                .child
                .columns
                .iter()
                .all(|column| child.columns.contains(column))
            && forbidden.parent.as_ref().is_none_or(|table| *table == parent.table)
    })
}

/// Whether it is stated that the columns reference nothing at all.
pub(super) fn forbids_all(stated: &Stated, child: &ColumnSet) -> bool {
    stated
        .forbidden
        .iter()
        .any(|forbidden| forbidden.parent.is_none() && forbidden.child == *child)
}
