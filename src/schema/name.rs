//! Names of tables and columns, exactly as the catalogue stores them.

use std::fmt;

use compact_str::CompactString;

/// A name as it is stored: unquoted, letter case and all characters kept.
///
/// Most names are short, and are copied without asking for memory: a schema of thousands of tables has many of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(CompactString);

impl Ident {
    /// Takes the name as stored, without quotes.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(CompactString::from(name.as_ref()))
    }

    /// The name as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Ident {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A table's name with its namespace: what PostgreSQL calls a schema and MySQL a database. SQLite has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The qualifier, where the source has one.
    pub namespace: Option<Ident>,
    /// The table itself.
    pub table: Ident,
}

impl TableName {
    /// A name with its namespace.
    pub fn qualified(namespace: impl Into<Ident>, table: impl Into<Ident>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            table: table.into(),
        }
    }

    /// A name without namespace.
    pub fn bare(table: impl Into<Ident>) -> Self {
        Self {
            namespace: None,
            table: table.into(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}.")?;
        }
        write!(f, "{}", self.table)
    }
}

/// Some columns of one table, in an order that matters: the two ends of a relation match by position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnSet {
    /// The table.
    pub table: TableName,
    /// Its columns; at least one.
    pub columns: Vec<Ident>,
}

impl ColumnSet {
    /// The columns of a table.
    pub fn new(table: TableName, columns: Vec<Ident>) -> Self {
        Self { table, columns }
    }
}

impl fmt::Display for ColumnSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.table, display_columns(&self.columns))
    }
}

/// The columns as a person reads them: `a, b`.
pub fn display_columns(columns: &[Ident]) -> String {
    columns.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
}
