//! A schema that is read from a file equals the one of a server that has loaded the file, field by field, and the one
//! that is read from the server's own dumps of it. What is not compared, and why, says `differences`.

use mysql::prelude::Queryable as _;
use relaudit::ddl::splitter::{PieceKind, Splitter};
use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::dialect::ConnectOptions;
use relaudit::schema::Schema;
use relaudit::source;

use super::server::{Engine, Family, Loaded, load};
use crate::differences::{differences, differences_of_dump, without_namespaces};
use crate::server_dump::{dump, without_rows};

/// Schemas of every style there is here.
const SCHEMAS: [(&str, SqlDialect, &str); 10] = [
    (
        "ddl/postgres.sql",
        SqlDialect::Postgres,
        include_str!("../../../fixtures/ddl/postgres.sql"),
    ),
    (
        "ddl/mysql.sql",
        SqlDialect::MySql,
        include_str!("../../../fixtures/ddl/mysql.sql"),
    ),
    (
        "ddl/sqlite.sql",
        SqlDialect::Sqlite,
        include_str!("../../../fixtures/ddl/sqlite.sql"),
    ),
    (
        "shop/postgres.sql",
        SqlDialect::Postgres,
        include_str!("../../../fixtures/shop/postgres.sql"),
    ),
    (
        "shop/mysql.sql",
        SqlDialect::MySql,
        include_str!("../../../fixtures/shop/mysql.sql"),
    ),
    (
        "shop/sqlite.sql",
        SqlDialect::Sqlite,
        include_str!("../../../fixtures/shop/sqlite.sql"),
    ),
    (
        "inference/bare.sql",
        SqlDialect::Postgres,
        include_str!("../../../fixtures/inference/bare.sql"),
    ),
    (
        "inference/camel.sql",
        SqlDialect::Postgres,
        include_str!("../../../fixtures/inference/camel.sql"),
    ),
    (
        "inference/suffix.sql",
        SqlDialect::Postgres,
        include_str!("../../../fixtures/inference/suffix.sql"),
    ),
    (
        "inference/prefixed.sql",
        SqlDialect::MySql,
        include_str!("../../../fixtures/inference/prefixed.sql"),
    ),
];

#[test]
fn files_and_dumps_agree_with_servers() {
    let mut found = Vec::new();
    for engine in Engine::all() {
        // MySQL 5.6 knows neither CHECK nor half of the rest.
        if engine == Engine::Mysql56 {
            continue;
        }
        let dialect = dialect_of(engine);
        for (name, _, text) in SCHEMAS.iter().filter(|(_, of, _)| *of == dialect) {
            // What MariaDB prints otherwise is told by the first line of its own dumps.
            let mark = if engine.family() == Family::MariaDb {
                "-- MariaDB dump 10.19\n"
            } else {
                ""
            };
            let lines = disagreements(engine, &format!("{mark}{text}"));
            found.extend(lines.iter().map(|line| format!("{engine:?}: {name}: {line}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn dialect_of(engine: Engine) -> SqlDialect {
    match engine.family() {
        Family::Postgres => SqlDialect::Postgres,
        Family::Mysql | Family::MariaDb => SqlDialect::MySql,
        Family::Sqlite => SqlDialect::Sqlite,
    }
}

/// What the file or a dump of it says otherwise than the server, and what is not understood of them.
fn disagreements(engine: Engine, text: &str) -> Vec<String> {
    let loaded = loaded(engine, text);
    let url = loaded.source();
    let target = source::parse(&url, None).unwrap();
    let opened = source::open(&target, &ConnectOptions::default()).unwrap();
    let live = of_engine(engine, opened.database().unwrap().read_schema().unwrap().schema);
    assert!(!live.tables.is_empty(), "{engine:?}: nothing is loaded");
    let dumped = |options: &[&str]| dump(&engine.dump_program(), &url, options).unwrap();
    let compare_dump: fn(&Schema, &Schema) -> Vec<String> = differences_of_dump;
    let mut found = Vec::new();
    for (name, text, compare) in [
        (
            "the file",
            text.to_owned(),
            differences as fn(&Schema, &Schema) -> Vec<String>,
        ),
        ("the dump of the schema", dumped(without_rows(&url)), compare_dump),
        ("the full dump", dumped(&[]), compare_dump),
    ] {
        let file = SourceFile {
            name: name.to_owned(),
            text,
        };
        let read = ddl::read(&[file], dialect_of(engine));
        let lost = read.notes.iter().filter(|note| note.location.is_some());
        found.extend(lost.map(|note| format!("{name}: {note:?}")));
        let different = compare(&of_engine(engine, read.schema), &live);
        found.extend(different.iter().map(|line| format!("{name}: {line}")));
    }
    found
}

/// MySQL's tables are in the test's database, of which the file knows nothing.
fn of_engine(engine: Engine, schema: Schema) -> Schema {
    match engine.family() {
        Family::Mysql | Family::MariaDb => without_namespaces(&schema),
        Family::Postgres | Family::Sqlite => schema,
    }
}

/// Loads the text, statement by statement.
fn loaded(engine: Engine, text: &str) -> Loaded {
    let dialect = dialect_of(engine);
    let loaded = load(engine, if dialect == SqlDialect::Sqlite { text } else { "" });
    let pieces = Splitter::new(text, dialect).filter(|piece| piece.kind == PieceKind::Statement);
    if let Loaded::Server(database) = &loaded {
        if dialect == SqlDialect::Postgres {
            let mut client = database.server().postgres(database.name()).unwrap();
            for piece in pieces {
                let done = client.batch_execute(&piece.sql());
                done.unwrap_or_else(|error| panic!("{engine:?}, line {}: {error:?}", piece.line));
            }
        } else {
            let mut client = database.server().mysql(database.name()).unwrap();
            for piece in pieces {
                let done = client.query_drop(piece.sql());
                done.unwrap_or_else(|error| panic!("{engine:?}, line {}: {error}", piece.line));
            }
        }
    }
    loaded
}
