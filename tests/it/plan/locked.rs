//! A table that somebody else holds: the plan does not keep others waiting, and goes on when it is run again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use super::trip::Trip;
use crate::live::server::{Engine, Family, Loaded};

const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER);
INSERT INTO users VALUES (1);
INSERT INTO posts VALUES (1, 1), (2, 7);
";

const CONFIG: &str = "relations:\n  - {child: posts, columns: [user_id], parent: users}\n";

#[test]
fn a_held_table_ends_a_mysql_step_soon_and_it_can_be_run_again() {
    let engines = Engine::all().into_iter();
    for engine in engines.filter(|engine| [Engine::Mysql97, Engine::MariaDb].contains(engine)) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        assert!(trip.described().contains("error 1205"), "{}", trip.described());
        let Loaded::Server(database) = &trip.database else {
            panic!("a server's database is on a server")
        };
        let mut holder = database.server().mysql(database.name()).unwrap();
        // Whoever has read in a transaction keeps the table as it is until that ends.
        holder.query_drop("START TRANSACTION").unwrap();
        let _: Vec<(i64, Option<i64>)> = holder.query("SELECT id, user_id FROM posts").unwrap();
        let begun = Instant::now();
        let Err(error) = trip.up() else {
            panic!("{engine:?}: a table that is held was altered")
        };
        assert!(error.contains("1205"), "{engine:?}: {error}");
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{engine:?}: {:?}",
            begun.elapsed()
        );
        // Nobody is kept waiting behind it.
        trip.execute("INSERT INTO posts VALUES (3, 1)");
        holder.query_drop("COMMIT").unwrap();
        drop(holder);
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(
            trip.rows("SELECT id FROM posts ORDER BY id"),
            [["1"], ["3"]],
            "{engine:?}"
        );
        assert!(
            !trip.findings().iter().any(|(rule, _)| rule.contains("foreign_key")),
            "{engine:?}"
        );
    }
}

/// A row that somebody holds for longer than a lock is waited for is waited for again.
#[test]
fn a_held_row_is_waited_for_in_postgresql() {
    let engines = Engine::all().into_iter();
    for engine in engines.filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &["--orphans", "quarantine"]);
        let Loaded::Server(database) = &trip.database else {
            panic!("a server's database is on a server")
        };
        let mut holder = database.server().postgres(database.name()).unwrap();
        holder
            .batch_execute("BEGIN; UPDATE posts SET id = id WHERE id = 2")
            .unwrap();
        let letting_go = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(2));
            holder.batch_execute("COMMIT").unwrap();
        });
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        letting_go.join().unwrap();
        assert_eq!(trip.rows("SELECT id FROM posts"), [["1"]], "{engine:?}");
    }
}

/// So is a table, whatever a step wants of it: to change it, to look at it, to move rows out of it and back again.
#[test]
fn a_held_table_is_waited_for_in_postgresql() {
    let sql = format!(
        "{SCHEMA}CREATE TABLE likes (id BIGINT PRIMARY KEY, post_id BIGINT, user_id INTEGER CONSTRAINT whose REFERENCES users (id));
         INSERT INTO likes VALUES (1, 1, 1), (2, 2, 1), (3, 9, 1);"
    );
    let config = format!(
        "{CONFIG}  - {{child: likes, columns: [post_id], parent: posts, kind: has_one, optional: false, orphans: quarantine}}\n"
    );
    let engines = Engine::all().into_iter();
    for engine in engines.filter(|engine| engine.family() == Family::Postgres) {
        let trip = Trip::start(engine, &sql, &config, &["--orphans", "nullify"]);
        let Loaded::Server(database) = &trip.database else {
            panic!("a server's database is on a server")
        };
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let holding = scope.spawn(|| {
                let mut holder = database.server().postgres(database.name()).unwrap();
                while !over.load(Ordering::Relaxed) {
                    let held = holder.batch_execute("BEGIN; LOCK TABLE posts, likes; SELECT pg_sleep(0.7); COMMIT");
                    // Where the two wait for each other, it may be this one that the server ends.
                    held.or_else(|_| holder.batch_execute("ROLLBACK")).unwrap();
                    std::thread::sleep(Duration::from_millis(300));
                }
            });
            let up = trip.up();
            let down = up.is_ok().then(|| trip.down());
            over.store(true, Ordering::Relaxed);
            holding.join().unwrap();
            up.unwrap_or_else(|error| panic!("{engine:?}: {error}"));
            down.unwrap().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        });
        trip.assert_undone();
    }
}
