//! Every place that is told is where the name stands in the file.

use relaudit::ddl::SqlDialect;
use relaudit::schema::Origin;

use super::{notes, read};

fn check(text: &str, dialect: SqlDialect) {
    let read = read(text, dialect);
    assert!(notes(&read).is_empty(), "{:?}", notes(&read));
    let lines: Vec<&str> = text.split('\n').collect();
    let at = |origin: &Origin| {
        let place = origin.location().unwrap_or_else(|| panic!("no place"));
        let line: String = lines[place.line as usize - 1]
            .chars()
            .skip(place.column as usize - 1)
            .collect();
        line.trim_start_matches(['"', '`', '[']).to_lowercase()
    };
    let mut found = 0;
    for table in read.schema.tables.values() {
        at(&table.origin);
        for column in &table.columns {
            at(&column.origin);
            found += 1;
        }
        for key in &table.foreign_keys {
            let text = at(&key.origin);
            let known = ["constraint", "foreign key", "references"];
            assert!(
                known.iter().any(|word| text.starts_with(word)),
                "{}: {text}",
                table.name
            );
        }
    }
    assert!(found > 20);
}

#[test]
fn places_are_true() {
    check(include_str!("../../../fixtures/ddl/postgres.sql"), SqlDialect::Postgres);
    check(include_str!("../../../fixtures/ddl/mysql.sql"), SqlDialect::MySql);
}

#[test]
fn names_stand_where_they_are_said_to() {
    for (text, dialect, name) in [
        (
            "CREATE TABLE x (a int,\r\n  \"Wörter\" int, ü int); ",
            SqlDialect::Postgres,
            ["x", "a", "\"Wörter\"", "ü"],
        ),
        (
            "/*!50100 CREATE TABLE `x` ( */ a int, /* ü */ `Wörter` int,\n ü int);",
            SqlDialect::MySql,
            ["`x`", "a", "`Wörter`", "ü"],
        ),
        (
            "\u{feff}CREATE TABLE [x] (a int, \"Wörter\" int,\n ü int)",
            SqlDialect::Sqlite,
            ["[x]", "a", "\"Wörter\"", "ü"],
        ),
    ] {
        let read = read(text, dialect);
        let table = read.schema.tables.values().next().unwrap();
        let origins = [&table.origin]
            .into_iter()
            .chain(table.columns.iter().map(|column| &column.origin));
        let text = text.trim_start_matches('\u{feff}');
        let lines: Vec<&str> = text.split('\n').collect();
        for (origin, name) in origins.zip(name) {
            let place = origin.location().unwrap();
            let rest: String = lines[place.line as usize - 1]
                .chars()
                .skip(place.column as usize - 1)
                .collect();
            assert!(rest.starts_with(name), "{name}: {place:?}: {rest}");
        }
    }
}
