//! From the values of a row to the columns that are kept.

use super::clash;
use super::head::OnClash;
use super::long_rows::LONG_ROW;
use super::stream::{Failure, Stream, cut_off};
use super::values::{self, Raw, Row};
use crate::ddl::SqlDialect;
use crate::dialect::Error;
use crate::dialect::sqlite::dump::{DumpValue, Writer};
use crate::schema::Column;

/// Where the value of a kept column comes from.
#[derive(Debug, Clone)]
pub(super) enum From {
    /// The value at this place of a row.
    Value(usize),
    /// The default: a text, or null.
    Default(Option<String>),
    /// The server gives it.
    Unknown,
}

/// The value of a column that a row does not have.
pub(super) fn default_of(column: &Column) -> From {
    if column.identity || column.generated.is_some() {
        return From::Unknown;
    }
    match column.default.as_deref() {
        None => From::Default(None),
        Some(text) if text.eq_ignore_ascii_case("NULL") => From::Default(None),
        Some(text) => {
            let is_number = text.parse::<i64>().is_ok();
            let quoted = text.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
            match quoted {
                Some((inner, rest)) if rest.is_empty() || rest.starts_with("::") && !rest.contains('\'') => {
                    From::Default(Some(inner.to_owned()))
                }
                _ if is_number || ["true", "false"].contains(&text) => From::Default(Some(text.to_owned())),
                _ => From::Unknown,
            }
        }
    }
}

/// Sets what is the same in every row.
pub(super) fn set_defaults(writer: &mut Writer<'_>, sources: &[From]) -> Result<(), Error> {
    for (at, source) in sources.iter().enumerate() {
        if let From::Default(default) = source {
            let value = default
                .as_ref()
                .map_or(DumpValue::Null, |text| DumpValue::Text(text.as_bytes()));
            writer.set(at, value)?;
        }
    }
    Ok(())
}

pub(super) fn unknown(line: u32) -> String {
    format!("line {line}: the rows lack a column that is needed, and only the server knows its value")
}

/// Which fields of a line of COPY go where.
pub(super) struct Fields {
    /// For each field up to the last that is needed: the places where it goes.
    wanted: Vec<Option<usize>>,
    unknown: bool,
}

impl Fields {
    pub(super) fn new(sources: &[From]) -> Self {
        let mut wanted = Vec::new();
        let mut unknown = false;
        for (place, source) in sources.iter().enumerate() {
            match source {
                From::Value(at) => {
                    if wanted.len() <= *at {
                        wanted.resize(at + 1, None);
                    }
                    if let Some(slot) = wanted.get_mut(*at) {
                        *slot = Some(place);
                    }
                }
                From::Default(_) => {}
                From::Unknown => unknown = true,
            }
        }
        Self { wanted, unknown }
    }

    pub(super) fn refusal(&self, line: u32) -> Option<String> {
        self.unknown.then(|| unknown(line))
    }

    /// Whether one of these fields is kept.
    pub(super) fn want_any(&self, fields: &[usize]) -> bool {
        let mut fields = fields.iter();
        fields.any(|field| self.wanted.get(*field).is_some_and(Option::is_some))
    }

    /// False where the line has too few fields.
    pub(super) fn write(&self, line: &[u8], writer: &mut Writer<'_>, scratch: &mut Vec<u8>) -> Result<bool, Error> {
        let mut rest = Some(line);
        for place in &self.wanted {
            let Some(text) = rest else { return Ok(false) };
            let (field, behind) = match memchr::memchr(b'\t', text) {
                Some(at) => (text.get(..at).unwrap_or(&[]), text.get(at + 1..)),
                None => (text, None),
            };
            rest = behind;
            let Some(place) = place else { continue };
            let value = if field == b"\\N" {
                DumpValue::Null
            } else if memchr::memchr(b'\\', field).is_some() {
                scratch.clear();
                values::uncopy(field, scratch);
                DumpValue::Text(scratch)
            } else {
                DumpValue::Text(field)
            };
            writer.set(*place, value)?;
        }
        writer.add()?;
        Ok(true)
    }
}

/// What came of the rows of an INSERT.
pub(super) struct Inserted {
    /// Why they cannot be used.
    pub(super) refused: Option<String>,
    /// What is said behind them of rows whose key is there already.
    pub(super) on_clash: OnClash,
}

/// How the rows of an INSERT end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the statement's semicolon, which is next.
    Statement,
    /// More is said, and starts here.
    Clause,
}

/// Takes the rows of an INSERT up to its end.
pub(super) fn insert_rows(
    stream: &mut Stream,
    writer: &mut Writer<'_>,
    sources: &[From],
    line: u32,
) -> Result<Inserted, Failure> {
    let dialect = stream.dialect();
    set_defaults(writer, sources).map_err(plain)?;
    let unknown_value = sources.iter().any(|source| matches!(source, From::Unknown));
    let mut rows = Rows {
        writer,
        sources,
        dialect,
        line,
        refused: unknown_value.then(|| unknown(line)),
        scratch: Vec::new(),
    };
    // Whether a row was read that the window does not hold, and not what follows it.
    let mut behind_row = false;
    loop {
        let (done, end) = if behind_row {
            behind(stream.rest(), dialect)
        } else {
            rows.take(stream.rest())?
        };
        stream.advance(done);
        match end {
            Some(End::Statement) => {
                stream.advance(1);
                return Ok(Inserted {
                    refused: rows.refused,
                    on_clash: OnClash::Fail,
                });
            }
            Some(End::Clause) => {
                let end = stream.statement_end()?;
                let on_clash = clash::clause(stream.rest().get(..end).unwrap_or(&[]), dialect);
                if on_clash.is_none() {
                    let reason = "changes rows that are there, or is not understood";
                    rows.refuse(format!("the INSERT on line {line} {reason}"));
                }
                stream.advance(end);
                return Ok(Inserted {
                    refused: rows.refused,
                    on_clash: on_clash.unwrap_or(OnClash::Fail),
                });
            }
            // Behind the comma is a row.
            None if behind_row && done > 0 => behind_row = false,
            None if !behind_row && stream.rest().len() > LONG_ROW && stream.rest().first() == Some(&b'(') => {
                let (text, cut) = stream.long_row()?;
                rows.take_long(&text, &cut)?;
                behind_row = true;
            }
            None => {
                if !stream.fill()? {
                    return Err(cut_off(line));
                }
            }
        }
    }
}

/// What follows a row, and how long that is.
fn behind(rest: &[u8], dialect: SqlDialect) -> (usize, Option<End>) {
    let next = values::skip_space(rest, 0, dialect);
    match next.and_then(|next| rest.get(next).map(|sign| (next, *sign))) {
        None => (0, None),
        Some((next, b',')) => (next + 1, None),
        Some((next, b';')) => (next, Some(End::Statement)),
        Some((next, _)) => (next, Some(End::Clause)),
    }
}

/// Takes the rows of one INSERT.
struct Rows<'a, 'w> {
    writer: &'a mut Writer<'w>,
    sources: &'a [From],
    dialect: SqlDialect,
    line: u32,
    /// Why they cannot be used.
    refused: Option<String>,
    scratch: Vec<u8>,
}

impl Rows<'_, '_> {
    /// Takes as many rows as there are whole. Gives their length, and how they end, if they do.
    fn take(&mut self, rest: &[u8]) -> Result<(usize, Option<End>), Failure> {
        let dialect = self.dialect;
        let mut done = 0;
        let mut row = Vec::new();
        loop {
            match values::row(rest, done, dialect, &mut row) {
                Row::Ends(end) => {
                    let Some(next) = values::skip_space(rest, end, dialect) else {
                        return Ok((done, None));
                    };
                    let Some(sign) = rest.get(next) else {
                        return Ok((done, None));
                    };
                    self.write(&row)?;
                    match sign {
                        // The row is written; what follows is looked at when there is more of the text.
                        b',' => match values::skip_space(rest, next + 1, dialect) {
                            None => return Ok((next + 1, None)),
                            Some(start) => done = start,
                        },
                        b';' => return Ok((next, Some(End::Statement))),
                        _ => return Ok((next, Some(End::Clause))),
                    }
                }
                // White space that was not passed yet.
                Row::More => match values::skip_space(rest, done, dialect) {
                    Some(start) if start > done => done = start,
                    _ => return Ok((done, None)),
                },
                Row::None => match values::skip_space(rest, done, dialect) {
                    Some(start) if start > done => done = start,
                    Some(_) => return Ok((done, Some(End::Clause))),
                    None => return Ok((done, None)),
                },
            }
        }
    }

    /// Takes a row of which the values at some places are left out.
    fn take_long(&mut self, text: &[u8], cut: &[usize]) -> Result<(), Failure> {
        let mut row = Vec::new();
        let is_row = matches!(values::row(text, 0, self.dialect, &mut row), Row::Ends(_));
        let is_kept = |source: &From| matches!(source, From::Value(at) if cut.contains(at));
        if !is_row || self.sources.iter().any(is_kept) {
            self.refuse(too_long(self.line));
        }
        self.write(&row)
    }

    fn write(&mut self, row: &[Raw<'_>]) -> Result<(), Failure> {
        if self.refused.is_some() {
            return Ok(());
        }
        let refused = write_row(row, self.writer, self.sources, &mut self.scratch, self.dialect).map_err(plain)?;
        self.refused = refused.map(|reason| format!("the INSERT on line {}: {reason}", self.line));
        Ok(())
    }

    /// The first reason counts.
    fn refuse(&mut self, reason: String) {
        self.refused.get_or_insert(reason);
    }
}

/// The sentence for a row that is not kept.
pub(super) fn too_long(line: u32) -> String {
    format!("the rows from line {line} on have a key that is too long to be one")
}

/// Writes a row; a sentence where one of its values is not known.
fn write_row(
    row: &[Raw<'_>],
    writer: &mut Writer<'_>,
    sources: &[From],
    scratch: &mut Vec<u8>,
    dialect: SqlDialect,
) -> Result<Option<String>, Error> {
    for (place, source) in sources.iter().enumerate() {
        let From::Value(at) = source else { continue };
        let value = match row.get(*at) {
            None => return Ok(Some("a row has fewer values than there are columns".to_owned())),
            Some(Raw::Expression(text)) => {
                let text = String::from_utf8_lossy(text.get(..40).unwrap_or(text)).replace(['"', '\n'], " ");
                return Ok(Some(format!("only the server knows the value of `{text}`")));
            }
            Some(Raw::Null) => DumpValue::Null,
            Some(Raw::Plain(text)) => DumpValue::Text(text),
            Some(Raw::Hex(digits)) => {
                scratch.clear();
                values::unhex(digits, scratch);
                DumpValue::Bytes(scratch)
            }
            Some(Raw::Quoted(text, escapes)) => {
                if memchr::memchr2(b'\'', b'\\', text).is_none() {
                    DumpValue::Text(text)
                } else {
                    scratch.clear();
                    values::unquote(text, *escapes, dialect, scratch);
                    DumpValue::Text(scratch)
                }
            }
        };
        writer.set(place, value)?;
    }
    writer.add()?;
    Ok(None)
}

/// An error's sentence, without the name that is put before it again.
pub(super) fn plain(error: Error) -> Failure {
    match error {
        Error::File { reason, .. } => reason,
        other => other.to_string(),
    }
}
