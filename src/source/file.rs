//! What a file is, by its first bytes and its name.

use std::path::Path;

use super::{ScriptDialect, Target, bytes};
use crate::orm::schema_rb;

/// How many bytes tell what a file is: the mark of a tar archive ends there.
const HEAD: u64 = 262;

/// What a file is that exists. The error is a sentence.
pub(super) fn kind(path: &Path, dialect: Option<ScriptDialect>) -> Result<Target, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Ok(Target::Folder(path.to_owned(), dialect));
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    let has_extension = |known: &[&str]| known.iter().any(|known| extension.eq_ignore_ascii_case(known));
    let mut is_script = has_extension(&["sql"]) || dialect.is_some();
    if metadata.is_file() {
        let head = bytes::head(path, HEAD).map_err(|error| error.to_string())?;
        if head.starts_with(b"SQLite format 3\0") {
            return Ok(Target::SqliteFile(path.to_owned()));
        }
        refuse_by_head(&head, path)?;
        is_script |= head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    }
    if has_extension(&["db", "db3", "sqlite", "sqlite3"]) && !is_script {
        // It lacks SQLite's magic: to be told when it is opened, since encrypted databases lack it too.
        return Ok(Target::SqliteFile(path.to_owned()));
    }
    if has_extension(&["json"]) && dialect.is_none() {
        return Ok(Target::Snapshot(path.to_owned()));
    }
    if has_extension(&["rb"]) {
        let text = std::fs::read(path).map_err(|error| error.to_string())?;
        return if schema_rb::is_schema(&String::from_utf8_lossy(&text)) {
            Ok(Target::RailsSchema(path.to_owned(), dialect))
        } else {
            Err("of Ruby files only a schema that Rails wrote (db/schema.rb) is a source".to_owned())
        };
    }
    if !is_script {
        return Err(
            "it is neither a SQLite database nor named .sql; if it is SQL text, add --dialect postgres, mysql or sqlite"
                .to_owned(),
        );
    }
    Ok(Target::Script(path.to_owned(), dialect))
}

fn refuse_by_head(head: &[u8], path: &Path) -> Result<(), String> {
    let compressed: [(&[u8], &str, &str); 3] = [
        (b"BZh", "bzip2", "bunzip2"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "unxz"),
        (b"PK\x03\x04", "zip", "unzip"),
    ];
    if head.is_empty() {
        return Err("it is empty; check the path".to_owned());
    }
    if head.starts_with(b"PGDMP") {
        return Err(format!(
            "it is an archive of pg_dump in its custom format: make a plain one of it (`pg_restore --file=dump.sql {}`) and \
             audit that",
            path.display()
        ));
    }
    if let Some((_, format, tool)) = compressed.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Err(format!(
            "it is compressed with {format}, of which relaudit reads only gzip and zstd: unpack it first (`{tool}`)"
        ));
    }
    if head.get(257..).is_some_and(|mark| mark.starts_with(b"ustar")) {
        return Err(
            "it is a tar archive: unpack it first, or make a plain dump of it with `pg_restore --file=dump.sql` if pg_dump \
             made it"
                .to_owned(),
        );
    }
    Ok(())
}
