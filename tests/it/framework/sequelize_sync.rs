//! Sequelize 6 and 7 make the tables of the fixtures' models themselves (`sync()`), on PostgreSQL: what the reader says of
//! the models is what stands in the database, and an audit of it with the models finds each association there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use relaudit::schema::{Association, End, Link, Model, PolymorphicEnd, TableName};
use serde_json::Value;

use super::sequelize::{EMITTED, applications, asked, read};
use crate::live::server::{Database, postgres};
use crate::marks;
use crate::run::Run;

/// What cannot be so where the framework itself has made the tables from these models, unless it is planted in them.
const CONTRADICTIONS: [&str; 5] = [
    "dangling_reference",
    "association_key_mismatch",
    "foreign_key_on_wrong_side",
    "foreign_key_on_both_sides",
    "undeclared_association",
];

/// Tables that PostgreSQL refuses to Sequelize, or whose foreign keys it does: the application, the table, and what the
/// error says.
const REFUSED: [(&str, &str, &str); 2] = [
    // Sequelize 6 looks for both sides of a join table in the schema of the join table.
    ("define", "work.memberships", "\"work.Users\" does not exist"),
    // The text that references a number is planted. Sequelize 6 makes it a number, like the key that it references.
    (
        "sequelize7",
        "comments",
        "\"comments_post_id_fkey\" cannot be implemented",
    ),
];

/// Columns that Sequelize gives a table without being told.
const TIMESTAMPS: [&str; 4] = ["createdAt", "updatedAt", "created_at", "updated_at"];

/// What stands in the database, by names: `public.posts(author_id) -> public.users(id)`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tables {
    columns: BTreeMap<String, BTreeSet<String>>,
    foreign_keys: BTreeSet<String>,
}

#[test]
fn what_sequelize_makes_is_what_the_reader_expects() {
    let Some(installed) = super::installed("sequelize") else {
        return;
    };
    let mut wrong = Vec::new();
    let (mut checked, mut refused) = (0, 0);
    for application in applications() {
        let database = postgres(18).database("");
        let synced = asked(&installed, "sync.js", &application, &[&database.url()]);
        let described = asked(&installed, "describe.js", &application, &[]);
        refused += synced["refused"].as_object().unwrap().len();
        let mut differences = refusals(&application, &synced);
        differences.extend(differing_tables(&read(&application), &database, &synced));
        differences.extend(differing_report(&application, &described, &database, &synced));
        checked += associations(&described).len();
        let place = application.display();
        wrong.extend(differences.iter().map(|difference| format!("{place}: {difference}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refused, REFUSED.len());
    assert!(checked > 100, "only {checked} associations were looked for");
}

#[test]
fn a_reader_that_names_another_table_or_key_would_be_caught() {
    let Some(installed) = super::installed("sequelize") else {
        return;
    };
    let application = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orm/sequelize/separate");
    let database = postgres(18).database("");
    let synced = asked(&installed, "sync.js", &application, &[&database.url()]);
    let described = asked(&installed, "describe.js", &application, &[]);
    let same = differing_report(&application, &described, &database, &synced);
    assert!(same.is_empty(), "{same:?}");
    for (file, text, other, names) in [
        ("db.js", "'author_id'", "'writer_id'", "author_id"),
        ("db.js", "'user_roles'", "'users_roles'", "user_roles"),
        ("post.model.js", "define('post'", "define('article'", "posts"),
    ] {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(application.join("app")).unwrap() {
            let path = entry.unwrap().path();
            let mut code = fs::read_to_string(&path).unwrap();
            if path.ends_with(file) {
                assert!(code.contains(text), "{file} has no {text}");
                code = code.replace(text, other);
            }
            fs::write(copy.path().join(path.file_name().unwrap()), code).unwrap();
        }
        let tables = differing_tables(&read(copy.path()), &database, &synced);
        let report = differing_report(copy.path(), &described, &database, &synced);
        for wrong in [tables, report] {
            let says = wrong.iter().any(|difference| difference.contains(names));
            assert!(says, "{other}: {wrong:#?}");
        }
    }
}

#[test]
fn sequelize_loads_what_is_emitted_for_its_own_tables() {
    let Some(installed) = super::installed("sequelize") else {
        return;
    };
    for application in applications() {
        let database = postgres(18).database("");
        asked(&installed, "sync.js", &application, &[&database.url()]);
        for (framework, file, entry) in EMITTED {
            let emitted = Run::new(["relations", &database.url(), "--emit", framework]).finish();
            assert_eq!(emitted.code, Some(0), "{}", emitted.stderr);
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), &emitted.stdout).unwrap();
            fs::write(folder.path().join("index.js"), entry).unwrap();
            let described = asked(&installed, "describe.js", folder.path(), &[]);
            let stated: BTreeSet<String> = associations(&described)
                .into_iter()
                .flat_map(|(_, links)| links)
                .collect();
            let made = made(&database).foreign_keys;
            let unsaid: Vec<&String> = made.difference(&stated).collect();
            assert!(unsaid.is_empty(), "{}, {framework}: {unsaid:?}", application.display());
        }
    }
}

/// What the database refused and was not known to, and the other way round.
fn refusals(application: &Path, synced: &Value) -> Vec<String> {
    let refused = synced["refused"].as_object().unwrap();
    let known: BTreeMap<&str, &str> = REFUSED
        .iter()
        .filter(|(name, ..)| application.ends_with(name))
        .map(|(_, table, error)| (*table, *error))
        .collect();
    let unknown = refused
        .iter()
        .filter(|(table, error)| {
            !known
                .get(table.as_str())
                .is_some_and(|known| error.as_str().unwrap().contains(known))
        })
        .map(|(table, error)| format!("sync() cannot make {table}: {error}"));
    let made = known.keys().filter(|table| !refused.contains_key(**table));
    unknown
        .chain(made.map(|table| format!("sync() makes {table}, and was known not to")))
        .collect()
}

/// Where the tables, columns and foreign keys of the database are not those that the reader expects.
fn differing_tables(models: &[Model], database: &Database<'_>, synced: &Value) -> Vec<String> {
    let (expected, made) = (expected(models), made(database));
    let is_refused = |table: &str| {
        synced["refused"]
            .as_object()
            .unwrap()
            .keys()
            .any(|refused| qualified(refused) == table)
    };
    let mut wrong = Vec::new();
    for table in expected
        .columns
        .keys()
        .chain(made.columns.keys())
        .collect::<BTreeSet<_>>()
    {
        let (read, there) = match (expected.columns.get(table), made.columns.get(table)) {
            (Some(read), Some(there)) => (read, there),
            (Some(_), None) if is_refused(table) => continue,
            (Some(_), None) => {
                wrong.push(format!("{table} is read, and not there"));
                continue;
            }
            _ => {
                wrong.push(format!("{table} is there, and not read"));
                continue;
            }
        };
        wrong.extend(
            read.difference(there)
                .map(|column| format!("{table}.{column} is read, and not there")),
        );
        let unread = there
            .difference(read)
            .filter(|column| !TIMESTAMPS.contains(&column.as_str()));
        wrong.extend(unread.map(|column| format!("{table}.{column} is there, and not read")));
    }
    let unread = made.foreign_keys.difference(&expected.foreign_keys);
    wrong.extend(unread.map(|key| format!("the foreign key {key} is there, and not read")));
    for key in expected.foreign_keys.difference(&made.foreign_keys) {
        let (table, columns) = key.split_once(['(', ')']).unwrap();
        let column = columns.split_once(')').unwrap().0;
        // Where models reference each other in a cycle, Sequelize 6 adds the foreign keys to the finished tables, and
        // leaves out those of columns in a primary key.
        let is_left_out = synced["cyclic"] == true && primary_key(database, table).contains(column);
        if !is_refused(table) && !is_left_out {
            wrong.push(format!("the foreign key {key} is read, and not there"));
        }
    }
    wrong
}

/// Where an audit of the database with the models does not have an association as the framework has it, or finds
/// that models and database contradict each other.
fn differing_report(models: &Path, described: &Value, database: &Database<'_>, synced: &Value) -> Vec<String> {
    let run = Run::new([
        "audit",
        &database.url(),
        "--format",
        "json",
        "--fail-on",
        "never",
        "--models",
    ]);
    let outcome = run.args([models]).finish();
    assert_eq!(outcome.code, Some(0), "{}: {}", models.display(), outcome.stderr);
    let report = outcome.json();
    let tables = made(database).columns;
    let mut wrong = Vec::new();
    for (name, links) in associations(described) {
        for link in links {
            let table = link.split('(').next().unwrap();
            if tables.contains_key(table) && !is_reported(&report, &name, &link) {
                wrong.push(format!(
                    "{name} is {link} to Sequelize, and no such relation is reported"
                ));
            }
        }
    }
    let planted = marks::read_models(models);
    for finding in report["findings"].as_array().unwrap() {
        let (rule, subject) = (finding["rule"].as_str().unwrap(), finding["subject"].as_str().unwrap());
        let subject = subject.trim_start_matches("public.");
        let is_known =
            planted.iter().any(|mark| mark.is_about(rule, subject)) || synced["refused"][subject].is_string();
        if CONTRADICTIONS.contains(&rule) && !is_known {
            wrong.push(format!("{rule} {subject}: {}", finding["message"]));
        }
    }
    wrong
}

/// Whether the report has a relation, or a polymorphic pair, over these columns that names this association.
fn is_reported(report: &Value, association: &str, link: &str) -> bool {
    let end = |end: &Value, columns: &str| {
        let columns: Vec<&str> = end[columns]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        format!("{}({})", end["table"].as_str().unwrap(), columns.join(", "))
    };
    let is_relation = report["relations"].as_array().unwrap().iter().any(|relation| {
        let (child, parent) = (end(&relation["child"], "columns"), end(&relation["parent"], "columns"));
        let mut named = relation["associations"].as_array().into_iter().flatten();
        format!("{child} -> {parent}") == link
            && named
                .any(|it| format!("{}.{}", it["model"].as_str().unwrap(), it["name"].as_str().unwrap()) == association)
    });
    is_relation
        || report["polymorphic"].as_array().unwrap().iter().any(|pair| {
            let child = end(&pair["child"], "id_columns");
            let mut targets = pair["targets"].as_array().unwrap().iter();
            targets.any(|target| link.starts_with(&format!("{child} -> {}(", target["table"].as_str().unwrap())))
        })
}

/// The framework's own associations, as `Model.name`, each with the links that it goes over.
fn associations(described: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (model, described) in described.as_object().unwrap() {
        for line in described["associations"].as_array().unwrap() {
            let (name, links) = line.as_str().unwrap().split_once(": ").unwrap();
            let links = links.split("), ").map(|link| {
                let (child, parent) = link.split_once(" -> ").unwrap();
                format!("{} -> {})", qualified(child), qualified(parent).trim_end_matches(')'))
            });
            let name = name.split_once(' ').unwrap().1;
            found.push((format!("{model}.{name}"), links.collect()));
        }
    }
    found
}

/// What the reader expects of a database.
fn expected(models: &[Model]) -> Tables {
    let mut tables = Tables::default();
    for model in models {
        let table = model.table.as_ref().unwrap();
        let own = tables.columns.entry(qualified(&table.to_string())).or_default();
        own.extend(
            model
                .primary_key
                .iter()
                .chain(&model.soft_delete)
                .map(ToString::to_string),
        );
        own.extend(model.attributes.iter().map(|attribute| attribute.column.to_string()));
        for attribute in &model.attributes {
            if let Some((parent, column)) = &attribute.references {
                let key = column
                    .clone()
                    .map_or_else(|| primary_key_of(models, parent), |column| vec![column]);
                let (child, parent) = (
                    End::new(table.clone(), vec![attribute.column.clone()]),
                    End::new(parent.clone(), key),
                );
                tables.add(&child, &parent, true);
            }
        }
        for association in &model.associations {
            tables.add_association(association);
        }
    }
    tables
}

fn primary_key_of(models: &[Model], table: &TableName) -> Vec<relaudit::schema::Ident> {
    let model = models.iter().find(|model| model.table.as_ref() == Some(table)).unwrap();
    model.primary_key.clone()
}

impl Tables {
    fn add_association(&mut self, association: &Association) {
        let constraint = association.constraint;
        match &association.link {
            Link::Direct { child, parent } => self.add(child, parent, constraint),
            Link::JoinTable {
                owner_key,
                owner,
                target_key,
                target,
            } => {
                self.add(owner_key, owner, constraint);
                self.add(target_key, target, constraint);
            }
            Link::PolymorphicChild { child } | Link::PolymorphicParent { child, .. } => self.add_pair(child),
            Link::PolymorphicJoinTable {
                child,
                other_key,
                other,
                ..
            } => {
                self.add_pair(child);
                self.add(other_key, other, constraint);
            }
            Link::Through { .. } | Link::Unresolved { .. } => {}
        }
    }

    fn add(&mut self, child: &End, parent: &End, constraint: bool) {
        let columns = self.columns.entry(qualified(&child.table.to_string())).or_default();
        columns.extend(child.columns.iter().map(ToString::to_string));
        if constraint {
            let (child, parent) = (child.to_string(), parent.to_string());
            self.foreign_keys
                .insert(format!("{} -> {}", qualified(&child), qualified(&parent)));
        }
    }

    fn add_pair(&mut self, child: &PolymorphicEnd) {
        let columns = self.columns.entry(qualified(&child.table.to_string())).or_default();
        columns.extend(
            child
                .id_columns
                .iter()
                .chain([&child.type_column])
                .map(ToString::to_string),
        );
    }
}

/// What is in the database.
fn made(database: &Database<'_>) -> Tables {
    let mut tables = Tables::default();
    let columns = "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns \
                   WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
    for row in database.rows(columns) {
        let [Some(table), Some(column)] = &row[..] else {
            panic!("{row:?}")
        };
        tables.columns.entry(table.clone()).or_default().insert(column.clone());
    }
    let end = |table: &str, columns: &str| {
        format!(
            "(SELECT format('%s.%s(%s)', n.nspname, t.relname, \
             (SELECT string_agg(a.attname, ', ' ORDER BY k.at) FROM unnest(f.{columns}) WITH ORDINALITY k(number, at) \
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number)) \
             FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = f.{table})"
        )
    };
    let (child, parent) = (end("conrelid", "conkey"), end("confrelid", "confkey"));
    let keys = database.rows(&format!(
        "SELECT {child} || ' -> ' || {parent} FROM pg_constraint f WHERE contype = 'f'"
    ));
    tables.foreign_keys = keys.into_iter().map(|row| row[0].clone().unwrap()).collect();
    tables
}

/// The columns of a table's primary key in the database.
fn primary_key(database: &Database<'_>, table: &str) -> BTreeSet<String> {
    let (schema, table) = table.split_once('.').unwrap();
    let rows = database.rows(&format!(
        "SELECT a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey) \
         WHERE c.contype = 'p' AND n.nspname = '{schema}' AND t.relname = '{table}'"
    ));
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

/// Tables that name no schema are in the one that PostgreSQL looks into first.
fn qualified(name: &str) -> String {
    let table = name.split('(').next().unwrap_or(name);
    if table.contains('.') {
        name.to_owned()
    } else {
        format!("public.{name}")
    }
}
