//! Rows that keep a key from being unique: which of them stays.

use super::trip::{Trip, plan};
use crate::live::server::{Engine, load};

const CONFIG: &str = "relations:\n  - {child: cards, columns: [patient_id], parent: patients, kind: has_one}\n";

/// Of the first patient one is the newest and one the oldest, and one has no date; of the second none has one; those of the
/// third are equally old; the fourth has one card only.
const SCHEMA: &str = "\
CREATE TABLE patients (id INTEGER PRIMARY KEY, name VARCHAR(20));
CREATE TABLE cards (id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL, number VARCHAR(20), updated_at DATE,
  CONSTRAINT cards_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patients (id));
CREATE INDEX cards_patient_id_idx ON cards (patient_id);
INSERT INTO patients VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');
INSERT INTO cards VALUES (1, 1, 'a', '2020-01-01'), (2, 1, 'b', '2022-01-01'), (3, 1, 'c', NULL),
  (4, 2, 'd', NULL), (5, 2, 'e', NULL), (6, 3, 'f', '2021-01-01'), (7, 3, 'g', '2021-01-01'), (8, 4, 'h', NULL);
";

fn assert_stay(trip: &Trip, ids: &[&str]) {
    let rows: Vec<String> = trip.rows("SELECT id FROM cards ORDER BY id").concat();
    assert_eq!(rows, ids, "{:?}: {:#}", trip.engine, trip.plan);
    assert!(
        !trip.findings().iter().any(|(rule, _)| rule.contains("one_to_one")),
        "{:?}: {:?}",
        trip.engine,
        trip.findings()
    );
}

#[test]
fn the_newest_or_the_oldest_stays_on_every_engine() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        for (keep, ids) in [
            ("newest:updated_at", ["2", "4", "6", "8"]),
            ("oldest:updated_at", ["1", "4", "6", "8"]),
            ("newest:NUMBER", ["3", "5", "7", "8"]),
        ] {
            let trip = Trip::start(engine, SCHEMA, CONFIG, &["--keep", keep]);
            assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
            trip.round(|trip| assert_stay(trip, &ids));
        }
    }
}

#[test]
fn what_is_not_said_is_withheld_with_the_groups() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &[]);
        let withheld = trip.withheld().join("\n");
        for word in [
            "7 rows share 3 keys: (1) is in 3 rows, (2) is in 2 rows, (3) is in 2 rows",
            "4 of the 4 that are too many are no mere copies",
            "--keep oldest:COLUMN",
            "`updated_at`, `id`",
            "`duplicates:`",
        ] {
            assert!(withheld.contains(word), "{engine:?}: no {word:?} in {withheld}");
        }
        assert!(trip.described().contains("(1) is in 3 rows"), "{}", trip.described());
    }
}

#[test]
fn no_more_groups_are_listed_than_can_be_read() {
    let rows: Vec<String> = (1..=9)
        .map(|at| format!("INSERT INTO cards VALUES (1{at}, {at}, 'x', NULL), (2{at}, {at}, 'y', NULL);"))
        .collect();
    let rows = rows.concat();
    let sql = "CREATE TABLE patients (id INTEGER PRIMARY KEY); CREATE TABLE cards (id INTEGER PRIMARY KEY, patient_id \
               INTEGER NOT NULL REFERENCES patients (id), number VARCHAR(20), updated_at DATE); INSERT INTO patients VALUES \
               (1), (2), (3), (4), (5), (6), (7), (8), (9);";
    let trip = Trip::start(Engine::Sqlite, &format!("{sql}{rows}"), CONFIG, &[]);
    let withheld = trip.withheld().join("\n");
    assert!(withheld.contains("18 rows share 9 keys"), "{withheld}");
    assert!(withheld.contains("(5) is in 2 rows, and 4 more"), "{withheld}");
}

#[test]
fn a_column_that_is_not_there_is_refused_with_those_that_are() {
    let database = load(Engine::Sqlite, SCHEMA);
    for (keep, words) in [
        (
            "newest:updatedat",
            ["`cards` has no column `updatedat`", "`updated_at`, `id`"],
        ),
        ("newst:updated_at", ["write which row stays", "newest:updated_at"]),
    ] {
        let outcome = plan(&database, CONFIG, &["--keep".to_owned(), keep.to_owned()], &[]);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        for word in words {
            assert!(outcome.stderr.contains(word), "no {word:?} in {}", outcome.stderr);
        }
    }
}

#[test]
fn the_setting_of_a_key_goes_before_that_for_all() {
    let config =
        format!("{CONFIG}duplicates:\n  - {{table: cards, columns: patient_id, keep: \"oldest:updated_at\"}}\n");
    let trip = Trip::start(Engine::Sqlite, SCHEMA, &config, &["--keep", "newest:updated_at"]);
    trip.round(|trip| assert_stay(trip, &["1", "4", "6", "8"]));
}

#[test]
fn what_is_wrong_in_the_setting_is_said_with_its_place() {
    let database = load(Engine::Sqlite, SCHEMA);
    for (entry, words) in [
        (
            "{table: cards, columns: patient_id, keep: \"eldest:updated_at\"}",
            ["write which row stays", "line 4"],
        ),
        (
            "{table: cards, columns: patient_id, keep: \"oldest:updated\"}",
            ["`cards` has no column `updated`", "line 4"],
        ),
        (
            "{table: card, columns: patient_id, keep: \"oldest:updated_at\"}",
            ["card", "line 4"],
        ),
        (
            "{table: cards, columns: patient, keep: \"oldest:updated_at\"}",
            ["`cards` has no column `patient`", "line 4"],
        ),
    ] {
        let outcome = plan(&database, &format!("{CONFIG}duplicates:\n  - {entry}\n"), &[], &[]);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        for word in words.iter().chain(&["relaudit.yml"]) {
            assert!(outcome.stderr.contains(word), "no {word:?} in {}", outcome.stderr);
        }
    }
}

const CLAIMS: &str = "\
CREATE TABLE claims (id INTEGER PRIMARY KEY, card_id INTEGER NOT NULL,
  CONSTRAINT claims_card_id_fkey FOREIGN KEY (card_id) REFERENCES cards (id) ON DELETE CASCADE);
CREATE INDEX claims_card_id_idx ON claims (card_id);
";

#[test]
fn rows_that_others_reference_are_neither_removed_nor_merged_by_a_guess() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        // Those of the row that stays do not count.
        let sql = format!("{SCHEMA}{CLAIMS}INSERT INTO claims VALUES (1, 3), (2, 3), (3, 2);");
        let trip = Trip::start(engine, &sql, CONFIG, &["--keep", "newest:updated_at"]);
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("2 rows of `"), "{engine:?}: {withheld}");
        assert!(
            withheld.contains("claims` reference rows that would go"),
            "{engine:?}: {withheld}"
        );
        trip.round(|trip| assert_eq!(trip.rows("SELECT count(*) FROM cards"), [["8"]]));
    }
}

#[test]
fn rows_that_others_came_to_reference_since_stay() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(
            engine,
            &format!("{SCHEMA}{CLAIMS}"),
            CONFIG,
            &["--keep", "newest:updated_at"],
        );
        trip.execute("INSERT INTO claims VALUES (1, 3), (2, 5)");
        let Err(error) = trip.up() else {
            panic!(
                "{engine:?}: the key became unique: {:?}",
                trip.rows("SELECT * FROM cards")
            )
        };
        assert!(error.contains("cards"), "{engine:?}: {error}");
        let rows: Vec<String> = trip.rows("SELECT id FROM cards ORDER BY id").concat();
        // On SQLite the step is one transaction, and nothing of it is done.
        if engine == Engine::Sqlite {
            assert_eq!(rows.len(), 8);
        } else {
            assert_eq!(rows, ["2", "3", "4", "5", "6", "8"], "{engine:?}");
        }
        assert_eq!(trip.rows("SELECT count(*) FROM claims"), [["2"]], "{engine:?}");
    }
}

#[test]
fn a_dump_does_not_tell_which_rows_are_copies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.sql");
    std::fs::write(&file, format!("SET search_path = public;\n{SCHEMA}")).unwrap();
    let run = crate::run::Run::new([
        "plan",
        file.to_str().unwrap(),
        "--dialect",
        "postgres",
        "--keep",
        "newest:updated_at",
    ]);
    let outcome = run.file("relaudit.yml", CONFIG).finish();
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("(1) is in 3 rows"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("plan from the database itself"),
        "{}",
        outcome.stdout
    );
}

/// What is left in question after a plan was run need not have the column.
#[test]
fn the_same_command_goes_on_after_its_plan_was_run() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE cards (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, \
                  t INTEGER); CREATE TABLE likes (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, note VARCHAR(20)); INSERT INTO \
                  users VALUES (1), (2); INSERT INTO cards VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7); INSERT INTO likes VALUES (1, 1, \
                  'a'), (2, 1, 'b');";
    let config = "relations:\n  - {child: cards, columns: user_id, parent: users, kind: has_one}\n  - {child: likes, columns: \
                  user_id, parent: users, kind: has_one}\n";
    let mut trip = Trip::start(Engine::Sqlite, schema, config, &["--keep", "newest:t"]);
    trip.up().unwrap();
    assert_eq!(trip.rows("SELECT id FROM cards"), [["2"], ["3"]]);
    trip.plan_again(&["--keep", "newest:t"]);
    assert!(trip.withheld().join("\n").contains("`likes"), "{:?}", trip.withheld());
}
