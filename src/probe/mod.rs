//! Relations and a connection → what the rows say, in parallel.
//!
//! Never decides whether something is a fault: that is for the rules. The only module with threads: the workers of one
//! rayon pool, with one read-only session each, take units of work from one queue, the largest first; results are put
//! back in the order of the relations, so that they do not depend on the number of workers.

mod cycle;
mod facts;
mod needed;
mod polymorphic;
mod relation;
mod rewritten;
mod tenant;
mod unit;
mod verdict;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::dialect::{Database, Error, QueryError, QueryFailure, Session, interrupt};
use crate::relation::Relations;
use crate::schema::Schema;

pub use facts::{
    Check, CycleCounts, CycleProbe, Duplicates, PolymorphicProbe, PolymorphicValue, Probes, RelationCounts,
    RelationProbe, Sample, TenantCounts, TenantProbe,
};

pub use needed::needed;
pub use verdict::weigh;

use unit::{Found, Unit, trusted};

/// How rows are probed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The greatest number of connections; at least one is used.
    pub jobs: usize,
    /// Believe foreign keys that are validated and enforced, and read no rows for them.
    pub trust_constraints: bool,
}

/// Is told how many units are done, and how many there are.
pub type Progress<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// What every unit works on.
#[derive(Clone, Copy)]
struct Subject<'a> {
    database: &'a dyn Database,
    schema: &'a Schema,
    relations: &'a Relations,
    trust_constraints: bool,
}

/// Probes the rows of every relation.
///
/// # Errors
///
/// Only where no session can be opened, or no thread be started. Whatever fails later is part of the result, as
/// [`Check::NotChecked`].
pub fn probe(
    database: &dyn Database,
    schema: &Schema,
    relations: &Relations,
    options: &Options,
    progress: &Progress<'_>,
) -> Result<Probes, Error> {
    let subject = Subject {
        database,
        schema,
        relations,
        trust_constraints: options.trust_constraints,
    };
    let units = unit::plan(&subject);
    let mut probes = unit::blank(&subject, &units);
    let wanted = options.jobs.min(units.len()).max(1);
    if units.is_empty() {
        return Ok(probes);
    }
    let sessions = database.sessions(wanted)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(sessions.len())
        .thread_name(|index| format!("probe-{index}"))
        .build()
        .map_err(|error| Error::Connect {
            source_name: database.info().name.clone(),
            reason: format!("cannot start {} threads: {error}", sessions.len()),
        })?;
    let queue = Queue {
        units: &units,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        found: Mutex::new(units.iter().map(|_| None).collect()),
        lost: Mutex::new(None),
    };
    progress(0, units.len());
    pool.scope(|scope| {
        for session in sessions {
            let queue = &queue;
            let subject = &subject;
            scope.spawn(move |_| queue.work(subject, session, progress));
        }
    });
    let lost = queue.lost.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = lost.unwrap_or_else(|| QueryError::new(QueryFailure::ConnectionLost, ""));
    let found = queue.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (unit, found) in units.iter().zip(found) {
        unit::put(&mut probes, unit, found.unwrap_or_else(|| unit.not_checked(&lost)));
    }
    rewritten::take_back(&subject, &database.rewritten_tables(), &mut probes);
    Ok(probes)
}

/// What the workers share.
struct Queue<'a> {
    units: &'a [Unit],
    next: AtomicUsize,
    done: AtomicUsize,
    found: Mutex<Vec<Option<Found>>>,
    /// Why the last worker gave up.
    lost: Mutex<Option<QueryError>>,
}

impl Queue<'_> {
    /// Takes units until there are none, or the connection is lost and cannot be replaced.
    fn work(&self, subject: &Subject<'_>, mut session: Box<dyn Session>, progress: &Progress<'_>) {
        while !interrupt::fired() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(unit) = self.units.get(at) else { return };
            let (found, lost) = unit::run(subject, unit, session.as_mut());
            if let Some(slot) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *slot = Some(found);
            }
            progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.units.len());
            if let Some(error) = lost {
                // A server that is gone can take its time to say so.
                if self.next.load(Ordering::Relaxed) >= self.units.len() {
                    return;
                }
                let Ok(replacement) = subject.database.replace_session() else {
                    *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return;
                };
                session = replacement;
            }
        }
    }
}

/// Runs a query and collects its rows.
fn rows(session: &mut dyn Session, sql: &str) -> Result<Vec<Vec<Option<String>>>, QueryError> {
    let mut rows = Vec::new();
    session.query(sql, &mut |row| rows.push(row))?;
    Ok(rows)
}

/// Runs a query that gives one row of counts. A sum over no rows is NULL and counts as zero.
fn counts(session: &mut dyn Session, sql: &str) -> Result<Vec<u64>, QueryError> {
    let rows = rows(session, sql)?;
    let row = rows
        .into_iter()
        .next()
        .ok_or_else(|| QueryError::new(QueryFailure::Other, "a count gave no row"))?;
    row.iter().map(|value| count(value.as_deref())).collect()
}

/// A count as servers print it: MySQL's SUM is a decimal (`3`), NULL over no rows.
fn count(value: Option<&str>) -> Result<u64, QueryError> {
    let Some(text) = value else { return Ok(0) };
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole
        .parse()
        .map_err(|_| QueryError::new(QueryFailure::Other, format!("`{text}` is not a count")))
}

/// The sample keys that a query gives: the columns of the key as text, then the number of rows.
fn samples(session: &mut dyn Session, sql: &str, columns: &[crate::schema::Ident]) -> Result<Vec<Sample>, QueryError> {
    let rows = rows(session, sql)?;
    rows.into_iter()
        .map(|row| {
            let rows = count(row.get(columns.len()).and_then(Option::as_deref))?;
            let key = columns
                .iter()
                .cloned()
                .zip(row.into_iter().map(Option::unwrap_or_default))
                .collect();
            Ok(Sample { key, rows })
        })
        .collect()
}
