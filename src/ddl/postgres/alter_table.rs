//! ALTER TABLE.

use crate::ddl::references;
use crate::ddl::short;
use crate::ddl::tokens::{Cursor, opens};
use crate::schema::{ForeignKey, Ident, RowSecurity, TableName};

use super::catalog::{Catalog, UserType};
use super::column;
use super::constraint;

/// Reads from behind TABLE on.
///
/// # Errors
///
/// Why nothing of it was done.
pub(super) fn alter(cursor: &mut Cursor<'_>, catalog: &mut Catalog) -> Result<(), String> {
    let if_exists = cursor.take(&["IF", "EXISTS"]);
    let only = cursor.take(&["ONLY"]);
    let parts = cursor.names();
    let _ = cursor.take_symbol("*");
    let is_temporary = parts.last().is_some_and(|table| catalog.temporary.contains(table));
    let mut table = catalog.table_name(parts).ok_or("the table's name is missing")?;
    let is_index = catalog.index_tables.contains_key(&table);
    if is_index && cursor.take(&["RENAME", "TO"]) {
        let to = cursor.name().ok_or("the new name is missing")?;
        catalog.rename_index(&table, &to);
        return Ok(());
    }
    for mut action in cursor.split_at_commas() {
        if does_not_matter(&action) {
            continue;
        }
        if !catalog.tables.contains_key(&table) {
            return if if_exists || is_temporary {
                Ok(())
            } else {
                Err(format!("there is no table `{table}`"))
            };
        }
        let place = action.location();
        let text = action.rest();
        if let Err(fault) = apply(&mut action, &mut table, only, catalog) {
            catalog.note(
                format!("of ALTER TABLE `{table}`, `{}` is lost: {fault}", short(text)),
                place,
            );
        }
    }
    Ok(())
}

/// Actions that change nothing that the schema holds.
fn does_not_matter(action: &Cursor<'_>) -> bool {
    const IGNORED: [&[&str]; 17] = [
        &["OWNER"],
        &["SET", "WITHOUT"],
        &["SET", "TABLESPACE"],
        &["SET", "LOGGED"],
        &["SET", "UNLOGGED"],
        &["SET", "ACCESS"],
        &["RESET"],
        &["OF"],
        &["NOT", "OF"],
        &["ENABLE", "RULE"],
        &["DISABLE", "RULE"],
        &["ENABLE", "REPLICA"],
        &["ENABLE", "ALWAYS"],
        &["OPTIONS"],
        &["ALL", "IN"],
        &["DEPENDS"],
        &["NO", "DEPENDS"],
    ];
    let mut rest = action.clone();
    IGNORED.iter().any(|words| action.is_at(words)) || (rest.take(&["SET"]) && opens(&rest))
}

fn apply(action: &mut Cursor<'_>, table: &mut TableName, only: bool, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["ADD"]) {
        return add(action, table, only, catalog);
    }
    if action.take(&["DROP"]) {
        return drop_part(action, table, catalog);
    }
    if action.take(&["ALTER", "CONSTRAINT"]) {
        let name = action.name().ok_or("the constraint's name is missing")?;
        let key = foreign_key(catalog, table, &name).ok_or_else(|| format!("there is no foreign key `{name}`"))?;
        references::read_clauses(action, key);
        return Ok(());
    }
    if action.take(&["ALTER"]) {
        return alter_column(action, table, only, catalog);
    }
    if action.take(&["CLUSTER", "ON"]) || action.take(&["REPLICA", "IDENTITY", "USING", "INDEX"]) {
        if let Some(index) = action.name() {
            catalog.bind_index(table, &index);
        }
        return Ok(());
    }
    if action.take(&["REPLICA"]) {
        return Ok(());
    }
    if action.take(&["VALIDATE", "CONSTRAINT"]) {
        let name = action.name().ok_or("the constraint's name is missing")?;
        if let Some(key) = foreign_key(catalog, table, &name) {
            key.validated = true;
        }
        return Ok(());
    }
    if action.take(&["RENAME"]) {
        return rename(action, table, only, catalog);
    }
    if action.take(&["SET", "SCHEMA"]) {
        let namespace = action.name().ok_or("the namespace is missing")?;
        let to = TableName::qualified(namespace, table.table.clone());
        catalog.rename_table(table, &to);
        *table = to;
        return Ok(());
    }
    if action.take(&["ATTACH", "PARTITION"]) {
        let partition = catalog.table_name(action.names()).ok_or("the partition is missing")?;
        return catalog.attach(table, &partition);
    }
    if action.take(&["DETACH", "PARTITION"]) {
        let partition = catalog.table_name(action.names()).ok_or("the partition is missing")?;
        catalog.detach(table, &partition);
        return Ok(());
    }
    inherit_and_switches(action, table, catalog)
}

fn inherit_and_switches(action: &mut Cursor<'_>, table: &TableName, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["INHERIT"]) {
        let above = catalog
            .table_name(action.names())
            .ok_or("the table to inherit from is missing")?;
        catalog.children.entry(above.clone()).or_default().push(table.clone());
        let draft = catalog.tables.get_mut(table).ok_or("there is no such table")?;
        draft.parents.push(above);
        return Ok(());
    }
    if action.take(&["NO", "INHERIT"]) {
        let above = catalog
            .table_name(action.names())
            .ok_or("the table to inherit from is missing")?;
        catalog.disinherit(&above, table);
        return Ok(());
    }
    let draft = catalog.tables.get_mut(table).ok_or("there is no such table")?;
    if action.take(&["ENABLE", "ROW", "LEVEL", "SECURITY"]) {
        // Text has no role that it would hide rows from.
        draft.table.row_security = RowSecurity::Bypassed;
    } else if action.take(&["DISABLE", "ROW", "LEVEL", "SECURITY"]) {
        draft.table.row_security = RowSecurity::Off;
    } else if action.take(&["DISABLE", "TRIGGER"]) || action.is_at(&["ENABLE", "TRIGGER"]) {
        let enabled = action.take(&["ENABLE", "TRIGGER"]);
        // The triggers of foreign keys have names that nobody writes; USER leaves them out.
        if action.take(&["ALL"]) {
            catalog.switch_triggers(table, enabled);
        }
    } else if !(action.take(&["FORCE", "ROW"]) || action.take(&["NO", "FORCE"])) {
        return Err("it is no action that is known".to_owned());
    }
    Ok(())
}

fn foreign_key<'c>(catalog: &'c mut Catalog, table: &TableName, name: &Ident) -> Option<&'c mut ForeignKey> {
    let draft = catalog.tables.get_mut(table)?;
    draft
        .table
        .foreign_keys
        .iter_mut()
        .find(|key| key.name.as_ref() == Some(name))
}

fn add(action: &mut Cursor<'_>, table: &TableName, only: bool, catalog: &mut Catalog) -> Result<(), String> {
    if constraint::starts(action) {
        let read = constraint::read(action)?;
        return catalog.add_constraint(table, read, only);
    }
    let _ = action.take(&["COLUMN"]);
    let if_not_exists = action.take(&["IF", "NOT", "EXISTS"]);
    let name = action.clone().name().ok_or("the column's name is missing")?;
    let exists = |table: &TableName, catalog: &Catalog| {
        catalog
            .tables
            .get(table)
            .is_some_and(|draft| draft.table.column(&name).is_some())
    };
    if exists(table, catalog) {
        return if if_not_exists {
            Ok(())
        } else {
            Err(format!("there is a column `{name}` already"))
        };
    }
    let place = action.location();
    let start = action.clone();
    let mut constraints = Vec::new();
    for (at, table) in catalog.with_descendants(table, only).into_iter().enumerate() {
        let read = catalog.read_column(&table, &mut start.clone())?;
        if at == 0 {
            constraints = read;
        }
    }
    catalog.add_constraints(
        table,
        constraints.into_iter().map(|read| (read, place.clone())).collect(),
    );
    Ok(())
}

fn drop_part(action: &mut Cursor<'_>, table: &TableName, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["CONSTRAINT"]) {
        let if_exists = action.take(&["IF", "EXISTS"]);
        let name = action.name().ok_or("the constraint's name is missing")?;
        let found = catalog.drop_constraint(table, &name);
        return if found || if_exists {
            Ok(())
        } else {
            Err(format!("there is no constraint `{name}`"))
        };
    }
    let _ = action.take(&["COLUMN"]);
    let if_exists = action.take(&["IF", "EXISTS"]);
    let name = action.name().ok_or("the column's name is missing")?;
    let found = catalog.drop_column(table, &name);
    if found || if_exists {
        Ok(())
    } else {
        Err(format!("there is no column `{name}`"))
    }
}

fn alter_column(action: &mut Cursor<'_>, table: &TableName, only: bool, catalog: &mut Catalog) -> Result<(), String> {
    let _ = action.take(&["COLUMN"]);
    let name = action.name().ok_or("the column's name is missing")?;
    let tables = catalog.with_descendants(table, only);
    if action.take(&["SET", "DATA", "TYPE"]) || action.take(&["TYPE"]) {
        let (ty, collation) = column::read_type(action, catalog).ok_or("the type is missing")?;
        let resolved = ty.resolve(catalog, collation.as_deref());
        let not_null = matches!(ty.user_type(catalog), Some(UserType::Domain(domain)) if domain.not_null);
        return catalog.change_columns(&tables, &name, &|column| {
            column.ty = resolved.clone();
            column.nullable &= !not_null;
        });
    }
    if action.take(&["SET", "DEFAULT"]) {
        let default = catalog.default_of(table, &name, action);
        return catalog.change_columns(&tables, &name, &|column| {
            column.identity |= default.as_ref().is_some_and(|default| default.starts_with("nextval("));
            column.default.clone_from(&default);
        });
    }
    if action.take(&["DROP", "DEFAULT"]) {
        return catalog.change_columns(&tables, &name, &|column| {
            column.identity &= column.default.is_none();
            column.default = None;
        });
    }
    if action.take(&["SET", "NOT", "NULL"]) {
        return catalog.change_columns(&tables, &name, &|column| column.nullable = false);
    }
    if action.take(&["DROP", "NOT", "NULL"]) {
        return catalog.change_columns(&tables, &name, &|column| column.nullable = true);
    }
    if action.take(&["ADD", "GENERATED"]) {
        return catalog.change_columns(&tables, &name, &|column| {
            column.identity = true;
            column.nullable = false;
        });
    }
    if action.take(&["DROP", "IDENTITY"]) {
        return catalog.change_columns(&tables, &name, &|column| column.identity = false);
    }
    if action.take(&["DROP", "EXPRESSION"]) {
        return catalog.change_columns(&tables, &name, &|column| column.generated = None);
    }
    if action.is_at_any(&["SET", "RESET", "RESTART", "OPTIONS"]) {
        // Statistics, storage, options, how identity columns count: nothing that the schema holds.
        return Ok(());
    }
    Err("it is no action that is known".to_owned())
}

fn rename(action: &mut Cursor<'_>, table: &mut TableName, only: bool, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["TO"]) {
        let to = table.sibling(&action.name().ok_or("the new name is missing")?);
        catalog.rename_table(table, &to);
        *table = to;
        return Ok(());
    }
    if action.take(&["CONSTRAINT"]) {
        let from = action.name().ok_or("the constraint's name is missing")?;
        let to = new_name(action)?;
        return catalog.rename_constraint(table, &from, &to);
    }
    let _ = action.take(&["COLUMN"]);
    let from = action.name().ok_or("the column's name is missing")?;
    let to = new_name(action)?;
    let tables = catalog.with_descendants(table, only);
    catalog.rename_column(&tables, &from, &to)
}

pub(super) fn new_name(action: &mut Cursor<'_>) -> Result<Ident, &'static str> {
    let _ = action.take(&["TO"]);
    action.name().ok_or("the new name is missing")
}
