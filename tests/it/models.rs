//! `--models`: what is found, what cannot be read, and what comes of it in the reports.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::run::{Outcome, Run};

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY); \
                      CREATE TABLE posts (id INTEGER PRIMARY KEY, written_by INTEGER);";
const USER: &str = "class User < ApplicationRecord\n  has_one :post, foreign_key: :written_by\nend\n";
const POST: &str =
    "class Post < ApplicationRecord\n  belongs_to :author, class_name: 'User', foreign_key: :written_by\nend\n";

/// A run with the models in `app`, and further files.
fn run(files: &[(&str, &[u8])]) -> Run {
    let run = Run::new(["relations", "-", "--format", "json", "--models", "app"]).input(SCHEMA);
    fs::create_dir(run.home().join("app")).unwrap();
    write(
        run.home(),
        &[("app/user.rb", USER.as_bytes()), ("app/post.rb", POST.as_bytes())],
    );
    write(run.home(), files);
    run
}

fn write(home: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn relations(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.json()["relations"].as_array().unwrap().clone()
}

fn names(outcome: &Outcome) -> Vec<String> {
    let relations = relations(outcome);
    let associations = relations
        .iter()
        .flat_map(|relation| relation["associations"].as_array().unwrap());
    associations
        .map(|association| format!("{}.{}", association["model"], association["name"]).replace('"', ""))
        .collect()
}

fn refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(2), ""),
        "{}",
        outcome.stderr
    );
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "{:?} does not speak of {word}",
            outcome.stderr
        );
    }
}

#[test]
fn both_ends_are_one_relation_with_both_readings() {
    let outcome = run(&[]).finish();
    let [relation] = &relations(&outcome)[..] else {
        panic!("{}", outcome.stdout);
    };
    assert_eq!(relation["origin"], json!(["association"]));
    assert_eq!(relation["tier"], "declared");
    assert_eq!(relation["cardinality"], "one_to_one");
    assert_eq!(relation["reads"], json!({"child": "belongs_to", "parent": "has_one"}));
    let evidence: Vec<(&str, &str)> = relation["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| (reason["code"].as_str().unwrap(), reason["detail"].as_str().unwrap()))
        .collect();
    assert_eq!(
        evidence,
        [
            ("association", "`Post` belongs_to `author` at app/post.rb:2"),
            ("association", "`User` has_one `post` at app/user.rb:2"),
        ]
    );
    assert_eq!(
        relation["associations"][0],
        json!({"framework": "active_record", "model": "Post", "name": "author", "kind": "belongs_to",
               "location": {"file": "app/post.rb", "line": 2, "column": 3}})
    );
}

#[test]
fn a_finding_names_the_line_of_the_model() {
    let run = Run::new([
        "audit",
        "shop.sql",
        "--format",
        "json",
        "--models",
        "./post.rb",
        "--models",
        "user.rb",
    ])
    .file("shop.sql", SCHEMA)
    .file("post.rb", POST)
    .file("user.rb", USER);
    let report = run.finish().json();
    let findings = report["findings"].as_array().unwrap();
    let missing = findings
        .iter()
        .find(|finding| finding["rule"] == "missing_foreign_key")
        .unwrap();
    assert_eq!(missing["location"]["file"], "shop.sql");
    let places: Vec<String> = missing["locations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| format!("{}:{}", place["file"].as_str().unwrap(), place["line"]))
        .collect();
    assert_eq!(places, ["shop.sql:1", "post.rb:2", "user.rb:2"]);
}

#[test]
fn the_configuration_names_the_models_and_goes_before_them() {
    let config = |text: &str| {
        let run = Run::new(["relations", "-", "--format", "json", "--config", "etc/relaudit.yml"]).input(SCHEMA);
        write(
            run.home(),
            &[
                ("etc/relaudit.yml", text.as_bytes()),
                ("etc/app/user.rb", USER.as_bytes()),
                ("etc/app/post.rb", POST.as_bytes()),
            ],
        );
        run.finish()
    };
    let both = config("models: [app]\n");
    assert_eq!(names(&both), ["Post.author", "User.post"]);
    let many = "models: [app]\nrelations:\n  - {child: posts, columns: written_by, parent: users, kind: has_many}\n";
    let relations_of = relations(&config(many));
    assert_eq!(relations_of[0]["origin"], json!(["association", "config"]));
    assert_eq!(relations_of[0]["cardinality"], "many_to_one");
    let none = "models: [app]\nrelations:\n  - {child: posts, columns: written_by, kind: none}\n";
    assert_eq!(relations(&config(none)), [Value::Null; 0]);
    refused(
        &config("models: [application]\n"),
        &["etc/application", "no such file or folder"],
    );
}

#[test]
fn what_is_not_there_and_what_holds_no_model_is_an_error() {
    let with = |path: &str| {
        let run = Run::new(["audit", "-", "--models", path]).input(SCHEMA);
        write(run.home(), &[("lib/tool.rb", b"class Tool\nend\n")]);
        run.finish()
    };
    refused(&with("app"), &["cannot read app", "no such file or folder"]);
    refused(
        &with("lib"),
        &[
            "there is no model in it",
            "1 file",
            ".rb",
            "active_record",
            "eloquent",
            "sequelize",
        ],
    );
}

#[test]
fn ignored_files_and_other_peoples_code_are_left_out() {
    let other = b"class Other < ApplicationRecord\n  self.table_name = 'posts'\n  belongs_to :user, foreign_key: :written_by\nend\n";
    let run = run(&[
        ("app/node_modules/other.rb", other),
        ("app/vendor/other.rb", other),
        ("app/__snapshots__/other.rb", other),
        ("app/tmp/other.rb", other),
        ("app/.gitignore", b"/tmp\n"),
    ]);
    assert_eq!(names(&run.finish()), ["Post.author", "User.post"]);
}

#[test]
fn classes_of_tests_are_left_out_and_models_called_test_are_not() {
    let other = b"class Other < ApplicationRecord\n  self.table_name = 'posts'\n  belongs_to :user, foreign_key: :written_by\nend\n";
    let tests = run(&[
        ("app/spec/models/other_spec.rb", other),
        ("app/test/unit/other_test.rb", other),
        ("app/models/other.test.rb", other),
    ]);
    assert_eq!(names(&tests.finish()), ["Post.author", "User.post"]);
    let model = run(&[("app/models/other_test.rb", other)]);
    assert!(names(&model.finish()).contains(&"Other.user".to_owned()));
}

#[test]
fn other_encodings_and_huge_files_do_no_harm() {
    let latin = "# caf\u{e9}\n".chars().map(|letter| letter as u8);
    let latin: Vec<u8> = latin.chain(POST.bytes()).collect();
    let wide = [b"\xef\xbb\xbf".as_slice(), USER.as_bytes()].concat();
    let outcome = run(&[("app/post.rb", &latin), ("app/user.rb", &wide), ("app/empty.rb", b"")]).finish();
    assert_eq!(names(&outcome), ["Post.author", "User.post"]);
    let place = &relations(&outcome)[0]["associations"][0]["location"];
    assert_eq!(place["line"], 3);

    let huge = vec![b' '; 5 << 20];
    let outcome = run(&[("app/huge.rb", &huge)]).finish();
    assert_eq!(names(&outcome), ["Post.author", "User.post"]);
    let notes = outcome.json()["notes"].to_string();
    assert!(
        notes.contains("app/huge.rb") && notes.contains("larger than 4 MiB"),
        "{notes}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_an_error_and_a_link_to_nothing_is_none() {
    let run_with = |target: &str| {
        let run = run(&[]);
        std::os::unix::fs::symlink(target, run.home().join("app/other.rb")).unwrap();
        run.finish()
    };
    assert_eq!(names(&run_with("/no/such/file")), ["Post.author", "User.post"]);
    // Whoever runs the tests, the start of its own memory cannot be read.
    if Path::new("/proc/self/mem").exists() {
        refused(&run_with("/proc/self/mem"), &["cannot read app/other.rb"]);
    }
}

#[test]
fn a_table_in_another_source_is_no_fault() {
    let run = |sources: &[&str]| {
        Run::new(["audit", "--format", "json", "--models", "all.rb"])
            .args(sources)
            .file("one.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);")
            .file("two.sql", "CREATE TABLE posts (id INTEGER PRIMARY KEY);")
            .file(
                "all.rb",
                "class User < ApplicationRecord\nend\nclass Post < ApplicationRecord\nend\n",
            )
            .finish()
            .json()
    };
    let dangling = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        let dangling = findings.filter(|finding| finding["rule"] == "dangling_reference");
        dangling
            .map(|finding| finding["subject"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(dangling(&run(&["one.sql", "two.sql"])), [""; 0]);
    assert_eq!(dangling(&run(&["one.sql"])), ["posts"]);
}

#[test]
fn the_same_models_give_the_same_bytes() {
    let bytes = || run(&[]).finish().stdout;
    assert_eq!(bytes(), bytes());
}

#[test]
fn what_is_left_out_of_the_audit_is_left_out_of_the_models_too() {
    let audit = |arguments: &[&str]| {
        let run = Run::new(["audit", "shop.sql", "--format", "json", "--models", "all.rb"]).args(arguments);
        let gone = "class Gone < ApplicationRecord\n  belongs_to :user\nend\n";
        let models = format!("{USER}{POST}{gone}");
        let outcome = run.file("shop.sql", SCHEMA).file("all.rb", &models).finish();
        let report = outcome.json();
        let findings = report["findings"].as_array().unwrap().iter();
        let subjects = findings.map(|finding| finding["subject"].as_str().unwrap().to_owned());
        (
            report["relations"].as_array().unwrap().len(),
            subjects.collect::<Vec<_>>(),
        )
    };
    let (relations, subjects) = audit(&[]);
    assert_eq!(relations, 1);
    assert!(
        subjects.contains(&"gone".to_owned()) || subjects.contains(&"gones".to_owned()),
        "{subjects:?}"
    );
    assert_eq!(audit(&["--table", "users"]), (0, Vec::new()));
}

#[test]
fn the_settings_of_a_rails_application_are_read_along() {
    let optional = |settings: &[u8]| {
        let run = Run::new(["relations", "-", "--format", "json", "--models", "app/models"]).input(SCHEMA);
        write(
            run.home(),
            &[
                ("app/models/user.rb", USER.as_bytes()),
                ("app/models/post.rb", POST.as_bytes()),
                ("config/application.rb", settings),
            ],
        );
        relations(&run.finish())[0]["optional"].clone()
    };
    let settings =
        |version: &str| format!("class Application < Rails::Application\n  config.load_defaults {version}\nend\n");
    assert_eq!(optional(settings("7.1").as_bytes()), json!(false));
    assert_eq!(optional(settings("4.2").as_bytes()), json!(true));
}

#[test]
fn a_has_one_that_is_a_belongs_to_is_on_the_wrong_side_and_no_relation_of_its_own() {
    let sql = "CREATE TABLE carts (id INTEGER PRIMARY KEY);
               CREATE TABLE items (id INTEGER PRIMARY KEY, cart_id INTEGER NOT NULL REFERENCES carts);
               CREATE INDEX items_cart ON items (cart_id);
               INSERT INTO carts VALUES (1);
               INSERT INTO items VALUES (1, 1), (2, 1);";
    let models = "<?php
namespace App\\Models;

use Illuminate\\Database\\Eloquent\\Model;

class Cart extends Model { public $timestamps = false; }

class Item extends Model
{
    public function cart()
    {
        return $this->hasOne(Cart::class, 'id', 'cart_id');
    }
}
";
    let run = Run::new(["audit", "-", "--format", "json", "--models", "app"]).input(sql);
    write(run.home(), &[("app/Models.php", models.as_bytes())]);
    let report = run.finish().json();
    let found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].to_string() + " " + &finding["subject"].to_string())
        .collect();
    assert_eq!(found, ["\"foreign_key_on_wrong_side\" \"carts(id)\""]);
    let finding = &report["findings"][0];
    assert_eq!(
        finding["message"],
        "`App\\Models\\Item` hasOne `cart` puts the key `id` on `carts`, whose own primary key that is: the database has it \
         on the other side, `items(cart_id)` to `carts(id)`; 2 of 2 rows there reference a row of `carts`, so that the rows \
         support the database's side"
    );
    assert_eq!(
        finding["fix"],
        "declare on `App\\Models\\Item` that it belongs to the other, by its key cart_id"
    );
    assert_eq!(finding["location"]["line"], 12);
    let relations = report["relations"].as_array().unwrap();
    assert_eq!(relations.len(), 1);
    assert_eq!(relations[0]["cardinality"], "many_to_one");
}
