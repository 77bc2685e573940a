//! Active Record 7.2 loads the fixtures' models (Active Storage and Action Text too), and its reflections are what the reader says: kind, key, target key,
//! join table, through, optionality, what becomes of the children.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use relaudit::orm::{OrmReader, SourceFile};
use relaudit::schema::{Association, Ident, Link};

use super::installed;
use crate::orm;

/// The case that Active Record does not load: what it refuses.
const LEFT_OUT: &str = "refused";

#[test]
fn active_record_reads_its_models_as_we_do() {
    let Some(folder) = installed("active_record") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = orm::folders(&root.join("fixtures/orm/active_record"));
    cases.retain(|case| !case.ends_with(LEFT_OUT));
    assert!(cases.len() >= 11, "only {cases:?}");
    let mut failures = Vec::new();
    for case in cases {
        failures.extend(differences(&folder, &case));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What Active Record and the reader do not both say of an application.
pub(super) fn differences(folder: &Path, case: &Path) -> Vec<String> {
    let described = described(folder, case);
    let read = read(case);
    // The blobs of an attachment go over it, and say nothing of their own.
    let is_blobs = |line: &&String| line.contains("_blob") && line.contains(": through ");
    let expected: BTreeSet<String> = described
        .iter()
        .filter(|line| !is_blobs(line))
        .map(|line| match read.get(&name_of(line)) {
            // Where nothing in the files tells, the reader does not guess.
            Some((_, false)) => line.replace(" required", "").replace(" optional", ""),
            _ => line.clone(),
        })
        .collect();
    let read: BTreeSet<String> = read.into_values().map(|(line, _)| line).collect();
    let say = |who: &str, line: &String| format!("{}: {who}: {line}", case.display());
    let unread = expected.difference(&read).map(|line| say("Active Record", line));
    unread
        .chain(read.difference(&expected).map(|line| say("the reader", line)))
        .collect()
}

/// Active Record's account: one association a line.
fn described(folder: &Path, case: &Path) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frameworks/active_record/run");
    let output = Command::new(script).arg(folder).arg(case).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", case.display());
    let lines: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(
        !lines.is_empty(),
        "{}: Active Record knows no association",
        case.display()
    );
    lines
}

/// The reader's account in the same words, by model and association, and whether optionality was told.
fn read(case: &Path) -> BTreeMap<String, (String, bool)> {
    let files = orm::files(case);
    let reader = reader();
    let claimed: Vec<SourceFile> = files.into_iter().filter(|file| reader.claims(file)).collect();
    let models = reader.read(&claimed).models;
    let associations = models
        .iter()
        .flat_map(|model| model.associations.iter().map(move |association| (model, association)));
    let lines = associations.map(|(model, association)| {
        let line = format!("{} {}", model.name, as_described(association));
        (name_of(&line), (line, association.optional.is_some()))
    });
    lines.collect()
}

fn reader() -> &'static dyn OrmReader {
    let found = relaudit::orm::ALL
        .iter()
        .find(|reader| reader.name() == "active_record");
    *found.unwrap()
}

/// `Post belongs_to author`.
fn name_of(line: &str) -> String {
    line.split(": ").next().unwrap_or(line).to_owned()
}

/// Without what reflections do not say; the primary key of each table is `id` where the code names none.
fn as_described(association: &Association) -> String {
    let mut association = Association {
        scoped: false,
        implied: false,
        inverse: None,
        ..association.clone()
    };
    let ends = match &mut association.link {
        Link::Direct { parent, .. } | Link::PolymorphicParent { parent, .. } => vec![parent],
        Link::JoinTable { owner, target, .. } => vec![owner, target],
        _ => Vec::new(),
    };
    for end in ends.into_iter().filter(|end| end.columns.is_empty()) {
        end.columns.push(Ident::from("id"));
    }
    association.to_string()
}
