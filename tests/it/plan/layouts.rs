//! Plans as migrations of tools: run by the tools up, down, and up again. What they make is what the plain files make.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use super::round_trip::{compare, files, findings, fixtures, with_config};
use super::tools::{OWN_TABLES, Tool, Way};
use crate::live::server::{Engine, Family, Loaded, load};
use crate::run::{Run, relaudit};

/// Rules whose mending is of another kind than that of the shop's faults.
const MORE: [&str; 3] = ["delete_action_mismatch", "optionality_mismatch", "sentinel_value"];

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

#[test]
fn a_layout_needs_a_folder() {
    let source = shop(Engine::Sqlite);
    let source = source.to_str().unwrap();
    let outcome = relaudit(["plan", source, "--layout", "rails"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("--out db/migrate"), "{}", outcome.stderr);
    let outcome = relaudit(["plan", source, "--number", "7"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("--layout"), "{}", outcome.stderr);
}

#[test]
fn files_follow_those_that_are_there_and_overwrite_none() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().to_str().unwrap();
    fs::write(folder.path().join("000041_before.up.sql"), "SELECT 1;").unwrap();
    let source = shop(Engine::Sqlite);
    let plan = |number: &[&str]| {
        let arguments = [
            "plan",
            source.to_str().unwrap(),
            "--layout",
            "golang-migrate",
            "--out",
            out,
        ];
        relaudit(arguments.iter().chain(number))
    };
    assert_eq!(plan(&[]).code, Some(1));
    let names = names(folder.path());
    assert!(
        names.iter().any(|name| name.starts_with("000042_relaudit_")),
        "{names:?}"
    );
    // The same plan under other numbers would be there twice.
    let outcome = plan(&[]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("is there already"), "{}", outcome.stderr);
    let outcome = plan(&["--number", "41"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("give a larger number"), "{}", outcome.stderr);
    assert_eq!(names, self::names(folder.path()));
}

/// What cannot be undone is there for a person to run, and no tool finds it.
#[test]
fn the_contract_phase_is_out_of_reach() {
    let source = shop(Engine::Sqlite);
    for layout in [
        "golang-migrate",
        "flyway",
        "dbmate",
        "goose",
        "sqlx",
        "prisma",
        "rails",
        "laravel",
        "sequelize",
    ] {
        let folder = TempDir::new().unwrap();
        let run = Run::new([
            "plan",
            source.to_str().unwrap(),
            "--orphans",
            "delete",
            "--layout",
            layout,
            "--out",
        ]);
        assert_eq!(run.args([folder.path()]).finish().code, Some(1));
        let names = names(folder.path());
        let contract: Vec<&String> = names
            .iter()
            .filter(|name| name.contains("_empty_quarantine_"))
            .collect();
        assert!(!contract.is_empty(), "{layout}: {names:?}");
        for name in contract {
            assert!(
                name.ends_with(".contract") && !name.starts_with(|c: char| c.is_ascii_digit()),
                "{name}"
            );
            assert!(folder.path().join(name).is_file(), "{name}");
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn check_all(engine: Engine) {
    let mut failures = Vec::new();
    let mut tools = Tool::all(engine);
    if matches!(engine, Engine::Postgres14 | Engine::MariaDb) {
        // The tools are the same as for the other server of the kind, whose SQL differs: one of each way to send a file
        // is enough.
        tools.retain(|tool| {
            matches!(
                tool,
                Tool::WholeFiles("golang-migrate") | Tool::Goose | Tool::Flyway | Tool::Rails
            )
        });
    }
    let mut cases = vec![(shop(engine), tools)];
    for rule in MORE.iter().filter(|_| engine != Engine::Sqlite) {
        let fixture = fixtures(rule, engine).into_iter().next();
        cases.extend(fixture.map(|case| (case, vec![Tool::WholeFiles("golang-migrate"), Tool::Goose])));
    }
    for (case, tools) in cases {
        let plain = plain(engine, &case);
        for tool in tools {
            let found = check(engine, tool, &case, &plain);
            let place = case
                .strip_prefix(env!("CARGO_MANIFEST_DIR"))
                .unwrap()
                .display()
                .to_string();
            failures.extend(found.into_iter().map(|failure| format!("{tool:?}, {place}: {failure}")));
        }
    }
    assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
}

/// The database after the plain files, run as the tools run theirs: an index that the undo makes anew is the user's own.
fn plain(engine: Engine, case: &Path) -> Vec<String> {
    let database = load(engine, &fs::read_to_string(case).unwrap());
    let folder = TempDir::new().unwrap();
    let plan = plan(&database, case, "plain", folder.path());
    let (ups, downs, _) = files(folder.path(), plan["steps"].as_array().unwrap());
    for file in ups.iter().chain(&downs).chain(&ups) {
        client::run(engine, &database, file).unwrap();
    }
    masked(client::state(engine, &database), &plan)
}

fn check(engine: Engine, tool: Tool, case: &Path, plain: &[String]) -> Vec<String> {
    let database = load(engine, &fs::read_to_string(case).unwrap());
    let before = client::state(engine, &database);
    let faults = findings(&database, case);
    let folder = TempDir::new().unwrap();
    let mut failures = Vec::new();
    let mut say = |text: String| failures.push(text);
    let plan = plan(&database, case, tool.layout(), folder.path());
    assert!(!plan["steps"].as_array().unwrap().is_empty(), "{}", case.display());
    let mut run = |way| {
        let outcome = tool.run(engine, &database, folder.path(), way);
        outcome
            .map_err(|error| say(format!("running it {way:?}: {error}")))
            .is_ok()
    };
    if !run(Way::Up) {
        return failures;
    }
    let left = findings(&database, case);
    let is_own = |subject: &str| OWN_TABLES.iter().any(|table| subject.contains(table));
    let new: Vec<_> = left
        .iter()
        .filter(|it| !faults.contains(it) && !is_own(&it.1))
        .collect();
    let gone = faults.iter().filter(|it| !left.contains(it)).count();
    if !run(Way::Down) {
        return failures;
    }
    forget(engine, &database);
    let undone = client::state(engine, &database);
    if !run(Way::Up) {
        return failures;
    }
    forget(engine, &database);
    let after = masked(client::state(engine, &database), &plan);
    let mut say = |text: String| failures.push(text);
    // A constraint that counts as validated with rows that break it cannot come back as such.
    let [before, undone] = [before, undone].map(|lines| {
        let lines = lines.into_iter().map(|line| line.replace(" NOT VALID", ""));
        lines.collect::<Vec<_>>()
    });
    compare("running it and undoing it", &before, &undone, &mut say);
    compare("running it again", plain, &after, &mut say);
    // On SQLite a unique index does what matters of a primary key.
    let new: Vec<_> = new
        .into_iter()
        .filter(|it| engine != Engine::Sqlite || it.0 != "table_without_primary_key")
        .collect();
    if !new.is_empty() || gone == 0 {
        say(format!("{gone} findings are gone, and there are new ones: {new:?}"));
    }
    failures
}

/// Drops what the tools keep for themselves.
fn forget(engine: Engine, database: &Loaded) {
    let quote = if matches!(engine.family(), Family::Mysql | Family::MariaDb) {
        '`'
    } else {
        '"'
    };
    let drops = OWN_TABLES.map(|table| format!("DROP TABLE IF EXISTS {quote}{table}{quote};\n"));
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("forget.sql");
    fs::write(&script, drops.concat()).unwrap();
    client::run(engine, database, &script).unwrap();
}

/// Without what is of the moment: times, and the numbers of batches.
fn masked(lines: Vec<String>, plan: &Value) -> Vec<String> {
    let id = plan["plan"].as_str().unwrap();
    let mask = |line: String| {
        let is_of_row = line.contains(id);
        let line = line.replace(id, "PLAN");
        let mut masked = String::new();
        let mut number = String::new();
        for letter in line.chars().chain(['\n']) {
            if letter.is_ascii_digit() {
                number.push(letter);
                continue;
            }
            // The line of a row in quarantine has the time at which it came there.
            let is_momentary = number.len() >= 15 || is_of_row && !number.is_empty();
            masked.push_str(if is_momentary { "#" } else { &number });
            number.clear();
            masked.push(letter);
        }
        masked
    };
    lines.into_iter().map(mask).collect()
}

fn plan(database: &Loaded, case: &Path, layout: &str, folder: &Path) -> Value {
    let arguments = ["--orphans", "quarantine", "--layout", layout, "--out"];
    let run = Run::new(["plan", &database.source()]).args(arguments).args([folder]);
    let outcome = with_config(run, case).finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    let mut plans = names(folder).into_iter().filter(|name| name.ends_with("plan.json"));
    let text = fs::read_to_string(folder.join(plans.next().unwrap())).unwrap();
    assert_eq!(plans.next(), None);
    serde_json::from_str(&text).unwrap()
}

pub(super) fn shop(engine: Engine) -> PathBuf {
    let file = match engine.family() {
        Family::Postgres => "postgres.sql",
        Family::Mysql | Family::MariaDb => "mysql.sql",
        Family::Sqlite => "sqlite.sql",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop").join(file)
}
