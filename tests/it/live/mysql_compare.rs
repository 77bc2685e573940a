//! How keys of differing types are compared on MySQL and MariaDB, and how values are shown.

use relaudit::dialect::{Database as Source, KeyExpression};

use super::mysql_catalog::{column, open, servers, table};
use super::mysql_sessions::{number, rows};
use super::reports::{audit, probe_of};

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

/// Child type and value, parent type and value, and whether the child's key is the parent's.
type Pair = (&'static str, &'static str, &'static str, &'static str, bool);

const UTF8MB4_BIN: &str = "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
const UTF8MB4_CI: &str = "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci";
const LATIN1_BIN: &str = "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin";

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    // Integers of any width and sign, and decimals.
    ("INT", "7", "BIGINT UNSIGNED", "7", true),
    ("TINYINT", "-1", "BIGINT UNSIGNED", "18446744073709551615", false),
    ("BIGINT UNSIGNED", "18446744073709551615", "BIGINT", "-1", false),
    ("BIGINT", "9007199254740993", "BIGINT UNSIGNED", "9007199254740992", false),
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
    ("VARCHAR(30)", "'99999999999999999999'", "BIGINT UNSIGNED", "18446744073709551615", false),
    ("VARCHAR(30)", "'18446744073709551615'", "BIGINT UNSIGNED", "18446744073709551615", true),
    ("VARCHAR(20)", "'7'", "INT(6) ZEROFILL", "7", true),
    ("VARCHAR(20)", "'1.50'", "DECIMAL(10,2)", "1.5", true),
    ("INT", "12", "VARCHAR(20)", "'12abc'", false),
    ("INT", "12", "VARCHAR(20)", "'12'", true),
    ("INT", "12", "VARCHAR(20) CHARACTER SET latin1", "'12'", true),
    ("INT", "12", "VARCHAR(20) CHARACTER SET ucs2", "'12'", true),
    ("INT(6) ZEROFILL", "12", "CHAR(20) CHARACTER SET ascii COLLATE ascii_bin", "'12'", true),
    ("INT", "1", "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", "'１'", false),
    ("BIT(1)", "1", "VARCHAR(20)", "'1'", true),
    // Texts, by the parent's collation.
    (UTF8MB4_BIN, "'Ab'", UTF8MB4_CI, "'aB '", true),
    (UTF8MB4_CI, "'Ab'", UTF8MB4_BIN, "'ab'", false),
    ("VARCHAR(20) CHARACTER SET latin1", "'Ünï'", "VARCHAR(20) CHARACTER SET utf8mb4", "'ünï'", true),
    (UTF8MB4_BIN, "'Ünï'", LATIN1_BIN, "'Ünï'", true),
    // A question mark stands for what the character set does not have.
    ("VARCHAR(20) CHARACTER SET utf8mb4", "'日'", "VARCHAR(20) CHARACTER SET latin1", "'?'", false),
    ("VARCHAR(20) CHARACTER SET utf8mb4", "'😀'", "VARCHAR(20) CHARACTER SET utf8", "'?'", false),
    ("VARCHAR(20) CHARACTER SET ascii", "'x'", "VARCHAR(20) CHARACTER SET latin1", "'X'", true),
    ("VARCHAR(20) CHARACTER SET ucs2", "'日'", "VARCHAR(20) CHARACTER SET utf8", "'日'", true),
    ("CHAR(20)", "'x'", "VARCHAR(20)", "'x'", true),
    // Bytes.
    ("BINARY(16)", "X'00112233445566778899AABBCCDDEEFF'", "VARBINARY(16)", "X'00112233445566778899AABBCCDDEEFF'", true),
    ("BINARY(4)", "'ab'", "VARBINARY(4)", "'ab'", false),
    ("VARCHAR(20) CHARACTER SET latin1", "'ab'", "VARBINARY(20)", "'ab'", true),
    ("VARCHAR(20) CHARACTER SET latin1", "'AB'", "VARBINARY(20)", "'ab'", false),
    ("VARBINARY(20)", "'ab'", "VARCHAR(20) CHARACTER SET latin1", "'ab'", true),
    ("VARBINARY(20)", "'AB'", "VARCHAR(20) CHARACTER SET latin1", "'ab'", false),
    ("VARBINARY(20)", "X'FF'", "VARCHAR(20) CHARACTER SET utf8mb4", "'?'", false),
    ("VARBINARY(20)", "'12'", "INT", "12", false),
    // Labels, by what they say and not by their number.
    ("ENUM('a','b')", "'b'", "ENUM('b','a')", "'b'", true),
    ("ENUM('a','b')", "'a'", "ENUM('b','a')", "'b'", false),
    ("ENUM('a','b')", "'b'", "VARCHAR(9) CHARACTER SET latin1", "'B'", true),
    ("VARCHAR(9) CHARACTER SET utf8mb4", "'b'", "ENUM('a','b') CHARACTER SET latin1", "'b'", true),
    ("VARCHAR(9)", "'2'", "ENUM('a','b')", "'b'", false),
    ("ENUM('12','7')", "'7'", "INT", "7", true),
    ("INT", "2", "ENUM('12','7')", "'7'", false),
    // Times.
    ("DATE", "'2024-02-29'", "DATETIME", "'2024-02-29 00:00:00'", true),
    ("VARCHAR(20)", "'2024-02-29x'", "DATE", "'2024-02-29'", false),
];

/// Of MariaDB only.
#[rustfmt::skip]
const MARIADB_PAIRS: &[Pair] = &[
    ("CHAR(36)", "'00112233-4455-6677-8899-AABBCCDDEEFF'", "UUID", "'00112233-4455-6677-8899-aabbccddeeff'", true),
    ("CHAR(36)", "'nonsense'", "UUID", "'00112233-4455-6677-8899-aabbccddeeff'", false),
    ("UUID", "'00112233-4455-6677-8899-aabbccddeeff'", "CHAR(36)", "'00112233-4455-6677-8899-aabbccddeeff'", true),
    ("BINARY(16)", "X'00112233445566778899AABBCCDDEEFF'", "UUID", "'00112233-4455-6677-8899-aabbccddeeff'", true),
    ("UUID", "'00112233-4455-6677-8899-aabbccddeeff'", "BINARY(16)", "X'00112233445566778899AABBCCDDEEFF'", true),
    ("INET6", "'::1'", "VARCHAR(40)", "'::1'", true),
    ("VARCHAR(40)", "'::2'", "INET6", "'::1'", false),
];

#[test]
fn keys_are_equal_when_the_values_are() {
    for server in servers() {
        let mariadb = is_mariadb(&*open(&server.database("DO 0").url()));
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

/// MariaDB's cache of subqueries would answer for the later rows what it has found for the first.
#[test]
fn a_key_that_is_found_does_not_stand_for_one_that_looks_alike() {
    for server in servers() {
        let database = server.database(&format!(
            "CREATE TABLE numbers (id BIGINT UNSIGNED) ENGINE=InnoDB; INSERT INTO numbers VALUES (12); \
             CREATE TABLE texts (number_id {UTF8MB4_BIN}) ENGINE=InnoDB; \
             INSERT INTO texts VALUES ('12'), ('12 '), ('12 '); \
             CREATE TABLE exact (id {UTF8MB4_BIN}) ENGINE=InnoDB; INSERT INTO exact VALUES ('abc'); \
             CREATE TABLE loose (exact_id {UTF8MB4_CI}) ENGINE=InnoDB; \
             INSERT INTO loose VALUES ('abc'), ('ABC'), ('Abc')",
        ));
        let config = "relations:\n\
             - {child: texts, columns: [number_id], parent: numbers, parent_columns: [id], kind: has_many}\n\
             - {child: loose, columns: [exact_id], parent: exact, parent_columns: [id], kind: has_many}\n";
        let outcome = audit(&database.url()).file("relaudit.yml", config).finish();
        let report = outcome.json();
        assert_eq!(probe_of(&report, "texts")["orphan_rows"], 2, "{report:#}");
        assert_eq!(probe_of(&report, "loose")["orphan_rows"], 2, "{report:#}");
    }
}

#[test]
fn the_parents_index_is_used_wherever_the_types_allow() {
    let types = [
        ("INT", "BIGINT UNSIGNED"),
        (
            UTF8MB4_BIN,
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
                     CREATE TABLE p{at} (k {parent} NOT NULL PRIMARY KEY) ENGINE=InnoDB; \
                     INSERT INTO p{at} VALUES {fill}; \
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
            let source = open(&server.database("DO 0").url());
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
