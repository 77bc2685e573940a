//! SQL text → the same schema that a live database fills, without a server.

mod heads;
pub mod splitter;

/// Whose SQL a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlDialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}
