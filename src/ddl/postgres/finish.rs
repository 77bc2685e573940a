//! The schema that comes of the catalogue after the last statement, in the order in which a live one is read.

use std::collections::BTreeMap;

use crate::schema::{Ident, Read, Schema, TableName, TypeFamily};

use super::catalog::{Catalog, UserType};
use super::name::quoted_where_needed;

impl Catalog {
    pub(super) fn finish(mut self) -> Read {
        let relations: BTreeMap<TableName, (Option<TableName>, Vec<TableName>)> = self
            .tables
            .keys()
            .map(|name| (name.clone(), (self.root(name), self.ancestors(name))))
            .collect();
        let labels = self.labels();
        let primary_keys: BTreeMap<TableName, Vec<Ident>> = self
            .tables
            .iter()
            .filter_map(|(name, draft)| Some((name.clone(), draft.table.primary_key()?.columns.clone())))
            .collect();
        let mut schema = Schema {
            sees_all_tables: true,
            ..Schema::default()
        };
        for (name, mut draft) in std::mem::take(&mut self.tables) {
            if is_system(&name) {
                continue;
            }
            let (root, inherits) = relations.get(&name).cloned().unwrap_or_default();
            draft.checks.sort_by(|left, right| left.name.cmp(&right.name));
            let mut table = draft.table;
            table.checks = draft.checks.into_iter().map(|check| check.condition).collect();
            table.inherits = if root.is_some() { Vec::new() } else { inherits };
            table.partition_of = root;
            table
                .keys
                .sort_by(|left, right| (!left.primary, &left.name).cmp(&(!right.primary, &right.name)));
            table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
            table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
            for key in table
                .foreign_keys
                .iter_mut()
                .filter(|key| key.parent_columns.is_empty())
            {
                key.parent_columns = primary_keys.get(&key.parent).cloned().unwrap_or_default();
            }
            for column in &mut table.columns {
                // A label that was added later is there too.
                if let Some(labels) = labels.get(&column.ty.base) {
                    column.ty.labels.clone_from(labels);
                    column.ty.family = TypeFamily::Enum;
                }
            }
            schema.tables.insert(name, table);
        }
        Read {
            schema,
            notes: self.notes,
        }
    }

    /// The labels of each enumeration by its printed name.
    fn labels(&self) -> BTreeMap<String, Vec<String>> {
        let enums = self.types.iter().filter_map(|((namespace, name), ty)| match ty {
            UserType::Enum(labels) => {
                let printed = format!(
                    "{}.{}",
                    quoted_where_needed(namespace.as_str()),
                    quoted_where_needed(name.as_str())
                );
                Some((printed, labels.clone()))
            }
            _ => None,
        });
        enums.collect()
    }

    /// The root of the partition tree that a table is a part of.
    fn root(&self, name: &TableName) -> Option<TableName> {
        let above = |name: &TableName| self.tables.get(name).and_then(|draft| draft.partition_parent.clone());
        let mut root = above(name)?;
        // A text can say that a table is a partition of itself.
        for _ in 0..self.tables.len() {
            let Some(next) = above(&root) else { break };
            root = next;
        }
        Some(root)
    }

    /// All tables above one that inherits, nearest first, each once.
    fn ancestors(&self, name: &TableName) -> Vec<TableName> {
        let parents = |name: &TableName| self.tables.get(name).map_or(&[][..], |draft| draft.parents.as_slice());
        let mut found: Vec<TableName> = Vec::new();
        let mut next: std::collections::VecDeque<&TableName> = parents(name).iter().collect();
        while let Some(above) = next.pop_front() {
            if !found.contains(above) {
                found.push(above.clone());
                next.extend(parents(above));
            }
        }
        found
    }
}

/// Whether the live reader leaves it out: the server's own namespaces.
fn is_system(name: &TableName) -> bool {
    let namespace = name.namespace.as_ref().map_or("", Ident::as_str);
    namespace.starts_with("pg_") || namespace == "information_schema"
}
