//! Which columns get which type: children that of their parent, and what stands against it.

use std::collections::BTreeMap;

use super::names::shortened;
use super::rows::doubt;
use super::survey::Survey;
use crate::dialect::change::{Change, PlanDialect, Version};
use crate::dialect::retype::{Retype, TWIN_PREFIX};
use crate::finding::{Confidence, Finding, Remedy};
use crate::relation::{Relation, Relations};
use crate::rules::Facts;
use crate::schema::{ColumnSet, ColumnType, Schema, TypeFamily};

/// The columns that get another type, each in a set of its own.
pub(super) type Retypes<'a> = BTreeMap<ColumnSet, Retype<'a>>;

/// Why something is not done, and what to do.
pub(super) type Refusal = (String, String);

/// What is to be so by these findings, whether or not it can be.
pub(super) fn wanted<'a>(schema: &'a Schema, relations: &Relations, findings: &[Finding]) -> Retypes<'a> {
    let pairs: Vec<(ColumnSet, ColumnSet)> = mismatched(relations, findings)
        .flat_map(|(_, relation)| mismatched_pairs(schema, relation))
        .collect();
    let mut found = Retypes::new();
    for (child, parent) in &pairs {
        // Of a child of a child, the type that its parent will have.
        let mut top = parent;
        for _ in 0..pairs.len() {
            let Some((_, next)) = pairs.iter().find(|(one, _)| one == top) else {
                break;
            };
            top = next;
        }
        let Some((table, column)) = schema.table(&child.table).zip(only(schema, child)) else {
            continue;
        };
        let Some(parent_column) = only(schema, top) else {
            continue;
        };
        found.entry(child.clone()).or_insert_with(|| Retype {
            table,
            column,
            to: target(&column.ty, &parent_column.ty),
            twin: shortened(&format!("{TWIN_PREFIX}{}", column.name), 63).into(),
        });
    }
    found
}

/// The relations whose findings ask for it.
pub(super) fn mismatched<'r>(
    relations: &'r Relations,
    findings: &'r [Finding],
) -> impl Iterator<Item = (&'r Finding, &'r Relation)> {
    findings
        .iter()
        .filter(|finding| finding.remedy == Some(Remedy::ChangeType))
        .filter_map(|finding| {
            let id = finding.relation.as_ref()?;
            let relation = relations.relations.iter().find(|relation| relation.id() == *id)?;
            Some((finding, relation))
        })
}

/// Child and parent of each pair of columns that do not fit.
pub(super) fn mismatched_pairs(schema: &Schema, relation: &Relation) -> Vec<(ColumnSet, ColumnSet)> {
    let pairs = relation.child.columns.iter().zip(&relation.parent.columns);
    let single =
        |end: &ColumnSet, column: &crate::schema::Ident| ColumnSet::new(end.table.clone(), vec![column.clone()]);
    pairs
        .map(|(child, parent)| (single(&relation.child, child), single(&relation.parent, parent)))
        .filter(|(child, parent)| {
            let types = only(schema, child).zip(only(schema, parent));
            types.is_some_and(|(child, parent)| child.ty.mismatch_with(&parent.ty).is_some())
        })
        .collect()
}

fn only<'a>(schema: &'a Schema, set: &ColumnSet) -> Option<&'a crate::schema::Column> {
    schema.table(&set.table)?.column(set.columns.first()?)
}

/// The type that a child is to have. A text keeps its length and takes the parent's collation; of a domain what it
/// stands for is enough.
fn target(child: &ColumnType, parent: &ColumnType) -> ColumnType {
    if child.family == TypeFamily::Text && parent.family == TypeFamily::Text {
        return ColumnType {
            collation: parent.collation.clone(),
            declared: child.base.clone(),
            ..child.clone()
        };
    }
    ColumnType {
        declared: parent.base.clone(),
        ..parent.clone()
    }
}

/// What is done of what is wanted, and for each relation of which something is not: why.
pub(super) fn decided<'a>(
    facts: &Facts<'a>,
    findings: &[Finding],
    survey: &Survey,
    dialect: &dyn PlanDialect,
    version: Version,
) -> (Retypes<'a>, BTreeMap<ColumnSet, Refusal>) {
    let mut accepted = wanted(facts.schema, facts.relations, findings);
    let mut refused = BTreeMap::new();
    loop {
        let refusal = mismatched(facts.relations, findings)
            .filter(|(_, relation)| !refused.contains_key(&relation.child))
            .find_map(|(_, relation)| Some((relation, refusal(facts, &accepted, relation, survey, dialect, version)?)));
        let Some((relation, why)) = refusal else { break };
        for (child, _) in mismatched_pairs(facts.schema, relation) {
            accepted.remove(&child);
        }
        refused.insert(relation.child.clone(), why);
    }
    (accepted, refused)
}

/// Why a relation's columns cannot have their parent's types.
fn refusal(
    facts: &Facts<'_>,
    accepted: &Retypes<'_>,
    relation: &Relation,
    survey: &Survey,
    dialect: &dyn PlanDialect,
    version: Version,
) -> Option<Refusal> {
    if let Some(refusal) = doubt(relation) {
        return Some(refusal);
    }
    if let Some(refusal) = refused_by_orphans(facts, relation) {
        return Some(refusal);
    }
    let by_hand = || "change the types by hand, and plan again".to_owned();
    for (child, parent) in mismatched_pairs(facts.schema, relation) {
        let Some(retype) = accepted.get(&child) else {
            let reason = format!("`{child}` cannot have one type for this relation and another one for the others");
            return Some((reason, by_hand()));
        };
        let parent_type = accepted
            .get(&parent)
            .map(|retype| &retype.to)
            .or_else(|| only(facts.schema, &parent).map(|column| &column.ty))?;
        if let Some(why) = retype.to.mismatch_with(parent_type) {
            return Some((format!("`{child}` would still not fit `{parent}`: {why}"), by_hand()));
        }
        if retype.column.generated.is_some() || retype.column.identity {
            let reason = format!("`{child}` is filled by the server itself");
            return Some((reason, by_hand()));
        }
        if let Some(other) = left_behind(facts, accepted, &child) {
            let reason = format!("`{other}` references `{child}`, and would no longer fit it");
            return Some((reason, by_hand()));
        }
        if let Err(reason) = dialect.fits("x", &retype.column.ty, &retype.to) {
            return Some((reason, by_hand()));
        }
        if let Some(refusal) = survey
            .retypes
            .get(&child)
            .and_then(|found| found.refusal(&child, &retype.to))
        {
            return Some(refusal);
        }
        for stage in dialect.retype_stages(retype) {
            let change = Change::Retype {
                retype: retype.clone(),
                stage,
            };
            if let Err(reason) = dialect.work(&change, version) {
                return Some((reason, by_hand()));
            }
        }
    }
    None
}

/// The server checks the rows of a foreign key anew when its column gets another type, and repairs come after types.
fn refused_by_orphans(facts: &Facts<'_>, relation: &Relation) -> Option<Refusal> {
    let relations = facts.relations.relations.iter().enumerate();
    let mut broken = relations.filter(|(at, other)| {
        let probe = facts.probes().and_then(|probes| probes.relations.get(*at));
        let counts = probe.and_then(|probe| probe.outcome.done()?.as_ref());
        let shares = other
            .child
            .columns
            .iter()
            .any(|column| relation.child.columns.contains(column));
        other.child.table == relation.child.table
            && shares
            && other.foreign_key(facts.schema).is_some()
            && counts.is_some_and(|counts| counts.orphan_rows + counts.sentinel_rows > 0)
    });
    let (_, other) = broken.next()?;
    let reason = format!(
        "rows of `{}` break its foreign key, which the server checks anew for the new type",
        other.child
    );
    Some((reason, "run the steps that mend those rows, and plan again".to_owned()))
}

/// A child of the column which keeps its type.
fn left_behind<'f>(facts: &Facts<'f>, accepted: &Retypes<'_>, column: &ColumnSet) -> Option<&'f ColumnSet> {
    let relations = facts.relations.relations.iter();
    relations
        .filter(|relation| Confidence::of(relation) >= Confidence::Medium && relation.parent.table == column.table)
        .find(|relation| {
            let pairs = relation.child.columns.iter().zip(&relation.parent.columns);
            pairs.into_iter().any(|(child, parent)| {
                column.columns.contains(parent)
                    && !accepted.contains_key(&ColumnSet::new(relation.child.table.clone(), vec![child.clone()]))
            })
        })
        .map(|relation| &relation.child)
}

/// The schema as it is when all of these have their types.
pub(super) fn applied(schema: &Schema, retypes: &Retypes<'_>) -> Schema {
    let mut changed = schema.clone();
    for retype in retypes.values() {
        let table = changed.tables.get_mut(&retype.table.name);
        let column = table.and_then(|table| {
            table
                .columns
                .iter_mut()
                .find(|column| column.name == retype.column.name)
        });
        if let Some(column) = column {
            column.ty = retype.to.clone();
        }
    }
    changed
}
