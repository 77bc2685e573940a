//! From the model to a snapshot, and back. A model is taken apart field by field, so that one that is added is not
//! forgotten here.

use super::document::{
    Collation, Column, ColumnType, Definition, Document, ForeignKey, Index, IndexPart, Key, Location, Note, Source,
    Table, TableName,
};
use super::{FORMAT, VERSION};
use crate::dialect::SourceInfo;
use crate::schema::{self, Ident, Origin, Read, Schema};

/// The kinds of sources, as reports name them.
const KINDS: [&str; 5] = ["postgres", "mysql", "mariadb", "sqlite", "sql"];

impl Document {
    pub(super) fn of(info: &SourceInfo, read: &Read) -> Self {
        let Read { schema, notes } = read;
        let Schema {
            tables,
            sees_all_tables,
        } = schema;
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            source: Source {
                kind: info.kind.to_owned(),
                name: info.name.clone(),
                server: info.server.clone(),
            },
            sees_all_tables: *sees_all_tables,
            tables: tables.values().cloned().map(Table::from).collect(),
            notes: notes.iter().cloned().map(Note::from).collect(),
        }
    }

    pub(super) fn into_read(self) -> Result<(SourceInfo, Read), String> {
        let kind = KINDS.into_iter().find(|kind| *kind == self.source.kind);
        let info = SourceInfo {
            kind: kind.ok_or_else(|| format!("it is of a kind of source that is not known, `{}`", self.source.kind))?,
            name: self.source.name,
            server: self.source.server,
        };
        let tables = self.tables.into_iter().map(schema::Table::from);
        let schema = Schema {
            tables: tables.map(|table| (table.name.clone(), table)).collect(),
            sees_all_tables: self.sees_all_tables,
        };
        let notes = self.notes.into_iter().map(schema::Note::from).collect();
        Ok((info, Read { schema, notes }))
    }
}

fn texts(names: Vec<Ident>) -> Vec<String> {
    names.into_iter().map(text).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map")]
fn text(name: Ident) -> String {
    name.as_str().to_owned()
}

fn idents(names: Vec<String>) -> Vec<Ident> {
    names.into_iter().map(Ident::new).collect()
}

fn origin(location: Option<Location>) -> Origin {
    location.map_or(Origin::Catalog, |location| Origin::File(location.into()))
}

fn location(origin: Origin) -> Option<Location> {
    match origin {
        Origin::Catalog => None,
        Origin::File(location) => Some(location.into()),
    }
}

/// Converts between two structs of the same fields, both ways; what comes last may be an origin, of which the place is
/// stored.
macro_rules! both_ways {
    ($name:ident, $model:path { $($field:ident $(: $to:expr, $from:expr)?),+ $(,)? } $($origin:ident)?) => {
        impl From<$model> for $name {
            fn from(model: $model) -> Self {
                let $model { $($field,)+ $($origin)? } = model;
                Self { $($field: both_ways!(@apply $field $($to)?),)+ $(location: location($origin))? }
            }
        }

        impl From<$name> for $model {
            fn from(stored: $name) -> Self {
                Self {
                    $($field: both_ways!(@from stored $field $($from)?),)+
                    $($origin: origin(stored.location))?
                }
            }
        }
    };
    (@apply $field:ident) => { $field };
    (@apply $field:ident $function:expr) => { ($function)($field) };
    (@from $stored:ident $field:ident) => { $stored.$field };
    (@from $stored:ident $field:ident $function:expr) => { ($function)($stored.$field) };
}

/// Each of a list, by its own conversion.
fn each<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(B::from).collect()
}

fn maybe<A, B: From<A>>(value: Option<A>) -> Option<B> {
    value.map(B::from)
}

fn maybe_text(name: Option<Ident>) -> Option<String> {
    name.map(text)
}

fn maybe_ident(name: Option<String>) -> Option<Ident> {
    name.map(Ident::new)
}

both_ways!(Location, schema::Location { file, line, column });
both_ways!(
    Note,
    schema::Note {
        message,
        location: maybe,
        maybe
    }
);
both_ways!(TableName, schema::TableName { namespace: maybe_text, maybe_ident, table: text, Ident::new });
both_ways!(
    Collation,
    schema::Collation {
        name,
        charset,
        folds,
        pads
    }
);
both_ways!(ColumnType, schema::ColumnType {
    declared,
    base,
    family: Into::into, Into::into,
    length,
    collation: maybe, maybe,
    labels,
});
both_ways!(
    Key,
    schema::Key {
        name: maybe_text,
        maybe_ident,
        columns: texts,
        idents,
        primary,
        deferrable,
        nulls_not_distinct,
        without_overlaps,
    } origin
);
both_ways!(
    IndexPart,
    schema::IndexPart {
        column: maybe_text,
        maybe_ident,
        expression,
        prefix,
        descending,
        class,
        nulls_swapped,
    }
);
both_ways!(Index, schema::Index {
    name: text, Ident::new,
    parts: each, each,
    include: texts, idents,
    unique,
    method,
    predicate,
    valid,
    visible,
    nulls_not_distinct,
    constraint: maybe_text, maybe_ident,
    bound,
    options,
    comment,
} origin);

impl From<schema::Column> for Column {
    fn from(model: schema::Column) -> Self {
        let schema::Column {
            name,
            ty,
            nullable,
            default,
            identity,
            generated,
            comment,
            origin,
        } = model;
        Self {
            name: text(name),
            ty: ty.into(),
            nullable,
            default,
            identity,
            generated: maybe(generated),
            comment,
            location: location(origin),
        }
    }
}

impl From<Column> for schema::Column {
    fn from(stored: Column) -> Self {
        Self {
            name: Ident::new(stored.name),
            ty: stored.ty.into(),
            nullable: stored.nullable,
            default: stored.default,
            identity: stored.identity,
            generated: maybe(stored.generated),
            comment: stored.comment,
            origin: origin(stored.location),
        }
    }
}

impl From<schema::Definition> for Definition {
    fn from(model: schema::Definition) -> Self {
        let schema::Definition { table, beside, kept_in } = model;
        Self { table, beside, kept_in }
    }
}

impl From<Definition> for schema::Definition {
    fn from(stored: Definition) -> Self {
        Self {
            table: stored.table,
            beside: stored.beside,
            kept_in: stored.kept_in,
        }
    }
}

impl From<schema::ForeignKey> for ForeignKey {
    fn from(model: schema::ForeignKey) -> Self {
        let schema::ForeignKey {
            name,
            columns,
            parent,
            parent_columns,
            on_delete,
            on_update,
            set_columns,
            match_type,
            deferrable,
            validated,
            enforced,
            period,
            origin,
        } = model;
        Self {
            name: maybe_text(name),
            columns: texts(columns),
            parent: parent.into(),
            parent_columns: texts(parent_columns),
            on_delete: on_delete.into(),
            on_update: on_update.into(),
            set_columns: texts(set_columns),
            match_type: match_type.into(),
            deferrable: deferrable.into(),
            validated,
            enforced,
            period,
            location: location(origin),
        }
    }
}

impl From<ForeignKey> for schema::ForeignKey {
    fn from(stored: ForeignKey) -> Self {
        Self {
            name: maybe_ident(stored.name),
            columns: idents(stored.columns),
            parent: stored.parent.into(),
            parent_columns: idents(stored.parent_columns),
            on_delete: stored.on_delete.into(),
            on_update: stored.on_update.into(),
            set_columns: idents(stored.set_columns),
            match_type: stored.match_type.into(),
            deferrable: stored.deferrable.into(),
            validated: stored.validated,
            enforced: stored.enforced,
            period: stored.period,
            origin: origin(stored.location),
        }
    }
}

impl From<schema::Table> for Table {
    fn from(model: schema::Table) -> Self {
        let schema::Table {
            name,
            kind,
            columns,
            keys,
            foreign_keys,
            indexes,
            checks,
            partition_of,
            inherits,
            engine,
            estimated_rows,
            size_bytes,
            row_security,
            readable,
            comment,
            // Models are read anew with each audit.
            soft_delete: _,
            audited,
            definition,
            versioned,
            computed_from,
            origin,
        } = model;
        Self {
            name: name.into(),
            kind: kind.into(),
            columns: each(columns),
            keys: each(keys),
            foreign_keys: each(foreign_keys),
            indexes: each(indexes),
            checks,
            partition_of: maybe(partition_of),
            inherits: each(inherits),
            engine,
            estimated_rows,
            size_bytes,
            row_security: row_security.into(),
            readable,
            comment,
            audited,
            definition: maybe(definition),
            versioned,
            computed_from: computed_from
                .into_iter()
                .map(|column| column.as_str().to_owned())
                .collect(),
            location: location(origin),
        }
    }
}

impl From<Table> for schema::Table {
    fn from(stored: Table) -> Self {
        Self {
            name: stored.name.into(),
            kind: stored.kind.into(),
            columns: each(stored.columns),
            keys: each(stored.keys),
            foreign_keys: each(stored.foreign_keys),
            indexes: each(stored.indexes),
            checks: stored.checks,
            partition_of: maybe(stored.partition_of),
            inherits: each(stored.inherits),
            engine: stored.engine,
            estimated_rows: stored.estimated_rows,
            size_bytes: stored.size_bytes,
            row_security: stored.row_security.into(),
            readable: stored.readable,
            comment: stored.comment,
            soft_delete: None,
            audited: stored.audited,
            definition: maybe(stored.definition),
            versioned: stored.versioned,
            computed_from: stored.computed_from.into_iter().map(Into::into).collect(),
            origin: origin(stored.location),
        }
    }
}
