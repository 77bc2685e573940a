//! Databases made at random: tables with odd names, keys of all kinds, relations in all directions, and rows with every
//! fault that a plan mends.

mod values;

use std::fmt::{self, Write as _};

use proptest::prelude::*;

use crate::live::server::Family;
use values::{Column, Payload, TEXTS, Value, insert, literal, payload};

pub(crate) use values::quoted;

/// No name is the beginning of another.
const TABLES: [&str; 5] = ["orders", "Order Items", "we\"ird", "ta'ble; x", "täb--le\\n"];
const REFERENCES: [&str; 3] = ["ref", "Ré f\"", "o'f; --"];

/// What is given to `--orphans`; none for the first.
pub(crate) const TREATMENTS: [Option<&str>; 5] = [
    Some("quarantine"),
    None,
    Some("nullify"),
    Some("delete"),
    Some("withhold"),
];

/// A database with faults.
#[derive(Clone)]
pub(crate) struct Case {
    tables: Vec<Made>,
    pub(crate) treatment: Option<&'static str>,
}

#[derive(Debug, Clone)]
struct Made {
    key: Key,
    references: Vec<Reference>,
    payload: Vec<Payload>,
    rows: Vec<Picks>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Number,
    Text,
    Pair,
    /// A primary key that takes nulls, where the engine has such a thing.
    Nullable,
    /// A column that is referenced and not unique, and no primary key.
    None,
}

#[derive(Debug, Clone)]
struct Reference {
    parent: usize,
    declared: bool,
    on_delete: &'static str,
    nullable: bool,
    one: bool,
}

/// From what the values of a row follow.
#[derive(Debug, Clone)]
struct Picks {
    /// Whether all but its key is as in the row before.
    copy: bool,
    values: [u8; 7],
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let tables = prop::collection::vec(made(), 1..=TABLES.len());
    (tables, prop::sample::select(&TREATMENTS[..])).prop_map(|(tables, treatment)| Case { tables, treatment })
}

fn made() -> impl Strategy<Value = Made> {
    let key = prop_oneof![
        3 => Just(Key::Number), 2 => Just(Key::Text), 2 => Just(Key::Pair), 1 => Just(Key::Nullable), 1 => Just(Key::None)
    ];
    let payload = prop::sample::select(
        &[
            Payload::Text,
            Payload::Bytes,
            Payload::Real,
            Payload::Decimal,
            Payload::Time,
            Payload::Json,
            Payload::Computed,
        ][..],
    );
    let picks = (prop::bool::weighted(0.15), any::<[u8; 7]>()).prop_map(|(copy, values)| Picks { copy, values });
    (
        key,
        prop::collection::vec(reference(), 0..=REFERENCES.len()),
        prop::collection::vec(payload, 0..3),
        prop::collection::vec(picks, 0..10),
    )
        .prop_map(|(key, references, payload, rows)| Made {
            key,
            references,
            payload,
            rows,
        })
}

fn reference() -> impl Strategy<Value = Reference> {
    let on_delete = prop::sample::select(&["no action", "cascade", "set null", "restrict"][..]);
    (
        0..TABLES.len(),
        any::<bool>(),
        on_delete,
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(parent, declared, on_delete, nullable, one)| Reference {
            parent,
            declared,
            on_delete: if on_delete == "set null" && !nullable {
                "cascade"
            } else {
                on_delete
            },
            nullable,
            one,
        })
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}{}", self.treatment, self.stated(), self.sql(Family::Sqlite))
    }
}

impl Case {
    /// The names of its tables.
    pub(crate) fn tables(&self) -> Vec<&'static str> {
        TABLES.iter().take(self.tables.len()).copied().collect()
    }

    /// The columns of a table, in their order.
    pub(crate) fn columns(&self, table: &str) -> Vec<String> {
        let Some(at) = TABLES.iter().position(|name| *name == table) else {
            return Vec::new();
        };
        self.columns_with_types(at).into_iter().map(|(name, _)| name).collect()
    }

    /// The column sets that reference something.
    pub(crate) fn references(&self, table: &str) -> Vec<Vec<String>> {
        let at = TABLES.iter().position(|name| *name == table).unwrap();
        (0..self.tables[at].references.len())
            .map(|number| self.reference_columns(at, number))
            .collect()
    }

    fn parent(&self, reference: &Reference) -> usize {
        reference.parent % self.tables.len()
    }

    fn key_columns(&self, table: usize) -> Vec<String> {
        match self.tables[table].key {
            Key::Pair => vec!["id".to_owned(), "key's part".to_owned()],
            _ => vec!["id".to_owned()],
        }
    }

    fn reference_columns(&self, table: usize, number: usize) -> Vec<String> {
        let parent = self.parent(&self.tables[table].references[number]);
        (0..self.key_columns(parent).len())
            .map(|part| format!("{}{number}{part}", REFERENCES[number]))
            .collect()
    }

    fn key_types(&self, table: usize) -> Vec<Payload> {
        match self.tables[table].key {
            Key::Number | Key::None => vec![Payload::Decimal],
            Key::Text | Key::Nullable => vec![Payload::Text],
            Key::Pair => vec![Payload::Decimal, Payload::Text],
        }
    }

    /// The columns with what they hold; whole numbers for keys are told by `None`.
    fn columns_with_types(&self, table: usize) -> Vec<(String, Column)> {
        let made = &self.tables[table];
        let key_column = |kind: Payload| match kind {
            Payload::Decimal => Column::Number,
            other => Column::Payload(other),
        };
        let mut columns: Vec<(String, Column)> = self
            .key_columns(table)
            .into_iter()
            .zip(self.key_types(table).into_iter().map(key_column))
            .collect();
        for (number, reference) in made.references.iter().enumerate() {
            let types = self.key_types(self.parent(reference)).into_iter().map(key_column);
            columns.extend(self.reference_columns(table, number).into_iter().zip(types));
        }
        for (number, kind) in made.payload.iter().enumerate() {
            columns.push((format!("payload {number}"), Column::Payload(*kind)));
        }
        columns
    }

    fn key_of_row(&self, family: Family, table: usize, row: usize) -> Vec<Value> {
        let made = &self.tables[table];
        let number = i64::try_from(row).unwrap();
        let text = |at: usize| Value::Text(TEXTS[at % TEXTS.len()].to_owned());
        match made.key {
            // In every other table 0 is the key of a row.
            Key::Number => vec![Value::Number(number + i64::try_from(table % 2).unwrap())],
            Key::Pair => vec![Value::Number(number / 3), text(row % 3)],
            Key::Nullable if family == Family::Sqlite && row % 2 == 1 => vec![Value::Null],
            Key::Text | Key::Nullable => vec![text(row)],
            Key::None => vec![Value::Number(number % 4)],
        }
    }

    fn reference_of_row(&self, family: Family, table: usize, number: usize, pick: u8) -> Vec<Value> {
        let reference = &self.tables[table].references[number];
        let parent = self.parent(reference);
        let types = self.key_types(parent);
        let each = |one: &dyn Fn(&Payload) -> Value| types.iter().map(one).collect::<Vec<_>>();
        let is_number = |kind: &Payload| matches!(kind, Payload::Decimal);
        let number = |value: i64, text: &str, kind: &Payload| {
            if is_number(kind) {
                Value::Number(value)
            } else {
                Value::Text(text.to_owned())
            }
        };
        let rows = self.tables[parent].rows.len();
        let mut values = match pick % 16 {
            0 => each(&|_| Value::Null),
            1 => each(&|kind| number(0, "", kind)),
            2 => each(&|kind| number(-1, "-1", kind)),
            3..=6 => each(&|kind| number(90 + i64::from(pick / 16), &format!("gone {}'", pick / 64), kind)),
            _ if rows == 0 => each(&|kind| number(7, "none", kind)),
            _ => self.key_of_row(family, parent, usize::from(pick / 16) % rows),
        };
        if pick % 16 == 6 {
            // A key of which a part is null.
            values[0] = Value::Null;
        }
        if !reference.nullable {
            for (value, kind) in values.iter_mut().zip(&types) {
                if *value == Value::Null {
                    *value = number(99, "gone", kind);
                }
            }
        }
        values
    }

    fn row(&self, family: Family, table: usize, row: usize) -> Vec<Value> {
        let made = &self.tables[table];
        let mut from = row;
        while from > 0 && made.rows[from].copy {
            from -= 1;
        }
        let picks = &made.rows[from].values;
        let mut values = self.key_of_row(family, table, row);
        for (number, pick) in picks.iter().enumerate().take(made.references.len()) {
            values.extend(self.reference_of_row(family, table, number, *pick));
        }
        for (number, kind) in made.payload.iter().enumerate() {
            values.push(payload(*kind, picks[4 + number]));
        }
        values
    }

    /// What is stated in `relaudit.yml`: JSON is YAML.
    pub(crate) fn stated(&self) -> String {
        let mut text = "relations:\n".to_owned();
        for (at, made) in self.tables.iter().enumerate() {
            for (number, reference) in made.references.iter().enumerate() {
                let parent = self.parent(reference);
                let mut entry = serde_json::json!({
                    "child": TABLES[at],
                    "columns": self.reference_columns(at, number),
                    "parent": TABLES[parent],
                    "parent_columns": self.key_columns(parent),
                    "kind": if reference.one { "has_one" } else { "has_many" },
                });
                if !reference.declared {
                    entry["on_delete"] = reference.on_delete.into();
                }
                let _ = writeln!(text, "  - {entry}");
            }
        }
        if text.ends_with("relations:\n") {
            text.push_str("  []\n");
        }
        text
    }

    /// The statements that make it. Foreign keys are there, and old rows break them.
    pub(crate) fn sql(&self, family: Family) -> String {
        let mut sql = String::new();
        if family == Family::Sqlite {
            sql.push_str("PRAGMA synchronous = OFF;\nBEGIN;\n");
        }
        if matches!(family, Family::Mysql | Family::MariaDb) {
            sql.push_str("SET foreign_key_checks = 0;\nSET sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO');\n");
        }
        for at in 0..self.tables.len() {
            self.create(family, at, &mut sql);
        }
        for (at, made) in self.tables.iter().enumerate() {
            let stored: Vec<bool> = (self.columns_with_types(at).iter())
                .map(|(_, column)| !matches!(column, Column::Payload(Payload::Computed)))
                .collect();
            for row in 0..made.rows.len() {
                let of_row = self.row(family, at, row).into_iter().zip(&stored);
                let values: Vec<String> = of_row
                    .map(|(value, stored)| match stored {
                        true => literal(family, &value),
                        false => "DEFAULT".to_owned(),
                    })
                    .collect();
                insert(
                    family,
                    TABLES[at],
                    &self.columns(TABLES[at]),
                    &stored,
                    &values,
                    &mut sql,
                );
            }
        }
        if family == Family::Sqlite {
            sql.push_str("COMMIT;\n");
            return sql;
        }
        for (at, made) in self.tables.iter().enumerate() {
            for number in 0..made.references.len() {
                if let Some(key) = self.foreign_key(family, at, number) {
                    let late = if family == Family::Postgres { " NOT VALID" } else { "" };
                    let _ = writeln!(sql, "ALTER TABLE {} ADD {key}{late};", quoted(family, TABLES[at]));
                }
            }
        }
        sql
    }

    fn create(&self, family: Family, at: usize, sql: &mut String) {
        let made = &self.tables[at];
        let key_columns = self.key_columns(at);
        let mut required: Vec<String> = Vec::new();
        if made.key != Key::None && !(made.key == Key::Nullable && family == Family::Sqlite) {
            required.extend(key_columns.iter().cloned());
        }
        for (number, reference) in made.references.iter().enumerate() {
            if !reference.nullable {
                required.extend(self.reference_columns(at, number));
            }
        }
        let mut parts: Vec<String> = Vec::new();
        for (name, column) in self.columns_with_types(at) {
            let null = if required.contains(&name) { " NOT NULL" } else { "" };
            parts.push(format!("{} {}{null}", quoted(family, &name), column.ty(family)));
        }
        let list = |columns: &[String]| {
            let names: Vec<String> = columns.iter().map(|name| quoted(family, name)).collect();
            names.join(", ")
        };
        if made.key != Key::None {
            parts.push(format!("PRIMARY KEY ({})", list(&key_columns)));
        }
        if family == Family::Sqlite {
            parts.extend((0..made.references.len()).filter_map(|number| self.foreign_key(family, at, number)));
        }
        let _ = writeln!(
            sql,
            "CREATE TABLE {} ({});",
            quoted(family, TABLES[at]),
            parts.join(", ")
        );
    }

    fn foreign_key(&self, family: Family, at: usize, number: usize) -> Option<String> {
        let reference = &self.tables[at].references[number];
        let parent = self.parent(reference);
        if !reference.declared || self.tables[parent].key == Key::None {
            return None;
        }
        let list = |columns: Vec<String>| {
            let names: Vec<String> = columns.iter().map(|name| quoted(family, name)).collect();
            names.join(", ")
        };
        Some(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {}",
            list(self.reference_columns(at, number)),
            quoted(family, TABLES[parent]),
            list(self.key_columns(parent)),
            reference.on_delete
        ))
    }
}
