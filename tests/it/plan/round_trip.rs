//! For each fixture of a rule that a plan can mend: audit, plan, run, audit again. Then once more, and back.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use crate::live::server::{Engine, Loaded, load};
use crate::rules::{marks_of, models_of, runs_on};
use crate::run::Run;

/// The rules whose findings a plan mends, and what it is told to do with rows.
pub(super) const MENDED: &[&str] = &[
    "duplicate_foreign_key",
    "foreign_key_on_both_sides",
    "foreign_key_on_wrong_side",
    "mismatched_key_type",
    "join_table_without_unique_pair",
    "missing_foreign_key",
    "one_to_one_not_unique",
    "optionality_mismatch",
    "delete_action_mismatch",
    "orphaned_rows",
    "parent_key_not_unique",
    "polymorphic_unindexed",
    "redundant_index",
    "sentinel_value",
    "table_without_primary_key",
    "unenforced_foreign_key",
    "unindexed_foreign_key",
    "unvalidated_foreign_key",
];

/// Their findings are there until the contract phase was run.
const END_IN_CONTRACT: &[&str] = &[
    "foreign_key_on_both_sides",
    "foreign_key_on_wrong_side",
    "redundant_index",
];

#[test]
fn postgres18() {
    check_all(Engine::Postgres18);
}

#[test]
fn postgres14() {
    check_all(Engine::Postgres14);
}

#[test]
fn mysql97() {
    check_all(Engine::Mysql97);
}

#[test]
fn mariadb() {
    check_all(Engine::MariaDb);
}

#[test]
fn sqlite() {
    check_all(Engine::Sqlite);
}

fn check_all(engine: Engine) {
    let mut failures = Vec::new();
    for rule in MENDED {
        let fixtures = fixtures(rule, engine);
        let mut mended = 0;
        for fixture in &fixtures {
            let (done, found) = check(engine, Some(rule), fixture);
            mended += done;
            failures.extend(found);
        }
        if mended == 0 && !fixtures.is_empty() {
            failures.push(format!("{rule}: nothing was mended"));
        }
    }
    assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
}

/// How many findings of the rule, or of all those rules, were mended, and what went wrong.
pub(super) fn check(engine: Engine, rule: Option<&str>, fixture: &Path) -> (usize, Vec<String>) {
    let sql = fs::read_to_string(fixture).unwrap();
    let rule_and_file = format!("{}/{}", rule.unwrap_or("all"), fixture.file_name().unwrap().display());
    let is_of_rule = |its_rule: &str| rule.map_or_else(|| MENDED.contains(&its_rule), |rule| rule == its_rule);
    let database = load(engine, &sql);
    let before = client::state(engine, &database);
    let faults = findings(&database, fixture);
    let folder = TempDir::new().unwrap();
    let plan = plan(&database, fixture, folder.path());
    let steps = plan["steps"].as_array().unwrap();
    let mut failures = Vec::new();
    let mut say = |text: String| failures.push(format!("{rule_and_file}: {text}"));
    // Each step in a session of its own at first, and then all in one.
    let run_each = |files: &[PathBuf]| -> Result<(), String> {
        files
            .iter()
            .try_for_each(|file| client::run(engine, &database, file).map(drop))
    };
    let run = |files: &[PathBuf]| client::run_all(engine, &database, files);
    let (ups, downs, contract) = files(&folder.path().join("plan"), steps);
    if let Err(error) = run_each(&ups) {
        say(format!("running the plan: {error}"));
        return (0, failures);
    }
    let after = client::state(engine, &database);
    let mut left = findings(&database, fixture);
    if let Err(error) = run(&ups) {
        say(format!("running it again: {error}"));
    }
    compare("running it again", &after, &client::state(engine, &database), &mut say);
    if let Err(error) = run_each(&downs).and_then(|()| run(&downs)) {
        say(format!("undoing it, twice: {error}"));
    }
    let undone = client::state(engine, &database);
    let [before, undone] = [before, undone].map(|lines| as_undo_can(fixture, lines));
    compare("undoing it", &before, &undone, &mut say);
    let ends_in_contract = |(its_rule, _): &Fault| is_of_rule(its_rule) && END_IN_CONTRACT.contains(&its_rule.as_str());
    if !contract.is_empty() {
        for files in [&ups, &contract, &ups, &contract] {
            if let Err(error) = run(files) {
                say(format!("running it to its end, twice: {error}"));
            }
        }
    }
    if faults.iter().any(ends_in_contract) {
        left = findings(&database, fixture);
        let undone = undos_of_contract(&folder.path().join("plan"), steps);
        if undone.len() == contract.len() {
            if let Err(error) = run(&undone).and_then(|()| run(&undone)) {
                say(format!("undoing its end: {error}"));
            }
            compare("undoing its end", &after, &client::state(engine, &database), &mut say);
        }
    }
    judge(&is_of_rule, &faults, &left, &plan, &mut say);
    let of_rule = |findings: &[Fault]| findings.iter().filter(|(its_rule, _)| is_of_rule(its_rule)).count();
    (of_rule(&faults) - of_rule(&left), failures)
}

/// Rule and subject of a finding.
type Fault = (String, String);

/// What is left is withheld, and nothing is new.
fn judge(
    is_of_rule: &dyn Fn(&str) -> bool,
    faults: &[Fault],
    left: &[Fault],
    plan: &Value,
    say: &mut dyn FnMut(String),
) {
    for finding in left {
        let (its_rule, subject) = finding;
        let is_withheld = plan["withheld"].as_array().unwrap().iter().any(|withheld| {
            let text = withheld.to_string();
            text.contains(subject.split('(').next().unwrap())
        });
        if !faults.contains(finding) {
            say(format!("there is a new finding: {its_rule} {subject}"));
        } else if is_of_rule(its_rule) && !is_withheld {
            say(format!("it is not mended: {subject}; planned: {plan:#}"));
        }
    }
}

/// MySQL tells nobody whether a column names the collation that its table has anyway, but where it is dumped. PostgreSQL
/// has no honest way back to one state: a constraint whose triggers a superuser switched off comes back NOT ENFORCED.
fn as_undo_can(fixture: &Path, lines: Vec<String>) -> Vec<String> {
    let word = match fixture.file_stem().unwrap().to_str().unwrap() {
        "character_set" => " CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
        "disabled_triggers" => " NOT ENFORCED",
        _ => return lines,
    };
    lines.into_iter().map(|line| line.replace(word, "")).collect()
}

pub(super) fn compare(doing: &str, expected: &[String], found: &[String], say: &mut dyn FnMut(String)) {
    let [expected, found]: [BTreeSet<&String>; 2] = [expected, found].map(|lines| lines.iter().collect());
    for line in expected.difference(&found) {
        say(format!("{doing} lost: {line}"));
    }
    for line in found.difference(&expected) {
        say(format!("{doing} left: {line}"));
    }
}

/// The files of a plan in their order, those that undo it in theirs, and those of the contract phase, which are in neither.
pub(super) fn files(folder: &Path, steps: &[Value]) -> (Vec<PathBuf>, Vec<PathBuf>, Vec<PathBuf>) {
    let of = |name: &str, contract: bool| {
        let files = steps
            .iter()
            .filter(|step| (step["phase"] == "contract") == contract)
            .map(|step| &step[name]);
        files
            .map(|file| folder.join(file.as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let mut downs = of("undo", false);
    downs.reverse();
    (of("file", false), downs, of("file", true))
}

/// What undoes the contract phase, where that can be undone.
fn undos_of_contract(folder: &Path, steps: &[Value]) -> Vec<PathBuf> {
    let steps = steps.iter().rev().filter(|step| step["phase"] == "contract");
    let undos = steps.filter_map(|step| step["undo"].as_str());
    undos.map(|file| folder.join(file)).collect()
}

pub(super) fn plan(database: &Loaded, fixture: &Path, folder: &Path) -> Value {
    let out = folder.join("plan");
    let run = Run::new(["plan", &database.source(), "--orphans", "quarantine", "--out"]).args([&out]);
    let outcome = with_config(run, fixture).finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap()
}

/// Rule and subject of each that can be mended.
pub(super) fn findings(database: &Loaded, fixture: &Path) -> Vec<Fault> {
    let run = Run::new(["audit", &database.source(), "--format", "json"]);
    let report = with_config(run, fixture).finish().json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    // Where nothing is said of how to mend it, nothing is planned.
    let findings = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| !finding["fix"].is_null());
    findings
        .map(|finding| (text(&finding["rule"]), text(&finding["subject"])))
        .collect()
}

/// A case is held against its models, or goes with the configuration beside it.
pub(super) fn with_config(run: Run, fixture: &Path) -> Run {
    let config = fixture.with_file_name("relaudit.yml");
    match models_of(fixture) {
        Some(models) => run.args([Path::new("--models"), &models]),
        None if config.exists() => run.args([Path::new("--config"), &config]),
        None => run,
    }
}

/// The fixtures of a rule in which it finds something.
pub(super) fn fixtures(rule: &str, engine: Engine) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules").join(rule);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
        .filter(|file| {
            let sql = fs::read_to_string(file).unwrap();
            runs_on(&sql, engine) && !marks_of(file, &sql).is_empty()
        })
        .collect();
    files.sort();
    files
}
