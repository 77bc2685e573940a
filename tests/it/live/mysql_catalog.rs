//! What is read from the catalogues of MySQL and MariaDB, and the SQL that is written for their types, on real servers.

use relaudit::dialect::{ConnectOptions, Database as Source, KeyExpression, Session, mysql};
use relaudit::schema::{
    Action, Column, ForeignKey, Generated, Ident, Index, IndexPart, Read, Table, TableKind, TableName, TypeFamily,
};

use crate::live::server::{self, Database, Server};

fn servers() -> [&'static Server; 3] {
    [server::mysql97(), server::mysql56(), server::mariadb()]
}

fn open(url: &str) -> Box<dyn Source> {
    mysql::open(url, &ConnectOptions::default()).unwrap()
}

fn read(url: &str) -> Read {
    open(url).read_schema().unwrap()
}

/// The address of the same database for another role.
fn url_of(database: &Database, user: &str, password: &str) -> String {
    let url = database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{user}:{password}@{place}")
}

fn name(database: &Database, table: &str) -> TableName {
    TableName::qualified(database.name(), table)
}

fn table<'a>(read: &'a Read, database: &Database, table: &str) -> &'a Table {
    read.schema.table(&name(database, table)).unwrap()
}

fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.column(&name.into()).unwrap()
}

fn index<'a>(table: &'a Table, name: &str) -> &'a Index {
    table.indexes.iter().find(|index| index.name.as_str() == name).unwrap()
}

fn foreign_key<'a>(table: &'a Table, name: &str) -> &'a ForeignKey {
    let is_wanted = |key: &&ForeignKey| key.name == Some(Ident::new(name));
    table.foreign_keys.iter().find(is_wanted).unwrap()
}

fn names(columns: &[Ident]) -> Vec<&str> {
    columns.iter().map(Ident::as_str).collect()
}

fn is_mariadb(source: &dyn Source) -> bool {
    source.info().kind == "mariadb"
}

/// Major and minor version.
fn version(source: &dyn Source) -> (u32, u32) {
    let server = &source.info().server;
    let numbers = server.split(' ').nth(1).unwrap();
    let mut numbers = numbers.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The rows of a statement.
fn rows(session: &mut dyn Session, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    session
        .query(sql, &mut |row| rows.push(row))
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    rows
}

fn number(session: &mut dyn Session, sql: &str) -> u64 {
    rows(session, sql)[0][0].as_ref().unwrap().parse().unwrap()
}

#[test]
fn a_source_is_named_by_host_and_database() {
    for (server, kind, product) in [
        (server::mysql97(), "mysql", "MySQL "),
        (server::mysql56(), "mysql", "MySQL 5.6."),
        (server::mariadb(), "mariadb", "MariaDB 10.11."),
    ] {
        let database = server.database("");
        let source = open(&database.url());
        assert_eq!(source.info().kind, kind);
        assert_eq!(source.dialect().name(), kind);
        assert!(source.info().name.ends_with(&format!("/{}", database.name())));
        assert!(source.info().server.starts_with(product), "{:?}", source.info());
    }
}

#[test]
fn columns_are_read_with_their_types() {
    let sql = "CREATE TABLE t (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the \"key\"',
        tiny TINYINT(1) NOT NULL DEFAULT 7,
        medium MEDIUMINT UNSIGNED ZEROFILL,
        price DECIMAL(10,2),
        real_number DOUBLE,
        flag BIT(1),
        flags BIT(8),
        code CHAR(8) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x''y',
        title VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci,
        body LONGTEXT,
        digest BINARY(16),
        made DATETIME,
        state ENUM('new', 'it''s', 'a,b', 'ba\\\\ck', 'Ünï') CHARACTER SET utf8mb4,
        tags SET('x', 'y')
      ) ENGINE=InnoDB COMMENT='things';
      CREATE VIEW v AS SELECT id, title FROM t;
      INSERT INTO t (title) VALUES ('a'), ('b')";
    for server in servers() {
        let database = server.database(sql);
        let read = read(&database.url());
        let t = table(&read, &database, "t");
        assert_eq!(t.kind, TableKind::Table);
        assert_eq!(t.engine.as_deref(), Some("InnoDB"));
        assert_eq!(t.comment.as_deref(), Some("things"));
        assert!(t.size_bytes.is_some_and(|bytes| bytes > 0) && t.estimated_rows.is_some());
        assert!(t.readable && t.audited);
        let declared: Vec<&str> = t.columns.iter().map(|column| column.name.as_str()).collect();
        let expected = "id tiny medium price real_number flag flags code title body digest made state tags";
        assert_eq!(declared.join(" "), expected);

        let id = column(t, "id");
        let integer = |bits, unsigned| TypeFamily::Integer { bits, unsigned };
        assert_eq!(id.ty.family, integer(64, true));
        assert!(id.identity && !id.nullable && id.default.is_none());
        assert_eq!(id.comment.as_deref(), Some("the \"key\""));
        assert_eq!(column(t, "tiny").ty.family, integer(8, false));
        assert_eq!(column(t, "tiny").default.as_deref(), Some("7"));
        assert_eq!(column(t, "medium").ty.family, integer(24, true));
        assert!(column(t, "medium").nullable && column(t, "medium").default.is_none());
        assert_eq!(column(t, "price").ty.family, TypeFamily::Decimal { scale: Some(2) });
        assert_eq!(column(t, "real_number").ty.family, TypeFamily::Float);
        assert_eq!(column(t, "flag").ty.family, TypeFamily::Boolean);
        assert_eq!(column(t, "flags").ty.family, TypeFamily::Other);
        assert_eq!(column(t, "digest").ty.family, TypeFamily::Bytes);
        assert_eq!(column(t, "digest").ty.length, Some(16));
        assert!(column(t, "digest").ty.collation.is_none());
        assert_eq!(column(t, "made").ty.family, TypeFamily::Temporal);
        assert_eq!(column(t, "tags").ty.family, TypeFamily::Other);
        assert_eq!(column(t, "state").ty.family, TypeFamily::Enum);
        assert_eq!(column(t, "state").ty.labels, ["new", "it's", "a,b", "ba\\ck", "Ünï"]);

        let code = &column(t, "code").ty;
        let collation = code.collation.as_ref().unwrap();
        assert_eq!((code.family, code.length), (TypeFamily::Text, Some(8)));
        assert_eq!(
            (collation.name.as_str(), collation.charset.as_deref()),
            ("latin1_bin", Some("latin1"))
        );
        assert_eq!((collation.folds, collation.pads), (false, true));
        assert!(
            column(t, "code")
                .default
                .as_deref()
                .is_some_and(|default| default.contains('y'))
        );
        let collation = column(t, "title").ty.collation.as_ref().unwrap();
        assert_eq!(
            (collation.name.as_str(), collation.folds, collation.pads),
            ("utf8mb4_unicode_ci", true, true)
        );

        let v = table(&read, &database, "v");
        assert_eq!((v.kind, v.columns.len()), (TableKind::View, 2));
        assert!(v.comment.is_none() && read.notes.is_empty());
    }
}

#[test]
fn newer_servers_have_more_kinds_of_columns() {
    let database = server::mysql97().database(
        "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1) VIRTUAL, c INT AS (a + 2) STORED,
           j JSON, d VARCHAR(20) DEFAULT (UUID()), s VARCHAR(9) COLLATE utf8mb4_0900_as_cs,
           f VARCHAR(9) COLLATE utf8mb4_0900_ai_ci, CHECK (a > 0), CONSTRAINT lax CHECK (a < 9) NOT ENFORCED)",
    );
    let mysql = read(&database.url());
    let t = table(&mysql, &database, "t");
    assert_eq!(column(t, "a").generated, None);
    assert_eq!(column(t, "b").generated, Some(Generated::Virtual));
    assert_eq!(column(t, "c").generated, Some(Generated::Stored));
    assert_eq!(column(t, "d").generated, None);
    assert_eq!(column(t, "j").ty.family, TypeFamily::Json);
    let collation = |name| column(t, name).ty.collation.clone().unwrap();
    assert_eq!((collation("s").folds, collation("s").pads), (false, false));
    assert_eq!((collation("f").folds, collation("f").pads), (true, false));
    assert_eq!(t.checks, ["(`a` > 0)"]);

    let database = server::mariadb().database(
        "CREATE TABLE t (a INT CHECK (a > 0), b INT AS (a + 1) VIRTUAL, c INT AS (a + 2) PERSISTENT, u UUID, i INET6,
           s VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin, CONSTRAINT low CHECK (a < 9));
         CREATE SEQUENCE numbers",
    );
    let mariadb = read(&database.url());
    let t = table(&mariadb, &database, "t");
    assert_eq!(column(t, "b").generated, Some(Generated::Virtual));
    assert_eq!(column(t, "c").generated, Some(Generated::Stored));
    assert_eq!(column(t, "u").ty.family, TypeFamily::Uuid);
    assert_eq!(column(t, "i").ty.family, TypeFamily::Other);
    assert_eq!(column(t, "b").default, None);
    let collation = column(t, "s").ty.collation.as_ref().unwrap();
    assert_eq!((collation.folds, collation.pads), (false, false));
    assert_eq!(t.checks, ["`a` > 0", "`a` < 9"]);
    assert_eq!(mariadb.schema.tables.len(), 1);
}

#[test]
fn indexes_and_keys_are_read() {
    let sql = "CREATE TABLE t (
        a INT NOT NULL, b INT NOT NULL, s VARCHAR(80), body TEXT,
        UNIQUE KEY whole (b, s), UNIQUE KEY beginning (s(5)), KEY mixed (a, s(7)), FULLTEXT KEY words (body),
        PRIMARY KEY (b, a)
      ) ENGINE=InnoDB";
    for server in servers() {
        let database = server.database(sql);
        let read = read(&database.url());
        let t = table(&read, &database, "t");
        let keys: Vec<(&str, Vec<&str>, bool)> = t
            .keys
            .iter()
            .map(|key| (key.name.as_ref().unwrap().as_str(), names(&key.columns), key.primary))
            .collect();
        assert_eq!(
            keys,
            [("PRIMARY", vec!["b", "a"], true), ("whole", vec!["b", "s"], false)]
        );
        assert_eq!(t.indexes.len(), 5);
        let beginning = index(t, "beginning");
        assert!(beginning.unique && !beginning.is_full_unique_key() && beginning.constraint.is_none());
        assert_eq!(beginning.parts[0].prefix, Some(5));
        let mixed = index(t, "mixed");
        assert!(!mixed.unique && mixed.visible && mixed.method == "btree");
        assert_eq!(mixed.parts[0], IndexPart::column("a"));
        assert_eq!(mixed.parts[1].prefix, Some(7));
        let words = index(t, "words");
        assert_eq!((words.method.as_str(), words.parts[0].prefix), ("fulltext", None));
        assert_eq!(index(t, "PRIMARY").constraint, Some("PRIMARY".into()));
        assert!(t.is_unique_key(&["a".into(), "b".into()]) && !t.is_unique_key(&["s".into()]));
    }
}

#[test]
fn newer_servers_have_more_kinds_of_indexes() {
    let database = server::mysql97().database(
        "CREATE TABLE t (a INT, b INT, s VARCHAR(20), UNIQUE KEY lowered ((LOWER(s))), KEY hidden (a) INVISIBLE,
           KEY down (b DESC))",
    );
    let mysql = read(&database.url());
    let t = table(&mysql, &database, "t");
    let lowered = index(t, "lowered");
    assert_eq!(lowered.parts[0].column, None);
    assert_eq!(lowered.parts[0].expression.as_deref(), Some("lower(`s`)"));
    assert!(lowered.unique && t.keys.is_empty());
    assert!(!index(t, "hidden").visible && index(t, "down").visible);
    assert!(index(t, "down").parts[0].descending && !index(t, "hidden").parts[0].descending);

    let database =
        server::mariadb().database("CREATE TABLE t (a INT, b INT, KEY hidden (a) IGNORED, KEY down (b DESC))");
    let mariadb = read(&database.url());
    let t = table(&mariadb, &database, "t");
    assert!(!index(t, "hidden").visible && index(t, "down").visible);
    assert!(index(t, "down").parts[0].descending);
}

#[test]
fn foreign_keys_are_read_under_the_names_of_the_tables() {
    let sql =
        "CREATE TABLE parents (id INT, Code VARCHAR(9) CHARACTER SET latin1, PRIMARY KEY (id, Code)) ENGINE=InnoDB;
      CREATE TABLE single (id INT PRIMARY KEY) ENGINE=InnoDB;
      CREATE TABLE children (
        id INT PRIMARY KEY, P_Code VARCHAR(9) CHARACTER SET latin1, p_id INT, s INT, self INT,
        CONSTRAINT pair FOREIGN KEY (P_ID, p_code) REFERENCES parents (ID, code) ON DELETE CASCADE ON UPDATE SET NULL,
        CONSTRAINT plain FOREIGN KEY (s) REFERENCES single (id),
        CONSTRAINT tree FOREIGN KEY (self) REFERENCES children (id) ON DELETE SET NULL
      ) ENGINE=InnoDB;
      SET foreign_key_checks = 0;
      CREATE TABLE strays (id INT PRIMARY KEY, g INT, CONSTRAINT gone FOREIGN KEY (g) REFERENCES nowhere (id))
        ENGINE=InnoDB";
    for server in servers() {
        let database = server.database(sql);
        let read = read(&database.url());
        assert!(read.schema.sees_all_tables);
        let children = table(&read, &database, "children");
        let all: Vec<&str> = children
            .foreign_keys
            .iter()
            .filter_map(|key| key.name.as_ref())
            .map(Ident::as_str)
            .collect();
        assert_eq!(all, ["pair", "plain", "tree"]);
        let pair = foreign_key(children, "pair");
        assert_eq!(names(&pair.columns), ["p_id", "P_Code"]);
        assert_eq!(pair.parent, name(&database, "parents"));
        assert_eq!(names(&pair.parent_columns), ["id", "Code"]);
        assert_eq!((pair.on_delete, pair.on_update), (Action::Cascade, Action::SetNull));
        assert!(pair.validated && pair.enforced);
        let plain = foreign_key(children, "plain");
        assert!(plain.on_delete.refuses() && plain.on_update.refuses());
        assert_eq!(foreign_key(children, "tree").parent, children.name);
        let gone = foreign_key(table(&read, &database, "strays"), "gone");
        assert_eq!(gone.parent, name(&database, "nowhere"));
        assert_eq!(names(&gone.parent_columns), ["id"]);
        assert!(read.schema.table(&gone.parent).is_none());
    }
}

#[test]
fn foreign_keys_between_databases_bring_the_other_table() {
    for server in servers() {
        let far = server.database(
            "CREATE TABLE parents (id INT PRIMARY KEY) ENGINE=InnoDB;
             CREATE TABLE bystanders (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parents (id)) ENGINE=InnoDB",
        );
        let near = server.database(&format!(
            "CREATE TABLE children (id INT PRIMARY KEY, p INT,
               CONSTRAINT across FOREIGN KEY (p) REFERENCES `{}`.parents (id) ON DELETE CASCADE) ENGINE=InnoDB",
            far.name()
        ));
        let from_child = read(&near.url());
        let across = foreign_key(table(&from_child, &near, "children"), "across");
        assert_eq!(across.parent, name(&far, "parents"));
        assert_eq!(across.on_delete, Action::Cascade);
        assert_eq!(from_child.schema.tables.len(), 2);
        assert!(table(&from_child, &near, "children").audited);
        let parents = table(&from_child, &far, "parents");
        assert!(!parents.audited && parents.primary_key().is_some());

        let from_parent = read(&far.url());
        assert_eq!(from_parent.schema.tables.len(), 3);
        assert!(table(&from_parent, &far, "bystanders").audited);
        let children = table(&from_parent, &near, "children");
        assert!(!children.audited);
        assert_eq!(foreign_key(children, "across").parent, name(&far, "parents"));

        // Without a database, all of them are audited.
        let url = near.url();
        let (server_url, _) = url.split_once(near.name()).unwrap();
        let whole = read(server_url);
        assert!(table(&whole, &near, "children").audited && table(&whole, &far, "parents").audited);
        let is_system = |table: &TableName| {
            let namespace = table.namespace.as_ref().unwrap().as_str().to_ascii_lowercase();
            ["mysql", "information_schema", "performance_schema", "sys"].contains(&namespace.as_str())
        };
        assert!(!whole.schema.tables.keys().any(is_system));
    }
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
        let source = open(&server.database("").url());
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        for text in texts {
            let sql = format!("SELECT {}", source.dialect().literal(text));
            assert_eq!(rows(&mut *session, &sql), [[Some(text.to_owned())]], "{text:?}");
        }
    }
}

#[test]
fn engines_without_foreign_keys_are_noted() {
    let sql = "CREATE TABLE parents (id INT PRIMARY KEY) ENGINE=InnoDB;
      CREATE TABLE old (id INT PRIMARY KEY, p INT, CONSTRAINT ignored FOREIGN KEY (p) REFERENCES parents (id))
        ENGINE=MyISAM";
    for server in servers() {
        let database = server.database(sql);
        let read = read(&database.url());
        let old = table(&read, &database, "old");
        assert_eq!(old.engine.as_deref(), Some("MyISAM"));
        assert!(old.foreign_keys.is_empty());
        assert_eq!(read.notes.len(), 1);
        assert!(read.notes[0].message.starts_with("MyISAM enforces no foreign keys"));
        assert!(read.notes[0].message.ends_with(&format!("{}.old", database.name())));
    }
    let database = server::mariadb().database("CREATE TABLE a (id INT PRIMARY KEY) ENGINE=Aria");
    assert!(
        read(&database.url()).notes[0]
            .message
            .starts_with("Aria enforces no foreign keys")
    );
}

#[test]
fn partitioned_tables_are_one_table() {
    let sql = "CREATE TABLE logs (id INT PRIMARY KEY) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 4";
    for server in servers() {
        let database = server.database(sql);
        let read = read(&database.url());
        assert_eq!(read.schema.tables.len(), 1);
        assert_eq!(table(&read, &database, "logs").kind, TableKind::Partitioned);
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
        assert_eq!(failure.kind, relaudit::dialect::QueryFailure::Permission);
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
        statement_timeout: std::time::Duration::from_millis(300),
        ..ConnectOptions::default()
    };
    let sql = "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), \
               (8), (9), (10), (11), (12), (13), (14), (15), (16), (17), (18), (19), (20)";
    for server in servers() {
        let database = server.database(sql);
        let source = mysql::open(&database.url(), &options).unwrap();
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        let endless = "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f, t g, t h \
                       WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id + h.id < 0";
        let failure = session.query(endless, &mut |_| {}).unwrap_err();
        assert_eq!(
            failure.kind,
            relaudit::dialect::QueryFailure::StatementTimeout,
            "{failure}"
        );
        // The session goes on.
        assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t"), 20);
    }
}

/// Child type and value, parent type and value, and whether the child's key is the parent's.
type Pair = (&'static str, &'static str, &'static str, &'static str, bool);

const PAIRS: &[Pair] = &[
    // Integers of any width and sign, and decimals.
    ("INT", "7", "BIGINT UNSIGNED", "7", true),
    ("TINYINT", "-1", "BIGINT UNSIGNED", "18446744073709551615", false),
    ("BIGINT UNSIGNED", "18446744073709551615", "BIGINT", "-1", false),
    (
        "BIGINT",
        "9007199254740993",
        "BIGINT UNSIGNED",
        "9007199254740992",
        false,
    ),
    ("DECIMAL(20,0)", "9007199254740993", "BIGINT", "9007199254740992", false),
    ("DECIMAL(20,2)", "12.00", "INT", "12", true),
    ("DECIMAL(20,2)", "12.01", "INT", "12", false),
    ("INT(6) ZEROFILL", "7", "INT", "7", true),
    ("BIT(1)", "1", "TINYINT", "1", true),
    ("BIT(8)", "65", "BIT(8)", "65", true),
    // Floating point cannot tell these two apart.
    ("DOUBLE", "9007199254740992", "BIGINT", "9007199254740993", false),
    ("BIGINT", "9007199254740993", "DOUBLE", "9007199254740992", false),
    ("DOUBLE", "12", "INT", "12", true),
    ("INT", "12", "DOUBLE", "12.5", false),
    // Numbers and texts.
    ("VARCHAR(20)", "'12abc'", "INT", "12", false),
    ("VARCHAR(20)", "'12'", "INT", "12", true),
    ("VARCHAR(20)", "'012'", "INT", "12", false),
    ("VARCHAR(20)", "''", "INT", "0", false),
    ("VARCHAR(20)", "'abc'", "INT", "0", false),
    ("VARCHAR(20)", "'-5'", "BIGINT UNSIGNED", "18446744073709551611", false),
    (
        "VARCHAR(30)",
        "'99999999999999999999'",
        "BIGINT UNSIGNED",
        "18446744073709551615",
        false,
    ),
    (
        "VARCHAR(30)",
        "'18446744073709551615'",
        "BIGINT UNSIGNED",
        "18446744073709551615",
        true,
    ),
    ("VARCHAR(20)", "'7'", "INT(6) ZEROFILL", "7", true),
    ("VARCHAR(20)", "'1.50'", "DECIMAL(10,2)", "1.5", true),
    ("INT", "12", "VARCHAR(20)", "'12abc'", false),
    ("INT", "12", "VARCHAR(20)", "'12'", true),
    ("INT", "12", "VARCHAR(20) CHARACTER SET latin1", "'12'", true),
    ("INT", "12", "VARCHAR(20) CHARACTER SET ucs2", "'12'", true),
    (
        "INT(6) ZEROFILL",
        "12",
        "CHAR(20) CHARACTER SET ascii COLLATE ascii_bin",
        "'12'",
        true,
    ),
    (
        "INT",
        "1",
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "'１'",
        false,
    ),
    ("BIT(1)", "1", "VARCHAR(20)", "'1'", true),
    // Texts, by the parent's collation.
    (
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "'Ab'",
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        "'aB '",
        true,
    ),
    (
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        "'Ab'",
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "'ab'",
        false,
    ),
    (
        "VARCHAR(20) CHARACTER SET latin1",
        "'Ünï'",
        "VARCHAR(20) CHARACTER SET utf8mb4",
        "'ünï'",
        true,
    ),
    (
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "'Ünï'",
        "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin",
        "'Ünï'",
        true,
    ),
    // A question mark stands for what the character set does not have.
    (
        "VARCHAR(20) CHARACTER SET utf8mb4",
        "'日'",
        "VARCHAR(20) CHARACTER SET latin1",
        "'?'",
        false,
    ),
    (
        "VARCHAR(20) CHARACTER SET utf8mb4",
        "'😀'",
        "VARCHAR(20) CHARACTER SET utf8",
        "'?'",
        false,
    ),
    (
        "VARCHAR(20) CHARACTER SET ascii",
        "'x'",
        "VARCHAR(20) CHARACTER SET latin1",
        "'X'",
        true,
    ),
    (
        "VARCHAR(20) CHARACTER SET ucs2",
        "'日'",
        "VARCHAR(20) CHARACTER SET utf8",
        "'日'",
        true,
    ),
    ("CHAR(20)", "'x'", "VARCHAR(20)", "'x'", true),
    // Bytes.
    (
        "BINARY(16)",
        "X'00112233445566778899AABBCCDDEEFF'",
        "VARBINARY(16)",
        "X'00112233445566778899AABBCCDDEEFF'",
        true,
    ),
    ("BINARY(4)", "'ab'", "VARBINARY(4)", "'ab'", false),
    (
        "VARCHAR(20) CHARACTER SET latin1",
        "'ab'",
        "VARBINARY(20)",
        "'ab'",
        true,
    ),
    (
        "VARCHAR(20) CHARACTER SET latin1",
        "'AB'",
        "VARBINARY(20)",
        "'ab'",
        false,
    ),
    (
        "VARBINARY(20)",
        "'ab'",
        "VARCHAR(20) CHARACTER SET latin1",
        "'ab'",
        true,
    ),
    (
        "VARBINARY(20)",
        "'AB'",
        "VARCHAR(20) CHARACTER SET latin1",
        "'ab'",
        false,
    ),
    (
        "VARBINARY(20)",
        "X'FF'",
        "VARCHAR(20) CHARACTER SET utf8mb4",
        "'?'",
        false,
    ),
    ("VARBINARY(20)", "'12'", "INT", "12", false),
    // Labels, by what they say and not by their number.
    ("ENUM('a','b')", "'b'", "ENUM('b','a')", "'b'", true),
    ("ENUM('a','b')", "'a'", "ENUM('b','a')", "'b'", false),
    ("ENUM('a','b')", "'b'", "VARCHAR(9) CHARACTER SET latin1", "'B'", true),
    (
        "VARCHAR(9) CHARACTER SET utf8mb4",
        "'b'",
        "ENUM('a','b') CHARACTER SET latin1",
        "'b'",
        true,
    ),
    ("VARCHAR(9)", "'2'", "ENUM('a','b')", "'b'", false),
    ("ENUM('12','7')", "'7'", "INT", "7", true),
    ("INT", "2", "ENUM('12','7')", "'7'", false),
    // Times.
    ("DATE", "'2024-02-29'", "DATETIME", "'2024-02-29 00:00:00'", true),
    ("VARCHAR(20)", "'2024-02-29x'", "DATE", "'2024-02-29'", false),
];

/// Of MariaDB only.
const MARIADB_PAIRS: &[Pair] = &[
    (
        "CHAR(36)",
        "'00112233-4455-6677-8899-AABBCCDDEEFF'",
        "UUID",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        true,
    ),
    (
        "CHAR(36)",
        "'nonsense'",
        "UUID",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        false,
    ),
    (
        "UUID",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        "CHAR(36)",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        true,
    ),
    (
        "BINARY(16)",
        "X'00112233445566778899AABBCCDDEEFF'",
        "UUID",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        true,
    ),
    (
        "UUID",
        "'00112233-4455-6677-8899-aabbccddeeff'",
        "BINARY(16)",
        "X'00112233445566778899AABBCCDDEEFF'",
        true,
    ),
    ("INET6", "'::1'", "VARCHAR(40)", "'::1'", true),
    ("VARCHAR(40)", "'::2'", "INET6", "'::1'", false),
];

#[test]
fn keys_are_equal_when_the_values_are() {
    for server in servers() {
        let mariadb = is_mariadb(&*open(&server.database("").url()));
        let pairs: Vec<&Pair> = PAIRS.iter().chain(MARIADB_PAIRS.iter().filter(|_| mariadb)).collect();
        let tables: Vec<String> = pairs
            .iter()
            .enumerate()
            .map(|(at, (child, child_value, parent, parent_value, _))| {
                format!(
                    "CREATE TABLE c{at} (k {child}) ENGINE=InnoDB; INSERT INTO c{at} VALUES ({child_value}); \
                     CREATE TABLE p{at} (k {parent}, KEY (k)) ENGINE=InnoDB; INSERT INTO p{at} VALUES ({parent_value})"
                )
            })
            .collect();
        let database = server.database(&format!("SET NAMES utf8mb4; {}", tables.join(";")));
        let source = open(&database.url());
        let read = source.read_schema().unwrap();
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        for (at, pair) in pairs.into_iter().enumerate() {
            let of = |name: String| column(table(&read, &database, &name), "k").ty.clone();
            let (child, parent) = (of(format!("c{at}")), of(format!("p{at}")));
            let equal = source.dialect().keys_equal(
                KeyExpression {
                    sql: "c.`k`",
                    ty: &child,
                },
                KeyExpression {
                    sql: "p.`k`",
                    ty: &parent,
                },
            );
            let found = number(
                &mut *session,
                &format!("SELECT COUNT(*) FROM c{at} c WHERE EXISTS (SELECT 1 FROM p{at} p WHERE {equal})"),
            );
            let orphaned = number(
                &mut *session,
                &format!("SELECT COUNT(*) FROM c{at} c WHERE NOT EXISTS (SELECT 1 FROM p{at} p WHERE {equal})"),
            );
            let null = number(
                &mut *session,
                &format!("SELECT COUNT(*) FROM c{at} c, p{at} p WHERE ({equal}) IS NULL"),
            );
            let expected = if pair.4 { (1, 0, 0) } else { (0, 1, 0) };
            assert_eq!(
                (found, orphaned, null),
                expected,
                "{pair:?} on {}: {equal}",
                source.info().server
            );
        }
    }
}

#[test]
fn the_parents_index_is_used_wherever_the_types_allow() {
    let types = [
        ("INT", "BIGINT UNSIGNED"),
        (
            "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        ),
        (
            "VARCHAR(20) CHARACTER SET latin1",
            "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        ),
        ("VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(20) CHARACTER SET latin1"),
        ("VARCHAR(20)", "BIGINT"),
        ("BIGINT", "VARCHAR(20) CHARACTER SET utf8mb4"),
        ("VARCHAR(20)", "VARBINARY(20)"),
        ("VARBINARY(20)", "VARCHAR(20) CHARACTER SET utf8mb4"),
    ];
    for server in servers() {
        let tables: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(at, (child, parent))| {
                let fill: Vec<String> = (0..300).map(|value| format!("('{value}')")).collect();
                let fill = fill.join(",");
                format!(
                    "CREATE TABLE c{at} (k {child}) ENGINE=InnoDB; INSERT INTO c{at} VALUES ('1'), ('2'); \
                     CREATE TABLE p{at} (k {parent} NOT NULL PRIMARY KEY) ENGINE=InnoDB; INSERT INTO p{at} VALUES {fill}; \
                     ANALYZE TABLE p{at}"
                )
            })
            .collect();
        let database = server.database(&tables.join(";"));
        let source = open(&database.url());
        let read = source.read_schema().unwrap();
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        for (at, pair) in types.iter().enumerate() {
            let of = |name: String| column(table(&read, &database, &name), "k").ty.clone();
            let (child, parent) = (of(format!("c{at}")), of(format!("p{at}")));
            let equal = source.dialect().keys_equal(
                KeyExpression {
                    sql: "c.`k`",
                    ty: &child,
                },
                KeyExpression {
                    sql: "p.`k`",
                    ty: &parent,
                },
            );
            // The text form of the plan has other columns on each server; the access to `p` is in all of them.
            let keyword = if version(&*source) >= (8, 0) && !is_mariadb(&*source) {
                "EXPLAIN FORMAT=TRADITIONAL"
            } else {
                "EXPLAIN"
            };
            let plan = rows(
                &mut *session,
                &format!(
                    "{keyword} SELECT COUNT(*) FROM c{at} c WHERE NOT EXISTS (SELECT 1 FROM p{at} p WHERE {equal})"
                ),
            );
            let by_key = plan.iter().any(|row| {
                row.iter().any(|value| value.as_deref() == Some("p"))
                    && row
                        .iter()
                        .flatten()
                        .any(|value| ["eq_ref", "ref", "unique_subquery"].contains(&value.as_str()))
            });
            assert!(by_key, "{pair:?} on {}: {equal}\n{plan:?}", source.info().server);
        }
    }
}

#[test]
fn values_are_shown_as_people_write_them() {
    let cases = [
        ("INT(5) ZEROFILL", "7", "7"),
        ("BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"),
        ("DECIMAL(10,2)", "1.5", "1.50"),
        ("VARCHAR(20) CHARACTER SET latin1", "'Ünï'", "Ünï"),
        ("VARCHAR(20) CHARACTER SET utf8mb4", "'日😀'", "日😀"),
        (
            "BINARY(16)",
            "X'00112233445566778899AABBCCDDEEFF'",
            "0x00112233445566778899AABBCCDDEEFF",
        ),
        ("ENUM('a','b')", "'b'", "b"),
        ("BIT(1)", "1", "1"),
        ("BIT(8)", "65", "65"),
        ("DATETIME", "'2024-02-29 12:00:00'", "2024-02-29 12:00:00"),
        (
            "POINT",
            "GeomFromText('POINT(1 2)')",
            "0x000000000101000000000000000000F03F0000000000000040",
        ),
    ];
    for server in servers() {
        let mysql8 = {
            let source = open(&server.database("").url());
            !is_mariadb(&*source) && version(&*source) >= (8, 0)
        };
        let columns: Vec<String> = cases
            .iter()
            .enumerate()
            .map(|(at, (declared, _, _))| format!("k{at} {declared}"))
            .collect();
        let values: Vec<String> = cases
            .iter()
            .map(|(_, value, _)| {
                // MySQL 8.0 knows the function by the standard's name only.
                let function = if mysql8 { "ST_GeomFromText" } else { "GeomFromText" };
                value.replace("GeomFromText", function)
            })
            .collect();
        let database = server.database(&format!(
            "SET NAMES utf8mb4; CREATE TABLE t ({}) ENGINE=InnoDB; INSERT INTO t VALUES ({})",
            columns.join(", "),
            values.join(", ")
        ));
        let source = open(&database.url());
        let read = source.read_schema().unwrap();
        let t = table(&read, &database, "t");
        let texts: Vec<String> = t
            .columns
            .iter()
            .map(|column| source.dialect().as_text(&format!("c.{}", column.name), &column.ty))
            .collect();
        let mut session = source.sessions(1).unwrap().pop().unwrap();
        let found = rows(&mut *session, &format!("SELECT {} FROM t c", texts.join(", ")));
        let expected: Vec<Option<String>> = cases.iter().map(|(_, _, text)| Some((*text).to_owned())).collect();
        assert_eq!(found, [expected]);
    }
}

#[test]
fn refusals_are_told_without_the_password() {
    for server in servers() {
        let database = server.database("");
        let refusal = |url: &str| {
            let error = mysql::open(url, &ConnectOptions::default()).err().unwrap();
            error.to_string()
        };
        let wrong_password = refusal(&url_of(&database, "nobody", "hunter2"));
        assert!(
            wrong_password.contains("Access denied for user 'nobody'"),
            "{wrong_password}"
        );
        assert!(!wrong_password.contains("hunter2"));
        let missing = refusal(&database.url().replace(database.name(), "no_such_database"));
        assert!(missing.contains("Unknown database 'no_such_database'"), "{missing}");
    }
    let refused = mysql::open("mysql://root@127.0.0.1:1/x", &ConnectOptions::default());
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("nothing listens at 127.0.0.1:1"), "{refused}");
}
