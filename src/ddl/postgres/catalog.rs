//! The catalogue that PostgreSQL would have after the statements so far.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{
    ColumnType, ForeignKey, Ident, Index, IndexPart, Location, Note, Origin, Table, TableKind, TableName,
};

use super::name::{columns_part, invent, quoted};

/// Everything that was made and not dropped.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) tables: BTreeMap<TableName, Draft>,
    /// Partitions and inheriting tables by the table directly above.
    pub(super) children: BTreeMap<TableName, Vec<TableName>>,
    pub(super) types: BTreeMap<(Ident, Ident), UserType>,
    /// The table of each index.
    pub(super) index_tables: BTreeMap<TableName, TableName>,
    /// The indexes of partitions that belong to an index of the table above.
    pub(super) attached: BTreeMap<TableName, BTreeSet<TableName>>,
    /// Where names without a qualifier are looked for; the first is where they are made.
    pub(super) search_path: Vec<Ident>,
    /// Where the types of extensions are; `public` unless the extension says otherwise.
    pub(super) extension_types: BTreeMap<&'static str, Ident>,
    /// Collations that were made, with their namespace.
    pub(super) collations: BTreeSet<(Ident, Ident)>,
    /// Those of them that take different strings for equal, as SQL writes them.
    pub(super) folding_collations: BTreeSet<String>,
    /// Temporary tables: no part of the schema, but statements about them are no fault.
    pub(super) temporary: BTreeSet<Ident>,
    pub(super) notes: Vec<Note>,
}

/// A table as it stands.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) table: Table,
    pub(super) checks: Vec<Check>,
    /// The table that it is a partition of.
    pub(super) partition_parent: Option<TableName>,
    /// The tables that it inherits from with INHERITS, in order.
    pub(super) parents: Vec<TableName>,
}

/// A CHECK constraint.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: Ident,
    pub(super) condition: String,
}

/// A type that is not the server's own.
#[derive(Debug)]
pub(super) enum UserType {
    Enum(Vec<String>),
    Domain(Domain),
    /// Composite, range or base type.
    Other,
}

/// A domain.
#[derive(Debug)]
pub(super) struct Domain {
    /// The type at the bottom, with the domain's collation; `declared` is that type's too.
    pub(super) ty: ColumnType,
    pub(super) not_null: bool,
}

impl Catalog {
    pub(super) fn new() -> Self {
        Self {
            search_path: vec!["public".into()],
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, message: impl Into<String>, location: Location) {
        self.notes.push(Note {
            message: message.into(),
            location: Some(location),
        });
    }

    fn first_namespace(&self) -> Ident {
        self.search_path.first().cloned().unwrap_or_else(|| "public".into())
    }

    /// The name of something that is about to be made.
    pub(super) fn new_name(&self, mut parts: Vec<Ident>) -> Option<TableName> {
        let table = parts.pop()?;
        let namespace = parts.pop().unwrap_or_else(|| self.first_namespace());
        Some(TableName::qualified(namespace, table))
    }

    /// The name of a table that should be there: without qualifier, in the first namespace that has one.
    pub(super) fn table_name(&self, parts: Vec<Ident>) -> Option<TableName> {
        self.find(parts, |name| self.tables.contains_key(name))
    }

    /// The name of an index that should be there.
    pub(super) fn index_name(&self, parts: Vec<Ident>) -> Option<TableName> {
        self.find(parts, |name| self.index_tables.contains_key(name))
    }

    fn find(&self, parts: Vec<Ident>, is_there: impl Fn(&TableName) -> bool) -> Option<TableName> {
        if let [table] = parts.as_slice() {
            let found = self
                .search_path
                .iter()
                .map(|namespace| TableName::qualified(namespace.clone(), table.clone()))
                .find(|name| is_there(name));
            if found.is_some() {
                return found;
            }
        }
        self.new_name(parts)
    }

    pub(super) fn namespace_of_type(&self, name: &str) -> Ident {
        let name = Ident::new(name);
        let found = self
            .search_path
            .iter()
            .find(|namespace| self.types.contains_key(&((*namespace).clone(), name.clone())))
            .or_else(|| self.extension_types.get(name.as_str()));
        found.cloned().unwrap_or_else(|| "public".into())
    }

    /// A collation as the catalogue's reader writes it: the server's own without a qualifier.
    pub(super) fn collation_name(&self, parts: &[Ident]) -> String {
        let Some(name) = parts.last() else { return String::new() };
        let namespace = match parts {
            [namespace, _] => Some(namespace),
            _ => self
                .search_path
                .iter()
                .find(|namespace| self.collations.contains(&((*namespace).clone(), name.clone()))),
        };
        match namespace.filter(|namespace| namespace.as_str() != "pg_catalog") {
            Some(namespace) => format!("{}.{}", quoted(namespace.as_str()), quoted(name.as_str())),
            None => quoted(name.as_str()),
        }
    }

    /// Whether a table, index or constraint of that name is in the table's namespace.
    pub(super) fn is_relation(&self, namespace: Option<&Ident>, name: &Ident) -> bool {
        let name = TableName {
            namespace: namespace.cloned(),
            table: name.clone(),
        };
        self.tables.contains_key(&name) || self.index_tables.contains_key(&name)
    }

    /// The name that the server gives a constraint without one.
    pub(super) fn constraint_name(&self, table: &TableName, columns: &[Ident], label: &str) -> Ident {
        let draft = self.tables.get(table);
        let part = columns_part(columns.iter().map(Ident::as_str));
        invent(&table.table, &part, label, |name| {
            draft.is_some_and(|draft| draft.has_constraint(name)) || self.is_relation(table.namespace.as_ref(), name)
        })
    }

    /// The name that the server gives an index without one.
    pub(super) fn invented_index_name(&self, table: &TableName, index: &Index, label: &str) -> Ident {
        let mut names: Vec<String> = Vec::new();
        for part in &index.parts {
            let name = part_name(part);
            let mut unique = name.clone();
            let mut number = 0;
            while names.contains(&unique) {
                number += 1;
                unique = format!("{name}{number}");
            }
            names.push(unique);
        }
        names.extend(index.include.iter().map(|column| column.as_str().to_owned()));
        let part = match label {
            "pkey" => String::new(),
            _ => columns_part(names.iter().map(String::as_str)),
        };
        invent(&table.table, &part, label, |name| {
            self.is_relation(table.namespace.as_ref(), name)
        })
    }

    /// A table and everything below it: partitions and inheriting tables, unless only the table is meant.
    pub(super) fn with_descendants(&self, table: &TableName, only: bool) -> Vec<TableName> {
        let mut found = vec![table.clone()];
        let mut at = 0;
        while let Some(above) = found.get(at).filter(|_| !only) {
            let below: Vec<TableName> = self.children.get(above).into_iter().flatten().cloned().collect();
            found.extend(below.into_iter().filter(|name| name != table));
            at += 1;
            if at > self.tables.len() {
                break;
            }
        }
        found
    }

    /// The direct partitions of a table.
    pub(super) fn partitions(&self, table: &TableName) -> Vec<TableName> {
        let below = self.children.get(table).into_iter().flatten();
        below
            .filter(|child| {
                let child = self.tables.get(child);
                child.is_some_and(|draft| draft.partition_parent.as_ref() == Some(table))
            })
            .cloned()
            .collect()
    }

    pub(super) fn insert(&mut self, draft: Draft) {
        let name = draft.table.name.clone();
        for above in draft.parents.iter().chain(&draft.partition_parent) {
            self.children.entry(above.clone()).or_default().push(name.clone());
        }
        self.tables.insert(name, draft);
    }

    /// Removes a table with its indexes, its partitions, and the foreign keys that reference it.
    pub(super) fn drop_table(&mut self, name: &TableName) {
        let below = self.partitions(name);
        let Some(draft) = self.tables.remove(name) else { return };
        for index in &draft.table.indexes {
            self.index_tables.remove(&name.sibling(&index.name));
        }
        for above in draft.parents.iter().chain(&draft.partition_parent) {
            if let Some(children) = self.children.get_mut(above) {
                children.retain(|child| child != name);
            }
        }
        self.children.remove(name);
        for child in below {
            self.drop_table(&child);
        }
        self.drop_references(|key| key.parent == *name);
    }

    /// Removes the foreign keys of all tables that the test accepts. The server refuses to drop what is referenced
    /// unless it may drop the reference too.
    pub(super) fn drop_references(&mut self, is_gone: impl Fn(&ForeignKey) -> bool) {
        for draft in self.tables.values_mut() {
            draft.table.foreign_keys.retain(|key| !is_gone(key));
        }
    }

    /// Gives a table another name or namespace.
    pub(super) fn rename_table(&mut self, from: &TableName, to: &TableName) {
        let Some(mut draft) = self.tables.remove(from) else {
            return;
        };
        for index in &draft.table.indexes {
            self.index_tables.remove(&from.sibling(&index.name));
            self.index_tables.insert(to.sibling(&index.name), to.clone());
        }
        draft.table.name = to.clone();
        self.tables.insert(to.clone(), draft);
        if let Some(children) = self.children.remove(from) {
            self.children.insert(to.clone(), children);
        }
        let renamed = |name: &mut TableName| {
            if name == from {
                *name = to.clone();
            }
        };
        self.children.values_mut().flatten().for_each(renamed);
        for draft in self.tables.values_mut() {
            draft
                .parents
                .iter_mut()
                .chain(&mut draft.partition_parent)
                .for_each(renamed);
            draft
                .table
                .foreign_keys
                .iter_mut()
                .for_each(|key| renamed(&mut key.parent));
        }
    }
}

/// What an index's part contributes to an invented name: the column, else the function that is called, else `expr`
/// (`FigureIndexColname`).
fn part_name(part: &IndexPart) -> String {
    if let Some(column) = &part.column {
        return column.as_str().to_owned();
    }
    let text = part.expression.as_deref().unwrap_or("").trim_start_matches('(');
    let length = text
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '.'))
        .unwrap_or(text.len());
    let word = text.get(..length).unwrap_or("");
    let rest = text.get(length..).unwrap_or("").trim_start();
    let last = word.rsplit('.').next().unwrap_or("");
    if !last.is_empty() && (rest.starts_with('(') || rest.starts_with("::")) {
        last.to_ascii_lowercase()
    } else {
        "expr".to_owned()
    }
}

impl Draft {
    pub(super) fn new(name: TableName, kind: TableKind, origin: Origin) -> Self {
        Self {
            table: Table::new(name, kind, origin),
            checks: Vec::new(),
            partition_parent: None,
            parents: Vec::new(),
        }
    }

    pub(super) fn has_constraint(&self, name: &Ident) -> bool {
        let named = |other: &Option<Ident>| other.as_ref() == Some(name);
        self.checks.iter().any(|check| check.name == *name)
            || self.table.keys.iter().any(|key| named(&key.name))
            || self.table.foreign_keys.iter().any(|key| named(&key.name))
    }

    pub(super) fn set_not_null(&mut self, column: &Ident) {
        let column = self.table.columns.iter_mut().find(|known| known.name == *column);
        if let Some(column) = column {
            column.nullable = false;
        }
    }
}

impl TableName {
    /// Another name in the same namespace.
    pub(in crate::ddl) fn sibling(&self, name: &Ident) -> Self {
        Self {
            namespace: self.namespace.clone(),
            table: name.clone(),
        }
    }
}
