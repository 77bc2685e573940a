//! `relaudit plan --verify`: what it tells of plans that hold and of plans that do not, and what it leaves behind.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use crate::live::server::{Database, Engine, Family, Loaded, load};
use crate::run::{Outcome, Run};

/// An empty database of the engine; SQLite needs none.
fn scratch(engine: Engine) -> (Option<Database<'static>>, String) {
    if engine == Engine::Sqlite {
        return (None, "sqlite::memory:".to_owned());
    }
    let database = engine.server().database("");
    let url = database.url();
    (Some(database), url)
}

/// Rows that are there already are passed over by their key, and not by one that is looked at later.
#[test]
fn keys_that_wait_for_the_commit_are_rebuilt() {
    let sql = format!(
        "{FAULTS}ALTER TABLE users ADD CONSTRAINT users_name UNIQUE (name) DEFERRABLE INITIALLY DEFERRED;
         ALTER TABLE orders ADD EXCLUDE USING btree (note WITH =) DEFERRABLE;"
    );
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let database = load(engine, &sql);
        let (_scratch, url) = scratch(engine);
        let (outcome, verification, _) = verify(&database, STATED, &url, &[]);
        assert_eq!(verification["verified"], true, "{engine:?}: {}", outcome.stderr);
    }
}

/// The type has to wait for the rows, as the plan says; it is no fault of the plan that it could be changed after that.
#[test]
fn what_waits_for_another_plan_does_not_fail_this_one() {
    let sql = "CREATE TABLE rates (id INTEGER PRIMARY KEY, rate REAL UNIQUE);
CREATE TABLE orders (id INTEGER PRIMARY KEY, rate INTEGER REFERENCES rates (rate));
INSERT INTO rates VALUES (1, 1.0), (2, 3.0); INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3);";
    let config = "relations:
  - {child: orders, columns: [rate], parent: rates, parent_columns: [rate], kind: has_many, on_delete: cascade}
";
    let database = load(Engine::Sqlite, sql);
    let (outcome, verification, plan) = verify(&database, config, "sqlite::memory:", &[]);
    assert_eq!(verification["verified"], true, "{}", outcome.stderr);
    assert!(plan.contains("checks anew for the new type"), "{plan}");
}

/// How it ended, and what `plan.json` says of it, where there is one.
fn verify(database: &Loaded, config: &str, url: &str, arguments: &[&str]) -> (Outcome, Value, String) {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("plan");
    let outcome = Run::new(["plan", &database.source(), "--verify", url, "--out"])
        .args([&out])
        .args(arguments)
        .file("relaudit.yml", config)
        .finish();
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_default();
    let plan: Value = serde_json::from_str(&text("plan.json")).unwrap_or_default();
    (outcome, plan["verification"].clone(), text("PLAN.md"))
}

fn tables(scratch: Option<&Database<'static>>) -> Vec<Vec<Option<String>>> {
    let Some(scratch) = scratch else { return Vec::new() };
    scratch.rows(match scratch.server().engine().family() {
        Family::Postgres => {
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^(pg_|information)' \
             UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information|public)'"
        }
        _ => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() UNION ALL SELECT routine_name FROM \
             information_schema.routines WHERE routine_schema = DATABASE()"
        }
    })
}

const FAULTS: &str = "
    CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));
    CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, note VARCHAR(40));
    CREATE TABLE line_items (id INTEGER NOT NULL PRIMARY KEY, order_id INTEGER NOT NULL, pieces DECIMAL(8, 2));
    CREATE TABLE cards (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, pin VARCHAR(9));
    CREATE TABLE far_away (id INTEGER NOT NULL PRIMARY KEY);
    INSERT INTO users VALUES (1, 'it''s'), (2, 'ä'), (3, NULL);
    INSERT INTO orders VALUES (1, 1, 'a'), (2, 7, 'b'), (3, NULL, 'c'), (4, 0, '');
    INSERT INTO line_items VALUES (1, 1, 1.5), (2, 2, 2), (3, 1, NULL);
    INSERT INTO cards VALUES (1, 1, 'x'), (2, 1, 'x'), (3, 2, 'y');
";

const STATED: &str = "relations:
  - {child: orders, columns: [user_id], parent: users, kind: has_many, on_delete: cascade}
  - {child: line_items, columns: [order_id], parent: orders, kind: has_many, on_delete: cascade}
  - {child: cards, columns: [user_id], parent: users, kind: has_one, on_delete: cascade}
";

#[test]
fn a_plan_that_holds_is_verified_and_leaves_nothing_behind() {
    for engine in client::engines() {
        let name = engine.name();
        let database = load(engine, FAULTS);
        let before = client::state(engine, &database);
        let (scratch, url) = scratch(engine);
        let (outcome, verification, text) = verify(&database, STATED, &url, &[]);
        assert!(matches!(outcome.code, Some(0 | 1)), "{name}: {}", outcome.stderr);
        assert_eq!(verification["verified"], true, "{name}: {verification:#}");
        let checks = verification["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 6, "{name}: {verification:#}");
        for check in checks {
            let said = format!("verify: {}", check["check"].as_str().unwrap());
            assert!(outcome.stderr.contains(&said), "{name}: {}", outcome.stderr);
        }
        assert!(
            outcome.stderr.contains("4 tables with 13 rows"),
            "{name}: {}",
            outcome.stderr
        );
        assert!(text.contains("## Verified on a copy"), "{name}: {text}");
        assert!(
            tables(scratch.as_ref()).is_empty(),
            "{name}: {:?}",
            tables(scratch.as_ref())
        );
        assert_eq!(client::state(engine, &database), before, "{name}");
    }
}

#[test]
fn a_plan_that_does_not_hold_is_not_verified() {
    let sql = "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);
        CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER, CONSTRAINT has_a CHECK (a_id IS NOT NULL));
        INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1), (2, 7);";
    let config = "relations:\n  - {child: b, columns: [a_id], parent: a, kind: has_many, on_delete: set_null}\n";
    for engine in client::engines() {
        let name = engine.name();
        let database = load(engine, sql);
        let before = client::state(engine, &database);
        let (scratch, url) = scratch(engine);
        let (outcome, verification, text) = verify(&database, config, &url, &[]);
        assert_eq!(outcome.code, Some(2), "{name}: {}", outcome.stderr);
        assert_eq!(verification["verified"], false, "{name}: {verification:#}");
        let last = verification["checks"].as_array().unwrap().last().unwrap();
        assert_eq!(last["check"], "the plan runs", "{name}: {verification:#}");
        let detail = last["detail"].as_str().unwrap();
        assert!(detail.contains("step ") && detail.contains("a_id"), "{name}: {detail}");
        assert!(
            outcome.stderr.contains("the plan is not verified"),
            "{name}: {}",
            outcome.stderr
        );
        assert!(text.contains("## NOT verified"), "{name}: {text}");
        assert!(tables(scratch.as_ref()).is_empty(), "{name}");
        assert_eq!(client::state(engine, &database), before, "{name}");
    }
}

/// The rows of `c` that are looked at first have the parents that are looked at last.
/// Rows that came in while nobody looked break a key that counts as valid.
#[test]
fn rows_that_break_a_valid_foreign_key_are_copied() {
    for engine in client::engines() {
        let name = engine.name();
        let made = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY);
            CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER,
              CONSTRAINT has_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
            INSERT INTO users VALUES (1), (2);";
        let rows = "INSERT INTO orders VALUES (1, 1), (2, 7), (3, 8);";
        let unlooked = match engine.family() {
            Family::Postgres => format!("SET session_replication_role = replica; {rows}"),
            Family::Sqlite => format!("PRAGMA foreign_keys = OFF; {rows}"),
            _ => format!("SET foreign_key_checks = 0; {rows} SET foreign_key_checks = 1;"),
        };
        let database = load(engine, &format!("{made} {unlooked}"));
        let (scratch, url) = scratch(engine);
        let (outcome, verification, _) = verify(&database, "", &url, &[]);
        assert_eq!(
            verification["verified"], true,
            "{name}: {verification:#} {}",
            outcome.stderr
        );
        assert!(tables(scratch.as_ref()).is_empty(), "{name}");
    }
}

/// Nobody can find fault with a foreign key before there is one.
#[test]
fn what_a_new_foreign_key_leaves_unchecked_is_told_and_refuses_no_plan() {
    let sql = "CREATE TABLE orders (tenant_id INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tenant_id, id));
        CREATE TABLE order_lines (id INTEGER NOT NULL PRIMARY KEY, tenant_id INTEGER NOT NULL, order_id INTEGER);
        INSERT INTO orders VALUES (1, 1); INSERT INTO order_lines VALUES (1, 1, 1), (2, 1, NULL);";
    let config = "relations:
  - {child: order_lines, columns: [tenant_id, order_id], parent: orders, parent_columns: [tenant_id, id], kind: has_many}
";
    for engine in client::engines() {
        let name = engine.name();
        let database = load(engine, sql);
        let (_scratch, url) = scratch(engine);
        let (outcome, verification, _) = verify(&database, config, &url, &[]);
        assert_eq!(verification["verified"], true, "{name}: {verification:#}");
        let told = "to decide of new foreign keys: nullable_composite_key";
        assert!(outcome.stderr.contains(told), "{name}: {}", outcome.stderr);
    }
}

fn many_rows(engine: Engine) -> String {
    let ten = "(SELECT 1 AS one UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 \
               UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10)";
    let numbers = match engine {
        Engine::Mysql56 => {
            format!("SELECT (@n := @n + 1) AS n FROM {ten} a, {ten} b, {ten} c, {ten} d, (SELECT @n := 0) z LIMIT 3000")
        }
        _ => format!(
            "SELECT n FROM (SELECT ROW_NUMBER() OVER () AS n FROM {ten} a, {ten} b, {ten} c, {ten} d) x WHERE n <= 3000"
        ),
    };
    format!(
        "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY);
         CREATE TABLE q (id INTEGER NOT NULL PRIMARY KEY);
         CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, p_id INTEGER, q_id INTEGER, FOREIGN KEY (p_id) REFERENCES p (id));
         INSERT INTO p {numbers}; INSERT INTO q {numbers};
         INSERT INTO c (id) {numbers};
         UPDATE c SET p_id = 3001 - id, q_id = 3001 - id;
         UPDATE c SET q_id = 7777 WHERE id IN (5, 2995);"
    )
}

#[test]
fn of_large_tables_the_rows_that_matter_are_tried() {
    let config = "relations:\n  - {child: c, columns: [q_id], parent: q, kind: has_many, on_delete: cascade}\n";
    for engine in Engine::all() {
        let database = load(engine, &many_rows(engine));
        let (_scratch, url) = scratch(engine);
        let (outcome, verification, _) = verify(&database, config, &url, &[]);
        assert_eq!(verification["verified"], true, "{}: {}", engine.name(), outcome.stderr);
        let copied = verification["checks"][0]["detail"].as_str().unwrap();
        let rows: usize = copied
            .split(" tables with ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((4_000..6_000).contains(&rows), "{}: {copied}", engine.name());
    }
}

#[test]
fn what_cannot_be_rebuilt_is_said() {
    for engine in Engine::all()
        .into_iter()
        .filter(|engine| engine.family() == Family::Postgres)
    {
        let database = load(
            engine,
            &format!(
                "CREATE EXTENSION citext; {}",
                FAULTS.replace("name VARCHAR(20)", "name citext")
            ),
        );
        let (_scratch, url) = scratch(engine);
        let (outcome, verification, _) = verify(&database, STATED, &url, &[]);
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert_eq!(verification["verified"], false);
        assert!(
            outcome.stderr.contains("type \"public.citext\" does not exist")
                || outcome.stderr.contains("type \"citext\" does not exist"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn only_an_empty_database_of_the_same_kind_will_do() {
    for engine in client::engines() {
        let database = load(engine, FAULTS);
        let refused = |url: &str, reason: &str| {
            let (outcome, verification, _) = verify(&database, STATED, url, &[]);
            assert_eq!(outcome.code, Some(2), "{}: {}", engine.name(), outcome.stderr);
            assert!(outcome.stderr.contains(reason), "{}: {}", engine.name(), outcome.stderr);
            assert_eq!(verification, Value::Null);
        };
        let before = client::state(engine, &database);
        if engine == Engine::Sqlite {
            refused(&format!("sqlite:{}", database.source()), "is there already");
            refused("postgres://localhost/x", "of the same kind as the source");
        } else {
            refused(&database.source(), "has tables");
            refused("sqlite::memory:", "of the same kind as the source");
        }
        assert_eq!(client::state(engine, &database), before, "{}", engine.name());
    }
}

#[test]
fn a_file_of_sql_cannot_be_verified() {
    let outcome = Run::new([
        "plan",
        "a.sql",
        "--dialect",
        "postgres",
        "--verify",
        "postgres://localhost/x",
    ])
    .file("a.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    .file("relaudit.yml", "relations: []\n")
    .finish();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("is a file"), "{}", outcome.stderr);
    assert!(outcome.stdout.is_empty());
}
