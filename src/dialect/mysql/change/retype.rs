//! A column that gets another type. The server does that by a copy of the table, during which nobody can write (MySQL
//! manual, "Online DDL Operations", "Changing the column data type": only ALGORITHM=COPY; a column's character set too).
//! Large tables are better changed by a tool that copies row by row; its command line goes with the step.

use super::nullability::{Redefinition, redefine, table_collation};
use super::prepared::{guard, has_type, is_table};
use super::{COPY, as_planned, copied};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::mysql::text::utf8mb4;
use crate::dialect::retype::{self, Retype, Tests};
use crate::schema::{ColumnType, Ident, Table, TypeFamily, display_columns};

const SQL: MySql = MySql::MYSQL;

/// See [`crate::dialect::Dialect::fits`].
pub(in crate::dialect::mysql) fn fits(value: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
    if let (TypeFamily::Text, TypeFamily::Text) = (from.family, to.family) {
        return Ok(
            match to.collation.as_ref().and_then(|collation| collation.charset.as_ref()) {
                // A character that the other set does not have becomes a question mark.
                Some(charset) => SQL.identical(
                    &format!("CONVERT(CONVERT({value} USING {charset}) USING utf8mb4)"),
                    &format!("CONVERT({value} USING utf8mb4)"),
                    to,
                ),
                None => "TRUE".to_owned(),
            },
        );
    }
    let text = utf8mb4(value, from);
    let tests = Tests {
        text: &text,
        // Regular expressions of MySQL let a line's end stand behind `$`, and none of them looks at letter case.
        matches: &|pattern| {
            format!(
                "({text} REGEXP {} AND {text} NOT REGEXP '[^0-9a-f-]' AND CAST({text} AS BINARY) = CAST(LOWER({text}) AS BINARY))",
                SQL.literal(pattern)
            )
        },
        number: &|text| format!("CAST({text} AS DECIMAL(65, 0))"),
        cut: &|number, digits| format!("TRUNCATE({number}, {digits})"),
        length: &|text| format!("CHAR_LENGTH({text})"),
    };
    retype::fits(value, from, to, &tests)
}

/// See [`crate::dialect::change::PlanDialect::notes`].
pub(in crate::dialect::mysql) fn notes(retype: &Retype<'_>) -> Vec<String> {
    let column = retype.column;
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let default = match column.default.as_deref() {
        None | Some("NULL") => String::new(),
        Some(default) => format!(" DEFAULT {}", SQL.literal(default.trim_matches('\''))),
    };
    let alter = format!(
        "MODIFY COLUMN {} {} {null}{default}",
        SQL.quote(&column.name),
        definition(&retype.to)
    );
    let shell = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let table = &retype.table.name.table;
    let database = retype
        .table
        .name
        .namespace
        .as_ref()
        .map_or("DATABASE", |namespace| namespace.as_str());
    let mut notes = vec![
        "the server copies the table, and until it is done nobody can write to it: for a large one use one of these instead, which \
         leave this step nothing to do"
            .to_owned(),
        format!(
            "gh-ost --database={} --table={} --alter={} --exact-rowcount --execute",
            shell(database),
            shell(table.as_str()),
            shell(&alter)
        ),
        format!(
            "pt-online-schema-change --alter {} --execute {}",
            shell(&alter),
            shell(&format!("D={database},t={table}"))
        ),
    ];
    if !retype.table.foreign_keys.is_empty() {
        notes.push(
            "the table has foreign keys, which gh-ost refuses and for which pt-online-schema-change needs \
             --alter-foreign-keys-method"
                .to_owned(),
        );
    }
    notes
}

pub(super) fn at_once(retype: &Retype<'_>) -> Result<Work, String> {
    let column = &retype.column.name;
    if let Some(key) = retype
        .table
        .foreign_keys
        .iter()
        .find(|key| key.columns.contains(column))
    {
        return Err(format!(
            "`{column}` is in {}, and the server changes no such column",
            key.describe(&retype.table.name)
        ));
    }
    let mut up = as_it_was(retype);
    up.extend(changing(retype, &retype.column.ty, &retype.to)?);
    Ok(Work {
        up,
        down: changing(retype, &retype.to, &retype.column.ty)?,
        locks: copied(&retype.table.name).to_vec(),
        guards: vec![
            as_planned(retype.table),
            format!(
                "every value of `{column}` can be `{}` and comes back from it the same",
                retype.to.declared
            ),
        ],
        reads_rows: true,
    })
}

/// The column has the type that it had, or the new one already.
fn as_it_was(retype: &Retype<'_>) -> Vec<Statement> {
    let (table, column) = (retype.table, &retype.column.name);
    guard(
        &format!(
            "{} OR {}",
            is_of(table, column, &retype.column.ty),
            is_of(table, column, &retype.to)
        ),
        &format!(
            "{} is not as it was when the plan was made ({} was of another type or is gone): make a new plan",
            table.name,
            display_columns(std::slice::from_ref(column))
        ),
    )
}

fn changing(retype: &Retype<'_>, from: &ColumnType, to: &ColumnType) -> Result<Vec<Statement>, String> {
    let (table, column) = (retype.table, &retype.column.name);
    let done = is_of(table, column, to);
    let value = format!("r.{}", SQL.quote(column));
    let message = format!(
        "{}.{column} has values that cannot be {} and come back the same: mend them, and run this again",
        table.name, to.declared
    );
    // A value that comes in between and cannot be converted is an error, since the mode is strict.
    let mut statements = guard(
        &format!(
            "{done} OR NOT EXISTS (SELECT 1 FROM {} r WHERE {value} IS NOT NULL AND NOT ({}))",
            SQL.table_name(&table.name),
            fits(&value, from, to)?
        ),
        &message,
    );
    statements.extend(redefine(
        table,
        column,
        &done,
        &Redefinition {
            ty: &definition_expression(table, to),
            nullability: "IF(is_nullable = 'YES', ' NULL', ' NOT NULL')",
            how: COPY,
        },
    ));
    Ok(statements)
}

/// Whether a column of that name has this type and collation.
fn is_of(table: &Table, column: &Ident, ty: &ColumnType) -> String {
    let collation = ty.collation.as_ref().map_or(String::new(), |collation| {
        format!(" AND collation_name = {}", SQL.literal(&collation.name))
    });
    format!(
        "EXISTS (SELECT 1 FROM information_schema.columns WHERE {} AND column_name = {} AND {}{collation})",
        is_table("table_schema", "table_name", &table.name),
        SQL.literal(column.as_str()),
        has_type(ty)
    )
}

/// An expression for the type as a definition writes it, without a collation that the table has anyway.
fn definition_expression(table: &Table, ty: &ColumnType) -> String {
    let whole = SQL.literal(&definition(ty));
    match &ty.collation {
        Some(collation) => format!(
            "IF({} = {}, {}, {whole})",
            table_collation(table),
            SQL.literal(&collation.name),
            SQL.literal(&ty.declared)
        ),
        None => whole,
    }
}

/// The type as a definition writes it.
pub(super) fn definition(ty: &ColumnType) -> String {
    match &ty.collation {
        Some(collation) => {
            let charset = collation
                .charset
                .as_ref()
                .map_or(String::new(), |charset| format!(" CHARACTER SET {charset}"));
            format!("{}{charset} COLLATE {}", ty.declared, collation.name)
        }
        None => ty.declared.clone(),
    }
}
