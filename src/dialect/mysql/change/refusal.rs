//! What a server refuses, so that it is not planned.

use crate::dialect::change::Change;
use crate::dialect::key_move::MoveStage;
use crate::dialect::mysql::server::Flavor;
use crate::schema::{Action, Column, ColumnType, ForeignKey, Generated, Ident, Index, Table, TypeFamily};

/// Why the server would refuse a change, or could not undo it.
pub(super) fn refusal(change: &Change<'_>, flavor: Flavor) -> Option<String> {
    let table = change.table();
    if table.versioned && rewrites_history(change) {
        return Some(format!(
            "`{}` keeps all former versions of its rows, and MariaDB changes such a table only with \
             system_versioning_alter_history, which rewrites those",
            table.name
        ));
    }
    match change {
        Change::AddForeignKey { child, parent, key, .. } => refused_key(child, parent, key, flavor),
        Change::ReplaceForeignKey { child, parent, new, .. } => refused_key(child, parent, new, flavor),
        Change::SetNotNull { table, column, .. } | Change::DropNotNull { table, column, .. } => {
            table.column(column).and_then(|column| untold(table, column, flavor))
        }
        Change::Retype { retype, .. } => untold(retype.table, retype.column, flavor)
            .or_else(|| cut_short(retype.table, &retype.column.name, &retype.to)),
        _ => None,
    }
}

/// Whether an ALTER changes what former versions of rows look like (MariaDB's documentation, "System-Versioned Tables";
/// seen on 10.11: error 4119). Indexes that refuse no row are no such change, and foreign keys are none.
fn rewrites_history(change: &Change<'_>) -> bool {
    match change {
        Change::AddUnique { .. }
        | Change::SetNotNull { .. }
        | Change::DropNotNull { .. }
        | Change::Retype { .. }
        | Change::MoveKey {
            stage: MoveStage::Add | MoveStage::Drop,
            ..
        } => true,
        // Its undo makes it again.
        Change::DropIndex { index, .. } => index.unique,
        _ => false,
    }
}

/// Foreign keys over computed columns, and over those of which stored ones are computed (MySQL manual, "FOREIGN KEY
/// Constraints"; seen on MySQL 9.7, errors 3104, 3192 and 3733, and on MariaDB 10.11, errors 138, 1821, 1901 and 1905).
fn refused_key(child: &Table, parent: &Table, key: &ForeignKey, flavor: Flavor) -> Option<String> {
    let virtual_in = |table: &Table, columns: &[Ident]| {
        let mut columns = columns.iter().filter_map(|name| table.column(name));
        columns
            .find(|column| column.generated == Some(Generated::Virtual))
            .map(|column| format!("`{}`.`{}` is computed when it is read", table.name, column.name))
    };
    let changes = |action: Action| !matches!(action, Action::NoAction | Action::Restrict);
    let acts = changes(key.on_delete) || changes(key.on_update);
    let of_virtual = virtual_in(child, &key.columns).or_else(|| virtual_in(parent, &key.parent_columns));
    if let Some(reason) = of_virtual.filter(|_| flavor == Flavor::MySql) {
        return Some(format!("{reason}, and no foreign key can be over such a column"));
    }
    let base = key.columns.iter().find(|column| child.computed_from.contains(column));
    if let Some(base) = base.filter(|_| acts) {
        return Some(format!(
            "a stored column of `{}` is computed from `{base}`, and a foreign key over that can do nothing on delete or update",
            child.name
        ));
    }
    None
}

/// An index over the first characters of a column is one over all of it when it has none, and is so after the undo.
fn cut_short(table: &Table, column: &Ident, to: &ColumnType) -> Option<String> {
    if matches!(to.family, TypeFamily::Text | TypeFamily::Bytes) {
        return None;
    }
    let is_cut = |index: &&Index| {
        let mut parts = index.parts.iter();
        parts.any(|part| part.column.as_ref() == Some(column) && part.prefix.is_some())
    };
    let index = table.indexes.iter().find(is_cut)?;
    Some(format!(
        "the index `{}` is over the first characters of `{}`.`{column}`, and `{}` has none: drop that index first",
        index.name, table.name, to.declared
    ))
}

/// A change of a column repeats all of its definition, which the server must tell. The expression of a computed one is not
/// repeated. Of bytes in a default, MariaDB tells question marks for those that are no text, and MySQL none from the first
/// zero on; of texts in an expression, MySQL tells letters beyond ASCII wrongly (seen on MariaDB 10.11 and MySQL 9.7).
fn untold(table: &Table, column: &Column, flavor: Flavor) -> Option<String> {
    let name = format!("`{}`.`{}`", table.name, column.name);
    if column.generated.is_some() || column.identity {
        return Some(format!("{name} is filled by the server itself"));
    }
    let default = column.default.as_deref().unwrap_or_default();
    let is_bytes = column.ty.family == TypeFamily::Bytes;
    let is_garbled = match flavor {
        Flavor::MariaDb => is_bytes && default.contains('?'),
        Flavor::MySql => is_bytes && default.starts_with("0x") || !default.is_ascii() && default.contains("\\'"),
    };
    is_garbled.then(|| format!("the server does not tell the default of {name} exactly, so that it would be lost"))
}
