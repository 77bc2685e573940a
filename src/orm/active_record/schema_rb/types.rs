//! Rails' names of types, as each database system has them (`native_database_types` of the adapters, Active Record 8.1).

use super::{Builder, is_set, option};
use crate::ddl::{self, SqlDialect};
use crate::orm::active_record::value::{Pair, Value};
use crate::schema::{ColumnType, TypeFamily};

impl Builder {
    /// The type's name in SQL, and what the schema says of it.
    pub(super) fn column_type(&self, ty: &str, options: &[Pair]) -> Option<(String, ColumnType)> {
        let number = |key: &str| option(options, key).and_then(Value::number);
        let limit = number("limit");
        if ty == "enum" && self.dialect == SqlDialect::Postgres {
            let name = option(options, "enum_type").and_then(Value::text)?;
            return self.enumeration(name);
        }
        let mut declared = match self.dialect {
            SqlDialect::Postgres => postgres(ty, limit),
            SqlDialect::MySql => mysql(ty, limit, option(options, "size").and_then(Value::text)),
            SqlDialect::Sqlite => sqlite(ty),
        };
        let arguments = match ty {
            "decimal" | "numeric" => [number("precision"), number("scale")].into_iter().flatten().collect(),
            "datetime" | "timestamp" | "timestamptz" | "time" => self.precision(ty, options).into_iter().collect(),
            "interval" => number("precision").into_iter().collect(),
            _ if self.takes_limit(ty, &declared) => self.limit(ty, limit).into_iter().collect(),
            _ => Vec::new(),
        };
        if !arguments.is_empty() && !declared.contains('(') {
            let arguments: Vec<String> = arguments.iter().map(u64::to_string).collect();
            declared = format!("{declared}({})", arguments.join(","));
        }
        if is_set(options, "unsigned") && self.dialect == SqlDialect::MySql {
            declared.push_str(" unsigned");
        }
        if is_set(options, "array") {
            declared.push_str("[]");
        }
        let collation = option(options, "collation").and_then(Value::text);
        let mut resolved = ddl::column_type(&declared, self.dialect, collation)?;
        if let (Some(collation), Some(known)) = (collation, &mut resolved.collation)
            && self.dialect == SqlDialect::Postgres
        {
            known.name = format!("\"{collation}\"");
        }
        Some((declared, resolved))
    }

    /// An enumeration of PostgreSQL that the schema makes.
    fn enumeration(&self, name: &str) -> Option<(String, ColumnType)> {
        let labels = self.enums.get(name).cloned().unwrap_or_default();
        let mut ty = ddl::column_type(name, self.dialect, None)?;
        if !labels.is_empty() {
            (ty.family, ty.labels) = (TypeFamily::Enum, labels);
        }
        Some((name.to_owned(), ty))
    }

    /// The digits of a second: since Rails 7.0 six where nothing is said (`precision: nil` is for none).
    fn precision(&self, ty: &str, options: &[Pair]) -> Option<u64> {
        match option(options, "precision") {
            Some(stated) => stated.number(),
            None => (ty != "time" && self.version.is_some_and(|version| version >= 7.0)).then_some(6),
        }
    }

    fn limit(&self, ty: &str, stated: Option<u64>) -> Option<u64> {
        let is_mysql_string = self.dialect == SqlDialect::MySql && ty == "string";
        stated.or(is_mysql_string.then_some(255))
    }

    /// Whether the limit is a part of the type's name; that of a number chose the type already.
    fn takes_limit(&self, ty: &str, declared: &str) -> bool {
        match ty {
            "integer" | "bigint" | "boolean" | "text" | "binary" | "blob" | "json" | "jsonb" | "uuid" | "date"
            | "float" => false,
            _ => self.dialect != SqlDialect::Sqlite || declared == "varchar",
        }
    }

    /// A default as the server prints it.
    pub(super) fn default(&self, value: &Value, declared: &str) -> Option<String> {
        let is_postgres = self.dialect == SqlDialect::Postgres;
        match value {
            Value::Text(text) if self.dialect == SqlDialect::MySql => Some(text.clone()),
            Value::Text(text) => {
                let quoted = format!("'{}'", text.replace('\'', "''"));
                let cast = ddl::cast(declared).filter(|_| is_postgres);
                Some(cast.map_or_else(|| quoted.clone(), |cast| format!("{quoted}::{cast}")))
            }
            Value::Number(number) if is_postgres && number.starts_with('-') => {
                Some(format!("'{number}'::{}", ddl::cast(declared)?))
            }
            Value::Number(number) => Some(number.clone()),
            Value::True => Some(self.truth(true)),
            Value::False => Some(self.truth(false)),
            Value::Array(items) if is_postgres && items.is_empty() => Some(format!("'{{}}'::{}", ddl::cast(declared)?)),
            Value::Hash(pairs) if is_postgres && pairs.is_empty() => Some(format!("'{{}}'::{}", ddl::cast(declared)?)),
            Value::Lambda(lambda) => lambda.gives.clone(),
            _ => None,
        }
    }

    fn truth(&self, truth: bool) -> String {
        match self.dialect {
            SqlDialect::Postgres => truth.to_string(),
            SqlDialect::MySql | SqlDialect::Sqlite => u8::from(truth).to_string(),
        }
    }
}

fn postgres(ty: &str, limit: Option<u64>) -> String {
    let name = match (ty, limit) {
        ("string", _) => "character varying",
        ("integer", Some(1 | 2)) => "smallint",
        ("primary_key", _) | ("integer", Some(5..)) => "bigint",
        ("float", _) => "double precision",
        ("decimal", _) => "numeric",
        ("datetime", _) => "timestamp",
        ("binary" | "blob", _) => "bytea",
        ("bit_varying", _) => "bit varying",
        (other, _) => other,
    };
    name.to_owned()
}

fn mysql(ty: &str, limit: Option<u64>, size: Option<&str>) -> String {
    let sized = |ty: &str| match (size, limit) {
        (Some(size), _) => format!("{size}{ty}"),
        (None, Some(limit)) => format!("{}{ty}", size_of(limit)),
        (None, None) => ty.to_owned(),
    };
    match (ty, limit) {
        ("string", _) => "varchar".to_owned(),
        ("integer", Some(1)) => "tinyint".to_owned(),
        ("integer", Some(2)) => "smallint".to_owned(),
        ("integer", Some(3)) => "mediumint".to_owned(),
        ("primary_key", _) | ("integer", Some(5..)) => "bigint".to_owned(),
        ("integer", _) => "int".to_owned(),
        ("boolean", _) => "tinyint(1)".to_owned(),
        ("float", Some(25..)) => "double".to_owned(),
        ("binary", Some(limit)) if limit <= 0xfff => format!("varbinary({limit})"),
        ("text", _) => sized("text"),
        ("binary" | "blob", _) => sized("blob"),
        (other, _) => other.to_owned(),
    }
}

/// The size of a TEXT or BLOB that holds so many bytes, as older versions write it.
fn size_of(limit: u64) -> &'static str {
    match limit {
        0..=255 => "tiny",
        256..=65_535 => "",
        65_536..=16_777_215 => "medium",
        _ => "long",
    }
}

fn sqlite(ty: &str) -> String {
    match ty {
        "primary_key" => "integer",
        "string" => "varchar",
        "binary" => "blob",
        "timestamp" => "datetime",
        other => other,
    }
    .to_owned()
}
