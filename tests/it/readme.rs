//! Everything in README.md is run: the output that it shows is the real one, and every command of it works.
//!
//! `UPDATE=1 tests/run -- readme` writes the real output into it.

use std::path::{Path, PathBuf};

use crate::live::server::postgres;
use crate::run::Run;

/// The database that commands in the README name.
const EXAMPLE_URL: &str = "postgres://auditor@localhost/shop";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> PathBuf {
    root().join("README.md")
}

/// The fenced blocks of a kind, as ranges of lines without the fences.
fn blocks(lines: &[String], kind: &str) -> Vec<std::ops::Range<usize>> {
    let mut blocks = Vec::new();
    let mut open = None;
    for (at, line) in lines.iter().enumerate() {
        if let Some(start) = open {
            if line == "```" {
                blocks.push(start..at);
                open = None;
            }
        } else if *line == format!("```{kind}") {
            open = Some(at + 1);
        }
    }
    blocks
}

fn lines() -> Vec<String> {
    std::fs::read_to_string(readme())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Splits a command as a shell does, as far as the README needs it.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A run in the project's own folder.
fn run_here(arguments: &[String]) -> Run {
    let arguments = arguments.iter().map(|argument| {
        let path = root().join(argument);
        if argument.contains('/') && path.exists() {
            path.display().to_string()
        } else {
            argument.clone()
        }
    });
    Run::new(arguments)
}

#[test]
fn the_output_it_shows_is_the_real_one() {
    let mut lines = lines();
    let shown = lines.clone();
    for block in blocks(&lines, "console").into_iter().rev() {
        let command = lines[block.start]
            .strip_prefix("$ relaudit ")
            .expect("a block starts with a command");
        let outcome = run_here(&words(command)).finish();
        assert_ne!(outcome.code, Some(2), "`{command}`: {}", outcome.stderr);
        let output = outcome.stdout.replace(&format!("{}/", root().display()), "");
        let output = output.trim_end().lines().map(|line| line.trim_end().to_owned());
        lines.splice(block.start + 1..block.end, output);
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(readme(), lines.join("\n") + "\n").unwrap();
        return;
    }
    assert!(!blocks(&lines, "console").is_empty());
    similar_or_panic(&shown, &lines);
}

fn similar_or_panic(shown: &[String], real: &[String]) {
    for (at, (shown, real)) in shown.iter().zip(real).enumerate() {
        assert_eq!(
            shown,
            real,
            "README.md, line {}; `UPDATE=1 tests/run -- readme` writes the real output",
            at + 1
        );
    }
    assert_eq!(
        shown.len(),
        real.len(),
        "README.md; `UPDATE=1 tests/run -- readme` writes the real output"
    );
}

#[test]
fn its_commands_work() {
    let shop = |dialect: &str| std::fs::read_to_string(root().join(format!("fixtures/shop/{dialect}.sql"))).unwrap();
    let database = postgres(18).database(&shop("postgres"));
    let mut seen = 0;
    let lines = lines();
    for line in blocks(&lines, "sh").into_iter().flat_map(|block| lines[block].to_vec()) {
        let command = line
            .strip_prefix("cargo run --release -- ")
            .or(line.strip_prefix("relaudit "));
        let Some(command) = command else {
            assert!(root().join(&line).exists(), "`{line}` is in no folder of the project");
            continue;
        };
        let words: Vec<String> = words(command)
            .iter()
            .map(|word| word.replace(EXAMPLE_URL, &database.url()))
            .collect();
        let run = run_here(&words);
        let path = run.home().join("shop.db");
        rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(&shop("sqlite"))
            .unwrap();
        let outcome = run.finish();
        assert!(
            matches!(outcome.code, Some(0 | 1)),
            "`{line}`: {:?} {}",
            outcome.code,
            outcome.stderr
        );
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} commands were found");
}

#[test]
fn its_configuration_is_understood() {
    let lines = lines();
    let shown: Vec<String> = blocks(&lines, "yaml")
        .into_iter()
        .flat_map(|block| lines[block].to_vec())
        .collect();
    assert!(!shown.is_empty(), "the README shows a configuration");
    let schema = "
        CREATE TABLE customers (id INTEGER PRIMARY KEY, uuid TEXT UNIQUE);
        CREATE TABLE addresses (id INTEGER PRIMARY KEY, fk_customerid TEXT NOT NULL);
        CREATE TABLE orders (tenant_id INTEGER, id INTEGER, PRIMARY KEY (tenant_id, id));
        CREATE TABLE order_lines (id INTEGER PRIMARY KEY, tenant_id INTEGER, order_id INTEGER);
        CREATE TABLE users (id INTEGER PRIMARY KEY);
        CREATE TABLE audit_log (id INTEGER PRIMARY KEY, user_id INTEGER);
        CREATE TABLE posts (id INTEGER PRIMARY KEY);
        CREATE TABLE tags (id INTEGER PRIMARY KEY);
        CREATE TABLE posts_tags (post_id INTEGER, tag_id INTEGER, PRIMARY KEY (post_id, tag_id));
        CREATE TABLE photos (id INTEGER PRIMARY KEY);
        CREATE TABLE comments (id INTEGER PRIMARY KEY, commentable_type TEXT, commentable_id INTEGER);";
    let outcome = Run::new(["audit", "-", "--format", "json"])
        .file("relaudit.yml", &shown.join("\n"))
        .input(schema)
        .finish();
    assert_ne!(outcome.code, Some(2), "{}", outcome.stderr);
    let report = outcome.json();
    let stated = |relation: &&serde_json::Value| {
        relation["origin"]
            .as_array()
            .is_some_and(|origins| origins.iter().any(|origin| origin == "config"))
    };
    let relations = report["relations"].as_array().unwrap();
    assert_eq!(relations.iter().filter(stated).count(), 4);
    assert!(
        relations
            .iter()
            .all(|relation| relation["child"]["table"] != "audit_log")
    );
}
