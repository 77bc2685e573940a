//! ALTER TABLE.

use crate::ddl::short;
use crate::ddl::tokens::Cursor;
use crate::schema::{Ident, TableKind, TableName};

use super::catalog::{Catalog, Draft, PRIMARY};
use super::column::{self, Place};
use super::constraint;
use super::create_table::{add_column, add_constraints, next_table, read_options, table_collation};
use super::types::{TypeName, converted};

/// Reads from behind TABLE on.
///
/// # Errors
///
/// Why nothing of it was done.
pub(super) fn alter(cursor: &mut Cursor<'_>, catalog: &mut Catalog) -> Result<(), String> {
    let if_exists = cursor.take(&["IF", "EXISTS"]);
    let mut table = next_table(cursor, catalog)?;
    // Options of the table count for columns that the same statement adds before them.
    let mut actions = cursor.split_at_commas();
    actions.sort_by_key(|action| !is_option(action));
    for mut action in actions {
        if does_not_matter(&action) {
            continue;
        }
        if !catalog.tables.contains_key(&table) {
            let is_known = if_exists || catalog.temporary.contains(&table);
            return if is_known {
                Ok(())
            } else {
                Err(format!("there is no table `{table}`"))
            };
        }
        let place = action.location();
        let text = action.rest();
        if let Err(fault) = apply(&mut action, &mut table, catalog) {
            catalog.note(
                format!("of ALTER TABLE `{table}`, `{}` is lost: {fault}", short(text)),
                place,
            );
        }
    }
    Ok(())
}

/// Reads `ALTER TABLE … MODIFY COLUMN …` from its first word on, and changes only whether the column takes nulls.
///
/// # Errors
///
/// Why nothing of it was done.
pub(super) fn set_nullable(cursor: &mut Cursor<'_>, nullable: bool, catalog: &mut Catalog) -> Result<(), String> {
    let _ = cursor.take(&["ALTER", "TABLE"]);
    let table = next_table(cursor, catalog)?;
    let _ = cursor.take(&["MODIFY", "COLUMN"]);
    let name = cursor.name().ok_or("it names no column")?;
    let columns = &mut catalog.draft(&table)?.table.columns;
    let column = columns.iter_mut().find(|column| column.name == name);
    column
        .ok_or_else(|| format!("`{table}` has no column `{name}`"))?
        .nullable = nullable;
    Ok(())
}

fn is_option(action: &Cursor<'_>) -> bool {
    const OPTIONS: [&str; 6] = ["DEFAULT", "CHARSET", "CHARACTER", "COLLATE", "ENGINE", "COMMENT"];
    action.is_at_any(&OPTIONS)
}

/// Actions that change nothing that the schema holds.
fn does_not_matter(action: &Cursor<'_>) -> bool {
    const IGNORED: [&[&str]; 20] = [
        &["DISABLE", "KEYS"],
        &["ENABLE", "KEYS"],
        &["ALGORITHM"],
        &["LOCK"],
        &["FORCE"],
        &["ORDER", "BY"],
        &["DISCARD"],
        &["IMPORT"],
        &["WITH", "VALIDATION"],
        &["WITHOUT", "VALIDATION"],
        &["ADD", "PARTITION"],
        &["DROP", "PARTITION"],
        &["TRUNCATE", "PARTITION"],
        &["COALESCE"],
        &["REORGANIZE"],
        &["EXCHANGE"],
        &["ANALYZE"],
        &["CHECK", "PARTITION"],
        &["ADD", "SYSTEM"],
        &["DROP", "SYSTEM"],
    ];
    IGNORED.iter().any(|words| action.is_at(words))
        || action.is_at(&["ADD", "PERIOD"])
        || action.is_at(&["DROP", "PERIOD"])
}

fn apply(action: &mut Cursor<'_>, table: &mut TableName, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["RENAME"]) {
        return rename(action, table, catalog);
    }
    // A draft of its own, so that the catalogue can be asked while it changes.
    let mut draft = catalog.draft(table)?.clone();
    let done = apply_to(action, &mut draft, catalog);
    catalog.tables.insert(table.clone(), draft);
    done
}

fn apply_to(action: &mut Cursor<'_>, draft: &mut Draft, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["ADD"]) {
        return add(action, draft, catalog);
    }
    if action.take(&["DROP"]) {
        return drop_part(action, draft);
    }
    if action.take(&["CHANGE"]) {
        let _ = (action.take(&["COLUMN"]), action.take(&["IF", "EXISTS"]));
        let from = action.name().ok_or("the column's name is missing")?;
        return change(action, &from, draft, catalog);
    }
    if action.take(&["MODIFY"]) {
        let _ = (action.take(&["COLUMN"]), action.take(&["IF", "EXISTS"]));
        let name = action.clone().name().ok_or("the column's name is missing")?;
        return change(action, &name, draft, catalog);
    }
    if action.take(&["ALTER"]) {
        return alter_part(action, draft, catalog);
    }
    if action.take(&["CONVERT", "TO"]) {
        let _ = action.take(&["CHARSET"]) || action.take(&["CHARACTER", "SET"]);
        let charset = action.name();
        let named = if action.take(&["COLLATE"]) { action.name() } else { None };
        let name = table_collation(
            charset.as_ref().map(Ident::as_str),
            named.as_ref().map(Ident::as_str),
            catalog.flavor,
        );
        if let Some(name) = name {
            for column in draft
                .table
                .columns
                .iter_mut()
                .filter(|column| column.ty.collation.is_some())
            {
                column.ty = converted(&column.ty, &name);
            }
            draft.collation = name;
        }
        return Ok(());
    }
    if action.take(&["REMOVE", "PARTITIONING"]) {
        draft.table.kind = TableKind::Table;
        return Ok(());
    }
    read_options(action, draft, catalog.flavor);
    Ok(())
}

fn add(action: &mut Cursor<'_>, draft: &mut Draft, catalog: &mut Catalog) -> Result<(), String> {
    let place = action.location();
    if constraint::starts(action) {
        let read = constraint::read(action, catalog.flavor)?;
        add_constraints(vec![(read, place)], draft, catalog);
        return Ok(());
    }
    let _ = action.take(&["COLUMN"]);
    let if_not_exists = action.take(&["IF", "NOT", "EXISTS"]);
    let parts = match action.parenthesized() {
        Some(mut inside) => inside.split_at_commas(),
        None => vec![action.clone()],
    };
    for mut part in parts {
        let place = part.location();
        if constraint::starts(&part) {
            let read = constraint::read(&mut part, catalog.flavor)?;
            add_constraints(vec![(read, place)], draft, catalog);
            continue;
        }
        let spec = column::read(&mut part, catalog.flavor)?;
        if draft.table.find_column(spec.name().as_str()).is_some() {
            let name = spec.name();
            return if if_not_exists {
                Ok(())
            } else {
                Err(format!("there is a column `{name}` already"))
            };
        }
        let constraints = add_column(spec, draft, catalog);
        add_constraints(constraints, draft, catalog);
    }
    Ok(())
}

/// CHANGE and MODIFY: the new definition replaces the old one, but not its keys.
fn change(action: &mut Cursor<'_>, from: &Ident, draft: &mut Draft, catalog: &mut Catalog) -> Result<(), String> {
    let mut spec = column::read(action, catalog.flavor)?;
    let at = position(draft, from).ok_or_else(|| format!("there is no column `{from}`"))?;
    let old = draft.table.columns.remove(at);
    let before = at.checked_sub(1).and_then(|at| draft.table.columns.get(at));
    spec.place = spec.place.or(Some(
        before.map_or(Place::First, |column| Place::After(column.name.clone())),
    ));
    let to = spec.name().clone();
    let constraints = add_column(spec, draft, catalog);
    if old.name != to {
        rename_column(&old.name, &to, draft, catalog);
    }
    let is_primary = draft.table.primary_key().is_some_and(|key| key.columns.contains(&to));
    if let Some(column) = draft.table.columns.iter_mut().find(|column| column.name == to) {
        column.nullable &= !is_primary;
    }
    add_constraints(constraints, draft, catalog);
    Ok(())
}

fn position(draft: &Draft, name: &Ident) -> Option<usize> {
    let mut columns = draft.table.columns.iter();
    columns.position(|column| column.name.as_str().eq_ignore_ascii_case(name.as_str()))
}

fn drop_part(action: &mut Cursor<'_>, draft: &mut Draft) -> Result<(), String> {
    if action.take(&["PRIMARY", "KEY"]) {
        draft.drop_index(&PRIMARY.into());
        return Ok(());
    }
    let kind = if action.take(&["FOREIGN", "KEY"]) {
        "foreign key"
    } else if action.take_any(&["INDEX", "KEY"]).is_some() {
        "index"
    } else if action.take_any(&["CONSTRAINT", "CHECK"]).is_some() {
        "constraint"
    } else {
        let _ = action.take(&["COLUMN"]);
        "column"
    };
    let if_exists = action.take(&["IF", "EXISTS"]);
    let name = action.name().ok_or("the name of what is dropped is missing")?;
    let same = |other: &Ident| other.as_str().eq_ignore_ascii_case(name.as_str());
    let found = match kind {
        "index" => draft.drop_index(&name),
        "column" => drop_column(&name, draft),
        _ => {
            let before = draft.table.foreign_keys.len() + draft.checks.len();
            draft
                .table
                .foreign_keys
                .retain(|key| !key.name.as_ref().is_some_and(same));
            let mut found = false;
            if kind == "constraint" {
                draft.checks.retain(|check| !same(&check.name));
                found =
                    draft.table.keys.iter().any(|key| key.name.as_ref().is_some_and(same)) && draft.drop_index(&name);
            }
            found || before > draft.table.foreign_keys.len() + draft.checks.len()
        }
    };
    if found || if_exists {
        Ok(())
    } else {
        Err(format!("there is no {kind} `{name}`"))
    }
}

/// A column goes out of its indexes, and an index goes with its last column (manual, "ALTER TABLE Statement").
fn drop_column(name: &Ident, draft: &mut Draft) -> bool {
    let Some(at) = position(draft, name) else { return false };
    let column = draft.table.columns.remove(at);
    for index in &mut draft.table.indexes {
        index.parts.retain(|part| part.column.as_ref() != Some(&column.name));
    }
    draft.table.indexes.retain(|index| !index.parts.is_empty());
    for key in &mut draft.table.keys {
        key.columns.retain(|known| *known != column.name);
    }
    draft.table.keys.retain(|key| !key.columns.is_empty());
    true
}

fn alter_part(action: &mut Cursor<'_>, draft: &mut Draft, catalog: &Catalog) -> Result<(), String> {
    if action.take(&["INDEX"]) || action.take(&["KEY"]) {
        let _ = action.take(&["IF", "EXISTS"]);
        let name = action.name().ok_or("the index's name is missing")?;
        let hidden = action.take_any(&["INVISIBLE", "IGNORED"]).is_some();
        for index in draft.table.indexes.iter_mut().filter(|index| index.name == name) {
            index.visible = !hidden;
        }
        return Ok(());
    }
    if action.take_any(&["CHECK", "CONSTRAINT"]).is_some() {
        let name = action.name().ok_or("the constraint's name is missing")?;
        if action.take(&["NOT", "ENFORCED"]) {
            draft.checks.retain(|check| check.name != name);
        }
        return Ok(());
    }
    let _ = (action.take(&["COLUMN"]), action.take(&["IF", "EXISTS"]));
    let name = action.name().ok_or("the column's name is missing")?;
    let at = position(draft, &name).ok_or_else(|| format!("there is no column `{name}`"))?;
    let Some(column) = draft.table.columns.get_mut(at) else {
        return Ok(());
    };
    if action.take(&["SET", "DEFAULT"]) {
        column.default = column::default(action, &TypeName::default(), catalog.flavor);
    } else if action.take(&["DROP", "DEFAULT"]) {
        column.default = None;
    }
    Ok(())
}

fn rename(action: &mut Cursor<'_>, table: &mut TableName, catalog: &mut Catalog) -> Result<(), String> {
    if action.take(&["COLUMN"]) {
        let from = action.name().ok_or("the column's name is missing")?;
        let _ = action.take(&["TO"]);
        let to = action.name().ok_or("the new name is missing")?;
        let mut draft = catalog.draft(table)?.clone();
        let at = position(&draft, &from).ok_or_else(|| format!("there is no column `{from}`"))?;
        if let Some(column) = draft.table.columns.get_mut(at) {
            let old = std::mem::replace(&mut column.name, to.clone());
            rename_column(&old, &to, &mut draft, catalog);
        }
        catalog.tables.insert(table.clone(), draft);
        return Ok(());
    }
    if action.take_any(&["INDEX", "KEY"]).is_some() {
        let from = action.name().ok_or("the index's name is missing")?;
        let _ = action.take(&["TO"]);
        let to = action.name().ok_or("the new name is missing")?;
        let draft = catalog.draft(table)?;
        let found = draft.index(&from).is_some();
        for index in draft
            .table
            .indexes
            .iter_mut()
            .filter(|index| index.name.as_str().eq_ignore_ascii_case(from.as_str()))
        {
            index.name = to.clone();
            index.constraint = index.constraint.as_ref().map(|_| to.clone());
        }
        for key in draft
            .table
            .keys
            .iter_mut()
            .filter(|key| key.name.as_ref() == Some(&from))
        {
            key.name = Some(to.clone());
        }
        return if found {
            Ok(())
        } else {
            Err(format!("there is no index `{from}`"))
        };
    }
    let _ = action.take_any(&["TO", "AS"]);
    let mut to = next_table(action, catalog)?;
    to.namespace = to.namespace.or_else(|| table.namespace.clone());
    catalog.rename_table(table, &to)?;
    *table = to;
    Ok(())
}

/// Keys, indexes and foreign keys follow a column's new name.
fn rename_column(from: &Ident, to: &Ident, draft: &mut Draft, catalog: &mut Catalog) {
    let rename = |name: &mut Ident| {
        if name.as_str().eq_ignore_ascii_case(from.as_str()) {
            *name = to.clone();
        }
    };
    draft
        .table
        .keys
        .iter_mut()
        .flat_map(|key| &mut key.columns)
        .for_each(rename);
    let parts = draft.table.indexes.iter_mut().flat_map(|index| &mut index.parts);
    parts.filter_map(|part| part.column.as_mut()).for_each(rename);
    draft
        .table
        .foreign_keys
        .iter_mut()
        .flat_map(|key| &mut key.columns)
        .for_each(rename);
    let table = &draft.table.name;
    let own = draft.table.foreign_keys.iter_mut();
    let others = catalog
        .tables
        .values_mut()
        .flat_map(|other| &mut other.table.foreign_keys);
    for key in own.chain(others).filter(|key| key.parent == *table) {
        key.parent_columns.iter_mut().for_each(rename);
    }
}
