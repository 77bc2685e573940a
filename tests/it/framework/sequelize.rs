//! Sequelize 6 and 7, and `sequelize-typescript`: `Model.associations` of the fixtures' models, table by table and
//! column by column.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relaudit::orm::{self, SourceFile};
use relaudit::schema::{Association, Link, Model, display_columns};
use serde_json::Value;

/// What starts an application of the fixtures.
const ENTRIES: [&str; 4] = ["index.js", "index.ts", "models/index.js", "models/index.ts"];

/// A framework of `--emit`, the file for what it says, and what loads that.
pub(super) const EMITTED: [(&str, &str, &str); 2] = [
    (
        "sequelize",
        "emitted.js",
        "const { DataTypes, Sequelize } = require('sequelize');\n\
         const sequelize = new Sequelize('postgres://localhost/emitted', { logging: false });\n\
         require('./emitted.js')(sequelize, DataTypes);\n\
         module.exports = { sequelize };\n",
    ),
    (
        "sequelize7",
        "emitted.ts",
        "const { Sequelize } = require('@sequelize/core');\n\
         const { PostgresDialect: dialect } = require('@sequelize/postgres');\n\
         const { models } = require('./emitted.ts');\n\
         module.exports = { sequelize: new Sequelize({ dialect, models, logging: false }) };\n",
    ),
];

#[test]
fn sequelize_says_the_same_of_its_associations() {
    let Some(installed) = super::installed("sequelize") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut compared = 0;
    for application in applications() {
        compared += differences(&installed, &application, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 60, "only {compared} associations were compared");
}

/// What Sequelize and the reader do not both say of an application; gives the number of associations.
pub(super) fn differences(installed: &Path, application: &Path, wrong: &mut Vec<String>) -> usize {
    let (described, read) = both(installed, application);
    let mut compared = 0;
    for (name, truth) in described.as_object().unwrap() {
        let place = format!("{}: {name}", application.display());
        compared += compare(&place, truth, read.iter().find(|model| model.name == *name), wrong);
    }
    for model in &read {
        if !described[&model.name].is_object() {
            wrong.push(format!(
                "{}: Sequelize has no model {}",
                application.display(),
                model.name
            ));
        }
    }
    compared
}

#[test]
fn sequelize_names_the_same_tables() {
    let Some(installed) = super::installed("sequelize") else {
        return;
    };
    let words = words();
    assert!(words.len() > 500, "only {} words", words.len());
    for (package, dialect) in [
        ("sequelize", "const dialect = 'postgres';"),
        (
            "@sequelize/core",
            "const { PostgresDialect: dialect } = require('@sequelize/postgres');",
        ),
    ] {
        let mut script = format!("const {{ Sequelize }} = require('{package}');\n{dialect}\n");
        script.push_str(
            "const sequelize = new Sequelize({ dialect, logging: false });\nmodule.exports = { sequelize };\n",
        );
        for word in &words {
            // The other model's key is called after the singular of this one.
            let underscored = word.len() % 2 == 0;
            let definition = format!("sequelize.define('{word}', {{}}, {{ underscored: {underscored} }})");
            let other = format!(".hasOne(sequelize.define('other_{word}', {{}}));\n");
            script.extend([definition, other]);
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.js"), script).unwrap();
        let (described, read) = both(&installed, folder.path());
        let mut wrong = Vec::new();
        for model in &read {
            compare(&model.name, &described[&model.name], Some(model), &mut wrong);
        }
        assert!(wrong.is_empty(), "{package}:\n{}", wrong.join("\n"));
    }
}

/// What Sequelize says of an application and what the reader does.
pub(super) fn both(installed: &Path, application: &Path) -> (Value, Vec<Model>) {
    (asked(installed, "describe.js", application, &[]), read(application))
}

/// What a script says, as JSON, that loads an application with the version of Sequelize that it is written for.
pub(super) fn asked(installed: &Path, script: &str, application: &Path, arguments: &[&str]) -> Value {
    let seven = files(application)
        .iter()
        .any(|file| file.text.contains("@sequelize/core"));
    let modules = installed.join(if seven { "seven" } else { "six" }).join("node_modules");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frameworks/sequelize");
    let output = Command::new("node")
        .arg(scripts.join(script))
        .arg(application)
        .args(arguments)
        .env("NODE_PATH", modules)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", application.display());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The reader's account.
pub(super) fn read(application: &Path) -> Vec<Model> {
    let reader = orm::ALL.iter().find(|reader| reader.name() == "sequelize").unwrap();
    let claimed: Vec<SourceFile> = files(application)
        .into_iter()
        .filter(|file| reader.claims(file))
        .collect();
    reader.read(&claimed).models
}

/// Compares one model; gives the number of its associations.
fn compare(place: &str, truth: &Value, read: Option<&Model>, wrong: &mut Vec<String>) -> usize {
    let texts = |key: &str| -> BTreeSet<String> {
        let texts = truth[key].as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let associations = texts("associations");
    let Some(read) = read else {
        // A model that Sequelize makes for a join table.
        assert!(associations.is_empty(), "{place} is not read");
        return 0;
    };
    let mut differ = |what: &str, truth: String, read: String| {
        if truth != read {
            wrong.push(format!(
                "{place}: {what} is {truth} to Sequelize, and {read} to the reader"
            ));
        }
    };
    let table = read.table.as_ref().unwrap().to_string();
    differ("its table", truth["table"].as_str().unwrap().to_owned(), table);
    let columns = texts("columns");
    for attribute in &read.attributes {
        let column = attribute.column.as_str();
        differ(column, format!("{}", true), format!("{}", columns.contains(column)));
    }
    let own: BTreeSet<String> = read.primary_key.iter().map(ToString::to_string).collect();
    differ(
        "its primary key",
        format!("{:?}", texts("primary_key")),
        format!("{own:?}"),
    );
    let truths: BTreeMap<String, String> = associations.iter().map(|text| split(text)).collect();
    let reads: BTreeMap<String, String> = read.associations.iter().map(|it| split(&line(it))).collect();
    for name in truths.keys().chain(reads.keys()).collect::<BTreeSet<_>>() {
        let (truth, read) = (truths.get(name), reads.get(name));
        let same = match (truth, read) {
            // A polymorphic child has several parents, of which Sequelize names one at each association.
            (Some(truth), Some(read)) => {
                truth == read || read.strip_suffix('*').is_some_and(|child| truth.starts_with(child))
            }
            _ => false,
        };
        if !same {
            wrong.push(format!(
                "{place}: {name} is {truth:?} to Sequelize, and {read:?} to the reader"
            ));
        }
    }
    associations.len()
}

fn split(line: &str) -> (String, String) {
    let (name, link) = line.split_once(": ").unwrap();
    (name.to_owned(), link.to_owned())
}

/// An association in the words of `describe.js`, which knows no types of polymorphic pairs.
fn line(association: &Association) -> String {
    let ids = |end: &relaudit::schema::PolymorphicEnd| format!("{}({})", end.table, display_columns(&end.id_columns));
    let link = match &association.link {
        Link::PolymorphicChild { child } => format!("{} -> *", ids(child)),
        Link::PolymorphicParent { child, parent, .. } => format!("{} -> {parent}", ids(child)),
        Link::PolymorphicJoinTable {
            child,
            parent,
            other_key,
            other,
            ..
        } => {
            let (own, others) = (format!("{} -> {parent}", ids(child)), format!("{other_key} -> {other}"));
            let is_owner = association
                .target
                .as_ref()
                .is_none_or(|target| !parent.table.table.as_str().starts_with(target));
            if is_owner {
                format!("{own}, {others}")
            } else {
                format!("{others}, {own}")
            }
        }
        link => link.to_string(),
    };
    format!("{} {}: {link}", association.kind.as_str(), association.name)
}

/// The applications of the fixtures that can be started.
pub(super) fn applications() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found: Vec<PathBuf> = ["orm/sequelize", "shop"]
        .iter()
        .flat_map(|folder| fs::read_dir(fixtures.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            // What cannot be followed cannot be started either.
            let is_sequelize = path.parent().unwrap().ends_with("sequelize") || name.starts_with("sequelize");
            is_sequelize && name != "unfollowable" && ENTRIES.iter().any(|entry| path.join(entry).exists())
        })
        .collect();
    found.sort();
    found
}

fn files(folder: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(SourceFile {
                    path: path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Words that reach every rule of inflection, and some that reach none.
fn words() -> BTreeSet<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/orm/sequelize");
    let uncountable = fs::read_to_string(data.join("uncountable.txt")).unwrap();
    let mut words: BTreeSet<String> = uncountable.split_whitespace().map(str::to_owned).collect();
    for file in ["plural.txt", "singular.txt"] {
        let text = fs::read_to_string(data.join(file)).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let line = line.trim_start_matches("3: ");
            let parts: Vec<&str> = line.split_whitespace().collect();
            let before = parts[0].trim_start_matches(['^', '!', '*']).split(',');
            for before in before {
                for ending in &parts[1..] {
                    let ending = ending.trim_matches('-');
                    for word in [
                        format!("{before}{ending}"),
                        format!("x{before}{ending}"),
                        format!("Ka{before}{ending}"),
                    ] {
                        words.insert(word);
                    }
                }
            }
        }
    }
    for word in [
        "OrderLine",
        "order_line",
        "userID",
        "API",
        "Day",
        "Category",
        "Address",
        "Größe",
        "Kuss",
        "a",
    ] {
        words.insert(word.to_owned());
    }
    words.retain(|word| !word.is_empty());
    words
}
