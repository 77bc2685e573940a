//! Bytes of a file → text, or why they are none.

use super::SourceFile;
use crate::schema::{Location, Note};

impl SourceFile {
    /// Takes a file's bytes for text: UTF-8, UTF-16 with a byte order mark, else Latin-1 with a note.
    ///
    /// # Errors
    ///
    /// A sentence that says what the file is and what to do with it, where it is no SQL text.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<(Self, Option<Note>), String> {
        if bytes.starts_with(b"PGDMP") {
            return Err(format!(
                "{name} is an archive of pg_dump in its custom format: make a plain one of it with `pg_restore --file=dump.sql {name}`"
            ));
        }
        if bytes.starts_with(b"SQLite format 3\0") {
            return Err(format!(
                "{name} is a SQLite database and no SQL text: name it as sqlite:{name}"
            ));
        }
        if let Some(text) = utf16(&bytes) {
            return Ok((Self::new(name, text), None));
        }
        if let Some(at) = memchr::memchr(0, &bytes) {
            let line = memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or(&[])).count() + 1;
            return Err(format!("{name} is no SQL text: line {line} holds a NUL character"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok((Self::new(name, text), None)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let line = memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or(&[])).count() + 1;
                let text: String = bytes.into_iter().map(char::from).collect();
                let note = Note {
                    message: "the file is not UTF-8; it is read as Latin-1, and names beyond ASCII may be wrong"
                        .to_owned(),
                    location: Some(Location {
                        file: name.to_owned(),
                        line: u32::try_from(line).unwrap_or(u32::MAX),
                        column: 1,
                    }),
                };
                Ok((Self::new(name, text), Some(note)))
            }
        }
    }

    fn new(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            text,
        }
    }
}

/// PowerShell writes dumps so.
fn utf16(bytes: &[u8]) -> Option<String> {
    let little = bytes.starts_with(&[0xff, 0xfe]);
    if !little && !bytes.starts_with(&[0xfe, 0xff]) {
        return None;
    }
    let units = bytes.get(2..)?.chunks_exact(2).map(|pair| match (pair, little) {
        ([low, high], true) | ([high, low], false) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let text: String = char::decode_utf16(units)
        .map(|letter| letter.unwrap_or('\u{fffd}'))
        .collect();
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        let read = |bytes: &[u8]| SourceFile::from_bytes("a.sql", bytes.to_vec());
        assert_eq!(
            read("ü".as_bytes()),
            Ok((SourceFile::new("a.sql", "ü".to_owned()), None))
        );
        assert_eq!(
            read(&[0xff, 0xfe, b'a', 0, 0xfc, 0]),
            Ok((SourceFile::new("a.sql", "aü".to_owned()), None))
        );
        let (file, note) = read(b"a\n\xfc").expect("Latin-1");
        assert_eq!(file.text, "a\nü");
        assert_eq!(note.and_then(|note| note.location).map(|place| place.line), Some(2));
        assert!(read(b"PGDMP\x01\0").is_err_and(|error| error.contains("pg_restore")));
        assert!(read(b"a\n\0").is_err_and(|error| error.contains("line 2")));
    }
}
