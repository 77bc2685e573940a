//! The relations of the user's file, found in a schema.

use crate::schema::{
    Action, ColumnSet, DeleteIntent, ForbiddenRelation, Ident, RelationKind, Schema, Stated, StatedBy, StatedJoinTable,
    StatedPolymorphic, StatedRelation, Table,
};
use crate::yaml::Spanned;

use super::{Config, Error, Kind, OneOrMany, PolymorphicEntry, RelationEntry};

/// The entries that were not found in a schema, each with the reason. An entry that is found in no source at all is an
/// error; with several sources each entry need be found in one only.
#[derive(Debug, Default)]
pub struct Unresolved(Vec<(usize, Error)>);

impl Unresolved {
    /// Keeps only what is missing here and there: the entries found in neither of two sources.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let both = self
            .0
            .into_iter()
            .filter(|(at, _)| other.0.iter().any(|(missing, _)| missing == at));
        Self(both.collect())
    }

    /// Adds an entry that was not found.
    pub(super) fn add(&mut self, entry: usize, error: Error) {
        self.0.push((entry, error));
    }

    /// The first entry that is missing, as an error.
    ///
    /// # Errors
    ///
    /// Where any is missing.
    pub fn into_result(self) -> Result<(), Error> {
        self.0.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }
}

impl Config {
    /// What the file states of this schema, and which entries are not found in it.
    pub fn stated(&self, schema: &Schema) -> (Stated, Unresolved) {
        let mut stated = Stated::default();
        let mut unresolved = Unresolved::default();
        for (at, entry) in self.content.relations.iter().enumerate() {
            if let Err(error) = self.add_relation(schema, entry, &mut stated) {
                unresolved.add(at, error);
            }
        }
        let relations = self.content.relations.len();
        for (at, entry) in self.content.polymorphic.iter().enumerate() {
            match self.polymorphic(schema, entry) {
                Ok(pair) => stated.polymorphic.push(pair),
                Err(error) => unresolved.add(relations + at, error),
            }
        }
        let first = relations + self.content.polymorphic.len();
        self.missing_duplicates(schema, first, &mut unresolved);
        (stated, unresolved)
    }

    fn add_relation(&self, schema: &Schema, entry: &RelationEntry, stated: &mut Stated) -> Result<(), Error> {
        self.check_orphans(entry)?;
        let child = self.table(schema, &entry.child)?;
        let parent = entry.parent.as_ref().map(|name| self.table(schema, name)).transpose()?;
        if entry.kind == Some(Kind::BelongsToMany) {
            return self.add_join_table(schema, entry, child, parent, stated);
        }
        if entry.through.is_some() || entry.other_key.is_some() {
            return Err(self.error_at(
                &entry.child,
                "`through` and `other_key` go with `kind: belongs_to_many`",
            ));
        }
        let columns = self.required(entry, entry.columns.as_ref(), "columns")?;
        let child = self.columns(child, columns, &entry.child)?;
        if entry.kind == Some(Kind::None) {
            let forbidden = ForbiddenRelation {
                child,
                parent: parent.map(|table| table.name.clone()),
            };
            if stated.relations.iter().any(|relation| forbids(&forbidden, relation)) {
                return Err(self.error_at(
                    &entry.child,
                    "`kind: none` forbids a relation that an earlier entry states",
                ));
            }
            stated.forbidden.push(forbidden);
            return Ok(());
        }
        let says_nothing = entry.kind.is_none() && entry.optional.is_none() && entry.on_delete.is_none();
        if entry.orphans.is_some() && says_nothing && parent.is_none() && entry.parent_columns.is_none() {
            // It only says what becomes of rows, by whatever relation there is.
            return Ok(());
        }
        let parent = parent.ok_or_else(|| self.error_at(&entry.child, "`parent` is missing in the relation"))?;
        let kind = match entry.kind {
            Some(Kind::HasOne) => Some(RelationKind::HasOne),
            Some(Kind::HasMany) => Some(RelationKind::HasMany),
            _ => None,
        };
        let parent = self.parent_columns(parent, entry, child.columns.len())?;
        let relation = StatedRelation {
            child,
            parent,
            kind,
            optional: entry.optional,
            on_delete: self.action(entry)?,
            by: StatedBy::Config,
        };
        if let Some(reason) = contradiction(stated, &relation) {
            return Err(self.error_at(&entry.child, reason));
        }
        stated.relations.push(relation);
        Ok(())
    }

    /// `belongs_to_many` says two relations, those of the join table.
    fn add_join_table(
        &self,
        schema: &Schema,
        entry: &RelationEntry,
        child: &Table,
        parent: Option<&Table>,
        stated: &mut Stated,
    ) -> Result<(), Error> {
        let missing = |what: &str| {
            let reason = format!("`{what}` is missing in the relation: belongs_to_many needs it");
            self.error_at(&entry.child, &reason)
        };
        let parent = parent.ok_or_else(|| missing("parent"))?;
        let through = entry.through.as_ref().ok_or_else(|| missing("through"))?;
        let join = self.table(schema, through)?;
        let to_parent = entry.columns.as_ref().ok_or_else(|| missing("foreign_key"))?;
        let to_child = entry.other_key.as_ref().ok_or_else(|| missing("other_key"))?;
        let left = self.columns(join, to_parent, through)?;
        let right = self.columns(join, to_child, through)?;
        let on_delete = self.action(entry)?;
        for (columns, table) in [(&left, parent), (&right, child)] {
            let key = self.primary_key(table, columns.columns.len(), &entry.child)?;
            stated.relations.push(StatedRelation {
                child: columns.clone(),
                parent: ColumnSet::new(table.name.clone(), key),
                kind: Some(RelationKind::HasMany),
                optional: entry.optional,
                on_delete,
                by: StatedBy::Config,
            });
        }
        stated.join_tables.push(StatedJoinTable {
            left,
            right,
            by: StatedBy::Config,
        });
        Ok(())
    }

    fn polymorphic(&self, schema: &Schema, entry: &PolymorphicEntry) -> Result<StatedPolymorphic, Error> {
        let child = self.table(schema, &entry.child)?;
        let type_column = child.find_column(&entry.type_column.value).ok_or_else(|| {
            let reason = format!("`{}` has no column `{}`", child.name, entry.type_column.value);
            self.error_at(&entry.type_column, &reason)
        })?;
        let ids = self.columns(child, &entry.id_column, &entry.child)?;
        let targets = entry.targets.iter().map(|(value, name)| {
            let table = schema
                .find_table(name)
                .map_err(|reason| self.error_at(&entry.child, &reason))?;
            Ok((value.clone(), table.name.clone(), Vec::new()))
        });
        Ok(StatedPolymorphic {
            child: child.name.clone(),
            type_column: type_column.name.clone(),
            id_columns: ids.columns,
            targets: targets.collect::<Result<_, Error>>()?,
            by: StatedBy::Config,
        })
    }

    pub(super) fn table<'s>(&self, schema: &'s Schema, name: &Spanned<String>) -> Result<&'s Table, Error> {
        schema
            .find_table(&name.value)
            .map_err(|reason| self.error_at(name, &reason))
    }

    fn required<'e>(
        &self,
        entry: &RelationEntry,
        names: Option<&'e OneOrMany>,
        what: &str,
    ) -> Result<&'e OneOrMany, Error> {
        names.ok_or_else(|| self.error_at(&entry.child, &format!("`{what}` is missing in the relation")))
    }

    /// The columns of a table; errors point to `place`.
    pub(super) fn columns(
        &self,
        table: &Table,
        names: &OneOrMany,
        place: &Spanned<String>,
    ) -> Result<ColumnSet, Error> {
        let mut columns: Vec<Ident> = Vec::new();
        for name in names.names() {
            let column = table.find_column(name).ok_or_else(|| {
                self.error_at(
                    place,
                    &format!("`{}` has no column `{name}`, which the relation names", table.name),
                )
            })?;
            if columns.contains(&column.name) {
                return Err(self.error_at(place, &format!("the relation names the column `{name}` twice")));
            }
            columns.push(column.name.clone());
        }
        if columns.is_empty() {
            return Err(self.error_at(place, "the relation names no column"));
        }
        Ok(ColumnSet::new(table.name.clone(), columns))
    }

    fn parent_columns(&self, parent: &Table, entry: &RelationEntry, width: usize) -> Result<ColumnSet, Error> {
        let Some(names) = &entry.parent_columns else {
            let key = self.primary_key(parent, width, &entry.child)?;
            return Ok(ColumnSet::new(parent.name.clone(), key));
        };
        let set = self.columns(parent, names, &entry.child)?;
        if set.columns.len() == width {
            return Ok(set);
        }
        let reason = format!(
            "the relation names {width} columns of the child and {} of the parent",
            set.columns.len()
        );
        Err(self.error_at(&entry.child, &reason))
    }

    /// The primary key of a table, which must have so many columns.
    fn primary_key(&self, table: &Table, width: usize, place: &Spanned<String>) -> Result<Vec<Ident>, Error> {
        let reason = match table.primary_key() {
            Some(key) if key.columns.len() == width => return Ok(key.columns.clone()),
            Some(key) => format!(
                "the primary key of `{}` has another number of columns ({}) than the relation ({width}): name the \
                 `parent_columns`",
                table.name,
                key.columns.len()
            ),
            None => format!("`{}` has no primary key: name the `parent_columns`", table.name),
        };
        Err(self.error_at(place, &reason))
    }

    fn action(&self, entry: &RelationEntry) -> Result<Option<DeleteIntent>, Error> {
        let Some(text) = &entry.on_delete else { return Ok(None) };
        let reason = "`on_delete` is one of cascade, set_null, set_default, restrict, no_action";
        Action::from_sql(&text.value)
            .map(|action| {
                Some(DeleteIntent {
                    action,
                    by_database: true,
                })
            })
            .ok_or_else(|| self.error_at(text, reason))
    }
}

/// Why a relation cannot be meant, in itself or after what earlier entries say; `None` where it can.
fn contradiction(stated: &Stated, relation: &StatedRelation) -> Option<&'static str> {
    if relation.child == relation.parent {
        return Some("the relation leads from columns to themselves: name other `parent_columns`, or another `parent`");
    }
    if stated.forbidden.iter().any(|forbidden| forbids(forbidden, relation)) {
        return Some("an earlier entry with `kind: none` forbids the relation");
    }
    let mut same = stated
        .relations
        .iter()
        .filter(|known| known.child == relation.child && known.parent == relation.parent);
    let differs = |known: &StatedRelation| {
        differ(known.kind, relation.kind)
            || differ(known.optional, relation.optional)
            || differ(known.on_delete, relation.on_delete)
    };
    same.any(differs)
        .then_some("an earlier entry says something else of the same relation")
}

fn differ<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> bool {
    one.is_some() && other.is_some() && one != other
}

fn forbids(forbidden: &ForbiddenRelation, relation: &StatedRelation) -> bool {
    forbidden.child == relation.child
        && forbidden
            .parent
            .as_ref()
            .is_none_or(|parent| *parent == relation.parent.table)
}
