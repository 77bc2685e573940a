//! What stands under a name already: the plan's own work, from a run before, or something else that only has its name.

use super::block::{beside, regclass};
use crate::dialect::Dialect as _;
use crate::dialect::postgres::Postgres;
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Table, TableName};

/// Nothing has the name of this foreign key but itself, and what to say where something has.
pub(super) fn only_foreign_key(child: &Table, key: &ForeignKey, name: &Ident) -> (String, String) {
    is_free_for(child, key, name, &actions(key))
}

/// The same, whatever it does on delete and on update.
pub(super) fn only_foreign_key_of_any_action(child: &Table, key: &ForeignKey, name: &Ident) -> (String, String) {
    is_free_for(child, key, name, "")
}

fn is_free_for(child: &Table, key: &ForeignKey, name: &Ident, actions: &str) -> (String, String) {
    let holds = format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = {} AND c.conname = {} AND (c.contype = 'f' AND \
         c.confrelid = {} AND {} AND {}{actions}) IS NOT TRUE)",
        regclass(&child.name),
        Postgres.literal(name.as_str()),
        regclass(&key.parent),
        are_columns("c.conrelid", "c.conkey", &key.columns),
        are_columns("c.confrelid", "c.confkey", &key.parent_columns),
    );
    (holds, other("constraint", &child.name, name))
}

fn actions(key: &ForeignKey) -> String {
    format!(
        " AND c.confdeltype = '{}' AND c.confupdtype = '{}'",
        letter(key.on_delete),
        letter(key.on_update)
    )
}

/// Whether a table, an expression of type `regclass`, has a valid foreign key that says the same, whatever it is called.
pub(super) fn has_same_foreign_key(table: &str, key: &ForeignKey) -> String {
    let (deferrable, deferred) = match key.deferrable {
        Deferrable::No => (false, false),
        Deferrable::InitiallyImmediate => (true, false),
        Deferrable::InitiallyDeferred => (true, true),
    };
    let match_type = match key.match_type {
        Match::Simple => 's',
        Match::Full => 'f',
    };
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = {table} AND c.contype = 'f' AND c.convalidated AND \
         c.confrelid = {} AND {} AND {}{} AND c.confmatchtype = '{match_type}' AND c.condeferrable = {deferrable} AND \
         c.condeferred = {deferred})",
        regclass(&key.parent),
        are_columns("c.conrelid", "c.conkey", &key.columns),
        are_columns("c.confrelid", "c.confkey", &key.parent_columns),
        actions(key),
    )
}

/// An action as `pg_constraint` has it.
pub(super) fn letter(action: Action) -> char {
    match action {
        Action::NoAction => 'a',
        Action::Restrict => 'r',
        Action::Cascade => 'c',
        Action::SetNull => 'n',
        Action::SetDefault => 'd',
    }
}

/// Nothing has the name of this index but itself or what a build that was broken off has left, and what to say where
/// something has.
pub(super) fn only_index(table: &Table, columns: &[Ident], name: &Ident, unique: bool) -> (String, String) {
    let unique = if unique { "" } else { "NOT " };
    let holds = format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_class r LEFT JOIN pg_catalog.pg_index c ON c.indexrelid = r.oid WHERE r.oid = {} AND \
         (NOT c.indisvalid OR c.indrelid = {} AND {unique}c.indisunique AND c.indpred IS NULL AND c.indexprs IS NULL AND {}) IS NOT TRUE)",
        beside(&table.name, name),
        regclass(&table.name),
        are_columns("c.indrelid", "c.indkey", columns),
    );
    (holds, other("index", &table.name, name))
}

/// Whether these attribute numbers are those of these columns, in this order.
fn are_columns(relation: &str, numbers: &str, columns: &[Ident]) -> String {
    let names: Vec<String> = columns.iter().map(|column| Postgres.literal(column.as_str())).collect();
    format!(
        "(SELECT array_agg(a.attname::text ORDER BY k.position) FROM unnest({numbers}) WITH ORDINALITY k (number, position) LEFT \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.number) = ARRAY[{}]::text[]",
        names.join(", ")
    )
}

fn other(what: &str, table: &TableName, name: &Ident) -> String {
    format!(
        "the {what} {name} on {table} is another one than that of this plan: rename it, or make a new plan without it in the way"
    )
}
