//! Every fixture of every rule, on every engine that can express it.
//!
//! `fixtures/rules/<id>/` holds `bad.sql`, whose marks say what the rule must find; `good.sql`, in which it must find
//! nothing; and further cases. A case for which there is a folder `models/<case>/` is held against these models; a
//! `relaudit.yml` is used for all the others. A first line
//! `-- servers: postgres>=18 mariadb` leaves a file to some engines.

use std::fs;
use std::path::{Path, PathBuf};

use crate::live::server::{Engine, Family, load};
use crate::{marks, run};

const SERVERS: &str = "-- servers:";

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
fn mysql56() {
    check_all(Engine::Mysql56);
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
fn engines_of_the_extended_set() {
    let default = [
        Engine::Postgres18,
        Engine::Postgres14,
        Engine::Mysql97,
        Engine::Mysql56,
        Engine::MariaDb,
        Engine::Sqlite,
    ];
    Engine::all()
        .into_iter()
        .filter(|engine| !default.contains(engine))
        .for_each(check_all);
}

#[test]
fn marks_are_of_the_rule_and_where_they_belong() {
    for fixture in fixtures() {
        let sql = fs::read_to_string(&fixture).unwrap();
        let marks = marks_of(&fixture, &sql);
        let foreign = marks.iter().find(|mark| mark.rule != rule_of(&fixture));
        assert_eq!(foreign, None, "{} has a mark of another rule", fixture.display());
        match fixture.file_stem().unwrap().to_str().unwrap() {
            "bad" => assert!(!marks.is_empty(), "{} expects nothing", fixture.display()),
            "good" => assert!(marks.is_empty(), "{} expects something", fixture.display()),
            _ => {}
        }
        let default = [
            Engine::Postgres18,
            Engine::Mysql97,
            Engine::MariaDb,
            Engine::Sqlite,
            Engine::Postgres14,
            Engine::Mysql56,
        ];
        assert!(
            default.into_iter().any(|engine| runs_on(&sql, engine)),
            "{} runs on no engine",
            fixture.display()
        );
    }
}

/// Every fixture, in order.
fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let rules = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = rules
        .flat_map(|rule| fs::read_dir(rule).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The models that go with a fixture.
pub(crate) fn models_of(fixture: &Path) -> Option<PathBuf> {
    let folder = fixture.with_file_name("models").join(fixture.file_stem().unwrap());
    folder.exists().then_some(folder)
}

pub(crate) fn marks_of(fixture: &Path, sql: &str) -> Vec<marks::Mark> {
    let mut marks = marks::read(sql);
    marks.extend(models_of(fixture).iter().flat_map(|folder| marks::read_models(folder)));
    marks
}

fn rule_of(fixture: &Path) -> &str {
    fixture.parent().unwrap().file_name().unwrap().to_str().unwrap()
}

pub(crate) fn runs_on(sql: &str, engine: Engine) -> bool {
    let Some(servers) = sql.lines().next().and_then(|line| line.strip_prefix(SERVERS)) else {
        return true;
    };
    servers.split_whitespace().any(|server| {
        let (name, at_least) = server.split_once(">=").unwrap_or((server, "0"));
        let family = match name {
            "postgres" => Family::Postgres,
            "mysql" => Family::Mysql,
            "mariadb" => Family::MariaDb,
            "sqlite" => Family::Sqlite,
            _ => panic!("`{SERVERS}` names {name:?}; it can name postgres, mysql, mariadb and sqlite"),
        };
        family == engine.family() && engine.version() >= at_least.parse().unwrap()
    })
}

fn check_all(engine: Engine) {
    let failures: Vec<String> = fixtures().iter().flat_map(|fixture| check(engine, fixture)).collect();
    assert!(failures.is_empty(), "on {}:\n{}", engine.name(), failures.join("\n"));
}

/// What is not as the fixture says, with its name.
fn check(engine: Engine, fixture: &Path) -> Vec<String> {
    let sql = fs::read_to_string(fixture).unwrap();
    if !runs_on(&sql, engine) {
        return Vec::new();
    }
    let rule = rule_of(fixture);
    let name = format!("{rule}/{}", fixture.file_name().unwrap().display());
    let loaded = match std::panic::catch_unwind(|| load(engine, &sql)) {
        Ok(loaded) => loaded,
        Err(panic) => return vec![format!("{name} cannot be loaded: {:?}", panic.downcast_ref::<String>())],
    };
    let mut run = run::Run::new(["audit", &loaded.source()]);
    run = run.args(["--format", "json", "--fail-on", "never", "--allow-unchecked"]);
    let config = fixture.with_file_name("relaudit.yml");
    if let Some(models) = models_of(fixture) {
        run = run.args([Path::new("--models"), &models]);
    } else if config.exists() {
        run = run.args([Path::new("--config"), &config]);
    }
    let outcome = run.finish();
    if outcome.code != Some(0) {
        return vec![format!("{name}: exit {:?}: {}", outcome.code, outcome.stderr)];
    }
    let report = outcome.json();
    let not_run = report["not_run"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["rule"] == rule);
    let not_run = not_run.map(|entry| format!("the rule did not run: {}", entry["reason"]));
    let differences = marks::differences(&marks_of(fixture, &sql), &report, Some(rule));
    not_run
        .into_iter()
        .chain(differences)
        .map(|difference| format!("{name}: {difference}"))
        .collect()
}
