//! Linters of PostgreSQL migrations agree with the plans: Squawk and the Postgres Language Server, which `tests/run`
//! installs (`tests/frameworks/linters`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::locks::{all_fixtures, planned};
use crate::framework::installed;
use crate::live::server::Engine;

/// Findings on statements inside of blocks, which the linters do not see there, and why each does not apply.
const NOT_FOR_BLOCKS: [(&str, &str); 11] = [
    (
        "prefer-robust-stmts",
        "the block looks whether the work is done before it does it",
    ),
    (
        "ban-drop-not-null",
        "the relation is stated to be optional: that the column takes nulls is what is asked for",
    ),
    ("lint/safety/banDropNotNull", "the same"),
    (
        "ban-drop-column",
        "the column is one that an earlier step has made, or the step is of the contract phase, which nobody runs by accident",
    ),
    ("lint/safety/banDropColumn", "the same"),
    (
        "prefer-bigint-over-int",
        "a child's column gets the type that its parent's key has",
    ),
    (
        "require-concurrent-index-deletion",
        "the index takes part in a change of names, and its block waits for the lock no longer than lock_timeout",
    ),
    (
        "adding-not-nullable-field",
        "a check constraint that was validated before spares the server the look at the rows (ALTER TABLE, SET NOT NULL)",
    ),
    ("lint/safety/addingNotNullField", "the same"),
    (
        "lint/safety/multipleAlterTable",
        "neither statement reads the table, and between the two transactions the constraint would be missing",
    ),
    ("lint/safety/runningStatementWhileHoldingAccessExclusive", "the same"),
];

#[test]
fn postgres18() {
    check_all(Engine::Postgres18, "18.0");
}

#[test]
fn postgres14() {
    check_all(Engine::Postgres14, "14.0");
}

fn check_all(engine: Engine, version: &str) {
    let Some(linters) = installed("linters") else { return };
    let linters = Linters {
        programs: linters.join("node_modules/.bin"),
        version: version.to_owned(),
    };
    let folder = TempDir::new().unwrap();
    let [whole, inner] = ["whole", "inner"].map(|name| folder.path().join(name));
    for folder in [&whole, &inner] {
        fs::create_dir(folder).unwrap();
    }
    let mut statements = BTreeSet::new();
    for (number, fixture) in all_fixtures(engine).iter().enumerate() {
        let (_database, plan, written) = planned(engine, fixture);
        let steps = plan["steps"].as_array().unwrap();
        for step in steps {
            for file in ["file", "undo"].into_iter().filter_map(|key| step[key].as_str()) {
                let text = fs::read_to_string(written.path().join("plan").join(file)).unwrap();
                fs::write(
                    whole.join(format!("{number}_{}", file.replace('/', "_"))),
                    sql_alone(&text),
                )
                .unwrap();
            }
            statements.extend(["up", "down"].into_iter().flat_map(|way| inside(&step[way])));
        }
    }
    for (number, statement) in statements.iter().enumerate() {
        let text = format!("SET lock_timeout = '400ms';\nSET statement_timeout = 0;\n{statement};\n");
        fs::write(inner.join(format!("{number}.sql")), text).unwrap();
    }
    assert_eq!(linters.findings(&whole), Vec::<String>::new());
    let apply = |finding: &String| !NOT_FOR_BLOCKS.iter().any(|(rule, _)| finding.contains(rule));
    let left: Vec<String> = linters.findings(&inner).into_iter().filter(apply).collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(statements.len() > 30, "only {} statements in blocks", statements.len());
    linters.find_what_is_wrong(folder.path());
}

/// The script as linters take it. psql's own command is no SQL, which a comment before it says.
fn sql_alone(text: &str) -> String {
    let marked = "linters that know only SQL take it for an error.\n\\set ON_ERROR_STOP on\n";
    let mut sql = text.replacen(marked, "\n", 1);
    if sql.contains("-- The lines that begin with a backslash are psql's own") {
        for (line, replaced) in [
            ("\n\\gset\n", ";\n"),
            ("\n\\if :relaudit_to_do\n", "\n"),
            ("\n\\endif\n", "\n"),
        ] {
            sql = sql.replace(line, replaced);
        }
    }
    assert!(!sql.lines().any(|line| line.starts_with('\\')), "{text}");
    sql
}

/// The statements that blocks run once they have looked.
fn inside(statements: &Value) -> Vec<String> {
    let blocks = statements
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| statement.as_str().unwrap());
    let inner = blocks.filter_map(|block| {
        let (_, rest) = block.split_once("    BEGIN\n      ")?;
        Some(rest.split_once(";\n      RETURN;")?.0.to_owned())
    });
    // PostgreSQL 18's NOT ENFORCED and NOT NULL … NOT VALID look at no row, and the linters do not know them yet.
    let is_new =
        |sql: &String| sql.contains(" NOT ENFORCED") || (sql.contains(" NOT NULL ") && sql.contains("NOT VALID"));
    // What decides and repeats is PL/pgSQL: no linter reads it.
    let is_code = |sql: &String| sql.trim_start().starts_with("DECLARE") || sql.contains(" THEN\n");
    inner.filter(|sql| !is_new(sql) && !is_code(sql)).collect()
}

struct Linters {
    programs: PathBuf,
    version: String,
}

impl Linters {
    /// What they say of the files of a folder, a line each.
    fn findings(&self, folder: &Path) -> Vec<String> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty());
        let mut squawk = Command::new(self.programs.join("squawk"));
        squawk
            .args(["--reporter", "gcc", "--pg-version", &self.version])
            .args(&files);
        let mut server = Command::new(self.programs.join("postgres-language-server"));
        server.args(["check", "--disable-db", "--max-diagnostics=10000", "--colors=off", "."]);
        let mut found = Vec::new();
        for (mut linter, is_finding) in [
            (
                squawk,
                (|line| line.contains(": warning: ") || line.contains(": error: ")) as fn(&str) -> bool,
            ),
            (server, |line| line.starts_with("./") || line.contains("━━━━")),
        ] {
            let output = linter
                .current_dir(folder)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap())
                .output();
            let output = output.unwrap_or_else(|error| panic!("{linter:?}: {error}"));
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            let lines: Vec<String> = said
                .lines()
                .filter(|line| is_finding(line))
                .map(str::to_owned)
                .collect();
            assert!(output.status.success() || !lines.is_empty(), "{linter:?}: {said}");
            // Its last line says that there were findings.
            found.extend(lines.into_iter().filter(|line| !line.starts_with("check ━")));
        }
        found
    }

    /// They are at work: a plan as it should not be is found fault with by both.
    fn find_what_is_wrong(&self, folder: &Path) {
        let wrong = folder.join("wrong");
        fs::create_dir(&wrong).unwrap();
        let sql = "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES c (d);\nCREATE INDEX i ON a (b);\n";
        fs::write(wrong.join("wrong.sql"), sql).unwrap();
        let found = self.findings(&wrong);
        for rule in [
            "adding-foreign-key-constraint",
            "lint/safety/addingForeignKeyConstraint",
        ] {
            assert!(found.iter().any(|finding| finding.contains(rule)), "{rule}: {found:?}");
        }
    }
}
