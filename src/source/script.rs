//! SQL text: files, standard input, and folders of migrations.

use std::io::Read;
use std::path::Path;

use super::bytes::Place;
use super::{Files, Opened, ScriptDialect, dump};
use crate::ddl::{self, SqlDialect, folder};
use crate::dialect::{ConnectOptions, Error, SourceInfo, sqlite};

/// How much of a text is looked at to tell its dialect, in bytes.
const HEAD: u64 = 256 * 1024;

/// Opens a text. SQLite runs what is in its dialect, or in none that can be told.
pub(super) fn open(
    place: Place,
    name: String,
    dialect: Option<ScriptDialect>,
    options: &ConnectOptions,
) -> Result<Opened, Error> {
    let failed = |error: std::io::Error| Error::File {
        source_name: name.clone(),
        reason: format!("unpacking or reading it: {error}"),
    };
    let mut head = Vec::new();
    let input = place.open().map_err(failed)?;
    input.take(HEAD).read_to_end(&mut head).map_err(failed)?;
    let is_text = !head.starts_with(&[0xff, 0xfe]) && !head.starts_with(&[0xfe, 0xff]) && !head.contains(&0);
    if head.starts_with(b"PGDMP") {
        return Err(Error::File {
            source_name: name,
            reason: "it is an archive of pg_dump in its custom format: make a plain one of it with `pg_restore --file=dump.sql`"
                .to_owned(),
        });
    }
    let sniffed = || is_text.then(|| ddl::sniff(&String::from_utf8_lossy(&head))).flatten();
    match dialect.map(ScriptDialect::sql).or_else(sniffed) {
        Some(dialect @ (SqlDialect::Postgres | SqlDialect::MySql)) => {
            let info = info(name, dialect);
            let (read, rows) = dump::read(place, info.clone(), dialect)?;
            Ok(Opened::Files(Box::new(Files {
                info,
                read,
                rows: Some(rows),
            })))
        }
        Some(SqlDialect::Sqlite) | None => {
            check_start(&head).map_err(|reason| Error::File {
                source_name: name.clone(),
                reason,
            })?;
            let mut input = place.open().map_err(failed)?;
            sqlite::open_script(&name, &mut input, options).map(Opened::Database)
        }
    }
}

/// Opens a folder of migrations. They hold no rows but a few that come with the schema.
pub(super) fn open_folder(path: &Path, dialect: Option<ScriptDialect>) -> Result<Opened, Error> {
    let name = path.display().to_string();
    let failed = |reason: String| Error::File {
        source_name: name.clone(),
        reason,
    };
    let (files, notes) = folder::read(path).map_err(|error| failed(error.to_string()))?;
    let sniffed = || files.iter().find_map(|file| ddl::sniff(&file.text));
    let dialect = dialect.map(ScriptDialect::sql).or_else(sniffed).ok_or_else(|| {
        failed("the dialect of its files cannot be told: add --dialect postgres, mysql or sqlite".to_owned())
    })?;
    let mut read = ddl::read(&files, dialect);
    read.notes.extend(notes);
    Ok(Opened::Files(Box::new(Files {
        info: info(name, dialect),
        read,
        rows: None,
    })))
}

/// What reports say of a source that is text.
pub(super) fn info(name: String, dialect: SqlDialect) -> SourceInfo {
    let server = match dialect {
        SqlDialect::Postgres => "PostgreSQL dialect",
        SqlDialect::MySql => "MySQL dialect",
        SqlDialect::Sqlite => "SQLite dialect",
    };
    SourceInfo {
        kind: "sql",
        name,
        server: server.to_owned(),
    }
}

impl ScriptDialect {
    pub(super) fn sql(self) -> SqlDialect {
        match self {
            Self::Postgres => SqlDialect::Postgres,
            Self::Mysql => SqlDialect::MySql,
            Self::Sqlite => SqlDialect::Sqlite,
        }
    }
}

/// Whether a text can be a script, by its first bytes. The error is a sentence.
fn check_start(head: &[u8]) -> Result<(), String> {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16; convert it (`iconv -f UTF-16 -t UTF-8`)".to_owned());
    }
    if head.contains(&0) && std::str::from_utf8(head).is_err() {
        return Err("it is a binary file and no SQL script; check the path".to_owned());
    }
    let is_blank = |text: &str| {
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
            .is_empty()
    };
    // A text that starts with that much white space has something behind it.
    if std::str::from_utf8(head).is_ok_and(is_blank) && (head.len() as u64) < HEAD {
        return Err("it holds no SQL; check the path, or what writes to the pipe".to_owned());
    }
    Ok(())
}
