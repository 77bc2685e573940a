//! What ANALYZE has left of columns: `pg_stats`.

use std::collections::BTreeSet;

use crate::dialect::{ColumnKey, ColumnStatistics, Dialect, QueryError, Statistics};
use crate::schema::{Ident, TableName};

use super::Postgres;
use super::link::{Link, Row};

const COLUMN_STATISTICS: &str = include_str!("catalog/column_statistics.sql");
/// What stands for the columns that are wanted.
const WANTED: &str = "('', '', '')";

/// Reads what is known of these columns.
pub(super) fn read(link: &mut Link, columns: &BTreeSet<ColumnKey>) -> Result<Statistics, QueryError> {
    let wanted: Vec<String> = columns
        .iter()
        .map(|(table, column)| {
            let namespace = table.namespace.as_ref().map_or("", Ident::as_str);
            let names = [namespace, table.table.as_str(), column.as_str()];
            format!("({})", names.map(|name| Postgres.literal(name)).join(", "))
        })
        .collect();
    let mut known = Statistics::new();
    if wanted.is_empty() {
        return Ok(known);
    }
    link.read(&COLUMN_STATISTICS.replace(WANTED, &wanted.join(", ")), &mut |row| {
        known.extend(column(row));
    })?;
    Ok(known)
}

/// One row; `None` where the server has something else than the statement asks for.
fn column(row: Row) -> Option<(ColumnKey, ColumnStatistics)> {
    let fields: Option<Vec<String>> = row.into_iter().collect();
    let [
        namespace,
        table,
        column,
        rows,
        distinct,
        nulls,
        common,
        shares,
        bounds,
        fresh,
    ] = <[String; 10]>::try_from(fields?).ok()?;
    let shares = numbers::<u32>(&shares);
    let known = ColumnStatistics {
        table_rows: rows.parse().ok()?,
        distinct: distinct.parse().ok(),
        null_share: nulls.parse().ok()?,
        common: numbers::<i128>(&common).into_iter().zip(shares).collect(),
        bounds: numbers(&bounds),
        fresh: fresh == "t",
    };
    Some((
        (TableName::qualified(namespace, table), Ident::from(column.as_str())),
        known,
    ))
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split(' ').filter_map(|number| number.parse().ok()).collect()
}
