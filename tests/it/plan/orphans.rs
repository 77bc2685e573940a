//! What becomes of orphans where relaudit.yml says it of single relations.

use std::fmt::Write as _;

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

/// An orphan, a row that stands for none, and what could come to hang on either and goes along with it.
const CASCADE: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL,
  CONSTRAINT order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE);
CREATE INDEX order_lines_order_id_idx ON order_lines (order_id);
INSERT INTO customers VALUES (1);
INSERT INTO orders VALUES (1, 1), (2, 7), (3, 8), (4, 0), (5, 0);
";

const ORDERS: &str = "relations:\n  - {child: orders, columns: [customer_id], parent: customers}\n";

#[test]
fn what_came_to_hang_on_rows_since_is_not_lost_with_them() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, CASCADE, ORDERS, &["--orphans", "quarantine"]);
        trip.execute("INSERT INTO order_lines VALUES (1, 2), (2, 4)");
        let Err(error) = trip.up() else {
            panic!("{engine:?}: rows that are left were passed over")
        };
        assert!(error.contains("that are to go are still there"), "{engine:?}: {error}");
        let rows: Vec<String> = trip.rows("SELECT id FROM orders ORDER BY id").concat();
        assert!(
            rows.contains(&"2".to_owned()) && rows.contains(&"4".to_owned()),
            "{engine:?}: {rows:?}"
        );
        assert_eq!(trip.rows("SELECT count(*) FROM order_lines"), [["2"]], "{engine:?}");
    }
}

#[test]
fn rows_that_others_reference_by_type_and_id_are_withheld() {
    let sql = "\
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER);
CREATE TABLE comments (id INTEGER PRIMARY KEY, commentable_type VARCHAR(20), commentable_id INTEGER);
INSERT INTO users VALUES (1);
INSERT INTO posts VALUES (1, 1), (2, 7);
INSERT INTO comments VALUES (1, 'Post', 1), (2, 'Post', 2), (3, 'User', 1);
";
    let config = "\
relations: [{child: posts, columns: [user_id], parent: users}]
polymorphic:
  - {child: comments, type_column: commentable_type, id_column: commentable_id, targets: {Post: posts, User: users}}
";
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, sql, config, &["--orphans", "quarantine"]);
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("1 row of `"), "{engine:?}: {withheld}");
        assert!(
            withheld.contains("comments` hang on them by a type and an id"),
            "{engine:?}: {withheld}"
        );
        trip.round(|trip| assert_eq!(trip.rows("SELECT count(*) FROM posts"), [["2"]]));
        // A key can be set to null all the same.
        let trip = Trip::start(engine, sql, config, &["--orphans", "nullify"]);
        trip.round(|trip| {
            let rows = trip.rows("SELECT id FROM posts WHERE user_id IS NULL");
            assert_eq!(rows, [["2"]], "{engine:?}");
        });
    }
}

/// The token is of a local user, and whoever guesses that it is of a person finds rows without parent among rows that
/// are all right.
const GUESSED: &str = "\
CREATE TABLE person (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);
CREATE TABLE local_user (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, password VARCHAR(20),
  CONSTRAINT local_user_person_id_key UNIQUE (person_id),
  CONSTRAINT local_user_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id));
CREATE TABLE login_token (token VARCHAR(20) PRIMARY KEY, user_id INTEGER NOT NULL, ip VARCHAR(20));
CREATE INDEX login_token_user_id_idx ON login_token (user_id);
";

fn guessed() -> String {
    let people = (1..=40).filter(|id| ![3, 7, 9].contains(id));
    let mut sql = GUESSED.to_owned();
    for (number, person) in people.enumerate() {
        writeln!(sql, "INSERT INTO person VALUES ({person}, 'p{person}');").unwrap();
        if number < 30 {
            writeln!(sql, "INSERT INTO local_user VALUES ({}, {person}, 'x');", number + 1).unwrap();
        }
    }
    for token in 0..60 {
        writeln!(
            sql,
            "INSERT INTO login_token VALUES ('t{token}', {}, '::1');",
            1 + token % 30
        )
        .unwrap();
    }
    sql
}

#[test]
fn rows_of_an_unsure_guess_stay() {
    let guessed = guessed();
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, &guessed, "{}", &["--orphans", "delete"]);
        assert!(
            trip.findings()
                .iter()
                .any(|(rule, subject)| rule == "orphaned_rows" && subject.contains("login_token")),
            "{engine:?}: the guess is not what it was: {:?}",
            trip.findings()
        );
        assert_eq!(trip.steps(), [""; 0], "{engine:?}");
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("is inferred, and only"), "{engine:?}: {withheld}");
        let stated = "relations:\n  - {child: login_token, columns: user_id, parent: person}\n";
        let trip = Trip::start(engine, &guessed, stated, &["--orphans", "delete"]);
        assert!(
            trip.steps().iter().any(|step| step.starts_with("Move 6 rows")),
            "{engine:?}: {:?}",
            trip.steps()
        );
    }
}

/// A key that says "none" is no orphan's: what is wanted of orphans is not done to it where it can be null.
#[test]
fn rows_whose_key_stands_for_none_stay() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER); CREATE \
                  TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL); INSERT INTO users VALUES (1); INSERT INTO posts \
                  VALUES (1, 1), (2, 0), (3, 7); INSERT INTO notes VALUES (1, 1), (2, 0), (3, 7);";
    let config = "relations:\n  - {child: posts, columns: user_id, parent: users}\n  - {child: notes, columns: user_id, parent: \
                  users}\n";
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let trip = Trip::start(engine, schema, config, &["--orphans", "delete"]);
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        trip.contract().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        let rows = trip.rows("SELECT id, user_id FROM posts ORDER BY id");
        assert_eq!(rows, [["1", "1"], ["2", "NULL"]], "{engine:?}");
        assert_eq!(trip.rows("SELECT id FROM notes"), [["1"]], "{engine:?}");
        if engine != Engine::Sqlite {
            // Where the column takes no null the row is in the way, and is kept for good.
            assert_eq!(
                trip.rows("SELECT id FROM relaudit_quarantine_notes"),
                [["2"]],
                "{engine:?}"
            );
        }
    }
}

/// PostgreSQL 15: of a key with the tenant in it, only the rest is set to null.
#[test]
fn set_null_of_some_columns_leaves_the_others() {
    if !Engine::all().contains(&Engine::Postgres18) {
        return;
    }
    let sql = "CREATE TABLE users (tenant_id integer, id integer, PRIMARY KEY (tenant_id, id));
        CREATE TABLE posts (id integer PRIMARY KEY, tenant_id integer, user_id integer);
        CREATE INDEX ON posts (tenant_id, user_id);
        INSERT INTO users VALUES (1, 1);
        INSERT INTO posts VALUES (1, 1, 1), (2, 1, 7);
        ALTER TABLE posts ADD FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE SET NULL (user_id) NOT VALID;";
    let trip = Trip::start(Engine::Postgres18, sql, "", &[]);
    trip.round(|trip| {
        let rows = trip.rows("SELECT tenant_id, user_id FROM posts ORDER BY id");
        assert_eq!(rows, [["1", "1"], ["1", "NULL"]]);
    });
}
