//! What is read of a PostgreSQL catalogue, property by property, on the newest server and on one that lacks the newest
//! features.

use relaudit::dialect::{ConnectOptions, Database as Opened, Dialect as _, postgres};
use relaudit::schema::{
    Action, Column, Deferrable, ForeignKey, Generated, Ident, Index, IndexPart, Match, RowSecurity, Schema, Table,
    TableKind, TypeFamily,
};

use super::server::{Database, PASSWORD_IN_URL, postgres as server};

const VERSIONS: [u32; 2] = [18, 14];

fn open(url: &str) -> Box<dyn Opened> {
    postgres::open(url, &ConnectOptions::default()).unwrap()
}

fn read(database: &Database<'_>) -> Schema {
    open(&database.url()).read_schema().unwrap().schema
}

/// Loads the statements into both servers and checks what is read.
fn check(sql: &str, expected: impl Fn(&Schema)) {
    for version in VERSIONS {
        expected(&read(&server(version).database(sql)));
    }
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Table {
    schema.find_table(name).unwrap()
}

fn column<'a>(schema: &'a Schema, of: &str, name: &str) -> &'a Column {
    table(schema, of).column(&Ident::from(name)).unwrap()
}

fn index<'a>(table: &'a Table, name: &str) -> &'a Index {
    table.indexes.iter().find(|index| index.name.as_str() == name).unwrap()
}

fn foreign_key<'a>(schema: &'a Schema, of: &str) -> &'a ForeignKey {
    match table(schema, of).foreign_keys.as_slice() {
        [one] => one,
        other => panic!("{of} has not one foreign key: {other:?}"),
    }
}

fn names(idents: &[Ident]) -> Vec<&str> {
    idents.iter().map(Ident::as_str).collect()
}

#[test]
fn tables_of_all_kinds_and_namespaces() {
    let sql = "
        CREATE SCHEMA shop;
        CREATE TABLE plain (id int PRIMARY KEY);
        CREATE TABLE shop.plain (id int PRIMARY KEY);
        COMMENT ON TABLE shop.plain IS E'two\\nlines\\tand a \\\\';
        CREATE VIEW seen AS SELECT * FROM plain;
        CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain;
        CREATE TEMPORARY TABLE passing (id int);
        CREATE EXTENSION file_fdw;
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE far (id int) SERVER files OPTIONS (filename '/dev/null');
        INSERT INTO shop.plain SELECT generate_series(1, 1000);
        ANALYZE shop.plain;
    ";
    check(sql, |schema| {
        let kinds: Vec<_> = schema
            .tables
            .values()
            .map(|table| (table.name.to_string(), table.kind))
            .collect();
        let expected = [
            ("public.far", TableKind::Foreign),
            ("public.kept", TableKind::MaterializedView),
            ("public.plain", TableKind::Table),
            ("public.seen", TableKind::View),
            ("shop.plain", TableKind::Table),
        ];
        assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert!(schema.sees_all_tables);
        let shop = table(schema, "shop.plain");
        assert_eq!(shop.comment.as_deref(), Some("two\nlines\tand a \\"));
        assert_eq!(shop.estimated_rows, Some(1000));
        assert!(shop.size_bytes.unwrap() >= 2 * 8192, "{:?}", shop.size_bytes);
        assert_eq!(table(schema, "public.plain").estimated_rows, None);
        assert!(shop.readable && shop.audited);
    });
}

#[test]
fn tables_of_extensions_only_where_a_foreign_key_needs_them() {
    let sql = "
        CREATE EXTENSION postgres_fdw;
        CREATE TABLE lent (id int PRIMARY KEY);
        CREATE TABLE hidden (id int PRIMARY KEY);
        CREATE TABLE child (lent_id int REFERENCES lent);
        ALTER EXTENSION postgres_fdw ADD TABLE lent;
        ALTER EXTENSION postgres_fdw ADD TABLE hidden;
    ";
    check(sql, |schema| {
        let found: Vec<String> = schema.tables.keys().map(ToString::to_string).collect();
        assert_eq!(found, ["public.child", "public.lent"]);
        assert_eq!(names(&foreign_key(schema, "child").parent_columns), ["id"]);
    });
}

#[test]
fn columns_and_their_types() {
    let sql = "
        CREATE EXTENSION citext;
        CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
        CREATE DOMAIN price AS numeric(10, 2) NOT NULL;
        CREATE DOMAIN net_price AS price;
        CREATE DOMAIN code AS varchar(7);
        CREATE TABLE t (
            gone int,
            always bigint GENERATED ALWAYS AS IDENTITY,
            counted serial,
            small smallint NOT NULL,
            name varchar(20) DEFAULT 'x''y',
            fixed char(3),
            folded citext,
            feeling mood,
            net net_price,
            code code,
            doubled numeric GENERATED ALWAYS AS (small * 2) STORED,
            id uuid, raw bytea, real_number real, yes boolean, at timestamptz(3), data jsonb, list int[], span int4range
        );
        ALTER TABLE t DROP COLUMN gone;
        COMMENT ON COLUMN t.name IS 'what it is called';
    ";
    check(sql, |schema| {
        let of = |name| column(schema, "t", name);
        let integer = |bits| TypeFamily::Integer { bits, unsigned: false };
        for (name, declared, family) in [
            ("always", "bigint", integer(64)),
            ("counted", "integer", integer(32)),
            ("small", "smallint", integer(16)),
            ("name", "character varying(20)", TypeFamily::Text),
            ("fixed", "character(3)", TypeFamily::Text),
            ("folded", "public.citext", TypeFamily::Text),
            ("feeling", "public.mood", TypeFamily::Enum),
            ("net", "public.net_price", TypeFamily::Decimal { scale: Some(2) }),
            ("code", "public.code", TypeFamily::Text),
            ("doubled", "numeric", TypeFamily::Decimal { scale: None }),
            ("id", "uuid", TypeFamily::Uuid),
            ("raw", "bytea", TypeFamily::Bytes),
            ("real_number", "real", TypeFamily::Float),
            ("yes", "boolean", TypeFamily::Boolean),
            ("at", "timestamp(3) with time zone", TypeFamily::Temporal),
            ("data", "jsonb", TypeFamily::Json),
            ("list", "integer[]", TypeFamily::Array),
            ("span", "int4range", TypeFamily::Other),
        ] {
            assert_eq!(
                (of(name).ty.declared.as_str(), of(name).ty.family),
                (declared, family),
                "{name}"
            );
        }
        assert_eq!(of("net").ty.base, "numeric(10,2)");
        assert_eq!(of("code").ty.length, Some(7));
        assert_eq!(of("feeling").ty.labels, ["sad", "it's ok", "happy"]);
        assert!(of("always").identity && of("counted").identity && !of("small").identity);
        let nullable: Vec<&str> = ["always", "counted", "small", "net", "name"]
            .into_iter()
            .filter(|name| of(name).nullable)
            .collect();
        assert_eq!(nullable, ["name"]);
        assert_eq!(of("name").default.as_deref(), Some("'x''y'::character varying"));
        assert_eq!(of("name").comment.as_deref(), Some("what it is called"));
        assert_eq!(of("doubled").generated, Some(Generated::Stored));
        assert_eq!(of("doubled").default, None);
        assert!(of("fixed").ty.collation.as_ref().unwrap().pads);
        assert!(of("folded").ty.collation.as_ref().unwrap().folds);
        assert_eq!(of("small").ty.collation, None);
    });
}

#[test]
fn collations() {
    let sql = "
        CREATE COLLATION \"any Case\" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE t (a text, b text COLLATE \"C\", c text COLLATE \"any Case\");
    ";
    check(sql, |schema| {
        let of = |name| column(schema, "t", name).ty.collation.clone().unwrap();
        assert_eq!(of("a").name, "\"default\"");
        assert_eq!(of("b").name, "\"C\"");
        assert_eq!(of("c").name, "\"public\".\"any Case\"");
        assert_eq!([of("a").folds, of("b").folds, of("c").folds], [false, false, true]);
    });
}

#[test]
fn keys_checks_and_indexes() {
    let sql = "
        CREATE TABLE t (
            a int, b int, c text UNIQUE DEFERRABLE, d int CHECK (d > 0), e int,
            CONSTRAINT whole PRIMARY KEY (b, a)
        );
        CREATE INDEX odd ON t (d DESC, lower(c), a) INCLUDE (e, b) WHERE d > 5 AND c <> 'x';
        CREATE INDEX hashed ON t USING hash (d);
        CREATE UNIQUE INDEX once ON t (e);
    ";
    check(sql, |schema| {
        let t = table(schema, "t");
        let keys: Vec<_> = t
            .keys
            .iter()
            .map(|key| (names(&key.columns), key.primary, key.deferrable))
            .collect();
        assert_eq!(keys, [(vec!["b", "a"], true, false), (vec!["c"], false, true)]);
        assert_eq!(t.keys.first().unwrap().name, Some(Ident::from("whole")));
        assert_eq!(t.checks, ["(d > 0)"]);
        let odd = index(t, "odd");
        let expression = IndexPart {
            column: None,
            expression: Some("lower(c)".to_owned()),
            prefix: None,
            descending: false,
            class: None,
            nulls_swapped: false,
        };
        let downward = IndexPart {
            descending: true,
            ..IndexPart::column("d")
        };
        assert_eq!(odd.parts, [downward, expression, IndexPart::column("a")]);
        assert_eq!(names(&odd.include), ["e", "b"]);
        assert_eq!(odd.predicate.as_deref(), Some("((d > 5) AND (c <> 'x'::text))"));
        assert!(!odd.unique && odd.valid && odd.visible && odd.method == "btree");
        assert_eq!(index(t, "hashed").method, "hash");
        assert!(index(t, "once").is_full_unique_key() && index(t, "once").constraint.is_none());
        assert_eq!(index(t, "whole").constraint, Some(Ident::from("whole")));
        assert_eq!(t.indexes.len(), 5);
    });
}

#[test]
fn an_index_whose_concurrent_build_failed_is_not_valid() {
    for version in VERSIONS {
        let database = server(version).database("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)");
        let mut client = database.server().postgres(database.name()).unwrap();
        client
            .batch_execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON t (a)")
            .unwrap_err();
        assert!(!index(table(&read(&database), "t"), "broken").valid);
    }
}

#[test]
fn foreign_keys() {
    let sql = "
        CREATE TABLE p (a int, b int, PRIMARY KEY (b, a));
        CREATE TABLE plain (x int, y int, CONSTRAINT it FOREIGN KEY (y, x) REFERENCES p (b, a));
        CREATE TABLE full_match (x int, y int, FOREIGN KEY (x, y) REFERENCES p MATCH FULL
            ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE other_actions (x int, y int, FOREIGN KEY (x, y) REFERENCES p
            ON DELETE RESTRICT ON UPDATE SET DEFAULT DEFERRABLE);
        CREATE TABLE unchecked (x int, y int);
        ALTER TABLE unchecked ADD FOREIGN KEY (x, y) REFERENCES p NOT VALID;
    ";
    check(sql, |schema| {
        let plain = foreign_key(schema, "plain");
        assert_eq!(plain.name, Some(Ident::from("it")));
        assert_eq!(names(&plain.columns), ["y", "x"]);
        assert_eq!(plain.parent.to_string(), "public.p");
        assert_eq!(names(&plain.parent_columns), ["b", "a"]);
        assert_eq!((plain.on_delete, plain.on_update), (Action::NoAction, Action::NoAction));
        assert_eq!((plain.match_type, plain.deferrable), (Match::Simple, Deferrable::No));
        assert!(plain.validated && plain.enforced && !plain.period && plain.set_columns.is_empty());
        let full = foreign_key(schema, "full_match");
        assert_eq!((full.on_delete, full.on_update), (Action::SetNull, Action::Cascade));
        assert_eq!(
            (full.match_type, full.deferrable),
            (Match::Full, Deferrable::InitiallyDeferred)
        );
        let other = foreign_key(schema, "other_actions");
        assert_eq!(
            (other.on_delete, other.on_update),
            (Action::Restrict, Action::SetDefault)
        );
        assert_eq!(other.deferrable, Deferrable::InitiallyImmediate);
        let unchecked = foreign_key(schema, "unchecked");
        assert!(!unchecked.validated && unchecked.enforced);
    });
}

#[test]
fn a_foreign_key_whose_triggers_do_not_fire_is_not_enforced() {
    let sql = "
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE q (id int PRIMARY KEY);
        CREATE TABLE fine (p_id int REFERENCES p);
        CREATE TABLE off_at_child (p_id int REFERENCES p);
        CREATE TABLE off_at_parent (q_id int REFERENCES q);
        CREATE TABLE off_in_a_partition (p_id int REFERENCES p) PARTITION BY LIST (p_id);
        CREATE TABLE one PARTITION OF off_in_a_partition FOR VALUES IN (1);
        ALTER TABLE off_at_child DISABLE TRIGGER ALL;
        ALTER TABLE q DISABLE TRIGGER ALL;
        ALTER TABLE one DISABLE TRIGGER ALL;
    ";
    check(sql, |schema| {
        let enforced = |name| foreign_key(schema, name).enforced;
        assert!(enforced("fine"));
        assert!(!enforced("off_at_child"));
        assert!(!enforced("off_at_parent"));
        assert!(!enforced("off_in_a_partition"));
    });
}

#[test]
fn partitions_belong_to_their_root() {
    let sql = "
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE root (id int, k int REFERENCES p, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
        CREATE TABLE leaf PARTITION OF root FOR VALUES IN (1);
        CREATE TABLE inner_node PARTITION OF root FOR VALUES IN (2) PARTITION BY RANGE (id);
        CREATE TABLE deep_leaf PARTITION OF inner_node FOR VALUES FROM (0) TO (100);
        CREATE TABLE child (id int, k int, FOREIGN KEY (id, k) REFERENCES root);
        ALTER TABLE deep_leaf ADD CONSTRAINT own FOREIGN KEY (id) REFERENCES p;
        INSERT INTO p VALUES (1), (2);
        INSERT INTO root VALUES (1, 1), (1, 2), (2, 2);
        ANALYZE leaf; ANALYZE deep_leaf;
    ";
    check(sql, |schema| {
        let root = table(schema, "root");
        assert_eq!((root.kind, &root.partition_of), (TableKind::Partitioned, &None));
        for name in ["leaf", "inner_node", "deep_leaf"] {
            let partition = table(schema, name);
            assert_eq!(partition.partition_of, Some(root.name.clone()), "{name}");
            assert!(partition.inherits.is_empty());
        }
        assert_eq!(foreign_key(schema, "root").parent.to_string(), "public.p");
        assert_eq!(foreign_key(schema, "child").parent, root.name);
        assert!(table(schema, "leaf").foreign_keys.is_empty());
        assert_eq!(foreign_key(schema, "deep_leaf").name, Some(Ident::from("own")));
        assert_eq!(root.estimated_rows, Some(3));
        assert!(root.size_bytes.unwrap() > 0);
    });
}

/// ANALYZE writes -1 pages for a partitioned table, which has no storage of its own.
#[test]
fn a_partition_tree_that_was_analysed_as_a_whole_is_read() {
    let sql = "
        CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (100);
        INSERT INTO root VALUES (1), (2);
        ANALYZE root; VACUUM ANALYZE leaf;
    ";
    for version in VERSIONS {
        let database = server(version).database("");
        // VACUUM takes no place among other statements.
        for statement in sql.split_inclusive(';') {
            database.execute(statement);
        }
        let schema = read(&database);
        let root = table(&schema, "root");
        assert_eq!(root.estimated_rows, Some(2));
        assert_eq!(root.size_bytes, table(&schema, "leaf").size_bytes);
    }
}

#[test]
fn inheritance_is_told_nearest_first() {
    let sql = "
        CREATE TABLE animal (id int PRIMARY KEY);
        CREATE TABLE pet (owner text);
        CREATE TABLE cat (purrs boolean) INHERITS (animal, pet);
        CREATE TABLE kitten () INHERITS (cat);
    ";
    check(sql, |schema| {
        let of = |name| -> Vec<String> { table(schema, name).inherits.iter().map(ToString::to_string).collect() };
        assert_eq!(of("animal"), [""; 0]);
        assert_eq!(of("cat"), ["public.animal", "public.pet"]);
        assert_eq!(of("kitten"), ["public.cat", "public.animal", "public.pet"]);
        assert_eq!(table(schema, "kitten").partition_of, None);
        let own = postgres::Postgres.own_rows(table(schema, "animal"));
        assert_eq!(own, "ONLY \"public\".\"animal\"");
    });
}

#[test]
fn what_only_new_servers_have() {
    let database = server(18).database(
        "
        CREATE EXTENSION btree_gist;
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE rooms (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
        CREATE TABLE bookings (room int, during daterange,
            FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during));
        CREATE TABLE trusting (p_id int REFERENCES p NOT ENFORCED);
        CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT, b int REFERENCES p ON DELETE SET NULL (b),
            v int GENERATED ALWAYS AS (a + 1) VIRTUAL, late int);
        INSERT INTO t (late) VALUES (NULL);
        ALTER TABLE t ADD CONSTRAINT late_not_null NOT NULL late NOT VALID;
        ",
    );
    let schema = read(&database);
    let rooms = table(&schema, "rooms");
    assert!(rooms.primary_key().unwrap().without_overlaps);
    assert_eq!(rooms.unique_column_sets(), Vec::<Vec<&Ident>>::new());
    let bookings = foreign_key(&schema, "bookings");
    assert!(bookings.period);
    assert_eq!(names(&bookings.columns), ["room", "during"]);
    let trusting = foreign_key(&schema, "trusting");
    assert!(!trusting.enforced && !trusting.validated);
    let t = table(&schema, "t");
    assert!(t.keys.first().unwrap().nulls_not_distinct);
    assert!(index(t, "t_a_key").nulls_not_distinct);
    assert_eq!(names(&foreign_key(&schema, "t").set_columns), ["b"]);
    assert_eq!(column(&schema, "t", "v").generated, Some(Generated::Virtual));
    assert!(
        column(&schema, "t", "late").nullable,
        "old rows need not obey a NOT NULL that is NOT VALID"
    );
}

#[test]
fn names_of_any_kind() {
    let odd = [
        "it\"s",
        "two words",
        "a;b",
        "line\nbreak",
        "tab\tstop",
        "back\\slash",
        "Größe",
        "select",
        "'",
        "a.b",
    ];
    let long = "x".repeat(63);
    let statements = |name: &str| {
        let name = format!("\"{}\"", name.replace('"', "\"\""));
        format!(
            "CREATE SCHEMA {name};
            CREATE TABLE {name}.{name} ({name} int PRIMARY KEY, up int REFERENCES {name}.{name});
            CREATE INDEX ON {name}.{name} ((abs({name})));"
        )
    };
    let sql: String = odd.iter().copied().chain([long.as_str()]).map(statements).collect();
    check(&sql, |schema| {
        assert_eq!(schema.tables.len(), odd.len() + 1);
        for name in odd.iter().copied().chain([long.as_str()]) {
            let read = schema
                .tables
                .values()
                .find(|table| table.name.table.as_str() == name)
                .unwrap();
            assert_eq!(read.name.namespace, Some(Ident::from(name)));
            assert!(read.column(&Ident::from(name)).is_some());
            assert!(read.is_unique_key(&[Ident::from(name)]));
            let key = read.foreign_keys.first().unwrap();
            assert_eq!((&key.parent, names(&key.parent_columns)), (&read.name, vec![name]));
        }
    });
}

#[test]
fn privileges_and_row_security_of_a_plain_role() {
    let sql = "
        CREATE TABLE open (id int); GRANT SELECT ON open TO pw_user;
        CREATE TABLE half_open (id int, secret text); GRANT SELECT (id) ON half_open TO pw_user;
        CREATE TABLE closed (id int);
        CREATE SCHEMA locked; CREATE TABLE locked.open (id int); GRANT SELECT ON locked.open TO pw_user;
        CREATE TABLE filtered (id int); GRANT SELECT ON filtered TO pw_user;
        ALTER TABLE filtered ENABLE ROW LEVEL SECURITY;
    ";
    for version in VERSIONS {
        let database = server(version).database(sql);
        let schema = open(&database.url_as("pw_user", Some(PASSWORD_IN_URL)))
            .read_schema()
            .unwrap()
            .schema;
        let readable: Vec<String> = schema
            .tables
            .values()
            .filter(|table| table.readable)
            .map(|table| table.name.to_string())
            .collect();
        assert_eq!(readable, ["public.filtered", "public.half_open", "public.open"]);
        assert_eq!(schema.tables.len(), 5);
        assert_eq!(table(&schema, "filtered").row_security, RowSecurity::Applies);
        assert_eq!(table(&schema, "public.open").row_security, RowSecurity::Off);
        assert_eq!(table(&read(&database), "filtered").row_security, RowSecurity::Bypassed);
    }
}
