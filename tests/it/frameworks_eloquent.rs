//! Laravel's own word on what models declare: the framework loads the models of the fixtures, and what it says of their
//! tables, keys and associations is what the reader says.
//!
//! `tests/run` installs it; by hand: `tests/frameworks/eloquent/install FOLDER/eloquent`, with FOLDER or the folder above
//! it in `RELAUDIT_TEST_SERVERS`. Without it the test fails, unless `ALLOW_MISSING_SERVERS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relaudit::orm::{self, Models, SourceFile};
use relaudit::schema::{Association, Link};

/// Cases that version 8 cannot load, and why.
const NOT_LOADED: [(&str, &str); 2] = [
    ("laravel_13", "it uses what version 8 does not have"),
    ("outside", "it extends a package that is not there"),
];

/// Methods whose association the reader notes that it cannot follow.
const NOTED: [&str; 2] = ["byHand", "dynamic"];

/// Words whose plural has changed since the inflector's version 2.0.6.
const CHANGED_WORDS: [&str; 2] = ["Epoch", "Regatta"];

/// What is said of one method of a model: the associations, or that it is refused.
#[derive(Debug, Default)]
struct Said {
    links: BTreeSet<String>,
    refused: bool,
    unclear: bool,
}

type AllSaid = BTreeMap<(String, String), Said>;

#[test]
fn the_framework_itself_says_what_the_reader_says() {
    let Some(framework) = framework() else { return };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orm/eloquent");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop/eloquent"));
    folders.sort();
    let mut compared = 0;
    let mut failures = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        if NOT_LOADED.iter().any(|(case, _)| *case == name) {
            continue;
        }
        compared += differences(&framework, &folder, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared > 100, "only {compared} associations were compared");
}

/// What the framework and the reader do not both say of the models in a folder; gives the number of associations.
pub(crate) fn differences(framework: &Path, folder: &Path, failures: &mut Vec<String>) -> usize {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let models = read(folder);
    let (said_models, said) = parse(&describe(framework, folder));
    let read_models: BTreeSet<String> = models.models.iter().filter_map(model_line).collect();
    for line in said_models.symmetric_difference(&read_models) {
        let who = if said_models.contains(line) {
            "framework"
        } else {
            "reader"
        };
        // A table that only the running code knows is no table to the reader.
        let mut unknown = models.models.iter().filter(|model| model.table.is_none());
        if !unknown.any(|model| line.contains(&format!("{} ", model.name))) {
            failures.push(format!("{name}: only the {who}: {line}"));
        }
    }
    compare(name, &said, &by_reader(&models), failures)
}

#[test]
fn words_become_tables_as_in_the_framework() {
    let Some(framework) = framework() else { return };
    let words = fs::read_to_string(scripts().join("words")).unwrap();
    let words: BTreeSet<&str> = words.lines().filter(|word| !word.starts_with('#')).collect();
    assert!(words.len() > 300, "{} words", words.len());
    let mut code = "<?php\n\nnamespace Words;\n\nuse Illuminate\\Database\\Eloquent\\Model;\n".to_owned();
    code += "use Illuminate\\Database\\Eloquent\\Relations\\Pivot;\n\n";
    for word in words.iter().filter(|word| !CHANGED_WORDS.contains(word)) {
        writeln!(
            code,
            "class Big{word} extends Model {{}}\nclass {word}_ extends Model {{}}"
        )
        .unwrap();
        writeln!(code, "class My{word} extends Pivot {{}}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("words.php"), code).unwrap();
    let (said, _) = parse(&describe(&framework, folder.path()));
    let read: BTreeSet<String> = read(folder.path()).models.iter().filter_map(model_line).collect();
    assert_eq!(said.len(), (words.len() - CHANGED_WORDS.len()) * 3);
    let different: Vec<&String> = said.symmetric_difference(&read).collect();
    assert!(different.is_empty(), "{different:#?}");
}

/// Holds what both say of each method against each other; the number of associations that agree.
fn compare(case: &str, said: &AllSaid, read: &AllSaid, failures: &mut Vec<String>) -> usize {
    let nothing = Said::default();
    let mut agreed = 0;
    let methods: BTreeSet<_> = said.keys().chain(read.keys()).collect();
    for method in methods {
        let by_framework = said.get(method).unwrap_or(&nothing);
        let by_reader = read.get(method).unwrap_or(&nothing);
        if by_reader.unclear || NOTED.contains(&method.1.as_str()) {
            continue;
        }
        // A method with branches gives the framework the association of one of them only.
        let all_known = by_framework.links.is_subset(&by_reader.links);
        let any_meant = by_framework.links.is_empty() == by_reader.links.is_empty();
        if !all_known || !any_meant || by_framework.refused != by_reader.refused {
            failures.push(format!(
                "{case}: {method:?}\n  framework: {by_framework:?}\n  reader: {by_reader:?}"
            ));
        }
        agreed += by_framework.links.len();
    }
    agreed
}

/// What the framework prints (see describe.php): its models, and its associations.
fn parse(printed: &str) -> (BTreeSet<String>, AllSaid) {
    let mut models = BTreeSet::new();
    let mut all = AllSaid::new();
    for line in printed.lines() {
        if let Some(model) = line.strip_prefix("model ") {
            models.insert(model.to_owned());
            continue;
        }
        let (head, rest) = line
            .split_once(": ")
            .unwrap_or_else(|| panic!("not understood: {line}"));
        let [class, kind, name] = head.split(' ').collect::<Vec<_>>()[..] else {
            panic!("not understood: {line}");
        };
        // It is a query that is run: there are no tables here.
        if rest.starts_with("SQLSTATE") {
            continue;
        }
        let said = all.entry((class.to_owned(), name.to_owned())).or_default();
        // Where a default name is missing, the framework goes on without a name.
        if kind == "error" || rest.contains("()") {
            said.refused = true;
        } else {
            said.links.insert(format!("{kind} {rest}"));
        }
    }
    (models, all)
}

fn by_reader(models: &Models) -> AllSaid {
    let mut all = AllSaid::new();
    for model in &models.models {
        for association in &model.associations {
            let said = all.entry((model.name.clone(), association.name.clone())).or_default();
            match &association.link {
                Link::Unresolved { dangling: true, .. } => said.refused = true,
                Link::Unresolved { dangling: false, .. } => said.unclear = true,
                _ if is_refused(association) => said.refused = true,
                link => drop(said.links.insert(format!("{} {link}", association.kind.as_str()))),
            }
        }
    }
    all
}

/// Arguments by names that there are not stop PHP; too many are ignored.
fn is_refused(association: &Association) -> bool {
    let mut unknown = association.unknown_options.iter();
    unknown.any(|unknown| unknown.why.starts_with("PHP refuses"))
}

/// A model as the framework's script prints it; `None` for one without table.
fn model_line(model: &relaudit::schema::Model) -> Option<String> {
    let table = model.table.as_ref()?;
    let key: Vec<&str> = model.primary_key.iter().map(relaudit::schema::Ident::as_str).collect();
    let soft = model.soft_delete.as_ref().map_or("", relaudit::schema::Ident::as_str);
    let morph = model.polymorphic_name.as_ref().unwrap_or(&model.name);
    Some(format!(
        "{} {table}({}) soft={soft} morph={morph}",
        model.name,
        key.join(", ")
    ))
}

fn read(folder: &Path) -> Models {
    let reader = orm::ALL.iter().find(|reader| reader.name() == "eloquent").unwrap();
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files.push(SourceFile {
                path: path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(),
                text: fs::read_to_string(&path).unwrap(),
            });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.retain(|file| reader.claims(file));
    reader.read(&files)
}

fn describe(framework: &Path, models: &Path) -> String {
    let output = Command::new(scripts().join("run"))
        .arg(framework)
        .arg(models)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {printed}{errors}", models.display());
    printed
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frameworks/eloquent")
}

/// Where the framework is. `None` where it is missing and may be.
pub(crate) fn framework() -> Option<PathBuf> {
    let kept = std::env::var_os("RELAUDIT_TEST_SERVERS").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").unwrap_or_else(|| "/var/tmp".into());
            Path::new(&cache).join("relaudit-test-servers")
        },
        PathBuf::from,
    );
    let places = [kept.join("frameworks/eloquent"), kept.join("eloquent")];
    let found = places.iter().find(|place| place.join(".ok").exists());
    let may_be_missing = std::env::var_os("ALLOW_MISSING_SERVERS").is_some_and(|allowed| allowed == "1");
    assert!(
        found.is_some() || may_be_missing,
        "Eloquent is not in {}: run tests/frameworks/eloquent/install {0}, or set ALLOW_MISSING_SERVERS=1",
        places[0].display(),
    );
    found.cloned()
}
