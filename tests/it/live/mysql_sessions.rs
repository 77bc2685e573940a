//! Sessions on MySQL and MariaDB: who may log in, what a role sees, what statements are and may do.

use std::time::Duration;

use relaudit::dialect::{ConnectOptions, QueryFailure, Session, mysql};
use relaudit::schema::Action;

use super::mysql_catalog::{foreign_key, name, names, open, read, servers, table};
use super::server::Database;

/// The address of the same database for another role.
fn url_of(database: &Database, user: &str, password: &str) -> String {
    let url = database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{user}:{password}@{place}")
}

/// The rows of a statement.
pub(crate) fn rows(session: &mut dyn Session, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    session
        .query(sql, &mut |row| rows.push(row))
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows
}

pub(crate) fn number(session: &mut dyn Session, sql: &str) -> u64 {
    rows(session, sql)[0][0].as_ref().unwrap().parse().unwrap()
}

#[test]
fn odd_names_are_read_and_written() {
    let longest = "x".repeat(64);
    let odd = [
        "back`tick",
        "``",
        "quo'te",
        "dou\"ble",
        "two words",
        "semi;colon",
        "new\nline",
        "Ünïcödé",
        "日本",
        "select",
        "per%cent",
        "back\\slash",
        "da-sh",
        "a.b",
        "$1",
        "--",
        "/* x */",
        &longest,
    ];
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let tables: Vec<String> = odd
        .iter()
        .map(|name| {
            let q = quoted(name);
            // Constraint names are unique in a database, and an odd table's foreign key leads to itself.
            format!(
                "CREATE TABLE {q} ({q} INT PRIMARY KEY, c INT, CONSTRAINT {q} FOREIGN KEY (c) REFERENCES {q} ({q})) \
                 ENGINE=InnoDB; INSERT INTO {q} VALUES (1, NULL), (2, 1)"
            )
        })
        .collect();
    for server in servers() {
        let database = server.database(&tables.join(";"));
        let source = open(&database.url());
        let read = source.read_schema().unwrap();
        assert_eq!(read.schema.tables.len(), odd.len());
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        let dialect = source.dialect();
        for name in odd {
            let found = table(&read, &database, name);
            let key = foreign_key(found, name);
            assert_eq!((names(&key.parent_columns), &key.parent), (vec![name], &found.name));
            let column = &found.columns[0];
            let sql = format!(
                "SELECT {}, {} FROM {} c WHERE c.c IS NULL",
                dialect.as_text(&format!("c.{}", dialect.quote(&column.name)), &column.ty),
                dialect.literal(name),
                dialect.own_rows(found),
            );
            assert_eq!(
                rows(&mut *session, &sql),
                [[Some("1".to_owned()), Some(name.to_owned())]]
            );
        }
    }
}

#[test]
fn literals_cannot_leave_their_quotes() {
    let texts = [
        "it's",
        "\\",
        "\\'; DROP TABLE t; -- ",
        "a\0b",
        "\u{1a}",
        "\r\n\t",
        "\"x\"",
        "Ünï 😀 日本",
        "%_",
        "",
    ];
    for server in servers() {
        let source = open(&server.database("DO 0").url());
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        for text in texts {
            let sql = format!("SELECT {}", source.dialect().literal(text));
            assert_eq!(rows(&mut *session, &sql), [[Some(text.to_owned())]], "{text:?}");
        }
    }
}

const CLERKS_TABLES: &str = "CREATE TABLE parents (id INT PRIMARY KEY) ENGINE=InnoDB;
  CREATE TABLE secrets (id INT PRIMARY KEY) ENGINE=InnoDB;
  CREATE TABLE children (id INT PRIMARY KEY, p INT, s INT,
    CONSTRAINT shown FOREIGN KEY (p) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT veiled FOREIGN KEY (s) REFERENCES secrets (id)) ENGINE=InnoDB;
  CREATE TABLE inbox (id INT PRIMARY KEY) ENGINE=InnoDB;
  CREATE TABLE partly (id INT PRIMARY KEY, hidden INT) ENGINE=InnoDB";

/// Accounts are of the whole server, so each test has its own.
fn create_role(user: &str, grants: &[&str]) -> String {
    ["localhost", "127.0.0.1"]
        .into_iter()
        .flat_map(|host| {
            let account = format!("'{user}'@'{host}'");
            let create = format!("CREATE USER {account} IDENTIFIED BY 'S3cret:/@'");
            let granted = grants.iter().map(move |grant| format!("GRANT {grant} TO {account}"));
            std::iter::once(create).chain(granted)
        })
        .collect::<Vec<_>>()
        .join(";")
}

#[test]
fn a_role_with_some_privileges_sees_what_it_may() {
    let role = create_role(
        "clerk",
        &[
            "SELECT ON parents",
            "SELECT ON children",
            "INSERT ON inbox",
            "SELECT (id) ON partly",
        ],
    );
    for server in servers() {
        let database = server.database(&format!("{CLERKS_TABLES}; {role}"));
        let source = open(&url_of(&database, "clerk", "S3cret%3A%2F%40"));
        let read = source.read_schema().unwrap();
        assert!(!read.schema.sees_all_tables);
        assert!(read.schema.table(&name(&database, "secrets")).is_none());
        assert!(table(&read, &database, "parents").readable);
        assert!(!table(&read, &database, "inbox").readable);
        assert_eq!(table(&read, &database, "partly").columns.len(), 1);
        let children = table(&read, &database, "children");
        assert!(children.readable);
        // MariaDB hides the actions from such a role in information_schema.
        let shown = foreign_key(children, "shown");
        assert_eq!((shown.on_delete, shown.on_update), (Action::Cascade, Action::SetNull));
        assert_eq!(foreign_key(children, "veiled").parent, name(&database, "secrets"));
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        session.begin().unwrap();
        let failure = session.query("SELECT * FROM inbox", &mut |_| {}).unwrap_err();
        session.end();
        assert_eq!(failure.kind, QueryFailure::Permission);
        assert!(!failure.to_string().contains("S3cret"));
    }
}

#[test]
fn a_role_that_may_read_a_database_sees_all_of_it() {
    for server in servers() {
        let database = server.database(CLERKS_TABLES);
        let role = create_role("reader", &[&format!("SELECT ON `{}`.*", database.name())]);
        server.database(&role);
        let read = read(&url_of(&database, "reader", "S3cret%3A%2F%40"));
        assert!(read.schema.sees_all_tables && read.notes.is_empty());
        let shown = foreign_key(table(&read, &database, "children"), "shown");
        assert_eq!((shown.on_delete, shown.on_update), (Action::Cascade, Action::SetNull));
    }
}

#[test]
fn sessions_cannot_write_and_keep_their_snapshot() {
    let sql = "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1)";
    for server in servers() {
        let database = server.database(sql);
        let source = open(&database.url());
        let mut session = source.sessions(2).unwrap().pop().unwrap();
        for statement in ["DELETE FROM t", "DROP TABLE t", "CREATE TABLE u (id INT)"] {
            session.begin().unwrap();
            assert!(session.query(statement, &mut |_| {}).is_err(), "{statement}");
            session.end();
            assert!(session.query(statement, &mut |_| {}).is_err(), "{statement}");
        }
        session.begin().unwrap();
        server.database(&format!("INSERT INTO `{}`.t VALUES (2)", database.name()));
        assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t"), 1);
        session.end();
        session.begin().unwrap();
        assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t"), 2);
        session.end();
    }
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let options = ConnectOptions {
        statement_timeout: Duration::from_millis(300),
        ..ConnectOptions::default()
    };
    let sql = "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; \
               INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), \
               (8), (9), (10), (11), (12), (13), (14), (15), (16), (17), (18), (19), (20)";
    for server in servers() {
        let database = server.database(sql);
        let source = mysql::open(&database.url(), &options).unwrap();
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        let endless = "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f, t g, t h \
                       WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id + h.id < 0";
        let failure = session.query(endless, &mut |_| {}).unwrap_err();
        assert_eq!(failure.kind, QueryFailure::StatementTimeout, "{failure}");
        // The session goes on.
        assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t"), 20);
    }
}

#[test]
fn refusals_are_told_without_the_password() {
    let refusal = |url: &str| {
        let error = mysql::open(url, &ConnectOptions::default()).err().unwrap();
        error.to_string()
    };
    for server in servers() {
        let database = server.database(&create_role("stranger", &[]));
        let wrong_password = refusal(&url_of(&database, "stranger", "hunter2"));
        let expected = "Access denied for user 'stranger'";
        assert!(wrong_password.contains(expected), "{wrong_password}");
        assert!(!wrong_password.contains("hunter2"));
        let unknown = refusal(&url_of(&database, "nobody", "hunter2"));
        assert!(unknown.contains("nobody") && !unknown.contains("hunter2"), "{unknown}");
        let missing = refusal(&database.url().replace(database.name(), "no_such_database"));
        assert!(missing.contains("Unknown database 'no_such_database'"), "{missing}");
    }
    let refused = refusal("mysql://root@127.0.0.1:1/x");
    assert!(refused.contains("nothing listens at 127.0.0.1:1"), "{refused}");
}
