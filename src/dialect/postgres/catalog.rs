//! The schema from `pg_catalog`: one statement for each kind of object, put together here. Columns come as numbers
//! wherever the catalogue keeps them as numbers, which spares the server the joins.

mod fields;
mod objects;
mod tree;
mod types;

use std::collections::BTreeMap;

use crate::dialect::QueryError;
use crate::schema::{Ident, Schema, Table};

use super::link::{Link, Row};
use fields::Fields;

/// How many more connections there is room for: one row, one number.
pub(super) const FREE_SLOTS: &str = include_str!("catalog/free_slots.sql");

/// Tables that look empty because they were truncated or rewritten since the snapshot: namespace and name.
pub(super) const REWRITTEN: &str = include_str!("catalog/rewritten.sql");

const RELATIONS: &str = include_str!("catalog/relations.sql");
const INHERITANCE: &str = include_str!("catalog/inheritance.sql");
const COLUMNS: &str = include_str!("catalog/columns.sql");
const LABELS: &str = include_str!("catalog/labels.sql");
const KEYS: &str = include_str!("catalog/keys.sql");
const CHECKS: &str = include_str!("catalog/checks.sql");
const FOREIGN_KEYS: &str = include_str!("catalog/foreign_keys.sql");
const INDEXES: &str = include_str!("catalog/indexes.sql");

/// The server's number for an object.
type Oid = u32;

/// What was being read, and why it failed.
pub(super) type Failure = (&'static str, QueryError);

/// A table while it is being put together.
struct Draft {
    table: Table,
    is_partition: bool,
    /// Those of the table and its indexes.
    pages: u64,
    /// Its columns by the server's numbers, which have gaps where columns were dropped.
    columns: BTreeMap<i16, Ident>,
}

type Drafts = BTreeMap<Oid, Draft>;

/// Reads everything. `version` is the server's major version.
pub(super) fn read(link: &mut Link, version: u32) -> Result<Schema, Failure> {
    let mut read = |doing: &'static str, sql: &str, take: &mut dyn FnMut(&mut Fields) -> Result<(), String>| {
        read_rows(link, &for_version(sql, version), take).map_err(|failure| (doing, failure))
    };
    let mut drafts = Drafts::new();
    read("reading the tables", RELATIONS, &mut |fields| {
        let (oid, draft) = objects::relation(fields, version)?;
        drafts.insert(oid, draft);
        Ok(())
    })?;
    let mut parents: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
    read("reading the inheritance of tables", INHERITANCE, &mut |fields| {
        parents.entry(fields.number()?).or_default().push(fields.number()?);
        Ok(())
    })?;
    let mut labels: BTreeMap<Oid, Vec<String>> = BTreeMap::new();
    read("reading the labels of enumerations", LABELS, &mut |fields| {
        labels.entry(fields.number()?).or_default().push(fields.text()?);
        Ok(())
    })?;
    read("reading the columns", COLUMNS, &mut |fields| {
        objects::column(fields, &labels, &mut drafts)
    })?;
    read("reading the keys", KEYS, &mut |fields| {
        objects::key(fields, &mut drafts)
    })?;
    read("reading the CHECK constraints", CHECKS, &mut |fields| {
        if let Some(draft) = drafts.get_mut(&fields.number()?) {
            draft.table.checks.push(fields.text()?);
        }
        Ok(())
    })?;
    read("reading the indexes", INDEXES, &mut |fields| {
        objects::index(fields, &mut drafts)
    })?;
    read("reading the foreign keys", FOREIGN_KEYS, &mut |fields| {
        objects::foreign_key(fields, &mut drafts)
    })?;
    tree::settle(&mut drafts, &parents);
    Ok(Schema {
        tables: drafts
            .into_values()
            .map(|draft| (draft.table.name.clone(), draft.table))
            .collect(),
        // Everyone may read pg_class and pg_constraint.
        sees_all_tables: true,
    })
}

fn read_rows(
    link: &mut Link,
    sql: &str,
    take: &mut dyn FnMut(&mut Fields) -> Result<(), String>,
) -> Result<(), QueryError> {
    let mut fault = None;
    link.read(sql, &mut |row: Row| {
        if fault.is_none() {
            fault = take(&mut Fields::new(row)).err();
        }
    })?;
    match fault {
        None => Ok(()),
        Some(fault) => Err(QueryError::new(crate::dialect::QueryFailure::Other, fault)),
    }
}

/// Adapts a statement to a server. A line `old -- since 15: new` stands for `new` from PostgreSQL 15 on and for `old`
/// before, so that the files can be pasted into `psql` as they are.
fn for_version(sql: &str, version: u32) -> String {
    let lines: Vec<&str> = sql
        .lines()
        .map(|line| {
            line.split_once(" -- since ")
                .and_then(|(_, newer)| newer.split_once(": "))
                .filter(|(since, _)| since.parse().is_ok_and(|since: u32| version >= since))
                .map_or(line, |(_, newer)| newer)
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{
        CHECKS, COLUMNS, FOREIGN_KEYS, FREE_SLOTS, INDEXES, INHERITANCE, KEYS, LABELS, RELATIONS, REWRITTEN,
        for_version,
    };

    #[test]
    fn lines_change_with_the_version() {
        let sql = "SELECT\n    false -- since 15: i.x\n    AS x";
        assert_eq!(for_version(sql, 14), sql);
        assert_eq!(for_version(sql, 15), "SELECT\ni.x\n    AS x");
    }

    #[test]
    fn every_statement_opens_with_two_lines_of_words() {
        for sql in [
            RELATIONS,
            INHERITANCE,
            COLUMNS,
            LABELS,
            KEYS,
            CHECKS,
            FOREIGN_KEYS,
            INDEXES,
            FREE_SLOTS,
            REWRITTEN,
        ] {
            let words = sql.lines().take_while(|line| line.starts_with("-- ")).count();
            assert_eq!(words, 2, "{sql}");
        }
    }
}
