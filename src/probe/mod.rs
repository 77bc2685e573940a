//! Relations and a connection → what the rows say, in parallel.
//!
//! Never decides whether something is a fault: that is for the rules. The only module with threads (`workers`). Before the
//! relations are settled, `rivals` asks a few rows which of several parents is meant; `unit` then counts all rows.

mod cycle;
mod facts;
mod needed;
mod orphans;
mod polymorphic;
mod relation;
mod rewritten;
mod rivals;
mod tenant;
mod unit;
mod verdict;
mod workers;

use crate::dialect::{Database, Error, QueryError, QueryFailure, Session};
use crate::relation::Relations;
use crate::schema::Schema;

pub use facts::{
    Check, CycleCounts, CycleProbe, Duplicates, PolymorphicProbe, PolymorphicValue, Probes, RelationCounts,
    RelationProbe, Sample, TenantCounts, TenantProbe,
};

pub use needed::{needed, needed_for};
pub use rivals::{Asked, ask};
pub use verdict::weigh;

use unit::{Unit, trusted};

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
    if units.is_empty() {
        return Ok(probes);
    }
    let run = |unit: &Unit, session: &mut dyn Session| unit::run(&subject, unit, session);
    let (found, lost) = workers::work(database, &units, options.jobs, &run, progress)?;
    for (unit, found) in units.iter().zip(found) {
        unit::put(&mut probes, unit, found.unwrap_or_else(|| unit.not_checked(&lost)));
    }
    rewritten::take_back(&subject, &database.rewritten_tables(), &mut probes);
    Ok(probes)
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
