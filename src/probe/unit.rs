//! Units of work: what one worker does in one state of the database.
//!
//! Relations are grouped by child, so that a child can be read once for all of them.

use std::collections::BTreeMap;

use crate::dialect::probe_sql::Ends;
use crate::dialect::{QueryError, Session};
use crate::infer;
use crate::relation::Relation;
use crate::schema::TableName;

use super::facts::{Check, CycleProbe, PolymorphicProbe, Probes, RelationProbe, TenantProbe};
use super::{Subject, cycle, polymorphic, relation, tenant};

/// One unit of work.
#[derive(Debug)]
pub(super) enum Unit {
    /// The relations of one child, as indexes.
    Child(Vec<usize>),
    /// A polymorphic pair, as an index.
    Polymorphic(usize),
    /// The tenant check at this place of [`Probes::tenants`].
    Tenant(usize, infer::TenantPath),
    /// The check for cycles at this place of [`Probes::cycles`], and its relation.
    Cycle(usize, usize),
}

/// What a unit found.
#[derive(Debug)]
pub(super) enum Found {
    /// One for each relation of the child.
    Child(Vec<RelationProbe>),
    /// Of a polymorphic pair.
    Polymorphic(PolymorphicProbe),
    /// Of a tenant check.
    Tenant(TenantProbe),
    /// Of a check for cycles.
    Cycle(CycleProbe),
}

/// All units, those with the most rows first.
pub(super) fn plan(subject: &Subject<'_>) -> Vec<Unit> {
    let mut children: BTreeMap<&TableName, Vec<usize>> = BTreeMap::new();
    for (at, relation) in subject.relations.relations.iter().enumerate() {
        if !trusted(subject, relation) {
            children.entry(&relation.child.table).or_default().push(at);
        }
    }
    let mut units: Vec<(u64, Unit)> = children
        .into_iter()
        .map(|(table, relations)| (rows(subject, table), Unit::Child(relations)))
        .collect();
    let pairs = subject.relations.polymorphic.iter().enumerate();
    units.extend(pairs.map(|(at, pair)| (rows(subject, &pair.child), Unit::Polymorphic(at))));
    for (at, path) in infer::tenant_paths(subject.schema, subject.relations)
        .into_iter()
        .enumerate()
    {
        let size = subject
            .relations
            .relations
            .get(path.direct)
            .map_or(0, |relation| rows(subject, &relation.child.table));
        units.push((size, Unit::Tenant(at, path)));
    }
    let trees = subject
        .relations
        .relations
        .iter()
        .enumerate()
        .filter(|(_, relation)| infer::is_tree_reference(relation));
    for (at, (index, relation)) in trees.enumerate() {
        units.push((rows(subject, &relation.child.table), Unit::Cycle(at, index)));
    }
    // Largest first keeps the last worker from starting on the largest table alone. The sort is stable.
    units.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    units.into_iter().map(|(_, unit)| unit).collect()
}

fn rows(subject: &Subject<'_>, table: &TableName) -> u64 {
    subject
        .schema
        .table(table)
        .and_then(|table| table.estimated_rows)
        .unwrap_or(0)
}

/// Whether the relation's rows need not be read, since the user trusts constraints and one guarantees it.
pub(super) fn trusted(subject: &Subject<'_>, relation: &Relation) -> bool {
    subject.trust_constraints
        && relation
            .foreign_key(subject.schema)
            .is_some_and(|key| key.validated && key.enforced)
}

/// The result before any unit ran. What no unit fills in was trusted.
pub(super) fn blank(subject: &Subject<'_>, units: &[Unit]) -> Probes {
    let relations = subject.relations.relations.iter().map(|_| RelationProbe {
        method: "constraint",
        outcome: Check::Done(None),
    });
    let mut probes = Probes {
        relations: relations.collect(),
        polymorphic: subject
            .relations
            .polymorphic
            .iter()
            .map(|_| PolymorphicProbe { outcome: not_yet() })
            .collect(),
        tenants: Vec::new(),
        cycles: Vec::new(),
    };
    let mut tenants: Vec<(usize, infer::TenantPath)> = Vec::new();
    let mut cycles: Vec<(usize, usize)> = Vec::new();
    for unit in units {
        match unit {
            Unit::Tenant(at, path) => tenants.push((*at, *path)),
            Unit::Cycle(at, relation) => cycles.push((*at, *relation)),
            Unit::Child(_) | Unit::Polymorphic(_) => {}
        }
    }
    tenants.sort_by_key(|(at, _)| *at);
    cycles.sort_by_key(|(at, _)| *at);
    probes.tenants = tenants
        .into_iter()
        .map(|(_, path)| TenantProbe {
            direct: path.direct,
            via: path.via,
            up: path.up,
            outcome: not_yet(),
        })
        .collect();
    probes.cycles = cycles
        .into_iter()
        .map(|(_, relation)| CycleProbe {
            relation,
            outcome: not_yet(),
        })
        .collect();
    probes
}

fn not_yet<T>() -> Check<T> {
    Check::NotChecked("it did not run".to_owned())
}

/// Puts what a unit found in its place.
pub(super) fn put(probes: &mut Probes, unit: &Unit, found: Found) {
    match (unit, found) {
        (Unit::Child(relations), Found::Child(found)) => {
            for (at, probe) in relations.iter().zip(found) {
                if let Some(slot) = probes.relations.get_mut(*at) {
                    *slot = probe;
                }
            }
        }
        (Unit::Polymorphic(at), Found::Polymorphic(found)) => replace(&mut probes.polymorphic, *at, found),
        (Unit::Tenant(at, _), Found::Tenant(found)) => replace(&mut probes.tenants, *at, found),
        (Unit::Cycle(at, _), Found::Cycle(found)) => replace(&mut probes.cycles, *at, found),
        _ => unreachable!("a unit finds what is of its own kind"),
    }
}

fn replace<T>(slots: &mut [T], at: usize, found: T) {
    if let Some(slot) = slots.get_mut(at) {
        *slot = found;
    }
}

impl Unit {
    /// What it found where it could not run at all.
    pub(super) fn not_checked(&self, why: &QueryError) -> Found {
        let reason = why.to_string();
        match self {
            Self::Child(relations) => Found::Child(
                relations
                    .iter()
                    .map(|_| RelationProbe {
                        method: relation::METHOD,
                        outcome: Check::NotChecked(reason.clone()),
                    })
                    .collect(),
            ),
            Self::Polymorphic(_) => Found::Polymorphic(PolymorphicProbe {
                outcome: Check::NotChecked(reason),
            }),
            Self::Tenant(_, path) => Found::Tenant(TenantProbe {
                direct: path.direct,
                via: path.via,
                up: path.up,
                outcome: Check::NotChecked(reason),
            }),
            Self::Cycle(_, relation) => Found::Cycle(CycleProbe {
                relation: *relation,
                outcome: Check::NotChecked(reason),
            }),
        }
    }
}

/// Runs one unit in one state of the database. The second value is why the session can no longer be used, if so.
pub(super) fn run(subject: &Subject<'_>, unit: &Unit, session: &mut dyn Session) -> (Found, Option<QueryError>) {
    if let Err(error) = session.begin() {
        session.end();
        return (unit.not_checked(&error), error.ends_session().then_some(error));
    }
    let mut lost = None;
    let found = match unit {
        Unit::Child(relations) => Found::Child(relation::probe_child(subject, relations, session, &mut lost)),
        Unit::Polymorphic(at) => Found::Polymorphic(polymorphic::probe(subject, *at, session, &mut lost)),
        Unit::Tenant(_, path) => Found::Tenant(TenantProbe {
            direct: path.direct,
            via: path.via,
            up: path.up,
            outcome: checked(tenant::probe(subject, *path, session), &mut lost),
        }),
        Unit::Cycle(_, relation) => Found::Cycle(CycleProbe {
            relation: *relation,
            outcome: checked(cycle::probe(subject, *relation, session), &mut lost),
        }),
    };
    session.end();
    (found, lost)
}

/// A result as a check; an error that ends the session is remembered.
pub(super) fn checked<T>(result: Result<T, QueryError>, lost: &mut Option<QueryError>) -> Check<T> {
    match result {
        Ok(found) => Check::Done(found),
        Err(error) => {
            let reason = error.to_string();
            if error.ends_session() {
                *lost = Some(error);
            }
            Check::NotChecked(reason)
        }
    }
}

/// The ends of a relation, or why they cannot be probed.
pub(super) fn ends<'a>(subject: &Subject<'a>, at: usize) -> Result<Ends<'a>, QueryError> {
    let relation = subject.relations.relations.get(at);
    relation
        .and_then(|relation| Ends::of(subject.schema, relation))
        .ok_or_else(|| {
            let parent = relation.map_or_else(String::new, |relation| relation.parent.to_string());
            QueryError::new(
                crate::dialect::QueryFailure::Permission,
                format!("`{parent}` is not visible to the current role"),
            )
        })
}
