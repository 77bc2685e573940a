//! Orphans, sentinel values and nulls as the program counts them, against a count in plain Rust, over random databases.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value as Json;

use super::reports::{audit, probe_of};
use super::server::{Engine, Family};

/// Relations in each database.
const RELATIONS: usize = 120;

/// A small generator with a known seed: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// What a collation takes for equal.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Collation {
    folds_case: bool,
    folds_accents: bool,
    pads: bool,
}

const CI: Collation = Collation {
    folds_case: true,
    folds_accents: true,
    pads: true,
};
const BIN: Collation = Collation {
    folds_case: false,
    folds_accents: false,
    pads: true,
};

/// A column's type.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Whole numbers, or ones with two decimals.
    Number {
        hundredths: bool,
    },
    Text {
        collation: Collation,
        trims: bool,
    },
    Label,
    /// Padded to this length.
    Bytes {
        padded: Option<usize>,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Type {
    sql: String,
    kind: Kind,
    values: Vec<&'static str>,
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "12",
    "12abc",
    "012",
    " 12",
    "12 ",
    "7",
    "+7",
    "abc",
    "ABC",
    "ábc",
    "Ábc",
    "abc ",
    "ab",
    "1e1",
    "12.00",
    "12.5",
    "0.00",
    "-0",
    "９",
    "9007199254740993",
    "18446744073709551615",
];

fn types(engine: Engine) -> Vec<Type> {
    let number = |sql: &str, values: &[&'static str]| Type {
        sql: sql.to_owned(),
        kind: Kind::Number {
            hundredths: sql.starts_with("DECIMAL"),
        },
        values: values.to_vec(),
    };
    let mut types = vec![
        number("INT", &["0", "-1", "1", "7", "12", "127"]),
        number("INT UNSIGNED", &["0", "1", "7", "12", "127"]),
        number("TINYINT", &["0", "-1", "1", "7", "12", "127"]),
        number(
            "BIGINT",
            &["0", "-1", "7", "12", "9007199254740992", "9007199254740993"],
        ),
        number(
            "BIGINT UNSIGNED",
            &["0", "7", "12", "9007199254740993", "18446744073709551615"],
        ),
        number(
            "DECIMAL(22,2)",
            &["0.00", "-1.00", "12.00", "12.50", "9007199254740993.00"],
        ),
    ];
    let mut collations = vec![
        ("utf8mb4", "utf8mb4_general_ci", CI),
        ("utf8mb4", "utf8mb4_unicode_ci", CI),
        ("utf8mb4", "utf8mb4_bin", BIN),
        ("latin1", "latin1_swedish_ci", CI),
        ("latin1", "latin1_bin", BIN),
    ];
    let unpadded = |collation| Collation {
        pads: false,
        ..collation
    };
    match engine {
        Engine::Mysql97 => collations.extend([
            ("utf8mb4", "utf8mb4_0900_ai_ci", unpadded(CI)),
            ("utf8mb4", "utf8mb4_0900_bin", unpadded(BIN)),
            ("utf8mb4", "utf8mb4_0900_as_cs", unpadded(BIN)),
        ]),
        Engine::MariaDb => collations.extend([
            ("utf8mb4", "utf8mb4_nopad_bin", unpadded(BIN)),
            ("utf8mb4", "utf8mb4_unicode_nopad_ci", unpadded(CI)),
        ]),
        _ => {}
    }
    for (charset, name, collation) in collations {
        for base in ["VARCHAR", "CHAR"] {
            // The wide digit is not in latin1, and to Unicode's order it is the digit.
            let values = TEXTS.iter().copied().filter(|text| *text != "９");
            types.push(Type {
                sql: format!("{base}(30) CHARACTER SET {charset} COLLATE {name}"),
                kind: Kind::Text {
                    collation,
                    trims: base == "CHAR",
                },
                values: values.collect(),
            });
        }
    }
    for sql in ["ENUM('12','abc','0','7')", "ENUM('7','abc')"] {
        types.push(Type {
            sql: format!("{sql} CHARACTER SET latin1"),
            kind: Kind::Label,
            values: if sql.contains("12") {
                vec!["12", "abc", "0", "7"]
            } else {
                vec!["7", "abc"]
            },
        });
    }
    for (sql, padded) in [("BINARY(4)", Some(4)), ("VARBINARY(8)", None)] {
        types.push(Type {
            sql: sql.to_owned(),
            kind: Kind::Bytes { padded },
            values: vec!["", "12", "12 ", "abc", "ABC", "0", "-1"],
        });
    }
    types
}

/// A value as it is stored.
fn stored(ty: &Type, value: &str) -> String {
    match ty.kind {
        Kind::Text { trims: true, .. } => value.trim_end_matches(' ').to_owned(),
        Kind::Bytes { padded: Some(length) } => format!("{value:\0<length$}"),
        _ => value.to_owned(),
    }
}

fn normal(text: &str, collation: Collation) -> String {
    let text = if collation.pads {
        text.trim_end_matches(' ')
    } else {
        text
    };
    let text = if collation.folds_accents {
        text.replace('á', "a").replace('Á', "A")
    } else {
        text.to_owned()
    };
    if collation.folds_case {
        text.to_lowercase()
    } else {
        text
    }
}

/// The number of hundredths.
fn hundredths(text: &str) -> i128 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "00"));
    let whole: i128 = whole.parse().unwrap();
    let rest: i128 = rest.parse().unwrap();
    whole * 100 + rest
}

fn equal((child, c): (&Type, &str), (parent, p): (&Type, &str)) -> bool {
    match (&child.kind, &parent.kind) {
        (Kind::Number { .. }, Kind::Number { .. }) => hundredths(c) == hundredths(p),
        // By the parent's collation; labels have one that folds.
        (Kind::Text { .. } | Kind::Label, Kind::Text { collation, .. }) => {
            normal(c, *collation) == normal(p, *collation)
        }
        (Kind::Text { .. } | Kind::Label, Kind::Label) => normal(c, CI) == normal(p, CI),
        (Kind::Bytes { .. }, Kind::Number { .. } | Kind::Label)
        | (Kind::Number { .. } | Kind::Label, Kind::Bytes { .. }) => false,
        // Exactly as it is written.
        _ => c == p,
    }
}

fn is_sentinel(ty: &Type, value: &str) -> bool {
    match ty.kind {
        Kind::Number { .. } => [0, -100].contains(&hundredths(value)),
        Kind::Text { collation, .. } => ["", "0", "-1"].contains(&normal(value, collation).as_str()),
        Kind::Label | Kind::Bytes { .. } => false,
    }
}

/// What makes two of a child's keys the same key.
fn key(ty: &Type, value: &str) -> String {
    match ty.kind {
        Kind::Number { .. } => hundredths(value).to_string(),
        Kind::Text { collation, .. } => normal(value, collation),
        Kind::Label | Kind::Bytes { .. } => value.to_owned(),
    }
}

type Row = Vec<Option<String>>;

/// A child and a parent with rows.
#[derive(Debug)]
struct Pair {
    child: Vec<Type>,
    parent: Vec<Type>,
    child_rows: Vec<Row>,
    parent_rows: Vec<Row>,
    declared: bool,
    indexed: bool,
}

fn rows(random: &mut Random, types: &[Type], count: usize, nullable: bool) -> Vec<Row> {
    (0..count)
        .map(|_| {
            let value = |ty: &Type, random: &mut Random| {
                (!nullable || random.below(6) > 0).then(|| stored(ty, random.one_of::<&str>(&ty.values)))
            };
            types.iter().map(|ty| value(ty, random)).collect()
        })
        .collect()
}

fn pair(random: &mut Random, types: &[Type]) -> Pair {
    let width = *random.one_of(&[1, 1, 1, 2, 3]);
    let declared = random.below(3) == 0;
    let parent: Vec<Type> = (0..width).map(|_| random.one_of(types).clone()).collect();
    let child = if declared {
        parent.clone()
    } else {
        (0..width).map(|_| random.one_of(types).clone()).collect()
    };
    let parent_rows = random.below(9);
    Pair {
        child_rows: rows(random, &child, 30, true),
        parent_rows: rows(random, &parent, parent_rows, true),
        child,
        parent,
        declared,
        indexed: random.below(2) == 0,
    }
}

fn columns(types: &[Type]) -> String {
    let columns: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(at, ty)| format!("k{at} {}", ty.sql))
        .collect();
    columns.join(", ")
}

fn names(width: usize) -> String {
    let names: Vec<String> = (0..width).map(|at| format!("k{at}")).collect();
    names.join(", ")
}

fn insert(sql: &mut String, table: &str, rows: &[Row]) {
    let literal = |value: &Option<String>| match value {
        Some(value) => format!("'{}'", value.replace('\0', "\\0")),
        None => "NULL".to_owned(),
    };
    let tuple = |row: &Row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "));
    if !rows.is_empty() {
        let tuples: Vec<String> = rows.iter().map(tuple).collect();
        let _ = write!(sql, "INSERT INTO {table} VALUES {};", tuples.join(", "));
    }
}

fn load(pairs: &[Pair], engine: Engine) -> (String, String) {
    let mut sql = "SET NAMES utf8mb4; SET sql_mode = 'STRICT_ALL_TABLES'; SET foreign_key_checks = 0;".to_owned();
    if engine == Engine::Mysql97 {
        sql.push_str("SET restrict_fk_on_non_standard_key = OFF;");
    }
    let mut config = "relations:\n".to_owned();
    for (at, pair) in pairs.iter().enumerate() {
        let keys = names(pair.parent.len());
        let index = if pair.declared || pair.indexed {
            format!(", KEY ({keys})")
        } else {
            String::new()
        };
        let _ = write!(
            sql,
            "CREATE TABLE p{at} ({}{index}) ENGINE=InnoDB;",
            columns(&pair.parent)
        );
        let reference = if pair.declared {
            format!(", FOREIGN KEY ({keys}) REFERENCES p{at} ({keys})")
        } else {
            let _ = writeln!(
                config,
                "  - {{child: c{at}, columns: [{keys}], parent: p{at}, parent_columns: [{keys}], kind: has_many}}"
            );
            String::new()
        };
        let _ = write!(
            sql,
            "CREATE TABLE c{at} ({}{reference}) ENGINE=InnoDB;",
            columns(&pair.child)
        );
        insert(&mut sql, &format!("p{at}"), &pair.parent_rows);
        insert(&mut sql, &format!("c{at}"), &pair.child_rows);
    }
    (sql, config)
}

/// Rows with a null, orphaned rows and their keys, sentinel rows.
fn count(pair: &Pair) -> [usize; 4] {
    let (mut nulls, mut orphans, mut sentinels, mut keys) = (0, 0, 0, BTreeSet::new());
    for row in &pair.child_rows {
        let Some(values) = row.iter().map(Option::as_deref).collect::<Option<Vec<&str>>>() else {
            nulls += 1;
            continue;
        };
        let ours = || pair.child.iter().zip(values.iter().copied());
        let has_parent = pair.parent_rows.iter().any(|parent| {
            let theirs = pair.parent.iter().zip(parent);
            ours()
                .zip(theirs)
                .all(|(child, (ty, value))| value.as_deref().is_some_and(|value| equal(child, (ty, value))))
        });
        if has_parent {
            continue;
        }
        if ours().all(|(ty, value)| is_sentinel(ty, value)) {
            sentinels += 1;
        } else {
            orphans += 1;
            keys.insert(ours().map(|(ty, value)| key(ty, value)).collect::<Vec<String>>());
        }
    }
    [nulls, orphans, keys.len(), sentinels]
}

fn found(probe: &Json) -> Vec<Option<u64>> {
    let fields = ["null_rows", "orphan_rows", "orphan_keys", "sentinel_rows"];
    fields.iter().map(|field| probe[field].as_u64()).collect()
}

#[test]
fn counts_are_those_of_a_plain_count() {
    let seed = std::env::var("ORACLE_SEED").map_or(4, |seed| seed.parse().unwrap());
    for engine in Engine::all() {
        if !matches!(engine.family(), Family::Mysql | Family::MariaDb) {
            continue;
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        let types = types(engine);
        let pairs: Vec<Pair> = (0..RELATIONS).map(|_| pair(&mut random, &types)).collect();
        let (sql, config) = load(&pairs, engine);
        let database = engine.server().database(&sql);
        let outcome = audit(&database.url()).file("relaudit.yml", &config).finish();
        assert_eq!(outcome.code, Some(1), "{engine:?}: {}", outcome.stderr);
        let report = outcome.json();
        for (at, pair) in pairs.iter().enumerate() {
            let probe = probe_of(&report, &format!("c{at}"));
            let expected: Vec<Option<u64>> = count(pair).map(|count| u64::try_from(count).ok()).to_vec();
            assert_eq!(found(probe), expected, "{engine:?}, {at}: {pair:#?}\n{probe:#}");
        }
    }
}
