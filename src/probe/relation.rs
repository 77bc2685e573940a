//! The relations of one child: nulls, orphans, sentinels, duplicates.

use crate::dialect::probe_sql::{self, Ends};
use crate::dialect::{QueryError, Session};
use crate::infer;
use crate::relation::{Cardinality, Relation};
use crate::schema::Match;

use super::facts::{Check, Duplicates, RelationCounts, RelationProbe};
use super::orphans::orphans;
use super::unit::{checked, ends};
use super::{Subject, counts, samples};

/// The one method so far: an anti-join a relation, after one pass over the child for all of them. The place to choose
/// another for each relation is [`judge`].
pub(super) const METHOD: &str = "anti_join";

/// Probes the relations of one child, in their order.
pub(super) fn probe_child(
    subject: &Subject<'_>,
    relations: &[usize],
    session: &mut dyn Session,
    lost: &mut Option<QueryError>,
) -> Vec<RelationProbe> {
    let ends: Vec<Result<Ends<'_>, QueryError>> = relations.iter().map(|at| ends(subject, *at)).collect();
    let probed: Vec<Ends<'_>> = ends.iter().filter_map(|ends| ends.as_ref().ok().copied()).collect();
    let mut totals = child_totals(subject, &probed, session).into_iter();
    relations
        .iter()
        .zip(ends)
        .map(|(at, ends)| {
            let outcome = ends.and_then(|ends| {
                let totals = totals
                    .next()
                    .unwrap_or_else(|| single_totals(subject, &ends, session))?;
                if let Some(error) = lost.clone() {
                    return Err(error);
                }
                judge(subject, *at, &ends, totals, session)
            });
            RelationProbe {
                method: METHOD,
                outcome: match checked(outcome, lost) {
                    Check::Done(counts) => Check::Done(Some(counts)),
                    Check::NotChecked(reason) => Check::NotChecked(reason),
                },
            }
        })
        .collect()
}

/// What one pass over the child tells of a relation.
#[derive(Debug, Clone, Copy)]
struct Totals {
    child_rows: u64,
    any_null: u64,
    partly_null: u64,
}

/// One pass over the child for all its relations. Where it fails and there are several, each is tried by itself: the role
/// may be allowed to read the columns of some only.
fn child_totals(
    subject: &Subject<'_>,
    ends: &[Ends<'_>],
    session: &mut dyn Session,
) -> Vec<Result<Totals, QueryError>> {
    let Some(first) = ends.first() else { return Vec::new() };
    let sql = probe_sql::totals(subject.database.dialect(), first.child, ends);
    match counts(session, &sql) {
        Ok(row) => {
            let child_rows = row.first().copied().unwrap_or(0);
            let nulls = row.get(1..).unwrap_or_default().chunks_exact(2);
            nulls
                .map(|pair| {
                    Ok(Totals {
                        child_rows,
                        any_null: pair[0],
                        partly_null: pair[1],
                    })
                })
                .collect()
        }
        Err(error) if ends.len() == 1 || error.ends_session() => ends.iter().map(|_| Err(error.clone())).collect(),
        Err(_) => ends.iter().map(|one| single_totals(subject, one, session)).collect(),
    }
}

fn single_totals(subject: &Subject<'_>, ends: &Ends<'_>, session: &mut dyn Session) -> Result<Totals, QueryError> {
    let alone = std::slice::from_ref(ends);
    let row = counts(
        session,
        &probe_sql::totals(subject.database.dialect(), ends.child, alone),
    )?;
    let at = |index: usize| row.get(index).copied().unwrap_or(0);
    Ok(Totals {
        child_rows: at(0),
        any_null: at(1),
        partly_null: at(2),
    })
}

/// Counts what one relation's rows are. A statement that finds nothing looks for no samples.
fn judge(
    subject: &Subject<'_>,
    at: usize,
    ends: &Ends<'_>,
    totals: Totals,
    session: &mut dyn Session,
) -> Result<RelationCounts, QueryError> {
    let dialect = subject.database.dialect();
    let mut found = RelationCounts {
        child_rows: totals.child_rows,
        null_rows: totals.any_null,
        partly_null_rows: totals.partly_null,
        ..RelationCounts::default()
    };
    if totals.child_rows > totals.any_null {
        let orphans = orphans(dialect, ends, session)?;
        (found.orphan_rows, found.orphan_keys) = (orphans.rows, orphans.keys);
        (found.sentinel_rows, found.sentinel_keys) = (orphans.sentinel_rows, orphans.sentinel_keys);
        found.samples = orphans.samples;
    }
    if ends.match_type == Match::Full {
        // A partly null key breaks MATCH FULL, whatever the parent has.
        found.null_rows -= found.partly_null_rows.min(found.null_rows);
        found.orphan_rows += found.partly_null_rows;
    }
    let Some(relation) = subject.relations.relations.get(at) else {
        return Ok(found);
    };
    found.duplicates = duplicates(subject, relation, ends, session)?;
    if let Some(mark) = infer::soft_delete_column(ends.parent) {
        let own = infer::soft_delete_column(ends.child);
        let sql = probe_sql::soft_deleted_parents(dialect, ends, mark, own);
        found.soft_deleted_parent_rows = counts(session, &sql)?.first().copied();
    }
    Ok(found)
}

/// Rows that break one-to-one, where it is meant and nothing enforces it.
fn duplicates(
    subject: &Subject<'_>,
    relation: &Relation,
    ends: &Ends<'_>,
    session: &mut dyn Session,
) -> Result<Option<Duplicates>, QueryError> {
    if relation.cardinality != Cardinality::OneToOne || ends.child.is_unique_key(ends.child_columns) {
        return Ok(None);
    }
    let dialect = subject.database.dialect();
    let row = counts(session, &probe_sql::duplicates(dialect, ends))?;
    let mut found = Duplicates {
        keys: row.first().copied().unwrap_or(0),
        rows: row.get(1).copied().unwrap_or(0),
        samples: Vec::new(),
    };
    if found.keys > 0 {
        found.samples = samples(
            session,
            &probe_sql::duplicate_samples(dialect, ends),
            ends.child_columns,
        )?;
    }
    Ok(Some(found))
}
