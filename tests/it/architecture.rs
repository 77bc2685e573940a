//! What holds of the sources as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A file may not be longer than this.
const MAX_LINES: usize = 500;

/// What stands at the top, apart from names that begin with a dot.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "fixtures",
    "rules",
    "src",
    "tests",
];

/// How statements and their clauses begin inside a string.
const SQL: [&str; 13] = [
    "\"SELECT ",
    "\"INSERT ",
    "\"UPDATE ",
    "\"DELETE ",
    "\"CREATE ",
    "\"ALTER ",
    "\"DROP ",
    "\"WITH ",
    "\"SHOW ",
    "\"PRAGMA ",
    "\" FROM ",
    "\" WHERE ",
    "\" JOIN ",
];

#[test]
fn a_module_uses_only_lower_layers() {
    let layers = layers();
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let Some(module) = top_level_module(&file) else {
            continue;
        };
        let layer = layers
            .get(&module)
            .unwrap_or_else(|| panic!("the map in src/lib.rs does not have `{module}`"));
        let depth = module_depth(&file);
        for (number, line) in code_lines(&text) {
            let mut report = |reason: &str| wrong.push(format!("{}:{number}: {reason}: {line}", file.display()));
            for used in names_after(line, "crate::") {
                match layers.get(used.as_str()) {
                    Some(used_layer) if used_layer <= layer => {}
                    Some(_) => report("uses a higher layer"),
                    None => report("names no module of the map (import one module a line)"),
                }
            }
            if line.contains(&"super::".repeat(depth)) && line.trim() != "use super::*;" {
                report("hides its layer: write `crate::`");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(
        long.is_empty(),
        "at most {MAX_LINES} lines a file:\n{}",
        long.join("\n")
    );
}

#[test]
fn the_top_level_is_as_agreed() {
    let built = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let visible: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| *path != built)
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(visible, TOP_LEVEL.map(str::to_owned).into());
}

#[test]
fn each_rule_has_its_code_its_words_and_its_fixtures() {
    let code: BTreeSet<String> = sources("src/rules")
        .into_iter()
        .filter(|(_, text)| text.contains("impl Rule for "))
        .map(|(file, _)| stem(&file))
        .collect();
    let words = entries("rules")
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    let words: BTreeSet<String> = words
        .map(|file| stem(&file))
        .filter(|name| !name.starts_with('_'))
        .collect();
    let fixtures: BTreeSet<String> = entries("fixtures/rules").iter().map(|folder| stem(folder)).collect();
    assert!(!code.is_empty());
    assert_eq!(code, words, "src/rules and rules/*.yaml");
    assert_eq!(code, fixtures, "src/rules and fixtures/rules");
    for folder in entries("fixtures/rules") {
        for file in ["bad.sql", "good.sql"] {
            assert!(folder.join(file).exists(), "{} has no {file}", folder.display());
        }
    }
}

#[test]
fn only_dialects_write_sql() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        if file.starts_with("src/dialect") {
            continue;
        }
        let written = code_lines(&text).filter(|(_, line)| SQL.iter().any(|start| line.contains(start)));
        wrong.extend(written.map(|(number, line)| format!("{}:{number}: {line}", file.display())));
    }
    assert!(wrong.is_empty(), "SQL outside of src/dialect:\n{}", wrong.join("\n"));
}

#[test]
fn only_one_module_names_the_yaml_crate() {
    let naming: Vec<PathBuf> = sources("src")
        .into_iter()
        .filter(|(_, text)| code_lines(text).any(|(_, line)| line.contains("serde_yaml")))
        .map(|(file, _)| file)
        .collect();
    assert_eq!(naming, [PathBuf::from("src/yaml.rs")]);
}

/// The modules in the order of the map in `src/lib.rs`: the lower a layer, the lower its number.
fn layers() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let items = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! - "))
        .filter_map(|line| line.split_once(": "));
    let names = items.flat_map(|(names, _)| {
        names
            .split(", ")
            .map(|name| name.trim_matches(['[', ']', '`']).to_owned())
    });
    let layers: BTreeMap<String, usize> = names.zip(0..).collect();
    assert!(layers.len() > 5, "src/lib.rs has no map: {layers:?}");
    layers
}

/// The module directly below the crate that a file belongs to.
fn top_level_module(file: &Path) -> Option<String> {
    let first = file.strip_prefix("src").unwrap().iter().next().unwrap();
    let name = Path::new(first).file_stem().unwrap().to_str().unwrap();
    (!["lib", "main"].contains(&name)).then(|| name.to_owned())
}

/// How many times `super::` leads from a file's module to the crate.
fn module_depth(file: &Path) -> usize {
    file.iter().count() - if file.ends_with("mod.rs") { 2 } else { 1 }
}

/// The lines of the code proper, numbered: no comments, and no unit tests, which stand last in a file.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut tests = text
        .match_indices("\n#[cfg(test)]\nmod ")
        .map(|(at, attribute)| (at, &text[at + attribute.len()..]));
    let tests = tests.find(|(_, rest)| rest.lines().next().is_some_and(|name| name.ends_with('{')));
    let code = &text[..tests.map_or(text.len(), |(at, _)| at)];
    (1..)
        .zip(code.lines())
        .filter(|(_, line)| !line.trim().starts_with("//"))
}

/// The names that follow each `prefix` in a line; empty where no name follows.
fn names_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
    line.match_indices(prefix)
        // `$crate::` in a macro is `crate::`; `my_crate::` is not.
        .filter(|(at, _)| !line[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
        .map(|(at, _)| &line[at + prefix.len()..])
        .map(|rest| {
            rest.chars()
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .collect()
        })
}

/// Every Rust file below a folder with its text, in order. Paths begin at the project's root.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for path in entries(folder.to_str().unwrap()) {
            if path.is_dir() {
                folders.push(path.strip_prefix(root()).unwrap().to_owned());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((
                    path.strip_prefix(root()).unwrap().to_owned(),
                    fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{folder} has no sources");
    files
}

fn entries(folder: &str) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
