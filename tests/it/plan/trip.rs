//! A database and a plan for it, there and back.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use crate::live::server::{Engine, Loaded, load};
use crate::run::{Outcome, Run};

/// A database, how plans for it are made, and the last of them.
pub(super) struct Trip {
    pub(super) engine: Engine,
    pub(super) database: Loaded,
    before: Vec<String>,
    config: String,
    arguments: Vec<String>,
    folder: TempDir,
    pub(super) plan: Value,
}

impl Trip {
    /// Loads a database and plans for it, with this relaudit.yml and these arguments.
    pub(super) fn start(engine: Engine, sql: &str, config: &str, arguments: &[&str]) -> Self {
        let database = load(engine, sql);
        let mut trip = Self {
            engine,
            before: client::state(engine, &database),
            database,
            config: config.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            plan: Value::Null,
        };
        trip.make();
        trip
    }

    /// Plans for the database as it is now. Steps are those of the new plan from then on.
    pub(super) fn plan_again(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        self.folder = tempfile::tempdir().unwrap();
        self.make();
    }

    fn make(&mut self) {
        let out = self.folder.path().join("plan");
        let outcome = plan(
            &self.database,
            &self.config,
            &self.arguments,
            &[&out.display().to_string()],
        );
        assert!(
            matches!(outcome.code, Some(0 | 1)),
            "{:?}: {}\n{}",
            self.engine,
            outcome.stdout,
            outcome.stderr
        );
        self.plan = serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
    }

    /// The text of PLAN.md.
    pub(super) fn described(&self) -> String {
        fs::read_to_string(self.folder.path().join("plan/PLAN.md")).unwrap()
    }

    /// What was left out: title, reason, and what to decide, a line each.
    pub(super) fn withheld(&self) -> Vec<String> {
        let withheld = self.plan["withheld"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        withheld
            .map(|one| {
                format!(
                    "{}: {}; {}",
                    text(&one["title"]),
                    text(&one["reason"]),
                    text(&one["decide"])
                )
            })
            .collect()
    }

    /// The titles of the steps.
    pub(super) fn steps(&self) -> Vec<String> {
        let steps = self.plan["steps"].as_array().unwrap().iter();
        steps.map(|step| step["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs every step but those of the contract phase with the engine's own client.
    pub(super) fn up(&self) -> Result<(), String> {
        self.run(&self.files("file"))
    }

    /// The same by another user of the server, who has no password.
    pub(super) fn up_as(&self, user: &str) -> Result<(), String> {
        let Loaded::Server(database) = &self.database else {
            panic!("there are users on servers only")
        };
        let run = |file: &PathBuf| client::run_on(self.engine, &database.url_as(user, None), file).map(drop);
        self.files("file").iter().try_for_each(run)
    }

    /// Runs the steps of the contract phase.
    pub(super) fn contract(&self) -> Result<(), String> {
        self.run(&self.files_of("file", true))
    }

    /// Undoes them.
    pub(super) fn down(&self) -> Result<(), String> {
        let mut files = self.files("undo");
        files.reverse();
        self.run(&files)
    }

    /// Runs the steps, looks what `check` says of the rows then, runs them once more, and undoes them: nothing changes
    /// the second time, and all is as it was in the end.
    pub(super) fn round(&self, check: impl Fn(&Self)) {
        let engine = self.engine;
        self.up()
            .unwrap_or_else(|error| panic!("{engine:?}: {error}\n{:#}", self.plan));
        check(self);
        let after = client::state(engine, &self.database);
        self.up().unwrap_or_else(|error| panic!("{engine:?}, again: {error}"));
        assert_eq!(client::state(engine, &self.database), after, "{engine:?}, run again");
        self.down().unwrap_or_else(|error| panic!("{engine:?}, undo: {error}"));
        assert_eq!(client::state(engine, &self.database), self.before, "{engine:?}, undone");
    }

    /// The rules and subjects of what an audit finds now.
    pub(super) fn findings(&self) -> Vec<(String, String)> {
        let run = Run::new(["audit", &self.database.source(), "--format", "json"]).file("relaudit.yml", &self.config);
        let report = run.finish().json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| (text(&finding["rule"]), text(&finding["subject"])))
            .collect()
    }

    /// The rows of a query, with `NULL` for nulls.
    pub(super) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let named = |row: Vec<Option<String>>| -> Vec<String> {
            row.into_iter()
                .map(|value| value.unwrap_or_else(|| "NULL".to_owned()))
                .collect()
        };
        match &self.database {
            Loaded::Server(database) => database.rows(sql).into_iter().map(named).collect(),
            Loaded::File(_) => {
                let connection = rusqlite::Connection::open(self.database.source()).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let text = |value: rusqlite::types::Value| match value {
                    rusqlite::types::Value::Null => None,
                    rusqlite::types::Value::Integer(number) => Some(number.to_string()),
                    rusqlite::types::Value::Text(text) => Some(text),
                    other => Some(format!("{other:?}")),
                };
                let rows = statement.query_map([], |row| {
                    (0..width)
                        .map(|at| row.get(at).map(text))
                        .collect::<Result<Vec<_>, _>>()
                });
                rows.unwrap().map(|row| named(row.unwrap())).collect()
            }
        }
    }

    /// Runs statements, on a connection of their own.
    pub(super) fn execute(&self, sql: &str) {
        match &self.database {
            Loaded::Server(database) => database.execute(sql),
            Loaded::File(_) => rusqlite::Connection::open(self.database.source())
                .unwrap()
                .execute_batch(sql)
                .unwrap(),
        }
    }

    fn run(&self, files: &[PathBuf]) -> Result<(), String> {
        files
            .iter()
            .try_for_each(|file| client::run(self.engine, &self.database, file).map(drop))
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        self.files_of(name, false)
    }

    fn files_of(&self, name: &str, contract: bool) -> Vec<PathBuf> {
        let steps = self.plan["steps"].as_array().unwrap().iter();
        let steps = steps.filter(|step| (step["phase"] == "contract") == contract);
        steps
            .map(|step| self.folder.path().join("plan").join(step[name].as_str().unwrap()))
            .collect()
    }
}

/// Plans. `out` is the folder for the files, if they are wanted.
pub(super) fn plan(database: &Loaded, config: &str, arguments: &[String], out: &[&str]) -> Outcome {
    let run = Run::new(["plan", &database.source()])
        .file("relaudit.yml", config)
        .args(arguments);
    let run = out.iter().fold(run, |run, folder| run.args(["--out", folder]));
    run.finish()
}
