//! SQLite: database files, opened read-only, and scripts, run in a database of their own.
//!
//! Affinity and collation decide what is equal here, and any column can hold any value (datatype3.html).

mod catalog;
mod change;
mod create_index;
mod create_table;
pub mod dump;
mod open;
mod other_dialect;
mod scratch;
mod script;
mod script_locations;
mod script_pieces;
mod script_rows;
mod script_text;
mod session;
mod tokens;
mod trial;
mod types;

use crate::schema::{ColumnType, Ident, Table, TypeFamily};

use super::alteration::Alteration;
use super::change::{Change, PlanDialect, Sending, Statement, Version, Work};
use super::sample_sql::sqlite_row_number;
use super::{Dialect, KeyExpression};

pub use open::{open_file, open_script};
pub use scratch::{Refusal, Scratch};

/// A column's type by its name, in a table that is not STRICT. SQLite keeps the names of its standard types in capital
/// letters (since 3.37).
pub fn column_type(declared: &str) -> ColumnType {
    let upper = declared.to_ascii_uppercase();
    let is_standard = ["ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT"].contains(&upper.as_str());
    catalog::column_type(if is_standard { upper } else { declared.to_owned() }, false, None)
}

/// How SQLite writes SQL.
#[derive(Debug, Clone, Copy)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn quote(&self, ident: &Ident) -> String {
        quoted(ident.as_str())
    }

    fn literal(&self, text: &str) -> String {
        // SQLite takes a NUL in SQL text for its end, so it must be written as what it is.
        let parts: Vec<String> = text
            .split('\0')
            .map(|part| format!("'{}'", part.replace('\'', "''")))
            .collect();
        match parts.as_slice() {
            [whole] => whole.clone(),
            parts => format!("({})", parts.join(" || char(0) || ")),
        }
    }

    fn as_text(&self, expression: &str, _ty: &ColumnType) -> String {
        // Any column can hold any kind of value, so the kind is asked of the value and not of the column. SQLite writes
        // a real with fewer digits than tell it from its neighbours; then all of them are wanted.
        format!(
            "CASE typeof({expression}) WHEN 'blob' THEN '0x' || hex({expression}) \
             WHEN 'real' THEN CASE WHEN CAST(CAST({expression} AS TEXT) AS REAL) = {expression} \
             THEN CAST({expression} AS TEXT) ELSE printf('%!.17g', {expression}) END \
             ELSE CAST({expression} AS TEXT) END"
        )
    }

    fn is_sentinel(&self, expression: &str, ty: &ColumnType) -> Option<String> {
        // Any column can hold any kind of value: an INTEGER column an empty text, a TEXT column the number 0.
        (ty.family.is_number() || matches!(ty.family, TypeFamily::Text | TypeFamily::Any))
            .then(|| format!("CAST({expression} AS TEXT) IN ('', '0', '-1')"))
    }

    fn identical(&self, one: &str, other: &str, _: &ColumnType) -> String {
        format!("(typeof({one}) = typeof({other}) AND {one} IS {other} COLLATE BINARY)")
    }

    fn triggers(&self) -> Option<String> {
        // What sets it off stands before the body and after the name, which may be any word.
        let head = "replace(upper(substr(sql, 1, instr(upper(sql), 'BEGIN'))), upper(name), '')";
        Some(format!(
            "SELECT NULL, t.name, e.event, g.name FROM (SELECT name, tbl_name, {head} AS head FROM sqlite_schema WHERE type = \
             'trigger') AS g JOIN sqlite_schema AS t ON t.type = 'table' AND t.name = g.tbl_name COLLATE NOCASE JOIN (SELECT \
             'INSERT' AS event UNION SELECT 'DELETE' UNION SELECT 'UPDATE') AS e ON instr(g.head, e.event) > 0 ORDER BY 2, 3, 4"
        ))
    }

    fn fits(&self, expression: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
        change::retype::fits(expression, from, to)
    }

    fn row_number(&self, table: &Table) -> Option<Ident> {
        sqlite_row_number(table)
    }

    fn keys_equal(&self, child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
        // A foreign key applies the parent's affinity to the child's value and compares by the parent's collation
        // (foreignkeys.html, section 3). An ordinary comparison does that where the parent's column stands on the left
        // and the child's is no plain column: the unary plus takes its affinity away (datatype3.html, section 4.2).
        // Nothing is done to the parent, so its index serves.
        format!("{} = +{}", parent.sql, child.sql)
    }
}

impl PlanDialect for Sqlite {
    fn work(&self, change: &Change<'_>, _: Version) -> Result<Work, String> {
        change::work(change)
    }

    fn alteration(&self, change: &Change<'_>) -> Option<Alteration> {
        change::alteration(change)
    }

    fn makes_tables_anew(&self) -> bool {
        true
    }

    fn rebuild(&self, table: &Table, done: &[Alteration], alterations: &[Alteration]) -> Result<Work, String> {
        change::rebuild(table, done, alterations)
    }

    fn notes(&self, change: &Change<'_>) -> Vec<String> {
        match change {
            Change::MoveKey { moving, stage } => moving.notes(*stage),
            Change::Retype { retype, .. } if retype.column.ty.declared != retype.to.declared => vec![format!(
                "what the application reads from `{}.{}` is of type {} then, and so is what it writes there",
                retype.table.name, retype.column.name, retype.to.declared
            )],
            _ => Vec::new(),
        }
    }

    fn preamble(&self) -> Vec<Statement> {
        change::preamble()
    }

    fn when_locked(&self) -> &'static str {
        "A statement waits 5 seconds for another writer to end; then it fails with \"database is locked\", and the file can be \
         run again."
    }

    fn when_run_again(&self) -> &'static str {
        "what is done is not done twice, but for a table that is made anew, which is made the same once more"
    }

    fn client_preamble(&self) -> &'static str {
        ".bail on"
    }

    fn client_command(&self) -> &'static str {
        "sqlite3 DATABASE < plan.sql"
    }

    fn keeps_steps_apart(&self) -> bool {
        true
    }

    fn longest_name(&self) -> usize {
        128
    }

    fn sending(&self) -> Sending {
        change::sending()
    }
}

/// A name in quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
