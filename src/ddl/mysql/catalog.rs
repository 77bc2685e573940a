//! The tables that MySQL or MariaDB would have after the statements so far.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Ident, Index, IndexPart, Key, Location, Note, Origin, Table, TableKind, TableName};

use super::Flavor;
use super::types::default_collation;

/// Everything that was made and not dropped.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) flavor: Flavor,
    pub(super) tables: BTreeMap<TableName, Draft>,
    /// The database in use.
    pub(super) database: Option<Ident>,
    /// Default collations of databases.
    pub(super) collations: BTreeMap<Ident, String>,
    /// Temporary tables: no part of the schema, but statements about them are no fault.
    pub(super) temporary: BTreeSet<TableName>,
    pub(super) notes: Vec<Note>,
}

/// A table as it stands.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) table: Table,
    pub(super) checks: Vec<Check>,
    /// What columns are compared by that say nothing of it.
    pub(super) collation: String,
    /// Indexes that the server made for a foreign key, and drops when another one serves.
    pub(super) made_for_foreign_key: BTreeSet<Ident>,
}

/// A CHECK constraint.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: Ident,
    pub(super) condition: String,
}

/// The name of every primary key.
pub(super) const PRIMARY: &str = "PRIMARY";

impl Catalog {
    pub(super) fn new(flavor: Flavor) -> Self {
        Self {
            flavor,
            tables: BTreeMap::new(),
            database: None,
            collations: BTreeMap::new(),
            temporary: BTreeSet::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, message: impl Into<String>, location: Location) {
        self.notes.push(Note {
            message: message.into(),
            location: Some(location),
        });
    }

    /// A table's full name: without qualifier it is in the database in use.
    pub(super) fn table_name(&self, mut parts: Vec<Ident>) -> Option<TableName> {
        let table = parts.pop()?;
        Some(TableName {
            namespace: parts.pop().or_else(|| self.database.clone()),
            table,
        })
    }

    pub(super) fn draft(&mut self, name: &TableName) -> Result<&mut Draft, String> {
        self.tables
            .get_mut(name)
            .ok_or_else(|| format!("there is no table `{name}`"))
    }

    pub(super) fn new_draft(&self, name: TableName, kind: TableKind, origin: Origin) -> Draft {
        let of_database = name
            .namespace
            .as_ref()
            .and_then(|database| self.collations.get(database));
        let collation = of_database
            .cloned()
            .unwrap_or_else(|| default_collation("utf8mb4", self.flavor));
        let mut table = Table::new(name, kind, origin);
        table.engine = (kind == TableKind::Table).then(|| "InnoDB".to_owned());
        Draft {
            table,
            checks: Vec::new(),
            collation,
            made_for_foreign_key: BTreeSet::new(),
        }
    }

    /// Gives a table another name. Foreign keys follow.
    pub(super) fn rename_table(&mut self, from: &TableName, to: &TableName) -> Result<(), String> {
        let mut draft = self
            .tables
            .remove(from)
            .ok_or_else(|| format!("there is no table `{from}`"))?;
        // Invented names follow the table's (manual, "RENAME TABLE Statement").
        let old = format!("{}_ibfk_", from.table);
        for key in &mut draft.table.foreign_keys {
            if let Some(number) = key.name.as_ref().and_then(|name| name.as_str().strip_prefix(&old)) {
                key.name = Some(format!("{}_ibfk_{number}", to.table).into());
            }
        }
        draft.table.name = to.clone();
        self.tables.insert(to.clone(), draft);
        let keys = self.tables.values_mut().flat_map(|draft| &mut draft.table.foreign_keys);
        for key in keys.filter(|key| key.parent == *from) {
            key.parent = to.clone();
        }
        Ok(())
    }
}

impl Draft {
    /// The name of a new index without one: its first column's, with a number where that is taken.
    fn index_name(&self, index: &Index) -> Ident {
        let column = index.parts.first().and_then(|part| part.column.as_ref());
        let base = column.map_or("functional_index", Ident::as_str);
        let is_taken = |name: &str| {
            name.eq_ignore_ascii_case(PRIMARY)
                || self
                    .table
                    .indexes
                    .iter()
                    .any(|index| index.name.as_str().eq_ignore_ascii_case(name))
        };
        if !is_taken(base) {
            return base.into();
        }
        let mut number = 2;
        while is_taken(&format!("{base}_{number}")) {
            number += 1;
        }
        format!("{base}_{number}").into()
    }

    /// Adds an index; one that was made for a foreign key and is the start of it goes.
    pub(super) fn add_index(&mut self, mut index: Index) -> Result<(), String> {
        self.settle_method(&mut index);
        for part in &mut index.parts {
            part.prefix = part
                .prefix
                .filter(|_| index.method == "btree" || index.method == "hash");
            let column = part
                .column
                .as_ref()
                .and_then(|name| self.table.find_column(name.as_str()));
            if let Some(column) = column {
                part.column = Some(column.name.clone());
                // A prefix as long as the column is none.
                part.prefix = part.prefix.filter(|prefix| column.ty.length != Some(*prefix));
            } else if let Some(name) = &part.column {
                return Err(format!("there is no column `{name}`"));
            }
        }
        let served: Vec<Ident> = self
            .made_for_foreign_key
            .iter()
            .filter(|name| self.index(name).is_some_and(|made| is_start(made, &index)))
            .cloned()
            .collect();
        for name in served {
            self.drop_index(&name);
        }
        if index.name.as_str().is_empty() {
            index.name = self.index_name(&index);
        } else if self.index(&index.name).is_some() {
            return Err(format!("there is an index `{}` already", index.name));
        }
        if let Some(columns) = index.whole_columns().filter(|_| index.unique) {
            let columns: Vec<Ident> = columns.into_iter().cloned().collect();
            self.table.keys.push(Key {
                name: Some(index.name.clone()),
                primary: index.name.as_str() == PRIMARY,
                columns,
                deferrable: false,
                nulls_not_distinct: false,
                without_overlaps: false,
                origin: index.origin.clone(),
            });
            index.constraint = Some(index.name.clone());
        }
        if index.name.as_str() == PRIMARY {
            index.bound = true;
            let columns: Vec<Ident> = index.parts.iter().filter_map(|part| part.column.clone()).collect();
            for column in self
                .table
                .columns
                .iter_mut()
                .filter(|column| columns.contains(&column.name))
            {
                column.nullable = false;
                column.default = column.default.take().filter(|default| default != "NULL");
            }
        }
        self.table.indexes.push(index);
        Ok(())
    }

    /// Only tables in memory have a choice of method, and take HASH where nothing is said (manual, "CREATE INDEX
    /// Statement").
    fn settle_method(&self, index: &mut Index) {
        let has_choice = matches!(self.table.engine.as_deref(), Some("MEMORY" | "ndbcluster"));
        match index.method.as_str() {
            "" if has_choice => "hash".clone_into(&mut index.method),
            "hash" if has_choice => {}
            "" | "hash" | "btree" | "rtree" => "btree".clone_into(&mut index.method),
            _ => {}
        }
    }

    /// The index of that name; letter case does not count.
    pub(super) fn index(&self, name: &Ident) -> Option<&Index> {
        self.table
            .indexes
            .iter()
            .find(|index| index.name.as_str().eq_ignore_ascii_case(name.as_str()))
    }

    pub(super) fn drop_index(&mut self, name: &Ident) -> bool {
        let before = self.table.indexes.len();
        self.table
            .indexes
            .retain(|index| !index.name.as_str().eq_ignore_ascii_case(name.as_str()));
        self.table.keys.retain(|key| {
            !key.name
                .as_ref()
                .is_some_and(|key| key.as_str().eq_ignore_ascii_case(name.as_str()))
        });
        self.made_for_foreign_key.remove(name);
        self.table.indexes.len() < before
    }

    /// Makes the index that a foreign key needs, unless there is one that starts with its columns (manual, "FOREIGN KEY
    /// Constraints").
    pub(super) fn index_foreign_key(&mut self, columns: &[Ident], name: Option<Ident>, origin: &Origin) {
        let serves = |index: &Index| {
            let starts = index
                .parts
                .iter()
                .map(|part| part.column.as_ref())
                .take(columns.len())
                .eq(columns.iter().map(Some));
            starts && (index.method == "btree" || index.method == "hash")
        };
        if self.table.indexes.iter().any(serves) {
            return;
        }
        let mut index = empty_index(origin.clone());
        index.parts = columns.iter().map(|column| IndexPart::column(column.clone())).collect();
        index.name = name
            .filter(|name| self.index(name).is_none())
            .unwrap_or_else(|| self.index_name(&index));
        let name = index.name.clone();
        if self.add_index(index).is_ok() {
            self.made_for_foreign_key.insert(name);
        }
    }

    /// The name of a foreign key without one: `table_ibfk_1` and on, behind the highest number so far.
    pub(super) fn foreign_key_name(&self) -> Ident {
        let start = format!("{}_ibfk_", self.table.name.table);
        let numbers = self.table.foreign_keys.iter().filter_map(|key| {
            let name = key.name.as_ref()?.as_str();
            name.strip_prefix(&start)?.parse::<u32>().ok()
        });
        format!("{start}{}", numbers.max().unwrap_or(0).saturating_add(1)).into()
    }

    /// The name of a check without one: `table_chk_1`, in MariaDB `CONSTRAINT_1`.
    pub(super) fn check_name(&self, flavor: Flavor) -> Ident {
        let start = match flavor {
            Flavor::MySql => format!("{}_chk_", self.table.name.table),
            Flavor::MariaDb => "CONSTRAINT_".to_owned(),
        };
        let mut number = 1;
        loop {
            let name = Ident::new(format!("{start}{number}"));
            if !self.checks.iter().any(|check| check.name == name) {
                return name;
            }
            number += 1;
        }
    }
}

/// An index of which nothing is known yet but its place, not even the method.
pub(super) fn empty_index(origin: Origin) -> Index {
    Index {
        name: "".into(),
        parts: Vec::new(),
        include: Vec::new(),
        unique: false,
        method: String::new(),
        predicate: None,
        valid: true,
        visible: true,
        nulls_not_distinct: false,
        constraint: None,
        bound: false,
        options: None,
        comment: None,
        origin,
    }
}

fn is_start(made: &Index, other: &Index) -> bool {
    made.parts.len() <= other.parts.len()
        && other.method == made.method
        && made
            .parts
            .iter()
            .zip(&other.parts)
            .all(|(left, right)| left.column == right.column)
}
