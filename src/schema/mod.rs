//! What a database is: tables, columns, keys, indexes, foreign keys.
//!
//! The bottom of the crate. It never does I/O and knows no dialect: a reader fills a [`Schema`], and everything after
//! it asks the schema and nothing else.

mod association;
mod declaration;
mod foreign_key;
mod key;
mod lookup;
mod name;
mod note;
mod origin;
mod redundancy;
mod stated;
mod table;
mod types;

use std::collections::BTreeMap;

pub use association::{
    Association, AssociationKind, Attribute, DeleteIntent, End, Link, Model, PolymorphicEnd, UnknownOption,
};
pub use declaration::{Declaration, Declarations, DeclaredModel, DeclaredReference, Found, Joint, Missing, ModelTable};
pub use foreign_key::{Action, Deferrable, ForeignKey, Match};
pub use key::{Index, IndexPart, Key};
pub use lookup::{Lookup, Uniqueness};
pub use name::{ColumnSet, Ident, TableName, display_columns};
pub use note::{Note, Read};
pub use origin::{Location, Origin};
pub use redundancy::Redundant;
pub use stated::{
    ForbiddenRelation, RelationKind, Stated, StatedBy, StatedJoinTable, StatedPolymorphic, StatedRelation,
};
pub use table::{Column, Definition, Generated, RowSecurity, Table, TableKind};
pub use types::{Collation, ColumnType, TypeFamily};

/// One database as it was read.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Every table, partition, view and foreign table that was read, in name order.
    pub tables: BTreeMap<TableName, Table>,
    /// Whether every table of the database can be seen. False where the server hides tables on which the role has no
    /// privilege (MySQL and MariaDB): a foreign key's missing parent is then unknown, and not dangling.
    pub sees_all_tables: bool,
}

impl Schema {
    /// The table of that exact name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.get(name)
    }

    /// The tables in which relations are looked for: not the partitions, whose relations belong to their root, no
    /// views, and nothing that the user left out.
    pub fn relation_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables
            .values()
            .filter(|table| table.audited && table.kind.holds_rows() && table.partition_of.is_none())
    }

    /// The partitions that hold the rows of a partitioned table; none where it is something else.
    pub fn leaf_partitions(&self, root: &TableName) -> Vec<&Table> {
        // Most tables are not partitioned, and are asked for each of their relations.
        if self
            .tables
            .get(root)
            .is_none_or(|table| table.kind != TableKind::Partitioned)
        {
            return Vec::new();
        }
        self.tables
            .values()
            .filter(|table| table.partition_of.as_ref() == Some(root) && table.kind != TableKind::Partitioned)
            .collect()
    }

    /// The table that a person means by `text`: `namespace.table`, or `table` where only one namespace has it.
    ///
    /// Letter case counts only where two tables differ in nothing else.
    ///
    /// # Errors
    ///
    /// A sentence that says why no single table is meant.
    pub fn find_table(&self, text: &str) -> Result<&Table, String> {
        let same = |fold: fn(&str) -> String| -> Vec<&Table> {
            let wanted = fold(text);
            let named: Vec<&Table> = self
                .tables
                .values()
                .filter(|table| fold(&table.name.to_string()) == wanted)
                .collect();
            if named.is_empty() {
                self.tables
                    .values()
                    .filter(|table| fold(table.name.table.as_str()) == wanted)
                    .collect()
            } else {
                named
            }
        };
        let exact = same(str::to_owned);
        let found = if exact.is_empty() {
            same(str::to_lowercase)
        } else {
            exact
        };
        match found.as_slice() {
            [table] => Ok(table),
            [] => Err(format!("there is no table `{text}`")),
            [first, second, ..] => Err(format!(
                "`{text}` can be `{}` or `{}`: write the name in full",
                first.name, second.name
            )),
        }
    }
}
