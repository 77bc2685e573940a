//! CREATE INDEX, and what an index sorts by.

use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Ident, Index, IndexPart, Origin, TableName};

use super::catalog::Catalog;
use super::expression;

/// An index of which nothing is known yet but its method and place.
pub(super) fn empty(method: Option<Ident>, origin: Origin) -> Index {
    Index {
        name: "".into(),
        parts: Vec::new(),
        include: Vec::new(),
        unique: false,
        method: method.map_or_else(|| "btree".to_owned(), |method| method.as_str().to_owned()),
        predicate: None,
        valid: true,
        visible: true,
        nulls_not_distinct: false,
        constraint: None,
        bound: false,
        options: None,
        comment: None,
        origin,
    }
}

/// Reads one part: a column, a call or an expression in parentheses, and how it is sorted.
pub(super) fn part(cursor: &mut Cursor<'_>) -> IndexPart {
    let start = cursor.clone();
    let is_column = cursor.name().is_some()
        && !cursor
            .peek()
            .is_some_and(|token| matches!(token.kind, Kind::LParen | Kind::Period | Kind::Symbol));
    let column = start
        .peek()
        .and_then(|token| token.name(start.dialect()))
        .filter(|_| is_column);
    let mut expression = None;
    if !is_column {
        *cursor = start.clone();
        if cursor.parenthesized().is_none() {
            let _ = cursor.names();
            let _ = cursor.parenthesized();
        }
        expression = Some(expression::index_expression(&start.up_to(cursor)));
    }
    let class = cursor.clone();
    // Behind WITH stands the operator of an exclusion.
    cursor.skip_until(|cursor| cursor.is_at_any(&["ASC", "DESC", "NULLS", "WITH"]));
    let class = class.up_to(cursor).rest();
    let descending = cursor.take_any(&["ASC", "DESC"]) == Some("DESC");
    let swapped = if descending { "LAST" } else { "FIRST" };
    IndexPart {
        column,
        expression,
        prefix: None,
        descending,
        class: (!class.is_empty()).then(|| class.to_owned()),
        nulls_swapped: cursor.take(&["NULLS", swapped]),
    }
}

/// Reads a CREATE INDEX from behind INDEX on.
///
/// # Errors
///
/// What is missing.
pub(super) fn create(cursor: &mut Cursor<'_>, unique: bool, catalog: &mut Catalog) -> Result<(), String> {
    let _ = cursor.take(&["CONCURRENTLY"]);
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let origin = cursor.origin();
    let name = if cursor.is_at(&["ON"]) {
        None
    } else {
        cursor.names().pop()
    };
    if !cursor.take(&["ON"]) {
        return Err("ON is missing".to_owned());
    }
    let only = cursor.take(&["ONLY"]);
    let parts = cursor.names();
    let is_temporary = parts.last().is_some_and(|table| catalog.temporary.contains(table));
    let table = catalog.table_name(parts).ok_or("the table is missing")?;
    let method = if cursor.take(&["USING"]) { cursor.name() } else { None };
    let mut index = empty(method, origin);
    index.unique = unique;
    let mut inside = cursor.parenthesized().ok_or("what the index sorts by is missing")?;
    index.parts = inside.split_at_commas().iter_mut().map(part).collect();
    if cursor.take(&["INCLUDE"]) {
        index.include = cursor.name_list().ok_or("the columns of INCLUDE cannot be read")?;
    }
    if cursor.take(&["NULLS", "NOT", "DISTINCT"]) {
        index.nulls_not_distinct = true;
    }
    let options = cursor.clone();
    cursor.skip_until(|cursor| cursor.is_at(&["WHERE"]));
    index.options = Some(options.up_to(cursor).rest().to_owned()).filter(|text| !text.is_empty());
    if cursor.take(&["WHERE"]) {
        index.predicate = Some(expression::condition(cursor));
    }
    if !catalog.tables.contains_key(&table) {
        return if is_temporary {
            Ok(())
        } else {
            Err(format!("there is no table `{table}`"))
        };
    }
    if let Some(name) = &name {
        index.name = name.clone();
        if catalog.index_tables.contains_key(&table.sibling(name)) {
            return if if_not_exists {
                Ok(())
            } else {
                Err(format!("there is an index `{name}` already"))
            };
        }
    } else {
        index.name = catalog.invented_index_name(&table, &index, "idx");
    }
    catalog.add_index(&table, index, only);
    Ok(())
}

impl Catalog {
    /// Adds an index that has its name to a table, and one like it to each partition.
    pub(super) fn add_index(&mut self, table: &TableName, mut index: Index, only: bool) {
        let partitions = self.partitions(table);
        // An index of the root alone is invalid until each partition has one that is attached to it.
        index.valid = partitions.is_empty() || !only;
        self.index_tables.insert(table.sibling(&index.name), table.clone());
        if let Some(draft) = self.tables.get_mut(table) {
            draft.table.indexes.push(index.clone());
        }
        if !only {
            for partition in partitions {
                self.add_index_of_parent(&partition, (table, &index));
            }
        }
    }

    /// Gives a partition the index that belongs to one of the table above: its own that is alike, else a new one.
    pub(super) fn add_index_of_parent(&mut self, partition: &TableName, (parent, above): (&TableName, &Index)) {
        let alike = self.tables.get(partition).and_then(|draft| {
            let own = draft.table.indexes.iter().find(|own| is_alike(own, above));
            own.map(|own| own.name.clone())
        });
        let name = alike.unwrap_or_else(|| {
            let label = match &above.constraint {
                None => "idx",
                Some(constraint) => {
                    let keys = self.tables.get(parent).map(|draft| draft.table.keys.as_slice());
                    let key = keys
                        .unwrap_or(&[])
                        .iter()
                        .find(|key| key.name.as_ref() == Some(constraint));
                    if key.is_some_and(|key| key.primary) {
                        "pkey"
                    } else {
                        "key"
                    }
                }
            };
            let name = self.invented_index_name(partition, above, label);
            self.copy_key(partition, parent, above, &name);
            let index = Index {
                name: name.clone(),
                constraint: above.constraint.as_ref().map(|_| name.clone()),
                ..above.clone()
            };
            self.add_index(partition, index, false);
            name
        });
        let attached = self.attached.entry(parent.sibling(&above.name)).or_default();
        attached.insert(partition.sibling(&name));
    }

    /// Gives a partition the constraint that an index of the table above belongs to.
    fn copy_key(&mut self, partition: &TableName, parent: &TableName, above: &Index, name: &Ident) {
        let keys = self.tables.get(parent).map(|draft| draft.table.keys.as_slice());
        let key = keys
            .unwrap_or(&[])
            .iter()
            .find(|key| key.name == above.constraint && key.name.is_some())
            .cloned();
        if let (Some(mut key), Some(draft)) = (key, self.tables.get_mut(partition)) {
            key.name = Some(name.clone());
            if key.primary {
                key.columns.iter().for_each(|column| draft.set_not_null(column));
            }
            draft.table.keys.push(key);
        }
    }

    /// ALTER INDEX … ATTACH PARTITION: the index of the table above is whole once all partitions are there.
    pub(super) fn attach_index(&mut self, above: &TableName, partition: TableName) {
        let attached = self.attached.entry(above.clone()).or_default();
        attached.insert(partition);
        let count = attached.len();
        let Some(table) = self.index_tables.get(above).cloned() else {
            return;
        };
        let is_whole = count >= self.partitions(&table).len();
        if let Some(draft) = self.tables.get_mut(&table) {
            let index = draft.table.indexes.iter_mut().find(|index| index.name == above.table);
            if let Some(index) = index {
                index.valid |= is_whole;
            }
        }
    }

    /// Removes an index, and those of partitions that belong to it.
    pub(super) fn drop_index(&mut self, name: &TableName) -> bool {
        let Some(table) = self.index_tables.remove(name) else {
            return false;
        };
        if let Some(draft) = self.tables.get_mut(&table) {
            draft.table.indexes.retain(|index| index.name != name.table);
            draft.table.keys.retain(|key| key.name.as_ref() != Some(&name.table));
        }
        for below in self.attached.remove(name).unwrap_or_default() {
            self.drop_index(&below);
        }
        true
    }

    /// Gives an index another name, and its constraint too.
    pub(super) fn rename_index(&mut self, name: &TableName, to: &Ident) -> bool {
        let Some(table) = self.index_tables.remove(name) else {
            return false;
        };
        self.index_tables.insert(name.sibling(to), table.clone());
        if let Some(attached) = self.attached.remove(name) {
            self.attached.insert(name.sibling(to), attached);
        }
        if let Some(draft) = self.tables.get_mut(&table) {
            for index in draft.table.indexes.iter_mut().filter(|index| index.name == name.table) {
                index.name = to.clone();
                index.constraint = index.constraint.as_ref().map(|_| to.clone());
            }
            for key in draft
                .table
                .keys
                .iter_mut()
                .filter(|key| key.name.as_ref() == Some(&name.table))
            {
                key.name = Some(to.clone());
            }
        }
        true
    }
}

fn is_alike(own: &Index, above: &Index) -> bool {
    own.parts == above.parts
        && own.include == above.include
        && own.method == above.method
        && own.unique == above.unique
        && own.predicate == above.predicate
        && own.constraint.is_some() == above.constraint.is_some()
}
