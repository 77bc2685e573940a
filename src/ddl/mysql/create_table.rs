//! CREATE TABLE, and the options of tables.

use crate::ddl::short;
use crate::ddl::tokens::Cursor;
use crate::schema::{Deferrable, Ident, Location, Match, TableKind, TableName};

use super::Flavor;
use super::catalog::{Catalog, Check, Draft};
use super::column::{self, ColumnSpec};
use super::constraint::{self, Constraint};
use super::types::{collation_name, default_collation};

/// Engines as the server spells them.
const ENGINES: [&str; 17] = [
    "InnoDB",
    "MyISAM",
    "MEMORY",
    "CSV",
    "ARCHIVE",
    "BLACKHOLE",
    "MRG_MyISAM",
    "FEDERATED",
    "Aria",
    "CONNECT",
    "SPIDER",
    "S3",
    "ROCKSDB",
    "ndbcluster",
    "TokuDB",
    "Columnstore",
    "SEQUENCE",
];

/// Reads from behind TABLE on.
///
/// # Errors
///
/// Why there is no table after it.
pub(super) fn create(
    cursor: &mut Cursor<'_>,
    temporary: bool,
    replace: bool,
    catalog: &mut Catalog,
) -> Result<(), String> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let origin = cursor.origin();
    let name = catalog
        .table_name(cursor.names())
        .ok_or("the table's name is missing")?;
    if temporary {
        catalog.temporary.insert(name);
        return Ok(());
    }
    if catalog.tables.contains_key(&name) && !replace {
        return if if_not_exists {
            Ok(())
        } else {
            Err(format!("there is a table `{name}` already"))
        };
    }
    let mut draft = catalog.new_draft(name.clone(), TableKind::Table, origin);
    let mut body = cursor.parenthesized();
    if let Some(inside) = &mut body
        && inside.take(&["LIKE"])
    {
        *cursor = inside.clone();
        return like(cursor, draft, catalog);
    }
    if cursor.take(&["LIKE"]) {
        return like(cursor, draft, catalog);
    }
    let place = cursor.location();
    let has_query = read_options(cursor, &mut draft, catalog.flavor);
    let columns = body
        .map(|body| read_body(body, &mut draft, catalog))
        .unwrap_or_default();
    let constraints = add_columns(columns, &mut draft, catalog);
    if has_query && draft.table.columns.is_empty() {
        catalog.note(
            format!("the columns of `{name}` are those of a query, and are not known"),
            place,
        );
    }
    add_constraints(constraints, &mut draft, catalog);
    catalog.tables.insert(name, draft);
    Ok(())
}

fn like(cursor: &mut Cursor<'_>, mut draft: Draft, catalog: &mut Catalog) -> Result<(), String> {
    let model = catalog
        .table_name(cursor.names())
        .ok_or("the table's name is missing")?;
    let model = catalog.draft(&model)?.clone();
    let (name, origin) = (draft.table.name.clone(), draft.table.origin.clone());
    draft = model;
    // Foreign keys are not taken over (manual, "CREATE TABLE ... LIKE Statement").
    draft.table.foreign_keys.clear();
    (draft.table.name, draft.table.origin) = (name.clone(), origin);
    catalog.tables.insert(name, draft);
    Ok(())
}

/// An element of a table's body, in order.
enum Element {
    Column(Box<ColumnSpec>),
    Constraint(Box<Constraint>, Location),
}

fn read_body(mut body: Cursor<'_>, draft: &mut Draft, catalog: &mut Catalog) -> Vec<Element> {
    let mut elements = Vec::new();
    for mut part in body.split_at_commas() {
        let place = part.location();
        let text = part.rest();
        let read = if constraint::starts(&part) {
            constraint::read(&mut part, catalog.flavor).map(|read| Element::Constraint(Box::new(read), place.clone()))
        } else {
            column::read(&mut part, catalog.flavor).map(|read| Element::Column(Box::new(read)))
        };
        match read {
            Ok(element) => elements.push(element),
            Err(fault) => {
                let table = &draft.table.name;
                catalog.note(
                    format!("of the table `{table}`, `{}` is lost: {fault}", short(text)),
                    place,
                );
            }
        }
    }
    elements
}

/// Adds the columns, and gives the constraints back in the order of the text.
fn add_columns(elements: Vec<Element>, draft: &mut Draft, catalog: &mut Catalog) -> Vec<(Constraint, Location)> {
    let mut constraints = Vec::new();
    for element in elements {
        match element {
            Element::Constraint(constraint, place) => constraints.push((*constraint, place)),
            Element::Column(spec) => {
                constraints.extend(add_column(*spec, draft, catalog));
            }
        }
    }
    constraints
}

/// Adds a column, and gives back the constraints that are written with it.
pub(super) fn add_column(
    mut spec: ColumnSpec,
    draft: &mut Draft,
    catalog: &mut Catalog,
) -> Vec<(Constraint, Location)> {
    let table = &draft.table.name;
    for (message, location) in std::mem::take(&mut spec.faults) {
        catalog.note(format!("of the table `{table}`, {message}"), location);
    }
    let column = spec.settle(&draft.collation, catalog.flavor);
    let place = column.origin.location().cloned();
    let columns = &mut draft.table.columns;
    let at = match &spec.place {
        None => columns.len(),
        Some(column::Place::First) => 0,
        Some(column::Place::After(before)) => columns
            .iter()
            .position(|known| known.name.as_str().eq_ignore_ascii_case(before.as_str()))
            .map_or(columns.len(), |at| at + 1),
    };
    columns.insert(at, column);
    let constraints = std::mem::take(&mut spec.constraints).into_iter();
    constraints.filter_map(|read| Some((read, place.clone()?))).collect()
}

/// Adds constraints: indexes first, since they spare foreign keys their own.
pub(super) fn add_constraints(mut constraints: Vec<(Constraint, Location)>, draft: &mut Draft, catalog: &mut Catalog) {
    constraints.sort_by_key(|(constraint, _)| match constraint {
        // An explicit name is taken before one is invented.
        Constraint::Index(index) => usize::from(index.name.as_str().is_empty()),
        Constraint::Check { .. } | Constraint::Period => 2,
        Constraint::Foreign { .. } => 3,
    });
    for (constraint, place) in constraints {
        if let Err(fault) = add_constraint(constraint, draft, catalog) {
            let table = &draft.table.name;
            catalog.note(format!("a constraint of the table `{table}` is lost: {fault}"), place);
        }
    }
}

fn add_constraint(constraint: Constraint, draft: &mut Draft, catalog: &Catalog) -> Result<(), String> {
    match constraint {
        Constraint::Index(index) => draft.add_index(index),
        Constraint::Check {
            name,
            condition,
            column,
            enforced,
        } => {
            let of_column = column.filter(|_| catalog.flavor == Flavor::MariaDb);
            let name = name.or(of_column).unwrap_or_else(|| draft.check_name(catalog.flavor));
            if enforced && !draft.checks.iter().any(|check| check.condition == condition) {
                draft.checks.push(Check { name, condition });
            }
            Ok(())
        }
        Constraint::Foreign { read, index } => {
            // Other engines parse foreign keys and forget them (manual, "FOREIGN KEY Constraints").
            if !matches!(draft.table.engine.as_deref(), Some("InnoDB" | "ndbcluster")) {
                return Err(format!(
                    "the engine {} keeps no foreign keys",
                    draft.table.engine.as_deref().unwrap_or("of the table")
                ));
            }
            let mut key = read.key;
            let mut parent = read.parent;
            if parent.len() == 1
                && let Some(namespace) = &draft.table.name.namespace
            {
                parent.insert(0, namespace.clone());
            }
            key.parent = catalog.table_name(parent).ok_or("the referenced table is missing")?;
            for column in &mut key.columns {
                let known = draft.table.find_column(column.as_str());
                *column = known
                    .ok_or_else(|| format!("there is no column `{column}`"))?
                    .name
                    .clone();
            }
            // MATCH and DEFERRABLE are parsed and forgotten.
            (key.match_type, key.deferrable) = (Match::Simple, Deferrable::No);
            let index = key.name.clone().or(index);
            if catalog.flavor == Flavor::MariaDb {
                // The index's name is the constraint's too.
                key.name.clone_from(&index);
            }
            draft.index_foreign_key(&key.columns, index, &key.origin);
            let name = key.name.take().unwrap_or_else(|| draft.foreign_key_name());
            key.name = Some(name);
            draft.table.foreign_keys.push(key);
            Ok(())
        }
        Constraint::Period => Ok(()),
    }
}

/// Reads the options behind the columns; whether a query follows.
pub(super) fn read_options(cursor: &mut Cursor<'_>, draft: &mut Draft, flavor: Flavor) -> bool {
    let (mut charset, mut collation) = (None, None);
    let mut has_query = false;
    while !cursor.is_at_end() {
        let _ = cursor.take(&["DEFAULT"]);
        if cursor.take_any(&["ENGINE", "TYPE"]).is_some() {
            let _ = cursor.take_symbol("=");
            if let Some(name) = cursor.name() {
                set_engine(draft, name.as_str());
            }
        } else if cursor.take(&["CHARSET"]) || cursor.take(&["CHARACTER", "SET"]) {
            let _ = cursor.take_symbol("=");
            charset = cursor.name();
        } else if cursor.take(&["COLLATE"]) {
            let _ = cursor.take_symbol("=");
            collation = cursor.name();
        } else if cursor.take(&["COMMENT"]) {
            let _ = cursor.take_symbol("=");
            draft.table.comment = cursor.text().map(str::to_owned).filter(|text| !text.is_empty());
        } else if cursor.take(&["PARTITION", "BY"]) {
            draft.table.kind = TableKind::Partitioned;
            cursor.skip_to_end();
        } else if cursor.take_any(&["AS", "SELECT"]).is_some() {
            has_query = true;
            cursor.skip_to_end();
        } else {
            cursor.skip_one();
        }
    }
    let of = |name: Option<Ident>| name.map(|name| name.as_str().to_owned());
    if let Some(name) = table_collation(of(charset).as_deref(), of(collation).as_deref(), flavor) {
        draft.collation = name;
    }
    has_query
}

/// The collation that the two options name, if one of them is there.
pub(super) fn table_collation(charset: Option<&str>, collation: Option<&str>, flavor: Flavor) -> Option<String> {
    match (charset, collation) {
        (charset, Some(collation)) => Some(collation_name(collation, charset)),
        (Some(charset), None) => Some(default_collation(charset, flavor)),
        (None, None) => None,
    }
}

pub(super) fn set_engine(draft: &mut Draft, name: &str) {
    let known = ENGINES.into_iter().find(|engine| engine.eq_ignore_ascii_case(name));
    let engine = match name.to_ascii_lowercase().as_str() {
        "heap" => "MEMORY",
        "merge" => "MRG_MyISAM",
        "ndb" => "ndbcluster",
        _ => known.unwrap_or(name),
    };
    draft.table.engine = Some(engine.to_owned());
    if matches!(engine, "FEDERATED" | "CONNECT" | "SPIDER" | "S3") {
        draft.table.kind = TableKind::Foreign;
    }
}

/// The name of a table in a list.
pub(super) fn next_table(cursor: &mut Cursor<'_>, catalog: &Catalog) -> Result<TableName, &'static str> {
    catalog.table_name(cursor.names()).ok_or("the table's name is missing")
}
