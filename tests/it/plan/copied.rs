//! `--foreign-keys copy`: MySQL and MariaDB look at every row themselves, while they copy the table.

use super::client;
use super::trip::{Trip, plan};
use crate::live::server::{Engine, Family, Loaded, load};

const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, editor_id INTEGER);
ALTER TABLE posts ADD CONSTRAINT posts_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES users (id);
INSERT INTO users VALUES (1);
INSERT INTO posts VALUES (1, 1, 1), (2, 1, NULL);
";

const CONFIG: &str = "relations:
  - {child: posts, columns: [user_id], parent: users}
  - {child: posts, columns: [editor_id], parent: users, on_delete: set_null}
";

const COPYING: [&str; 2] = ["--foreign-keys", "copy"];

fn engines() -> impl Iterator<Item = Engine> {
    client::engines().filter(|engine| matches!(engine.family(), Family::Mysql | Family::MariaDb))
}

#[test]
fn foreign_keys_come_and_go() {
    for engine in engines() {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &COPYING);
        let steps: Vec<String> = trip.plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["up"].to_string())
            .collect();
        let altering = |step: &&String| step.contains("ADD CONSTRAINT");
        assert_eq!(steps.iter().filter(altering).count(), 2, "{engine:?}: {steps:#?}");
        for step in steps.iter().filter(altering) {
            assert!(step.contains("ALGORITHM=COPY, LOCK=SHARED"), "{engine:?}: {step}");
            assert!(!step.contains("foreign_key_checks = 0"), "{engine:?}: {step}");
        }
        assert!(
            trip.described().contains("blocks writers until the copy is made"),
            "{}",
            trip.described()
        );
        trip.round(|trip| {
            assert_eq!(
                trip.rows(
                    "SELECT k.column_name, r.delete_rule FROM information_schema.key_column_usage k JOIN \
                     information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema AND \
                     r.constraint_name = k.constraint_name WHERE k.constraint_schema = database() AND r.table_name = 'posts' \
                     ORDER BY 1"
                ),
                [["editor_id", "SET NULL"], ["user_id", if engine == Engine::MariaDb { "RESTRICT" } else { "NO ACTION" }]],
                "{engine:?}"
            );
            assert_eq!(trip.findings(), [], "{engine:?}");
        });
    }
}

/// The plan's own look is before; what comes in after it is the server's to find.
#[test]
fn the_server_refuses_an_orphan() {
    for engine in engines() {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &COPYING);
        trip.execute("INSERT INTO posts VALUES (3, 7, NULL)");
        let error = trip.up().unwrap_err();
        assert!(error.contains("have no parent"), "{engine:?}: {error}");
        let steps = trip.plan["steps"].as_array().unwrap();
        let adding = steps.iter().flat_map(|step| step["up"].as_array().unwrap());
        let adding = adding
            .filter_map(|statement| statement.as_str()?.split("ALTER TABLE").nth(1))
            .find(|sql| sql.contains("CONSTRAINT") && sql.contains("user_id"));
        let sql = format!("ALTER TABLE{}", adding.unwrap().split("')").next().unwrap());
        let Loaded::Server(database) = &trip.database else {
            panic!("a server's database is on a server")
        };
        let mut connection = database.server().mysql(database.name()).unwrap();
        let error = mysql::prelude::Queryable::query_drop(&mut connection, sql)
            .unwrap_err()
            .to_string();
        assert!(error.contains("1452"), "{engine:?}: {error}");
        trip.execute("DELETE FROM posts WHERE id = 3");
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
    }
}

#[test]
fn others_have_no_such_way() {
    for engine in [Engine::Postgres18, Engine::Sqlite] {
        let outcome = plan(
            &load(engine, "CREATE TABLE users (id INTEGER PRIMARY KEY)"),
            "{}",
            &COPYING.map(str::to_owned),
            &[],
        );
        assert_eq!(outcome.code, Some(2), "{engine:?}: {}", outcome.stdout);
        assert!(
            outcome.stderr.contains("--foreign-keys copy is for MySQL and MariaDB"),
            "{}",
            outcome.stderr
        );
    }
}
