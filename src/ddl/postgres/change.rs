//! What ALTER TABLE does to the catalogue.

use crate::ddl::tokens::Cursor;
use crate::schema::{Column, Ident, TableName};

use super::catalog::{Catalog, Draft};
use super::expression;

impl Catalog {
    pub(super) fn change_columns(
        &mut self,
        tables: &[TableName],
        name: &Ident,
        change: &dyn Fn(&mut Column),
    ) -> Result<(), String> {
        let mut found = false;
        for table in tables {
            let draft = self.tables.get_mut(table);
            let column = draft.and_then(|draft| draft.table.columns.iter_mut().find(|column| column.name == *name));
            if let Some(column) = column {
                change(column);
                found = true;
            }
        }
        if found {
            Ok(())
        } else {
            Err(format!("there is no column `{name}`"))
        }
    }

    /// A default for a column that is there, as the server would print it.
    pub(super) fn default_of(&self, table: &TableName, name: &Ident, text: &Cursor<'_>) -> Option<String> {
        let column = self.tables.get(table).and_then(|draft| draft.table.column(name));
        let declared = column.map_or("text", |column| column.ty.declared.as_str());
        super::with_type(declared, |ty| expression::default(text, ty, self))
    }

    /// ALTER TABLE … ATTACH PARTITION.
    pub(super) fn attach(&mut self, above: &TableName, partition: &TableName) -> Result<(), String> {
        let draft = self
            .tables
            .get_mut(partition)
            .ok_or_else(|| format!("there is no table `{partition}`"))?;
        draft.partition_parent = Some(above.clone());
        self.children.entry(above.clone()).or_default().push(partition.clone());
        self.add_indexes_of_parent(partition, above);
        Ok(())
    }

    /// ALTER TABLE … DETACH PARTITION: what it had inherited is its own from then on.
    pub(super) fn detach(&mut self, above: &TableName, partition: &TableName) {
        let inherited = self
            .tables
            .get(above)
            .map(|draft| draft.table.foreign_keys.clone())
            .unwrap_or_default();
        self.disinherit(above, partition);
        if let Some(draft) = self.tables.get_mut(partition) {
            draft.table.foreign_keys.extend(inherited);
        }
    }

    pub(super) fn disinherit(&mut self, above: &TableName, table: &TableName) {
        if let Some(children) = self.children.get_mut(above) {
            children.retain(|child| child != table);
        }
        if let Some(draft) = self.tables.get_mut(table) {
            draft.partition_parent = draft.partition_parent.take().filter(|parent| parent != above);
            draft.parents.retain(|parent| parent != above);
        }
    }

    /// Foreign keys are enforced by triggers on both tables.
    pub(super) fn switch_triggers(&mut self, table: &TableName, enabled: bool) {
        for (name, draft) in &mut self.tables {
            for key in draft
                .table
                .foreign_keys
                .iter_mut()
                .filter(|key| name == table || key.parent == *table)
            {
                key.enforced = enabled;
            }
        }
    }

    pub(super) fn drop_column(&mut self, table: &TableName, name: &Ident) -> bool {
        let mut found = false;
        for table in self.with_descendants(table, false) {
            let Some(draft) = self.tables.get_mut(&table) else {
                continue;
            };
            found |= draft.table.column(name).is_some();
            draft.table.columns.retain(|column| column.name != *name);
            draft.table.keys.retain(|key| !key.columns.contains(name));
            draft.table.foreign_keys.retain(|key| !key.columns.contains(name));
            let gone: Vec<Ident> = draft
                .table
                .indexes
                .iter()
                .filter(|index| {
                    index.parts.iter().any(|part| part.column.as_ref() == Some(name)) || index.include.contains(name)
                })
                .map(|index| index.name.clone())
                .collect();
            for index in gone {
                self.drop_index(&table.sibling(&index));
            }
        }
        self.drop_references(|key| key.parent == *table && key.parent_columns.contains(name));
        found
    }

    pub(super) fn drop_constraint(&mut self, table: &TableName, name: &Ident) -> bool {
        let mut found = false;
        for table in self.with_descendants(table, false) {
            let Some(draft) = self.tables.get_mut(&table) else {
                continue;
            };
            found |= draft.has_constraint(name);
            draft.checks.retain(|check| check.name != *name);
            draft.table.foreign_keys.retain(|key| key.name.as_ref() != Some(name));
        }
        let draft = self.tables.get(table);
        let key = draft
            .and_then(|draft| draft.table.keys.iter().find(|key| key.name.as_ref() == Some(name)))
            .cloned();
        let is_constraint = |draft: &Draft| {
            draft
                .table
                .indexes
                .iter()
                .any(|index| index.constraint.as_ref() == Some(name))
        };
        if draft.is_some_and(is_constraint) {
            found = true;
            self.drop_index(&table.sibling(name));
        }
        if let Some(key) = key {
            // CASCADE; without it the server refuses where there is a reference.
            self.drop_references(|reference| reference.parent == *table && reference.parent_columns == key.columns);
        }
        found
    }

    pub(super) fn rename_constraint(&mut self, table: &TableName, from: &Ident, to: &Ident) -> Result<(), String> {
        let draft = self.tables.get_mut(table).ok_or("there is no such table")?;
        if !draft.has_constraint(from)
            && !draft
                .table
                .indexes
                .iter()
                .any(|index| index.constraint.as_ref() == Some(from))
        {
            return Err(format!("there is no constraint `{from}`"));
        }
        for check in draft.checks.iter_mut().filter(|check| check.name == *from) {
            check.name = to.clone();
        }
        for key in draft
            .table
            .foreign_keys
            .iter_mut()
            .filter(|key| key.name.as_ref() == Some(from))
        {
            key.name = Some(to.clone());
        }
        self.rename_index(&table.sibling(from), to);
        Ok(())
    }

    pub(super) fn rename_column(&mut self, tables: &[TableName], from: &Ident, to: &Ident) -> Result<(), String> {
        let rename = |name: &mut Ident| {
            if name == from {
                *name = to.clone();
            }
        };
        self.change_columns(tables, from, &|column| column.name = to.clone())?;
        for table in tables {
            let Some(draft) = self.tables.get_mut(table) else {
                continue;
            };
            draft
                .table
                .keys
                .iter_mut()
                .flat_map(|key| &mut key.columns)
                .for_each(rename);
            for key in &mut draft.table.foreign_keys {
                key.columns.iter_mut().chain(&mut key.set_columns).for_each(rename);
            }
            for index in &mut draft.table.indexes {
                let columns = index.parts.iter_mut().filter_map(|part| part.column.as_mut());
                columns.chain(&mut index.include).for_each(rename);
            }
        }
        for draft in self.tables.values_mut() {
            let references = draft
                .table
                .foreign_keys
                .iter_mut()
                .filter(|key| tables.contains(&key.parent));
            references.flat_map(|key| &mut key.parent_columns).for_each(rename);
        }
        Ok(())
    }
}
