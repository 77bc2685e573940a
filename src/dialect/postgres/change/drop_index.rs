//! An index that goes, since another one does all that it does (manual, DROP INDEX, "CONCURRENTLY").

use super::block::{beside, guard, regclass, unless};
use super::index::{built, dropping, sibling};
use super::{LOCK_TIMEOUT, as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{Ident, Index, IndexPart, Table};

/// Drops it, if it is as it was, and the other one is there and whole.
pub(super) fn drop(table: &Table, index: &Index, stays: &Index) -> Work {
    let gone = format!("{} IS NULL", beside(&table.name, &index.name));
    let missing = format!(
        "{}, which does all that {} does, is not there as it was when the plan was made, or is not valid: make a new plan",
        stays.name, index.name
    );
    Work {
        up: vec![
            guard(&[
                standing(table, index),
                (
                    format!("{gone} OR {}", is_as_planned(table, stays, " AND i.indisvalid")),
                    missing,
                ),
            ]),
            // It waits for older transactions to end, and keeps nobody waiting for it meanwhile.
            Statement::plain("SET lock_timeout = 0"),
            dropping(table, &index.name),
            Statement::plain(format!("SET lock_timeout = '{LOCK_TIMEOUT}'")),
        ],
        down: making(table, index),
        locks: vec![lock(&table.name, "SHARE UPDATE EXCLUSIVE")],
        guards: vec![
            as_planned(table),
            format!(
                "`{}`, which does all that `{}` does, is there and valid",
                stays.name, index.name
            ),
        ],
        reads_rows: false,
    }
}

/// Nothing has its name but itself, whole or not, and what to say where something has.
fn standing(table: &Table, index: &Index) -> (String, String) {
    let holds = format!(
        "{} IS NULL OR {}",
        beside(&table.name, &index.name),
        is_as_planned(table, index, "")
    );
    let message = format!(
        "{} is another index than it was when the plan was made: make a new plan",
        index.name
    );
    (holds, message)
}

/// Whether the index of that name is on these columns, in this order.
fn is_as_planned(table: &Table, index: &Index, and: &str) -> String {
    // INDOPTION_DESC and INDOPTION_NULLS_FIRST in the server's sources.
    let option = |part: &IndexPart| match (part.descending, part.nulls_swapped) {
        (false, false) => "0",
        (true, true) => "1",
        (false, true) => "2",
        (true, false) => "3",
    };
    let options: Vec<&str> = index.parts.iter().map(option).collect();
    let columns: Vec<String> = index
        .parts
        .iter()
        .filter_map(|part| part.column.as_ref())
        .chain(&index.include)
        .map(|column| Postgres.literal(column.as_str()))
        .collect();
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = {} AND i.indrelid = {} AND {}i.indisunique AND i.indpred \
         IS {}NULL AND i.indoption::text = '{}' AND ARRAY(SELECT a.attname::text FROM unnest(i.indkey::smallint[]) WITH \
         ORDINALITY k (number, at) JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY \
         k.at) = ARRAY[{}]{and})",
        beside(&table.name, &index.name),
        regclass(&table.name),
        if index.unique { "" } else { "NOT " },
        if index.predicate.is_some() { "NOT " } else { "" },
        options.join(" "),
        columns.join(", "),
    )
}

/// Makes it again as it was.
fn making(table: &Table, index: &Index) -> Vec<Statement> {
    let columns: Vec<Ident> = index.parts.iter().filter_map(|part| part.column.clone()).collect();
    let sql = definition(table, index);
    let mut statements = built(table, &columns, &index.name, (&sql, standing(table, index)));
    if let Some(comment) = &index.comment {
        let comment = Postgres.literal(comment);
        statements.push(unless(
            &format!(
                "obj_description({}, 'pg_class') IS NOT DISTINCT FROM {comment}",
                beside(&table.name, &index.name)
            ),
            &format!("COMMENT ON INDEX {} IS {comment}", sibling(table, &index.name)),
            &format!("commenting on {}", index.name),
        ));
    }
    statements
}

fn definition(table: &Table, index: &Index) -> String {
    let part = |part: &IndexPart| {
        let mut sql = part
            .column
            .as_ref()
            .map(|column| Postgres.quote(column))
            .unwrap_or_default();
        for word in part.class.as_deref().into_iter().chain(order(part)) {
            sql.push(' ');
            sql.push_str(word);
        }
        sql
    };
    let parts: Vec<String> = index.parts.iter().map(part).collect();
    let mut sql = format!(
        "CREATE {}INDEX CONCURRENTLY IF NOT EXISTS {} ON {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        Postgres.quote(&index.name),
        Postgres.table_name(&table.name),
        parts.join(", ")
    );
    let include: Vec<String> = index.include.iter().map(|column| Postgres.quote(column)).collect();
    let clauses = [
        (!include.is_empty()).then(|| format!("INCLUDE ({})", include.join(", "))),
        index.nulls_not_distinct.then(|| "NULLS NOT DISTINCT".to_owned()),
        index.options.clone(),
        index.predicate.as_ref().map(|predicate| format!("WHERE {predicate}")),
    ];
    for clause in clauses.into_iter().flatten() {
        sql.push(' ');
        sql.push_str(&clause);
    }
    sql
}

fn order(part: &IndexPart) -> Option<&'static str> {
    match (part.descending, part.nulls_swapped) {
        (false, false) => None,
        (false, true) => Some("NULLS FIRST"),
        (true, false) => Some("DESC"),
        (true, true) => Some("DESC NULLS LAST"),
    }
}
