//! The statements that probes run, in the words that all dialects share. What differs comes from [`Dialect`].
//!
//! Every function gives one SELECT; its documentation tells the columns of the result. Tables are called `c` (child)
//! and `p` (parent).

use crate::relation::Relation;
use crate::schema::{Column, ColumnSet, Ident, Match, Schema, Table, TypeFamily};

use super::{Dialect, KeyExpression};

/// How many sample keys are fetched.
pub const SAMPLES: usize = 5;
/// Orphans of no more keys are listed and counted by one statement.
pub const LISTED_KEYS: usize = 100;

/// A relation with both its tables, all its columns found.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// The child.
    pub child: &'a Table,
    /// The parent.
    pub parent: &'a Table,
    /// The referencing columns.
    pub child_columns: &'a [Ident],
    /// The referenced columns.
    pub parent_columns: &'a [Ident],
    /// Whether a declared foreign key stands behind it: then rows of tables that inherit from the parent do not count
    /// (PostgreSQL manual, 5.11.1 "Caveats").
    pub constrained: bool,
    /// How partly null keys are treated.
    pub match_type: Match,
    /// Whether the last column is a PERIOD (PostgreSQL 18).
    pub period: bool,
    /// Only child rows with this value in this column: one type of a polymorphic pair.
    pub only: Option<(&'a Ident, &'a str)>,
}

impl<'a> Ends<'a> {
    /// The ends of a relation; `None` where a table or column is missing.
    pub fn of(schema: &'a Schema, relation: &'a Relation) -> Option<Self> {
        let foreign_key = relation.foreign_key(schema);
        let mut ends = Self::between(schema, &relation.child, &relation.parent)?;
        ends.constrained = foreign_key.is_some();
        ends.match_type = foreign_key.map_or(Match::Simple, |key| key.match_type);
        ends.period = foreign_key.is_some_and(|key| key.period);
        Some(ends)
    }

    /// Two column sets; `None` where a table or column is missing, or the sets differ in length.
    pub fn between(schema: &'a Schema, child: &'a ColumnSet, parent: &'a ColumnSet) -> Option<Self> {
        let ends = Self {
            child: schema.table(&child.table)?,
            parent: schema.table(&parent.table)?,
            child_columns: &child.columns,
            parent_columns: &parent.columns,
            constrained: false,
            match_type: Match::Simple,
            period: false,
            only: None,
        };
        let complete = !child.columns.is_empty()
            && child.columns.len() == parent.columns.len()
            && child.columns.iter().all(|name| ends.child.column(name).is_some())
            && parent.columns.iter().all(|name| ends.parent.column(name).is_some());
        complete.then_some(ends)
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a Column, &'a Column)> {
        let (child, parent) = (self.child, self.parent);
        self.child_columns
            .iter()
            .zip(self.parent_columns)
            .filter_map(move |(from, to)| Some((child.column(from)?, parent.column(to)?)))
    }

    pub(super) fn child_columns(&self) -> impl Iterator<Item = &'a Column> {
        self.pairs().map(|(child, _)| child)
    }
}

/// One row: the number of child rows, then for each relation two columns: the rows with a null in any of its columns,
/// and the rows with a null in some but not all.
pub fn totals(dialect: &dyn Dialect, child: &Table, relations: &[Ends<'_>]) -> String {
    let mut columns = vec!["COUNT(*)".to_owned()];
    for ends in relations {
        let nulls: Vec<String> = ends
            .child_columns()
            .map(|column| format!("{} IS NULL", of("c", dialect, &column.name)))
            .collect();
        let any = nulls.join(" OR ");
        columns.push(sum_of(&any));
        columns.push(if nulls.len() == 1 {
            "0".to_owned()
        } else {
            sum_of(&format!("({any}) AND NOT ({})", nulls.join(" AND ")))
        });
    }
    format!("SELECT {} FROM {} c", columns.join(", "), dialect.own_rows(child))
}

/// One row: orphaned rows, their distinct keys, sentinel rows, their distinct keys. Rows with a null are left out.
pub fn orphans(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let keys = aliased_keys(dialect, ends);
    let grouped = key_list(dialect, ends);
    let sentinel = sentinel(dialect, ends, |at, _| format!("x.k{at}"));
    format!(
        "SELECT SUM(CASE WHEN {sentinel} THEN 0 ELSE x.n END), SUM(CASE WHEN {sentinel} THEN 0 ELSE 1 END), \
         SUM(CASE WHEN {sentinel} THEN x.n ELSE 0 END), SUM(CASE WHEN {sentinel} THEN 1 ELSE 0 END) \
         FROM (SELECT {keys}, COUNT(*) AS n FROM {child} c WHERE {condition} GROUP BY {grouped}) x",
        child = dialect.own_rows(ends.child),
        condition = orphaned(dialect, ends),
    )
}

/// Rows in key order, at most one more than [`LISTED_KEYS`]: each key column as text, the number of orphaned rows with that
/// key, and 1 where the key stands for "none", else 0. Rows with a null are left out.
pub fn orphan_keys(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let named = |(at, column): (usize, &Column)| dialect.as_text(&format!("x.k{at}"), &column.ty);
    let texts: Vec<String> = ends.child_columns().enumerate().map(named).collect();
    let order: Vec<String> = (0..texts.len()).map(|at| format!("x.k{at}")).collect();
    // Nested, so that no server takes the limit for a reason to read the child in key order: mostly there is nothing
    // that could end the reading early.
    format!(
        "SELECT {texts}, x.n, CASE WHEN {sentinel} THEN 1 ELSE 0 END FROM (SELECT {keys}, COUNT(*) AS n FROM {child} c \
         WHERE {condition} GROUP BY {grouped}) x ORDER BY {order} LIMIT {limit}",
        texts = texts.join(", "),
        sentinel = sentinel(dialect, ends, |at, _| format!("x.k{at}")),
        keys = aliased_keys(dialect, ends),
        child = dialect.own_rows(ends.child),
        condition = orphaned(dialect, ends),
        grouped = key_list(dialect, ends),
        order = order.join(", "),
        limit = LISTED_KEYS + 1,
    )
}

/// A few rows, in key order: each key column as text, then the number of orphaned rows with that key.
pub fn orphan_samples(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let sentinel = sentinel(dialect, ends, |_, column| of("c", dialect, &column.name));
    format!(
        "SELECT {texts}, COUNT(*) FROM {child} c WHERE {condition} AND NOT ({sentinel}) GROUP BY {keys} \
         ORDER BY {keys} LIMIT {SAMPLES}",
        texts = key_texts(dialect, ends),
        child = dialect.own_rows(ends.child),
        condition = orphaned(dialect, ends),
        keys = key_list(dialect, ends),
    )
}

/// One row: keys that more than one child row has, and the rows with such keys.
pub fn duplicates(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    format!(
        "SELECT COUNT(*), SUM(x.n) FROM (SELECT COUNT(*) AS n FROM {child} c WHERE {condition} \
         GROUP BY {keys} HAVING COUNT(*) > 1) x",
        child = dialect.own_rows(ends.child),
        condition = complete(dialect, ends),
        keys = key_list(dialect, ends),
    )
}

/// A few rows, in key order: each key column as text, then the number of rows with that key, which is more than one.
pub fn duplicate_samples(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    format!(
        "SELECT {texts}, COUNT(*) FROM {child} c WHERE {condition} GROUP BY {keys} HAVING COUNT(*) > 1 \
         ORDER BY {keys} LIMIT {SAMPLES}",
        texts = key_texts(dialect, ends),
        child = dialect.own_rows(ends.child),
        condition = complete(dialect, ends),
        keys = key_list(dialect, ends),
    )
}

/// One row with one column: child rows that are not soft-deleted themselves and whose parent row is.
pub fn soft_deleted_parents(
    dialect: &dyn Dialect,
    ends: &Ends<'_>,
    parent_mark: &Column,
    child_mark: Option<&Column>,
) -> String {
    let live = child_mark.map_or(String::new(), |mark| {
        format!(" AND NOT ({})", is_marked("c", dialect, mark))
    });
    format!(
        "SELECT COUNT(*) FROM {child} c WHERE {condition}{live} AND EXISTS (SELECT 1 FROM {parent} p WHERE {equal} \
         AND {marked})",
        child = dialect.own_rows(ends.child),
        condition = complete(dialect, ends),
        parent = parent_rows(dialect, ends),
        equal = keys_equal_as(dialect, ends, "c", "p"),
        marked = is_marked("p", dialect, parent_mark),
    )
}

/// Rows in order of the type: the type as text, then the number of rows with it and a complete id.
pub fn polymorphic_types(dialect: &dyn Dialect, child: &Table, type_column: &Column, ids: &[&Column]) -> String {
    let name = of("c", dialect, &type_column.name);
    let complete: Vec<String> = std::iter::once(type_column)
        .chain(ids.iter().copied())
        .map(|column| format!("{} IS NOT NULL", of("c", dialect, &column.name)))
        .collect();
    format!(
        "SELECT {text}, COUNT(*) FROM {child} c WHERE {complete} GROUP BY {name} ORDER BY {name}",
        text = dialect.as_text(&name, &type_column.ty),
        child = dialect.own_rows(child),
        complete = complete.join(" AND "),
    )
}

/// One row: child rows for which both ways lead to an ancestor, and those of them where the two differ.
///
/// `direct` leads from the child to the ancestor, `via` from the child to the parent (`p`), `up` from the parent to the
/// ancestor. Both `direct` and `up` must reference the same columns.
pub fn tenants(dialect: &dyn Dialect, direct: &Ends<'_>, via: &Ends<'_>, up: &Ends<'_>) -> String {
    format!(
        "SELECT COUNT(*), {mismatched} {from}",
        mismatched = sum_of(&format!("NOT ({})", ancestors_equal(dialect, direct, up))),
        from = tenants_from(dialect, direct, via, up),
    )
}

/// A few rows, in order: the child's ancestor key, then the parent's, each column as text, then the number of child rows
/// with these two.
pub fn tenant_samples(dialect: &dyn Dialect, direct: &Ends<'_>, via: &Ends<'_>, up: &Ends<'_>) -> String {
    let keys = |alias: &str, ends: &Ends<'_>| -> (Vec<String>, Vec<String>) {
        ends.child_columns()
            .map(|column| {
                let name = of(alias, dialect, &column.name);
                (dialect.as_text(&name, &column.ty), name)
            })
            .unzip()
    };
    let ((mut texts, mut names), (up_texts, up_names)) = (keys("c", direct), keys("p", up));
    texts.extend(up_texts);
    names.extend(up_names);
    format!(
        "SELECT {texts}, COUNT(*) {from} AND NOT ({equal}) GROUP BY {names} ORDER BY {names} LIMIT {SAMPLES}",
        texts = texts.join(", "),
        from = tenants_from(dialect, direct, via, up),
        equal = ancestors_equal(dialect, direct, up),
        names = names.join(", "),
    )
}

/// One row for each child row whose parent row is in its own table: the referenced columns of the parent row as text,
/// then those of the child row as text. In no order. All come from the same columns, so that one row has one text, also
/// where the referencing columns spell it otherwise (`1.0` and `1`, letter case).
pub fn links(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let texts = |alias: &str| -> Vec<String> {
        let columns = ends.pairs().map(|(_, column)| column);
        columns
            .map(|column| dialect.as_text(&of(alias, dialect, &column.name), &column.ty))
            .collect()
    };
    // A row without a key of its own is nobody's parent.
    let has_key: Vec<String> = ends
        .pairs()
        .map(|(_, column)| format!("{} IS NOT NULL", of("c", dialect, &column.name)))
        .collect();
    format!(
        "SELECT {columns} FROM {child} c JOIN {parent} p ON {equal} WHERE {condition} AND {has_key}",
        columns = [texts("p"), texts("c")].concat().join(", "),
        child = dialect.own_rows(ends.child),
        parent = parent_rows(dialect, ends),
        equal = keys_equal_as(dialect, ends, "c", "p"),
        condition = complete(dialect, ends),
        has_key = has_key.join(" AND "),
    )
}

/// One row with one column: child rows whose parent's key is not smaller than their own. Zero proves that there is no
/// cycle. `None` where keys have no order that all agree on: only whole numbers do.
pub fn links_not_downward(dialect: &dyn Dialect, ends: &Ends<'_>) -> Option<String> {
    let mut pairs = ends.pairs();
    let (child, parent) = pairs.next().filter(|_| ends.child_columns.len() == 1)?;
    let whole = |column: &Column| matches!(column.ty.family, TypeFamily::Integer { .. });
    (whole(child) && whole(parent)).then(|| {
        format!(
            "SELECT COUNT(*) FROM {rows} c WHERE {condition} AND NOT ({child} < {parent})",
            rows = dialect.own_rows(ends.child),
            condition = complete(dialect, ends),
            child = of("c", dialect, &child.name),
            parent = of("c", dialect, &parent.name),
        )
    })
}

fn tenants_from(dialect: &dyn Dialect, direct: &Ends<'_>, via: &Ends<'_>, up: &Ends<'_>) -> String {
    let up_complete: Vec<String> = up
        .child_columns()
        .map(|column| format!("{} IS NOT NULL", of("p", dialect, &column.name)))
        .collect();
    format!(
        "FROM {child} c JOIN {parent} p ON {equal} WHERE {complete} AND {up_complete}",
        child = dialect.own_rows(direct.child),
        parent = dialect.table_name(&via.parent.name),
        equal = keys_equal_as(dialect, via, "c", "p"),
        complete = complete(dialect, direct),
        up_complete = up_complete.join(" AND "),
    )
}

fn ancestors_equal(dialect: &dyn Dialect, direct: &Ends<'_>, up: &Ends<'_>) -> String {
    let equal: Vec<String> = direct
        .child_columns()
        .zip(up.child_columns())
        .map(|(child, parent)| {
            dialect.keys_equal(
                KeyExpression {
                    sql: &of("c", dialect, &child.name),
                    ty: &child.ty,
                },
                KeyExpression {
                    sql: &of("p", dialect, &parent.name),
                    ty: &parent.ty,
                },
            )
        })
        .collect();
    equal.join(" AND ")
}

/// The condition of a child row `c` that has a complete key and no parent row.
fn orphaned(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    orphaned_as(dialect, ends, "c")
}

/// The same of a child that is called `child`.
pub(super) fn orphaned_as(dialect: &dyn Dialect, ends: &Ends<'_>, child: &str) -> String {
    let parent = parent_rows(dialect, ends);
    let missing = if ends.period {
        // A temporal key references all parent rows whose periods together cover the child's (PostgreSQL 18 manual,
        // CREATE TABLE, "PERIOD"). Only PostgreSQL has it, so its SQL may stand here.
        let pairs: Vec<_> = ends.pairs().collect();
        let (scalar, period) = pairs.split_at(pairs.len().saturating_sub(1));
        let same: Vec<String> = scalar
            .iter()
            .map(|pair| pair_equal(dialect, *pair, child, "p"))
            .collect();
        let (child_period, parent_period) = (&period[0].0.name, &period[0].1.name);
        format!(
            "NOT COALESCE({} <@ (SELECT range_agg({}) FROM {parent} p WHERE {}), false)",
            of(child, dialect, child_period),
            of("p", dialect, parent_period),
            same.join(" AND "),
        )
    } else {
        format!(
            "NOT EXISTS (SELECT 1 FROM {parent} p WHERE {})",
            keys_equal_as(dialect, ends, child, "p")
        )
    };
    format!("{} AND {missing}", complete_as(dialect, ends, child))
}

/// The condition of a child row `c` that has a complete key.
fn complete(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    complete_as(dialect, ends, "c")
}

/// The same of a child that is called `child`.
pub(super) fn complete_as(dialect: &dyn Dialect, ends: &Ends<'_>, child: &str) -> String {
    let mut conditions: Vec<String> = ends
        .child_columns()
        .map(|column| format!("{} IS NOT NULL", of(child, dialect, &column.name)))
        .collect();
    if let Some((column, value)) = ends.only
        && let Some(column) = ends.child.column(column)
    {
        // As a key is compared, since that is how the server has told the types apart: `citext` by its own operator.
        let [value, column_sql] = [dialect.literal(value), of(child, dialect, &column.name)];
        let expression = |sql| KeyExpression { sql, ty: &column.ty };
        conditions.push(dialect.keys_equal(expression(&value), expression(&column_sql)));
    }
    conditions.join(" AND ")
}

/// The condition of a row of a child of that name whose key stands for "none".
pub(super) fn sentinel_as(dialect: &dyn Dialect, ends: &Ends<'_>, child: &str) -> String {
    sentinel(dialect, ends, |_, column| of(child, dialect, &column.name))
}

/// A condition on the child's key: every column holds a value that stands for "none".
pub(super) fn sentinel(dialect: &dyn Dialect, ends: &Ends<'_>, name: impl Fn(usize, &Column) -> String) -> String {
    let each: Option<Vec<String>> = ends
        .child_columns()
        .enumerate()
        .map(|(at, column)| dialect.is_sentinel(&name(at, column), &column.ty))
        .collect();
    each.map_or_else(|| "1 = 0".to_owned(), |each| each.join(" AND "))
}

/// The condition of a row that is soft-deleted: a truth value, number or text that is set, or a time that is not null.
fn is_marked(alias: &str, dialect: &dyn Dialect, mark: &Column) -> String {
    let name = of(alias, dialect, &mark.name);
    match mark.ty.family {
        TypeFamily::Boolean => format!("COALESCE({name}, 1 = 0)"),
        family if family.is_number() => format!("COALESCE({name}, 0) <> 0"),
        TypeFamily::Text => format!("COALESCE({name}, '') <> ''"),
        _ => format!("{name} IS NOT NULL"),
    }
}

/// The condition that a child's and a parent's row of those names have the same key.
pub(super) fn keys_equal_as(dialect: &dyn Dialect, ends: &Ends<'_>, child: &str, parent: &str) -> String {
    let equal: Vec<String> = ends
        .pairs()
        .map(|pair| pair_equal(dialect, pair, child, parent))
        .collect();
    equal.join(" AND ")
}

pub(super) fn pair_equal(dialect: &dyn Dialect, (from, to): (&Column, &Column), child: &str, parent: &str) -> String {
    dialect.keys_equal(
        KeyExpression {
            sql: &of(child, dialect, &from.name),
            ty: &from.ty,
        },
        KeyExpression {
            sql: &of(parent, dialect, &to.name),
            ty: &to.ty,
        },
    )
}

pub(super) fn parent_rows(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    if ends.constrained {
        dialect.own_rows(ends.parent)
    } else {
        dialect.table_name(&ends.parent.name)
    }
}

pub(super) fn of(alias: &str, dialect: &dyn Dialect, column: &Ident) -> String {
    format!("{alias}.{}", dialect.quote(column))
}

fn sum_of(condition: &str) -> String {
    format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)")
}

fn key_list(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let names: Vec<String> = ends
        .child_columns()
        .map(|column| of("c", dialect, &column.name))
        .collect();
    names.join(", ")
}

fn aliased_keys(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let names: Vec<String> = ends
        .child_columns()
        .enumerate()
        .map(|(at, column)| format!("{} AS k{at}", of("c", dialect, &column.name)))
        .collect();
    names.join(", ")
}

fn key_texts(dialect: &dyn Dialect, ends: &Ends<'_>) -> String {
    let texts: Vec<String> = ends
        .child_columns()
        .map(|column| dialect.as_text(&of("c", dialect, &column.name), &column.ty))
        .collect();
    texts.join(", ")
}
