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
