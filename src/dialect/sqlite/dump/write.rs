//! Writing rows of one table.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use super::super::quoted;
use super::failed;
use super::value::{DumpValue, Kind};
use crate::dialect::Error;

/// Which row stays where two have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// The one that was there.
    Keep,
    /// The new one: all that have one of its keys go.
    Replace,
}

/// Takes rows of one table.
pub struct Writer<'a> {
    source_name: &'a str,
    statement: CachedStatement<'a>,
    /// For a row that takes the place of others.
    replacing: Option<CachedStatement<'a>>,
    kinds: Vec<Kind>,
    /// Which of the columns must hold a whole number, and whether it does in the next row.
    row_key: Option<(usize, bool)>,
    scratch: Vec<u8>,
    /// Whether a value is beyond what is compared as the server would.
    doubtful: bool,
    clashed: bool,
    keyless: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        source_name: &'a str,
        connection: &'a Connection,
        sql_name: &str,
        (kinds, row_key): (Vec<Kind>, Option<usize>),
        clash: Clash,
    ) -> rusqlite::Result<Self> {
        let prepare = |verb: &str| {
            let places = vec!["?"; kinds.len()].join(", ");
            connection.prepare_cached(&format!("{verb} INTO {} VALUES ({places})", quoted(sql_name)))
        };
        Ok(Self {
            source_name,
            statement: prepare("INSERT OR IGNORE")?,
            replacing: (clash == Clash::Replace)
                .then(|| prepare("INSERT OR REPLACE"))
                .transpose()?,
            kinds,
            row_key: row_key.map(|at| (at, false)),
            scratch: Vec::new(),
            doubtful: false,
            clashed: false,
            keyless: false,
        })
    }

    /// Sets a value of the next row: that of the column at this place of [`super::Loading::columns`].
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn set(&mut self, at: usize, value: DumpValue<'_>) -> Result<(), Error> {
        let kind = self.kinds.get(at).copied().unwrap_or(Kind::Other);
        if let (Kind::Text { folds: true, .. }, DumpValue::Text(text)) = (kind, value) {
            self.doubtful |= !text.is_ascii();
        }
        for statement in std::iter::once(&mut self.statement).chain(&mut self.replacing) {
            let stored = kind.stored(value, &mut self.scratch);
            if let Some((_, is_whole)) = self.row_key.as_mut().filter(|(column, _)| *column == at) {
                *is_whole = matches!(stored, ToSqlOutput::Borrowed(ValueRef::Integer(_)));
            }
            statement
                .raw_bind_parameter(at + 1, stored)
                .map_err(|error| failed(self.source_name, &error))?;
        }
        Ok(())
    }

    /// Adds the row.
    ///
    /// # Errors
    ///
    /// Those of SQLite.
    pub fn add(&mut self) -> Result<(), Error> {
        if matches!(self.row_key, Some((_, false))) {
            self.keyless = true;
            return Ok(());
        }
        let mut run = || {
            if self.statement.raw_execute()? == 0 {
                self.clashed = true;
                if let Some(replacing) = &mut self.replacing {
                    replacing.raw_execute()?;
                }
            }
            Ok(())
        };
        run().map_err(|error| failed(self.source_name, &error))
    }

    /// Whether a text was beyond ASCII in a column whose collation does not tell all letters apart. Which of them are
    /// equal, only the server knows.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// Whether a row came whose key was there already. A table tells so of a primary key of whole numbers, and of
    /// [`super::Needed::unique`].
    pub fn has_clashed(&self) -> bool {
        self.clashed
    }

    /// Whether a row had none for its primary key where that is a whole number: such a row was left out.
    pub fn is_keyless(&self) -> bool {
        self.keyless
    }
}
