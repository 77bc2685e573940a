//! Columns that come or go in the text of a CREATE TABLE, with what is of them alone.

use super::clause::ClauseKind;
use super::definition::{Layout, Replacements, starts_constraint};
use crate::dialect::Dialect as _;
use crate::dialect::sqlite::Sqlite;
use crate::dialect::sqlite::tokens::{Token, TokenKind, closing, significant};
use crate::schema::{Ident, Table};

impl Layout<'_> {
    /// A column after all others: constraints of the table come after them.
    pub(super) fn with_column(&self, column: &Ident, declared: &str) -> Replacements {
        let text = format!("{} {declared}", Sqlite.quote(column));
        let elements = self.elements();
        let constraint = elements.iter().filter_map(|element| element.first());
        match constraint.into_iter().find(|first| starts_constraint(first)) {
            None => self.addition(&text),
            Some(first) => {
                let between = self
                    .indent(first.start)
                    .map_or_else(|| " ".to_owned(), |indent| format!("\n{indent}"));
                vec![(first.start..first.start, format!("{text},{between}"))]
            }
        }
    }

    /// Takes a column out, with the constraints that are on it alone.
    pub(super) fn without_column(&self, column: &Ident) -> Result<Replacements, String> {
        let element = self.column(column)?;
        let (Some(first), Some(last)) = (element.first(), element.last()) else {
            return Err(format!("its CREATE TABLE does not show the column `{column}`"));
        };
        let mut replacements = self.without(element, &(first.start..last.end()));
        let is_first = self
            .elements()
            .first()
            .and_then(|element| element.first())
            .is_some_and(|one| one.start == first.start);
        if is_first {
            let comma = self.tokens.iter().find(|token| token.start >= last.end());
            let comma = comma
                .filter(|token| token.is_symbol(","))
                .ok_or_else(|| format!("`{column}` is its only column"))?;
            replacements.push((comma.start..comma.end(), String::new()));
        }
        let is_it = |columns: &[String]| matches!(columns, [one] if is(one, column));
        for (element, clause) in self.clauses() {
            let of_table = element.first().is_some_and(starts_constraint);
            let goes = match &clause.kind {
                ClauseKind::Unique(columns) => is_it(columns),
                ClauseKind::ForeignKey(key) => is_it(&key.columns),
                _ => false,
            };
            if of_table && goes {
                replacements.extend(self.without(element, &clause.range));
            }
        }
        Ok(replacements)
    }

    /// Whether nothing in the definition names the column. In double quotes SQLite would take a name that is no longer one
    /// for a text (quirks.html, section 8).
    pub(super) fn names_nowhere(&self, column: &Ident) -> Result<(), String> {
        let inside = self.tokens.get(self.open..=self.close).unwrap_or(&[]);
        let mut at = 0;
        while let Some(token) = inside.get(at) {
            if token.is_word("REFERENCES") {
                // Another table's columns.
                let open = at + 2;
                at = match inside.get(open) {
                    Some(next) if next.is_symbol("(") => closing(inside, open),
                    _ => at + 1,
                };
            } else if names(token, column) {
                return Err(format!(
                    "its CREATE TABLE names `{column}` elsewhere too, in a condition or a computed column"
                ));
            }
            at += 1;
        }
        Ok(())
    }
}

/// The statements that make indexes and triggers, without those of indexes on this column alone.
pub(super) fn without_column(table: &Table, column: &Ident, beside: &[String]) -> Result<Vec<String>, String> {
    let mut left = Vec::new();
    for text in beside {
        let tokens = significant(text);
        if !tokens.iter().any(|token| names(token, column)) {
            left.push(text.clone());
            continue;
        }
        let goes = table.indexes.iter().any(|index| {
            let is_named = tokens.iter().take(6).any(|token| names(token, &index.name));
            let [part] = index.parts.as_slice() else { return false };
            is_named && part.whole_column() == Some(column)
        });
        if !goes {
            return Err(format!(
                "an index or a trigger of `{}` names `{column}`: drop it first, and plan again",
                table.name
            ));
        }
    }
    Ok(left)
}

/// Whether the definition of a column names another one.
pub(super) fn element_names(sql: &str, column: &Ident, other: &Ident) -> bool {
    let layout = Layout::read(sql);
    let element = layout.as_ref().and_then(|layout| layout.column(column).ok());
    element.is_some_and(|element| element.iter().skip(1).any(|token| names(token, other)))
}

fn names(token: &Token<'_>, column: &Ident) -> bool {
    token.kind != TokenKind::Text && token.name().is_some_and(|name| is(&name, column))
}

/// SQLite folds ASCII letters only.
fn is(written: &str, column: &Ident) -> bool {
    written.eq_ignore_ascii_case(column.as_str())
}
