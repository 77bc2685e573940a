//! What each framework's reader understands, by marks in model files: `fixtures/orm/FRAMEWORK/CASE/…`.
//!
//! At each declaration stands what must be read of it, after `//=` or `#=`: `Post belongs_to author: posts(author_id) ->
//! users(id)`. A mark on a line of its own belongs to the code above it. `//~` or `#~` is a note that must be given
//! there, by some words of it. A case holds all its files: nothing else may be read of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use relaudit::orm::{self, OrmReader, SourceFile};

/// A file and line, and what is read or noted there.
type At = (String, u32, String);

#[test]
fn every_marked_declaration_is_read_and_nothing_else() {
    let mut failures = Vec::new();
    for reader in orm::ALL {
        let cases = folders(&root().join(reader.name()));
        assert!(!cases.is_empty(), "{} has no case", reader.name());
        for case in cases {
            failures.extend(differences(*reader, &case));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn differences(reader: &dyn OrmReader, case: &Path) -> Vec<String> {
    let files = files(case);
    let claimed: Vec<SourceFile> = files.iter().filter(|file| reader.claims(file)).cloned().collect();
    let models = reader.read(&claimed);
    let mut failures = Vec::new();
    let read: BTreeSet<At> = models
        .models
        .iter()
        .flat_map(|model| model.associations.iter().map(move |association| (model, association)))
        .map(|(model, association)| {
            let place = &association.location;
            (place.file.clone(), place.line, format!("{} {association}", model.name))
        })
        .collect();
    let expected = marks(&files, "=");
    assert!(!expected.is_empty(), "{} expects nothing", case.display());
    let mut say = |what: &str, (file, line, text): &At| {
        failures.push(format!("{}/{file}:{line}: {what}: {text}", case.display()));
    };
    read.difference(&expected)
        .for_each(|found| say("read, not expected", found));
    expected
        .difference(&read)
        .for_each(|missing| say("expected, not read", missing));
    let expected_notes = marks(&files, "~");
    let mut unexpected: Vec<At> = models
        .notes
        .iter()
        .map(|note| {
            let place = note.location.clone().expect("a note on a file has a place");
            (place.file, place.line, note.message.clone())
        })
        .collect();
    for (file, line, words) in &expected_notes {
        let is_it = |note: &At| note.0 == *file && note.1 == *line && note.2.contains(words);
        match unexpected.iter().position(is_it) {
            Some(position) => drop(unexpected.remove(position)),
            None => say("no such note", &(file.clone(), *line, words.clone())),
        }
    }
    for note in &unexpected {
        say("a note that is not expected", note);
    }
    failures
}

/// The marks of one sort, at the line of the code that they are about.
fn marks(files: &[SourceFile], sort: &str) -> BTreeSet<At> {
    let mut marks = BTreeSet::new();
    for file in files {
        let mut code_line = 0;
        for (number, line) in (1..).zip(file.text.lines()) {
            let starts = [format!("//{sort} "), format!("#{sort} ")];
            let is_mark = |line: &str| ["//=", "//~", "#=", "#~"].iter().any(|mark| line.starts_with(mark));
            if !is_mark(line.trim_start()) {
                code_line = number;
            }
            let found = starts.iter().find_map(|start| line.split_once(start.as_str()));
            if let Some((_, text)) = found {
                marks.insert((file.path.clone(), code_line, text.trim().to_owned()));
            }
        }
    }
    marks
}

/// All files below a folder, by their path from it.
pub(crate) fn files(case: &Path) -> Vec<SourceFile> {
    let mut found = Vec::new();
    let mut folders = vec![case.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(SourceFile {
                    path: path.strip_prefix(case).unwrap().to_str().unwrap().replace('\\', "/"),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

pub(crate) fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orm")
}
