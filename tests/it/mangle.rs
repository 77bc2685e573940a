//! Texts made wrong on purpose, always in the same way for the same seed, and what must hold of them all the same.

use std::time::{Duration, Instant};

use relaudit::ddl::splitter::Splitter;
use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::schema::{Location, Read};

pub(crate) const DIALECTS: [SqlDialect; 3] = [SqlDialect::Postgres, SqlDialect::MySql, SqlDialect::Sqlite];

/// Statements are cut to about this many bytes, so that many cases can be tried.
const LONGEST: usize = 1500;

/// No small text may take longer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What parsers trip over.
const TRAPS: [&str; 64] = [
    "'",
    "\"",
    "`",
    "[",
    "]",
    "$$",
    "$a$",
    "E'\\'",
    "\\",
    "(",
    ")",
    "((",
    "))",
    ",",
    ";",
    ".",
    "..",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!50100 ",
    "/*!99999999 */",
    "/*M!100101 ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "ü",
    "\u{1f600}",
    "\\.\n",
    "\nDELIMITER //\n",
    "//",
    "COPY t FROM stdin;\n",
    "BEGIN ",
    "END;",
    "ATOMIC ",
    "CASE ",
    " CONSTRAINT ",
    " PRIMARY KEY ",
    " UNIQUE ",
    " REFERENCES ",
    " FOREIGN KEY ",
    " CHECK ",
    " DEFAULT ",
    " GENERATED ALWAYS AS ",
    " PARTITION OF ",
    " INHERITS (",
    " LIKE ",
    " ATTACH PARTITION ",
    " RENAME TO ",
    " RENAME COLUMN ",
    " DROP COLUMN ",
    " ADD ",
    " ALTER COLUMN ",
    " TYPE ",
    " USING ",
    " ON ",
    " WHERE ",
    " NULL ",
    "99999999999999999999",
    "-1",
];

/// A generator of numbers that is good enough and needs no crate (Vigna's SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit; zero where there is none.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start).min(80) + 1)
    }
}

/// The statements and other pieces of a file, none too long, and what stands between them.
pub(crate) fn pieces(text: &str, dialect: SqlDialect) -> Vec<Vec<u8>> {
    let mut end = 0;
    let mut found = Vec::new();
    for piece in Splitter::new(text, dialect) {
        let whole = &text.as_bytes()[end..piece.offset + piece.text.len()];
        let start = whole.len().saturating_sub(LONGEST);
        found.push([&whole[start..], b";\n"].concat());
        end = piece.offset + piece.text.len();
    }
    found
}

/// A few pieces, often one behind the other in their file, with a few changes.
pub(crate) fn mangled(random: &mut Random, pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = random.below(pieces.len());
    for _ in 0..=random.below(4) {
        text.extend_from_slice(pieces.get(at).map_or(&[][..], Vec::as_slice));
        at = if random.below(3) == 0 {
            random.below(pieces.len())
        } else {
            at + 1
        };
    }
    for _ in 0..=random.below(4) {
        change(random, &mut text, pieces);
    }
    text
}

fn change(random: &mut Random, text: &mut Vec<u8>, pieces: &[Vec<u8>]) {
    let at = random.below(text.len());
    match random.below(9) {
        0 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => drop(text.drain(random.range(text.len()))),
        2 => {
            let copy = text[random.range(text.len())].to_vec();
            text.splice(at..at, copy);
        }
        3 => text.truncate(at),
        4 => {
            let other = random.below(pieces.len());
            let other = pieces.get(other).map_or(&[][..], Vec::as_slice);
            let part = other[random.range(other.len())].to_vec();
            text.splice(at..at, part);
        }
        5 | 6 => {
            let trap = TRAPS[random.below(TRAPS.len())];
            text.splice(at..at, trap.bytes());
        }
        7 => {
            // The rest of another piece.
            let other = random.below(pieces.len());
            let other = pieces.get(other).map_or(&[][..], Vec::as_slice);
            text.truncate(at);
            text.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ => swap_words(random, text),
    }
}

/// Two words, or other signs, change places.
fn swap_words(random: &mut Random, text: &mut Vec<u8>) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let words: Vec<&[u8]> = text.chunk_by(|left, right| is_word(*left) && is_word(*right)).collect();
    let (one, other) = (random.below(words.len()), random.below(words.len()));
    let mut swapped = words;
    if one < swapped.len() && other < swapped.len() {
        swapped.swap(one, other);
    }
    *text = swapped.concat();
}

/// What does not hold of a text, if anything. A panic is the caller's to catch.
pub(crate) fn fault(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    // How the text is told apart must not panic either.
    let _ = (ddl::sniff(&text), SourceFile::from_bytes("a.sql", bytes.to_vec()));
    let lengths: Vec<usize> = text
        .trim_start_matches('\u{feff}')
        .split('\n')
        .map(|line| line.chars().count())
        .collect();
    DIALECTS.iter().find_map(|dialect| {
        let start = Instant::now();
        let fault = split_fault(&text, *dialect).or_else(|| {
            let file = SourceFile {
                name: "a.sql".to_owned(),
                text: text.clone(),
            };
            place_fault(&ddl::read(&[file], *dialect), &lengths)
        });
        let slow = (start.elapsed() > DEADLINE).then(|| "it takes too long".to_owned());
        fault.or(slow).map(|fault| format!("{dialect:?}: {fault}"))
    })
}

/// The splitter's pieces and gaps put together are the text.
fn split_fault(text: &str, dialect: SqlDialect) -> Option<String> {
    let mut end = 0;
    for piece in Splitter::new(text, dialect) {
        let here = text.get(piece.offset..piece.offset + piece.text.len());
        if piece.offset < end || here != Some(piece.text) || piece.sql().len() != piece.text.len() {
            return Some(format!("the piece at {} is not what the text has there", piece.offset));
        }
        end = piece.offset + piece.text.len();
    }
    None
}

/// Every place that is told lies in the file.
fn place_fault(read: &Read, lengths: &[usize]) -> Option<String> {
    let tables = read.schema.tables.values();
    let places = tables.flat_map(|table| {
        let columns = table.columns.iter().map(|column| &column.origin);
        let keys = table.keys.iter().map(|key| &key.origin);
        let foreign_keys = table.foreign_keys.iter().map(|key| &key.origin);
        let indexes = table.indexes.iter().map(|index| &index.origin);
        let parts = columns.chain(keys).chain(foreign_keys).chain(indexes);
        parts.chain([&table.origin]).filter_map(|origin| origin.location())
    });
    let notes = read.notes.iter().filter_map(|note| note.location.as_ref());
    let is_inside = |place: &&Location| {
        let line = usize::try_from(place.line).ok().and_then(|line| line.checked_sub(1));
        let length = line.and_then(|line| lengths.get(line));
        length.is_some_and(|length| (1..=length + 1).contains(&(place.column as usize)))
    };
    let mut outside = places.chain(notes).filter(|place| !is_inside(place));
    outside.next().map(|place| format!("{place:?} is not in the file"))
}
