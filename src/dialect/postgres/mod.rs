//! PostgreSQL, versions 13 to 18.
//!
//! `address` → `environment` → `settings` is the way from what the user wrote to what is needed to connect (with
//! `endpoint`, `passfile` and `tls`); `connect` tries it; `link` is one connection; `session` is what the rest of the
//! program sees; `catalog` reads the schema; `compare` writes the one condition that depends on types.

mod address;
mod catalog;
mod change;
mod compare;
mod connect;
mod copy_text;
mod endpoint;
mod environment;
mod failure;
mod link;
mod passfile;
mod session;
mod settings;
mod statistics;
mod tls;
mod trial;

use crate::schema::{ColumnType, Ident, Table, TableKind};

use super::change::{Change, PlanDialect, Statement, Version, Work};
use super::{ConnectOptions, Database, Dialect, Error, KeyExpression};

/// Opens a live server from what the user wrote: a `postgres://` URL or a libpq `key=value` string. What it leaves open
/// comes from the service file, the `PG*` variables and the password file, as with libpq.
///
/// # Errors
///
/// The address cannot be understood, the server cannot be reached or is older than PostgreSQL 13.
pub fn open(address: &str, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    session::open(address, &environment::Environment::of_process(), options)
}

/// How PostgreSQL writes SQL.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

impl Dialect for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn quote(&self, ident: &Ident) -> String {
        format!("\"{}\"", ident.as_str().replace('"', "\"\""))
    }

    fn literal(&self, text: &str) -> String {
        let quoted = text.replace('\'', "''");
        if text.contains('\\') {
            // In E'' a backslash is an escape whatever standard_conforming_strings says (manual, 4.1.2.2).
            format!("E'{}'", quoted.replace('\\', "\\\\"))
        } else {
            format!("'{quoted}'")
        }
    }

    fn as_text(&self, expression: &str, _: &ColumnType) -> String {
        // The trailing spaces of `character(n)` go with the cast: they tell no two values apart (manual, 8.3).
        format!("{expression}::text")
    }

    fn keys_equal(&self, child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
        compare::keys_equal(child, parent)
    }

    fn identical(&self, one: &str, other: &str, _: &ColumnType) -> String {
        // By their text, which tells apart what `=` does not: 1.0 and 1.00, or texts of a folding collation.
        format!("{one}::text COLLATE \"C\" IS NOT DISTINCT FROM {other}::text COLLATE \"C\"")
    }

    fn own_rows(&self, table: &Table) -> String {
        let name = self.table_name(&table.name);
        match table.kind {
            TableKind::Table => format!("ONLY {name}"),
            // The root's rows are those of its partitions.
            _ => name,
        }
    }
}

impl PlanDialect for Postgres {
    fn work(&self, change: &Change<'_>, version: Version) -> Result<Work, String> {
        change::work(change, version)
    }

    fn preamble(&self) -> Vec<Statement> {
        change::preamble()
    }

    fn client_preamble(&self) -> &'static str {
        "\\set ON_ERROR_STOP on"
    }

    fn client_command(&self) -> &'static str {
        "psql --no-psqlrc --file=plan.sql DATABASE"
    }

    fn longest_name(&self) -> usize {
        63
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Dialect as _;
    use crate::schema::{Ident, Origin, Table, TableKind, TableName};

    use super::Postgres;

    #[test]
    fn identifiers_and_literals_hold_any_character() {
        assert_eq!(Postgres.quote(&Ident::new("a\"b;\n ä")), "\"a\"\"b;\n ä\"");
        assert_eq!(Postgres.literal("it's"), "'it''s'");
        assert_eq!(Postgres.literal(r"\'; drop"), r"E'\\''; drop'");
    }

    #[test]
    fn own_rows_of_a_table_leave_its_heirs_out() {
        let rows = |kind| Postgres.own_rows(&Table::new(TableName::qualified("public", "t"), kind, Origin::Catalog));
        assert_eq!(rows(TableKind::Table), "ONLY \"public\".\"t\"");
        assert_eq!(rows(TableKind::Partitioned), "\"public\".\"t\"");
    }
}
