//! Which table a name in a statement means.

use crate::ddl::SqlDialect;
use crate::schema::{Schema, TableName};

/// Finds the table that a statement means.
pub(super) struct Names<'a> {
    schema: &'a Schema,
    dialect: SqlDialect,
    /// What USE and `SET search_path` have chosen.
    pub(super) namespace: Option<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(schema: &'a Schema, dialect: SqlDialect) -> Self {
        Self {
            schema,
            dialect,
            namespace: None,
        }
    }

    /// The table; `None` where the schema has none of that name.
    ///
    /// # Errors
    ///
    /// The name, where more than one table can be meant.
    pub(super) fn table(&self, path: &[String]) -> Result<Option<TableName>, String> {
        let Some((table, qualifiers)) = path.split_last() else {
            return Err("?".to_owned());
        };
        let exact = |name: TableName| self.schema.table(&name).map(|table| table.name.clone());
        let default = match self.dialect {
            SqlDialect::Postgres => Some("public"),
            _ => None,
        };
        let namespace = qualifiers.last().or(self.namespace.as_ref()).map(String::as_str);
        if let Some(found) = namespace
            .or(default)
            .and_then(|namespace| exact(TableName::qualified(namespace, table.as_str())))
            .or_else(|| exact(TableName::bare(table.as_str())))
        {
            return Ok(Some(found));
        }
        if !qualifiers.is_empty() && self.dialect == SqlDialect::Postgres {
            return Ok(None);
        }
        let same = |name: &TableName| match self.dialect {
            // Whether case counts depends on the server's file system (MySQL manual, "Identifier Case Sensitivity").
            SqlDialect::MySql => name.table.as_str().eq_ignore_ascii_case(table),
            _ => name.table.as_str() == table,
        };
        let mut found = self.schema.tables.keys().filter(|name| same(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(table.clone()),
            (found, _) => Ok(found.cloned()),
        }
    }
}

/// The table that keeps another's rows: those of a partition are rows of its root.
pub(super) fn stored_in(schema: &Schema, table: &TableName) -> TableName {
    let root = schema.table(table).and_then(|table| table.partition_of.clone());
    root.unwrap_or_else(|| table.clone())
}
