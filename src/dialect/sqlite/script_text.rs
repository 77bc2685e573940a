//! The text of a script of any size, piece by piece while it is read: what is held is a window, as long as the longest
//! statement needs.

use std::io::Read;
use std::rc::Rc;

use memchr::{memchr, memchr_iter, memrchr};

use super::script_pieces::{Found, Kind, find, gap};
use crate::dialect::interrupt;
use crate::schema::Location;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;

/// How much of the window is tried first for the next piece, in bytes.
const FIRST_TRY: usize = 1 << 13;

/// The longest statement that is held in memory, in bytes. Rows of a longer INSERT are read one after the other.
pub(super) const LONGEST: usize = 16 << 20;

/// A script that is read from its start to its end.
pub(super) struct ScriptText<'r> {
    input: &'r mut dyn Read,
    /// What is read and not done with, from `at` on.
    window: String,
    at: usize,
    /// The bytes of a character of which the rest was not read yet.
    partial: Vec<u8>,
    ended: bool,
    /// Where `at` is.
    place: Place,
    /// The first part of the text.
    head: Rc<str>,
}

/// A place in the script, from line 1 and column 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A part of a script.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    /// Without the comments before it.
    pub(super) text: &'a str,
    /// Where it starts.
    pub(super) place: Place,
}

impl Place {
    /// The place behind a text that starts here. A byte order mark takes no place on the screen.
    pub(super) fn after(self, text: &str) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let letters = |text: &str| count(text.chars().filter(|letter| *letter != '\u{feff}').count());
        match memrchr(b'\n', text.as_bytes()) {
            None => Self {
                line: self.line,
                column: self.column.saturating_add(letters(text)),
            },
            Some(last) => Self {
                line: self
                    .line
                    .saturating_add(count(memchr_iter(b'\n', text.as_bytes()).count())),
                column: letters(text.get(last + 1..).unwrap_or("")).saturating_add(1),
            },
        }
    }

    pub(super) fn location(self, file: &str) -> Location {
        Location {
            file: file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}

impl<'r> ScriptText<'r> {
    /// Starts with some of the text in the window.
    pub(super) fn new(input: &'r mut dyn Read) -> Result<Self, String> {
        let mut text = Self {
            input,
            window: String::new(),
            at: 0,
            partial: Vec::new(),
            ended: false,
            place: Place { line: 1, column: 1 },
            head: Rc::from(""),
        };
        text.fill()?;
        text.head = Rc::from(text.window.as_str());
        Ok(text)
    }

    /// The first part of the text; all of it, where it is short.
    pub(super) fn head(&self) -> Rc<str> {
        Rc::clone(&self.head)
    }

    /// What is in the window and not done with.
    pub(super) fn rest(&self) -> &str {
        self.window.get(self.at..).unwrap_or("")
    }

    /// Where the rest starts.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Is done with so many bytes.
    pub(super) fn advance(&mut self, length: usize) {
        self.place = self.place.after(self.rest().get(..length).unwrap_or(""));
        self.at += length;
    }

    /// Reads more into the window; false at the end of the text. The error is a sentence.
    pub(super) fn fill(&mut self) -> Result<bool, String> {
        if self.ended {
            return Ok(false);
        }
        if interrupt::fired() {
            return Err("interrupted".to_owned());
        }
        self.window.drain(..self.at);
        self.at = 0;
        // In proportion to what is held, so that a long statement is not looked at again and again.
        let wanted = CHUNK.max(self.window.len()).min(LONGEST);
        let mut bytes = std::mem::take(&mut self.partial);
        let before = bytes.len();
        let read = self.input.take(wanted as u64).read_to_end(&mut bytes);
        let read = read.map_err(|error| format!("line {}: {error}", self.end().line))?;
        self.ended = read == 0;
        if let Some(at) = bytes.get(before..).and_then(|new| memchr(0, new)) {
            let valid = String::from_utf8_lossy(bytes.get(..before + at).unwrap_or(&[]));
            let line = self.end().after(&valid).line;
            return Err(format!("line {line} holds a NUL character: this is not an SQL script"));
        }
        let valid = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                let text = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
                let text = std::str::from_utf8(text).unwrap_or("");
                if error.error_len().is_some() || self.ended {
                    let line = self.end().after(text).line;
                    return Err(format!(
                        "line {line} is not UTF-8; convert the file (for Latin-1: `iconv -f LATIN1 -t UTF-8`)"
                    ));
                }
                text
            }
        };
        self.window.reserve_exact(valid.len());
        self.window.push_str(valid);
        self.partial = bytes.get(valid.len()..).unwrap_or(&[]).to_vec();
        Ok(!self.ended)
    }

    /// Where the window ends.
    fn end(&self) -> Place {
        self.place.after(self.rest())
    }

    /// Goes over white space and comments, as far as the window holds them.
    pub(super) fn skip_gap(&mut self) {
        let length = gap(self.rest(), self.place.column == 1);
        self.advance(length);
    }

    /// Takes the next piece; `None` at the end. The error is a sentence.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, String> {
        let mut reach = FIRST_TRY;
        let found = loop {
            let rest = self.rest();
            let text = rest.get(..rest.floor_char_boundary(reach)).unwrap_or(rest);
            let is_all = self.ended && reach >= rest.len();
            match find(text, self.place.column == 1) {
                Some(found) if found.is_whole || is_all => break found,
                None if is_all => return Ok(None),
                _ => {}
            }
            if reach >= rest.len() && !is_all {
                if rest.len() > LONGEST {
                    return Err(too_long(self.place.line));
                }
                self.fill()?;
            }
            reach = reach.saturating_mul(4);
        };
        let Found {
            kind, start, end, upto, ..
        } = found;
        let place = self.place.after(self.rest().get(..start).unwrap_or(""));
        let from = self.at;
        self.advance(upto);
        let text = self.window.get(from + start..from + end).unwrap_or("");
        Ok(Some(Piece { kind, text, place }))
    }
}

/// The sentence for a statement that is not held.
pub(super) fn too_long(line: u32) -> String {
    format!(
        "line {line}: the statement that starts here is longer than {} MB, and does more than to insert plain rows; make a \
         database of the script (`sqlite3 FILE < SCRIPT`), and audit that file",
        LONGEST >> 20
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives what it has in small parts.
    struct Slowly<'a>(&'a [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.0.len().min(into.len()).min(3);
            let (now, later) = self.0.split_at(length);
            into.get_mut(..length).unwrap_or_default().copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    /// Text, line and column of each piece; or the error.
    fn pieces(script: &[u8]) -> Result<Vec<(String, u32, u32)>, String> {
        let mut input = Slowly(script);
        let mut text = ScriptText::new(&mut input)?;
        let mut found = Vec::new();
        while let Some(piece) = text.next()? {
            found.push((piece.text.to_owned(), piece.place.line, piece.place.column));
        }
        Ok(found)
    }

    #[test]
    fn places_are_counted_in_characters() {
        let found =
            pieces("\u{feff}a;\r\nüü; b\n;-- c;\n  .mode x;\nSELECT\n.5; # no comment\n;\n# a comment\nd".as_bytes());
        let expected = [
            ("a;", 1, 1),
            ("üü;", 2, 1),
            ("b\n;", 2, 5),
            (".mode x;", 4, 3),
            ("SELECT\n.5;", 5, 1),
            ("# no comment\n;", 6, 5),
            ("d", 9, 1),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(text, line, column)| ((*text).to_owned(), *line, *column))
            .collect();
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn pieces_longer_than_the_window_are_one() {
        let long = "x'; ".repeat(CHUNK);
        let script = format!(
            "a '{}';\n-- {long}\nCREATE TRIGGER t BEGIN '{}'; END; b",
            "ä'';".repeat(CHUNK),
            "é;".repeat(CHUNK)
        );
        let found = pieces(script.as_bytes()).unwrap_or_default();
        let places: Vec<_> = found.iter().map(|(_, line, column)| (*line, *column)).collect();
        assert_eq!(places, [(1, 1), (3, 1), (3, 524_321)]);
        let found = pieces(&b"a;\n".repeat(100_000)).unwrap_or_default();
        assert_eq!(found.last(), Some(&("a;".to_owned(), 100_000, 1)));
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        let long = format!("{}\n\n'ä", "a;".repeat(CHUNK));
        for (bad, said) in [
            (b"\0".as_slice(), "line 3 holds a NUL"),
            (b"\xff'".as_slice(), "line 3 is not UTF-8"),
            (b"\xc3".as_slice(), "line 3 is not UTF-8"),
        ] {
            let found = pieces(&[long.as_bytes(), bad].concat());
            assert!(
                found.as_ref().is_err_and(|error| error.contains(said)),
                "{said}: {found:?}"
            );
        }
    }
}
