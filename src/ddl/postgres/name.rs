//! Names as PostgreSQL quotes them, and those that it invents.

use crate::ddl::tokens::{LONGEST_NAME, cut_name};
use crate::schema::Ident;

/// In quotes, whatever it holds.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// In quotes only where the server prints it so (`quote_identifier`): unless it is in small letters and no keyword, or
/// one that can be any name.
pub(super) fn quoted_where_needed(name: &str) -> String {
    let mut letters = name.chars();
    let is_plain = letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if is_plain && KEYWORDS.binary_search(&name).is_err() {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// The keywords that a name must be quoted for (PostgreSQL 18 manual, appendix C: all but "non-reserved").
const KEYWORDS: [&str; 164] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// The name that the server makes of a table, some columns and what it is for (`makeObjectName`), the first of its kind
/// that is free.
pub(super) fn invent(table: &Ident, columns: &str, label: &str, is_taken: impl Fn(&Ident) -> bool) -> Ident {
    let mut label_now = label.to_owned();
    let mut number = 0;
    loop {
        let name = Ident::new(assemble(table.as_str(), columns, &label_now));
        if !is_taken(&name) {
            return name;
        }
        number += 1;
        label_now = format!("{label}{number}");
    }
}

/// `table_columns_label`, of which the longer of the first two parts is cut until all fits.
fn assemble(table: &str, columns: &str, label: &str) -> String {
    let separators = usize::from(!columns.is_empty()) + 1;
    let room = LONGEST_NAME.saturating_sub(separators + label.len());
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let cut = |text: &str, length: usize| {
        let mut end = length;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.get(..end).unwrap_or("").to_owned()
    };
    let parts = [cut(table, first), cut(columns, second), label.to_owned()];
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join("_")
}

/// The part of an invented name that tells the columns.
pub(super) fn columns_part<'i>(columns: impl IntoIterator<Item = &'i str>) -> String {
    let mut part = String::new();
    for column in columns {
        if !part.is_empty() {
            part.push('_');
        }
        part.push_str(cut_name(column));
        if part.len() > LONGEST_NAME {
            break;
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &str, columns: &str, label: &str, taken: &[&str], expected: &str) {
        let name = invent(&table.into(), columns, label, |name| taken.contains(&name.as_str()));
        assert_eq!(name.as_str(), expected);
    }

    #[test]
    fn names_are_invented_as_by_the_server() {
        check("orders", "customer_id", "fkey", &[], "orders_customer_id_fkey");
        check("orders", "", "pkey", &[], "orders_pkey");
        check("orders", "a_b", "key", &["orders_a_b_key"], "orders_a_b_key1");
        // What PostgreSQL 15 calls the foreign key of a table of 40 letters and a column of 50.
        check(
            &"t".repeat(40),
            &"c".repeat(50),
            "fkey",
            &[],
            &format!("{}_{}_fkey", "t".repeat(29), "c".repeat(28)),
        );
    }

    #[test]
    fn keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(quoted_where_needed("user"), "\"user\"");
        assert_eq!(quoted_where_needed("status"), "status");
        assert_eq!(quoted_where_needed("Status"), "\"Status\"");
    }
}
