//! What the server estimates of columns: the cardinality of indexes, and histograms. How old it is, nobody tells.

use std::collections::BTreeSet;

use crate::dialect::{ColumnKey, ColumnStatistics, QueryError, Session, Statistics};
use crate::schema::{Ident, TableName};

use super::server::Server;
use super::session::MySqlSession;
use super::text::literal;

const CARDINALITIES: &str = include_str!("catalog/cardinalities.sql");
const HISTOGRAMS: &str = include_str!("catalog/histograms.sql");
/// What stands for the databases that are wanted.
const WANTED: &str = "IN ('')";

/// Reads what is known of these columns.
pub(super) fn read(
    session: &mut MySqlSession,
    server: Server,
    columns: &BTreeSet<ColumnKey>,
) -> Result<Statistics, QueryError> {
    let databases: BTreeSet<&str> = columns
        .iter()
        .filter_map(|(table, _)| table.namespace.as_ref())
        .map(Ident::as_str)
        .collect();
    let mut known = Statistics::new();
    if databases.is_empty() {
        return Ok(known);
    }
    let databases: Vec<String> = databases.into_iter().map(literal).collect();
    let narrow = |sql: &str| sql.replace(WANTED, &format!("IN ({})", databases.join(", ")));
    session.query(&narrow(CARDINALITIES), &mut |row| {
        if let [Some(database), Some(table), Some(column), Some(distinct), Some(rows)] = row.as_slice() {
            let key = key(database, table, column);
            if let (true, Ok(rows)) = (columns.contains(&key), rows.parse()) {
                let estimate = ColumnStatistics {
                    table_rows: rows,
                    distinct: distinct.parse().ok(),
                    ..ColumnStatistics::default()
                };
                known.insert(key, estimate);
            }
        }
    })?;
    if server.is_mysql_from((8, 0, 0)) {
        session.query(&narrow(HISTOGRAMS), &mut |row| {
            if let [Some(database), Some(table), Some(column), Some(text)] = row.as_slice()
                && let Some(known) = known.get_mut(&key(database, table, column))
            {
                add_histogram(known, text);
            }
        })?;
    }
    Ok(known)
}

fn key(database: &str, table: &str, column: &str) -> ColumnKey {
    (TableName::qualified(database, table), Ident::from(column))
}

/// The values in a histogram (manual, "Optimizer Statistics"): singletons are values, other buckets have two ends.
fn add_histogram(known: &mut ColumnStatistics, text: &str) {
    let Ok(histogram) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let buckets = histogram.get("buckets").and_then(serde_json::Value::as_array);
    let ends = if histogram.get("histogram-type").is_some_and(|kind| kind == "singleton") {
        1
    } else {
        2
    };
    let values = buckets.into_iter().flatten().filter_map(serde_json::Value::as_array);
    known.bounds = values
        .flat_map(|bucket| bucket.iter().take(ends))
        .filter_map(|value| {
            value
                .as_i64()
                .map(i128::from)
                .or_else(|| value.as_u64().map(i128::from))
        })
        .collect();
    known.bounds.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> Vec<i128> {
        let mut known = ColumnStatistics::default();
        add_histogram(&mut known, text);
        known.bounds
    }

    #[test]
    fn histograms_of_both_kinds() {
        let singleton = r#"{"buckets": [[2, 0.1], [1, 0.9]], "data-type": "int", "histogram-type": "singleton"}"#;
        assert_eq!(bounds(singleton), [1, 2]);
        let equal = r#"{"buckets": [[1, 40, 0.5, 40], [41, 90, 1.0, 50]], "histogram-type": "equi-height"}"#;
        assert_eq!(bounds(equal), [1, 40, 41, 90]);
        assert_eq!(bounds("no JSON"), [] as [i128; 0]);
    }
}
