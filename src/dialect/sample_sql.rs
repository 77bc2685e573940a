//! The statements that look a bounded number of a child's keys up in the tables that they can mean.
//!
//! The sample must be the same on every run, cost the same however large the child is, and be no matter of age: in the
//! oldest rows a reference is likeliest to be broken, and in any table that is numbered from 1 on the lowest keys are.
//! So rows are taken at places that divide the range of a key evenly; where no key is a whole number, from both ends of
//! a key; where there is no key at all, from both ends of the column itself. A small child is taken as a whole.

use crate::schema::{Column, Ident, Table, TableKind, TypeFamily};

use super::probe_sql::{Ends, of, pair_equal, parent_rows, sentinel};
use super::{Dialect, KeyExpression};

/// A child of no more rows is taken as a whole.
pub const SMALL: u64 = 10_000;
/// The rows of a parent are counted so far.
pub const COUNTED: u64 = 1_000;
/// At how many places rows are taken, and how many at each.
const PLACES: u32 = 125;
const ROWS_AT_PLACE: u32 = 8;
/// How many are taken at an end.
const ROWS_AT_END: u32 = PLACES * ROWS_AT_PLACE / 2;

/// What rows are taken by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A key whose first column is a whole number.
    Numbers(Vec<Ident>),
    /// Another key.
    Others(Vec<Ident>),
    /// Nothing: the table has no key.
    None,
}

/// Which rows of a child are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// All of them.
    All,
    /// Some at each of these values of a key, and above.
    At(Vec<Ident>, Vec<i128>),
    /// The first and the last by a key.
    Ends(Vec<Ident>),
    /// The first and the last keys of the relation itself.
    OfTheKey,
}

/// What rows of a child are taken by.
pub fn order(dialect: &dyn Dialect, child: &Table) -> Order {
    let is_number = |name: &Ident| {
        child
            .column(name)
            .is_some_and(|column| matches!(column.ty.family, TypeFamily::Integer { .. }) && !column.nullable)
    };
    let is_plain = |key: &&crate::schema::Key| {
        !key.without_overlaps
            && !key.columns.is_empty()
            && key
                .columns
                .iter()
                .all(|name| child.column(name).is_some_and(|column| !column.nullable))
    };
    let keys = || {
        let primary = child.keys.iter().filter(|key| key.primary);
        primary
            .chain(child.keys.iter().filter(|key| !key.primary))
            .filter(is_plain)
    };
    if let Some(number) = dialect.row_number(child) {
        return Order::Numbers(vec![number]);
    }
    let by_number = keys().find(|key| key.columns.first().is_some_and(is_number));
    if let Some(key) = by_number {
        return Order::Numbers(key.columns.clone());
    }
    keys()
        .next()
        .map_or(Order::None, |key| Order::Others(key.columns.clone()))
}

/// One row: the rows of the child, counted up to one more than [`SMALL`], then the least and the greatest number that
/// they are ordered by, or NULL.
pub fn size(dialect: &dyn Dialect, child: &Table, order: &Order) -> String {
    let rows = dialect.own_rows(child);
    let range = match order {
        Order::Numbers(columns) => columns.first().map(|column| {
            let column = of("c", dialect, column);
            // One at a time, since SQLite else reads the whole index.
            format!("(SELECT MIN({column}) FROM {rows} c), (SELECT MAX({column}) FROM {rows} c)")
        }),
        Order::Others(_) | Order::None => None,
    };
    format!(
        "SELECT {counted}, {range}",
        counted = counted(&rows, SMALL),
        range = range.as_deref().unwrap_or("NULL, NULL"),
    )
}

/// The rows of a table, counted up to one more than a limit.
fn counted(rows: &str, limit: u64) -> String {
    format!(
        "(SELECT COUNT(*) FROM (SELECT 1 AS one FROM {rows} t LIMIT {}) x)",
        limit + 1
    )
}

/// Which rows to take of a child of this size.
pub fn places(order: Order, rows: u64, range: Option<(i128, i128)>) -> Places {
    if rows <= SMALL {
        return Places::All;
    }
    match (order, range) {
        (Order::Numbers(columns), Some((least, greatest))) => {
            let width = greatest.saturating_sub(least);
            let places = (0..i128::from(PLACES)).map(|at| least + width / i128::from(PLACES) * at);
            Places::At(columns, places.collect())
        }
        (Order::Numbers(columns) | Order::Others(columns), _) => Places::Ends(columns),
        (Order::None, _) => Places::OfTheKey,
    }
}

/// One row: the distinct keys that were taken, and the greatest of them where they are whole numbers or text; then for each parent how
/// many of the keys it has, how many of the keys plus one (NULL where they are no whole numbers), its rows counted up to
/// one more than [`COUNTED`], and its greatest key where that is a whole number.
///
/// All `rivals` have the same child and columns.
pub fn lookups(dialect: &dyn Dialect, places: &Places, rivals: &[Ends<'_>]) -> Option<String> {
    let ends = rivals.first()?;
    let mut found = Vec::new();
    let greatest = single_key(ends).and_then(|column| {
        let name = of("x", dialect, &column.name);
        match column.ty.family {
            TypeFamily::Integer { .. } => Some(format!("MAX({name})")),
            // As plain text, since a type of its own may have no MAX that the session finds.
            TypeFamily::Text => Some(format!("MAX({})", dialect.as_text(&name, &column.ty))),
            _ => None,
        }
    });
    let mut told = vec!["COUNT(*)".to_owned(), greatest.unwrap_or_else(|| "NULL".to_owned())];
    for (at, rival) in rivals.iter().enumerate() {
        found.push(format!(
            "CASE WHEN {} THEN 1 ELSE 0 END AS f{at}",
            exists(dialect, rival, None)
        ));
        told.push(format!("SUM(x.f{at})"));
        match next_key(dialect, rival) {
            Some((below, next)) => {
                let is_there = exists(dialect, rival, Some(&next));
                // Nested, since only CASE keeps the server from adding to the greatest number that there is.
                found.push(format!(
                    "CASE WHEN {below} THEN CASE WHEN {is_there} THEN 1 ELSE 0 END ELSE 0 END AS s{at}"
                ));
                told.push(format!("SUM(x.s{at})"));
            }
            None => told.push("NULL".to_owned()),
        }
        let rows = parent_rows(dialect, rival);
        told.push(counted(&rows, COUNTED));
        told.push(whole_number_key(rival).map_or_else(
            || "NULL".to_owned(),
            |column| format!("(SELECT MAX({}) FROM {rows} p)", of("p", dialect, &column.name)),
        ));
    }
    let keys: Vec<String> = ends
        .child_columns()
        .map(|column| of("c", dialect, &column.name))
        .collect();
    Some(format!(
        "SELECT {told} FROM (SELECT {keys}, {found} FROM (SELECT DISTINCT {keys} FROM {rows} c WHERE {complete} \
         AND NOT ({sentinel})) c) x",
        told = told.join(", "),
        keys = keys.join(", "),
        found = found.join(", "),
        rows = taken(dialect, places, ends),
        complete = complete(dialect, ends),
        sentinel = sentinel(dialect, ends, |_, column| of("c", dialect, &column.name)),
    ))
}

/// What to write after FROM for the rows that are taken.
fn taken(dialect: &dyn Dialect, places: &Places, ends: &Ends<'_>) -> String {
    let rows = dialect.own_rows(ends.child);
    let keys: Vec<String> = ends
        .child_columns()
        .map(|column| of("c", dialect, &column.name))
        .collect();
    let keys = keys.join(", ");
    let by = |columns: &[Ident], direction: &str| {
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("{}{direction}", of("c", dialect, column)))
            .collect();
        columns.join(", ")
    };
    let parts: Vec<String> = match places {
        Places::All => return rows,
        Places::At(columns, values) => {
            let first = columns
                .first()
                .map(|column| of("c", dialect, column))
                .unwrap_or_default();
            let order = by(columns, "");
            let at = |value: &i128| {
                format!("SELECT {keys} FROM {rows} c WHERE {first} >= {value} ORDER BY {order} LIMIT {ROWS_AT_PLACE}")
            };
            values.iter().map(at).collect()
        }
        Places::Ends(columns) => ["", " DESC"]
            .map(|direction| {
                let order = by(columns, direction);
                format!("SELECT {keys} FROM {rows} c ORDER BY {order} LIMIT {ROWS_AT_END}")
            })
            .to_vec(),
        Places::OfTheKey => ["", " DESC"]
            .map(|direction| {
                let order = by(ends.child_columns, direction);
                let complete = complete(dialect, ends);
                format!("SELECT DISTINCT {keys} FROM {rows} c WHERE {complete} ORDER BY {order} LIMIT {ROWS_AT_END}")
            })
            .to_vec(),
    };
    let parts: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| format!("SELECT * FROM ({part}) t{at}"))
        .collect();
    format!("({})", parts.join(" UNION ALL "))
}

fn complete(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let conditions: Vec<String> = ends
        .child_columns()
        .map(|column| format!("{} IS NOT NULL", of("c", dialect, &column.name)))
        .collect();
    conditions.join(" AND ")
}

/// A condition that is true where the parent has the key; or another value in place of its one column.
fn exists(dialect: &dyn Dialect, rival: &Ends<'_>, value: Option<&str>) -> String {
    let equal: Vec<String> = rival
        .pairs()
        .map(|(from, to)| match value {
            None => pair_equal(dialect, (from, to), "c", "p"),
            Some(value) => dialect.keys_equal(
                KeyExpression {
                    sql: value,
                    ty: &from.ty,
                },
                KeyExpression {
                    sql: &of("p", dialect, &to.name),
                    ty: &to.ty,
                },
            ),
        })
        .collect();
    format!(
        "EXISTS (SELECT 1 FROM {} p WHERE {})",
        parent_rows(dialect, rival),
        equal.join(" AND ")
    )
}

/// Whether the keys are of a type whose values are hardly in two tables by chance: text, UUIDs and binary strings. Text that
/// is but a number is none of them.
pub fn keys_are_distinctive(ends: &Ends<'_>) -> bool {
    single_key(ends).is_some_and(|column| {
        matches!(
            column.ty.family,
            TypeFamily::Text | TypeFamily::Uuid | TypeFamily::Bytes
        )
    })
}

/// The one column of a child's key.
fn single_key<'a>(ends: &Ends<'a>) -> Option<&'a Column> {
    ends.child_columns().next().filter(|_| ends.child_columns.len() == 1)
}

/// The one column of a child's key, if it is a whole number.
fn whole_number<'a>(ends: &Ends<'a>) -> Option<&'a Column> {
    single_key(ends).filter(|column| matches!(column.ty.family, TypeFamily::Integer { .. }))
}

fn whole_number_key<'a>(ends: &Ends<'a>) -> Option<&'a Column> {
    let (_, key) = ends.pairs().next()?;
    (ends.child_columns.len() == 1 && matches!(key.ty.family, TypeFamily::Integer { .. })).then_some(key)
}

/// A condition that there is a next number, and that number; `None` where keys are no whole numbers.
fn next_key(dialect: &dyn Dialect, ends: &Ends<'_>) -> Option<(String, String)> {
    let column = whole_number(ends)?;
    whole_number_key(ends)?;
    let TypeFamily::Integer { bits, unsigned } = column.ty.family else {
        return None;
    };
    let greatest = (1_i128 << (u32::from(bits).clamp(8, 64) - u32::from(!unsigned))) - 1;
    let name = of("c", dialect, &column.name);
    Some((format!("{name} < {greatest}"), format!("({name} + 1)")))
}

/// Whether the rows of a table can be taken by a number that SQLite gives each of them.
pub(super) fn sqlite_row_number(table: &Table) -> Option<Ident> {
    // A column of that name hides the number.
    ["_rowid_", "rowid", "oid"]
        .into_iter()
        .find(|name| table.find_column(name).is_none())
        .filter(|_| table.kind == TableKind::Table)
        .map(Ident::from)
}
