//! The columns of a table.

use super::{Builder, is_set, option};
use crate::ddl::SqlDialect;
use crate::orm::active_record::value::{Pair, Value};
use crate::schema::{Column, Generated, Ident, Location, Origin, Table};

impl Builder {
    /// `t.string "name", "title", null: false`.
    pub(super) fn add_columns(
        &mut self,
        table: &mut Table,
        names: &[Value],
        ty: Option<&str>,
        options: &[Pair],
        location: &Location,
    ) -> Option<()> {
        for name in names {
            let column = self.column(table, name.text()?, ty?, options, location)?;
            table.columns.push(column);
        }
        Some(())
    }

    /// `t.timestamps`: `created_at` and `updated_at`, not null.
    pub(super) fn timestamps(&mut self, table: &mut Table, options: &[Pair], location: &Location) -> Option<()> {
        for name in ["created_at", "updated_at"] {
            let mut column = self.column(table, name, "datetime", options, location)?;
            column.nullable = option(options, "null").and_then(Value::truth).unwrap_or(false);
            table.columns.push(column);
        }
        Some(())
    }

    /// `t.references :author, polymorphic: true, foreign_key: { to_table: :users }`: one or two columns, and unless it is
    /// declined an index.
    pub(super) fn references(
        &mut self,
        table: &mut Table,
        names: &[Value],
        options: &[Pair],
        location: &Location,
    ) -> Option<()> {
        for name in names {
            let name = name.text()?;
            let ty = option(options, "type").and_then(Value::text).unwrap_or("bigint");
            let polymorphic = option(options, "polymorphic").filter(|value| value.truth() == Some(true));
            let id = format!("{name}_id");
            let mut columns = vec![Value::Text(id.clone())];
            if let Some(polymorphic) = polymorphic {
                let own: &[Pair] = match polymorphic {
                    Value::Hash(pairs) => pairs,
                    _ => &[],
                };
                let type_column = format!("{name}_type");
                let mut column = self.column(table, &type_column, "string", own, location)?;
                column.nullable = option(options, "null")
                    .and_then(Value::truth)
                    .unwrap_or(column.nullable);
                table.columns.push(column);
                columns.insert(0, Value::Text(type_column));
            }
            let column = self.column(table, &id, ty, options, location)?;
            table.columns.push(column);
            let index = option(options, "index");
            if index.is_none_or(|index| index.truth() == Some(true)) {
                let mut own = match index {
                    Some(Value::Hash(pairs)) => pairs.clone(),
                    _ => Vec::new(),
                };
                if polymorphic.is_some() && option(&own, "name").is_none() {
                    own.push(Pair {
                        key: Some("name".to_owned()),
                        value: Value::Text(format!("index_{}_on_{name}", table.name.table)),
                        location: location.clone(),
                    });
                }
                self.index(table, &Value::Array(columns), &own)?;
            }
            let key = option(options, "foreign_key").filter(|key| key.truth() == Some(true));
            if let Some(key) = key {
                let mut own = match key {
                    Value::Hash(pairs) => pairs.clone(),
                    _ => Vec::new(),
                };
                let to = option(&own, "to_table").and_then(Value::text).map(str::to_owned);
                let to = to.unwrap_or_else(|| self.inflections.pluralize(name));
                own.push(Pair {
                    key: Some("column".to_owned()),
                    value: Value::Text(id),
                    location: location.clone(),
                });
                self.foreign_key(table, &Value::Text(to), &own, location)?;
            }
        }
        Some(())
    }

    /// A column of a type as Rails names it.
    pub(super) fn column(
        &self,
        table: &Table,
        name: &str,
        ty: &str,
        options: &[Pair],
        location: &Location,
    ) -> Option<Column> {
        // `t.virtual "total", type: :integer, as: "…"`.
        let expression = option(options, "as").and_then(Value::text);
        let is_stored = is_set(options, "stored") || self.dialect == SqlDialect::Postgres;
        let generated = match (expression, is_stored) {
            (None, _) => None,
            (Some(_), true) => Some(Generated::Stored),
            (Some(_), false) => Some(Generated::Virtual),
        };
        let ty = if ty == "virtual" {
            option(options, "type").and_then(Value::text)?
        } else {
            ty
        };
        let is_serial = matches!(ty, "serial" | "bigserial");
        let ty = match ty {
            "serial" => "integer",
            "bigserial" => "bigint",
            other => other,
        };
        let (declared, ty) = self.column_type(ty, options)?;
        let default = match expression {
            // What computes a column is no default of it.
            Some(_) => None,
            None if is_serial => Some(format!("nextval('{}_{name}_seq'::regclass)", table.name)),
            None => option(options, "default").and_then(|value| self.default(value, &declared)),
        };
        Some(Column {
            name: Ident::from(name),
            ty,
            nullable: option(options, "null").is_none_or(|null| null.truth() != Some(false)),
            default,
            identity: is_serial,
            generated,
            comment: option(options, "comment").and_then(Value::text).map(str::to_owned),
            origin: Origin::File(location.clone()),
        })
    }
}
