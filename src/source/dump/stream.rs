//! SQL text of any size, cut into statements while it is read: what is held is a window, and as much more as the longest
//! statement that is no row needs.

use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::long_rows::LONG_ROW;
use super::quotes::{Passing, Skipped, Until, skip};
use crate::ddl::SqlDialect;
use crate::ddl::splitter::{PieceKind, Splitter};
use crate::dialect::interrupt;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;

/// How much of the window is tried first for the next statement, in bytes.
const FIRST_TRY: usize = 1 << 13;

/// The longest statement without rows, in bytes.
const LONGEST: usize = 32 << 20;

/// How much is remembered of a statement that is passed over, in bytes.
const TAIL: usize = 64;

/// A text that is read from its start to its end.
pub(super) struct Stream {
    input: Box<dyn Read + Send>,
    window: Vec<u8>,
    /// Up to where the window is done with.
    at: usize,
    ended: bool,
    /// The line that `at` is on, from 1.
    line: u32,
    dialect: SqlDialect,
    delimiter: String,
    /// The first line that is not UTF-8, outside of rows.
    latin1: Option<u32>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// A statement that is no row.
    Statement(Statement),
    /// Rows after `COPY … FROM stdin`, which start in the next line.
    Copy(Statement),
    /// An INSERT or REPLACE starts here, of any length.
    Insert {
        /// What stands before it: comments and white space.
        gap: String,
    },
    /// The end of the text.
    End {
        /// What stands before it.
        gap: String,
    },
}

/// A statement, and what stands before it.
#[derive(Debug)]
pub(super) struct Statement {
    /// The text from the end of the statement before up to and with the delimiter.
    pub(super) raw: String,
    /// The statement as the server reads it.
    pub(super) sql: String,
    /// The line that it starts on.
    pub(super) line: u32,
    /// What is opened in it and never closed, or that nothing ends it.
    pub(super) cut_off: bool,
}

/// Why a text cannot be read on: a sentence.
pub(super) type Failure = String;

impl Stream {
    pub(super) fn new(input: Box<dyn Read + Send>, dialect: SqlDialect) -> Self {
        Self {
            input,
            window: Vec::new(),
            at: 0,
            ended: false,
            line: 1,
            dialect,
            delimiter: ";".to_owned(),
            latin1: None,
        }
    }

    /// The line that is read next.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The first line outside of rows that is not UTF-8; such lines are read as Latin-1.
    pub(super) fn latin1(&self) -> Option<u32> {
        self.latin1
    }

    pub(super) fn dialect(&self) -> SqlDialect {
        self.dialect
    }

    /// Whether statements end with `;`, as they do where no `DELIMITER` says otherwise.
    pub(super) fn is_plainly_delimited(&self) -> bool {
        self.delimiter == ";"
    }

    /// What is in the window and not done with.
    pub(super) fn rest(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or(&[])
    }

    /// Is done with so many bytes.
    pub(super) fn advance(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or(self.rest());
        let (lines, length) = (memchr_iter(b'\n', passed).count(), passed.len());
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += length;
    }

    /// Reads more into the window; false at the end of the text.
    pub(super) fn fill(&mut self) -> Result<bool, Failure> {
        if self.ended {
            return Ok(false);
        }
        if interrupt::fired() {
            return Err("interrupted".to_owned());
        }
        self.window.drain(..self.at);
        self.at = 0;
        // In proportion to what is held, so that a long statement is not copied again and again.
        let wanted = CHUNK.max(self.window.len());
        let before = self.window.len();
        self.window.resize(before + wanted, 0);
        let mut filled = before;
        while let Some(free) = self.window.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.input.read(free) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(length) => filled += length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("line {}: {error}", self.line)),
            }
        }
        self.window.truncate(filled);
        Ok(filled > before)
    }

    /// Goes to the next statement.
    pub(super) fn next(&mut self) -> Result<Next, Failure> {
        let mut reach = FIRST_TRY;
        loop {
            if self.delimiter == ";" && self.rest().len() < 16 && !self.ended {
                self.fill()?;
            }
            if self.delimiter == ";" && starts_insert(self.rest()) {
                return Ok(Next::Insert { gap: String::new() });
            }
            self.make_text(reach);
            let is_all = self.ended && reach >= self.rest().len();
            if let Some(next) = self.try_next(reach, is_all)? {
                return Ok(next);
            }
            if reach >= self.rest().len() && !is_all {
                if self.rest().len() > LONGEST {
                    return Err(format!(
                        "the statement that follows line {} is longer than {} MB and adds no rows: a quote in it may never be \
                         closed",
                        self.line,
                        LONGEST >> 20
                    ));
                }
                self.fill()?;
            }
            reach = reach.saturating_mul(4);
        }
    }

    /// The next statement, if its end is within reach.
    fn try_next(&mut self, reach: usize, is_all: bool) -> Result<Option<Next>, Failure> {
        let bytes = self.rest().get(..reach).unwrap_or(self.rest());
        if let Some(at) = memchr(0, bytes) {
            let line = self.line as usize + memchr_iter(b'\n', bytes.get(..at).unwrap_or(&[])).count();
            return Err(format!("line {line} holds a NUL character: this is not an SQL script"));
        }
        // What is left out at the end is a character that is cut in two.
        let text = valid(bytes);
        let mut splitter = Splitter::new(text, self.dialect)
            .with_delimiter(&self.delimiter)
            .from_line(self.line);
        let Some(piece) = splitter.next() else {
            if !is_all {
                return Ok(None);
            }
            let gap = text.to_owned();
            self.advance(bytes.len());
            return Ok(Some(Next::End { gap }));
        };
        let upto = splitter.position();
        if self.delimiter == ";" && starts_insert(piece.text.as_bytes()) && splitter.delimiter() == ";" {
            let (gap, offset) = (text.get(..piece.offset).unwrap_or("").to_owned(), piece.offset);
            self.advance(offset);
            return Ok(Some(Next::Insert { gap }));
        }
        let is_whole = match piece.kind {
            PieceKind::ClientCommand => upto < text.len(),
            _ => piece.ended,
        };
        if !is_whole && !is_all {
            return Ok(None);
        }
        let statement = Statement {
            raw: text.get(..upto).unwrap_or("").to_owned(),
            sql: piece.sql().into_owned(),
            line: piece.line,
            cut_off: piece.unclosed.is_some() || (is_all && !is_whole && piece.kind == PieceKind::Statement),
        };
        let delimiter = splitter.delimiter().to_owned();
        // The rows of a COPY are what the splitter would give next.
        let copies = splitter.rows_follow();
        self.delimiter = delimiter;
        self.advance(upto);
        Ok(Some(if copies {
            Next::Copy(statement)
        } else {
            Next::Statement(statement)
        }))
    }

    /// Turns bytes that are not UTF-8 into what they are in Latin-1.
    fn make_text(&mut self, reach: usize) {
        let end = self.window.len().min(self.at.saturating_add(reach));
        let mut from = self.at;
        while let Some(bytes) = self.window.get(from..end) {
            let Err(error) = std::str::from_utf8(bytes) else { return };
            if error.error_len().is_none() {
                return;
            }
            from += error.valid_up_to();
            if self.latin1.is_none() {
                let passed = self.window.get(self.at..from).unwrap_or(&[]);
                let lines = memchr_iter(b'\n', passed).count();
                self.latin1 = Some(self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)));
            }
            let mut letter = [0; 4];
            let byte = self.window.get(from).copied().unwrap_or(b'?');
            let letter = char::from(byte).encode_utf8(&mut letter);
            self.window.splice(from..=from, letter.bytes());
            from += letter.len();
        }
    }

    /// Goes to the end of the statement in which the stream is; its delimiter is `;`. Gives its last bytes.
    pub(super) fn skip_statement(&mut self) -> Result<Vec<u8>, Failure> {
        let line = self.line;
        let mut tail = Vec::new();
        let mut passing = Passing::new(Until::Statement, self.dialect);
        loop {
            let (skipped, upto) = match passing.pass(self.rest()) {
                Skipped::Ended(end) => (true, end),
                // What was looked at is not held: a statement can be longer than memory.
                Skipped::More(resume) => (false, resume),
            };
            let passed = self.rest().get(..upto).unwrap_or(&[]);
            tail.extend(passed.get(passed.len().saturating_sub(TAIL)..).unwrap_or(passed));
            tail.drain(..tail.len().saturating_sub(TAIL));
            self.advance(upto);
            if skipped {
                return Ok(tail);
            }
            if !self.fill()? {
                return Err(cut_off(line));
            }
        }
    }

    /// Reads up to the end of the statement in which the stream is; stays where it is. Gives the length.
    pub(super) fn statement_end(&mut self) -> Result<usize, Failure> {
        loop {
            if let Skipped::Ended(end) = skip(self.rest(), self.dialect) {
                return Ok(end);
            }
            if !self.fill()? {
                return Err(cut_off(self.line));
            }
        }
    }

    /// Goes behind the line on which the stream is.
    pub(super) fn skip_line(&mut self) -> Result<(), Failure> {
        loop {
            if let Some(length) = memchr(b'\n', self.rest()) {
                self.advance(length + 1);
                return Ok(());
            }
            self.advance(self.rest().len());
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Goes through the lines of a COPY, up to the line `\.` that ends them. `each` is given a line, its number, and the
    /// fields of it that are too long to be held: they are null in it.
    pub(super) fn copy_lines(
        &mut self,
        mut each: impl FnMut(&[u8], u32, &[usize]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.skip_line()?;
        let first = self.line;
        loop {
            let mut done = 0;
            let mut line = self.line;
            let mut is_end = false;
            let rest = self.rest();
            while let Some(length) = rest.get(done..).and_then(|rest| memchr(b'\n', rest)) {
                let bytes = rest.get(done..done + length).unwrap_or(&[]);
                let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
                done += length + 1;
                if bytes == b"\\." {
                    is_end = true;
                    break;
                }
                each(bytes, line, &[])?;
                line = line.saturating_add(1);
            }
            self.at += done;
            self.line = line;
            if is_end {
                self.line = self.line.saturating_add(1);
                return Ok(());
            }
            if self.rest().len() > LONG_ROW {
                let (bytes, cut) = self.long_line()?;
                each(&bytes, line, &cut)?;
            } else if !self.fill()? {
                if self.rest().trim_ascii() == b"\\." {
                    self.advance(self.rest().len());
                    return Ok(());
                }
                return Err(cut_off(first));
            }
        }
    }
}

/// The sentence for a text that ends too early.
pub(super) fn cut_off(line: u32) -> Failure {
    format!(
        "it ends in the middle of the rows or the statement that start on line {line}: the file was cut off; make the dump \
         again"
    )
}

fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or(&[])).unwrap_or(""),
    }
}

/// Whether a text starts with INSERT or REPLACE as a word.
fn starts_insert(text: &[u8]) -> bool {
    [b"INSERT".as_slice(), b"REPLACE"].iter().any(|word| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
            && text.get(word.len()).is_some_and(u8::is_ascii_whitespace)
    })
}

#[cfg(test)]
pub(super) mod tests;
