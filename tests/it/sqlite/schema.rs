//! The schema that is read.

use std::fmt::Write as _;

use relaudit::schema::{
    Action, Deferrable, Generated, Ident, IndexPart, Location, Match, TableKind, TableName, TypeFamily,
};

use super::{query, read, script, table};

fn names(columns: &[Ident]) -> Vec<&str> {
    columns.iter().map(Ident::as_str).collect()
}

#[test]
fn primary_keys_and_what_they_do_to_nulls() {
    let read = read(
        "CREATE TABLE alias(id integer PRIMARY KEY, x);
         CREATE TABLE alias_by_constraint(x, id INTEGER, CONSTRAINT pk PRIMARY KEY (id DESC));
         CREATE TABLE no_alias(id INTEGER PRIMARY KEY DESC);
         CREATE TABLE int_key(id INT PRIMARY KEY);
         CREATE TABLE text_key(id TEXT PRIMARY KEY, y TEXT NOT NULL);
         CREATE TABLE without(a TEXT, b INTEGER, c, PRIMARY KEY (b, a)) WITHOUT ROWID;
         CREATE TABLE strict_key(a TEXT PRIMARY KEY, b ANY) STRICT;
         CREATE TABLE none(x);",
    );
    for (name, kind, key, nullable, identity) in [
        ("alias", TableKind::Table, vec!["id"], false, true),
        ("alias_by_constraint", TableKind::Table, vec!["id"], false, true),
        ("no_alias", TableKind::Table, vec!["id"], true, false),
        ("int_key", TableKind::Table, vec!["id"], true, false),
        ("text_key", TableKind::Table, vec!["id"], true, false),
        ("without", TableKind::WithoutRowid, vec!["b", "a"], false, false),
        ("strict_key", TableKind::Table, vec!["a"], false, false),
    ] {
        let table = table(&read, name);
        let primary = table.primary_key().unwrap();
        assert_eq!(table.kind, kind, "{name}");
        assert_eq!(names(&primary.columns), key, "{name}");
        assert_eq!(table.any_nullable(&primary.columns), nullable, "{name}");
        assert_eq!(table.column(&primary.columns[0]).unwrap().identity, identity, "{name}");
        assert!(
            table
                .indexes
                .iter()
                .any(|index| index.unique
                    && index.whole_columns().unwrap() == primary.columns.iter().collect::<Vec<_>>()),
            "{name}: the key has an index, or is one"
        );
    }
    assert_eq!(
        table(&read, "alias_by_constraint").primary_key().unwrap().name,
        Some("pk".into())
    );
    assert!(table(&read, "none").primary_key().is_none());
    assert!(!table(&read, "text_key").column(&"y".into()).unwrap().nullable);
    assert_eq!(
        table(&read, "strict_key").column(&"b".into()).unwrap().ty.family,
        TypeFamily::Any
    );
    assert!(read.schema.sees_all_tables);
}

#[test]
fn nullability_is_what_sqlite_does() {
    let sql = "CREATE TABLE a(id INTEGER PRIMARY KEY DESC); INSERT INTO a VALUES (NULL);
               CREATE TABLE b(id INT PRIMARY KEY); INSERT INTO b VALUES (NULL);
               CREATE TABLE c(id INTEGER PRIMARY KEY); INSERT INTO c VALUES (NULL);
               CREATE TABLE d(id TEXT PRIMARY KEY) STRICT; INSERT OR IGNORE INTO d VALUES (NULL);
               CREATE TABLE e(id TEXT PRIMARY KEY) WITHOUT ROWID; INSERT OR IGNORE INTO e VALUES (NULL);";
    let opened = script(sql);
    let read = opened.read_schema().unwrap();
    let mut session = opened.sessions(1).unwrap().remove(0);
    for name in ["a", "b", "c", "d", "e"] {
        let nulls = query(
            session.as_mut(),
            &format!("SELECT COUNT(*) FROM {name} WHERE id IS NULL"),
        )
        .unwrap();
        let nullable = table(&read, name).column(&"id".into()).unwrap().nullable;
        assert_eq!(nullable, nulls[0][0] != "0", "{name}");
    }
}

#[test]
fn columns_with_types_collations_defaults_and_generation() {
    let read = read(
        "CREATE TABLE t(
           a VARCHAR(20) COLLATE nocase DEFAULT 'it''s',
           b TEXT COLLATE rtrim NOT NULL,
           c TEXT,
           d,
           e DECIMAL(10, 2) DEFAULT (1 + 1),
           f INT GENERATED ALWAYS AS (length(a)) VIRTUAL,
           g INT AS (length(b)) STORED,
           h BOOLEAN, i DATETIME, j BLOB, k DOUBLE PRECISION, l uuid, m JSON
         );",
    );
    let table = table(&read, "t");
    let column = |name: &str| table.column(&name.into()).cloned().unwrap();
    let collation = |name: &str| column(name).ty.collation.map(|c| (c.name, c.folds, c.pads));
    assert_eq!(collation("a"), Some(("NOCASE".to_owned(), true, false)));
    assert_eq!(collation("b"), Some(("RTRIM".to_owned(), false, true)));
    assert_eq!(collation("c"), Some(("BINARY".to_owned(), false, false)));
    assert_eq!(collation("e"), None);
    assert_eq!(column("a").ty.declared, "VARCHAR(20)");
    assert_eq!(column("a").default.as_deref(), Some("'it''s'"));
    assert_eq!(column("e").default.as_deref(), Some("1 + 1"));
    assert!(column("a").nullable && !column("b").nullable);
    assert_eq!(column("f").generated, Some(Generated::Virtual));
    assert_eq!(column("g").generated, Some(Generated::Stored));
    assert_eq!(column("g").ty.declared, "INT");
    let families: Vec<TypeFamily> = ["d", "h", "i", "j", "k", "l", "m"]
        .map(|name| column(name).ty.family)
        .to_vec();
    assert_eq!(
        families,
        [
            TypeFamily::Any,
            TypeFamily::Boolean,
            TypeFamily::Temporal,
            TypeFamily::Bytes,
            TypeFamily::Float,
            TypeFamily::Text,
            TypeFamily::Json
        ]
    );
}

#[test]
fn indexes_and_unique_constraints() {
    let read = read(
        "CREATE TABLE t(a TEXT, b TEXT COLLATE NOCASE, c INT UNIQUE, d, CONSTRAINT \"two of\" UNIQUE (A, b));
         CREATE UNIQUE INDEX partial ON t(d) WHERE a IS NOT NULL AND b <> ')';
         CREATE INDEX expression ON t(lower(a), d DESC);
         CREATE UNIQUE INDEX other_collation ON t(a COLLATE NOCASE);
         CREATE INDEX own_collation ON t(b);
         CREATE INDEX gone ON t(d); DROP INDEX gone;",
    );
    let table = table(&read, "t");
    let keys: Vec<(Option<&str>, Vec<&str>)> = table
        .keys
        .iter()
        .map(|key| (key.name.as_ref().map(Ident::as_str), names(&key.columns)))
        .collect();
    assert_eq!(keys, [(None, vec!["c"]), (Some("two of"), vec!["a", "b"])]);
    let index = |name: &str| table.indexes.iter().find(|index| index.name.as_str() == name).unwrap();
    assert_eq!(table.indexes.len(), 6);
    assert_eq!(
        index("partial").predicate.as_deref(),
        Some("a IS NOT NULL AND b <> ')'")
    );
    assert!(index("partial").unique && !index("partial").is_full_unique_key());
    assert_eq!(index("expression").parts[0].expression.as_deref(), Some("lower(a)"));
    assert_eq!(index("expression").parts[0].column, None);
    assert!(index("expression").parts[1].descending);
    assert_eq!(
        index("other_collation").parts[0].expression.as_deref(),
        Some("\"a\" COLLATE NOCASE")
    );
    assert!(!index("other_collation").is_full_unique_key());
    assert_eq!(index("own_collation").parts, [IndexPart::column("b")]);
    assert_eq!(index("sqlite_autoindex_t_2").constraint, Some("two of".into()));
}

#[test]
fn foreign_keys_in_declared_order() {
    let read = read(
        "CREATE TABLE Parent(Id INTEGER PRIMARY KEY, A, B, UNIQUE(A, B));
         CREATE TABLE pair(x, y, PRIMARY KEY (y, x));
         CREATE TABLE child(
           one INT CONSTRAINT named REFERENCES parent(ID) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
           two INT REFERENCES parent NOT DEFERRABLE,
           three INT, four INT,
           five INT REFERENCES missing(nope),
           six INT REFERENCES parent(nope) DEFERRABLE,
           seven INT REFERENCES missing,
           eight INT REFERENCES pair,
           FOREIGN KEY (four, three) REFERENCES PARENT(b, a) MATCH FULL ON DELETE SET DEFAULT ON UPDATE RESTRICT,
           FOREIGN KEY (three, four) REFERENCES pair
         );",
    );
    let child = table(&read, "child");
    let written: Vec<String> = child
        .foreign_keys
        .iter()
        .map(|key| {
            format!(
                "{} -> {} {}",
                names(&key.columns).join(","),
                key.parent,
                names(&key.parent_columns).join(",")
            )
        })
        .collect();
    assert_eq!(
        written,
        [
            "one -> Parent Id",
            "two -> Parent Id",
            "five -> missing nope",
            "six -> Parent nope",
            "seven -> missing ",
            "eight -> pair ",
            "four,three -> Parent B,A",
            "three,four -> pair y,x",
        ]
    );
    let [one, two, _, six, _, _, pair, _] = child.foreign_keys.as_slice() else {
        panic!("eight keys")
    };
    assert_eq!(one.name, Some("named".into()));
    assert_eq!((one.on_delete, one.on_update), (Action::Cascade, Action::SetNull));
    assert_eq!(one.deferrable, Deferrable::InitiallyDeferred);
    assert_eq!((two.name.clone(), two.deferrable), (None, Deferrable::No));
    assert_eq!(six.deferrable, Deferrable::InitiallyImmediate);
    assert_eq!((pair.on_delete, pair.on_update), (Action::SetDefault, Action::Restrict));
    assert_eq!(pair.match_type, Match::Simple);
}

#[test]
fn the_note_on_enforcement_comes_once_and_only_with_foreign_keys() {
    let with = read("CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES a, c REFERENCES a);");
    assert_eq!(with.notes.len(), 1);
    assert!(with.notes[0].message.contains("PRAGMA foreign_keys = ON"));
    assert_eq!(read("CREATE TABLE a(id INTEGER PRIMARY KEY);").notes, []);
}

#[test]
fn checks_views_virtual_tables_and_estimates() {
    let read = read(
        "CREATE TABLE t(a INT CHECK (a > 0), b, CONSTRAINT c CHECK (a <> b OR (b = ')')));
         INSERT INTO t VALUES (1, 2), (2, 3), (3, 4);
         CREATE INDEX i ON t(a); ANALYZE;
         CREATE VIEW v AS SELECT a FROM t; CREATE VIEW broken AS SELECT x FROM nowhere;
         CREATE VIRTUAL TABLE words USING fts5(body);
         CREATE TEMP TABLE passing(a);",
    );
    let found = table(&read, "t");
    assert_eq!(found.checks, ["a > 0", "a <> b OR (b = ')')"]);
    assert_eq!(found.estimated_rows, Some(3));
    assert_eq!(table(&read, "v").kind, TableKind::View);
    assert_eq!(table(&read, "v").columns.len(), 1);
    assert_eq!(table(&read, "words").kind, TableKind::Foreign);
    let all: Vec<String> = read.schema.tables.keys().map(ToString::to_string).collect();
    assert_eq!(all, ["broken", "t", "v", "words"]);
    assert_eq!(read.notes.len(), 1);
    assert!(read.notes[0].message.contains("`broken`"), "{:?}", read.notes);
}

#[test]
fn any_name_is_read_and_probed() {
    let long = "x".repeat(200);
    let odd = [
        "a\"b",
        "a b",
        "a;b",
        "a\nb",
        "größe",
        "select",
        "a`b",
        "[a]",
        "a'b",
        "--",
        "/*",
        "日本語",
        "a.b",
        " ",
        long.as_str(),
        "\u{feff}",
    ];
    for name in odd {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let sql = format!(
            "CREATE TABLE {quoted}({quoted} TEXT COLLATE NOCASE PRIMARY KEY, \"other {}\" TEXT CONSTRAINT {quoted} REFERENCES {quoted}({quoted}));
             INSERT INTO {quoted} VALUES ('a', 'A'), ('b', 'x');",
            name.replace('"', "\"\"")
        );
        let opened = script(&sql);
        let read = opened.read_schema().unwrap();
        let table = table(&read, name);
        assert_eq!(table.columns[0].name.as_str(), name);
        assert_eq!(
            table.columns[0].ty.collation.as_ref().map(|c| c.name.as_str()),
            Some("NOCASE"),
            "{name:?}"
        );
        let [key] = table.foreign_keys.as_slice() else {
            panic!("{name:?}")
        };
        assert_eq!(key.name, Some(name.into()));
        assert_eq!(key.parent, TableName::bare(name));
        assert_eq!(names(&key.parent_columns), [name]);
        let ends = relaudit::dialect::probe_sql::Ends {
            child: &table,
            parent: &table,
            child_columns: &key.columns,
            parent_columns: &key.parent_columns,
            constrained: true,
            match_type: Match::Simple,
            period: false,
            only: None,
        };
        let sql = relaudit::dialect::probe_sql::orphans(opened.dialect(), &ends);
        let mut session = opened.sessions(4).unwrap().remove(0);
        assert_eq!(
            query(session.as_mut(), &sql).unwrap(),
            [["1", "1", "0", "0"]],
            "{name:?}"
        );
    }
}

#[test]
fn values_are_shown_without_loss() {
    let opened = script(
        "CREATE TABLE t(a); INSERT INTO t VALUES (0.1), (0.30000000000000004), (9007199254740993), (x'00ff'), ('é'), (NULL), (1e300), ('a' || char(0) || 'b');",
    );
    let read = opened.read_schema().unwrap();
    let ty = table(&read, "t").columns[0].ty.clone();
    let sql = format!("SELECT {} FROM t ORDER BY rowid", opened.dialect().as_text("a", &ty));
    let rows = query(opened.sessions(1).unwrap().remove(0).as_mut(), &sql).unwrap();
    let values: Vec<&str> = rows.iter().flatten().map(String::as_str).collect();
    let expected = [
        "0.1",
        "0.30000000000000004",
        "9007199254740993",
        "0x00FF",
        "é",
        "NULL",
        "1.0e+300",
        "a\0b",
    ];
    assert_eq!(values, expected);
}

#[test]
fn literals_hold_any_text() {
    let opened = script("CREATE TABLE t(a);");
    let mut session = opened.sessions(1).unwrap().remove(0);
    for text in ["", "it's", "a\0b", "\0", "\\", "\n", "--", "'; DROP TABLE t; --"] {
        let sql = format!("SELECT {}", opened.dialect().literal(text));
        assert_eq!(query(session.as_mut(), &sql).unwrap(), [[text]], "{text:?}");
    }
}

#[test]
fn places_in_a_script_are_true_or_missing() {
    let sql = "-- first\r\nCREATE TABLE \"a b\" ( -- CREATE TABLE x(\r\n  id INTEGER PRIMARY KEY, note TEXT DEFAULT 'x, y',\r\n\tö TEXT,\r\n  up INT REFERENCES \"a b\"\r\n);\r\n\
               CREATE TABLE twice(a); DROP TABLE twice;\nCREATE TABLE twice(a);\nALTER TABLE \"A b\" ADD COLUMN late TEXT;\n\
               CREATE TRIGGER tr AFTER INSERT ON \"a b\" BEGIN SELECT 1; SELECT CASE WHEN 1 THEN 2 END; END;\nCREATE TABLE last (z);\n\
               CREATE UNIQUE INDEX IF NOT EXISTS main.\"i d\" ON \"a b\" (note);";
    let read = read(sql);
    let location = |line, column| {
        Some(Location {
            file: "test.sql".to_owned(),
            line,
            column,
        })
    };
    let table_ab = table(&read, "a b");
    assert_eq!(table_ab.origin.location().cloned(), location(2, 14));
    let column = |name: &str| table_ab.column(&name.into()).unwrap().origin.location().cloned();
    assert_eq!(column("id"), location(3, 3));
    assert_eq!(column("note"), location(3, 27));
    assert_eq!(column("ö"), location(4, 2));
    assert_eq!(column("up"), location(5, 3));
    assert_eq!(column("late"), None);
    assert_eq!(table_ab.foreign_keys[0].origin.location().cloned(), location(5, 10));
    assert_eq!(table_ab.keys[0].origin.location().cloned(), location(3, 14));
    let index = |name: &str| {
        let index = table_ab.indexes.iter().find(|index| index.name.as_str() == name);
        index.unwrap().origin.location().cloned()
    };
    assert_eq!(index("rowid"), location(3, 14));
    assert_eq!(index("i d"), location(12, 40));
    assert_eq!(table(&read, "twice").origin.location(), None);
    assert_eq!(table(&read, "last").origin.location().cloned(), location(11, 14));
    let renamed = super::read("CREATE TABLE a(x); ALTER TABLE a RENAME TO b;");
    assert_eq!(table(&renamed, "b").origin.location(), None);
}

#[test]
fn a_thousand_tables_are_read_in_a_second() {
    let mut sql = String::from("BEGIN;\n");
    for at in 0..1000 {
        let (first, second) = (at / 2, at / 3);
        let _ = write!(
            sql,
            "CREATE TABLE t{at}(id INTEGER PRIMARY KEY, a INT REFERENCES t{first}(id), b INT REFERENCES t{second}(id),
             c TEXT UNIQUE);
             CREATE INDEX i{at} ON t{at}(a);"
        );
    }
    sql += "COMMIT;";
    let opened = script(&sql);
    let start = std::time::Instant::now();
    let read = opened.read_schema().unwrap();
    let took = start.elapsed();
    assert_eq!(read.schema.tables.len(), 1000);
    assert_eq!(
        read.schema
            .tables
            .values()
            .map(|table| table.foreign_keys.len())
            .sum::<usize>(),
        2000
    );
    // The build for tests is slow and the machine may be busy; the promise is one second.
    assert!(took.as_secs() < 5, "{took:?}");
}
