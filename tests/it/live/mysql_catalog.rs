//! What is read from the catalogues of MySQL and MariaDB.

use relaudit::dialect::{ConnectOptions, Database as Source, mysql};
use relaudit::schema::{
    Action, Column, ForeignKey, Generated, Ident, Index, IndexPart, Read, Table, TableKind, TableName, TypeFamily,
};

use crate::live::server::{self, Database, Server};

pub(crate) fn servers() -> [&'static Server; 3] {
    [server::mysql97(), server::mysql56(), server::mariadb()]
}

pub(crate) fn open(url: &str) -> Box<dyn Source> {
    mysql::open(url, &ConnectOptions::default()).unwrap()
}

pub(crate) fn read(url: &str) -> Read {
    open(url).read_schema().unwrap()
}

pub(crate) fn name(database: &Database, table: &str) -> TableName {
    TableName::qualified(database.name(), table)
}

pub(crate) fn table<'a>(read: &'a Read, database: &Database, table: &str) -> &'a Table {
    read.schema.table(&name(database, table)).unwrap()
}

pub(crate) fn column<'a>(table: &'a Table, name: &str) -> &'a Column {
    table.column(&name.into()).unwrap()
}

fn index<'a>(table: &'a Table, name: &str) -> &'a Index {
    table.indexes.iter().find(|index| index.name.as_str() == name).unwrap()
}

pub(crate) fn foreign_key<'a>(table: &'a Table, name: &str) -> &'a ForeignKey {
    let is_wanted = |key: &&ForeignKey| key.name == Some(Ident::new(name));
    table.foreign_keys.iter().find(is_wanted).unwrap()
}

pub(crate) fn names(columns: &[Ident]) -> Vec<&str> {
    columns.iter().map(Ident::as_str).collect()
}

#[test]
fn a_source_is_named_by_host_and_database() {
    for (server, kind, product) in [
        (server::mysql97(), "mysql", "MySQL "),
        (server::mysql56(), "mysql", "MySQL 5.6."),
        (server::mariadb(), "mariadb", "MariaDB 10.11."),
    ] {
        let database = server.database("DO 0");
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
             CREATE TABLE bystanders (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parents (id))
               ENGINE=InnoDB",
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
