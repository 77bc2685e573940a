//! `relaudit relations --emit`: the associations of a database, read back by the framework's own reader.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::run::Run;

const FRAMEWORKS: [(&str, &str); 4] = [
    ("active_record", "app/models.rb"),
    ("eloquent", "app/Models.php"),
    ("sequelize", "app/models.js"),
    ("sequelize7", "app/models.ts"),
];

/// Tables that are called like what the frameworks, or their languages, have already.
pub(crate) const RESERVED: &str = "
    CREATE TABLE models (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
    CREATE TABLE attributes (id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL REFERENCES models (id));
    CREATE TABLE \"tables\" (id INTEGER PRIMARY KEY, model_code TEXT REFERENCES models (code));
    CREATE TABLE lists (id INTEGER PRIMARY KEY, list_id INTEGER REFERENCES lists (id));
    CREATE TABLE processes (id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL REFERENCES lists (id));
    CREATE TABLE errors (id INTEGER PRIMARY KEY, process_id INTEGER NOT NULL REFERENCES processes (id));
    CREATE TABLE transactions (id INTEGER PRIMARY KEY, error_id INTEGER NOT NULL REFERENCES errors (id));
    CREATE TABLE updates (id INTEGER PRIMARY KEY, transaction_id INTEGER NOT NULL REFERENCES transactions (id));
    CREATE TABLE casts (id INTEGER PRIMARY KEY, update_id INTEGER NOT NULL REFERENCES updates (id));
    CREATE TABLE files (id INTEGER PRIMARY KEY);
    CREATE TABLE abstracts (id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL REFERENCES files (id));
    CREATE TABLE hashes (id INTEGER PRIMARY KEY, cast_id INTEGER NOT NULL UNIQUE REFERENCES casts (id));
";

fn shop(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    folder.join(file).to_str().unwrap().to_owned()
}

pub(crate) fn emit(framework: &str, source: &str, config: &str) -> String {
    let run = Run::new(["relations", source, "--config", config, "--emit", framework]);
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout
}

/// The relations as `child -> parent cardinality`, of those that `wanted` picks.
fn relations(report: &Value, wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let end = |end: &Value| format!("{}{}", end["table"], end["columns"]);
    let relations = report["relations"].as_array().unwrap().iter();
    relations
        .filter(|relation| wanted(relation))
        .map(|relation| {
            let ends = format!("{} -> {}", end(&relation["child"]), end(&relation["parent"]));
            format!("{ends} {}", relation["cardinality"])
        })
        .collect()
}

/// Emits, reads back, and compares.
fn check_round_trip(source: &str, config: &str, has_composites: &[&str]) {
    for (framework, file) in FRAMEWORKS {
        let plain = Run::new(["relations", source, "--config", config, "--format", "json"]);
        let report = plain.finish().json();
        let expected = relations(&report, |relation| {
            let single = relation["child"]["columns"].as_array().unwrap().len() == 1;
            let sure = ["declared", "strong", "likely"].contains(&relation["tier"].as_str().unwrap());
            sure && (single || has_composites.contains(&framework))
        });
        let text = emit(framework, source, config);
        let read = Run::new(["relations", source, "--models", "app", "--format", "json"]);
        let path = read.home().join(file);
        std::fs::create_dir(path.parent().unwrap()).unwrap_or_default();
        std::fs::write(&path, &text).unwrap();
        let outcome = read.finish();
        assert_eq!(outcome.code, Some(0), "{framework}: {}\n{text}", outcome.stderr);
        let report = outcome.json();
        let is_association = |relation: &Value| relation["origin"].to_string().contains("association");
        assert_eq!(relations(&report, is_association), expected, "{framework}:\n{text}");
        let notes = report["notes"].as_array().unwrap().iter();
        let on_models: Vec<&Value> = notes.filter(|note| note["location"]["file"] == file).collect();
        assert!(on_models.is_empty(), "{framework}: {on_models:?}\n{text}");
        let audit = Run::new([
            "audit",
            source,
            "--models",
            file,
            "--format",
            "json",
            "--allow-unchecked",
        ]);
        let path = audit.home().join(file);
        std::fs::create_dir(path.parent().unwrap()).unwrap_or_default();
        std::fs::write(&path, &text).unwrap();
        let report = audit.finish().json();
        let of_models = report["findings"].as_array().unwrap().iter().filter(|finding| {
            let rule = finding["rule"].as_str().unwrap();
            rule.contains("association") || ["dangling_reference", "foreign_key_on_wrong_side"].contains(&rule)
        });
        let wrong: Vec<String> = of_models.map(|finding| finding["message"].to_string()).collect();
        // Where a framework has no word for a key of several columns, the foreign key stays unmentioned.
        let wrong: Vec<&String> = wrong.iter().filter(|text| !text.contains("order_year")).collect();
        assert!(wrong.is_empty(), "{framework}: {wrong:?}\n{text}");
    }
}

#[test]
fn what_is_emitted_reads_back_as_the_same_relations() {
    for source in ["sqlite.sql", "postgres.sql"] {
        check_round_trip(&shop(source), &shop("relaudit.yml"), &["active_record"]);
    }
}

#[test]
fn names_that_no_framework_would_guess_are_spelled_out() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).unwrap();
        home.path().join(name).to_str().unwrap().to_owned()
    };
    let source = file(
        "odd.sql",
        "CREATE TABLE \"tblPerson\" (\"PersonKey\" INTEGER PRIMARY KEY, code TEXT UNIQUE);
         CREATE TABLE status_log (id INTEGER PRIMARY KEY, by_whom INTEGER NOT NULL REFERENCES \"tblPerson\",
           approver INTEGER NULL REFERENCES \"tblPerson\", person_code TEXT REFERENCES \"tblPerson\" (code));
         CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES nodes);
         CREATE TABLE words (a INTEGER REFERENCES nodes, b INTEGER REFERENCES status_log, PRIMARY KEY (a, b));",
    );
    let config = file("relaudit.yml", "");
    check_round_trip(&source, &config, &[]);
}

#[test]
fn join_tables_of_another_schema_are_named_with_it() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("club.sql");
    std::fs::write(
        &source,
        "SET search_path = public;
         CREATE SCHEMA work;
         CREATE TABLE people (id bigserial PRIMARY KEY);
         CREATE TABLE clubs (id int PRIMARY KEY);
         CREATE TABLE work.teams (id int PRIMARY KEY);
         CREATE TABLE work.clubs_people (club_id int NOT NULL REFERENCES clubs, person_id int NOT NULL REFERENCES people,
           PRIMARY KEY (club_id, person_id));
         CREATE TABLE memberships (person_id int NOT NULL REFERENCES people, team_id int NOT NULL REFERENCES work.teams,
           since date, PRIMARY KEY (person_id, team_id));",
    )
    .unwrap();
    let config = home.path().join("relaudit.yml");
    std::fs::write(&config, "").unwrap();
    let (source, config) = (source.to_str().unwrap(), config.to_str().unwrap());
    check_round_trip(source, config, &[]);
    for (framework, line) in [
        (
            "sequelize",
            "const ClubsPerson = sequelize.define('ClubsPerson', {}, { tableName: 'clubs_people', schema: 'work', \
             underscored: true, timestamps: false });",
        ),
        ("sequelize", "Club.belongsToMany(Person, { through: ClubsPerson });"),
        (
            "sequelize7",
            "@Table({ tableName: 'clubs_people', schema: 'work', underscored: true, timestamps: false })",
        ),
        (
            "sequelize7",
            "@BelongsToMany(() => Person, { through: () => ClubsPerson, inverse: { as: 'clubs' } })",
        ),
        (
            "eloquent",
            "return $this->belongsToMany(Person::class, 'work.clubs_people');",
        ),
        (
            "active_record",
            "has_and_belongs_to_many :people, join_table: \"work.clubs_people\"",
        ),
    ] {
        let text = emit(framework, source, config);
        assert!(
            text.lines().any(|written| written.trim() == line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn only_what_differs_from_the_defaults_is_written() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("blog.sql");
    std::fs::write(
        &source,
        "CREATE TABLE users (id INTEGER PRIMARY KEY);
         CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
           editor_id INTEGER REFERENCES users (id));
         CREATE TABLE tags (id INTEGER PRIMARY KEY);
         CREATE TABLE posts_tags (post_id INTEGER NOT NULL REFERENCES posts (id),
           tag_id INTEGER NOT NULL REFERENCES tags (id), PRIMARY KEY (post_id, tag_id));",
    )
    .unwrap();
    let config = home.path().join("relaudit.yml");
    std::fs::write(&config, "").unwrap();
    let emitted = |framework| emit(framework, source.to_str().unwrap(), config.to_str().unwrap());
    let rails = "class Post < ApplicationRecord
  belongs_to :editor, class_name: \"User\", optional: true
  belongs_to :user
  has_and_belongs_to_many :tags
end

class Tag < ApplicationRecord
  has_and_belongs_to_many :posts
end

class User < ApplicationRecord
  has_many :editor_posts, class_name: \"Post\", foreign_key: :editor_id
  has_many :posts
end
";
    assert_eq!(emitted("active_record"), rails);
    let eloquent = emitted("eloquent");
    for line in [
        "return $this->belongsTo(User::class);",
        "return $this->belongsToMany(Tag::class, 'posts_tags');",
        "return $this->hasMany(Post::class);",
    ] {
        let lines = eloquent.lines().filter(|written| written.trim() == line);
        assert!(lines.count() > 0, "{line} is not in\n{eloquent}");
    }
    let sequelize = emitted("sequelize");
    for line in [
        "Post.belongsTo(User, { foreignKey: { allowNull: false } });",
        "User.hasMany(Post);",
    ] {
        assert!(
            sequelize.lines().any(|written| written.trim() == line),
            "{line} is not in\n{sequelize}"
        );
    }
    let seven = emitted("sequelize7");
    let line =
        "@BelongsTo(() => User, { foreignKey: { allowNull: false }, inverse: { as: 'posts', type: 'hasMany' } })";
    assert!(
        seven.lines().any(|written| written.trim() == line),
        "{line} is not in\n{seven}"
    );
}

#[test]
fn names_that_a_framework_keeps_for_itself_are_given_to_nobody() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("words.sql");
    std::fs::write(&source, RESERVED).unwrap();
    let config = home.path().join("relaudit.yml");
    std::fs::write(&config, "").unwrap();
    let (source, config) = (source.to_str().unwrap(), config.to_str().unwrap());
    check_round_trip(source, config, &[]);
    for (framework, line) in [
        ("sequelize7", "export class ModelRecord extends Model {"),
        ("eloquent", "class ListRecord extends Model"),
        ("active_record", "class ProcessRecord < ApplicationRecord"),
        (
            "active_record",
            "has_many :related_errors, class_name: \"Error\", foreign_key: :process_id",
        ),
    ] {
        let text = emit(framework, source, config);
        assert!(
            text.lines().any(|written| written.trim() == line),
            "{line} is not in\n{text}"
        );
    }
}
