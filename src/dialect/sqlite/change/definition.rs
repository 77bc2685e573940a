//! The text of a CREATE TABLE, changed where it is to change: all else stays as it was written, comments and what is not
//! understood here included. SQLite has accepted the text before, and is asked again for what comes of it.

use std::fmt::Write as _;
use std::ops::Range;

use super::clause::{Clause, ClauseKind, clauses};
use super::names;
use crate::dialect::Dialect as _;
use crate::dialect::alteration::Alteration;
use crate::dialect::sqlite::Sqlite;
use crate::dialect::sqlite::tokens::{Token, closing, parts, significant};
use crate::schema::{Action, Deferrable, ForeignKey, Ident};

/// A CREATE TABLE, cut up.
pub(super) struct Layout<'a> {
    sql: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    /// Where the name stands in `tokens`.
    name: usize,
    /// The parentheses around columns and constraints.
    pub(super) open: usize,
    pub(super) close: usize,
}

/// Pieces of a text, each with what it is replaced by.
pub(super) type Replacements = Vec<(Range<usize>, String)>;

const UNKNOWN_FORM: &str = "the text of its CREATE TABLE is of an unknown form";

/// The definition after a change. An error is a phrase that says what stands in the way.
pub(super) fn altered(sql: &str, alteration: &Alteration) -> Result<String, String> {
    let layout = Layout::read(sql).ok_or(UNKNOWN_FORM)?;
    let replacements = match alteration {
        Alteration::ForeignKey { old, new } => layout.foreign_key(old.as_deref(), new.as_deref())?,
        Alteration::PrimaryKey { name, columns } => layout.addition(&format!(
            "CONSTRAINT {} PRIMARY KEY ({})",
            Sqlite.quote(name),
            names(columns.iter(), "")
        )),
        Alteration::Nullable { column, nullable } => layout.nullable(column, *nullable)?,
        Alteration::Type {
            column,
            declared,
            collation,
            ..
        } => layout.typed(column, declared, collation.as_deref())?,
        Alteration::AddColumn { column, declared } => layout.with_column(column, declared),
        Alteration::DropColumn { column, .. } => layout.without_column(column)?,
        Alteration::Index { .. } | Alteration::NoIndex(_) => Vec::new(),
    };
    let new = replaced(sql, replacements);
    if let Alteration::DropColumn { column, .. } = alteration {
        let left = Layout::read(&new).ok_or(UNKNOWN_FORM)?;
        left.names_nowhere(column)?;
    }
    Ok(new)
}

/// The type of a column, as the definition has it.
pub(super) fn declared(sql: &str, column: &Ident) -> Option<String> {
    let layout = Layout::read(sql)?;
    let written = type_tokens(layout.column(column).ok()?);
    let range = written.first().zip(written.last());
    let text = range.and_then(|(first, last)| sql.get(first.start..last.end()));
    Some(text.unwrap_or_default().to_owned())
}

/// Whether the table is STRICT.
pub(super) fn is_strict(sql: &str) -> bool {
    let layout = Layout::read(sql);
    let options = layout.as_ref().and_then(|layout| layout.tokens.get(layout.close..));
    options.is_some_and(|options| options.iter().any(|token| token.is_word("STRICT")))
}

/// The definition of a table of another name. An error where the definition names the table inside.
pub(super) fn renamed(sql: &str, name: &Ident) -> Result<String, String> {
    let layout = Layout::read(sql).ok_or(UNKNOWN_FORM)?;
    let own = layout.tokens.get(layout.name).ok_or("its CREATE TABLE has no name")?;
    let is_own = |token: &Token<'_>| match (token.name(), own.name()) {
        (Some(name), Some(own)) => name.eq_ignore_ascii_case(&own),
        _ => false,
    };
    let mut inside = layout.tokens.get(layout.open..).unwrap_or(&[]).windows(2);
    if inside.any(|pair| matches!(pair, [name, dot] if is_own(name) && dot.is_symbol("."))) {
        return Err(
            "a condition of its CREATE TABLE names the table itself, which has another name while it is made"
                .to_owned(),
        );
    }
    Ok(replaced(sql, vec![(own.start..own.end(), Sqlite.quote(name))]))
}

fn replaced(sql: &str, mut replacements: Replacements) -> String {
    // Those at the end first, so that the places of the others stay right; of two at one place the later one.
    replacements.sort_by_key(|(range, _)| range.start);
    let mut text = sql.to_owned();
    for (range, new) in replacements.into_iter().rev() {
        text.replace_range(range, &new);
    }
    text
}

impl<'a> Layout<'a> {
    pub(super) fn read(sql: &'a str) -> Option<Self> {
        let tokens = significant(sql);
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(word));
        // As SQLite keeps it: without TEMP, IF NOT EXISTS and the name of the database.
        let (name, open) = (2, 3);
        if !(is(0, "CREATE") && is(1, "TABLE") && tokens.get(open)?.is_symbol("(")) {
            return None;
        }
        let close = closing(&tokens, open);
        tokens.get(close).filter(|token| token.is_symbol(")"))?;
        Some(Self {
            sql,
            tokens,
            name,
            open,
            close,
        })
    }

    /// Columns and constraints.
    pub(super) fn elements(&self) -> Vec<&[Token<'a>]> {
        parts(self.tokens.get(self.open + 1..).unwrap_or(&[]))
    }

    pub(super) fn column(&self, name: &Ident) -> Result<&[Token<'a>], String> {
        let is = |element: &&[Token<'_>]| {
            let first = element.first().filter(|first| !starts_constraint(first));
            let found = first.and_then(Token::name);
            found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_str()))
        };
        let found = self.elements().into_iter().find(is);
        found.ok_or_else(|| format!("its CREATE TABLE does not show the column `{name}`"))
    }

    pub(super) fn clauses(&self) -> Vec<(&[Token<'a>], Clause)> {
        let of = |element: &'_ [Token<'a>]| {
            let first = element.first().filter(|first| !starts_constraint(first));
            clauses(element, first.and_then(Token::name).as_deref())
        };
        let elements = self.elements().into_iter();
        elements
            .flat_map(|element| of(element).into_iter().map(move |clause| (element, clause)))
            .collect()
    }

    /// A new element at the end, on a line of its own where the last one is.
    pub(super) fn addition(&self, text: &str) -> Replacements {
        let [last, close] = [self.close - 1, self.close].map(|at| self.tokens.get(at));
        let (Some(last), Some(close)) = (last, close) else {
            return Vec::new();
        };
        let comma = (last.end()..last.end(), ",".to_owned());
        let line = self.line_start(close.start);
        // A comment after the last element stays there.
        let own_line = line > last.end() && self.blank(line..close.start);
        let addition = if own_line {
            let element = self
                .elements()
                .pop()
                .and_then(<[Token<'_>]>::first)
                .map_or(0, |first| first.start);
            let start = self.line_start(element);
            let indent = if self.blank(start..element) {
                self.sql.get(start..element).unwrap_or("")
            } else {
                "  "
            };
            (line..line, format!("{indent}{text}\n"))
        } else {
            (close.start..close.start, format!(" {text}"))
        };
        vec![comma, addition]
    }

    fn foreign_key(&self, old: Option<&ForeignKey>, new: Option<&ForeignKey>) -> Result<Replacements, String> {
        let Some(old) = old else {
            return Ok(new.map_or_else(Vec::new, |new| self.addition(&foreign_key_text(new))));
        };
        let clauses = self.clauses();
        let found = clauses.iter().find(|(_, clause)| clause.is_foreign_key(old));
        let (element, clause) = found.ok_or("its CREATE TABLE does not show the foreign key as it was read")?;
        let Some(new) = new else {
            return Ok(self.without(element, &clause.range));
        };
        match &clause.kind {
            ClauseKind::ForeignKey(written) if only_action(old, new) => {
                let action = format!("ON DELETE {}", new.on_delete.as_sql());
                Ok(vec![match &written.on_delete {
                    Some((range, _)) => (range.clone(), action),
                    None => (written.parent_end..written.parent_end, format!(" {action}")),
                }])
            }
            _ => {
                let mut replacements = self.without(element, &clause.range);
                replacements.extend(self.addition(&foreign_key_text(new)));
                Ok(replacements)
            }
        }
    }

    /// Takes a part out: with the comma before it, where it is an element of its own.
    pub(super) fn without(&self, element: &[Token<'_>], range: &Range<usize>) -> Replacements {
        let is_whole = element.first().is_some_and(|first| first.start == range.start)
            && element.last().is_some_and(|last| last.end() == range.end);
        let gap = self.gap_before(range.start);
        let before = self.tokens.iter().rfind(|token| token.end() <= range.start);
        let mut replacements = vec![(gap..range.end, String::new())];
        if let Some(comma) = before.filter(|token| is_whole && token.is_symbol(",")) {
            // A comment between the two is one on what stands before them.
            replacements.push((comma.start..comma.end(), String::new()));
        }
        replacements
    }

    fn nullable(&self, column: &Ident, nullable: bool) -> Result<Replacements, String> {
        let element = self.column(column)?;
        let clauses = clauses(element, element.first().and_then(Token::name).as_deref());
        if nullable {
            let required = clauses
                .iter()
                .filter(|clause| matches!(clause.kind, ClauseKind::NotNull));
            let cut = |clause: &Clause| (self.gap_before(clause.range.start)..clause.range.end, String::new());
            return Ok(required.map(cut).collect());
        }
        if let Some(clause) = clauses.iter().find(|clause| matches!(clause.kind, ClauseKind::Null)) {
            return Ok(vec![(clause.range.clone(), "NOT NULL".to_owned())]);
        }
        let end = type_tokens(element).last().or(element.first()).map_or(0, Token::end);
        Ok(vec![(end..end, " NOT NULL".to_owned())])
    }

    fn typed(&self, column: &Ident, declared: &str, collation: Option<&str>) -> Result<Replacements, String> {
        let element = self.column(column)?;
        let written = type_tokens(element);
        let words = clauses(element, element.first().and_then(Token::name).as_deref());
        let collated = words.iter().find(|clause| matches!(clause.kind, ClauseKind::Collation));
        let mut declared = declared.to_owned();
        let mut replacements = Vec::new();
        match (collation, collated) {
            (Some(name), Some(clause)) => replacements.push((clause.range.clone(), format!("COLLATE {name}"))),
            (Some(name), None) if name != "BINARY" => {
                let _ = write!(declared, " COLLATE {name}");
            }
            _ => {}
        }
        replacements.push(match (written.first(), written.last(), element.first()) {
            (Some(first), Some(last), _) => (first.start..last.end(), declared),
            (_, _, Some(name)) => (name.end()..name.end(), format!(" {declared}")),
            _ => return Err(format!("its CREATE TABLE does not show the column `{column}`")),
        });
        Ok(replacements)
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        let before = self.sql.get(..at).unwrap_or("");
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The white space that a line begins with, where nothing else stands before this place in it.
    pub(super) fn indent(&self, at: usize) -> Option<&'a str> {
        let start = self.line_start(at);
        self.sql
            .get(start..at)
            .filter(|text| start > 0 && text.trim().is_empty())
    }

    fn blank(&self, range: Range<usize>) -> bool {
        self.sql.get(range).is_some_and(|text| text.trim().is_empty())
    }

    /// Where the white space before a place starts. That after a comment stays: it may be what ends the comment.
    fn gap_before(&self, at: usize) -> usize {
        let before = self.sql.get(..at).unwrap_or("");
        let start = before.trim_end().len();
        let after_token = self.tokens.iter().any(|token| token.end() == start);
        if after_token { start } else { at }
    }
}

/// Whether a constraint of the table starts here, and no column.
pub(super) fn starts_constraint(token: &Token<'_>) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
        .iter()
        .any(|word| token.is_word(word))
}

/// What stands between a column's name and its first constraint.
fn type_tokens<'t, 'a>(element: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let constraints = [
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "GENERATED",
        "AS",
    ];
    let rest = element.get(1..).unwrap_or(&[]);
    let end = rest
        .iter()
        .position(|token| constraints.iter().any(|word| token.is_word(word)))
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or(&[])
}

/// Whether two foreign keys differ in nothing but what they do on delete.
fn only_action(old: &ForeignKey, new: &ForeignKey) -> bool {
    let same = ForeignKey {
        on_delete: old.on_delete,
        validated: old.validated,
        enforced: old.enforced,
        origin: old.origin.clone(),
        ..new.clone()
    };
    same == *old
}

fn foreign_key_text(key: &ForeignKey) -> String {
    let mut text = String::new();
    if let Some(name) = &key.name {
        let _ = write!(text, "CONSTRAINT {} ", Sqlite.quote(name));
    }
    let _ = write!(
        text,
        "FOREIGN KEY ({}) REFERENCES {} ({})",
        names(key.columns.iter(), ""),
        Sqlite.quote(&key.parent.table),
        names(key.parent_columns.iter(), "")
    );
    for (clause, action) in [("ON UPDATE", key.on_update), ("ON DELETE", key.on_delete)] {
        if action != Action::NoAction {
            let _ = write!(text, " {clause} {}", action.as_sql());
        }
    }
    text.push_str(match key.deferrable {
        Deferrable::No => "",
        Deferrable::InitiallyImmediate => " DEFERRABLE",
        Deferrable::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    });
    text
}
