//! Models that are broken off, doubled or mixed up: a reader says less, or other things, and never panics.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use relaudit::orm::{self, SourceFile};

/// Cuts a piece out of a text, or puts one from elsewhere into it.
#[derive(Debug, Clone)]
struct Mutation {
    file: prop::sample::Index,
    start: prop::sample::Index,
    length: usize,
    instead: prop::sample::Index,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    (index(), index(), 0..200_usize, index()).prop_map(|(file, start, length, instead)| Mutation {
        file,
        start,
        length,
        instead,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn broken_models_of_eloquent_are_read_without_panic(mutations in prop::collection::vec(mutation(), 1..12)) {
        let mut files = fixtures("eloquent");
        for mutation in mutations {
            let inserted = piece(&files[mutation.instead.index(files.len())].text, mutation.instead, mutation.length);
            let at = mutation.file.index(files.len());
            let text = &files[at].text;
            let removed = piece(text, mutation.start, mutation.length);
            let mutated = if removed.is_empty() {
                format!("{text}{inserted}")
            } else {
                text.replacen(&removed, &inserted, 1)
            };
            files[at].text = mutated;
        }
        let reader = orm::ALL.iter().find(|reader| reader.name() == "eloquent").unwrap();
        files.retain(|file| reader.claims(file));
        let once = reader.read(&files);
        prop_assert_eq!(once, reader.read(&files));
    }
}

/// A piece of a text, which may begin and end in the middle of a word.
fn piece(text: &str, start: prop::sample::Index, length: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return String::new();
    }
    let start = start.index(characters.len());
    characters.into_iter().skip(start).take(length).collect()
}

/// All files of a framework's cases, as one application.
fn fixtures(framework: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/orm")
        .join(framework);
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(SourceFile {
                    text: fs::read_to_string(&path).unwrap(),
                    path: path.to_str().unwrap().to_owned(),
                });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.len() > 10);
    files
}
