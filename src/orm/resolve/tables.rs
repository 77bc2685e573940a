//! Tables and columns that models name, looked up in a schema.

use std::collections::BTreeMap;

use crate::schema::{ColumnSet, End, Ident, Joint, Missing, Schema, Table, TableName};

/// PostgreSQL's namespace for tables that are created without one.
const DEFAULT_NAMESPACE: &str = "public";

/// The tables of a schema by name, as an application finds them.
pub(super) struct Tables<'s> {
    schema: &'s Schema,
    by_name: BTreeMap<String, Vec<&'s Table>>,
    /// The namespace that the application's tables are in.
    home: Option<Ident>,
}

/// What a table's name leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lookup<'s> {
    /// This table.
    Found(&'s Table),
    /// No table.
    Missing,
    /// It may be there, and cannot be seen or told from a namesake.
    Unknown,
}

/// Why an end was not found.
#[derive(Debug)]
pub(super) enum Absent {
    /// Something is not there.
    Missing(Box<Missing>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl<'s> Tables<'s> {
    /// `used` are the names that the application's models have for their tables. The namespace that has most of those
    /// that are not qualified is where it looks for them; `public` where it is a tie.
    pub(super) fn new<'n>(schema: &'s Schema, used: impl Iterator<Item = &'n TableName>) -> Self {
        let mut by_name: BTreeMap<String, Vec<&'s Table>> = BTreeMap::new();
        for table in schema.tables.values() {
            by_name.entry(folded(&table.name.table)).or_default().push(table);
        }
        let mut votes: BTreeMap<&Ident, usize> = BTreeMap::new();
        for name in used.filter(|name| name.namespace.is_none()) {
            for table in by_name.get(&folded(&name.table)).into_iter().flatten() {
                if let Some(namespace) = &table.name.namespace {
                    *votes.entry(namespace).or_default() += 1;
                }
            }
        }
        let most = votes
            .into_iter()
            .max_by_key(|(namespace, votes)| (*votes, namespace.as_str() == DEFAULT_NAMESPACE));
        Self {
            schema,
            by_name,
            home: most.map(|(namespace, _)| namespace.clone()),
        }
    }

    /// The table that is meant. Letter case counts only where two tables differ in nothing else.
    pub(super) fn find(&self, name: &TableName) -> Lookup<'s> {
        let named = self.by_name.get(&folded(&name.table)).map_or(&[][..], Vec::as_slice);
        let found = match &name.namespace {
            None => self.at_home(&name.table, named),
            Some(namespace) => {
                let within: Vec<&Table> = named
                    .iter()
                    .copied()
                    .filter(|table| is_same(table.name.namespace.as_ref(), namespace))
                    .collect();
                match self.at_home(&name.table, &within) {
                    Lookup::Missing => self.without_namespaces(name, named),
                    found => found,
                }
            }
        };
        match found {
            Lookup::Missing if !self.schema.sees_all_tables => Lookup::Unknown,
            found => found,
        }
    }

    /// Where the database has no namespaces, Sequelize makes `blog.posts` of a namespace and a name, and other
    /// frameworks leave it out.
    fn without_namespaces(&self, name: &TableName, named: &[&'s Table]) -> Lookup<'s> {
        if self.home.is_some() || self.schema.tables.keys().any(|table| table.namespace.is_some()) {
            return Lookup::Missing;
        }
        let whole = self.by_name.get(&name.to_string().to_lowercase());
        match whole.and_then(|tables| tables.first()) {
            Some(table) => Lookup::Found(table),
            None => self.at_home(&name.table, named),
        }
    }

    fn at_home(&self, name: &Ident, named: &[&'s Table]) -> Lookup<'s> {
        let exact: Vec<&Table> = named
            .iter()
            .copied()
            .filter(|table| table.name.table == *name)
            .collect();
        let named = if exact.is_empty() { named.to_vec() } else { exact };
        match named.as_slice() {
            [] => Lookup::Missing,
            [table] => Lookup::Found(table),
            several => several
                .iter()
                .find(|table| table.name.namespace == self.home)
                .map_or(Lookup::Unknown, |table| Lookup::Found(table)),
        }
    }

    /// The table of an end.
    pub(super) fn table(&self, name: &TableName) -> Result<&'s Table, Absent> {
        match self.find(name) {
            Lookup::Found(table) => Ok(table),
            Lookup::Missing => Err(Absent::Missing(Box::new(Missing {
                why: format!("there is no table `{name}`"),
                table: self.qualified(name),
                columns: Vec::new(),
                key: None,
            }))),
            Lookup::Unknown => Err(Absent::Unknown(format!(
                "`{name}` cannot be told from a namesake, or is out of sight"
            ))),
        }
    }

    /// Whether only the other way round makes a reference of it: the child's columns are its primary key, which is what is
    /// referenced, and the parent has a key, and it is another. (`hasOne(Product::class, 'id', 'product_id')` finds the
    /// right row, and declares it from the wrong side.)
    pub(super) fn is_reversed(&self, joint: &Joint) -> bool {
        let of = |set: &ColumnSet| self.schema.table(&set.table);
        let (Some(child), Some(parent)) = (of(&joint.child), of(&joint.parent)) else {
            return false;
        };
        // A part of the parent's key (`id` of `(id, month)`) is what rows are told apart by, if not what the database can
        // reference.
        let is_of_key = |column: &Ident| parent.primary_key().is_some_and(|key| key.columns.contains(column));
        if joint.parent.columns.iter().all(is_of_key) {
            return false;
        }
        let is_within = |column: &Ident| joint.parent.columns.contains(column);
        let mut indexes = parent.indexes.iter().filter(|index| index.is_full_unique_key());
        child
            .primary_key()
            .is_some_and(|key| key.columns == joint.child.columns)
            && parent.primary_key().is_some()
            && !parent.keys.iter().any(|key| key.columns.iter().all(is_within))
            && !indexes.any(|index| {
                index
                    .whole_columns()
                    .is_some_and(|columns| columns.into_iter().all(is_within))
            })
    }

    /// A name that no table has, as the database would qualify it.
    pub(super) fn qualified(&self, name: &TableName) -> TableName {
        TableName {
            namespace: name.namespace.clone().or_else(|| self.home.clone()),
            table: name.table.clone(),
        }
    }
}

/// Columns of a table by the names that a model has for them.
pub(super) fn columns(table: &Table, names: &[Ident]) -> Result<ColumnSet, Absent> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        match table.find_column(name.as_str()) {
            Some(column) => found.push(column.name.clone()),
            None => missing.push(name),
        }
    }
    let Some(first) = missing.first() else {
        return Ok(ColumnSet::new(table.name.clone(), found));
    };
    if table.columns.is_empty() {
        return Err(Absent::Unknown(format!(
            "the columns of `{}` are not known",
            table.name
        )));
    }
    let why = if missing.len() == 1 {
        format!("`{}` has no column `{first}`", table.name)
    } else {
        let quoted: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        format!("`{}` has no columns {}", table.name, quoted.join(" and "))
    };
    Err(Absent::Missing(Box::new(Missing {
        why,
        table: table.name.clone(),
        columns: names.to_vec(),
        key: None,
    })))
}

/// The parent's columns for so many columns of a child: those that are named, else its primary key.
///
/// A key that has `id` and more to it (a partitioned table's) is referenced by `id` alone where there is one column, as
/// Active Record does since 7.1.
pub(super) fn parent_columns(table: &Table, end: &End, child: &ColumnSet) -> Result<ColumnSet, Absent> {
    let width = child.columns.len();
    let named = if end.columns.is_empty() {
        let key = table.primary_key().map_or(&[][..], |key| key.columns.as_slice());
        let id = table.find_column("id").filter(|_| width == 1 && key.len() != 1);
        match id {
            Some(id) => vec![id.name.clone()],
            None => key.to_vec(),
        }
    } else {
        columns(table, &end.columns)?.columns
    };
    if named.len() == width {
        return Ok(ColumnSet::new(table.name.clone(), named));
    }
    if named.is_empty() && (table.columns.is_empty() || !table.kind.holds_rows()) {
        return Err(Absent::Unknown(format!("the key of `{}` is not known", table.name)));
    }
    let why = if named.is_empty() {
        format!("`{}` has no primary key", table.name)
    } else {
        let counted = |count: usize| format!("{count} column{}", if count == 1 { "" } else { "s" });
        format!(
            "the key names {} and that of `{}` has {}",
            counted(width),
            table.name,
            counted(named.len())
        )
    };
    Err(Absent::Missing(Box::new(Missing {
        why,
        table: child.table.clone(),
        columns: child.columns.clone(),
        key: None,
    })))
}

fn folded(name: &Ident) -> String {
    name.as_str().to_lowercase()
}

fn is_same(namespace: Option<&Ident>, wanted: &Ident) -> bool {
    namespace.is_some_and(|namespace| folded(namespace) == folded(wanted))
}
