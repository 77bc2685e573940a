//! Tables without primary key: equal rows are told apart, and none is lost.

use super::trip::Trip;
use crate::live::server::{Engine, Family};

/// Rows that are equal but for the key that has no parent, and rows that are equal in all.
const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE visits (user_id INTEGER, page VARCHAR(20), seconds FLOAT);
INSERT INTO users VALUES (1);
INSERT INTO visits VALUES (1, 'a', 1.5), (7, 'a', 1.5), (7, 'a', 1.5), (8, 'a', 1.5), (NULL, 'a', 1.5), (7, NULL, NULL),
  (7, '', 0.25), (9, 'A', 1.5);
";

const CONFIG: &str = "relations:\n  - {child: visits, columns: [user_id], parent: users}\n";

#[test]
fn orphans_go_and_come_back() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        assert!(
            trip.steps().iter().any(|step| step.contains("Move 6 rows")),
            "{engine:?}: {:?}",
            trip.withheld()
        );
        trip.round(|trip| {
            assert_eq!(trip.rows("SELECT count(*) FROM visits"), [["2"]], "{engine:?}");
            if engine != Engine::Sqlite {
                assert_eq!(trip.rows("SELECT count(*) FROM relaudit_quarantine_visits"), [["6"]]);
            }
        });
    }
}

#[test]
fn keys_are_set_to_null_and_come_back() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "nullify"]);
        if matches!(engine.family(), Family::Mysql | Family::MariaDb) {
            let withheld = trip.withheld().join("\n");
            assert!(withheld.contains("visits` has no primary key"), "{withheld}");
            continue;
        }
        trip.round(|trip| {
            assert_eq!(
                trip.rows("SELECT count(*) FROM visits WHERE user_id IS NULL"),
                [["7"]],
                "{engine:?}"
            );
        });
    }
}

/// A join table as most are: without a key of its own, and with a pair that is there three times.
const PAIRS: &str = "\
CREATE TABLE posts (id INTEGER PRIMARY KEY);
CREATE TABLE tags (id INTEGER PRIMARY KEY);
CREATE TABLE post_tags (post_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, note VARCHAR(20), added_on DATE,
  CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id),
  CONSTRAINT post_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES tags (id));
CREATE INDEX post_tags_post_id_idx ON post_tags (post_id);
CREATE INDEX post_tags_tag_id_idx ON post_tags (tag_id);
INSERT INTO posts VALUES (1), (2);
INSERT INTO tags VALUES (1), (2);
INSERT INTO post_tags VALUES (1, 1, 'x', NULL), (1, 1, 'x', NULL), (1, 1, 'x', NULL), (1, 2, NULL, NULL), (2, 2, NULL, NULL),
  (2, 2, NULL, NULL);
";

const JOIN: &str = "relations:\n  - {child: posts, parent: tags, kind: belongs_to_many, through: post_tags, columns: tag_id, \
                    other_key: post_id}\n";

#[test]
fn copies_go_and_come_back() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, PAIRS, JOIN, &[]);
        assert!(
            trip.steps().iter().any(|step| step.contains("Move 3 rows")),
            "{engine:?}: {:#}",
            trip.plan
        );
        trip.round(|trip| {
            let rows = trip.rows("SELECT post_id, tag_id, note FROM post_tags ORDER BY post_id, tag_id");
            assert_eq!(
                rows,
                [["1", "1", "x"], ["1", "2", "NULL"], ["2", "2", "NULL"]],
                "{engine:?}"
            );
        });
    }
}

#[test]
fn which_row_stays_can_be_said() {
    let sql = format!(
        "{PAIRS}UPDATE post_tags SET added_on = '2020-01-01' WHERE tag_id = 2;\n\
                       INSERT INTO post_tags VALUES (2, 2, 'y', '2021-01-01');"
    );
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, &sql, JOIN, &["--keep", "newest:added_on"]);
        if matches!(engine.family(), Family::Mysql | Family::MariaDb) {
            let withheld = trip.withheld().join("\n");
            assert!(withheld.contains("post_tags` has no primary key"), "{withheld}");
            continue;
        }
        trip.round(|trip| {
            let rows = trip.rows("SELECT post_id, tag_id, note FROM post_tags ORDER BY post_id, tag_id");
            assert_eq!(
                rows,
                [["1", "1", "x"], ["1", "2", "NULL"], ["2", "2", "y"]],
                "{engine:?}"
            );
        });
    }
}
