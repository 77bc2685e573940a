//! Indexes and unique keys, built while others write.

use super::prepared::{columns_as_planned, has_index, unless};
use super::rebuilding::{ONLINE, Rebuild};
use super::standing::only_index;
use super::{COPY, as_planned};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::mysql::server::Flavor;
use crate::schema::{Ident, Table, display_columns};

pub(super) fn add(table: &Table, columns: &[Ident], name: &Ident) -> Result<Work, String> {
    adding(table, columns, name, Kind::Plain, Rebuild::Online)
}

pub(super) fn add_unique(
    table: &Table,
    columns: &[Ident],
    name: &Ident,
    primary: bool,
    flavor: Flavor,
) -> Result<Work, String> {
    let (kind, primary_name) = (
        if primary { Kind::Primary } else { Kind::Unique },
        Ident::new("PRIMARY"),
    );
    let name = if primary { &primary_name } else { name };
    // The first unique key without nulls is what InnoDB keeps the rows by, if there is no primary one.
    let how = if table.any_nullable(columns) {
        if primary {
            Rebuild::of_not_null(table, columns, flavor)
        } else {
            Rebuild::Online
        }
    } else if table.primary_key().is_none() {
        Rebuild::of(table, flavor)
    } else {
        Rebuild::Online
    };
    let mut work = adding(table, columns, name, kind, how)?;
    work.guards.push(format!(
        "no two rows of `{}` have the same ({}): the server looks",
        table.name,
        display_columns(columns)
    ));
    Ok(work)
}

/// What is added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Unique,
    Primary,
}

fn adding(table: &Table, columns: &[Ident], name: &Ident, kind: Kind, how: Rebuild) -> Result<Work, String> {
    if let Some(column) = columns.iter().find(|column| needs_prefix(table, column)) {
        return Err(format!(
            "`{}`.`{column}` is of a type of which only the first characters can be indexed, and how many depends on the \
             values",
            table.name
        ));
    }
    let target = MySql::MYSQL.table_name(&table.name);
    let quoted = MySql::MYSQL.quote(name);
    let list: Vec<String> = columns.iter().map(|column| MySql::MYSQL.quote(column)).collect();
    let there = has_index(&table.name, name);
    let what = match kind {
        Kind::Plain => format!("INDEX {quoted}"),
        Kind::Unique => format!("UNIQUE INDEX {quoted}"),
        Kind::Primary => "PRIMARY KEY".to_owned(),
    };
    let gone = if kind == Kind::Primary {
        "PRIMARY KEY".to_owned()
    } else {
        format!("INDEX {quoted}")
    };
    let standing = || only_index(table, columns, name, kind != Kind::Plain);
    let mut up = columns_as_planned(table, columns);
    up.extend(standing());
    up.extend(unless(
        &there,
        &format!(
            "ALTER TABLE {target} ADD {what} ({}), {}",
            list.join(", "),
            how.clause()
        ),
    ));
    // Where there is no primary key, the first unique one is the order in which InnoDB keeps the rows: to drop it is to
    // copy the table (manual, "Clustered and Secondary Indexes").
    let back = if table.primary_key().is_none() && kind != Kind::Plain {
        COPY
    } else {
        ONLINE
    };
    let mut down = standing();
    down.extend(restored(table, columns));
    down.extend(unless(
        &format!("NOT {there}"),
        &format!("ALTER TABLE {target} DROP {gone}, {back}"),
    ));
    Ok(Work {
        up,
        down,
        locks: how.locks(&table.name),
        guards: vec![as_planned(table)],
        reads_rows: true,
    })
}

/// Makes the indexes anew that the server drops by itself where another one begins with the same columns: those that it
/// had made for a foreign key (manual, "FOREIGN KEY Constraints": such an index may be dropped silently).
pub(super) fn restored(table: &Table, columns: &[Ident]) -> Vec<Statement> {
    let covered = table.indexes.iter().filter(|index| {
        let begins =
            |held: Vec<&Ident>| held.iter().zip(columns).filter(|(one, other)| **one == *other).count() == held.len();
        !index.unique && index.method == "btree" && index.whole_columns().is_some_and(begins)
    });
    let adding = covered.flat_map(|index| {
        let parts: Vec<String> = index
            .whole_columns()
            .unwrap_or_default()
            .into_iter()
            .map(|part| MySql::MYSQL.quote(part))
            .collect();
        unless(
            &has_index(&table.name, &index.name),
            &format!(
                "ALTER TABLE {} ADD INDEX {} ({}), ALGORITHM=INPLACE, LOCK=NONE",
                MySql::MYSQL.table_name(&table.name),
                MySql::MYSQL.quote(&index.name),
                parts.join(", ")
            ),
        )
    });
    adding.collect()
}

/// BLOB and TEXT columns, and JSON (manual, "Column Prefix Key Parts").
fn needs_prefix(table: &Table, column: &Ident) -> bool {
    table.column(column).is_some_and(|column| {
        let declared = column.ty.declared.to_ascii_lowercase();
        ["text", "blob", "json"].iter().any(|word| declared.contains(word))
    })
}
