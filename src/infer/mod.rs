//! Schema → relations: what is declared, what is stated, and what names, types and keys tell. No I/O, no rows.

use crate::relation::{Polymorphic, Relations};
use crate::schema::{Column, ColumnSet, Schema, Stated, Table};

/// The relations of a schema.
pub fn relations(schema: &Schema, stated: &Stated) -> Relations {
    let _ = (schema, stated);
    Relations::default()
}

/// What a value of a type column stands for, where the pair does not say so itself: the key of the table that the value
/// names (`Post`, `App\Models\Post`, `blog.post`, `posts`).
pub fn polymorphic_target(schema: &Schema, pair: &Polymorphic, value: &str) -> Option<ColumnSet> {
    let _ = (schema, pair, value);
    None
}

/// The column that marks a row as deleted while it stays in the table (`deleted_at`), if the table has one.
pub fn soft_delete_column(table: &Table) -> Option<&Column> {
    let _ = table;
    None
}

/// Two ways from a child to the same ancestor, as indexes into [`Relations::relations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantPath {
    /// Child to ancestor.
    pub direct: usize,
    /// Child to parent.
    pub via: usize,
    /// Parent to ancestor.
    pub up: usize,
}

/// The pairs of ways that are meant to agree.
pub fn tenant_paths(schema: &Schema, relations: &Relations) -> Vec<TenantPath> {
    let _ = (schema, relations);
    Vec::new()
}

/// Whether a self reference forms a tree.
pub fn is_tree_reference(relation: &crate::relation::Relation) -> bool {
    let _ = relation;
    false
}
