//! What differs between database systems: how they are reached, how their catalogue is read, how their SQL is written.
//!
//! Only this module writes SQL. A dialect is a folder with the same files in each:
//! `mod.rs` (the [`Dialect`] and `open`), `address.rs` (what users write to reach a server), `session.rs` (the
//! connection), `catalog.rs` and `catalog/*.sql` (the schema). MariaDB is a flavour of `mysql`.

pub mod alteration;
mod batches;
pub mod change;
mod connection;
pub mod duplicates;
pub mod interrupt;
pub mod key_move;
mod moving;
pub mod mysql;
pub mod postgres;
pub mod probe_sql;
pub mod retype;
pub mod row_set;
pub mod sample_sql;
pub mod sqlite;
mod statistics;
pub mod trial;
pub mod unqualified;

use crate::schema::{ColumnType, Ident, Table, TableName, TypeFamily};

pub use connection::{ConnectOptions, Database, Error, QueryError, QueryFailure, Session, SourceInfo};
pub use statistics::{ColumnKey, ColumnStatistics, Statistics};

/// How a database system writes SQL. The pure half of a dialect: no connection is needed for any of it.
pub trait Dialect: Send + Sync {
    /// As reports name it: `postgres`, `mysql`, `mariadb`, `sqlite`.
    fn name(&self) -> &'static str;

    /// The identifier in quotes, whatever characters it holds.
    fn quote(&self, ident: &Ident) -> String;

    /// The text as a string literal, whatever characters it holds.
    fn literal(&self, text: &str) -> String;

    /// An expression that gives `expression`'s value as text, without loss, for people to read.
    fn as_text(&self, expression: &str, ty: &ColumnType) -> String;

    /// A condition that is true where the two keys are equal as a foreign key would compare them: by the parent's
    /// type and collation, never by a lossy conversion. It must be valid for all types that are not identical, and
    /// let the server use an index on the parent wherever the types allow.
    fn keys_equal(&self, child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String;

    /// A condition that is true where a value of that type stands for "none": 0, -1, the empty text, the nil UUID.
    /// `None` for types that have no such value.
    fn is_sentinel(&self, expression: &str, ty: &ColumnType) -> Option<String> {
        match ty.family {
            TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } | TypeFamily::Float => {
                Some(format!("{expression} IN (0, -1)"))
            }
            TypeFamily::Text | TypeFamily::Any => Some(format!("{} IN ('', '0', '-1')", self.as_text(expression, ty))),
            TypeFamily::Uuid => Some(format!(
                "{} = '00000000-0000-0000-0000-000000000000'",
                self.as_text(expression, ty)
            )),
            _ => None,
        }
    }

    /// A condition that is true where the two values of one type are the same in every bit, nulls included.
    fn identical(&self, one: &str, other: &str, ty: &ColumnType) -> String;

    /// An expression that is the same for two values of one type where they are the same in every bit.
    fn bits(&self, expression: &str) -> String {
        expression.to_owned()
    }

    /// A condition that is true for values of one type which can have the other and come back from it the same. It raises
    /// no error whatever the value.
    ///
    /// # Errors
    ///
    /// Nobody knows how values of the one type become values of the other.
    fn fits(&self, _expression: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
        Err(format!(
            "plans for {} do not know how values of type {} become values of type {}",
            self.name(),
            from.declared,
            to.declared
        ))
    }

    /// What else depends on a column, so that a plan cannot give it another type: a text a row. `None` where there is
    /// nothing to ask.
    fn dependents(&self, _retype: &retype::Retype<'_>) -> Option<String> {
        None
    }

    /// A query for the triggers that run for rows of tables, a row each: namespace, table, `DELETE`, `INSERT` or `UPDATE`,
    /// and name. `None` where there can be none.
    fn triggers(&self) -> Option<String> {
        None
    }

    /// A query for the columns that take no nulls because their table says so, a row each: namespace, table, column, the name
    /// of the constraint that says it, and whether the rows from before were checked and whether tables that inherit do not get
    /// it, as `t` or `f`; null where there is no such constraint. `None` where the schema tells all there is.
    fn not_nulls(&self) -> Option<String> {
        None
    }

    /// The quoted name of a table.
    fn table_name(&self, name: &TableName) -> String {
        match &name.namespace {
            Some(namespace) => format!("{}.{}", self.quote(namespace), self.quote(&name.table)),
            None => self.quote(&name.table),
        }
    }

    /// A column that every row of the table has and that numbers them, though nobody declared it.
    fn row_number(&self, _table: &Table) -> Option<Ident> {
        None
    }

    /// Columns that tell where a row is stored, and so tell equal rows apart within one transaction; none where the
    /// system has no such columns.
    fn row_place(&self, table: &Table) -> Vec<Ident> {
        self.row_number(table).into_iter().collect()
    }

    /// A query for the columns, a row each, that a partitioned table's partitions are told apart by, those of partitions
    /// of partitions included; an expression is one row as it is. `None` where the system has no such tables.
    fn partition_keys(&self, _table: &TableName) -> Option<String> {
        None
    }

    /// Whether the rows have every column of their table. Those of a dump have the ones that keys and relations need.
    fn has_every_column(&self) -> bool {
        true
    }

    /// What to write after FROM for the rows that are stored in this very table, without those of tables that inherit
    /// from it.
    fn own_rows(&self, table: &Table) -> String {
        self.table_name(&table.name)
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct KeyExpression<'a> {
    /// The column in SQL, qualified and quoted.
    pub sql: &'a str,
    /// Its type.
    pub ty: &'a ColumnType,
}
