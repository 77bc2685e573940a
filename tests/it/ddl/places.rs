//! Every place that is told is where the element starts in the file: the name of a table, column or index, the first
//! word of a constraint.

use std::fmt::Write as _;

use relaudit::ddl::SqlDialect;
use relaudit::schema::{Origin, Schema, TableKind};

use super::{notes, read};

/// What stands before a place in the text, and what stands there and behind it.
fn around<'t>(text: &'t str, origin: &Origin) -> (&'t str, &'t str) {
    let place = origin.location().unwrap_or_else(|| panic!("an element has no place"));
    let text = text.trim_start_matches('\u{feff}');
    let before: usize = text
        .split_inclusive('\n')
        .take(place.line as usize - 1)
        .map(str::len)
        .sum();
    let line = &text[before..];
    let column = line.char_indices().nth(place.column as usize - 1).unwrap().0;
    text.split_at(before + column)
}

fn starts_with_any(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.starts_with(word))
}

/// Holds that every element of the schema starts where it is said to. What a dump renames, or makes like another, has the
/// place of what was written.
fn check(text: &str, dialect: SqlDialect) {
    const KEY: [&str; 4] = ["constraint", "primary key", "unique", "key"];
    const INDEX: [&str; 5] = ["exclude", "index", "fulltext", "spatial", "vector"];
    const FOREIGN_KEY: [&str; 3] = ["constraint", "foreign key", "references"];
    let read = read(text, dialect);
    assert!(notes(&read).is_empty(), "{:?}", notes(&read));
    let is_named_index = |(before, _): (&str, &str)| {
        let before = before.trim_end().to_lowercase();
        ["index", "index concurrently", "if not exists"]
            .iter()
            .any(|words| before.ends_with(words))
    };
    let short = |text: &str| text.chars().take(60).collect::<String>();
    let (mut columns, mut keys, mut indexes) = (0, 0, 0);
    for table in read.schema.tables.values() {
        let at = |origin: &Origin| around(text, origin);
        at(&table.origin);
        // The columns of a view are those of its query.
        if table.kind == TableKind::View {
            continue;
        }
        for column in &table.columns {
            at(&column.origin);
            columns += 1;
        }
        for key in &table.foreign_keys {
            let (_, there) = at(&key.origin);
            assert!(starts_with_any(there, &FOREIGN_KEY), "{}: {}", table.name, short(there));
        }
        // MySQL's SERIAL is a type that makes its column a key.
        let is_column = |origin: &Origin| table.columns.iter().any(|column| column.origin == *origin);
        for key in &table.keys {
            let there = at(&key.origin);
            let is_known = starts_with_any(there.1, &KEY) || is_named_index(there) || is_column(&key.origin);
            assert!(is_known, "{}: {key:?}: {}", table.name, short(there.1));
            keys += 1;
        }
        for index in &table.indexes {
            let there = at(&index.origin);
            let words = [&KEY[..], &INDEX, &FOREIGN_KEY].concat();
            let is_known = starts_with_any(there.1, &words) || is_named_index(there) || is_column(&index.origin);
            assert!(is_known, "{}: {index:?}: {}", table.name, short(there.1));
            indexes += 1;
        }
    }
    assert!(columns > 10 && keys > 4 && indexes > 4, "{columns} {keys} {indexes}");
}

#[test]
fn places_are_true() {
    for (text, dialect) in [
        (include_str!("../../../fixtures/ddl/postgres.sql"), SqlDialect::Postgres),
        (include_str!("../../../fixtures/ddl/mysql.sql"), SqlDialect::MySql),
        (include_str!("../../../fixtures/ddl/sqlite.sql"), SqlDialect::Sqlite),
        (
            include_str!("../../../fixtures/shop/postgres.sql"),
            SqlDialect::Postgres,
        ),
        (include_str!("../../../fixtures/shop/mysql.sql"), SqlDialect::MySql),
        (include_str!("../../../fixtures/shop/sqlite.sql"), SqlDialect::Sqlite),
    ] {
        check(text, dialect);
        check(&format!("\u{feff}-- ü\n{}", text.replace('\n', "\r\n")), dialect);
    }
}

/// A line for each element: what it is, and the text from its place on, up to the end of the line, without what follows
/// the first bracket.
fn told(text: &str, schema: &Schema) -> Vec<String> {
    let mut lines = String::new();
    let mut tell = |what: &str, origin: &Origin| {
        let (_, there) = around(text, origin);
        let there = there.lines().next().unwrap_or("");
        let _ = writeln!(lines, "{what} at {}", there.split('(').next().unwrap_or("").trim_end());
    };
    for table in schema.tables.values() {
        tell(table.name.table.as_str(), &table.origin);
        for column in &table.columns {
            tell(column.name.as_str(), &column.origin);
        }
        for key in &table.keys {
            tell(if key.primary { "primary" } else { "unique" }, &key.origin);
        }
        for key in &table.foreign_keys {
            tell("foreign", &key.origin);
        }
        for index in table.indexes.iter().filter(|index| index.constraint.is_none()) {
            tell(index.name.as_str(), &index.origin);
        }
    }
    lines.lines().map(str::to_owned).collect()
}

fn check_told(text: &str, dialect: SqlDialect, expected: &[&str]) {
    let read = read(text, dialect);
    assert!(notes(&read).is_empty(), "{:?}", notes(&read));
    assert_eq!(told(text, &read.schema), expected);
}

#[test]
fn conditional_comments_do_not_move_places() {
    check_told(
        "\u{feff}-- ü\r\n/*!40101 SET x */; /*!50100 CREATE TABLE `t` ( */\r\n\t`id` int\tPRIMARY KEY,\r\n\
         \t/* ü */ `Wörter` int /*!80000 ,\r\n\tUNIQUE KEY `u` (`Wörter`) */, ü text,\r\n  KEY `i` (`id`, `Wörter`),\r\n\
         CONSTRAINT c FOREIGN KEY (`id`) REFERENCES t (`Wörter`),\r\n\tn int REFERENCES t (id)) /*!50100 ENGINE=InnoDB */;\r\n\
         /*!40000 ALTER TABLE t ADD FULLTEXT KEY f (ü), ADD UNIQUE late (id, n) */;\r\nCREATE\tINDEX /*!50000 last */ ON t (id);",
        SqlDialect::MySql,
        &[
            "t at `t`",
            "id at `id` int\tPRIMARY KEY,",
            "Wörter at `Wörter` int /*!80000 ,",
            "ü at ü text,",
            "n at n int REFERENCES t",
            "primary at PRIMARY KEY,",
            "unique at UNIQUE late",
            "unique at UNIQUE KEY `u`",
            "foreign at CONSTRAINT c FOREIGN KEY",
            "foreign at REFERENCES t",
            "f at FULLTEXT KEY f",
            "i at KEY `i`",
            "last at last */ ON t",
            "n at REFERENCES t",
        ],
    );
}

#[test]
fn places_in_postgres() {
    check_told(
        "CREATE TABLE x (a int CONSTRAINT p\r\n\tPRIMARY KEY,\r\n  \"Wörter\" int UNIQUE,\r\n\tü int, EXCLUDE USING gist (ü WITH =),\r\n\
         UNIQUE (a, ü), FOREIGN KEY (ü) REFERENCES x);\r\nALTER TABLE x ADD b int REFERENCES x,\r\n ADD CONSTRAINT k UNIQUE (b);\r\n\
         /* ü\n */ CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"Ü\" ON x (a); CREATE INDEX ON x (b);",
        SqlDialect::Postgres,
        &[
            "x at x",
            "a at a int CONSTRAINT p",
            "Wörter at \"Wörter\" int UNIQUE,",
            "ü at ü int, EXCLUDE USING gist",
            "b at b int REFERENCES x,",
            "primary at CONSTRAINT p",
            "unique at CONSTRAINT k UNIQUE",
            "unique at UNIQUE,",
            "unique at UNIQUE",
            "foreign at REFERENCES x,",
            "foreign at FOREIGN KEY",
            "x_b_idx at ON x",
            "Ü at \"Ü\" ON x",
        ],
    );
}

#[test]
fn places_in_sqlite() {
    check_told(
        "\u{feff}CREATE TABLE [x] (a int CONSTRAINT p PRIMARY KEY DESC,\r\n  \"Wörter\" int DEFAULT 1,\r\n\tü COLLATE nocase UNIQUE,\r\n\
         b INT CONSTRAINT f REFERENCES \"unique\"(c),\r\n CONSTRAINT u UNIQUE (A, \"wörter\" COLLATE rtrim) UNIQUE (b)\r\n\
         FOREIGN KEY (a, b) REFERENCES x(a, b));\r\nCREATE UNIQUE INDEX IF NOT EXISTS main.\"Ü\" ON x (a);\n\
         ALTER TABLE x ADD COLUMN late REFERENCES x;",
        SqlDialect::Sqlite,
        &[
            "x at [x]",
            "a at a int CONSTRAINT p PRIMARY KEY DESC,",
            "Wörter at \"Wörter\" int DEFAULT 1,",
            "ü at ü COLLATE nocase UNIQUE,",
            "b at b INT CONSTRAINT f REFERENCES \"unique\"",
            "late at late REFERENCES x;",
            "primary at CONSTRAINT p PRIMARY KEY DESC,",
            "unique at UNIQUE,",
            "unique at UNIQUE",
            "foreign at CONSTRAINT f REFERENCES \"unique\"",
            "foreign at REFERENCES x;",
            "foreign at FOREIGN KEY",
            "sqlite_autoindex_x_2 at UNIQUE,",
            "sqlite_autoindex_x_3 at CONSTRAINT u UNIQUE",
            "sqlite_autoindex_x_4 at UNIQUE",
            "Ü at \"Ü\" ON x",
        ],
    );
}
