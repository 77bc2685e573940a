//! A schema that is read from a file equals the one of a server that has loaded the file, field by field. What is not
//! compared, and why, says `differences`.

use mysql::prelude::Queryable as _;
use relaudit::ddl::splitter::{PieceKind, Splitter};
use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::dialect::ConnectOptions;
use relaudit::schema::Schema;
use relaudit::source;

use super::server::{Engine, Family, Loaded, load};
use crate::differences::{differences, without_namespaces};

#[test]
fn files_agree_with_servers() {
    for engine in Engine::all() {
        let text = match engine.family() {
            Family::Postgres => include_str!("../../../fixtures/ddl/postgres.sql").to_owned(),
            // MySQL 5.6 knows neither CHECK nor half of the rest.
            Family::Mysql if engine.version() < 8 => continue,
            Family::Mysql => include_str!("../../../fixtures/ddl/mysql.sql").to_owned(),
            // What is printed otherwise by MariaDB is told by the first line of its own dumps.
            Family::MariaDb => format!(
                "-- MariaDB dump 10.19\n{}",
                include_str!("../../../fixtures/ddl/mysql.sql")
            ),
            Family::Sqlite => include_str!("../../../fixtures/ddl/sqlite.sql").to_owned(),
        };
        agree(engine, &text);
    }
}

#[test]
fn the_shop_agrees_with_servers() {
    for engine in Engine::all() {
        let text = match engine.family() {
            Family::Postgres => include_str!("../../../fixtures/shop/postgres.sql").to_owned(),
            Family::Mysql if engine.version() < 8 => continue,
            Family::Mysql => include_str!("../../../fixtures/shop/mysql.sql").to_owned(),
            Family::MariaDb => format!(
                "-- MariaDB dump 10.19\n{}",
                include_str!("../../../fixtures/shop/mysql.sql")
            ),
            Family::Sqlite => include_str!("../../../fixtures/shop/sqlite.sql").to_owned(),
        };
        agree(engine, &text);
    }
}

fn agree(engine: Engine, text: &str) {
    let dialect = match engine.family() {
        Family::Postgres => SqlDialect::Postgres,
        Family::Mysql | Family::MariaDb => SqlDialect::MySql,
        Family::Sqlite => SqlDialect::Sqlite,
    };
    let file = SourceFile {
        name: "schema.sql".to_owned(),
        text: text.to_owned(),
    };
    let read = ddl::read(&[file], dialect);
    let lost: Vec<_> = read.notes.iter().filter(|note| note.location.is_some()).collect();
    assert!(lost.is_empty(), "{engine:?}: {lost:#?}");
    let found = differences(
        &without_namespaces_of(engine, &read.schema),
        &live(engine, dialect, text),
    );
    assert!(found.is_empty(), "{engine:?}:\n{}", found.join("\n"));
}

/// MySQL's tables are in the test's database, of which the file knows nothing.
fn without_namespaces_of(engine: Engine, schema: &Schema) -> Schema {
    match engine.family() {
        Family::Mysql | Family::MariaDb => without_namespaces(schema),
        Family::Postgres | Family::Sqlite => Schema {
            tables: schema.tables.clone(),
            sees_all_tables: schema.sees_all_tables,
        },
    }
}

/// Loads the text, statement by statement, and reads the schema.
fn live(engine: Engine, dialect: SqlDialect, text: &str) -> Schema {
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
    let target = source::parse(&loaded.source(), None).unwrap();
    let database = source::open(&target, &ConnectOptions::default()).unwrap();
    let schema = database.read_schema().unwrap().schema;
    without_namespaces_of(engine, &schema)
}
