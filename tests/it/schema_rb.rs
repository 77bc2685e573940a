//! `db/schema.rb` gives the schema that its SQL twin gives.

use proptest::prelude::*;

use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::orm::{self, schema_rb};
use relaudit::schema::{Deferrable, Origin, Read, Schema, Table};

use crate::run;

const DIALECTS: [SqlDialect; 3] = [SqlDialect::Postgres, SqlDialect::MySql, SqlDialect::Sqlite];

fn fixture(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/");
    std::fs::read_to_string(format!("{root}{path}")).unwrap()
}

fn of_sql(sql: &str, dialect: SqlDialect) -> Schema {
    let file = SourceFile {
        name: "twin.sql".to_owned(),
        text: sql.to_owned(),
    };
    ddl::read(&[file], dialect).schema
}

/// Leaves out where keys and indexes are, and the statement, which only SQL has.
fn without_places(table: &mut Table) {
    table.definition = None;
    for key in &mut table.foreign_keys {
        key.origin = Origin::Catalog;
    }
    for key in &mut table.keys {
        key.origin = Origin::Catalog;
    }
    for index in &mut table.indexes {
        index.origin = Origin::Catalog;
    }
}

/// What differs, table by table, places left out.
fn differences(ruby: Read, sql: Schema) -> Vec<String> {
    let mut differences: Vec<String> = ruby.notes.iter().map(|note| note.message.clone()).collect();
    let plain = |schema: Schema| {
        let mut tables = schema.tables;
        for table in tables.values_mut() {
            table.origin = Origin::Catalog;
            table
                .columns
                .iter_mut()
                .for_each(|column| column.origin = Origin::Catalog);
            without_places(table);
        }
        tables
    };
    let (ruby, sql) = (plain(ruby.schema), plain(sql));
    for name in ruby.keys().filter(|name| !sql.contains_key(name)) {
        differences.push(format!("only in schema.rb: {name}"));
    }
    for (name, expected) in sql {
        match ruby.get(&name) {
            None => differences.push(format!("only in SQL: {name}")),
            Some(found) if *found != expected => differences.push(format!("{name}:\n{found:#?}\n---\n{expected:#?}")),
            Some(_) => {}
        }
    }
    differences
}

#[test]
fn the_shop_is_the_same_as_in_sql() {
    let ruby = schema_rb::read(
        "schema.rb",
        &fixture("shop/active_record/db/schema.rb"),
        SqlDialect::Postgres,
    );
    let differences = differences(ruby, of_sql(&fixture("shop/postgres.sql"), SqlDialect::Postgres));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A schema with most of what Rails writes, and the SQL that it stands for.
const RUBY: &str = r#"
ActiveRecord::Schema[7.1].define(version: 2024_01_01_000000) do
  create_table "people", force: :cascade do |t|
    t.string "name", limit: 80, null: false
    t.decimal "height", precision: 5, scale: 2
    t.boolean "active", default: true, null: false
    t.integer "visits", default: 0
    t.bigint "boss_id"
    t.date "born_on"
    t.datetime "seen_at"
    t.datetime "left_at", precision: nil
    t.timestamps
    t.index ["boss_id"], name: "index_people_on_boss_id"
    t.index ["name", "born_on"], name: "index_people_on_name_and_born_on", unique: true, order: { born_on: :desc }
  end

  create_table "letters", id: false, force: :cascade do |t|
    t.references :person, null: false, foreign_key: { on_delete: :cascade }
    t.references :subject, polymorphic: true
  end

  create_join_table :people, :places

  add_foreign_key "people", "people", column: "boss_id", on_update: :cascade
end
"#;

const POSTGRES: &str = "
CREATE TABLE people (
  id bigserial PRIMARY KEY, name varchar(80) NOT NULL, height numeric(5,2), active boolean DEFAULT true NOT NULL,
  visits integer DEFAULT 0, boss_id bigint, born_on date, seen_at timestamp(6), left_at timestamp,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE INDEX index_people_on_boss_id ON people (boss_id);
CREATE UNIQUE INDEX index_people_on_name_and_born_on ON people (name, born_on DESC);
CREATE TABLE letters (person_id bigint NOT NULL, subject_type varchar, subject_id bigint);
CREATE INDEX index_letters_on_person_id ON letters (person_id);
CREATE INDEX index_letters_on_subject ON letters (subject_type, subject_id);
CREATE TABLE people_places (person_id bigint NOT NULL, place_id bigint NOT NULL);
ALTER TABLE letters ADD CONSTRAINT fk_rails_fe5a452236 FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE;
ALTER TABLE people ADD CONSTRAINT fk_rails_9e04b174c0 FOREIGN KEY (boss_id) REFERENCES people (id) ON UPDATE CASCADE;
";

const MYSQL: &str = "
CREATE TABLE people (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL, height decimal(5,2),
  active tinyint(1) DEFAULT 1 NOT NULL, visits int DEFAULT 0, boss_id bigint, born_on date, seen_at datetime(6),
  left_at datetime, created_at datetime(6) NOT NULL, updated_at datetime(6) NOT NULL,
  KEY index_people_on_boss_id (boss_id), UNIQUE KEY index_people_on_name_and_born_on (name, born_on DESC));
CREATE TABLE letters (person_id bigint NOT NULL, subject_type varchar(255), subject_id bigint,
  KEY index_letters_on_person_id (person_id), KEY index_letters_on_subject (subject_type, subject_id));
CREATE TABLE people_places (person_id bigint NOT NULL, place_id bigint NOT NULL);
ALTER TABLE letters ADD CONSTRAINT fk_rails_fe5a452236 FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE;
ALTER TABLE people ADD CONSTRAINT fk_rails_9e04b174c0 FOREIGN KEY (boss_id) REFERENCES people (id) ON UPDATE CASCADE;
";

const SQLITE: &str = "
CREATE TABLE people (
  id integer PRIMARY KEY NOT NULL, name varchar(80) NOT NULL, height decimal(5,2), active boolean DEFAULT 1 NOT NULL,
  visits integer DEFAULT 0, boss_id bigint, born_on date, seen_at datetime(6), left_at datetime,
  created_at datetime(6) NOT NULL, updated_at datetime(6) NOT NULL,
  CONSTRAINT fk_rails_9e04b174c0 FOREIGN KEY (boss_id) REFERENCES people (id) ON UPDATE CASCADE);
CREATE INDEX index_people_on_boss_id ON people (boss_id);
CREATE UNIQUE INDEX index_people_on_name_and_born_on ON people (name, born_on DESC);
CREATE TABLE letters (person_id bigint NOT NULL, subject_type varchar, subject_id bigint,
  CONSTRAINT fk_rails_fe5a452236 FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE);
CREATE INDEX index_letters_on_person_id ON letters (person_id);
CREATE INDEX index_letters_on_subject ON letters (subject_type, subject_id);
CREATE TABLE people_places (person_id bigint NOT NULL, place_id bigint NOT NULL);
";

#[test]
fn what_rails_fills_in_is_what_each_system_gets() {
    for (dialect, sql) in DIALECTS.into_iter().zip([POSTGRES, MYSQL, SQLITE]) {
        let differences = differences(schema_rb::read("schema.rb", RUBY, dialect), of_sql(sql, dialect));
        assert!(differences.is_empty(), "{dialect:?}: {}", differences.join("\n"));
    }
}

#[test]
fn what_only_postgres_has() {
    let ruby = r#"
ActiveRecord::Schema.define(version: 2020_01_01_000000) do
  enable_extension "citext"
  create_enum "mood", ["good", "bad"]
  create_table "notes", id: :uuid, default: -> { "gen_random_uuid()" }, comment: "What was said" do |t|
    t.citext "title", default: "it's", comment: "In short"
    t.text "words", default: [], array: true
    t.jsonb "data", default: {}, null: false
    t.enum "mood", default: "good", enum_type: "mood"
    t.datetime "said_at"
    t.virtual "size", type: :integer, as: "length(title)", stored: true
    t.column "place", "point"
    t.index "lower(title), said_at DESC", name: "on_title"
    t.index ["data"], name: "on_data", using: :gin
    t.index ["said_at"], name: "on_said_at", where: "(said_at IS NOT NULL)", include: ["mood"]
    t.check_constraint "length(title) > 0", name: "not_empty"
    t.unheard_of
  end
  add_foreign_key "notes", "missing", validate: false, deferrable: :deferred
  add_foreign_key "nowhere", "notes"
  rename_table "a", "b"
end
"#;
    let sql = "
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE notes (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, title citext DEFAULT 'it''s'::citext,
  words text[] DEFAULT '{}'::text[], data jsonb DEFAULT '{}'::jsonb NOT NULL, mood mood DEFAULT 'good'::mood,
  said_at timestamp, size integer GENERATED ALWAYS AS (length(title)) STORED, place point);
COMMENT ON TABLE notes IS 'What was said';
COMMENT ON COLUMN notes.title IS 'In short';
CREATE INDEX on_title ON notes (lower(title), said_at DESC);
CREATE INDEX on_data ON notes USING gin (data);
CREATE INDEX on_said_at ON notes (said_at) INCLUDE (mood) WHERE said_at IS NOT NULL;
";
    let read = schema_rb::read("schema.rb", ruby, SqlDialect::Postgres);
    let notes: Vec<(String, u32)> = read
        .notes
        .iter()
        .map(|note| (note.message.clone(), note.location.as_ref().unwrap().line))
        .collect();
    let expected = [
        ("`unheard_of` in `public.notes` is not understood, and lost", 17),
        ("`add_foreign_key` is lost: there is no table `public.nowhere`", 20),
        ("`rename_table` is not understood, and lost", 21),
    ];
    assert_eq!(notes, expected.map(|(message, line)| (message.to_owned(), line)));
    let (mut ruby, mut sql) = (read.schema, of_sql(sql, SqlDialect::Postgres));
    let name = ruby.tables.keys().next().unwrap().clone();
    let (found, twin) = (ruby.tables.get_mut(&name).unwrap(), sql.tables.get_mut(&name).unwrap());
    without_places(found);
    without_places(twin);
    assert_eq!(found.comment, twin.comment);
    assert_eq!(found.indexes, twin.indexes);
    for (column, twin) in found.columns.iter_mut().zip(&mut twin.columns) {
        column.origin = Origin::Catalog;
        twin.origin = Origin::Catalog;
        // An expression is printed in PostgreSQL's own form, which only PostgreSQL makes of a text.
        twin.default = twin.default.as_ref().map(|text| text.replace("public.", ""));
        column.default = column.default.as_ref().map(|text| text.replace("public.", ""));
        assert_eq!(column, twin);
    }
    let key = found.foreign_keys.first().unwrap();
    assert_eq!(key.name.as_ref().unwrap().as_str(), "fk_rails_d8763189d7");
    assert_eq!((key.validated, key.deferrable), (false, Deferrable::InitiallyDeferred));
}

#[test]
fn a_schema_is_a_source() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop/active_record/db/schema.rb");
    let report = run::relaudit(["audit", shop, "--format", "json"]).json();
    assert_eq!(report["sources"][0]["server"], "PostgreSQL dialect");
    let found = report["findings"].as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|finding| finding["rule"] == "set_null_on_required_column")
    );
    let other = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/frameworks/active_record/describe.rb"
    );
    let outcome = run::relaudit(["audit", other]);
    assert!(
        outcome.stderr.contains("only a schema that Rails wrote"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_dialect_is_told_by_lines_and_configuration() {
    assert_eq!(schema_rb::dialect_of("t.jsonb \"x\""), Some(SqlDialect::Postgres));
    assert_eq!(
        schema_rb::dialect_of("options: \"ENGINE=InnoDB\""),
        Some(SqlDialect::MySql)
    );
    assert_eq!(schema_rb::dialect_of("t.string \"x\""), None);
    let configured = |adapter: &str| {
        schema_rb::dialect_of_configuration(&format!("default: &default\n  adapter: {adapter}\n  pool: <%= 5 %>\n"))
    };
    assert_eq!(configured("trilogy"), Some(SqlDialect::MySql));
    assert_eq!(configured("\"sqlite3\""), Some(SqlDialect::Sqlite));
    assert_eq!(configured("<%= ENV['ADAPTER'] %>"), None);
}

/// A text with pieces cut out, doubled and put elsewhere.
fn mutated(text: &str, cuts: &[(usize, usize, usize)], noise: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (from, length, to) in cuts {
        let from = from % (letters.len() + 1);
        let end = (from + length).min(letters.len());
        let piece: Vec<char> = letters.drain(from..end).collect();
        let to = to % (letters.len() + 1);
        if length % 3 > 0 {
            letters.splice(to..to, piece.into_iter().chain(noise.chars()));
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in the files, they are read.
    #[test]
    fn nothing_makes_it_panic(
        cuts in prop::collection::vec((any::<usize>(), 0_usize..60, any::<usize>()), 1..12),
        noise in "[\\PC]{0,6}|do |\\|x\\||end|\\{|\\(|::|#\\{|%w\\[|\"|class A < A\n",
        which in any::<usize>(),
    ) {
        let schema = mutated(RUBY, &cuts, &noise);
        for dialect in DIALECTS {
            let _ = schema_rb::read("schema.rb", &schema, dialect);
        }
        let reader = orm::ALL.iter().find(|reader| reader.name() == "active_record").unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orm/active_record");
        let cases = crate::orm::folders(&root);
        let mut files = crate::orm::files(&cases[which % cases.len()]);
        for file in &mut files {
            file.text = mutated(&file.text, &cuts, &noise);
        }
        let _ = reader.read(&files);
    }
}
