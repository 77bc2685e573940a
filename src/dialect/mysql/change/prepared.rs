//! Statements that the server chooses itself: what is done already is left out, and a guard that does not hold fails.

use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::mysql::MySql;
use crate::schema::{Column, ColumnType, Ident, Table, TableName, TypeFamily, display_columns};

/// Runs a statement unless a condition holds.
pub(super) fn unless(done: &str, sql: &str) -> Vec<Statement> {
    chosen(&format!("IF({done}, 'DO 0', {})", MySql::MYSQL.literal(sql)))
}

/// Fails with this message unless the condition holds.
pub(super) fn guard(holds: &str, message: &str) -> Vec<Statement> {
    // There is no column of that name, and the server's error names it in full.
    let quoted = MySql::MYSQL.quote(&Ident::new(format!("relaudit: {message}")));
    let failing = MySql::MYSQL.literal(&format!("SELECT {quoted}"));
    chosen(&format!("IF({holds}, 'DO 0', {failing})"))
}

/// Runs the statement that an expression gives.
pub(super) fn chosen(expression: &str) -> Vec<Statement> {
    [
        format!("SET @relaudit_statement = {expression}"),
        "PREPARE relaudit_statement FROM @relaudit_statement".to_owned(),
        "EXECUTE relaudit_statement".to_owned(),
        "DEALLOCATE PREPARE relaudit_statement".to_owned(),
    ]
    .into_iter()
    .map(Statement::plain)
    .collect()
}

/// Whether the table is there.
pub(super) fn has_table(table: &TableName) -> String {
    format!(
        "EXISTS (SELECT 1 FROM information_schema.tables WHERE {})",
        is_table("table_schema", "table_name", table)
    )
}

/// Whether the table has a foreign key of that name.
pub(super) fn has_foreign_key(table: &TableName, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE constraint_type = 'FOREIGN KEY' AND {} AND \
         constraint_name = {})",
        is_table("table_schema", "table_name", table),
        MySql::MYSQL.literal(name.as_str())
    )
}

/// Whether the table has an index of that name.
pub(super) fn has_index(table: &TableName, name: &Ident) -> String {
    format!(
        "EXISTS (SELECT 1 FROM information_schema.statistics WHERE {} AND index_name = {})",
        is_table("table_schema", "table_name", table),
        MySql::MYSQL.literal(name.as_str())
    )
}

/// Whether the table has a column of that name.
pub(super) fn has_column(table: &TableName, column: &Ident) -> String {
    format!(
        "EXISTS (SELECT 1 FROM information_schema.columns WHERE {} AND column_name = {})",
        is_table("table_schema", "table_name", table),
        MySql::MYSQL.literal(column.as_str())
    )
}

/// Whether the column takes nulls.
pub(super) fn is_nullable(table: &TableName, column: &Ident) -> String {
    format!(
        "EXISTS (SELECT 1 FROM information_schema.columns WHERE {} AND column_name = {} AND is_nullable = 'YES')",
        is_table("table_schema", "table_name", table),
        MySql::MYSQL.literal(column.as_str())
    )
}

/// Fails where the columns have not the types that they had.
pub(super) fn columns_as_planned(table: &Table, columns: &[Ident]) -> Vec<Statement> {
    columns_as_planned_unless("FALSE", table, columns)
}

/// The same, unless a condition holds.
pub(super) fn columns_as_planned_unless(done: &str, table: &Table, columns: &[Ident]) -> Vec<Statement> {
    let wanted = columns.iter().filter_map(|name| table.column(name));
    let message = format!(
        "{} is not as it was when the plan was made ({} were of other types or are gone): make a new plan",
        table.name,
        display_columns(columns)
    );
    guard(&format!("{done} OR {}", has_columns(&table.name, wanted)), &message)
}

/// Whether the table has these columns, of the types that they have here.
pub(super) fn has_columns<'c>(table: &TableName, columns: impl Iterator<Item = &'c Column>) -> String {
    let mut wanted: Vec<String> = columns
        .map(|column| {
            format!(
                "(column_name = {} AND {})",
                MySql::MYSQL.literal(column.name.as_str()),
                has_type(&column.ty)
            )
        })
        .collect();
    wanted.sort();
    wanted.dedup();
    format!(
        "(SELECT COUNT(*) FROM information_schema.columns WHERE {} AND ({})) = {}",
        is_table("table_schema", "table_name", table),
        wanted.join(" OR "),
        wanted.len()
    )
}

/// Whether a column of the catalogue has this type. The display width of integers is no part of it, and servers differ
/// in whether they tell it.
pub(super) fn has_type(ty: &ColumnType) -> String {
    if let TypeFamily::Integer { unsigned, .. } = ty.family {
        let word: String = ty.declared.chars().take_while(char::is_ascii_alphabetic).collect();
        let sign = if unsigned { "LIKE" } else { "NOT LIKE" };
        return format!(
            "data_type = {} AND column_type {sign} '%unsigned%'",
            MySql::MYSQL.literal(&word)
        );
    }
    format!("column_type = {}", MySql::MYSQL.literal(&ty.declared))
}

/// The condition that two columns of the information schema name this table; one without namespace is in the database
/// that is in use.
pub(super) fn is_table(schema: &str, name: &str, table: &TableName) -> String {
    let namespace = match &table.namespace {
        Some(namespace) => MySql::MYSQL.literal(namespace.as_str()),
        None => "DATABASE()".to_owned(),
    };
    format!(
        "{schema} = {namespace} AND {name} = {}",
        MySql::MYSQL.literal(table.table.as_str())
    )
}
