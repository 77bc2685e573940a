//! Orphans, sentinels and nulls of PostgreSQL tables made at random, against a plain loop over the same rows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::server::postgres as server;
use crate::run::Run;

const TYPES: &str = "
    CREATE EXTENSION citext;
    CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TYPE mood AS ENUM ('a', 'b', '0');
    CREATE DOMAIN number AS int8; CREATE DOMAIN word AS varchar(20); CREATE DOMAIN some_mood AS mood;
    CREATE DOMAIN label AS citext;
";

/// How values of a type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text { folds: bool, pads: bool },
    Uuid,
    Mood,
}

const EXACT: Kind = Kind::Text {
    folds: false,
    pads: false,
};
const FOLDING: Kind = Kind::Text {
    folds: true,
    pads: false,
};
const PADDED: Kind = Kind::Text {
    folds: false,
    pads: true,
};

/// A type and how it compares.
type Type = (&'static str, Kind);

const NUMBERS: [Type; 6] = [
    ("int2", Kind::Number),
    ("int4", Kind::Number),
    ("int8", Kind::Number),
    ("numeric", Kind::Number),
    ("numeric(10, 2)", Kind::Number),
    ("number", Kind::Number),
];
const TEXTS: [Type; 8] = [
    ("text", EXACT),
    ("varchar(20)", EXACT),
    ("word", EXACT),
    ("text COLLATE \"C\"", EXACT),
    ("char(5)", PADDED),
    ("citext", FOLDING),
    ("label", FOLDING),
    ("text COLLATE folding", FOLDING),
];
const UUIDS: [Type; 1] = [("uuid", Kind::Uuid)];
const MOODS: [Type; 2] = [("mood", Kind::Mood), ("some_mood", Kind::Mood)];
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// The types of the two ends of one pair of columns. Numbers are not mixed with text: which texts are numbers is
/// another question.
fn pair() -> impl Strategy<Value = (Type, Type)> {
    let from = |types: &'static [Type]| prop::sample::select(types);
    prop_oneof![
        4 => (from(&NUMBERS), from(&NUMBERS)),
        4 => (from(&TEXTS), from(&TEXTS)),
        1 => (from(&UUIDS), from(&UUIDS)),
        1 => (from(&TEXTS), from(&UUIDS)),
        1 => (from(&UUIDS), from(&TEXTS)),
        1 => (from(&MOODS), from(&MOODS)),
    ]
}

fn value((ty, kind): Type) -> BoxedStrategy<Option<String>> {
    let values: &[&str] = match kind {
        Kind::Number if ty.starts_with("numeric") => &["0", "-1", "1", "1.00", "1.5", "2", "3.0", "4"],
        Kind::Number => &["0", "-1", "1", "2", "3", "4"],
        Kind::Text { .. } => &["", " ", "0", "-1", "-1 ", "a", "A", "a ", " a", "b", "é", "É"],
        Kind::Uuid => &[
            NIL,
            "11111111-2222-3333-4444-55555555555a",
            "11111111-2222-3333-4444-55555555555b",
        ],
        Kind::Mood => &["a", "b", "0"],
    };
    prop::option::weighted(0.85, prop::sample::select(values).prop_map(str::to_owned)).boxed()
}

/// One child and one parent, their rows, and how the relation between them is made known.
#[derive(Debug, Clone)]
struct Case {
    pairs: Vec<(Type, Type)>,
    children: Vec<Row>,
    parents: Vec<Row>,
    match_full: bool,
    /// Whether the foreign key comes after the rows, as NOT VALID; else before them.
    late: bool,
}

type Row = Vec<Option<String>>;

fn case() -> impl Strategy<Value = Case> {
    (prop::collection::vec(pair(), 1..=3), any::<bool>(), any::<bool>()).prop_flat_map(|(pairs, match_full, late)| {
        let rows = |types: Vec<Type>, most: usize| {
            let row: Vec<_> = types.into_iter().map(value).collect();
            prop::collection::vec(row, 0..most)
        };
        let children = rows(pairs.iter().map(|(child, _)| *child).collect(), 12);
        let parents = rows(pairs.iter().map(|(_, parent)| *parent).collect(), 8);
        (Just(pairs), children, parents, Just((match_full, late))).prop_map(
            |(pairs, children, parents, (match_full, late))| Case {
                pairs,
                children,
                parents,
                match_full,
                late,
            },
        )
    })
}

impl Case {
    fn columns(&self) -> Vec<String> {
        (0..self.pairs.len()).map(|at| format!("k{at}")).collect()
    }

    /// Tables, rows and, where the server allows it, the foreign key.
    fn sql(&self, number: usize) -> String {
        let names = self.columns().join(", ");
        let table = |name: &str, types: Vec<Type>, more: &str| {
            let columns: Vec<String> = types
                .iter()
                .enumerate()
                .map(|(at, (ty, _))| format!("k{at} {ty}"))
                .collect();
            format!("CREATE TABLE {name}{number} ({}{more});\n", columns.join(", "))
        };
        let unique = format!(", UNIQUE ({names})");
        let children = table("c", self.pairs.iter().map(|pair| pair.0).collect(), "");
        let parents = table("p", self.pairs.iter().map(|pair| pair.1).collect(), &unique);
        let full = if self.match_full { "MATCH FULL" } else { "" };
        let key = format!(
            "DO $$ BEGIN ALTER TABLE c{number} ADD FOREIGN KEY ({names}) REFERENCES p{number} ({names}) {full} NOT VALID; \
             EXCEPTION WHEN datatype_mismatch OR invalid_foreign_key OR collation_mismatch THEN NULL; END $$;\n"
        );
        let insert = |name: &str, rows: &[Row], more: &str| {
            rows.iter().fold(String::new(), |mut sql, row| {
                let values: Vec<String> = row
                    .iter()
                    .map(|value| value.as_ref().map_or("NULL".to_owned(), |text| format!("'{text}'")))
                    .collect();
                let _ = writeln!(sql, "INSERT INTO {name}{number} VALUES ({}){more};", values.join(", "));
                sql
            })
        };
        let rows = insert("p", &self.parents, " ON CONFLICT DO NOTHING") + &insert("c", &self.children, "");
        if self.late {
            children + &parents + &rows + &key
        } else {
            children + &parents + &key + &rows
        }
    }

    /// What the relation says in `relaudit.yml`.
    fn stated(&self, number: usize) -> String {
        let names = self.columns().join(", ");
        format!("  - {{child: c{number}, columns: [{names}], parent: p{number}, parent_columns: [{names}]}}\n")
    }

    /// Nulls, orphaned rows, their keys, sentinel rows.
    fn expected(&self, declared: bool) -> [usize; 4] {
        let full = self.match_full && declared;
        let [mut nulls, mut orphans, mut sentinels] = [0; 3];
        let mut keys = BTreeSet::new();
        for child in &self.children {
            let Some(values) = child.iter().map(Option::as_deref).collect::<Option<Vec<&str>>>() else {
                let partly = child.iter().any(Option::is_some);
                *(if full && partly { &mut orphans } else { &mut nulls }) += 1;
                continue;
            };
            if self.parents.iter().any(|parent| self.is_parent(&values, parent)) {
                continue;
            }
            let each = || values.iter().zip(&self.pairs);
            if each().all(|(value, (ty, _))| is_sentinel(value, ty.1)) {
                sentinels += 1;
            } else {
                orphans += 1;
                keys.insert(each().map(|(value, (ty, _))| folded(value, ty.1)).collect::<Vec<_>>());
            }
        }
        [nulls, orphans, keys.len(), sentinels]
    }

    fn is_parent(&self, child: &[&str], parent: &Row) -> bool {
        let mut columns = child.iter().zip(parent).zip(&self.pairs);
        columns.all(|((child, parent), ((_, from), (_, to)))| {
            parent.as_ref().is_some_and(|parent| equal(child, *from, parent, *to))
        })
    }
}

/// As a foreign key from one to the other compares: by the parent's type. A padded value loses its spaces on its way to
/// another type.
fn equal(child: &str, from: Kind, parent: &str, to: Kind) -> bool {
    if from == Kind::Uuid || to == Kind::Uuid {
        let digits = |text: &str, kind| folded(text, kind).to_lowercase().replace('-', "");
        return digits(child, from) == digits(parent, to);
    }
    let child = if from == PADDED { child.trim_end() } else { child };
    folded(child, to) == folded(parent, to)
}

/// One text for all that are equal to each other.
fn folded(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Number => {
            let number: f64 = text.parse().unwrap();
            number.to_string()
        }
        Kind::Text { folds: true, .. } => text.to_lowercase(),
        Kind::Text { pads: true, .. } => text.trim_end().to_owned(),
        _ => text.to_owned(),
    }
}

fn is_sentinel(text: &str, kind: Kind) -> bool {
    let text = if kind == PADDED { text.trim_end() } else { text };
    match kind {
        Kind::Number => ["0", "-1"].contains(&text),
        Kind::Text { .. } => ["", "0", "-1"].contains(&text),
        Kind::Uuid => text == NIL,
        Kind::Mood => false,
    }
}

#[test]
fn counts_are_those_of_a_plain_loop() {
    // The same cases on every run.
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..150)
        .map(|_| case().new_tree(&mut runner).unwrap().current())
        .collect();
    let tables: String = cases.iter().enumerate().map(|(at, case)| case.sql(at)).collect();
    let sql = format!("{TYPES}SET session_replication_role = replica;\n{tables}");
    let stated: String = cases.iter().enumerate().map(|(at, case)| case.stated(at)).collect();
    for version in [18, 14] {
        let database = server(version).database(&sql);
        let outcome = Run::new(["audit", &database.url(), "--format", "json"])
            .file("relaudit.yml", &format!("relations:\n{stated}"))
            .finish();
        let report = outcome.json();
        let mut declared = 0;
        for (at, case) in cases.iter().enumerate() {
            let (relation, probe) = relation_of(&report, at);
            let is_declared = !relation["constraint"].is_null();
            declared += usize::from(is_declared);
            let found = ["null_rows", "orphan_rows", "orphan_keys", "sentinel_rows"]
                .map(|count| usize::try_from(probe[count].as_u64().unwrap_or_else(|| panic!("{probe:#}"))).unwrap());
            assert_eq!(found, case.expected(is_declared), "{version}: {}", case.sql(at));
        }
        assert!((30..120).contains(&declared), "{declared} foreign keys");
    }
}

/// A relation from `c…` to `p…`, and its probe.
fn relation_of(report: &Value, number: usize) -> (&Value, &Value) {
    let relations = report["relations"].as_array().unwrap();
    let relation = relations
        .iter()
        .find(|relation| relation["child"]["table"] == format!("public.c{number}"))
        .unwrap();
    let probes = report["probes"].as_array().unwrap();
    let probe = probes.iter().find(|probe| probe["relation"] == relation["id"]).unwrap();
    (relation, probe)
}
