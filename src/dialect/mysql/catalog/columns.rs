//! Columns and their types.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Collation, Column, ColumnType, Generated, Origin, Table, TableName, TypeFamily};

use super::super::server::Flavor;
use super::{Row, table_name};

/// Puts the rows of `columns.sql` into their tables, in order.
pub(super) fn attach(
    rows: Vec<Row>,
    tables: &mut BTreeMap<TableName, Table>,
    paddings: &BTreeMap<String, bool>,
    flavor: Flavor,
) {
    let mut found: BTreeMap<TableName, BTreeMap<u32, Column>> = BTreeMap::new();
    let mut unreadable = BTreeSet::new();
    for mut row in rows {
        let table = table_name(&mut row, 0);
        if !tables.contains_key(&table) {
            continue;
        }
        let position = row.number(2).unwrap_or(0);
        let privileges = row.text(14);
        // Where the server tells nothing, the first statement on the rows will.
        if !privileges.is_empty() && !privileges.split(',').any(|privilege| privilege == "select") {
            unreadable.insert(table.clone());
        }
        found
            .entry(table)
            .or_default()
            .insert(position, column(row, paddings, flavor));
    }
    for (name, columns) in found {
        if let Some(table) = tables.get_mut(&name) {
            table.columns = columns.into_values().collect();
            table.readable = !unreadable.contains(&name);
        }
    }
}

fn column(mut row: Row, paddings: &BTreeMap<String, bool>, flavor: Flavor) -> Column {
    let name = row.text(3);
    let default = row.take(4);
    let nullable = row.says_yes(5);
    let kind = row.text(6).to_ascii_lowercase();
    let declared = row.text(7);
    let length: Option<u64> = row.number(8);
    let scale = row.number(9);
    let collation = row.take(10).zip(row.take(11)).map(|(charset, name)| Collation {
        folds: folds(&name),
        pads: paddings.get(&name).copied().unwrap_or_else(|| pads(&name)),
        charset: Some(charset),
        name,
    });
    let extra = row.text(12).to_ascii_uppercase();
    Column {
        name: name.into(),
        ty: ColumnType {
            family: family(&kind, &declared, scale),
            labels: labels(&declared),
            length: length.and_then(|length| u32::try_from(length).ok()),
            collation,
            base: declared.clone(),
            declared,
        },
        nullable,
        // MariaDB writes the absence of a default as the word, and a text in quotes.
        default: default.filter(|default| !(flavor == Flavor::MariaDb && default == "NULL")),
        identity: extra.contains("AUTO_INCREMENT"),
        generated: if extra.contains("VIRTUAL GENERATED") || extra == "VIRTUAL" {
            Some(Generated::Virtual)
        } else if extra.contains("STORED GENERATED") || extra.contains("PERSISTENT") {
            Some(Generated::Stored)
        } else {
            None
        },
        comment: row.filled(13),
        origin: Origin::Catalog,
    }
}

/// What kind of values a type holds, from `DATA_TYPE` and `COLUMN_TYPE`.
fn family(kind: &str, declared: &str, scale: Option<u16>) -> TypeFamily {
    let integer = |bits| TypeFamily::Integer {
        bits,
        unsigned: declared.split(' ').any(|word| word == "unsigned"),
    };
    match kind {
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" | "integer" => integer(32),
        "bigint" => integer(64),
        "decimal" | "numeric" => TypeFamily::Decimal { scale },
        "float" | "double" | "real" => TypeFamily::Float,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => TypeFamily::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => TypeFamily::Bytes,
        "date" | "time" | "datetime" | "timestamp" | "year" => TypeFamily::Temporal,
        "enum" => TypeFamily::Enum,
        "json" => TypeFamily::Json,
        "uuid" => TypeFamily::Uuid,
        "bit" if declared == "bit(1)" => TypeFamily::Boolean,
        // SET, longer BIT, geometry, vectors, network addresses.
        _ => TypeFamily::Other,
    }
}

/// The labels of an ENUM or SET, from `COLUMN_TYPE`: each in quotes, which are doubled within, with the escapes of a
/// string literal.
fn labels(declared: &str) -> Vec<String> {
    let Some(list) = declared.strip_prefix("enum(").or_else(|| declared.strip_prefix("set(")) else {
        return Vec::new();
    };
    let mut labels = Vec::new();
    let mut label: Option<String> = None;
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match (&mut label, letter) {
            (Some(text), '\'') => {
                if letters.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                } else {
                    labels.extend(label.take());
                }
            }
            (Some(text), '\\') => match letters.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('0') => text.push('\0'),
                Some('Z') => text.push('\u{1a}'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (Some(text), other) => text.push(other),
            (None, '\'') => label = Some(String::new()),
            (None, ')') => break,
            (None, _) => {}
        }
    }
    labels
}

/// Whether a collation takes different strings for equal, by its name: `_ci` and `_ai` do, `_cs` and `_bin` do not.
fn folds(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let is_exact = words.contains(&"bin") || name == "binary" || words.contains(&"cs") && !words.contains(&"ai");
    !is_exact
}

/// Whether a collation ignores trailing spaces, by its name: all did before MySQL 8.0's, and MariaDB's say if not.
fn pads(name: &str) -> bool {
    name != "binary" && !name.split('_').any(|word| word == "0900" || word == "nopad")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unquoted() {
        let declared = r#"enum('a','it''s','b,c','ba\\ck','new\nline','ünï',')','"q"','')"#;
        assert_eq!(
            labels(declared),
            ["a", "it's", "b,c", "ba\\ck", "new\nline", "ünï", ")", "\"q\"", ""]
        );
        assert_eq!(labels("set('x','y')"), ["x", "y"]);
        assert!(labels("varchar(20)").is_empty());
        assert!(labels("enum('broken").is_empty());
    }

    #[test]
    fn collations_are_told_by_their_names() {
        let cases = [
            ("utf8mb4_general_ci", true, true),
            ("utf8mb4_0900_ai_ci", true, false),
            ("utf8mb4_0900_as_cs", false, false),
            ("utf8mb4_ja_0900_as_cs_ks", false, false),
            ("utf8mb4_0900_bin", false, false),
            ("utf8mb4_bin", false, true),
            ("latin1_general_cs", false, true),
            ("utf8mb4_uca1400_ai_cs", true, true),
            ("utf8mb4_uca1400_nopad_as_cs", false, false),
            ("utf8mb3_nopad_bin", false, false),
            ("binary", false, false),
        ];
        for (name, folding, padding) in cases {
            assert_eq!((folds(name), pads(name)), (folding, padding), "{name}");
        }
    }

    #[test]
    fn types_fall_into_families() {
        let integer = |bits, unsigned| TypeFamily::Integer { bits, unsigned };
        let cases = [
            ("tinyint", "tinyint(1)", integer(8, false)),
            ("int", "int(10) unsigned zerofill", integer(32, true)),
            ("bigint", "bigint unsigned", integer(64, true)),
            ("mediumint", "mediumint", integer(24, false)),
            ("bit", "bit(1)", TypeFamily::Boolean),
            ("bit", "bit(8)", TypeFamily::Other),
            ("binary", "binary(16)", TypeFamily::Bytes),
            ("uuid", "uuid", TypeFamily::Uuid),
            ("inet6", "inet6", TypeFamily::Other),
            ("set", "set('a')", TypeFamily::Other),
            ("enum", "enum('unsigned')", TypeFamily::Enum),
        ];
        for (kind, declared, expected) in cases {
            assert_eq!(family(kind, declared, None), expected, "{declared}");
        }
        assert_eq!(
            family("decimal", "decimal(10,2)", Some(2)),
            TypeFamily::Decimal { scale: Some(2) }
        );
    }
}
