//! `create_table` with its block.

use super::{Builder, calls_of, columns_of, is_set, option, split};
use crate::ddl::SqlDialect;
use crate::orm::active_record::syntax::{Block, Call};
use crate::orm::active_record::value::{Pair, Value};
use crate::schema::{Ident, Index, IndexPart, Key, Location, Table};

impl Builder {
    pub(super) fn create_table(&mut self, call: &Call, name: &Value, options: &[Pair]) -> Option<()> {
        let mut table = self.empty_table(name.text()?, &call.location);
        if let Some(comment) = option(options, "comment").and_then(Value::text) {
            table.comment = Some(comment.to_owned());
        }
        if let Some(text) = option(options, "options").and_then(Value::text) {
            let engine = text.split_once("ENGINE=").map(|(_, rest)| rest);
            if let Some(engine) = engine.and_then(|rest| rest.split_whitespace().next()) {
                table.engine = Some(engine.to_owned());
            }
        }
        self.primary_key_column(&mut table, options, &call.location);
        if let Some(block) = &call.block {
            self.table_body(&mut table, block);
        }
        if let Some(Value::Array(_)) = option(options, "primary_key") {
            let columns = option(options, "primary_key").and_then(columns_of)?;
            for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                column.nullable = false;
            }
            self.primary_key(&mut table, columns);
        }
        self.tables.insert(table.name.clone(), table);
        Some(())
    }

    /// The column that Rails makes by itself, unless it is told not to: `id`, a `bigint` since Rails 5.1.
    fn primary_key_column(&mut self, table: &mut Table, options: &[Pair], location: &Location) {
        let id = option(options, "id");
        let named = option(options, "primary_key");
        if id.is_some_and(|id| id.truth() == Some(false)) || matches!(named, Some(Value::Array(_))) {
            return;
        }
        let name = named.and_then(Value::text).unwrap_or("id");
        let (ty, own): (&str, &[Pair]) = match id {
            Some(Value::Hash(pairs)) => (option(pairs, "type").and_then(Value::text).unwrap_or("bigint"), pairs),
            Some(value) => (value.text().unwrap_or("bigint"), options),
            None => ("bigint", options),
        };
        let ty =
            if self.dialect == SqlDialect::Sqlite && matches!(ty, "bigint" | "primary_key" | "bigserial" | "serial") {
                "integer"
            } else {
                ty
            };
        // The table's own comment, charset and collation are no options of the column.
        let own: Vec<Pair> = own
            .iter()
            .filter(|pair| {
                matches!(
                    pair.key.as_deref(),
                    Some("default" | "limit" | "unsigned" | "precision" | "collation")
                )
            })
            .cloned()
            .collect();
        let Some(mut column) = self.column(table, name, ty, &own, location) else {
            self.note(
                &format!("the type of the primary key of `{}` is not understood", table.name),
                location,
            );
            return;
        };
        column.nullable = false;
        // `default: nil` says that nothing numbers the rows.
        let is_bare = option(&own, "default").is_none_or(|default| *default != Value::Nil) && column.default.is_none();
        let is_number = column.ty.family.is_number();
        column.identity = is_number && is_bare;
        if self.dialect == SqlDialect::Postgres && is_bare {
            column.default = match ty {
                "uuid" => Some("gen_random_uuid()".to_owned()),
                _ if is_number => Some(format!("nextval('{}_{name}_seq'::regclass)", table.name)),
                _ => None,
            };
        }
        table.columns.push(column);
        self.primary_key(table, vec![Ident::from(name)]);
    }

    /// The key with its index, under the names that the server gives them.
    fn primary_key(&self, table: &mut Table, columns: Vec<Ident>) {
        let is_rowid = self.dialect == SqlDialect::Sqlite
            && matches!(columns.as_slice(), [only] if table.column(only).is_some_and(|column| column.ty.declared == "INTEGER"));
        let name = match self.dialect {
            SqlDialect::Postgres => Some(Ident::new(format!("{}_pkey", table.name.table))),
            SqlDialect::MySql => Some(Ident::from("PRIMARY")),
            SqlDialect::Sqlite => None,
        };
        let index_name = match &name {
            Some(name) => name.clone(),
            None if is_rowid => Ident::from("rowid"),
            None => Ident::new(format!("sqlite_autoindex_{}_1", table.name.table)),
        };
        let parts = columns.iter().map(|column| IndexPart {
            column: Some(column.clone()),
            expression: None,
            prefix: None,
            descending: false,
            class: None,
            nulls_swapped: false,
        });
        table.indexes.push(Index {
            name: index_name,
            parts: parts.collect(),
            include: Vec::new(),
            unique: true,
            method: "btree".to_owned(),
            predicate: None,
            valid: true,
            visible: true,
            nulls_not_distinct: false,
            constraint: name.clone(),
            bound: true,
            options: None,
            comment: None,
            origin: table.origin.clone(),
        });
        table.keys.push(Key {
            name,
            columns,
            primary: true,
            deferrable: false,
            nulls_not_distinct: false,
            without_overlaps: false,
            origin: table.origin.clone(),
        });
    }

    /// What the block says on the table it is given.
    pub(super) fn table_body(&mut self, table: &mut Table, block: &Block) {
        for call in calls_of(block) {
            let (given, options) = split(&call.arguments);
            let done = match (call.name.as_str(), given) {
                ("index", [columns]) => self.index(table, columns, options),
                ("foreign_key", [to]) => self.foreign_key(table, to, options, &call.location),
                ("unique_constraint", [columns]) => self.unique_constraint(table, columns, options),
                ("check_constraint" | "exclusion_constraint", _) => Some(()),
                ("timestamps" | "timestamptz", []) => self.timestamps(table, options, &call.location),
                ("references" | "belongs_to", names) => self.references(table, names, options, &call.location),
                ("column", [name, ty]) => {
                    self.add_columns(table, std::slice::from_ref(name), ty.text(), options, &call.location)
                }
                ("primary_key", [name, rest @ ..]) => self.key_column(table, name, rest, options, &call.location),
                (ty, names) if !names.is_empty() => self.add_columns(table, names, Some(ty), options, &call.location),
                _ => None,
            };
            if done.is_none() {
                let message = format!("`{}` in `{}` is not understood, and lost", call.name, table.name);
                self.note(&message, &call.location);
            }
        }
    }

    /// `t.primary_key :code, :string`.
    fn key_column(
        &mut self,
        table: &mut Table,
        name: &Value,
        ty: &[Value],
        options: &[Pair],
        location: &Location,
    ) -> Option<()> {
        let ty = ty.first().and_then(Value::text).unwrap_or("bigint");
        self.add_columns(table, std::slice::from_ref(name), Some(ty), options, location)?;
        let name = Ident::from(name.text()?);
        for column in table.columns.iter_mut().filter(|column| column.name == name) {
            column.nullable = false;
        }
        self.primary_key(table, vec![name]);
        Some(())
    }

    /// A constraint of PostgreSQL, which has an index of its own.
    pub(super) fn unique_constraint(&mut self, table: &mut Table, columns: &Value, options: &[Pair]) -> Option<()> {
        let columns = columns_of(columns)?;
        self.index(
            table,
            &Value::Array(
                columns
                    .iter()
                    .map(|name| Value::Text(name.as_str().to_owned()))
                    .collect(),
            ),
            &{
                let mut with_unique = options.to_vec();
                with_unique.push(Pair {
                    key: Some("unique".to_owned()),
                    value: Value::True,
                    location: table.origin.location().cloned()?,
                });
                with_unique
            },
        )?;
        let index = table.indexes.last_mut()?;
        index.constraint = Some(index.name.clone());
        index.bound = true;
        let name = Some(index.name.clone());
        table.keys.push(Key {
            name,
            columns,
            primary: false,
            deferrable: option(options, "deferrable").is_some_and(|value| value.truth() == Some(true)),
            nulls_not_distinct: is_set(options, "nulls_not_distinct"),
            without_overlaps: false,
            origin: index.origin.clone(),
        });
        Some(())
    }
}
