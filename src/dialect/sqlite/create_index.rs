//! What only the text of a CREATE INDEX tells: its expressions and its condition.

use super::tokens::{Token, closing, parts, significant};

/// A CREATE INDEX.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CreateIndex {
    /// The name, without quotes and qualifier.
    pub(super) name: String,
    /// Where the name starts in the text.
    pub(super) start: usize,
    /// What it sorts by, each as written, without ASC and DESC.
    pub(super) parts: Vec<String>,
    /// After WHERE.
    pub(super) predicate: Option<String>,
}

/// Reads a CREATE INDEX that SQLite has stored, and so accepted.
pub(super) fn read(sql: &str) -> Option<CreateIndex> {
    let tokens = significant(sql);
    let open = tokens.iter().position(|token| token.is_symbol("("))?;
    let close = closing(&tokens, open);
    let predicate = tokens
        .get(close + 1..)?
        .split_first()
        .filter(|(first, _)| first.is_word("WHERE"))
        .and_then(|(_, rest)| text_of(sql, rest));
    let parts = parts(tokens.get(open + 1..)?)
        .into_iter()
        .filter_map(|part| match part.split_last() {
            Some((last, before)) if last.is_word("ASC") || last.is_word("DESC") => text_of(sql, before),
            _ => text_of(sql, part),
        })
        .collect();
    // The name stands before ON and the table.
    let on = tokens.get(..open)?.iter().rposition(|token| token.is_word("ON"))?;
    let name = tokens.get(on.checked_sub(1)?)?;
    Some(CreateIndex {
        name: name.name()?,
        start: name.start,
        parts,
        predicate,
    })
}

fn text_of(sql: &str, tokens: &[Token<'_>]) -> Option<String> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    sql.get(first.start..last.end()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_condition_are_kept_as_written() {
        let read =
            read("CREATE UNIQUE INDEX \"i (x)\" ON t (lower(a, 'x,)') DESC, b /* c */ COLLATE NOCASE) WHERE a > (1)");
        assert_eq!(
            read,
            Some(CreateIndex {
                name: "i (x)".to_owned(),
                start: "CREATE UNIQUE INDEX ".len(),
                parts: vec!["lower(a, 'x,)')".to_owned(), "b /* c */ COLLATE NOCASE".to_owned()],
                predicate: Some("a > (1)".to_owned()),
            })
        );
    }
}
