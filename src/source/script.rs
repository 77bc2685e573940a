//! The text of a script.

use std::io::Read;
use std::path::Path;

use super::ScriptDialect;
use crate::dialect::Error;

/// Refuses the dialects that need a server.
pub(super) fn in_dialect(name: &str, dialect: Option<ScriptDialect>) -> Result<(), Error> {
    refuse_dialect(dialect).map_err(|reason| Error::File {
        source_name: name.to_owned(),
        reason,
    })
}

/// The same, as a sentence.
pub(super) fn refuse_dialect(dialect: Option<ScriptDialect>) -> Result<(), String> {
    let (system, address) = match dialect {
        None | Some(ScriptDialect::Sqlite) => return Ok(()),
        Some(ScriptDialect::Postgres) => ("PostgreSQL", "postgres://…"),
        Some(ScriptDialect::Mysql) => ("MySQL", "mysql://…"),
    };
    Err(format!(
        "auditing a {system} script without a server is not supported yet: load it into a server and audit that ({address})"
    ))
}

/// Reads a file.
pub(super) fn read_file(path: &Path) -> Result<String, Error> {
    let name = path.display().to_string();
    match std::fs::File::open(path) {
        Ok(file) => read(&name, file),
        Err(error) => Err(Error::File {
            source_name: name,
            reason: error.to_string(),
        }),
    }
}

/// Reads all of a text.
pub(super) fn read(name: &str, mut input: impl Read) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let text = match input.read_to_end(&mut bytes) {
        Ok(_) => decode(bytes),
        Err(error) => Err(error.to_string()),
    };
    text.map_err(|reason| Error::File {
        source_name: name.to_owned(),
        reason,
    })
}

fn decode(bytes: Vec<u8>) -> Result<String, String> {
    let line = |at: usize| bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16; convert it (`iconv -f UTF-16 -t UTF-8`)".to_owned());
    }
    let nul = bytes.iter().position(|byte| *byte == 0);
    match (std::str::from_utf8(&bytes), nul) {
        (Err(_), Some(_)) => Err("it is a binary file and no SQL script; check the path".to_owned()),
        (Ok(_), Some(at)) => Err(format!(
            "line {} holds a NUL character: this is not an SQL script",
            line(at)
        )),
        (Err(error), None) => Err(format!(
            "line {} is not UTF-8; convert the file (for Latin-1: `iconv -f LATIN1 -t UTF-8`)",
            line(error.valid_up_to())
        )),
        (Ok(text), None)
            if text
                .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .is_empty() =>
        {
            Err("it holds no SQL; check the path, or what writes to the pipe".to_owned())
        }
        (Ok(_), None) => String::from_utf8(bytes).map_err(|error| error.to_string()),
    }
}
