//! What counts as an orphan must be what `PRAGMA foreign_key_check` reports, whatever the types, collations and values.

use proptest::prelude::*;
use relaudit::dialect::probe_sql::{self, Ends};
use relaudit::dialect::{Dialect as _, KeyExpression, sqlite::Sqlite};
use relaudit::schema::{ColumnSet, TableName};

use super::{query, script};

/// One or two of each affinity.
const TYPES: [&str; 8] = ["INTEGER", "TEXT", "VARCHAR(5)", "BLOB", "", "REAL", "NUMERIC", "UUID"];
const COLLATIONS: [&str; 4] = ["", "COLLATE NOCASE", "COLLATE RTRIM", "COLLATE BINARY"];
const VALUES: [&str; 32] = [
    "NULL",
    "0",
    "1",
    "-1",
    "1.0",
    "1.5",
    "'1'",
    "'01'",
    "'1.0'",
    "' 1'",
    "'1 '",
    "'1e0'",
    "'+1'",
    "'0x1'",
    "''",
    "'a'",
    "'A'",
    "'a '",
    "'ä'",
    "x'31'",
    "x'61'",
    "x''",
    "9007199254740993",
    "9007199254740992.0",
    "'9007199254740993'",
    "9223372036854775807",
    "9223372036854775807.0",
    "'9223372036854775807'",
    "1e300",
    "'1e300'",
    "'inf'",
    "9e999",
];

/// One pair of tables with these rows.
fn tables(parent: &str, child: &str, parents: &[usize], children: &[usize]) -> String {
    let insert = |table: &str, values: &[usize]| -> String {
        let each = values.iter().filter_map(|at| VALUES.get(*at));
        each.fold(String::new(), |sql, value| {
            format!("{sql}INSERT OR IGNORE INTO {table}(k) VALUES ({value});\n")
        })
    };
    format!(
        "CREATE TABLE p(k {parent} UNIQUE);\nCREATE TABLE c(k {child} REFERENCES p(k));\n{}{}",
        insert("p", parents),
        insert("c", children)
    )
}

/// The rowids of the orphans in `c`: as SQLite finds them, and as a probe does.
fn both(sql: &str) -> (Vec<String>, Vec<String>) {
    let opened = script(sql);
    let read = opened.read_schema().unwrap();
    let schema = &read.schema;
    let ends = |name: &str| ColumnSet::new(TableName::bare(name), vec!["k".into()]);
    let (child, parent) = (ends("c"), ends("p"));
    let condition = Sqlite.keys_equal(
        KeyExpression {
            sql: "c.k",
            ty: &schema.table(&child.table).unwrap().column(&"k".into()).unwrap().ty,
        },
        KeyExpression {
            sql: "p.k",
            ty: &schema.table(&parent.table).unwrap().column(&"k".into()).unwrap().ty,
        },
    );
    let mut session = opened.sessions(1).unwrap().remove(0);
    let mut column = |sql: &str| -> Vec<String> {
        let rows = query(session.as_mut(), sql).unwrap();
        rows.into_iter().flatten().collect()
    };
    let expected = column("SELECT rowid FROM pragma_foreign_key_check('c') ORDER BY 1");
    let found = column(&format!(
        "SELECT c.rowid FROM c WHERE c.k IS NOT NULL AND NOT EXISTS (SELECT 1 FROM p WHERE {condition}) ORDER BY 1"
    ));
    let counted = column(&probe_sql::orphans(
        &Sqlite,
        &Ends::between(schema, &child, &parent).unwrap(),
    ));
    let total: usize = [0, 2].iter().map(|at| counted[*at].parse::<usize>().unwrap_or(0)).sum();
    assert_eq!(
        total,
        found.len(),
        "the probe counts other rows than the condition tells\n{sql}"
    );
    (expected, found)
}

#[test]
fn every_pair_of_types_agrees_with_foreign_key_check() {
    let all: Vec<usize> = (0..VALUES.len()).collect();
    for parent in [
        "INTEGER",
        "TEXT",
        "TEXT COLLATE NOCASE",
        "TEXT COLLATE RTRIM",
        "BLOB",
        "REAL",
        "NUMERIC",
    ] {
        for child in ["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"] {
            // Each parent row by itself: among all rows one could hide that another does not match.
            for value in 0..VALUES.len() {
                let sql = tables(parent, child, &[value], &all);
                let (expected, found) = both(&sql);
                assert_eq!(found, expected, "{sql}");
            }
        }
    }
}

#[test]
fn a_rowid_alias_agrees_with_foreign_key_check() {
    let all: Vec<usize> = (0..VALUES.len()).collect();
    for child in TYPES {
        for value in ["0", "1", "9007199254740993", "9223372036854775807"] {
            let at = VALUES.iter().position(|known| *known == value).unwrap();
            let sql = tables("INTEGER PRIMARY KEY", child, &[at], &all);
            let (expected, found) = both(&sql);
            assert_eq!(found, expected, "{sql}");
        }
    }
}

#[test]
fn the_parents_index_serves() {
    for parent in TYPES.into_iter().chain(["INTEGER PRIMARY KEY", "TEXT COLLATE NOCASE"]) {
        for child in TYPES {
            let opened = script(&tables(parent, child, &[], &[]));
            let read = opened.read_schema().unwrap();
            let ends = |name: &str| ColumnSet::new(TableName::bare(name), vec!["k".into()]);
            let (child_end, parent_end) = (ends("c"), ends("p"));
            let ends = Ends::between(&read.schema, &child_end, &parent_end).unwrap();
            let plan = format!("EXPLAIN QUERY PLAN {}", probe_sql::orphans(&Sqlite, &ends));
            let steps = query(opened.sessions(1).unwrap().remove(0).as_mut(), &plan).unwrap();
            let steps: Vec<String> = steps.into_iter().map(|step| step.join(" ")).collect();
            assert!(
                steps.iter().any(|step| step.contains("SEARCH p USING")),
                "{parent} <- {child}: {steps:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_agree_with_foreign_key_check(
        parent in 0..TYPES.len(),
        child in 0..TYPES.len(),
        collations in (0..COLLATIONS.len(), 0..COLLATIONS.len()),
        parents in prop::collection::vec(0..VALUES.len(), 0..8),
        children in prop::collection::vec(0..VALUES.len(), 0..16),
    ) {
        let sql = tables(
            &format!("{} {}", TYPES[parent], COLLATIONS[collations.0]),
            &format!("{} {}", TYPES[child], COLLATIONS[collations.1]),
            &parents,
            &children,
        );
        let (expected, found) = both(&sql);
        prop_assert_eq!(found, expected, "{}", sql);
    }
}
