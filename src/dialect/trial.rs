//! A part of a database, built anew in an empty one, so that a plan can be tried there. The only place that writes to a
//! database, and never to one that is audited.

use tempfile::TempDir;

use super::{ConnectOptions, Dialect, mysql, postgres, sqlite};
use crate::schema::{Column, ColumnSet, ColumnType, Ident, Table, TableName};

/// Begins a transaction.
pub const BEGIN: &str = "BEGIN";
/// Ends it.
pub const COMMIT: &str = "COMMIT";
/// Takes it back.
pub const ROLLBACK: &str = "ROLLBACK";

/// How a dialect builds tables anew.
pub trait Rebuild: Send + Sync {
    /// Opens an empty database to write to.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or it is not one that may be written to: a sentence without a password.
    fn open(&self, address: &str, options: &ConnectOptions) -> Result<Scratch, String>;

    /// Queries on the source, the last column of whose rows are statements: those that make the tables.
    fn making(&self, tables: &[&Table]) -> Vec<String>;

    /// The same, of what comes after the rows.
    fn completing(&self, tables: &[&Table]) -> Vec<String>;

    /// An expression whose text is a literal for the value of another one.
    fn literal_of(&self, expression: &str, ty: &ColumnType) -> String;

    /// A statement that adds a row of literals, unless one with its key is there.
    fn insertion(&self, table: &TableName, columns: &[&Column], values: &[String]) -> String;

    /// What is run before tables and rows are loaded, and what after.
    fn loading(&self) -> [&'static [&'static str]; 2] {
        [&[], &[]]
    }

    /// A query on the scratch database: for each object in it, `table` or another word, and the statement that drops it,
    /// in an order that works.
    fn drops(&self) -> &'static str;

    /// A statement of the plan for tables in a namespace, as one for the same tables in another.
    ///
    /// # Errors
    ///
    /// It names the namespace in a way that cannot be told from other words: a phrase.
    fn placed(&self, sql: &str, _from: Option<&Ident>, _to: Option<&Ident>) -> Result<String, String> {
        Ok(sql.to_owned())
    }
}

/// An empty database that is written to.
pub struct Scratch {
    /// Runs statements there.
    pub writer: Box<dyn Writer>,
    /// What it is opened by as a source.
    pub address: String,
    /// As reports call it; never with a password.
    pub name: String,
    /// The namespace that all tables are in there; `None` where each keeps its own.
    pub namespace: Option<Ident>,
    /// The folder that it is in, where it is to go with it.
    pub(super) _folder: Option<TempDir>,
}

/// Runs statements.
pub trait Writer {
    /// Runs one statement, outside of a transaction.
    ///
    /// # Errors
    ///
    /// What the server says.
    fn run(&mut self, sql: &str) -> Result<(), String>;

    /// Runs a SELECT and gives its rows as text.
    ///
    /// # Errors
    ///
    /// What the server says.
    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String>;
}

/// How a dialect of this name builds tables anew.
pub fn rebuilding(dialect: &str) -> Option<&'static dyn Rebuild> {
    match dialect {
        "postgres" => Some(&postgres::Postgres),
        "mysql" => Some(&mysql::MySql::MYSQL),
        "mariadb" => Some(&mysql::MySql::MARIADB),
        "sqlite" => Some(&sqlite::Sqlite),
        _ => None,
    }
}

/// A SELECT of some columns of a table, each as a literal. The condition is on a row called `r`.
pub fn literals(
    rebuild: &dyn Rebuild,
    dialect: &dyn Dialect,
    table: &Table,
    columns: &[Ident],
    condition: Option<&str>,
    limit: Option<usize>,
) -> String {
    let each = columns.iter().filter_map(|name| table.column(name));
    let each = each.map(|column| rebuild.literal_of(&format!("r.{}", dialect.quote(&column.name)), &column.ty));
    let list: Vec<String> = each.collect();
    let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    format!(
        "SELECT {} FROM {} r{condition}{limit}",
        list.join(", "),
        dialect.own_rows(table)
    )
}

/// The condition of a row called `r` that one of these conditions holds for.
pub fn any_of(conditions: &[String]) -> String {
    let each: Vec<String> = conditions.iter().map(|condition| format!("({condition})")).collect();
    each.join(" OR ")
}

/// The condition of a row called `r` that has these literals in these columns.
pub fn has_key(dialect: &dyn Dialect, columns: &[Ident], key: &[String]) -> String {
    let each = columns.iter().zip(key);
    let each: Vec<String> = each
        .map(|(column, value)| format!("r.{} = {value}", dialect.quote(column)))
        .collect();
    each.join(" AND ")
}

/// The condition of a row called `r` that shares these columns with another one.
pub fn duplicated(dialect: &dyn Dialect, table: &Table, columns: &ColumnSet) -> String {
    let list = |alias: &str| {
        let names: Vec<String> = columns
            .columns
            .iter()
            .map(|column| format!("{alias}.{}", dialect.quote(column)))
            .collect();
        names.join(", ")
    };
    format!(
        "({}) IN (SELECT {} FROM {} o GROUP BY {} HAVING COUNT(*) > 1)",
        list("r"),
        list("o"),
        dialect.own_rows(table),
        list("o")
    )
}
