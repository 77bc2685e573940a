//! Two ways from a child to the same ancestor: do they lead to the same row?

use crate::dialect::probe_sql;
use crate::dialect::{QueryError, Session};
use crate::infer::TenantPath;

use super::facts::{Sample, TenantCounts};
use super::unit::ends;
use super::{Subject, count, counts, rows};

/// Compares the two ways.
pub(super) fn probe(
    subject: &Subject<'_>,
    path: TenantPath,
    session: &mut dyn Session,
) -> Result<TenantCounts, QueryError> {
    let direct = ends(subject, path.direct)?;
    let via = ends(subject, path.via)?;
    let up = ends(subject, path.up)?;
    let dialect = subject.database.dialect();
    let row = counts(session, &probe_sql::tenants(dialect, &direct, &via, &up))?;
    let mut found = TenantCounts {
        compared_rows: row.first().copied().unwrap_or(0),
        mismatched_rows: row.get(1).copied().unwrap_or(0),
        samples: Vec::new(),
    };
    if found.mismatched_rows == 0 {
        return Ok(found);
    }
    // The parent's columns often have the child's names: they are told apart by the table.
    let own = direct
        .child_columns
        .iter()
        .map(|name| format!("{}.{name}", direct.child.name.table));
    let other = up
        .child_columns
        .iter()
        .map(|name| format!("{}.{name}", up.child.name.table));
    let names: Vec<String> = own.chain(other).collect();
    for row in rows(session, &probe_sql::tenant_samples(dialect, &direct, &via, &up))? {
        found.samples.push(Sample {
            rows: count(row.get(names.len()).and_then(Option::as_deref))?,
            key: names
                .iter()
                .map(|name| name.as_str().into())
                .zip(row.into_iter().map(Option::unwrap_or_default))
                .collect(),
        });
    }
    Ok(found)
}
