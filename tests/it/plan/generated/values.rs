//! What columns of generated databases hold, as each engine writes it.

use std::fmt::Write as _;

use crate::live::server::Family;

/// All different, also where trailing spaces do not count.
pub(super) const TEXTS: [&str; 10] = ["a", "A", "o'x", "ä", "\"q\"", "0", "b\\s", "x;\ny", "-- z", ""];

/// What a column holds besides keys.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload {
    Text,
    Bytes,
    Real,
    Decimal,
    Time,
    Json,
    Computed,
}

/// A value, whatever the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Literal(&'static str),
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Number,
    Payload(Payload),
}

impl Column {
    pub(super) fn ty(self, family: Family) -> &'static str {
        let [sqlite, postgres, mysql] = match self {
            Self::Number => ["INTEGER", "bigint", "BIGINT"],
            Self::Payload(Payload::Text) => ["TEXT", "text", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
            Self::Payload(Payload::Bytes) => ["BLOB", "bytea", "VARBINARY(20)"],
            Self::Payload(Payload::Real) => ["REAL", "double precision", "DOUBLE"],
            Self::Payload(Payload::Decimal) => ["NUMERIC", "numeric", "DECIMAL(30, 12)"],
            Self::Payload(Payload::Time) => [
                "ÄON",
                "timestamptz",
                "TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            ],
            Self::Payload(Payload::Json) => ["", "json", "JSON"],
            Self::Payload(Payload::Computed) => [
                "INT GENERATED ALWAYS AS (1 + 1)",
                "integer GENERATED ALWAYS AS (1 + 1) STORED",
                "INT GENERATED ALWAYS AS (1 + 1) STORED",
            ],
        };
        match family {
            Family::Sqlite => sqlite,
            Family::Postgres => postgres,
            Family::Mysql | Family::MariaDb => mysql,
        }
    }
}

pub(super) fn payload(kind: Payload, pick: u8) -> Value {
    if pick.is_multiple_of(5) {
        return Value::Null;
    }
    match kind {
        Payload::Text => Value::Text(TEXTS[usize::from(pick) % TEXTS.len()].to_owned()),
        Payload::Bytes => Value::Bytes(vec![0, pick, b'\'', 255]),
        Payload::Real => Value::Literal(["0.1", "1e300", "-0.3333333333333333", "3"][usize::from(pick) % 4]),
        Payload::Decimal => Value::Literal(["0.1", "12345678901234567.123456789012", "-7"][usize::from(pick) % 3]),
        Payload::Time => Value::Literal(["'2020-02-29 01:02:03'", "'1999-12-31 23:59:59'"][usize::from(pick) % 2]),
        Payload::Json => Value::Literal([r#"'{"a": [1, "x"]}'"#, "'17'", "'\"t\"'"][usize::from(pick) % 3]),
        Payload::Computed => Value::Null,
    }
}

pub(super) fn insert(
    family: Family,
    table: &str,
    columns: &[String],
    stored: &[bool],
    values: &[String],
    sql: &mut String,
) {
    let kept = |texts: Vec<String>| {
        let texts: Vec<String> = texts
            .into_iter()
            .zip(stored)
            .filter(|(_, stored)| **stored)
            .map(|(text, _)| text)
            .collect();
        texts.join(", ")
    };
    let names = columns.iter().map(|name| quoted(family, name)).collect();
    let _ = writeln!(
        sql,
        "INSERT INTO {} ({}) VALUES ({});",
        quoted(family, table),
        kept(names),
        kept(values.to_vec())
    );
}

pub(crate) fn quoted(family: Family, name: &str) -> String {
    match family {
        Family::Mysql | Family::MariaDb => format!("`{}`", name.replace('`', "``")),
        Family::Postgres | Family::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

pub(super) fn literal(family: Family, value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => {
            let text = text.replace('\'', "''");
            match family {
                Family::Mysql | Family::MariaDb => format!("'{}'", text.replace('\\', "\\\\")),
                Family::Postgres | Family::Sqlite => format!("'{text}'"),
            }
        }
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            match family {
                Family::Postgres => format!("'\\x{hex}'"),
                _ => format!("x'{hex}'"),
            }
        }
        Value::Literal(sql) => (*sql).to_owned(),
    }
}
