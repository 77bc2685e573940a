//! Conditions that find the rows which are too many where columns are to be unique.

use super::probe_sql::{self, Ends};
use super::row_set::Stays;
use super::{Dialect, KeyExpression};
use crate::schema::{Column, Ident, Table};

/// Whether the rows of a table have an order that tells any two of them apart.
pub fn are_ordered(dialect: &dyn Dialect, table: &Table) -> bool {
    !order(dialect, table).is_empty()
}

/// One row with one column: the rows that equal another one in every column, all but one of each. For tables in which
/// nothing tells such rows apart.
pub fn count_equal(dialect: &dyn Dialect, table: &Table, unique: &[Ident]) -> String {
    let stored = table.columns.iter().filter(|column| column.generated.is_none());
    let bits: Vec<String> = stored
        .map(|column| dialect.bits(&probe_sql::of("r", dialect, &column.name)))
        .collect();
    let has_key: Vec<String> = unique
        .iter()
        .map(|column| format!("{} IS NOT NULL", probe_sql::of("r", dialect, column)))
        .collect();
    format!(
        "SELECT COALESCE(SUM(x.n - 1), 0) FROM (SELECT COUNT(*) AS n FROM {} r WHERE {} GROUP BY {}) x",
        dialect.own_rows(table),
        has_key.join(" AND "),
        bits.join(", ")
    )
}

/// The row has an equal one that comes before it. Equal is: in all that is no key of its own.
pub(super) fn is_copy(dialect: &dyn Dialect, table: &Table, unique: &[Ident], alias: &str) -> String {
    let other = format!("{alias}o");
    let key: &[Ident] = table.primary_key().map_or(&[], |key| &key.columns);
    let is_own = |column: &Column| key.contains(&column.name) || column.generated.is_some();
    // A key may take values for equal that are not the same: then neither is a copy of the other.
    let same = table.columns.iter().filter(|column| !is_own(column)).map(|column| {
        let [left, right] = [alias, &other].map(|side| probe_sql::of(side, dialect, &column.name));
        dialect.identical(&left, &right, &column.ty)
    });
    let conditions: Vec<String> = [same_key(dialect, table, unique, alias, &other)]
        .into_iter()
        .chain(same)
        .chain([before(dialect, table, &other, alias)])
        .collect();
    exists(dialect, table, &other, &conditions.join(" AND "))
}

/// The row has one with the same key that stays rather than it. The order is total, so that of each group exactly one
/// row has none, whichever of the others are gone already.
pub(super) fn is_beaten(
    dialect: &dyn Dialect,
    table: &Table,
    unique: &[Ident],
    stays: Stays<'_>,
    alias: &str,
) -> String {
    let other = format!("{alias}o");
    let [one, two] = [&other, alias].map(|side| probe_sql::of(side, dialect, &stays.column.name));
    let sign = if stays.newest { ">" } else { "<" };
    let condition = format!(
        "{same_key} AND (({two} IS NULL AND {one} IS NOT NULL) OR {one} {sign} {two} OR (({one} = {two} OR ({one} IS NULL \
         AND {two} IS NULL)) AND {before}))",
        same_key = same_key(dialect, table, unique, alias, &other),
        before = before(dialect, table, &other, alias),
    );
    exists(dialect, table, &other, &condition)
}

/// No row hangs on the row by one of these relations.
pub(super) fn is_unreferenced(dialect: &dyn Dialect, hanging: &[Ends<'_>], alias: &str) -> String {
    let child = format!("{alias}c");
    let conditions = hanging.iter().map(|ends| {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM {} {child} WHERE {} AND {})",
            dialect.table_name(&ends.child.name),
            probe_sql::complete_as(dialect, ends, &child),
            probe_sql::keys_equal_as(dialect, ends, &child, alias)
        )
    });
    conditions.collect()
}

fn exists(dialect: &dyn Dialect, table: &Table, other: &str, condition: &str) -> String {
    // A key holds for the rows of the table itself, and not for those of tables that inherit from it.
    format!(
        "EXISTS (SELECT 1 FROM {} {other} WHERE {condition})",
        dialect.own_rows(table)
    )
}

/// As a unique key compares: a null equals nothing.
fn same_key(dialect: &dyn Dialect, table: &Table, unique: &[Ident], one: &str, other: &str) -> String {
    let equal = unique.iter().filter_map(|name| table.column(name)).map(|column| {
        let [left, right] = [one, other].map(|side| probe_sql::of(side, dialect, &column.name));
        let expression = |sql| KeyExpression { sql, ty: &column.ty };
        dialect.keys_equal(expression(&left), expression(&right))
    });
    equal.collect::<Vec<_>>().join(" AND ")
}

/// Whether the one row comes before the other.
fn before(dialect: &dyn Dialect, table: &Table, one: &str, other: &str) -> String {
    let order = order(dialect, table);
    let side = |alias: &str| {
        let names: Vec<String> = order
            .iter()
            .map(|column| probe_sql::of(alias, dialect, column))
            .collect();
        names.join(", ")
    };
    format!("({}) < ({})", side(one), side(other))
}

/// By the primary key, or where there is none by where the row is stored.
fn order(dialect: &dyn Dialect, table: &Table) -> Vec<Ident> {
    match table.primary_key() {
        // SQLite lets keys hold nulls, which have no order.
        Some(key) if !table.any_nullable(&key.columns) => key.columns.clone(),
        _ => dialect.row_place(table),
    }
}
