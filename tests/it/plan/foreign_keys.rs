//! Foreign keys that would be faults themselves, or that no rows can be parents of.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

#[test]
fn set_null_needs_every_column_of_the_key_to_take_nulls() {
    let schema = "CREATE TABLE tn (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)); CREATE TABLE tl (id INTEGER \
                  PRIMARY KEY, a INTEGER NOT NULL, b INTEGER); CREATE INDEX tl_a_b_idx ON tl (a, b); INSERT INTO tn VALUES (1, 1);";
    let config = "relations:\n  - {child: tl, columns: [a, b], parent: tn, on_delete: set_null}\n";
    for engine in client::engines() {
        let trip = Trip::start(engine, schema, config, &[]);
        assert_eq!(trip.steps(), [""; 0], "{engine:?}");
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("tl(a)` takes no nulls"), "{engine:?}: {withheld}");
    }
}

#[test]
fn a_column_that_the_plan_lets_be_null_may_be_set_to_null() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, \
                  editor_id INTEGER NOT NULL, CONSTRAINT whose FOREIGN KEY (user_id) REFERENCES users (id)); CREATE INDEX posts_user \
                  ON posts (user_id); CREATE INDEX posts_editor ON posts (editor_id); INSERT INTO users VALUES (1); INSERT INTO posts \
                  VALUES (1, 1, 1);";
    let config = "relations:\n  - {child: posts, columns: user_id, parent: users, optional: true, on_delete: set_null}\n  - {child: \
                  posts, columns: editor_id, parent: users, optional: true, on_delete: set_null}\n";
    for engine in client::engines() {
        let trip = Trip::start(engine, schema, config, &[]);
        assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
        trip.round(|trip| assert_eq!(trip.findings(), [], "{engine:?}"));
    }
}

/// To the audit rows of heirs are parents where no foreign key stands, and to a foreign key they are none.
#[test]
fn rows_of_heirs_are_no_parents_to_a_foreign_key() {
    let schema = "CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE users_vip (PRIMARY KEY (id)) INHERITS (users); CREATE \
                  TABLE events (id integer PRIMARY KEY, user_id integer); CREATE INDEX ON events (user_id); INSERT INTO users VALUES \
                  (1); INSERT INTO users_vip VALUES (52); INSERT INTO events VALUES (1, 1), (60, 52);";
    let config = "relations:\n  - {child: events, columns: user_id, parent: users}\n";
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, schema, config, &["--orphans", "quarantine"]);
        assert_eq!(trip.steps(), [""; 0], "{engine:?}");
        let withheld = trip.withheld().join("\n");
        assert!(withheld.contains("users_vip"), "{engine:?}: {withheld}");
    }
}

/// A check of one column is a part of its definition there, which MODIFY repeats.
#[test]
fn mariadb_s_checks_of_a_column_stay() {
    let schema = "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id BIGINT \
                  NOT NULL DEFAULT 1 COMMENT 'whose' CHECK (customer_id <> 7)); INSERT INTO customers VALUES (1), (2); INSERT INTO \
                  orders VALUES (1, 1), (2, 2);";
    let config = "relations:\n  - {child: orders, columns: customer_id, parent: customers}\n";
    for engine in client::engines().filter(|engine| *engine == Engine::MariaDb) {
        let trip = Trip::start(engine, schema, config, &[]);
        trip.round(|trip| {
            let made = trip.rows("SHOW CREATE TABLE orders").concat().join(" ");
            assert!(made.contains("`customer_id` int(11) NOT NULL"), "{made}");
            assert!(made.contains("CHECK (`customer_id` <> 7)"), "{made}");
        });
    }
}
