//! Foreign keys, also those between databases.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::{Error, Session};
use crate::schema::{
    Action, Column, ColumnType, Deferrable, ForeignKey, Ident, Match, Note, Origin, Table, TableName, TypeFamily,
};

use super::scope::Scope;
use super::veiled::{self, ColumnPairs};
use super::{Catalog, Settings, shortened, show_create, table_name};
use crate::dialect::mysql::text::quote;

/// A foreign key with the names that the catalogue gives, which may differ in letter case from those of the tables.
pub(super) struct Reference {
    name: String,
    pub(super) child: TableName,
    pub(super) parent: TableName,
    columns: ColumnPairs,
    /// On delete and on update; `None` where the server hides them.
    actions: Option<(Action, Action)>,
}

/// A foreign key's table and name.
type Named = (TableName, String);

/// Reads the foreign keys that lead from or to a scope.
pub(super) fn read(catalog: &mut Catalog<'_>, scope: &Scope, notes: &mut Vec<Note>) -> Result<Vec<Reference>, Error> {
    let sql = scope.narrow(include_str!("foreign_key_columns.sql"));
    let mut references: BTreeMap<Named, (TableName, ColumnPairs)> = BTreeMap::new();
    for mut row in catalog.rows("reading the foreign keys", &sql)? {
        let of = (table_name(&mut row, 0), row.text(2));
        let (position, column) = (row.number(3).unwrap_or(0), row.text(4));
        let parent = table_name(&mut row, 5);
        let (_, columns) = references.entry(of).or_insert_with(|| (parent, BTreeMap::new()));
        columns.insert(position, (column, row.text(7)));
    }
    let sql = scope.narrow(include_str!("foreign_key_actions.sql"));
    let mut actions = BTreeMap::new();
    for mut row in catalog.rows("reading the foreign keys' actions", &sql)? {
        let of = (table_name(&mut row, 0), row.text(2));
        let both = Action::from_sql(&row.text(3)).zip(Action::from_sql(&row.text(4)));
        actions.insert(of, both);
    }
    let references: Vec<Reference> = references
        .into_iter()
        .map(|(of, (parent, columns))| {
            let actions = actions.remove(&of).flatten();
            let (child, name) = of;
            Reference {
                name,
                child,
                parent,
                columns,
                actions,
            }
        })
        .collect();
    // What is left are keys whose columns the server does not show.
    let hidden: Vec<String> = actions
        .into_keys()
        .map(|(child, name)| format!("{name} of {child}"))
        .collect();
    note_hidden(&hidden, notes);
    Ok(references)
}

fn note_hidden(foreign_keys: &[String], notes: &mut Vec<Note>) {
    if !foreign_keys.is_empty() {
        notes.push(Note::new(format!(
            "not audited, because the role has no privilege on their columns, are the foreign keys {}",
            shortened(foreign_keys)
        )));
    }
}

/// Puts the foreign keys into their tables, under the names that these have.
pub(super) fn attach(
    catalog: &mut Catalog<'_>,
    mut references: Vec<Reference>,
    tables: &mut BTreeMap<TableName, Table>,
    settings: &Settings,
    notes: &mut Vec<Note>,
) -> Result<(), Error> {
    let stored = StoredNames::of(tables, settings);
    for reference in &mut references {
        reference.child = stored.find(&reference.child);
        reference.parent = stored.find(&reference.parent);
    }
    read_hidden_actions(catalog, &mut references, notes)?;
    let (mut lost, mut hidden) = (Vec::new(), Vec::new());
    for mut reference in references {
        if catalog.server.is_mysql_from((8, 0, 0))
            && let Some(child) = tables.get(&reference.child)
        {
            let Some(all) = veiled::complete(&reference.columns, child, tables.get(&reference.parent)) else {
                hidden.push(format!("{} of {}", reference.name, reference.child));
                continue;
            };
            reference.columns = all;
        }
        let (columns, parent_columns) = reference.columns.into_values().unzip();
        let columns = stored_columns(tables, &reference.child, columns);
        let parent_columns = stored_columns(tables, &reference.parent, parent_columns);
        let (on_delete, on_update) = reference.actions.unwrap_or((Action::NoAction, Action::NoAction));
        let nullable = [on_delete, on_update].contains(&Action::SetNull);
        let (child_end, parent_end) = ((&reference.child, &*columns), (&reference.parent, &*parent_columns));
        reveal(tables, child_end, parent_end, nullable);
        reveal(tables, parent_end, child_end, false);
        let Some(child) = tables.get_mut(&reference.child) else {
            lost.push(format!("{} of {}", reference.name, reference.child));
            continue;
        };
        child.foreign_keys.push(ForeignKey {
            name: Some(reference.name.into()),
            columns,
            parent: reference.parent,
            parent_columns,
            on_delete,
            on_update,
            set_columns: Vec::new(),
            match_type: Match::Simple,
            deferrable: Deferrable::No,
            // Rows get in while foreign_key_checks is off, and nothing in the catalogue tells.
            validated: true,
            enforced: true,
            period: false,
            origin: Origin::Catalog,
        });
    }
    note_hidden(&hidden, notes);
    if !lost.is_empty() {
        notes.push(Note::new(format!(
            "not audited, because their tables cannot be seen, are the foreign keys {}",
            shortened(&lost)
        )));
    }
    Ok(())
}

/// MariaDB hides the actions from a role that may only SELECT, but tells them in `SHOW CREATE TABLE`. All those go to
/// the server in one piece.
fn read_hidden_actions(
    catalog: &mut Catalog<'_>,
    references: &mut [Reference],
    notes: &mut Vec<Note>,
) -> Result<(), Error> {
    let mut wanted: BTreeSet<TableName> = references
        .iter()
        .filter(|reference| reference.actions.is_none())
        .map(|reference| reference.child.clone())
        .collect();
    let mut denied = Vec::new();
    while !wanted.is_empty() {
        let statements: Vec<String> = wanted
            .iter()
            .map(|table| {
                let namespace = table.namespace.as_ref().map_or("", Ident::as_str);
                format!("SHOW CREATE TABLE {}.{}", quote(namespace), quote(table.table.as_str()))
            })
            .collect();
        let mut texts = Vec::new();
        let outcome = catalog.session.query(&statements.join(";"), &mut |mut row| {
            texts.push(row.get_mut(1).and_then(Option::take).unwrap_or_default());
        });
        let answered: Vec<TableName> = wanted.iter().take(texts.len()).cloned().collect();
        for (table, text) in answered.into_iter().zip(texts) {
            wanted.remove(&table);
            let actions = show_create::actions(&text);
            for reference in references.iter_mut().filter(|reference| reference.child == table) {
                reference.actions = reference.actions.or(actions.get(&reference.name).copied());
            }
        }
        match outcome {
            Ok(()) => break,
            Err(failure) if failure.ends_session() => {
                return Err(Error::Query {
                    source_name: catalog.source_name.to_owned(),
                    doing: "reading the foreign keys' actions".to_owned(),
                    failure,
                });
            }
            // The first that was not answered is the one that failed; the server skipped the rest.
            Err(_) => denied.extend(wanted.pop_first()),
        }
    }
    let unknown: Vec<String> = references
        .iter()
        .filter(|reference| reference.actions.is_none())
        .map(|reference| format!("{} of {}", reference.name, reference.child))
        .collect();
    if !unknown.is_empty() {
        notes.push(Note::new(format!(
            "the server does not show to this role what these foreign keys do on delete and update, so NO ACTION is \
             assumed: {}",
            shortened(&unknown)
        )));
    }
    Ok(())
}

/// The names of the tables that were read, to be found as the server finds them.
struct StoredNames {
    by_folded: BTreeMap<String, TableName>,
    folds: bool,
}

impl StoredNames {
    fn of(tables: &BTreeMap<TableName, Table>, settings: &Settings) -> Self {
        let folds = settings.folds_table_names;
        let by_folded = tables.keys().map(|name| (folded(name), name.clone())).collect();
        Self { by_folded, folds }
    }

    fn find(&self, name: &TableName) -> TableName {
        let stored = if self.folds {
            self.by_folded.get(&folded(name))
        } else {
            None
        };
        stored.unwrap_or(name).clone()
    }
}

fn folded(name: &TableName) -> String {
    name.to_string().to_lowercase()
}

/// The columns as their table spells them: a foreign key can have been declared in other letter case.
fn stored_columns(tables: &BTreeMap<TableName, Table>, table: &TableName, columns: Vec<String>) -> Vec<Ident> {
    let table = tables.get(table);
    columns
        .into_iter()
        .map(|column| match table.and_then(|table| table.find_column(&column)) {
            Some(stored) => stored.name.clone(),
            None => column.into(),
        })
        .collect()
}

/// Adds the columns of a foreign key that the server hides for want of a privilege. They are there, since the foreign
/// key is, and of a type like the other side's. That they take nulls is assumed only where they must.
fn reveal(
    tables: &mut BTreeMap<TableName, Table>,
    (table, columns): (&TableName, &[Ident]),
    (other, other_columns): (&TableName, &[Ident]),
    nullable: bool,
) {
    let hidden: Vec<Column> = match tables.get(table) {
        None => return,
        Some(table) => columns
            .iter()
            .zip(other_columns)
            .filter(|(column, _)| table.column(column).is_none())
            .map(|(column, other_column)| {
                let twin = tables.get(other).and_then(|other| other.column(other_column));
                hidden_column(column, twin, nullable)
            })
            .collect(),
    };
    if let (Some(table), false) = (tables.get_mut(table), hidden.is_empty()) {
        table.readable = false;
        table.columns.extend(hidden);
    }
}

fn hidden_column(name: &Ident, twin: Option<&Column>, nullable: bool) -> Column {
    Column {
        name: name.clone(),
        ty: twin.map_or_else(
            || ColumnType {
                declared: "unknown".to_owned(),
                base: "unknown".to_owned(),
                family: TypeFamily::Other,
                length: None,
                collation: None,
                labels: Vec::new(),
            },
            |twin| twin.ty.clone(),
        ),
        nullable,
        default: None,
        identity: false,
        generated: None,
        comment: None,
        origin: Origin::Catalog,
    }
}
