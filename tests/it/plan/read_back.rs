//! Migrations of a plan are read as any others: what a folder of them says is what a server has that ran the plan.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use super::layouts::shop;
use super::round_trip::{files, with_config};
use crate::live::server::{Engine, Family, load};
use crate::run::{Run, relaudit};

/// Where the first migration of a folder is, which makes the shop.
const FIRST: [(&str, &str); 6] = [
    ("golang-migrate", "000001_shop.up.sql"),
    ("flyway", "V1__shop.sql"),
    ("dbmate", "20200101000000_shop.sql"),
    ("goose", "00001_shop.sql"),
    ("sqlx", "20200101000000_shop.up.sql"),
    ("prisma", "20200101000000_shop/migration.sql"),
];

#[test]
fn postgres18() {
    check(Engine::Postgres18);
}

#[test]
fn mysql97() {
    check(Engine::Mysql97);
}

#[test]
fn sqlite() {
    check(Engine::Sqlite);
}

fn check(engine: Engine) {
    let case = shop(engine);
    let sql = fs::read_to_string(&case).unwrap();
    let database = load(engine, &sql);
    let source = database.source();
    let plan = |layout: &str, folder: &Path| {
        let arguments = ["--orphans", "quarantine", "--layout", layout, "--out"];
        let run = Run::new(["plan", &source]).args(arguments).args([folder]);
        let outcome = with_config(run, &case).finish();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    };
    let folders = FIRST.map(|(layout, first)| {
        let folder = TempDir::new().unwrap();
        let first = folder.path().join(first);
        fs::create_dir_all(first.parent().unwrap()).unwrap();
        fs::write(first, &sql).unwrap();
        plan(layout, folder.path());
        (layout, folder)
    });
    let plain = TempDir::new().unwrap();
    plan("plain", plain.path());
    let text = fs::read_to_string(plain.path().join("plan.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let before = shape(&relaudit(["schema", &source]).json());
    for file in files(plain.path(), document["steps"].as_array().unwrap()).0 {
        client::run(engine, &database, &file).unwrap();
    }
    let expected = shape(&relaudit(["schema", &source]).json());
    assert_ne!(before, expected);
    let dialect = match engine.family() {
        Family::Postgres => "postgres",
        Family::Mysql | Family::MariaDb => "mysql",
        Family::Sqlite => "sqlite",
    };
    for (layout, folder) in folders {
        let outcome = relaudit(["schema", folder.path().to_str().unwrap(), "--dialect", dialect]);
        assert_eq!(outcome.code, Some(0), "{layout}: {}", outcome.stderr);
        let read = shape(&outcome.json());
        let lost: Vec<&String> = expected.difference(&read).collect();
        let left: Vec<&String> = read.difference(&expected).collect();
        assert!(
            lost.is_empty() && left.is_empty(),
            "{layout} lost {lost:#?}, and has besides {left:#?}"
        );
    }
}

/// Keys, foreign keys, indexes and nullability of the tables that are not the plan's own, a line each.
fn shape(schema: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for table in schema["tables"].as_array().unwrap() {
        let name = table["name"]["table"].as_str().unwrap();
        if name.starts_with("relaudit_quarantine") {
            continue;
        }
        for column in table["columns"].as_array().unwrap() {
            lines.insert(format!("{name}: {} nullable {}", column["name"], column["nullable"]));
        }
        for key in table["keys"].as_array().unwrap() {
            lines.insert(format!("{name}: key {} primary {}", key["columns"], key["primary"]));
        }
        for index in table["indexes"].as_array().unwrap() {
            let parts = index["parts"].as_array().unwrap().iter().map(|part| &part["column"]);
            lines.insert(format!(
                "{name}: index {:?} unique {}",
                parts.collect::<Vec<_>>(),
                index["unique"]
            ));
        }
        for key in table["foreign_keys"].as_array().unwrap() {
            let facts = ["columns", "parent_columns", "on_delete", "validated", "enforced"].map(|fact| &key[fact]);
            lines.insert(format!("{name}: foreign key to {} {facts:?}", key["parent"]["table"]));
        }
    }
    lines
}
