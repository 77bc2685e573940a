//! What a file is, by its first bytes and its name.

use std::io::Read as _;
use std::path::Path;

use super::{ScriptDialect, Target, script};

/// How many bytes tell what a file is: the mark of a tar archive ends there.
const HEAD: u64 = 262;

/// What a file is that exists. The error is a sentence.
pub(super) fn kind(path: &Path, dialect: Option<ScriptDialect>) -> Result<Target, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err(
            "it is a directory; migrations are not supported yet: apply them to a database and audit that, or name one file"
                .to_owned(),
        );
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
    let has_extension = |known: &[&str]| known.iter().any(|known| extension.eq_ignore_ascii_case(known));
    let is_script = has_extension(&["sql"]) || dialect.is_some();
    if metadata.is_file() {
        let head = head(path).map_err(|error| error.to_string())?;
        if head.starts_with(b"SQLite format 3\0") {
            return Ok(Target::SqliteFile(path.to_owned()));
        }
        refuse_by_head(&head)?;
    }
    if has_extension(&["db", "db3", "sqlite", "sqlite3"]) && !is_script {
        // It lacks SQLite's magic: to be told when it is opened, since encrypted databases lack it too.
        return Ok(Target::SqliteFile(path.to_owned()));
    }
    if has_extension(&["json"]) && dialect.is_none() {
        return Err("snapshots of a schema are not supported yet; audit the database itself".to_owned());
    }
    if !is_script {
        return Err(
            "it is neither a SQLite database nor named .sql; if it is a script in SQLite's dialect, add --dialect sqlite"
                .to_owned(),
        );
    }
    script::refuse_dialect(dialect)?;
    Ok(Target::Script(path.to_owned()))
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

fn refuse_by_head(head: &[u8]) -> Result<(), String> {
    let compressed: [(&[u8], &str, &str); 5] = [
        (&[0x1f, 0x8b], "gzip", "gunzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"),
        (b"BZh", "bzip2", "bunzip2"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz", "unxz"),
        (b"PK\x03\x04", "zip", "unzip"),
    ];
    if head.is_empty() {
        return Err("it is empty; check the path".to_owned());
    }
    if head.starts_with(b"PGDMP") {
        return Err(
            "it is an archive of pg_dump (custom format), which is not supported yet: restore it into a server \
             (`pg_restore --create -d postgres FILE`) and audit that"
                .to_owned(),
        );
    }
    if let Some((_, format, tool)) = compressed.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Err(format!(
            "it is compressed with {format}, which is not supported yet: unpack it first (`{tool}`)"
        ));
    }
    if head.get(257..).is_some_and(|mark| mark.starts_with(b"ustar")) {
        return Err(
            "it is a tar archive, which is not supported yet: unpack it first, or restore it with `pg_restore` if pg_dump \
             made it"
                .to_owned(),
        );
    }
    Ok(())
}
