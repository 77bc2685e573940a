//! A change to the tables of whatever database is connected: for migrations, which are run on many databases of different
//! names. In MySQL and MariaDB a table's namespace is its database (manual, "CREATE DATABASE Statement").

use std::collections::BTreeMap;

use super::change::{Change, PlanDialect, Version, Work};
use super::key_move::KeyMove;
use super::probe_sql::Ends;
use super::retype::Retype;
use super::row_set::RowSet;
use crate::schema::{ForeignKey, Ident, Table, TableName};

/// The statements that make a change so, in which tables of this namespace are named without it.
///
/// # Errors
///
/// See [`PlanDialect::work`].
pub fn work(
    dialect: &dyn PlanDialect,
    change: &Change<'_>,
    version: Version,
    namespace: &Ident,
) -> Result<Work, String> {
    let mut tables = Tables {
        namespace,
        tables: BTreeMap::new(),
    };
    tables.keep(change);
    dialect.work(&tables.change(change), version)
}

/// The tables of a change as they are named without their namespace, by their whole names.
struct Tables<'n> {
    namespace: &'n Ident,
    tables: BTreeMap<TableName, Table>,
}

impl Tables<'_> {
    fn keep(&mut self, change: &Change<'_>) {
        match change {
            Change::AddIndex { table, .. }
            | Change::DropIndex { table, .. }
            | Change::AddUnique { table, .. }
            | Change::SetNotNull { table, .. }
            | Change::DropNotNull { table, .. }
            | Change::EmptyQuarantine { table, .. } => self.keep_table(table),
            Change::AddForeignKey { child, parent, .. }
            | Change::ValidateForeignKey { child, parent, .. }
            | Change::DropForeignKey { child, parent, .. }
            | Change::ReplaceForeignKey { child, parent, .. } => {
                self.keep_table(child);
                self.keep_table(parent);
            }
            Change::Retype { retype, .. } => self.keep_table(retype.table),
            Change::MoveKey { moving, .. } => {
                self.keep_table(moving.child);
                self.keep_table(moving.parent);
            }
            Change::RemoveRows { rows, .. } | Change::ClearKeys { rows, .. } => self.keep_rows(rows),
        }
    }

    fn keep_rows(&mut self, rows: &RowSet<'_>) {
        match rows {
            RowSet::Orphans(ends) | RowSet::Sentinels(ends) => self.keep_ends(ends),
            RowSet::Below { ends, above } => {
                self.keep_ends(ends);
                self.keep_rows(above);
            }
            RowSet::Unreferenced { rows, by } => {
                self.keep_rows(rows);
                for ends in by {
                    self.keep_ends(ends);
                }
            }
            RowSet::Duplicates { table, .. } => self.keep_table(table),
        }
    }

    fn keep_ends(&mut self, ends: &Ends<'_>) {
        self.keep_table(ends.child);
        self.keep_table(ends.parent);
    }

    fn keep_table(&mut self, table: &Table) {
        let mut plain = table.clone();
        plain.name = self.name(&table.name);
        plain.foreign_keys = table.foreign_keys.iter().map(|key| self.key(key)).collect();
        self.tables.insert(table.name.clone(), plain);
    }

    fn name(&self, name: &TableName) -> TableName {
        TableName {
            namespace: name.namespace.clone().filter(|namespace| namespace != self.namespace),
            table: name.table.clone(),
        }
    }

    fn key(&self, key: &ForeignKey) -> ForeignKey {
        ForeignKey {
            parent: self.name(&key.parent),
            ..key.clone()
        }
    }

    fn table<'t>(&'t self, table: &'t Table) -> &'t Table {
        self.tables.get(&table.name).unwrap_or(table)
    }

    fn change<'t>(&'t self, change: &'t Change<'_>) -> Change<'t> {
        match change {
            Change::AddIndex {
                table,
                columns,
                name,
                partitions,
            } => Change::AddIndex {
                table: self.table(table),
                columns,
                name: name.clone(),
                partitions: partitions.clone(),
            },
            Change::DropIndex { table, index, beside } => Change::DropIndex {
                table: self.table(table),
                index: index.clone(),
                beside: beside.clone(),
            },
            Change::AddUnique {
                table,
                columns,
                name,
                primary,
                partitions,
            } => Change::AddUnique {
                table: self.table(table),
                columns,
                name: name.clone(),
                primary: *primary,
                partitions: partitions.clone(),
            },
            Change::Retype { retype, stage } => Change::Retype {
                retype: Retype {
                    table: self.table(retype.table),
                    ..retype.clone()
                },
                stage: *stage,
            },
            Change::MoveKey { moving, stage } => Change::MoveKey {
                moving: KeyMove {
                    child: self.table(moving.child),
                    parent: self.table(moving.parent),
                    ..moving.clone()
                },
                stage: *stage,
            },
            Change::SetNotNull {
                table,
                column,
                standing,
            } => Change::SetNotNull {
                table: self.table(table),
                column,
                standing: standing.clone(),
            },
            Change::DropNotNull {
                table,
                column,
                standing,
            } => Change::DropNotNull {
                table: self.table(table),
                column,
                standing: standing.clone(),
            },
            Change::RemoveRows { rows, keeping } => Change::RemoveRows {
                rows: self.rows(rows),
                keeping: keeping.clone(),
            },
            Change::ClearKeys { rows, columns, keeping } => Change::ClearKeys {
                rows: self.rows(rows),
                columns: columns.clone(),
                keeping: keeping.clone(),
            },
            Change::EmptyQuarantine { table, keeping } => Change::EmptyQuarantine {
                table: self.table(table),
                keeping: keeping.clone(),
            },
            Change::AddForeignKey { .. }
            | Change::ValidateForeignKey { .. }
            | Change::DropForeignKey { .. }
            | Change::ReplaceForeignKey { .. } => self.key_change(change),
        }
    }

    fn key_change<'t>(&'t self, change: &'t Change<'_>) -> Change<'t> {
        match change {
            Change::AddForeignKey {
                child,
                parent,
                key,
                copying,
                parts,
            } => Change::AddForeignKey {
                child: self.table(child),
                parent: self.table(parent),
                key: self.key(key),
                copying: *copying,
                parts: parts
                    .iter()
                    .map(|(part, key)| (self.table(part), self.key(key)))
                    .collect(),
            },
            Change::ValidateForeignKey {
                child,
                parent,
                key,
                existing,
            } => Change::ValidateForeignKey {
                child: self.table(child),
                parent: self.table(parent),
                key: self.key(key),
                existing: *existing,
            },
            Change::DropForeignKey { child, parent, key } => Change::DropForeignKey {
                child: self.table(child),
                parent: self.table(parent),
                key: self.key(key),
            },
            Change::ReplaceForeignKey {
                child,
                parent,
                old,
                new,
                temporary,
                copying,
            } => Change::ReplaceForeignKey {
                child: self.table(child),
                parent: self.table(parent),
                old: self.key(old),
                new: self.key(new),
                temporary: temporary.clone(),
                copying: *copying,
            },
            other => self.change(other),
        }
    }

    fn rows<'t>(&'t self, rows: &'t RowSet<'_>) -> RowSet<'t> {
        match rows {
            RowSet::Orphans(ends) => RowSet::Orphans(self.ends(ends)),
            RowSet::Sentinels(ends) => RowSet::Sentinels(self.ends(ends)),
            RowSet::Below { ends, above } => RowSet::Below {
                ends: self.ends(ends),
                above: Box::new(self.rows(above)),
            },
            RowSet::Unreferenced { rows, by } => RowSet::Unreferenced {
                rows: Box::new(self.rows(rows)),
                by: by.iter().map(|ends| self.ends(ends)).collect(),
            },
            RowSet::Duplicates { table, unique, stays } => RowSet::Duplicates {
                table: self.table(table),
                unique,
                stays: *stays,
            },
        }
    }

    fn ends<'t>(&'t self, ends: &Ends<'t>) -> Ends<'t> {
        Ends {
            child: self.table(ends.child),
            parent: self.table(ends.parent),
            ..*ends
        }
    }
}
