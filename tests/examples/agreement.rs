//! Reads every `*/schema.sql` below a folder and tells what is lost: tables, keys, foreign keys and indexes against a
//! plain count of what the text says, and foreign keys against `truth.tsv` where there is one. With the URL of a server,
//! whose role may make databases, it loads each file of that server's dialect there, and tells what the schema that is
//! read from the server differs in; with the server's dumping program, it dumps what was loaded, with rows and without,
//! and tells what the schema that is read from the dumps differs in.
//!
//! `cargo run --example agreement -- [--dump PROGRAM] [URL] FOLDER [NAME…]`

#![expect(clippy::print_stdout, reason = "it is a program for a person at a terminal")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use mysql::prelude::Queryable as _;
use relaudit::ddl::splitter::{PieceKind, Splitter};
use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::dialect::ConnectOptions;
use relaudit::schema::{Schema, Table};
use relaudit::source;

#[path = "../it/differences.rs"]
mod differences;
#[path = "../it/other_parser.rs"]
mod other_parser;
#[path = "../it/server_dump.rs"]
mod server_dump;

/// What to compare with.
#[derive(Default)]
struct Server {
    /// As a URL, without a database.
    url: Option<String>,
    /// The program that dumps its databases.
    dump: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut server = Server::default();
    if arguments.next_if_eq("--dump").is_some() {
        server.dump = arguments.next().map(PathBuf::from);
    }
    server.url = arguments.next_if(|argument| argument.contains("://"));
    let Some(folder) = arguments.next() else {
        println!("usage: agreement [--dump PROGRAM] [URL] FOLDER [NAME…]");
        return ExitCode::from(2);
    };
    let wanted: Vec<String> = arguments.collect();
    let mut all_well = true;
    for schema in schemas(Path::new(&folder)) {
        let name = schema.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if wanted.is_empty() || wanted.contains(&name) {
            all_well &= compare(&schema, &name, &server);
        }
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn schemas(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).map(Iterator::flatten).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("schema.sql").is_file())
        .collect();
    found.sort();
    found
}

fn compare(folder: &Path, name: &str, server: &Server) -> bool {
    let path = folder.join("schema.sql");
    let text = match std::fs::read(&path) {
        Ok(bytes) if server.url.as_deref().is_some_and(|url| url.starts_with("mysql:")) => {
            of_mysql(&String::from_utf8_lossy(&bytes))
        }
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            println!("{name}: reading {}: {error}", path.display());
            return false;
        }
    };
    let Some(dialect) = ddl::sniff(&text) else {
        println!("{name}: the dialect cannot be told");
        return false;
    };
    let counts = Counts::of_text(&text, dialect);
    let file = SourceFile {
        name: format!("{name}/schema.sql"),
        text,
    };
    let start = Instant::now();
    let read = ddl::read(std::slice::from_ref(&file), dialect);
    let took = start.elapsed();
    let found = Counts::of_schema(&read.schema);
    let truth = folder.join("truth.tsv");
    let missing = missing(&read.schema, &truth);
    // Lines can be counted where a dumping program wrote them.
    let same_counts = found == counts || !truth.exists();
    let other = differences_of_parsers(&read.schema, &file.text, dialect);
    let well = same_counts && missing.is_empty() && read.notes.is_empty() && other.is_empty();
    println!(
        "{} {name} ({dialect:?}, {} KB in {:.1} ms): {found:?}",
        if well { "ok  " } else { "BAD " },
        file.text.len() / 1024,
        took.as_secs_f64() * 1000.0
    );
    if !same_counts {
        println!("     the text has {counts:?}");
    }
    for line in missing {
        println!("     missing: {line}");
    }
    for line in other {
        println!("     {line}");
    }
    for note in &read.notes {
        let place = note
            .location
            .as_ref()
            .map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
        println!("     {}{}", place.unwrap_or_default(), note.message);
    }
    let of_dialect =
        |url: &&str| url.starts_with("postgres") == (dialect == SqlDialect::Postgres) && dialect != SqlDialect::Sqlite;
    let Some(url) = server.url.as_deref().filter(of_dialect) else {
        return well;
    };
    let outcome = live(url, &file, dialect).and_then(|live| {
        let mut different = differences_of(&read.schema, &live, dialect, differences::differences);
        if let Some(program) = &server.dump {
            different.extend(differences_of_dumps(program, url, &live, dialect)?);
        }
        Ok(different)
    });
    match outcome {
        Ok(different) => {
            for line in &different {
                println!("     {line}");
            }
            well && different.is_empty()
        }
        Err(error) => {
            println!("     the server: {error}");
            false
        }
    }
}

/// A dump without the lines at its start that tell whose it is: MySQL is to load what MariaDB has dumped, and the file
/// is to be read as MySQL reads it.
fn of_mysql(text: &str) -> String {
    let is_mark = |line: &str| line.starts_with("/*M!") || line.contains("MariaDB");
    let lines = text.split('\n').enumerate();
    let kept: Vec<&str> = lines
        .map(|(number, line)| if number < 20 && is_mark(line) { "" } else { line })
        .collect();
    kept.join("\n")
}

/// MySQL's tables are in a database, of which the file knows nothing.
fn differences_of(
    file: &Schema,
    live: &Schema,
    dialect: SqlDialect,
    compare: fn(&Schema, &Schema) -> Vec<String>,
) -> Vec<String> {
    if dialect == SqlDialect::Postgres {
        return compare(file, live);
    }
    let bare = differences::without_namespaces;
    compare(&bare(file), &bare(live))
}

/// What the dumps of the loaded database say otherwise, or is not understood of them.
fn differences_of_dumps(program: &Path, url: &str, live: &Schema, dialect: SqlDialect) -> Result<Vec<String>, String> {
    let url = format!("{}/{DATABASE}", url.trim_end_matches('/'));
    let mut found = Vec::new();
    for (name, options) in [
        ("the dump of the schema", server_dump::without_rows(&url)),
        ("the full dump", &[]),
    ] {
        let file = SourceFile {
            name: name.to_owned(),
            text: server_dump::dump(program, &url, options)?,
        };
        let read = ddl::read(&[file], dialect);
        found.extend(read.notes.iter().map(|note| format!("{name}: {note:?}")));
        let different = differences_of(&read.schema, live, dialect, differences::differences_of_dump);
        found.extend(different.iter().map(|line| format!("{name}: {line}")));
    }
    Ok(found)
}

/// What another parser finds otherwise. There is one for PostgreSQL.
fn differences_of_parsers(schema: &Schema, text: &str, dialect: SqlDialect) -> Vec<String> {
    if dialect != SqlDialect::Postgres {
        return Vec::new();
    }
    match other_parser::made(text) {
        Ok(made) => other_parser::Made::of(schema, &made).differences(&made),
        Err(error) => vec![error],
    }
}

/// Where files are loaded.
const DATABASE: &str = "relaudit_agreement";

/// Loads the file into a fresh database of the server and reads the schema there.
fn live(server: &str, file: &SourceFile, dialect: SqlDialect) -> Result<Schema, String> {
    let base = server.trim_end_matches('/');
    let url = format!("{base}/{DATABASE}");
    let pieces = Splitter::new(&file.text, dialect)
        .filter(|piece| piece.kind == PieceKind::Statement && !piece.text.starts_with("COPY "));
    if dialect == SqlDialect::Postgres {
        let connect = |url: &str| postgres::Client::connect(url, postgres::NoTls).map_err(|error| error.to_string());
        let mut own = connect(&format!("{base}/postgres"))?;
        for sql in [
            format!("DROP DATABASE IF EXISTS {DATABASE}"),
            format!("CREATE DATABASE {DATABASE} TEMPLATE template0"),
        ] {
            own.batch_execute(&sql).map_err(|error| error.to_string())?;
        }
        let mut client = connect(&url)?;
        for piece in pieces {
            if let Err(error) = client.batch_execute(&piece.sql()) {
                let said = error
                    .as_db_error()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                println!("     {}:{}: the server refuses: {said}", file.name, piece.line);
            }
        }
    } else {
        let options =
            mysql::Opts::from_url(&base.replacen("mariadb:", "mysql:", 1)).map_err(|error| error.to_string())?;
        let mut client = mysql::Conn::new(options).map_err(|error| error.to_string())?;
        for sql in [
            format!("DROP DATABASE IF EXISTS {DATABASE}"),
            format!("CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4"),
            format!("USE {DATABASE}"),
            "SET foreign_key_checks = 0".to_owned(),
        ] {
            client.query_drop(&sql).map_err(|error| error.to_string())?;
        }
        for piece in pieces {
            if let Err(error) = client.query_drop(piece.sql()) {
                println!("     {}:{}: the server refuses: {error}", file.name, piece.line);
            }
        }
    }
    let target = source::parse(&url, None).map_err(|error| error.to_string())?;
    let opened = source::open(&target, &ConnectOptions::default()).map_err(|error| error.to_string())?;
    let database = opened.database().ok_or("it is no server")?;
    database
        .read_schema()
        .map(|read| read.schema)
        .map_err(|error| error.to_string())
}

/// What there is of each kind.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    tables: usize,
    primary_keys: usize,
    foreign_keys: usize,
    indexes: usize,
}

impl Counts {
    fn of_schema(schema: &Schema) -> Self {
        let tables: Vec<&Table> = schema.tables.values().filter(|table| table.kind.holds_rows()).collect();
        let indexes = schema.tables.values().flat_map(|table| &table.indexes);
        Self {
            tables: tables.len(),
            primary_keys: tables.iter().filter(|table| table.primary_key().is_some()).count(),
            foreign_keys: tables.iter().map(|table| table.foreign_keys.len()).sum(),
            indexes: indexes.filter(|index| index.constraint.is_none()).count(),
        }
    }

    /// Counts lines as dumps write them, which is crude and owes nothing to the reader.
    fn of_text(text: &str, dialect: SqlDialect) -> Self {
        let count = |test: &dyn Fn(&str) -> bool| text.lines().filter(|line| test(line)).count();
        let starts = |line: &str, words: &[&str]| words.iter().any(|word| line.starts_with(word));
        if dialect == SqlDialect::MySql {
            return Self {
                tables: count(&|line| line.starts_with("CREATE TABLE ")),
                primary_keys: count(&|line| line.starts_with("  PRIMARY KEY ")),
                foreign_keys: count(&|line| line.starts_with("  CONSTRAINT ") && line.contains(" FOREIGN KEY ")),
                indexes: count(&|line| starts(line, &["  KEY ", "  FULLTEXT KEY ", "  SPATIAL KEY "])),
            };
        }
        Self {
            tables: count(&|line| starts(line, &["CREATE TABLE ", "CREATE UNLOGGED TABLE "])),
            primary_keys: count(&|line| line.starts_with("    ADD CONSTRAINT ") && line.contains(" PRIMARY KEY (")),
            foreign_keys: count(&|line| line.starts_with("    ADD CONSTRAINT ") && line.contains(" FOREIGN KEY (")),
            indexes: count(&|line| starts(line, &["CREATE INDEX ", "CREATE UNIQUE INDEX "])),
        }
    }
}

/// Foreign keys that the truth has and the schema has not.
fn missing(schema: &Schema, truth: &Path) -> Vec<String> {
    let Ok(truth) = std::fs::read_to_string(truth) else {
        return Vec::new();
    };
    let join = |names: &[relaudit::schema::Ident]| {
        names
            .iter()
            .map(relaudit::schema::Ident::as_str)
            .collect::<Vec<_>>()
            .join(",")
    };
    let known: BTreeSet<[String; 4]> = schema
        .tables
        .values()
        .flat_map(|table| table.foreign_keys.iter().map(move |key| (table, key)))
        .map(|(table, key)| {
            [
                table.name.to_string(),
                join(&key.columns),
                key.parent.to_string(),
                join(&key.parent_columns),
            ]
        })
        .collect();
    let mut missing = Vec::new();
    for line in truth.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [child_schema, child, columns, parent_schema, parent, parent_columns, ..] = fields.as_slice() else {
            continue;
        };
        let qualified = |namespace: &str, table: &str| {
            if namespace.is_empty() {
                table.to_owned()
            } else {
                format!("{namespace}.{table}")
            }
        };
        let key = [
            qualified(child_schema, child),
            (*columns).to_owned(),
            qualified(parent_schema, parent),
            (*parent_columns).to_owned(),
        ];
        if !known.contains(&key) {
            missing.push(key.join(" "));
        }
    }
    missing
}
