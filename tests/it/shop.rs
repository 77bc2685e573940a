//! The shop, on every engine: exactly the faults that were planted in it are found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::live::server::{Engine, Family, load};
use crate::marks;
use crate::run::Run;

#[test]
fn every_planted_fault_is_found_and_nothing_else() {
    let failures: Vec<String> = Engine::all()
        .into_iter()
        .flat_map(|engine| {
            let sql = fs::read_to_string(shop(engine.family())).unwrap();
            let loaded = load(engine, &sql);
            let differences = audit(&loaded.source(), &sql);
            differences
                .into_iter()
                .map(move |difference| format!("{}: {difference}", engine.name()))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_sqlite_file_needs_no_server() {
    let file = shop(Family::Sqlite);
    let failures = audit(file.to_str().unwrap(), &fs::read_to_string(&file).unwrap());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_dialects_have_the_same_faults_planted() {
    let planted = |family| {
        let marks = marks::read(&fs::read_to_string(shop(family)).unwrap());
        marks.iter().map(marks::Mark::what).collect::<BTreeSet<String>>()
    };
    let (postgres, mysql, sqlite) = (
        planted(Family::Postgres),
        planted(Family::Mysql),
        planted(Family::Sqlite),
    );
    // MySQL gives each foreign key an index, and refuses SET NULL on a column that takes no nulls. Only PostgreSQL has
    // foreign keys that were not validated.
    let unknown_to_mysql = [
        "set_null_on_required_column posts(author_id)",
        "unindexed_foreign_key order_lines(product_id)",
    ];
    let unknown_to_both = "unvalidated_foreign_key reviews(product_id)";
    assert_eq!(sqlite.difference(&mysql).collect::<Vec<_>>(), unknown_to_mysql);
    assert_eq!(postgres.difference(&sqlite).collect::<Vec<_>>(), [unknown_to_both]);
    assert!(mysql.is_subset(&sqlite) && sqlite.is_subset(&postgres));
}

fn shop(family: Family) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/shop")
        .join(match family {
            Family::Postgres => "postgres.sql",
            Family::Mysql | Family::MariaDb => "mysql.sql",
            Family::Sqlite => "sqlite.sql",
        })
}

/// What is not as the marks say.
fn audit(source: &str, sql: &str) -> Vec<String> {
    let config = shop(Family::Sqlite).with_file_name("relaudit.yml");
    let run = Run::new(["audit", source, "--format", "json", "--config"]).args([config]);
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(1), "the shop has errors in it: {}", outcome.stderr);
    let report = outcome.json();
    assert_eq!(report["not_run"], serde_json::json!([]));
    assert_eq!(report["summary"]["not_checked"], 0);
    marks::differences(&marks::read(sql), &report, None)
}

/// The frameworks that the shop is written in.
const MODELS: [&str; 4] = ["active_record", "eloquent", "sequelize6", "sequelize7"];

#[test]
fn models_say_what_the_configuration_says_and_their_own_faults_are_found_at_their_lines() {
    let file = shop(Family::Sqlite);
    let sql = marks::read(&fs::read_to_string(&file).unwrap());
    let mut failures = Vec::new();
    for framework in MODELS {
        let models = file.with_file_name(framework);
        let run = Run::new([
            "audit",
            file.to_str().unwrap(),
            "--format",
            "json",
            "--fail-on",
            "never",
            "--models",
        ]);
        let outcome = run.args([&models]).finish();
        assert_eq!(outcome.code, Some(0), "{framework}: {}", outcome.stderr);
        let of_models = marks::read_models(&models);
        assert!(!of_models.is_empty(), "{framework} expects nothing");
        // What only the configuration can say, and what models say at a line of their own.
        let is_theirs = |mark: &&marks::Mark| {
            let stated = ["optionality_mismatch", "delete_action_mismatch"];
            !stated.contains(&mark.rule.as_str()) && !of_models.iter().any(|own| own.what() == mark.what())
        };
        let expected: Vec<marks::Mark> = sql.iter().filter(is_theirs).chain(&of_models).cloned().collect();
        let differences = marks::differences(&expected, &outcome.json(), None);
        failures.extend(
            differences
                .into_iter()
                .map(|difference| format!("{framework}: {difference}")),
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn models_yield_the_relations_that_the_sql_and_its_configuration_do() {
    let file = shop(Family::Sqlite);
    let relations = |more: &[&Path]| {
        let run = Run::new(["relations", file.to_str().unwrap(), "--format", "json"]).args(more);
        let report = run.finish().json();
        let relations = report["relations"].as_array().unwrap().iter();
        relations
            .map(|relation| {
                let keys = ["child", "parent", "cardinality", "reads"].map(|key| relation[key].to_string());
                keys.join(" ")
            })
            .collect::<BTreeSet<String>>()
    };
    let config = file.with_file_name("relaudit.yml");
    let expected = relations(&[Path::new("--config"), &config]);
    for framework in MODELS {
        let models = file.with_file_name(framework);
        assert_eq!(relations(&[Path::new("--models"), &models]), expected, "{framework}");
    }
}
