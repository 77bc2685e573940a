//! Statements without rows: what they do to the rows that came before.

use super::head::{self, Token, Tokens};
use super::names::stored_in;
use super::rows::Rows;
use super::stream::Statement;
use super::values::Raw;
use crate::dialect::Error;
use crate::dialect::sqlite::dump::DumpValue;
use crate::schema::Ident;

impl Rows<'_> {
    /// A statement without rows: what it does to those that came before.
    pub(super) fn statement(&mut self, statement: &Statement) -> Result<(), Error> {
        let dialect = self.stream.dialect();
        let mut text = statement.sql.clone().into_bytes();
        // So that the last word does not end with the text.
        text.extend(b" ;");
        let mut tokens = Tokens::new(&text, dialect);
        let Some(verb) = tokens.next() else { return Ok(()) };
        let Token::Word(verb) = verb else { return Ok(()) };
        let line = statement.line;
        match verb.to_ascii_uppercase().as_slice() {
            b"USE" => self.names.namespace = tokens.path().and_then(|path| path.last().cloned()),
            b"SET" if tokens.skip("SEARCH_PATH") => {
                // `=` or TO, and then the first namespace.
                tokens.next();
                self.names.namespace = tokens.path().and_then(|path| path.last().cloned());
            }
            b"DROP" if tokens.skip("TABLE") => {
                if tokens.skip("IF") {
                    tokens.next();
                }
                self.clear(&mut tokens, line)?;
            }
            b"TRUNCATE" => {
                tokens.skip("TABLE");
                tokens.skip("ONLY");
                self.clear(&mut tokens, line)?;
            }
            b"UPDATE" => self.update(&mut tokens, line)?,
            b"DELETE" => {
                tokens.skip("FROM");
                tokens.skip("ONLY");
                let mut ahead = tokens.clone();
                let is_all = ahead.path().is_some() && ahead.peek() == Some(Token::Sign(b';'));
                if is_all {
                    self.clear(&mut tokens, line)?;
                } else {
                    self.refuse_table(&mut tokens, line, "DELETE");
                }
            }
            b"COPY" => {
                let mut ahead = tokens.clone();
                let _ = ahead.path();
                if ahead.peek() == Some(Token::Sign(b'(')) {
                    let _ = ahead.names();
                }
                if ahead.skip("FROM") {
                    self.refuse_table(&mut tokens, line, "COPY from a file");
                }
            }
            b"ALTER" if self.any && (tokens.skip("TABLE")) => self.alter(&mut tokens, line),
            b"CREATE" => self.create(&mut tokens, line),
            b"DO" | b"CALL" | b"LOAD" | b"MERGE" | b"WITH" | b"EXECUTE" | b"RENAME" | b"ROLLBACK" if self.any => {
                let verb = String::from_utf8_lossy(verb).to_uppercase();
                let reason = format!("line {line}: {verb} can change rows, and what it does is known to a server only");
                self.loading.refuse(None, &reason);
            }
            _ => {}
        }
        Ok(())
    }

    fn clear(&mut self, tokens: &mut Tokens<'_>, line: u32) -> Result<(), Error> {
        loop {
            let path = tokens.path();
            if let Some(table) = self.table(path.as_deref(), line) {
                self.loading.clear(&stored_in(self.schema, &table))?;
            }
            if tokens.peek() != Some(Token::Sign(b',')) {
                return Ok(());
            }
            tokens.next();
        }
    }

    fn update(&mut self, tokens: &mut Tokens<'_>, line: u32) -> Result<(), Error> {
        let dialect = self.stream.dialect();
        tokens.skip("ONLY");
        let path = tokens.path();
        let Some(name) = self.table(path.as_deref(), line) else {
            return Ok(());
        };
        let kept = stored_in(self.schema, &name);
        let understood = head::update(tokens, dialect).zip(self.schema.table(&name));
        let done = match understood {
            None => false,
            Some((update, table)) => {
                let pairs = |pairs: &[(String, Raw<'_>)]| -> Option<Vec<(Ident, Option<Vec<u8>>)>> {
                    let pair = |(name, raw): &(String, Raw<'_>)| {
                        let column = table.find_column(name)?.name.clone();
                        match raw {
                            Raw::Null => Some((column, None)),
                            raw => Some((column, Some(head::text_of(*raw, dialect)?))),
                        }
                    };
                    pairs.iter().map(pair).collect()
                };
                match (pairs(&update.set), pairs(&update.filter)) {
                    (Some(set), Some(filter)) => self.loading.update(&kept, &borrowed(&set), &borrowed(&filter))?,
                    _ => false,
                }
            }
        };
        if !done {
            let reason =
                format!("line {line}: UPDATE changes rows of `{name}`, and what it does is known to a server only");
            self.loading.refuse(Some(&kept), &reason);
        }
        Ok(())
    }

    fn refuse_table(&mut self, tokens: &mut Tokens<'_>, line: u32, what: &str) {
        let path = tokens.path();
        if let Some(table) = self.table(path.as_deref(), line) {
            let reason =
                format!("line {line}: {what} changes rows of `{table}`, and what it does is known to a server only");
            self.loading.refuse(Some(&stored_in(self.schema, &table)), &reason);
        }
    }

    /// ALTER TABLE after rows: what it does to them.
    fn alter(&mut self, tokens: &mut Tokens<'_>, line: u32) {
        tokens.skip("ONLY");
        if tokens.skip("IF") {
            tokens.next();
        }
        let mut rest = tokens.clone();
        let _ = rest.path();
        let mut changes_values = false;
        let mut before: Option<Token<'_>> = None;
        while let Some(token) = rest.next() {
            if token.is("RENAME") {
                let reason =
                    format!("line {line} renames something after rows came: which rows are meant cannot be told");
                self.loading.refuse(None, &reason);
                return;
            }
            let adds_column = before.as_ref().is_some_and(|before| before.is("ADD"))
                && ![
                    "CONSTRAINT",
                    "PRIMARY",
                    "FOREIGN",
                    "UNIQUE",
                    "KEY",
                    "INDEX",
                    "CHECK",
                    "EXCLUDE",
                    "GENERATED",
                    "FULLTEXT",
                    "SPATIAL",
                    "PARTITION",
                ]
                .iter()
                .any(|word| token.is(word));
            changes_values |= adds_column
                || token.is("USING") && !before.as_ref().is_some_and(|word| word.is("UNIQUE"))
                || token.is("CHANGE");
            before = Some(token);
        }
        if changes_values {
            self.refuse_table(tokens, line, "a change of columns");
        }
    }

    /// `CREATE TABLE … AS SELECT` fills the table.
    fn create(&mut self, tokens: &mut Tokens<'_>, line: u32) {
        while let Some(word) = tokens.peek() {
            let is_modifier = ["TEMPORARY", "TEMP", "UNLOGGED", "GLOBAL", "LOCAL"]
                .iter()
                .any(|known| word.is(known));
            if !is_modifier {
                break;
            }
            tokens.next();
        }
        if !tokens.skip("TABLE") {
            return;
        }
        if tokens.skip("IF") {
            tokens.next();
            tokens.next();
        }
        let mut rest = tokens.clone();
        let _ = rest.path();
        let mut depth = 0_u32;
        while let Some(token) = rest.next() {
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth = depth.saturating_sub(1),
                token if depth == 0 && (token.is("SELECT") || token.is("TABLE") || token.is("EXECUTE")) => {
                    self.refuse_table(tokens, line, "filling by a query");
                    return;
                }
                _ => {}
            }
        }
    }
}

fn borrowed(pairs: &[(Ident, Option<Vec<u8>>)]) -> Vec<(Ident, DumpValue<'_>)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| (name.clone(), text.as_deref().map_or(DumpValue::Null, DumpValue::Text)))
        .collect()
}
