//! Keys of two PostgreSQL columns, compared on the server: always possible, and as a foreign key does it.

use relaudit::dialect::{ConnectOptions, Database as Opened, Dialect, KeyExpression, postgres};
use relaudit::schema::{Column, Ident, Schema};

use super::server::{Database, postgres as server};

fn open(url: &str) -> Box<dyn Opened> {
    postgres::open(url, &ConnectOptions::default()).unwrap()
}

fn column<'a>(schema: &'a Schema, of: &str, name: &str) -> &'a Column {
    schema.find_table(of).unwrap().column(&Ident::from(name)).unwrap()
}

/// Every pair of types gives a condition that the server takes, and every value is equal to itself.
#[test]
fn keys_of_any_two_types_can_be_compared() {
    let sql = "
        CREATE EXTENSION citext; CREATE EXTENSION ltree;
        CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TYPE mood AS ENUM ('1', '2'); CREATE TYPE pair AS (a int, b text);
        CREATE TYPE span AS RANGE (subtype = float8);
        CREATE DOMAIN some_mood AS mood; CREATE DOMAIN label AS ltree; CREATE DOMAIN tag AS text COLLATE folding;
        CREATE TABLE t (
            i2 int2, i8 int8, n numeric, n2 numeric(10, 2), f8 float8, t text, vc varchar(20), ch char(20), nm name,
            ci citext, nd text COLLATE folding, c text COLLATE \"C\", ndch char(20) COLLATE folding, u uuid, b bytea,
            yes boolean, d date, ts timestamp, tz timestamptz(3), ti time, iv interval, m mood, dm some_mood, js json,
            jb jsonb, ia int[], ca citext[], ma mood[], x xml, pt point, ad inet, net cidr, cash money, bits varbit,
            o oid, q \"char\", r int4range, s span, lt ltree, dlt label, dt tag, pr pair
        );
        INSERT INTO t VALUES (
            1, 1, 1, 1, 1, '1', '1', '1', '1', '1', '1', '1', '1', '11111111-1111-1111-1111-11111111111a', '1', true,
            '2020-01-01', '2020-01-01', '2020-01-01', '10:00', '1 day', '1', '1', '1', '1', '{1}', '{1}', '{1}',
            '<a/>', '(1,1)', '10.0.0.1', '10.0.0.1', 1, '1', 1, '1', '[1,2)', '[1,2)', '1', '1', '1', '(1,1)'
        );
    ";
    for version in [18, 14] {
        let database = server(version).database(sql);
        let opened = open(&database.url());
        let schema = opened.read_schema().unwrap().schema;
        let dialect = opened.dialect();
        let mut sessions = opened.sessions(1).unwrap();
        let session = sessions.first_mut().unwrap();
        session.begin().unwrap();
        let columns = &schema.find_table("t").unwrap().columns;
        for (at, child) in columns.iter().enumerate() {
            let conditions: Vec<String> = columns.iter().map(|parent| equal(dialect, child, parent)).collect();
            let query = format!("SELECT {} FROM public.t c, public.t p", conditions.join(", "));
            let mut rows = Vec::new();
            session
                .query(&query, &mut |row| rows.push(row))
                .unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(rows[0][at].as_deref(), Some("t"), "{:?} = {:?}", child.name, child.name);
        }
        session.end();
    }
}

/// What a foreign key accepts is equal, and what it refuses is not: it compares by the parent's type and collation.
#[test]
fn keys_are_compared_as_a_foreign_key_does() {
    let sql = "
        CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE folded (k text COLLATE folding PRIMARY KEY); INSERT INTO folded VALUES ('A');
        CREATE TABLE exact (k text PRIMARY KEY); INSERT INTO exact VALUES ('A');
        CREATE TABLE padded (k char(5) PRIMARY KEY); INSERT INTO padded VALUES ('A');
        CREATE TABLE child (same text, other text, spaced text);
        INSERT INTO child VALUES ('A', 'a', 'A ');
    ";
    // PostgreSQL 18 refuses a foreign key between two collations one of which is not deterministic.
    for (version, parents) in [(18, vec!["exact", "padded"]), (14, vec!["exact", "padded", "folded"])] {
        let database = server(version).database(sql);
        let opened = open(&database.url());
        let schema = opened.read_schema().unwrap().schema;
        let mut sessions = opened.sessions(1).unwrap();
        let session = sessions.first_mut().unwrap();
        session.begin().unwrap();
        for parent in parents {
            for child in ["same", "other", "spaced"] {
                let (from, to) = (column(&schema, "child", child), column(&schema, parent, "k"));
                let condition = equal(opened.dialect(), from, to);
                let mut found = None;
                let query = format!("SELECT {condition} FROM public.child c, public.{parent} p");
                session
                    .query(&query, &mut |row| found = row.into_iter().next().flatten())
                    .unwrap();
                let accepted = is_accepted(&database, parent, child);
                assert_eq!(
                    found.as_deref() == Some("t"),
                    accepted,
                    "{version}: {child} in {parent}: {condition}"
                );
            }
        }
        session.end();
    }
}

fn equal(dialect: &dyn Dialect, child: &Column, parent: &Column) -> String {
    dialect.keys_equal(
        KeyExpression {
            sql: &format!("c.{}", dialect.quote(&child.name)),
            ty: &child.ty,
        },
        KeyExpression {
            sql: &format!("p.{}", dialect.quote(&parent.name)),
            ty: &parent.ty,
        },
    )
}

/// Whether the server takes the child's value as a reference to the parent.
fn is_accepted(database: &Database<'_>, parent: &str, child: &str) -> bool {
    let mut client = database.server().postgres(database.name()).unwrap();
    let table = format!("try_{parent}_{child}");
    client
        .batch_execute(&format!("CREATE TABLE {table} (k text REFERENCES {parent})"))
        .unwrap();
    client
        .batch_execute(&format!("INSERT INTO {table} SELECT {child} FROM child"))
        .is_ok()
}
