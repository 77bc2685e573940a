//! Reading schemas from SQL text.

mod bad_input;
mod migrations;
mod mysql;
mod places;
mod postgres;
mod splitter;
mod sqlite;

use std::fmt::Write as _;

use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::schema::{Action, Ident, Read, Schema, display_columns};

/// A file of that name and text.
pub(crate) fn file(name: &str, text: &str) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

pub(crate) fn read(text: &str, dialect: SqlDialect) -> Read {
    ddl::read(&[file("a.sql", text)], dialect)
}

/// The notes that are about a place, as `line:column: message`.
pub(crate) fn notes(read: &Read) -> Vec<String> {
    let located = read.notes.iter().filter_map(|note| {
        let place = note.location.as_ref()?;
        Some(format!("{}:{}: {}", place.line, place.column, note.message))
    });
    located.collect()
}

/// The schema in few words, a table a line: `name: column type (!: not null, =: default), …; key …; fk …; index …`.
pub(crate) fn summary(schema: &Schema) -> String {
    let mut text = String::new();
    for table in schema.tables.values() {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let not_null = if column.nullable { "" } else { "!" };
                let default = column
                    .default
                    .as_ref()
                    .map_or_else(String::new, |default| format!("={default}"));
                format!("{} {}{not_null}{default}", column.name, column.ty.declared)
            })
            .collect();
        let _ = write!(text, "{}: {}", table.name, columns.join(", "));
        let named = |name: &Option<Ident>| name.as_ref().map_or("-", Ident::as_str).to_owned();
        for key in &table.keys {
            let kind = if key.primary { "primary" } else { "unique" };
            let _ = write!(text, "; {kind} {}({})", named(&key.name), display_columns(&key.columns));
        }
        for key in &table.foreign_keys {
            let columns = display_columns(&key.columns);
            let _ = write!(
                text,
                "; fk {}({columns})->{}({})",
                named(&key.name),
                key.parent,
                display_columns(&key.parent_columns)
            );
            if !key.on_delete.refuses() {
                let _ = write!(text, " {}", key.on_delete.as_sql().to_lowercase());
            }
            if key.on_update == Action::Cascade {
                text.push_str(" on update cascade");
            }
        }
        for index in table.indexes.iter().filter(|index| index.constraint.is_none()) {
            let parts: Vec<&str> = index
                .parts
                .iter()
                .filter_map(|part| part.column.as_ref().map(Ident::as_str).or(part.expression.as_deref()))
                .collect();
            let _ = write!(text, "; index {}({})", index.name, parts.join(", "));
        }
        for check in &table.checks {
            let _ = write!(text, "; check {check}");
        }
        text.push('\n');
    }
    text
}

/// What is read of the text, which must raise no note.
pub(crate) fn check(dialect: SqlDialect, sql: &str, expected: &[&str]) {
    let read = read(sql, dialect);
    assert_eq!(summary(&read.schema).lines().collect::<Vec<_>>(), expected, "{sql}");
    assert!(notes(&read).is_empty(), "{sql}: {:?}", notes(&read));
}
