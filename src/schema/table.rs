//! Tables and columns.

use std::collections::BTreeSet;

use super::{ColumnType, ForeignKey, Ident, Index, Key, Origin, TableName};

/// A table, or something that reads like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// In declared order.
    pub columns: Vec<Column>,
    /// Primary key and unique constraints.
    pub keys: Vec<Key>,
    /// Declared foreign keys; on a partition only those that it does not inherit from its root.
    pub foreign_keys: Vec<ForeignKey>,
    /// All indexes, those of keys included.
    pub indexes: Vec<Index>,
    /// Conditions of CHECK constraints, as the server prints them.
    pub checks: Vec<String>,
    /// The root of the partition tree, if this is a partition.
    pub partition_of: Option<TableName>,
    /// Tables it inherits from (PostgreSQL's INHERITS), nearest first.
    pub inherits: Vec<TableName>,
    /// The storage engine (MySQL, MariaDB): `InnoDB`, `MyISAM`, `Aria`.
    pub engine: Option<String>,
    /// The planner's estimate; `None` where it has none. Changes from run to run: never printed in a report.
    pub estimated_rows: Option<u64>,
    /// Size on disk in bytes, indexes included, where the server tells.
    pub size_bytes: Option<u64>,
    /// Whether row security hides rows from the current role.
    pub row_security: RowSecurity,
    /// Whether the current role may read all columns that keys and relations need.
    pub readable: bool,
    /// The comment on it.
    pub comment: Option<String>,
    /// The column that marks a row as deleted, where a model says so.
    pub soft_delete: Option<Ident>,
    /// False where the user left it out of the audit: it is here only because others may reference it.
    pub audited: bool,
    /// What made it. Only SQLite keeps that, where a table is changed by being made anew.
    pub definition: Option<Definition>,
    /// Whether it keeps all former versions of its rows (MariaDB's WITH SYSTEM VERSIONING).
    pub versioned: bool,
    /// The columns of which stored columns are computed, where a server tells that limits its foreign keys (MySQL, MariaDB).
    pub computed_from: BTreeSet<Ident>,
    /// Where it was declared.
    pub origin: Origin,
}

/// What made a table, as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    /// The CREATE TABLE.
    pub table: String,
    /// The statements that made its indexes and triggers, in the order in which they were run.
    pub beside: Vec<String>,
    /// Tables of the engine's own that can have rows about it, which go when it goes: counters and statistics.
    pub kept_in: Vec<String>,
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// The root, or an inner node, of a partition tree.
    Partitioned,
    /// SQLite's WITHOUT ROWID.
    WithoutRowid,
    /// Data that lives elsewhere (PostgreSQL's foreign tables, SQLite's virtual tables, MySQL's FEDERATED).
    Foreign,
    /// A view.
    View,
    /// A view that stores its rows.
    MaterializedView,
}

impl TableKind {
    /// Whether relations are looked for in it.
    pub fn holds_rows(self) -> bool {
        matches!(self, Self::Table | Self::Partitioned | Self::WithoutRowid)
    }
}

/// Whether row security hides rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSecurity {
    /// It is off for the table.
    Off,
    /// It is on, and the current role is exempt.
    Bypassed,
    /// It is on, and applies to the current role.
    Applies,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it takes nulls.
    pub nullable: bool,
    /// The default, as the server prints it.
    pub default: Option<String>,
    /// Whether the server numbers new rows: identity, serial, AUTO_INCREMENT, an alias of SQLite's rowid.
    pub identity: bool,
    /// Whether it is computed from other columns.
    pub generated: Option<Generated>,
    /// The comment on it.
    pub comment: Option<String>,
    /// Where it was declared.
    pub origin: Origin,
}

/// How a generated column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// Computed when it is written.
    Stored,
    /// Computed when it is read.
    Virtual,
}

impl Table {
    /// An empty table: the start for a reader, which fills in what it knows.
    pub fn new(name: TableName, kind: TableKind, origin: Origin) -> Self {
        Self {
            name,
            kind,
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            partition_of: None,
            inherits: Vec::new(),
            engine: None,
            estimated_rows: None,
            size_bytes: None,
            row_security: RowSecurity::Off,
            readable: true,
            comment: None,
            soft_delete: None,
            audited: true,
            definition: None,
            versioned: false,
            computed_from: BTreeSet::new(),
            origin,
        }
    }

    /// The column of that exact name.
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// The column that a person means by `text`: exactly, else without regard to letter case.
    pub fn find_column(&self, text: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.as_str() == text)
            .or_else(|| {
                self.columns
                    .iter()
                    .find(|column| column.name.as_str().to_lowercase() == text.to_lowercase())
            })
    }

    /// The primary key.
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.primary)
    }

    /// The column sets that are unique over all rows: keys, and unique indexes without condition, expression or
    /// prefix.
    pub fn unique_column_sets(&self) -> Vec<Vec<&Ident>> {
        let mut sets: Vec<Vec<&Ident>> = Vec::new();
        let keys = self
            .keys
            .iter()
            .filter(|key| !key.without_overlaps)
            .map(|key| key.columns.iter().collect());
        let indexes = self
            .indexes
            .iter()
            .filter(|index| index.is_full_unique_key())
            .filter_map(Index::whole_columns);
        for set in keys.chain(indexes) {
            if !sets.iter().any(|known| same_columns(known, &set)) {
                sets.push(set);
            }
        }
        sets
    }

    /// Whether exactly these columns, in any order, are a full unique key.
    pub fn is_unique_key(&self, columns: &[Ident]) -> bool {
        let wanted: Vec<&Ident> = columns.iter().collect();
        self.unique_column_sets().iter().any(|set| same_columns(set, &wanted))
    }

    /// Which of these columns can be set to null: they take nulls and are not computed from others.
    pub fn settable_to_null(&self, columns: &[Ident]) -> Vec<Ident> {
        let settable = |column: &Column| column.nullable && column.generated.is_none();
        let found = columns.iter().filter(|name| self.column(name).is_some_and(settable));
        found.cloned().collect()
    }

    /// Leaves columns out, with the keys, indexes and foreign keys that they are in.
    pub fn forget_columns(&mut self, is_left_out: impl Fn(&Ident) -> bool) {
        if !self.columns.iter().any(|column| is_left_out(&column.name)) {
            return;
        }
        self.columns.retain(|column| !is_left_out(&column.name));
        self.keys.retain(|key| !key.columns.iter().any(&is_left_out));
        self.foreign_keys.retain(|key| !key.columns.iter().any(&is_left_out));
        self.indexes.retain(|index| {
            let mut columns = index.parts.iter().filter_map(|part| part.column.as_ref());
            !columns.any(&is_left_out)
        });
    }

    /// Whether any of these columns takes nulls. A missing column does not count.
    pub fn any_nullable(&self, columns: &[Ident]) -> bool {
        columns
            .iter()
            .filter_map(|name| self.column(name))
            .any(|column| column.nullable)
    }
}

fn same_columns(left: &[&Ident], right: &[&Ident]) -> bool {
    left.len() == right.len() && left.iter().all(|column| right.contains(column))
}
