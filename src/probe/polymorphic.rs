//! Polymorphic pairs: which types occur, and which ids point nowhere.

use std::collections::BTreeMap;

use crate::dialect::probe_sql::{self, Ends};
use crate::dialect::{QueryError, QueryFailure, Session};
use crate::infer;
use crate::relation::{Polymorphic, RelationOrigin};
use crate::schema::{Column, ColumnSet};

use super::facts::{Check, PolymorphicProbe, PolymorphicValue};
use super::orphans::orphans;
use super::unit::checked;
use super::{Subject, count, rows};

/// Probes one pair.
pub(super) fn probe(
    subject: &Subject<'_>,
    at: usize,
    session: &mut dyn Session,
    lost: &mut Option<QueryError>,
) -> PolymorphicProbe {
    let outcome = match subject.relations.polymorphic.get(at) {
        Some(pair) => types(subject, pair, session),
        None => Err(QueryError::new(QueryFailure::Other, "there is no such pair")),
    };
    let outcome = match (checked(outcome, lost), subject.relations.polymorphic.get(at)) {
        (Check::Done(types), Some(pair)) => Check::Done(
            types
                .into_iter()
                .map(|(value, rows)| judge(subject, pair, value, rows, session, lost))
                .collect(),
        ),
        (Check::NotChecked(reason), _) => Check::NotChecked(reason),
        (Check::Done(_), None) => Check::Done(Vec::new()),
    };
    PolymorphicProbe { outcome }
}

/// The type values that occur, each with its number of rows, in order. Values that the server keeps apart only by
/// letter case or padding are one for the server, and so here.
fn types(
    subject: &Subject<'_>,
    pair: &Polymorphic,
    session: &mut dyn Session,
) -> Result<BTreeMap<String, u64>, QueryError> {
    let missing = || QueryError::new(QueryFailure::Other, format!("`{}` has changed", pair.child));
    let child = subject.schema.table(&pair.child).ok_or_else(missing)?;
    let type_column = child.column(&pair.type_column).ok_or_else(missing)?;
    let ids: Option<Vec<&Column>> = pair.id_columns.iter().map(|name| child.column(name)).collect();
    let ids = ids.ok_or_else(missing)?;
    let sql = probe_sql::polymorphic_types(subject.database.dialect(), child, type_column, &ids);
    let mut types = BTreeMap::new();
    for row in rows(session, &sql)? {
        if let [Some(value), number] = row.as_slice() {
            *types.entry(value.clone()).or_insert(0) += count(number.as_deref())?;
        }
    }
    Ok(types)
}

/// The key of the table that a value names. Where models declare the pair and its parents, a value that is no model's name
/// stands for nothing, whatever tables there are: no code can load what it points to.
fn named(subject: &Subject<'_>, pair: &Polymorphic, value: &str) -> Option<ColumnSet> {
    if pair.origins.contains(&RelationOrigin::Association) {
        let table = subject.relations.declarations.table_of_type(value);
        let key = table.and_then(|table| subject.schema.table(table)?.primary_key().map(|key| (table, key)));
        let fits = key.filter(|(_, key)| key.columns.len() == pair.id_columns.len());
        if let Some((table, key)) = fits {
            return Some(ColumnSet::new(table.clone(), key.columns.clone()));
        }
        if !pair.targets.is_empty() {
            return None;
        }
    }
    infer::polymorphic_target(subject.schema, pair, value)
}

fn judge(
    subject: &Subject<'_>,
    pair: &Polymorphic,
    value: String,
    rows: u64,
    session: &mut dyn Session,
    lost: &mut Option<QueryError>,
) -> PolymorphicValue {
    let stated = pair.targets.iter().find(|target| target.value == value);
    let parent = stated
        .map(|target| target.parent.clone())
        .or_else(|| named(subject, pair, &value));
    let mut found = PolymorphicValue {
        value,
        rows,
        target: None,
        samples: Vec::new(),
    };
    let Some(parent) = parent else { return found };
    if let Some(error) = lost {
        found.target = Some((parent, Check::NotChecked(error.to_string())));
        return found;
    }
    let child = ColumnSet::new(pair.child.clone(), pair.id_columns.clone());
    let ends = Ends::between(subject.schema, &child, &parent).map(|ends| Ends {
        only: Some((&pair.type_column, &found.value)),
        ..ends
    });
    let dialect = subject.database.dialect();
    let orphans = match ends {
        None => Err(QueryError::new(QueryFailure::Other, format!("`{parent}` has changed"))),
        // A sentinel id next to a type points nowhere just as well.
        Some(ends) => orphans(dialect, &ends, session).map(|found| (found.rows + found.sentinel_rows, found.samples)),
    };
    let outcome = match checked(orphans, lost) {
        Check::Done((orphans, keys)) => {
            found.samples = keys;
            Check::Done(orphans)
        }
        Check::NotChecked(reason) => Check::NotChecked(reason),
    };
    found.target = Some((parent, outcome));
    found
}
