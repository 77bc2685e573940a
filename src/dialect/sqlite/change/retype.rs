//! A column that gets another type. A value that is written is converted by the column's affinity (datatype3.html, section
//! 3), and so is every value when the table is made anew: what must be sure before is that none becomes another one.

use super::columns::element_names;
use super::definition::is_strict;
use crate::dialect::Dialect as _;
use crate::dialect::alteration::{Alteration, Condition};
use crate::dialect::retype::Retype;
use crate::dialect::sqlite::Sqlite;
use crate::dialect::sqlite::types::Affinity;
use crate::schema::{Column, ColumnType, Table, TableKind, TypeFamily};

/// Whole numbers up to here are told apart as floating point numbers too.
const WHOLE: u64 = 1 << 53;

/// See [`crate::dialect::Dialect::fits`].
pub(in crate::dialect::sqlite) fn fits(value: &str, from: &ColumnType, to: &ColumnType) -> Result<String, String> {
    exact(value, from, to, false)
}

/// The condition that a value is of the kind that the type stands for when it is written to a column of it, or with
/// `any_kind` of whatever kind, and is the same again when it is written to one of the type that it has now.
fn exact(value: &str, from: &ColumnType, to: &ColumnType, any_kind: bool) -> Result<String, String> {
    use TypeFamily as F;
    let is_known = |ty: &ColumnType| {
        let affinity = Affinity::of(&ty.declared);
        match ty.family {
            // As UUID: what has another affinity holds what it is given.
            F::Text => affinity == Affinity::Text,
            F::Integer { .. } | F::Decimal { .. } | F::Float | F::Bytes => true,
            _ => false,
        }
    };
    if !is_known(from) || !is_known(to) {
        return Err(format!(
            "plans do not know how values of type {} become values of type {}",
            from.declared, to.declared
        ));
    }
    let [is, was] = [to, from].map(|ty| Affinity::of(&ty.declared));
    if is == was {
        return Ok("TRUE".to_owned());
    }
    let always = || "TRUE".to_owned();
    let never = || "FALSE".to_owned();
    let when = |holds: bool| if holds { always() } else { never() };
    // Written as a number and back it is the same text, and not `007`.
    let written_as = |ty: &str| {
        let same = format!("CAST(CAST({value} AS {ty}) AS TEXT) = {value} COLLATE BINARY");
        if any_kind {
            format!("({same} OR {})", stays_text(value))
        } else {
            same
        }
    };
    let is_number = |affinity| matches!(affinity, Affinity::Integer | Affinity::Numeric);
    let other_text = when(any_kind && was != Affinity::Blob);
    let [integer, real, text] = match is {
        Affinity::Integer => [
            always(),
            match was {
                Affinity::Numeric | Affinity::Real if any_kind => always(),
                Affinity::Real => {
                    format!("({value} = CAST({value} AS INTEGER) AND {value} BETWEEN -{WHOLE} AND {WHOLE})")
                }
                _ => never(),
            },
            if was == Affinity::Text {
                written_as("INTEGER")
            } else {
                other_text
            },
        ],
        Affinity::Numeric => [
            always(),
            when(was != Affinity::Blob),
            if was == Affinity::Text {
                // Of larger ones CAST makes a floating point number, and the column a whole one.
                let fraction = written_as("NUMERIC");
                let small = format!("CAST({value} AS NUMERIC) BETWEEN 1 - {WHOLE} AND {WHOLE} - 1");
                format!("({} OR ({fraction} AND {small}))", written_as("INTEGER"))
            } else {
                other_text
            },
        ],
        Affinity::Real => [
            if is_number(was) {
                // The least and the greatest whole number do not come back.
                format!(
                    "(CAST(CAST({value} AS REAL) AS INTEGER) = {value} AND {value} NOT IN ({}, {}))",
                    i64::MIN,
                    i64::MAX
                )
            } else {
                never()
            },
            always(),
            if was == Affinity::Text {
                written_as("REAL")
            } else {
                other_text
            },
        ],
        Affinity::Text => [
            when(is_number(was)),
            if any_kind && was != Affinity::Blob {
                format!("(CAST(CAST({value} AS TEXT) AS REAL) = {value})")
            } else {
                never()
            },
            if was == Affinity::Blob {
                always()
            } else {
                stays_text(value)
            },
        ],
        // What is written there stays as it is.
        Affinity::Blob => [when(any_kind), when(any_kind), when(any_kind)],
    };
    let blob = when(any_kind || is == Affinity::Blob);
    Ok(format!(
        "CASE typeof({value}) WHEN 'integer' THEN {integer} WHEN 'real' THEN {real} WHEN 'text' THEN {text} ELSE {blob} END"
    ))
}

/// The condition that a text has a character that no number has, so that no affinity makes a number of it.
fn stays_text(value: &str) -> String {
    format!("({value} = '' OR {value} GLOB '*[^-+.0-9eE' || char(9, 10, 11, 12, 13, 32) || ']*')")
}

/// What changes in the definition of the table.
///
/// # Errors
///
/// Nobody knows how values of the one type become values of the other, or the table can have no column of that type.
pub(super) fn alteration(retype: &Retype<'_>) -> Result<Alteration, String> {
    let (table, column) = (retype.table, retype.column);
    let text = table
        .definition
        .as_ref()
        .map_or("", |definition| definition.table.as_str());
    let is_computed = |other: &&Column| other.generated.is_some() && element_names(text, &other.name, &column.name);
    if let Some(computed) = table.columns.iter().find(is_computed) {
        return Err(format!(
            "`{}` of `{}` is computed from `{}`, and can be another when the type is another",
            computed.name, table.name, column.name
        ));
    }
    let name = format!("r.{}", Sqlite.quote(&column.name));
    let all_are = |holds: String, message: String| Condition {
        holds: format!(
            "NOT EXISTS (SELECT 1 FROM {} AS r WHERE {name} IS NOT NULL AND NOT ({holds}))",
            Sqlite.table_name(&table.name)
        ),
        message,
    };
    let declared = declared(table, Some(column), &retype.to)?;
    Ok(Alteration::Type {
        column: column.name.clone(),
        collation: collation(&retype.to),
        fits: all_are(
            exact(&name, &column.ty, &retype.to, false)?,
            format!(
                "{}.{} has values that cannot be {declared} and come back the same: mend them, and run this again",
                table.name, column.name
            ),
        ),
        comes_back: all_are(
            exact(&name, &retype.to, &column.ty, true)?,
            format!(
                "rows of {} have other values in {} by now, which its old type does not keep as they are: there is no way back \
                 with them",
                table.name, column.name
            ),
        ),
        declared,
    })
}

/// The collation that a column of this type is to have, as SQL writes it.
fn collation(ty: &ColumnType) -> Option<String> {
    let collation = ty.collation.as_ref().filter(|_| ty.family == TypeFamily::Text);
    collation.map(|collation| collation.name.clone())
}

/// The type as the definition of a table is to have it, of this column or of a new one.
///
/// # Errors
///
/// A STRICT table knows few types (stricttables.html).
pub(super) fn declared(table: &Table, column: Option<&Column>, to: &ColumnType) -> Result<String, String> {
    let is_strict = table
        .definition
        .as_ref()
        .is_some_and(|definition| is_strict(&definition.table));
    let declared = if is_strict {
        match Affinity::of(&to.declared) {
            Affinity::Integer => "INTEGER".to_owned(),
            Affinity::Text => "TEXT".to_owned(),
            Affinity::Real => "REAL".to_owned(),
            Affinity::Blob => "BLOB".to_owned(),
            Affinity::Numeric => {
                return Err(format!(
                    "`{}` is STRICT, and such tables have no columns of type {}",
                    table.name, to.declared
                ));
            }
        }
    } else {
        to.declared.clone()
    };
    // An INTEGER that is the whole primary key would become the number of the row (lang_createtable.html, section 5), which
    // cannot be null and numbers itself. INT has the same values and stays a column.
    let is_key = |column: &Column| {
        table
            .primary_key()
            .is_some_and(|key| key.columns == [column.name.clone()])
    };
    let becomes_number = table.kind != TableKind::WithoutRowid
        && declared.eq_ignore_ascii_case("INTEGER")
        && column.is_some_and(|column| !column.identity && is_key(column));
    Ok(if becomes_number { "INT".to_owned() } else { declared })
}

/// The type and collation of a new column.
///
/// # Errors
///
/// See [`declared`].
pub(super) fn definition(table: &Table, ty: &ColumnType) -> Result<String, String> {
    let declared = declared(table, None, ty)?;
    Ok(match collation(ty).filter(|name| name != "BINARY") {
        Some(name) => format!("{declared} COLLATE {name}"),
        None => declared,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::Value;

    use super::exact;
    use crate::dialect::sqlite::column_type;

    const TYPES: [&str; 8] = [
        "INTEGER",
        "BIGINT",
        "TEXT",
        "VARCHAR(20)",
        "NUMERIC",
        "DECIMAL(10, 2)",
        "REAL",
        "BLOB",
    ];

    fn value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            -20..20_i64,
            any::<i64>(),
            Just(i64::MAX),
            Just(i64::MIN),
            Just(1 << 53),
            Just((1 << 53) + 1)
        ];
        let real = prop_oneof![
            any::<f64>().prop_filter("SQLite keeps it as null", |real| !real.is_nan()),
            number.clone().prop_map(|whole| {
                #[allow(clippy::cast_precision_loss)]
                let real = whole as f64;
                real
            }),
            Just(0.5),
            Just(1e300),
            Just(9_223_372_036_854_775_807.0),
        ];
        let text = prop_oneof![
            number.clone().prop_map(|number| number.to_string()),
            real.clone().prop_map(|real| real.to_string()),
            "[-+]?[0 \t]?[0-9]{0,3}\\.?[0-9]{0,2}([eE][-+]?[0-9]{1,2})?[ \n]?",
            "[a-zé]{0,3}[0-9]{0,2}",
            prop::sample::select(
                &[
                    "abc",
                    "007",
                    "7\0",
                    "0x10",
                    "9223372036854775808",
                    "-0",
                    "1.50",
                    "inf",
                    "nan",
                    "e5"
                ][..]
            )
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            number.prop_map(Value::Integer),
            real.prop_map(Value::Real),
            text.prop_map(Value::Text),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::Blob),
        ]
    }

    /// What columns of these types make of a value, one after the other, in words that tell all values apart.
    fn through(connection: &Connection, value: &Value, types: &[&str]) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let mut value = value.clone();
        for ty in types {
            connection
                .execute_batch(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (v {ty})"))
                .expect("a table");
            connection
                .execute("INSERT INTO t VALUES (?1)", [&value])
                .expect("a row");
            let read = connection.query_row("SELECT typeof(v), v FROM t", [], |row| Ok((row.get(0)?, row.get(1)?)));
            let read: (String, Value) = read.expect("the row");
            value = read.1.clone();
            found.push(read);
        }
        found
    }

    fn holds(connection: &Connection, value: &Value, from: &str, to: &str, any_kind: bool) -> bool {
        let Ok(sql) = exact("r.v", &column_type(from), &column_type(to), any_kind) else {
            return false;
        };
        connection
            .execute_batch(&format!("DROP TABLE IF EXISTS h; CREATE TABLE h (v {from})"))
            .expect("a table");
        connection.execute("INSERT INTO h VALUES (?1)", [value]).expect("a row");
        let sql = format!("SELECT ({sql}) IS TRUE FROM h AS r");
        connection.query_row(&sql, [], |row| row.get(0)).expect("a truth value")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_fits_comes_back_the_same(
            value in value(),
            from in prop::sample::select(&TYPES[..]),
            to in prop::sample::select(&TYPES[..]),
            any_kind in any::<bool>(),
        ) {
            let connection = Connection::open_in_memory().expect("a database");
            if holds(&connection, &value, from, to, any_kind) {
                let [before, there, back] = through(&connection, &value, &[from, to, from]).try_into().expect("three");
                prop_assert_eq!(&before, &back, "{} to {} and back, by {:?}", from, to, there);
                if !any_kind && column_type(from).family != column_type(to).family {
                    let wanted: &[&str] = match to {
                        "INTEGER" | "BIGINT" => &["integer"],
                        "TEXT" | "VARCHAR(20)" => &["text"],
                        "REAL" => &["real"],
                        "BLOB" => &["blob"],
                        _ => &["integer", "real"],
                    };
                    prop_assert!(wanted.contains(&there.0.as_str()), "{} to {}: {:?}", from, to, there);
                }
            }
        }

        /// What was converted can be converted back, so that a plan that was run can be undone.
        #[test]
        fn what_fits_can_be_undone(
            value in value(),
            from in prop::sample::select(&TYPES[..]),
            to in prop::sample::select(&TYPES[..]),
        ) {
            let connection = Connection::open_in_memory().expect("a database");
            if holds(&connection, &value, from, to, false) {
                let there = through(&connection, &value, &[from, to]).pop().expect("two");
                prop_assert!(holds(&connection, &there.1, to, from, true), "{} to {}: {:?}", from, to, there);
            }
        }
    }

    #[test]
    fn what_is_not_exact_does_not_fit() {
        let connection = Connection::open_in_memory().expect("a database");
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, from, to, expected) in [
            (text("7"), "TEXT", "INTEGER", true),
            (text("-9223372036854775808"), "TEXT", "INTEGER", true),
            (text("9223372036854775808"), "TEXT", "INTEGER", false),
            (text("007"), "TEXT", "INTEGER", false),
            (text(" 7"), "TEXT", "INTEGER", false),
            (text("1.5"), "TEXT", "INTEGER", false),
            (text("1.5"), "TEXT", "NUMERIC", true),
            (text("1.50"), "TEXT", "NUMERIC", false),
            (text("abc"), "TEXT", "INTEGER", false),
            (text(""), "TEXT", "INTEGER", false),
            (Value::Blob(b"7".to_vec()), "TEXT", "INTEGER", false),
            (Value::Real(1.5), "NUMERIC", "INTEGER", false),
            (Value::Real(7.0), "REAL", "INTEGER", true),
            (Value::Integer(7), "INTEGER", "TEXT", true),
            (text("c7"), "INTEGER", "TEXT", true),
            (Value::Real(7.5), "INTEGER", "TEXT", false),
            (Value::Blob(b"7".to_vec()), "INTEGER", "TEXT", false),
        ] {
            assert_eq!(
                holds(&connection, &value, from, to, false),
                expected,
                "{value:?} of {from} to {to}"
            );
        }
        for (from, to) in [("BOOLEAN", "INTEGER"), ("DATE", "TEXT"), ("INTEGER", "UUID")] {
            assert!(
                exact("v", &column_type(from), &column_type(to), false).is_err(),
                "{from} to {to}"
            );
        }
    }
}
