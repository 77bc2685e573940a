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

use crate::schema::{ColumnType, Ident, Table, TableKind, TableName, TypeFamily};

use super::change::{Change, PlanDialect, Sending, Statement, Version, Work};
use super::{ConnectOptions, Database, Dialect, Error, KeyExpression, retype};

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

    fn row_place(&self, _: &Table) -> Vec<Ident> {
        // A `ctid` is a place within one partition (manual, 5.6 "System Columns").
        ["tableoid", "ctid"].into_iter().map(Ident::from).collect()
    }

    fn triggers(&self) -> Option<String> {
        // A row for each event that sets a trigger or rule off; those of constraints are the server's own. What is enabled
        // for replicas only does not run. The bits are those of src/include/catalog/pg_trigger.h.
        Some(
            "SELECT n.nspname, c.relname, e.event, t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = \
             t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), \
             (16, 'UPDATE')) e (bit, event) ON t.tgtype & e.bit <> 0 WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') \
             UNION SELECT n.nspname, c.relname, e.event, r.rulename FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c \
             ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN (VALUES ('3', 'INSERT'), \
             ('4', 'DELETE'), ('2', 'UPDATE')) e (type, event) ON r.ev_type::text = e.type WHERE r.ev_enabled IN ('O', 'A') \
             ORDER BY 1, 2, 3, 4"
                .to_owned(),
        )
    }

    fn not_nulls(&self) -> Option<String> {
        // Before PostgreSQL 18 there are no constraints of type `n`.
        Some(
            "SELECT n.nspname, c.relname, a.attname, k.conname, k.convalidated::text, k.connoinherit::text FROM \
             pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = \
             c.relnamespace LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = \
             ARRAY[a.attnum] WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND \
             n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 3"
                .to_owned(),
        )
    }

    fn partition_keys(&self, table: &TableName) -> Option<String> {
        Some(format!(
            "SELECT DISTINCT coalesce(a.attname::text, pg_get_partkeydef(p.partrelid)) FROM pg_catalog.pg_partition_tree({}) t \
             JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid CROSS JOIN LATERAL \
             unnest(p.partattrs::int2[]) k (attnum) LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND \
             a.attnum = k.attnum AND k.attnum > 0 ORDER BY 1",
            self.literal(&self.table_name(table))
        ))
    }

    fn fits(&self, expression: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
        if from.family == TypeFamily::Text && to.family == TypeFamily::Text {
            // Only how they compare is another.
            return Ok("TRUE".to_owned());
        }
        let text = format!("{expression}::text");
        let tests = retype::Tests {
            text: &text,
            matches: &|pattern| format!("{text} COLLATE \"C\" ~ {}", self.literal(pattern)),
            number: &|text| format!("{text}::numeric"),
            cut: &|number, digits| format!("trunc({number}, {digits})"),
            length: &|text| format!("char_length({text})"),
        };
        retype::fits(expression, from, to, &tests)
    }

    fn dependents(&self, retype: &retype::Retype<'_>) -> Option<String> {
        Some(change::retype::dependents(retype))
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

    fn retype_stages(&self, retype: &retype::Retype<'_>) -> Vec<retype::Stage> {
        change::retype::stages(retype)
    }

    fn notes(&self, change: &Change<'_>) -> Vec<String> {
        match change {
            Change::Retype { retype, stage } => change::retype::notes(retype, *stage),
            Change::MoveKey { moving, stage } => moving.notes(*stage),
            _ => Vec::new(),
        }
    }

    fn preamble(&self) -> Vec<Statement> {
        change::preamble()
    }

    fn undo_remark(&self, change: &Change<'_>, version: Version) -> Option<String> {
        change::undo_remark(change, version)
    }

    fn when_locked(&self) -> &'static str {
        "A statement that cannot have its lock within 0.4 seconds lets everybody pass and tries again, 60 times; then it fails, \
         and the file can be run again."
    }

    fn client_preamble(&self) -> &'static str {
        "-- The next line is psql's own. It is no SQL, and linters that know only SQL take it for an error.\n\\set ON_ERROR_STOP on"
    }

    fn scripted(&self, statement: &Statement) -> String {
        let sql = self.terminated(statement);
        match &statement.only_if {
            None => sql,
            Some(condition) => format!(
                "-- The lines that begin with a backslash are psql's own: it leaves out what is done.\nSELECT {condition} AS \
                 relaudit_to_do\n\\gset\n\\if :relaudit_to_do\n{sql}\n\\endif"
            ),
        }
    }

    fn client_command(&self) -> &'static str {
        "psql --no-psqlrc --file=plan.sql DATABASE"
    }

    fn longest_name(&self) -> usize {
        63
    }

    fn sending(&self) -> Sending {
        change::sending()
    }

    fn queries(&self, statements: &[Statement]) -> Vec<Statement> {
        change::queries(statements)
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
