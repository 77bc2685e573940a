//! What stands under a name already: the plan's own work, from a run before, or something else that only has its name.

use super::prepared::{guard, is_table};
use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::mysql::MySql;
use crate::schema::{Action, ForeignKey, Ident, Table, TableName};

const SQL: MySql = MySql::MYSQL;

/// Fails where something else than this foreign key has its name.
pub(super) fn only_foreign_key(child: &Table, key: &ForeignKey, name: &Ident) -> Vec<Statement> {
    let of_name = |schema: &str, table: &str| {
        format!(
            "{} AND constraint_name = {}",
            is_table(schema, table, &child.name),
            SQL.literal(name.as_str())
        )
    };
    let parts = key
        .columns
        .iter()
        .zip(&key.parent_columns)
        .enumerate()
        .map(|(at, (column, parent))| {
            format!(
                "(ordinal_position = {} AND column_name = {} AND {} AND referenced_column_name = {})",
                at + 1,
                SQL.literal(column.as_str()),
                is_table("referenced_table_schema", "referenced_table_name", &key.parent),
                SQL.literal(parent.as_str())
            )
        });
    // A unique key of the same name is in that view too.
    let of_foreign_key = format!(
        "{} AND referenced_table_name IS NOT NULL",
        of_name("table_schema", "table_name")
    );
    let columns = same_parts("key_column_usage", &of_foreign_key, parts);
    let differs = |rule: &str, action: Action| {
        // The two are one to these servers, which tell the one for the other.
        let is_none = |action: Action| matches!(action, Action::NoAction | Action::Restrict);
        if is_none(action) {
            format!("{rule} NOT IN ('NO ACTION', 'RESTRICT')")
        } else {
            format!("{rule} <> '{}'", action.as_sql())
        }
    };
    let actions = format!(
        "NOT EXISTS (SELECT 1 FROM information_schema.referential_constraints WHERE {} AND ({} OR {}))",
        of_name("constraint_schema", "table_name"),
        differs("delete_rule", key.on_delete),
        differs("update_rule", key.on_update)
    );
    guard(
        &format!("{columns} AND {actions}"),
        &other("constraint", &child.name, name),
    )
}

/// Fails where something else than this index has its name.
pub(super) fn only_index(table: &Table, columns: &[Ident], name: &Ident, unique: bool) -> Vec<Statement> {
    let of_name = format!(
        "{} AND index_name = {}",
        is_table("table_schema", "table_name", &table.name),
        SQL.literal(name.as_str())
    );
    let parts = columns.iter().enumerate().map(|(at, column)| {
        format!(
            "(seq_in_index = {} AND column_name = {} AND sub_part IS NULL AND non_unique = {})",
            at + 1,
            SQL.literal(column.as_str()),
            u8::from(!unique)
        )
    });
    guard(
        &same_parts("statistics", &of_name, parts),
        &other("index", &table.name, name),
    )
}

/// There are no rows of that name in a view of `information_schema`, or these and no others.
fn same_parts(view: &str, of_name: &str, parts: impl ExactSizeIterator<Item = String>) -> String {
    let count = parts.len();
    let parts: Vec<String> = parts.collect();
    let parts = parts.join(" OR ");
    format!(
        "NOT EXISTS (SELECT 1 FROM information_schema.{view} WHERE {of_name} AND NOT COALESCE({parts}, FALSE)) AND (SELECT COUNT(*) \
         FROM information_schema.{view} WHERE {of_name}) IN (0, {count})"
    )
}

fn other(what: &str, table: &TableName, name: &Ident) -> String {
    format!(
        "the {what} {name} on {table} is another one than that of this plan: rename it, or make a new plan without it in the way"
    )
}
