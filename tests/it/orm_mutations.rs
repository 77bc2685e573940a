//! No reader panics, whatever the files hold: the fixtures with pieces cut out, repeated and put elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use relaudit::orm::{self, OrmReader, SourceFile};

use crate::orm::files;

/// What is done to a text.
#[derive(Debug, Clone)]
enum Mutation {
    Cut(Index, usize),
    Repeat(Index, usize),
    Move(Index, usize, Index),
    Insert(Index, &'static str),
    End(Index),
}

/// Pieces that end and begin things, and characters of several bytes.
const PIECES: [&str; 22] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "`",
    "${",
    "=>",
    ",",
    ";",
    "...",
    "this",
    "/*",
    "\n",
    "ä€😀",
    "@",
    "::",
    "=",
    "end\n",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        (place(), 1_usize..60).prop_map(|(at, length)| Mutation::Cut(at, length)),
        (place(), 1_usize..400).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        (place(), 1_usize..200, place()).prop_map(|(from, length, to)| Mutation::Move(from, length, to)),
        (place(), prop::sample::select(PIECES.to_vec())).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        place().prop_map(Mutation::End),
    ]
}

fn mutate(text: &str, mutation: &Mutation) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let size = letters.len();
    let piece = |at: &Index, length: usize| {
        let start = at.index(size + 1);
        start..(start + length).min(size)
    };
    match mutation {
        Mutation::Cut(at, length) => drop(letters.drain(piece(at, *length))),
        Mutation::Repeat(at, length) => {
            let range = piece(at, *length);
            let copy = letters[range.clone()].to_vec();
            letters.splice(range.end..range.end, copy);
        }
        Mutation::Move(from, length, to) => {
            let moved: Vec<char> = letters.drain(piece(from, *length)).collect();
            let to = to.index(letters.len() + 1);
            letters.splice(to..to, moved);
        }
        Mutation::Insert(at, piece) => {
            let at = at.index(size + 1);
            letters.splice(at..at, piece.chars());
        }
        Mutation::End(at) => letters.truncate(at.index(size + 1)),
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reader_panics_on_mutated_files(
        case in any::<Index>(),
        mutations in prop::collection::vec((any::<Index>(), mutation()), 1..12),
    ) {
        for reader in orm::ALL {
            let cases = cases(*reader);
            let mut files = files(&cases[case.index(cases.len())]);
            for (file, mutation) in &mutations {
                let at = file.index(files.len());
                files[at].text = mutate(&files[at].text, mutation);
            }
            let claimed: Vec<SourceFile> = files.into_iter().filter(|file| reader.claims(file)).collect();
            let read = reader.read(&claimed);
            prop_assert_eq!(&read, &reader.read(&claimed), "read twice, it differs");
            for model in &read.models {
                prop_assert!(model.location.line > 0);
            }
        }
    }
}

#[test]
fn no_reader_is_upset_by_code_that_nests_and_goes_round() {
    let deep = |open: &str, close: &str| format!("{}x{}", open.repeat(3000), close.repeat(3000));
    let texts = [
        format!("const sequelize = 1; const a = {};", deep("(", ")")),
        format!("const sequelize = 1; const User = sequelize.define('U', {});", deep("{ ...", "}")),
        "const a = b; const b = a; a.belongsTo(b); b.define('x', a, b); class A extends B {} class B extends A {} A.init({}, { sequelize });".to_owned(),
        "const a = { ...a, ...a, ...a }; sequelize.define('x', a, a); module.exports = require('./m.js');".to_owned(),
        "sequelize; const f = () => f(); f().hasMany(f(), f()); export * from './m.js'; export { x as default } from './m.js';".to_owned(),
    ];
    for reader in orm::ALL {
        for text in &texts {
            let file = SourceFile {
                path: "models/m.js".to_owned(),
                text: text.clone(),
            };
            let _ = reader.read(&[file]);
        }
    }
}

fn cases(reader: &dyn OrmReader) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/orm")
        .join(reader.name());
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}
