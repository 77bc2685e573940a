//! A script cut into statements, and commands of the sqlite3 shell.

use super::tokens::{Token, TokenKind, Tokens};

/// What a part of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Statement,
    /// A line of the sqlite3 shell: it starts with a dot, outside of statements.
    ShellCommand,
}

/// The first part of a text. All places are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Behind the comments before it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the next part is to be looked for.
    pub(super) upto: usize,
    /// Whether it ends before the text does.
    pub(super) is_whole: bool,
}

/// Finds the first part of a text that starts at the start of a line, or not. A statement ends with a semicolon; a
/// CREATE TRIGGER with one that follows an END that itself follows one (the rule of `sqlite3_complete()`).
pub(super) fn find(text: &str, starts_line: bool) -> Option<Found> {
    let mut tokens = Tokens::new(text);
    let first = skip_gap(&mut tokens, text, starts_line)?;
    if first.is_symbol(".") && is_line_start(text, first.start, starts_line) {
        let rest = text.get(first.start..).unwrap_or("");
        let end = first.start + rest.lines().next().map_or(0, str::len);
        return Some(Found {
            kind: Kind::ShellCommand,
            start: first.start,
            end,
            upto: end,
            is_whole: rest.contains('\n'),
        });
    }
    Some(statement(&mut tokens, first))
}

/// How long the white space, comments and empty statements are that a text starts with, as far as they end in it.
pub(super) fn gap(text: &str, starts_line: bool) -> usize {
    let mut tokens = Tokens::new(text);
    skip_gap(&mut tokens, text, starts_line).map_or(0, |first| first.start)
}

/// The first token of a statement.
fn skip_gap<'a>(tokens: &mut Tokens<'a>, text: &str, starts_line: bool) -> Option<Token<'a>> {
    loop {
        let token = tokens.next()?;
        if token.is_symbol("#") && is_line_start(text, token.start, starts_line) {
            // The sqlite3 shell takes such a line for a comment.
            tokens.skip_line(token.start);
        } else if token.kind != TokenKind::Comment && !token.is_symbol(";") {
            return Some(token);
        }
    }
}

fn is_line_start(text: &str, at: usize, starts_line: bool) -> bool {
    let before = text.get(..at).unwrap_or("");
    let before = if starts_line {
        before.trim_start_matches('\u{feff}')
    } else {
        before
    };
    (before.is_empty() && starts_line) || before.ends_with('\n')
}

fn statement(tokens: &mut Tokens<'_>, first: Token<'_>) -> Found {
    let mut words = vec![first.text];
    let mut end = first.end();
    let mut last_two = ["", first.text];
    let mut is_whole = false;
    for token in tokens {
        if token.kind == TokenKind::Comment {
            continue;
        }
        end = token.end();
        if words.len() < 4 {
            words.push(token.text);
        }
        let in_trigger = is_trigger(&words) && !(last_two[0] == ";" && last_two[1].eq_ignore_ascii_case("END"));
        if token.is_symbol(";") && !in_trigger {
            is_whole = true;
            break;
        }
        last_two = [last_two[1], token.text];
    }
    Found {
        kind: Kind::Statement,
        start: first.start,
        end,
        upto: end,
        is_whole,
    }
}

fn is_trigger(words: &[&str]) -> bool {
    let at = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
    at(0, "CREATE") && (at(1, "TRIGGER") || ((at(1, "TEMP") || at(1, "TEMPORARY")) && at(2, "TRIGGER")))
}

/// The first words and signs of a statement, up to four: what kind of statement it is.
pub(super) fn first_words(statement: &str) -> Vec<&str> {
    let tokens = Tokens::new(statement).filter(|token| token.kind != TokenKind::Comment);
    tokens.take(4).map(|token| token.text).collect()
}
