//! CREATE TABLE, in all its forms.

use crate::ddl::references::References;
use crate::ddl::short;
use crate::ddl::tokens::Cursor;
use crate::schema::{Ident, Index, Key, Location, TableKind, TableName};

use super::catalog::{Catalog, Check, Draft};
use super::constraint::{self, Constraint, KeyConstraint};
use super::{column, index};

/// Reads from behind TABLE on.
///
/// # Errors
///
/// Why there is no table after it.
pub(super) fn create(
    cursor: &mut Cursor<'_>,
    kind: TableKind,
    temporary: bool,
    catalog: &mut Catalog,
) -> Result<(), String> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let origin = cursor.origin();
    let name = catalog.new_name(cursor.names()).ok_or("the table's name is missing")?;
    if temporary
        || name
            .namespace
            .as_ref()
            .is_some_and(|namespace| namespace.as_str() == "pg_temp")
    {
        catalog.temporary.insert(name.table);
        return Ok(());
    }
    if catalog.tables.contains_key(&name) {
        return if if_not_exists {
            Ok(())
        } else {
            Err(format!("there is a table `{name}` already"))
        };
    }
    let mut draft = Draft::new(name.clone(), kind, origin);
    if cursor.take(&["PARTITION", "OF"]) {
        let above = catalog
            .table_name(cursor.names())
            .ok_or("the partitioned table is missing")?;
        if !catalog.tables.contains_key(&above) {
            return Err(format!("there is no table `{above}` to be a partition of"));
        }
        draft.partition_parent = Some(above.clone());
        catalog.inherit_columns(&mut draft, &above);
    } else if cursor.take(&["OF"]) {
        cursor.skip_to_end();
        catalog.insert(draft);
        return Err(format!(
            "the columns of `{name}` are those of a type, and are not known"
        ));
    }
    let body = cursor.parenthesized();
    if cursor.take(&["INHERITS"]) {
        let mut parents = cursor.parenthesized().ok_or("the tables of INHERITS are missing")?;
        for mut parent in parents.split_at_commas() {
            let Some(parent) = catalog.table_name(parent.names()) else {
                continue;
            };
            catalog.inherit_columns(&mut draft, &parent);
            draft.parents.push(parent);
        }
    }
    let partition = draft.partition_parent.clone();
    catalog.insert(draft);
    let constraints = body
        .map(|body| catalog.read_body(&name, body, partition.is_some()))
        .unwrap_or_default();
    read_tail(cursor, &name, catalog);
    catalog.add_constraints(&name, constraints);
    if let Some(above) = partition {
        catalog.add_indexes_of_parent(&name, &above);
    }
    Ok(())
}

/// Reads what may follow the columns.
fn read_tail(cursor: &mut Cursor<'_>, name: &TableName, catalog: &mut Catalog) {
    let place = cursor.location();
    let mut has_query = false;
    while !cursor.is_at_end() {
        if cursor.take(&["PARTITION", "BY"]) {
            if let Some(draft) = catalog.tables.get_mut(name) {
                draft.table.kind = TableKind::Partitioned;
            }
        } else if cursor.take(&["AS"]) {
            has_query = true;
            cursor.skip_to_end();
        } else {
            cursor.skip_one();
        }
    }
    let is_empty = catalog
        .tables
        .get(name)
        .is_some_and(|draft| draft.table.columns.is_empty());
    if has_query && is_empty {
        catalog.note(
            format!("the columns of `{name}` are those of a query, and are not known"),
            place,
        );
    }
}

impl Catalog {
    /// Reads columns and constraints; the columns are added, the constraints given back.
    fn read_body(
        &mut self,
        table: &TableName,
        mut body: Cursor<'_>,
        is_partition: bool,
    ) -> Vec<(Constraint, Location)> {
        let mut constraints = Vec::new();
        for mut part in body.split_at_commas() {
            let place = part.location();
            let text = part.rest();
            let read = if part.take(&["LIKE"]) {
                self.like(table, &mut part).map(|()| Vec::new())
            } else if constraint::starts(&part) {
                constraint::read(&mut part)
                    .map(|read| vec![read])
                    .map_err(str::to_owned)
            } else if is_partition {
                column::read_options(&mut part, self, table).map_err(str::to_owned)
            } else {
                self.read_column(table, &mut part)
            };
            match read {
                Ok(read) => constraints.extend(read.into_iter().map(|read| (read, place.clone()))),
                Err(fault) => self.note(
                    format!("of the table `{table}`, `{}` is lost: {fault}", short(text)),
                    place,
                ),
            }
        }
        constraints
    }

    /// Reads a column and adds it; its constraints are given back.
    pub(super) fn read_column(&mut self, table: &TableName, part: &mut Cursor<'_>) -> Result<Vec<Constraint>, String> {
        let spec = column::read(part, table, self)?;
        for (message, location) in spec.faults {
            self.note(format!("of the table `{table}`, {message}"), location);
        }
        if let Some(draft) = self.tables.get_mut(table) {
            // A column that is inherited too is one column.
            match draft
                .table
                .columns
                .iter_mut()
                .find(|known| known.name == spec.column.name)
            {
                Some(known) => {
                    let nullable = known.nullable && spec.column.nullable;
                    *known = spec.column;
                    known.nullable = nullable;
                }
                None => draft.table.columns.push(spec.column),
            }
        }
        Ok(spec.constraints)
    }

    /// `LIKE table INCLUDING …`.
    fn like(&mut self, table: &TableName, part: &mut Cursor<'_>) -> Result<(), String> {
        let model = self.table_name(part.names()).ok_or("the table's name is missing")?;
        let mut with = Included::default();
        while let Some(verb) = part.take_any(&["INCLUDING", "EXCLUDING"]) {
            let word = part.name().ok_or("what is included is missing")?;
            with.set(word.as_str(), verb == "INCLUDING");
        }
        let Some(model) = self.tables.get(&model) else {
            return Err(format!("there is no table `{model}`"));
        };
        let mut columns = model.table.columns.clone();
        for column in &mut columns {
            column.default = column.default.take().filter(|_| with.defaults);
            column.identity &= with.identity || column.default.is_some();
            column.generated = column.generated.filter(|_| with.generated);
            column.comment = column.comment.take().filter(|_| with.comments);
        }
        let checks = if with.constraints {
            model.checks.clone()
        } else {
            Vec::new()
        };
        let (indexes, keys) = (model.table.indexes.clone(), model.table.keys.clone());
        if let Some(draft) = self.tables.get_mut(table) {
            draft.table.columns.extend(columns);
            draft.checks.extend(checks);
        }
        for index in indexes.into_iter().filter(|_| with.indexes) {
            self.add_index_like(table, index, &keys);
        }
        Ok(())
    }

    /// Adds an index, and the key that it belongs to, under an invented name.
    fn add_index_like(&mut self, table: &TableName, mut index: Index, keys: &[Key]) {
        let key = keys
            .iter()
            .find(|key| key.name.is_some() && key.name == index.constraint);
        let label = key.map_or("idx", |key| if key.primary { "pkey" } else { "key" });
        index.bound = false;
        index.name = self.invented_index_name(table, &index, label);
        if let (Some(mut key), Some(draft)) = (key.cloned(), self.tables.get_mut(table)) {
            key.name = Some(index.name.clone());
            index.constraint = Some(index.name.clone());
            index.bound = true;
            draft.table.keys.push(key);
        }
        self.add_index(table, index, true);
    }

    /// Gives a new table the columns and checks of one above it.
    pub(super) fn inherit_columns(&self, draft: &mut Draft, above: &TableName) {
        let Some(above) = self.tables.get(above) else { return };
        for column in &above.table.columns {
            match draft.table.columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => known.nullable &= column.nullable,
                None => draft.table.columns.push(column.clone()),
            }
        }
        for check in &above.checks {
            if !draft.checks.iter().any(|known| known.name == check.name) {
                draft.checks.push(check.clone());
            }
        }
    }

    /// Gives a partition an index for each of the table above.
    pub(super) fn add_indexes_of_parent(&mut self, partition: &TableName, above: &TableName) {
        let indexes = self
            .tables
            .get(above)
            .map(|draft| draft.table.indexes.clone())
            .unwrap_or_default();
        for index in &indexes {
            self.add_index_of_parent(partition, (above, index));
        }
        // A foreign key that the table above has too is inherited.
        let inherited = self
            .tables
            .get(above)
            .map(|draft| draft.table.foreign_keys.clone())
            .unwrap_or_default();
        if let Some(draft) = self.tables.get_mut(partition) {
            draft.table.foreign_keys.retain(|own| {
                let same = |key: &&crate::schema::ForeignKey| {
                    (&key.columns, &key.parent, &key.parent_columns) == (&own.columns, &own.parent, &own.parent_columns)
                };
                !inherited.iter().any(|key| same(&key))
            });
        }
    }

    /// Adds constraints in the order in which the server makes them, which decides who gets an invented name first:
    /// checks, the primary key, other keys, foreign keys.
    pub(super) fn add_constraints(&mut self, table: &TableName, mut constraints: Vec<(Constraint, Location)>) {
        constraints.sort_by_key(|(constraint, _)| match constraint {
            Constraint::NotNull(_) => 0,
            Constraint::Check { .. } => 1,
            Constraint::Key(key) if key.primary => 2,
            Constraint::Key(_) | Constraint::Exclude { .. } => 3,
            Constraint::Foreign(_) => 4,
        });
        for (constraint, place) in constraints {
            if let Err(fault) = self.add_constraint(table, constraint, false) {
                self.note(format!("a constraint of the table `{table}` is lost: {fault}"), place);
            }
        }
    }

    /// Adds a constraint. `only`: not to the tables below.
    pub(super) fn add_constraint(
        &mut self,
        table: &TableName,
        constraint: Constraint,
        only: bool,
    ) -> Result<(), String> {
        match constraint {
            Constraint::NotNull(column) => {
                for table in self.with_descendants(table, only) {
                    if let Some(draft) = self.tables.get_mut(&table) {
                        draft.set_not_null(&column);
                    }
                }
                Ok(())
            }
            Constraint::Check { name, condition, words } => {
                self.add_check(table, name, &condition, &words, only);
                Ok(())
            }
            Constraint::Key(key) => self.add_key(table, key, only),
            Constraint::Exclude { name, mut index } => {
                let name = name.unwrap_or_else(|| self.invented_index_name(table, &index, "excl"));
                index.name = name.clone();
                index.constraint = Some(name);
                index.bound = true;
                self.add_index(table, *index, true);
                Ok(())
            }
            Constraint::Foreign(read) => {
                self.add_foreign_key(table, *read);
                Ok(())
            }
        }
    }

    fn add_check(&mut self, table: &TableName, name: Option<Ident>, condition: &str, words: &[Ident], only: bool) {
        let name = name.unwrap_or_else(|| {
            let columns = self
                .tables
                .get(table)
                .map_or(&[][..], |draft| draft.table.columns.as_slice());
            let used: Vec<Ident> = words
                .iter()
                .filter(|word| columns.iter().any(|column| column.name == **word))
                .cloned()
                .collect();
            self.constraint_name(table, if used.len() == 1 { &used } else { &[] }, "check")
        });
        for table in self.with_descendants(table, only) {
            let Some(draft) = self.tables.get_mut(&table) else {
                continue;
            };
            if !draft.checks.iter().any(|check| check.name == name) {
                draft.checks.push(Check {
                    name: name.clone(),
                    condition: condition.to_owned(),
                });
            }
        }
    }

    fn add_key(&mut self, table: &TableName, mut key: KeyConstraint, only: bool) -> Result<(), String> {
        let draft = self.tables.get_mut(table).ok_or("there is no such table")?;
        if let Some(wanted) = &key.using_index {
            let index = draft.table.indexes.iter().find(|index| index.name == *wanted);
            let index = index.ok_or_else(|| format!("there is no index `{wanted}`"))?;
            key.columns = index.parts.iter().filter_map(|part| part.column.clone()).collect();
            key.include.clone_from(&index.include);
            self.drop_index(&table.sibling(&wanted.clone()));
            key.name = key.name.or_else(|| key.using_index.clone());
        } else if let Some(missing) = key.columns.iter().find(|column| draft.table.column(column).is_none()) {
            return Err(format!("there is no column `{missing}`"));
        }
        let label = if key.primary { "pkey" } else { "key" };
        let mut made = index::empty(key.without_overlaps.then(|| "gist".into()), key.origin.clone());
        made.parts = key
            .columns
            .iter()
            .map(|column| crate::schema::IndexPart::column(column.clone()))
            .collect();
        made.include.clone_from(&key.include);
        // WITHOUT OVERLAPS compares by other operators than equality.
        made.unique = !key.without_overlaps;
        made.nulls_not_distinct = key.nulls_not_distinct;
        let name = key
            .name
            .unwrap_or_else(|| self.invented_index_name(table, &made, label));
        made.name = name.clone();
        made.constraint = Some(name.clone());
        made.bound = true;
        if key.primary {
            for table in self.with_descendants(table, false) {
                if let Some(draft) = self.tables.get_mut(&table) {
                    key.columns.iter().for_each(|column| draft.set_not_null(column));
                }
            }
        }
        if let Some(draft) = self.tables.get_mut(table) {
            draft.table.keys.push(Key {
                name: Some(name),
                columns: key.columns,
                primary: key.primary,
                deferrable: key.deferrable,
                nulls_not_distinct: key.nulls_not_distinct,
                without_overlaps: key.without_overlaps,
                origin: key.origin,
            });
        }
        self.add_index(table, made, only);
        Ok(())
    }

    fn add_foreign_key(&mut self, table: &TableName, read: References) {
        let mut key = read.key;
        let Some(parent) = self.table_name(read.parent) else {
            return;
        };
        if key.parent_columns.is_empty() {
            let primary = self.tables.get(&parent).and_then(|draft| draft.table.primary_key());
            key.parent_columns = primary.map(|primary| primary.columns.clone()).unwrap_or_default();
        }
        key.parent = parent;
        let name = key
            .name
            .take()
            .unwrap_or_else(|| self.constraint_name(table, &key.columns, "fkey"));
        key.name = Some(name);
        if let Some(draft) = self.tables.get_mut(table) {
            draft.table.foreign_keys.push(key);
        }
    }
}

/// What LIKE takes over besides the columns.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the clause")]
struct Included {
    comments: bool,
    constraints: bool,
    defaults: bool,
    generated: bool,
    identity: bool,
    indexes: bool,
}

impl Included {
    fn set(&mut self, word: &str, value: bool) {
        let all = word == "all";
        for (name, field) in [
            ("comments", &mut self.comments),
            ("constraints", &mut self.constraints),
            ("defaults", &mut self.defaults),
            ("generated", &mut self.generated),
            ("identity", &mut self.identity),
            ("indexes", &mut self.indexes),
        ] {
            if all || name == word {
                *field = value;
            }
        }
    }
}
