//! The constraints in one element of a CREATE TABLE: where they stand, and what foreign keys say.

use std::ops::Range;

use crate::dialect::sqlite::create_table::{deferrable, key_columns};
use crate::dialect::sqlite::tokens::{Token, closing};
use crate::schema::{Action, Deferrable, ForeignKey, Ident};

/// A constraint.
pub(super) struct Clause {
    pub(super) kind: ClauseKind,
    /// With its name.
    pub(super) range: Range<usize>,
    name: Option<String>,
}

pub(super) enum ClauseKind {
    ForeignKey(ForeignKeyClause),
    NotNull,
    /// The word NULL alone, which SQLite takes and does nothing about.
    Null,
    /// A unique constraint of the table, with its columns.
    Unique(Vec<String>),
    /// Of a column.
    Collation,
}

pub(super) struct ForeignKeyClause {
    pub(super) columns: Vec<String>,
    parent: String,
    /// Where parent and parent's columns end.
    pub(super) parent_end: usize,
    parent_columns: Vec<String>,
    pub(super) on_delete: Option<(Range<usize>, Action)>,
    on_update: Action,
    deferrable: Deferrable,
}

impl Clause {
    /// Whether this is the foreign key, as the catalogue tells it.
    pub(super) fn is_foreign_key(&self, key: &ForeignKey) -> bool {
        let ClauseKind::ForeignKey(written) = &self.kind else {
            return false;
        };
        let on_delete = written
            .on_delete
            .as_ref()
            .map_or(Action::NoAction, |(_, action)| *action);
        self.name.as_deref() == key.name.as_ref().map(Ident::as_str)
            && same(&written.columns, &key.columns)
            && written.parent.eq_ignore_ascii_case(key.parent.table.as_str())
            && (written.parent_columns.is_empty() || same(&written.parent_columns, &key.parent_columns))
            && (on_delete, written.on_update, written.deferrable) == (key.on_delete, key.on_update, key.deferrable)
    }
}

fn same(written: &[String], columns: &[Ident]) -> bool {
    let mut pairs = written.iter().zip(columns);
    written.len() == columns.len() && pairs.all(|(left, right)| left.eq_ignore_ascii_case(right.as_str()))
}

/// The constraints of an element that a plan may change. `column` is its name, where the element is a column.
pub(super) fn clauses(element: &[Token<'_>], column: Option<&str>) -> Vec<Clause> {
    let mut found = Vec::new();
    let mut named: Option<(Option<String>, usize)> = None;
    let mut foreign: Option<(Vec<String>, usize)> = None;
    let mut at = usize::from(column.is_some());
    while let Some(token) = element.get(at) {
        let is_next = |word: &str| element.get(at + 1).is_some_and(|next| next.is_word(word));
        let mut end = at + 1;
        let mut kind = None;
        if token.is_symbol("(") {
            end = closing(element, at) + 1;
        } else if token.is_word("CONSTRAINT") {
            named = Some((element.get(at + 1).and_then(Token::name), token.start));
            at += 2;
            continue;
        } else if token.is_word("FOREIGN") {
            foreign = Some((key_columns(element.get(at..)), token.start));
            at = open_after(element, at).map_or(at, |open| closing(element, open)) + 1;
            continue;
        } else if token.is_word("REFERENCES") {
            let columns = match &foreign {
                Some((columns, _)) => columns.clone(),
                None => column.map(str::to_owned).into_iter().collect(),
            };
            if let Some((clause, after)) = references(element, at, columns) {
                kind = Some(ClauseKind::ForeignKey(clause));
                end = after;
            }
        } else if token.is_word("NOT") && is_next("NULL") {
            kind = Some(ClauseKind::NotNull);
            let conflict = element.get(at + 2).is_some_and(|next| next.is_word("ON"));
            end = at + if conflict { 5 } else { 2 };
        } else if token.is_word("NULL") {
            kind = Some(ClauseKind::Null);
        } else if token.is_word("UNIQUE") && column.is_none() {
            kind = Some(ClauseKind::Unique(key_columns(element.get(at..))));
            let close = open_after(element, at).map_or(at, |open| closing(element, open));
            let conflict = element.get(close + 1).is_some_and(|next| next.is_word("ON"));
            end = close + if conflict { 4 } else { 1 };
        } else if token.is_word("COLLATE") {
            kind = column.map(|_| ClauseKind::Collation);
            end = at + 2;
        } else if token.is_word("DEFAULT") {
            // A default may be a word that is a keyword elsewhere.
            end = at + 1 + usize::from(element.get(at + 1).is_some_and(|next| !next.is_symbol("(")));
        }
        let last = element
            .get(end.saturating_sub(1))
            .or(element.last())
            .map_or(token.end(), Token::end);
        if let Some(kind) = kind {
            let (name, name_start) = named.take().unwrap_or((None, token.start));
            let start = foreign.take().map_or(name_start, |(_, start)| start.min(name_start));
            found.push(Clause {
                kind,
                range: start..last,
                name,
            });
        } else if !token.is_symbol("(") {
            named = None;
        }
        at = end;
    }
    found
}

fn open_after(element: &[Token<'_>], at: usize) -> Option<usize> {
    let open = element.get(at..)?.iter().position(|token| token.is_symbol("("))?;
    Some(at + open)
}

/// What follows REFERENCES at `at`, and the place after it.
fn references(element: &[Token<'_>], at: usize, columns: Vec<String>) -> Option<(ForeignKeyClause, usize)> {
    let parent = element.get(at + 1)?;
    let mut end = at + 2;
    let mut clause = ForeignKeyClause {
        columns,
        parent: parent.name()?,
        parent_end: parent.end(),
        parent_columns: Vec::new(),
        on_delete: None,
        on_update: Action::NoAction,
        deferrable: deferrable(element.get(at + 1..).unwrap_or(&[])),
    };
    if element.get(end).is_some_and(|token| token.is_symbol("(")) {
        clause.parent_columns = key_columns(element.get(end..));
        end = closing(element, end) + 1;
        clause.parent_end = element.get(end - 1)?.end();
    }
    loop {
        let is = |at: usize, word: &str| element.get(at).is_some_and(|token| token.is_word(word));
        if is(end, "MATCH") {
            end += 2;
        } else if is(end, "ON") && (is(end + 1, "DELETE") || is(end + 1, "UPDATE")) {
            let words = if is(end + 2, "SET") || is(end + 2, "NO") { 2 } else { 1 };
            let written = element.get(end + 2..end + 2 + words)?;
            let text: Vec<&str> = written.iter().map(|token| token.text).collect();
            let action = Action::from_sql(&text.join(" "))?;
            if is(end + 1, "DELETE") {
                clause.on_delete = Some((element.get(end)?.start..written.last()?.end(), action));
            } else {
                clause.on_update = action;
            }
            end += 2 + words;
        } else if is(end, "DEFERRABLE") || (is(end, "NOT") && is(end + 1, "DEFERRABLE")) {
            end += 1 + usize::from(is(end, "NOT"));
            end += if is(end, "INITIALLY") { 2 } else { 0 };
        } else {
            break;
        }
    }
    Some((clause, end.min(element.len())))
}
