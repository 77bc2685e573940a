//! Holds the figures of inference on schemas of our own: whoever makes them worse has to say so here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::infer;
use relaudit::relation::Tier;
use relaudit::schema::{Stated, TableName};

/// What was found of what there is: right, proposed, there.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    right: usize,
    proposed: usize,
    there: usize,
}

fn measure(name: &str, dialect: SqlDialect, at_least: Tier) -> Figures {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inference");
    let read = |ending: &str| fs::read_to_string(folder.join(format!("{name}.{ending}"))).unwrap();
    let file = SourceFile {
        name: name.to_owned(),
        text: read("sql"),
    };
    let schema = ddl::read(&[file], dialect).schema;
    let table = |name: &TableName| name.table.as_str().to_owned();
    let found: BTreeSet<String> = infer::relations(&schema, &Stated::default())
        .relations
        .iter()
        .filter(|relation| relation.tier() <= at_least)
        .flat_map(|relation| {
            let pairs = relation.child.columns.iter().zip(&relation.parent.columns);
            pairs.map(|(column, key)| {
                format!(
                    "{}.{column} -> {}.{key}",
                    table(&relation.child.table),
                    table(&relation.parent.table)
                )
            })
        })
        .collect();
    let truth = read("truth");
    let truth: BTreeSet<String> = truth.lines().map(str::to_owned).collect();
    Figures {
        right: found.intersection(&truth).count(),
        proposed: found.len(),
        there: truth.len(),
    }
}

#[track_caller]
fn check(name: &str, dialect: SqlDialect, at_least: Tier, right: usize, proposed: usize, there: usize) {
    let expected = Figures { right, proposed, there };
    assert_eq!(
        measure(name, dialect, at_least),
        expected,
        "{name}, {}",
        at_least.as_str()
    );
}

#[test]
fn names_with_a_suffix() {
    check("suffix", SqlDialect::Postgres, Tier::Possible, 14, 14, 14);
}

#[test]
fn bare_names() {
    check("bare", SqlDialect::Postgres, Tier::Possible, 12, 12, 12);
}

#[test]
fn prefixed_columns() {
    check("prefixed", SqlDialect::MySql, Tier::Possible, 3, 3, 5);
}

#[test]
fn camel_case_composites_and_comments() {
    check("camel", SqlDialect::Postgres, Tier::Possible, 8, 9, 9);
}

#[test]
fn pascal_case_and_glued_names() {
    check("pascal", SqlDialect::MySql, Tier::Possible, 12, 12, 13);
}

#[test]
fn natural_keys() {
    check("natural", SqlDialect::Postgres, Tier::Possible, 9, 9, 9);
}

#[test]
fn roles_of_people_places_and_sides() {
    check("roles", SqlDialect::Postgres, Tier::Possible, 18, 18, 18);
}
