//! The objects of a snapshot.

use serde::{Deserialize, Serialize};

use super::types::{Action, Deferrable, Generated, Match, RowSecurity, TableKind, TypeFamily};

/// A snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) source: Source,
    pub(super) sees_all_tables: bool,
    pub(super) tables: Vec<Table>,
    pub(super) notes: Vec<Note>,
}

/// Of what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) server: String,
}

/// A note.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<Location>,
}

/// A place in a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Location {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A name with its namespace.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableName {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) table: String,
}

/// A table.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: TableName,
    pub(super) kind: TableKind,
    pub(super) columns: Vec<Column>,
    pub(super) keys: Vec<Key>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
    pub(super) checks: Vec<String>,
    pub(super) partition_of: Option<TableName>,
    pub(super) inherits: Vec<TableName>,
    pub(super) engine: Option<String>,
    pub(super) estimated_rows: Option<u64>,
    pub(super) size_bytes: Option<u64>,
    pub(super) row_security: RowSecurity,
    pub(super) readable: bool,
    pub(super) comment: Option<String>,
    pub(super) audited: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) definition: Option<Definition>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) versioned: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) computed_from: Vec<String>,
    /// `None`: in the catalogue.
    pub(super) location: Option<Location>,
}

/// What made a table.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Definition {
    pub(super) table: String,
    pub(super) beside: Vec<String>,
    pub(super) kept_in: Vec<String>,
}

/// A column.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: ColumnType,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
    pub(super) identity: bool,
    pub(super) generated: Option<Generated>,
    pub(super) comment: Option<String>,
    pub(super) location: Option<Location>,
}

/// A column's type.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ColumnType {
    pub(super) declared: String,
    pub(super) base: String,
    pub(super) family: TypeFamily,
    pub(super) length: Option<u32>,
    pub(super) collation: Option<Collation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) labels: Vec<String>,
}

/// How text is compared.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Collation {
    pub(super) name: String,
    pub(super) charset: Option<String>,
    pub(super) folds: bool,
    pub(super) pads: bool,
}

/// A primary key or unique constraint.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Key {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) primary: bool,
    pub(super) deferrable: bool,
    pub(super) nulls_not_distinct: bool,
    pub(super) without_overlaps: bool,
    pub(super) location: Option<Location>,
}

/// An index.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) parts: Vec<IndexPart>,
    pub(super) include: Vec<String>,
    pub(super) unique: bool,
    pub(super) method: String,
    pub(super) predicate: Option<String>,
    pub(super) valid: bool,
    pub(super) visible: bool,
    pub(super) nulls_not_distinct: bool,
    pub(super) constraint: Option<String>,
    pub(super) bound: bool,
    pub(super) options: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) location: Option<Location>,
}

/// A part of an index.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IndexPart {
    pub(super) column: Option<String>,
    pub(super) expression: Option<String>,
    pub(super) prefix: Option<u32>,
    pub(super) descending: bool,
    pub(super) class: Option<String>,
    pub(super) nulls_swapped: bool,
}

/// A foreign key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ForeignKey {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) parent: TableName,
    pub(super) parent_columns: Vec<String>,
    pub(super) on_delete: Action,
    pub(super) on_update: Action,
    pub(super) set_columns: Vec<String>,
    pub(super) match_type: Match,
    pub(super) deferrable: Deferrable,
    pub(super) validated: bool,
    pub(super) enforced: bool,
    pub(super) period: bool,
    pub(super) location: Option<Location>,
}
