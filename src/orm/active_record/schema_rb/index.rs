//! Indexes.

use super::{Builder, is_set, option};
use crate::ddl::SqlDialect;
use crate::orm::active_record::syntax::Call;
use crate::orm::active_record::value::{Pair, Value};
use crate::schema::{Ident, Index, IndexPart, Key, Origin, Table};

impl Builder {
    pub(super) fn add_index(&mut self, call: &Call, table: &Value, columns: &Value, options: &[Pair]) -> Option<()> {
        self.on_table(call, table, |builder, table| builder.index(table, columns, options))
    }

    /// `t.index ["a", "b"], name: "…", unique: true, where: "…", using: :gin`.
    pub(super) fn index(&mut self, table: &mut Table, columns: &Value, options: &[Pair]) -> Option<()> {
        let texts = columns.texts()?;
        let text = |key: &str| option(options, key).and_then(Value::text).map(str::to_owned);
        let parts: Vec<IndexPart> = match (columns, texts.as_slice()) {
            (Value::Text(_), [only]) if !is_name(only) => expressions(only).into_iter().map(expression).collect(),
            _ => texts.iter().map(|name| part(name, options)).collect(),
        };
        let name = text("name").unwrap_or_else(|| format!("index_{}_on_{}", table.name.table, texts.join("_and_")));
        let include = option(options, "include").and_then(Value::texts).unwrap_or_default();
        let index = Index {
            name: Ident::new(name),
            parts,
            include: include.into_iter().map(Ident::new).collect(),
            unique: is_set(options, "unique"),
            method: text("using").or(text("type")).unwrap_or_else(|| "btree".to_owned()),
            predicate: text("where"),
            valid: true,
            visible: option(options, "enabled").is_none_or(|enabled| enabled.truth() != Some(false)),
            nulls_not_distinct: is_set(options, "nulls_not_distinct"),
            constraint: None,
            bound: false,
            options: None,
            comment: text("comment"),
            origin: Origin::Catalog,
        };
        table.indexes.push(self.with_key(table.keys.as_mut(), index));
        Some(())
    }

    /// In MySQL a unique index is a constraint too.
    fn with_key(&self, keys: &mut Vec<Key>, mut index: Index) -> Index {
        let whole: Option<Vec<Ident>> = index.parts.iter().map(|part| part.column.clone()).collect();
        let has_prefix = index.parts.iter().any(|part| part.prefix.is_some());
        if let (SqlDialect::MySql, true, Some(columns), false) = (self.dialect, index.unique, whole, has_prefix) {
            index.constraint = Some(index.name.clone());
            keys.push(Key {
                name: Some(index.name.clone()),
                columns,
                primary: false,
                deferrable: false,
                nulls_not_distinct: false,
                without_overlaps: false,
                origin: Origin::Catalog,
            });
        }
        index
    }
}

fn part(name: &str, options: &[Pair]) -> IndexPart {
    // For all columns, or for each by its name.
    let of_column = |key: &str| match option(options, key) {
        Some(Value::Hash(pairs)) => option(pairs, name).cloned(),
        other => other.cloned(),
    };
    let order = of_column("order").and_then(|order| order.text().map(str::to_lowercase));
    let order = order.unwrap_or_default();
    let descending = order.starts_with("desc");
    IndexPart {
        column: Some(Ident::from(name)),
        expression: None,
        prefix: of_column("length")
            .and_then(|length| length.number())
            .and_then(|length| u32::try_from(length).ok()),
        descending,
        class: of_column("opclass").and_then(|class| class.text().map(str::to_owned)),
        nulls_swapped: order.ends_with(if descending { "last" } else { "first" }),
    }
}

/// A part of an index that is written as SQL: a column with an order, or an expression.
fn expression(text: &str) -> IndexPart {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or("").trim_matches(['"', '`']);
    let rest: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let is_order = rest
        .iter()
        .all(|word| ["asc", "desc", "nulls", "first", "last"].contains(&word.as_str()) || word.ends_with("_ops"));
    let is_column = is_name(first) && is_order;
    let descending = rest.iter().any(|word| word == "desc");
    IndexPart {
        column: is_column.then(|| Ident::from(first)),
        expression: (!is_column).then(|| text.to_owned()),
        prefix: None,
        descending,
        class: rest.iter().find(|word| word.ends_with("_ops")).cloned(),
        nulls_swapped: rest
            .last()
            .is_some_and(|word| word == if descending { "last" } else { "first" }),
    }
}

/// Splits at the commas that are in no parentheses.
fn expressions(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let mut quoted = false;
    let parts = text.split(|character: char| {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0 && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
