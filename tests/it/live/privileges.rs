//! Roles that may not read everything.

use super::reports::{assert_not_checked, assert_ok, assert_refused, audit, family, probe_of};
use super::server::{Database, Engine, Family, PASSWORD_IN_URL, postgres};

/// Two families: the role `pw_user` may read `parents` and `children_1`.
fn half_open(engine: Engine) -> Database<'static> {
    let database = engine.server().database(&family(2));
    let name = database.name();
    match engine.family() {
        Family::Postgres => database.execute("GRANT SELECT ON parents, children_1 TO pw_user"),
        // It sees a table that it may only write, and cannot read it.
        _ => database.execute(&format!(
            "GRANT SELECT ON {name}.parents TO 'pw_user'@'%'; GRANT SELECT ON {name}.children_1 TO 'pw_user'@'%'; \
             GRANT INSERT ON {name}.children_2 TO 'pw_user'@'%'"
        )),
    }
    database
}

#[test]
fn tables_without_privilege_are_not_checked_and_the_rest_is() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let database = half_open(engine);
        let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
        assert_not_checked(&outcome, "children_2", "permission denied");
        assert_ok(&outcome, "children_1");
    }
}

#[test]
fn parents_that_cannot_be_seen_are_not_checked() {
    let engines = Engine::all();
    let servers = engines
        .iter()
        .filter(|engine| matches!(engine.family(), Family::Mysql | Family::MariaDb));
    for engine in servers {
        let other = engine.server().database("CREATE TABLE others (id INTEGER PRIMARY KEY)");
        let database = engine.server().database(&format!(
            "{} CREATE TABLE strangers (id INTEGER PRIMARY KEY, other_id INTEGER NOT NULL, \
             FOREIGN KEY (other_id) REFERENCES {}.others (id))",
            family(1),
            other.name()
        ));
        for table in ["children_1", "strangers"] {
            database.execute(&format!("GRANT SELECT ON {}.{table} TO 'pw_user'@'%'", database.name()));
        }
        let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
        assert_not_checked(
            &outcome,
            "children_1",
            "parents(id)` is not visible to the current role",
        );
        assert_not_checked(&outcome, "strangers", "others(id)` is not visible to the current role");
        // Who sees everything sees these too.
        let outcome = audit(&database.url()).finish();
        assert_ok(&outcome, "children_1");
        assert_ok(&outcome, "strangers");
    }
}

#[test]
fn foreign_keys_with_columns_out_of_sight_are_not_checked() {
    let engines = Engine::all();
    // MariaDB shows nothing of them.
    let servers = engines.iter().filter(|engine| engine.family() == Family::Mysql);
    for engine in servers {
        let database = engine.server().database(
            "CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b)) ENGINE=InnoDB; \
             CREATE TABLE firsts (id INT PRIMARY KEY, a INT NOT NULL, b INT NOT NULL, \
             FOREIGN KEY (a, b) REFERENCES pairs (a, b)) ENGINE=InnoDB; \
             CREATE TABLE seconds LIKE firsts; \
             ALTER TABLE seconds ADD FOREIGN KEY (a, b) REFERENCES pairs (a, b); \
             CREATE TABLE owners (id INT PRIMARY KEY) ENGINE=InnoDB; \
             CREATE TABLE singles (id INT PRIMARY KEY, owner_id INT NOT NULL, secret INT NOT NULL, \
             KEY (owner_id), KEY (owner_id, secret), FOREIGN KEY (owner_id) REFERENCES owners (id)) ENGINE=InnoDB",
        );
        let grants = [
            "(id, a) ON %.firsts",
            "(id, b) ON %.seconds",
            "(a) ON %.pairs",
            "(id, owner_id) ON %.singles",
            "(id) ON %.owners",
        ];
        for grant in grants {
            let grant = grant.replace('%', database.name());
            database.execute(&format!("GRANT SELECT {grant} TO 'pw_user'@'%'"));
        }
        let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
        for child in ["firsts", "seconds"] {
            assert_not_checked(&outcome, child, "permission denied");
        }
        assert_ok(&outcome, "singles");
        // What is out of sight is nobody's fault.
        assert!(!outcome.stdout.contains("nullable_composite_key"), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("parent_key_not_unique"), "{}", outcome.stdout);
    }
}

#[test]
fn mariadb_is_said_to_hide_the_keys_of_tables_that_are_read_by_columns() {
    let database = super::server::mariadb().database(&family(2));
    let name = database.name();
    for grant in [
        format!("SELECT ON {name}.children_1"),
        format!("SELECT (id) ON {name}.children_1"),
        format!("SELECT ON {name}.parents"),
        format!("SELECT (id, parent_id) ON {name}.children_2"),
    ] {
        database.execute(&format!("GRANT {grant} TO 'pw_user'@'%'"));
    }
    let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
    let notes = outcome.json()["notes"].to_string();
    assert!(
        notes.contains(&format!("on the whole table to have them audited: {name}.children_2\"")),
        "{notes}"
    );
    let outcome = audit(&database.url()).finish();
    assert_eq!(outcome.json()["notes"].to_string(), "[]");
}

#[test]
fn row_security_that_would_hide_rows_is_not_checked() {
    let database = postgres(18).database(&family(2));
    database.execute(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO pw_user; \
         CREATE POLICY first_only ON parents USING (id = 1); ALTER TABLE children_2 ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY nothing ON children_2 USING (false);",
    );
    let url = database.url_as("pw_user", Some(PASSWORD_IN_URL));
    let outcome = audit(&url).finish();
    assert_not_checked(&outcome, "children_2", "row security");
    assert_ok(&outcome, "children_1");
    // A hidden parent makes orphans of its children.
    database.execute("ALTER TABLE parents ENABLE ROW LEVEL SECURITY");
    let outcome = audit(&url).finish();
    assert_not_checked(&outcome, "children_1", "row security");
    // The owner is not subject to it.
    let outcome = audit(&database.url()).finish();
    assert_eq!(probe_of(&outcome.json(), "children_1")["child_rows"], 3);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn a_database_that_may_not_be_entered_is_refused() {
    for engine in [Engine::Mysql97, Engine::MariaDb] {
        let database = engine.server().database("");
        let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
        assert_refused(&outcome, &[database.name(), "pw_user"]);
    }
    let database = postgres(18).database("");
    database.execute(&format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name()));
    let outcome = audit(&database.url_as("pw_user", Some(PASSWORD_IN_URL))).finish();
    assert_refused(&outcome, &[database.name()]);
}
