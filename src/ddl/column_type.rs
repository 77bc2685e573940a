//! A type's name alone → what the schema says of a column of that type.

use super::tokens::Tokens;
use super::{SqlDialect, mysql, postgres};
use crate::dialect::sqlite;
use crate::schema::ColumnType;

/// A column's type by its name in SQL, as a table made with it would have it. `collation` is the table's, for MySQL.
/// `None` where the text is no type.
pub fn column_type(declared: &str, dialect: SqlDialect, collation: Option<&str>) -> Option<ColumnType> {
    let tokens = Tokens::new(declared, (1, 1), "", dialect);
    let mut cursor = tokens.cursor();
    match dialect {
        SqlDialect::Postgres => postgres::column_type(&mut cursor),
        SqlDialect::MySql => mysql::column_type(&mut cursor, collation),
        SqlDialect::Sqlite => Some(sqlite::column_type(declared)),
    }
}

/// The type's name as PostgreSQL prints it behind a constant: without its modifiers.
pub fn cast(declared: &str) -> Option<String> {
    let tokens = Tokens::new(declared, (1, 1), "", SqlDialect::Postgres);
    postgres::cast(&mut tokens.cursor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeFamily;

    #[test]
    fn types_are_what_a_table_would_have() {
        for (declared, dialect, printed, family) in [
            ("citext", SqlDialect::Postgres, "public.citext", TypeFamily::Text),
            (
                "timestamp(6)",
                SqlDialect::Postgres,
                "timestamp(6) without time zone",
                TypeFamily::Temporal,
            ),
            ("varchar(20)", SqlDialect::MySql, "varchar(20)", TypeFamily::Text),
            (
                "integer",
                SqlDialect::Sqlite,
                "INTEGER",
                TypeFamily::Integer {
                    bits: 64,
                    unsigned: false,
                },
            ),
        ] {
            let ty = column_type(declared, dialect, None);
            let ty = ty.map(|ty| (ty.declared, ty.family));
            assert_eq!(ty, Some((printed.to_owned(), family)));
        }
        assert_eq!(column_type("", SqlDialect::Postgres, None), None);
        assert_eq!(cast("character varying(20)").as_deref(), Some("character varying"));
    }
}
