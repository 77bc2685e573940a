//! What becomes of orphans where relaudit.yml says it of single relations.

use super::trip::{Trip, plan};
use crate::live::server::{Engine, load};

const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER);
CREATE TABLE phones (id INTEGER PRIMARY KEY, user_id INTEGER);
INSERT INTO users VALUES (1);
INSERT INTO posts VALUES (1, 1), (2, 7), (3, NULL);
INSERT INTO phones VALUES (1, 1), (2, 7), (3, 8);
";

const RELATIONS: &str = "  - {child: posts, columns: [user_id], parent: users}
  - {child: phones, columns: [user_id], parent: users}
";

#[test]
fn the_setting_of_a_relation_goes_before_that_for_all() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        // The second entry states nothing: it speaks of the relation that there is.
        let config = format!("relations:\n{RELATIONS}  - {{child: phones, columns: user_id, orphans: nullify}}\n");
        let trip = Trip::start(engine, SCHEMA, &config, &["--orphans", "quarantine"]);
        trip.round(|trip| {
            let rows: Vec<String> = trip.rows("SELECT id FROM posts ORDER BY id").concat();
            assert_eq!(rows, ["1", "3"], "{engine:?}");
            let rows = trip.rows("SELECT id, user_id FROM phones ORDER BY id");
            assert_eq!(rows, [["1", "1"], ["2", "NULL"], ["3", "NULL"]], "{engine:?}");
        });
    }
}

#[test]
fn a_relation_can_be_left_alone() {
    let config = "relations:\n  - {child: posts, columns: user_id, parent: users, orphans: withhold}\n  - {child: phones, \
                  columns: user_id, parent: users}\n";
    let trip = Trip::start(Engine::Sqlite, SCHEMA, config, &["--orphans", "quarantine"]);
    let withheld = trip.withheld().join("\n");
    assert!(withheld.contains("`posts`"), "{withheld}");
    assert!(withheld.contains("such rows are to be left as they are"), "{withheld}");
    trip.round(|trip| {
        assert_eq!(trip.rows("SELECT count(*) FROM posts"), [["3"]]);
        assert_eq!(trip.rows("SELECT count(*) FROM phones"), [["1"]]);
    });
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let database = load(Engine::Sqlite, SCHEMA);
    for (entry, words) in [
        (
            "{child: posts, columns: user_id, orphans: nulify}",
            ["nulify", "line 4"],
        ),
        (
            "{child: posts, columns: id, orphans: nullify}",
            ["no relation leads from `posts(id)`", "line 4"],
        ),
        (
            "{child: posts, columns: user_id, parent: users, optional: false, orphans: nullify}",
            ["contradicts `optional: false`", "line 4"],
        ),
        (
            "{child: posts, columns: id, kind: none, orphans: delete}",
            ["contradicts `kind: none`", "line 4"],
        ),
        (
            "{child: posts, columns: author, orphans: delete}",
            ["`posts` has no column `author`", "line 4"],
        ),
        (
            "{child: posts, columns: user_id, orphans: delete}\n  - {child: posts, columns: user_id, parent: users, orphans: \
             nullify}",
            ["an earlier entry says something else", "line 5"],
        ),
    ] {
        let config = format!("relations:\n{RELATIONS}  - {entry}\n");
        let outcome = plan(&database, &config, &[], &[]);
        assert_eq!(outcome.code, Some(2), "{entry}: {outcome:?}");
        for word in words.iter().chain(&["relaudit.yml"]) {
            assert!(
                outcome.stderr.contains(word),
                "{entry}: no {word:?} in {}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn a_required_column_is_not_set_to_null() {
    let sql = SCHEMA.replace(
        "posts (id INTEGER PRIMARY KEY, user_id INTEGER)",
        "posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL)",
    );
    let sql = sql.replace(", (3, NULL)", "");
    let config = "relations:\n  - {child: posts, columns: user_id, parent: users, orphans: nullify}\n";
    let trip = Trip::start(Engine::Sqlite, &sql, config, &["--orphans", "quarantine"]);
    let withheld = trip.withheld().join("\n");
    assert!(withheld.contains("`posts(user_id)` takes no nulls"), "{withheld}");
}
