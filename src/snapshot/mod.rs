//! A schema as a file: versioned JSON that gives the same audit as the source that it was made from, rows aside.
//!
//! Its types are its own, so that the model stays free to change. It never decides what is in a schema.

mod convert;
mod document;
mod types;

use std::io::{self, Write};

use crate::dialect::SourceInfo;
use crate::schema::Read;
use document::Document;

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// What tells a snapshot from other JSON.
const FORMAT: &str = "relaudit schema";

/// Writes what was read of a source. The same schema gives the same bytes.
///
/// # Errors
///
/// Those of the writer.
pub fn write(info: &SourceInfo, read: &Read, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(info, read))?;
    out.write_all(b"\n")
}

/// Reads what [`write()`] wrote.
///
/// # Errors
///
/// A sentence: it is no snapshot, one of another version, or a broken one.
pub fn parse(text: &str) -> Result<(SourceInfo, Read), String> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            "it is JSON, and no snapshot of `relaudit schema`".to_owned()
        } else {
            format!("it is no JSON, or was cut off: {error}")
        }
    })?;
    if head.format != FORMAT {
        return Err("it is JSON, and no snapshot of `relaudit schema`".to_owned());
    }
    if head.version != VERSION {
        return Err(format!(
            "it is a snapshot of version {}, and this program reads version {VERSION}: make it again with `relaudit schema`",
            head.version
        ));
    }
    let document: Document =
        serde_json::from_str(text).map_err(|error| format!("the snapshot is not as it was written: {error}"))?;
    document.into_read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::{self, SourceFile, SqlDialect};
    use crate::schema::{Note, RowSecurity, TableKind};

    fn info() -> SourceInfo {
        SourceInfo {
            kind: "sql",
            name: "a.sql".to_owned(),
            server: "PostgreSQL dialect".to_owned(),
        }
    }

    fn text_of(info: &SourceInfo, read: &Read) -> String {
        let mut text = Vec::new();
        write(info, read, &mut text).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn check(read: &Read) {
        let text = text_of(&info(), read);
        let (back_info, back) = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(back_info, info());
        assert_eq!(format!("{back:?}"), format!("{read:?}"));
        assert_eq!(text_of(&back_info, &back), text);
    }

    #[test]
    fn all_that_is_read_of_the_fixtures_comes_back() {
        for (path, dialect) in [
            ("fixtures/ddl/postgres.sql", SqlDialect::Postgres),
            ("fixtures/ddl/mysql.sql", SqlDialect::MySql),
            ("fixtures/shop/postgres.sql", SqlDialect::Postgres),
            ("fixtures/shop/mysql.sql", SqlDialect::MySql),
            ("fixtures/shop/sqlite.sql", SqlDialect::Sqlite),
        ] {
            let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            let file = SourceFile {
                name: path.to_owned(),
                text,
            };
            let mut read = ddl::read(&[file], dialect);
            assert!(!read.schema.tables.is_empty(), "{path}: {:?}", read.notes);
            check(&read);
            // What no file tells, and a server does.
            read.notes.push(Note::new("a note"));
            read.schema.sees_all_tables = !read.schema.sees_all_tables;
            for (at, table) in read.schema.tables.values_mut().enumerate() {
                table.kind = [TableKind::Foreign, TableKind::MaterializedView, TableKind::WithoutRowid][at % 3];
                table.row_security = [RowSecurity::Applies, RowSecurity::Bypassed, RowSecurity::Off][at % 3];
                table.estimated_rows = Some(u64::MAX);
                table.size_bytes = Some(1);
                table.readable = at % 2 == 0;
                table.audited = at % 2 == 1;
            }
            check(&read);
        }
    }

    #[test]
    fn what_is_no_snapshot_is_told() {
        let text = text_of(&info(), &Read::default());
        for (text, said) in [
            ("", "no JSON"),
            (text.get(..text.len() / 2).unwrap_or(""), "cut off"),
            ("{}", "no snapshot"),
            ("[1]", "no snapshot"),
            (r#"{"format": "other", "version": 1}"#, "no snapshot"),
            (r#"{"format": "relaudit schema", "version": 99}"#, "version 99"),
            (r#"{"format": "relaudit schema", "version": 1}"#, "missing field"),
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(error.contains(said), "{error}");
        }
    }
}
