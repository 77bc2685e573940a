//! `DO` blocks. Migrations wrap a plain statement in one so that it can be run twice; what else a block does cannot be
//! told from its text.

use crate::ddl::SqlDialect;
use crate::ddl::planned;
use crate::ddl::splitter::{PieceKind, Splitter, advance};
use crate::ddl::tokens::{Kind, Tokens};

use super::Reader;

/// What starts a statement that makes or changes a schema.
const CHANGES: [&str; 3] = ["CREATE", "ALTER", "DROP"];

impl Reader {
    /// Applies the statements of a block that holds nothing but them, up to its `EXCEPTION`. Of any other block that
    /// speaks of changes there is a note.
    pub(super) fn block(&mut self, tokens: &Tokens<'_>) {
        if let Some(statements) = planned::of_block(tokens.sql) {
            let place = tokens.cursor().location();
            for text in statements {
                let place = (place.line, place.column);
                self.apply(&Tokens::new(text, place, tokens.file, SqlDialect::Postgres));
            }
            return;
        }
        let Some((body, start)) = body(tokens) else { return };
        let mut plain = Vec::new();
        let mut is_plain = true;
        for (at, piece) in Splitter::new(body, SqlDialect::Postgres).enumerate() {
            let mut text = piece.text;
            let mut offset = piece.offset;
            if at == 0
                && let Some(rest) = after_word(text, "BEGIN")
            {
                offset += text.len() - rest.len();
                text = rest;
            }
            if piece.kind != PieceKind::Statement
                || after_word(text, "EXCEPTION").is_some()
                || after_word(text, "END").is_some()
            {
                break;
            }
            let changes = CHANGES.iter().any(|word| after_word(text, word).is_some());
            is_plain &= changes || after_word(text, "NULL").is_some();
            plain.extend(changes.then_some((text, offset)));
        }
        if is_plain {
            for (text, offset) in plain {
                let place = advance(body.get(..offset).unwrap_or(""), start.0, start.1);
                self.apply(&Tokens::new(text, place, tokens.file, SqlDialect::Postgres));
            }
        } else if speaks_of_changes(body) {
            let place = tokens.cursor().location();
            self.catalog.note(
                "what this DO block does to the schema cannot be told from its text",
                place,
            );
        }
    }
}

/// The text between the dollar quotes, and its line and column.
fn body<'a>(tokens: &Tokens<'a>) -> Option<(&'a str, (u32, u32))> {
    let mut cursor = tokens.cursor();
    cursor.skip_until(|cursor| cursor.peek().is_some_and(|token| matches!(token.kind, Kind::Text(_))));
    let place = cursor.location();
    let token = cursor.next()?;
    let quoted = tokens.sql.get(token.range.clone())?;
    let tag = quoted
        .get(..quoted.get(1..)?.find('$')? + 2)
        .filter(|_| quoted.starts_with('$'))?;
    let body = quoted.strip_prefix(tag)?.strip_suffix(tag)?;
    Some((body, advance(tag, place.line, place.column)))
}

/// What follows a word that the text starts with.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
    let rest = text.get(head.len()..)?;
    (!rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')).then(|| rest.trim_start())
}

fn speaks_of_changes(body: &str) -> bool {
    let words: Vec<String> = crate::ddl::words(body).map(str::to_ascii_uppercase).collect();
    words.windows(2).any(|pair| match pair {
        [verb, kind] => {
            CHANGES.contains(&verb.as_str()) && ["TABLE", "INDEX", "UNIQUE", "TYPE", "DOMAIN"].contains(&kind.as_str())
        }
        _ => false,
    })
}
