//! Whether an index finds the rows that have given values in some columns.

use super::{Ident, Index, IndexPart, Table, TypeFamily};

/// How well an index finds the rows that have given values in some columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// By all of the columns, and one of them leads.
    Full,
    /// By some of them, or by ranges of blocks: better than reading the table, and not by how much can be told.
    Partial,
    /// Not at all, for this reason: a phrase that follows the index's name.
    No(String),
}

/// How far a table refuses a second row with the same values, none of them null, in some columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uniqueness<'t> {
    /// Always.
    Full,
    /// Only among the rows of this partial index.
    Within(&'t Index),
    /// Never.
    None,
}

impl Table {
    /// How far these columns are unique together: by a unique key over them or over some of them.
    pub fn uniqueness(&self, columns: &[Ident]) -> Uniqueness<'_> {
        let among = |held: &[&Ident]| held.iter().all(|column| columns.contains(column));
        if self.unique_column_sets().iter().any(|set| among(set)) {
            return Uniqueness::Full;
        }
        let mut uniqueness = Uniqueness::None;
        for index in self.indexes.iter().filter(|index| index.unique && index.valid) {
            if let (Some(predicate), Some(held)) = (&index.predicate, index.whole_columns())
                && among(&held)
            {
                if self.follows_from_not_null(predicate, columns) {
                    return Uniqueness::Full;
                }
                uniqueness = Uniqueness::Within(index);
            }
        }
        uniqueness
    }

    /// How well one of its indexes finds the rows that have given values, none of them null, in these columns.
    ///
    /// The index may hold the columns in any order and others between them, as long as one of them leads: the server
    /// looks at the leading column first, and filters by the others within the index. A partial index serves if its
    /// condition follows from the columns not being null.
    pub fn lookup(&self, index: &Index, columns: &[Ident]) -> Lookup {
        let no = |why: &str| Lookup::No(why.to_owned());
        if !index.valid {
            return no("is invalid");
        }
        if !index.visible {
            return no("is hidden from the optimizer");
        }
        let wanted = |part: &IndexPart| part.whole_column().is_some_and(|column| columns.contains(column));
        let Some(leading) = index.parts.first().filter(|part| wanted(part)) else {
            return no(why_it_does_not_lead(index, columns));
        };
        if let Some(predicate) = &index.predicate
            && !self.follows_from_not_null(predicate, columns)
        {
            return Lookup::No(format!("holds only rows where `{predicate}`"));
        }
        let held = |column: &Ident| index.parts.iter().any(|part| part.whole_column() == Some(column));
        let found = if columns.iter().all(held) {
            Lookup::Full
        } else {
            Lookup::Partial
        };
        match index.method.as_str() {
            "btree" => found,
            // PostgreSQL compares plain values in such an index by `=` (btree_gist, btree_gin): that is how exclusion
            // constraints and WITHOUT OVERLAPS keys work. On text it may be a trigram index, which does not.
            "gist" | "gin" if !self.is_text(leading) => found,
            // A hash needs the value of every column that went into it.
            "hash" if index.parts.iter().all(wanted) => found,
            "hash" => no("is a hash over other columns too"),
            "brin" => Lookup::Partial,
            method => Lookup::No(format!("is of the kind {method}")),
        }
    }

    fn is_text(&self, part: &IndexPart) -> bool {
        part.column
            .as_ref()
            .and_then(|name| self.column(name))
            .is_none_or(|column| column.ty.family == TypeFamily::Text)
    }

    /// Whether a condition holds for every row in which none of these columns is null: it is made only of
    /// `column IS NOT NULL`, joined by AND. Such a condition excludes no row that a look-up by these columns wants
    /// (PostgreSQL manual, "Partial Indexes"; SQLite, "Partial Indexes", section 3).
    pub fn follows_from_not_null(&self, predicate: &str, columns: &[Ident]) -> bool {
        let mut terms = Vec::new();
        conjuncts(predicate, &mut terms);
        !terms.is_empty()
            && terms.iter().all(|term| {
                not_null_operand(term).is_some_and(|operand| {
                    columns.iter().any(|name| {
                        let text = self
                            .column(name)
                            .is_some_and(|column| column.ty.family == TypeFamily::Text);
                        is_column(operand, name, text)
                    })
                })
            })
    }
}

fn why_it_does_not_lead(index: &Index, columns: &[Ident]) -> &'static str {
    match index.parts.first() {
        Some(IndexPart {
            column: Some(column),
            prefix: Some(_),
            ..
        }) if columns.contains(column) => "holds only the first characters",
        Some(IndexPart {
            expression: Some(_), ..
        }) => "leads with an expression",
        _ if index.include.iter().any(|column| columns.contains(column)) => "only carries the columns along",
        _ => "leads with another column",
    }
}

/// Splits at each AND that is in no parentheses and no quotes, as deep as it goes.
fn conjuncts<'t>(text: &'t str, terms: &mut Vec<&'t str>) {
    let text = without_parentheses(text);
    match split_at_and(text) {
        Some((left, right)) => {
            conjuncts(left, terms);
            conjuncts(right, terms);
        }
        None => terms.push(text),
    }
}

/// Removes parentheses that stand around the whole.
fn without_parentheses(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // `(a) and (b)` begins and ends with parentheses too: these belong together only if nothing between closes
        // more than it opened.
        if outside(inner).is_none() {
            break;
        }
        text = inner.trim();
    }
    text
}

/// The byte offsets in parentheses and quotes of no depth; `None` where something closes that was not opened.
fn outside(text: &str) -> Option<Vec<usize>> {
    let mut offsets = Vec::new();
    let mut depth = 0_u32;
    let mut quote = None;
    for (offset, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) => {
                if character == open {
                    quote = None;
                }
            }
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '[') => quote = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, _) if depth == 0 => offsets.push(offset),
            (None, _) => {}
        }
    }
    (depth == 0 && quote.is_none()).then_some(offsets)
}

fn split_at_and(text: &str) -> Option<(&str, &str)> {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    outside(text)?.into_iter().find_map(|offset| {
        let (left, rest) = text.split_at_checked(offset)?;
        let (and, right) = rest.split_at_checked(3)?;
        let stands_alone = !left.ends_with(word) && !right.starts_with(word);
        (and.eq_ignore_ascii_case("and") && stands_alone && !left.trim().is_empty()).then_some((left, right))
    })
}

/// The operand of `… IS NOT NULL` and of SQLite's `… NOT NULL` and `… NOTNULL`.
fn not_null_operand(term: &str) -> Option<&str> {
    let before = |words: &[&str]| {
        words
            .iter()
            .try_fold(term.trim_end(), |rest, word| strip_last_word(rest, word))
    };
    before(&["null", "not", "is"])
        .or_else(|| before(&["null", "not"]))
        .or_else(|| before(&["notnull"]))
        .map(without_parentheses)
}

fn strip_last_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let start = text.len().checked_sub(word.len())?;
    let (before, last) = text.split_at_checked(start)?;
    let stands_alone = !before.ends_with(|character: char| character.is_alphanumeric() || character == '_');
    (last.eq_ignore_ascii_case(word) && stands_alone).then(|| before.trim_end())
}

/// Whether an operand is a column: plain or in quotes, and where it is text also cast to another text type, which is
/// how PostgreSQL prints conditions on `varchar`.
fn is_column(operand: &str, name: &Ident, text: bool) -> bool {
    let operand = match operand.split_once("::") {
        Some((column, cast)) if text && matches!(cast.trim(), "text" | "bpchar" | "character varying") => {
            without_parentheses(column)
        }
        _ => operand,
    };
    let quoted = |open: char, close: char| {
        operand
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner| inner.replace(&format!("{close}{close}"), &close.to_string()) == name.as_str())
    };
    operand.eq_ignore_ascii_case(name.as_str()) || quoted('"', '"') || quoted('`', '`') || quoted('[', ']')
}

#[cfg(test)]
mod tests {
    use super::super::{Column, ColumnType, Origin, TableKind, TableName};
    use super::*;

    fn table() -> Table {
        let column = |name: &str, family| Column {
            name: name.into(),
            ty: ColumnType {
                declared: String::new(),
                base: String::new(),
                family,
                length: None,
                collation: None,
                labels: Vec::new(),
            },
            nullable: true,
            default: None,
            identity: false,
            generated: None,
            comment: None,
            origin: Origin::Catalog,
        };
        let integer = TypeFamily::Integer {
            bits: 32,
            unsigned: false,
        };
        let mut table = Table::new(TableName::bare("t"), TableKind::Table, Origin::Catalog);
        table.columns = vec![
            column("a", integer),
            column("b c", integer),
            column("code", TypeFamily::Text),
        ];
        table
    }

    fn follows(predicate: &str) -> bool {
        table().follows_from_not_null(predicate, &["a".into(), "b c".into(), "code".into()])
    }

    #[test]
    fn conditions_that_follow_from_not_null() {
        for predicate in [
            "(a IS NOT NULL)",
            "a is not null",
            "a NOT NULL",
            "a NOTNULL",
            "((a IS NOT NULL) AND (\"b c\" IS NOT NULL))",
            "`b c` IS NOT NULL AND [a] IS NOT NULL",
            "((code)::text IS NOT NULL)",
        ] {
            assert!(follows(predicate), "{predicate}");
        }
    }

    #[test]
    fn conditions_that_do_not() {
        for predicate in [
            "",
            "(a > 100)",
            "(a IS NULL)",
            "(x IS NOT NULL)",
            "((a IS NOT NULL) AND (x IS NULL))",
            "((a IS NOT NULL) OR (\"b c\" IS NOT NULL))",
            "((a)::text IS NOT NULL)",
            "(NOT (a IS NOT NULL))",
            "((a + 1) IS NOT NULL)",
            "code <> 'a IS NOT NULL'",
            "(code <> ' AND (a IS NOT NULL)'",
            "(deleted_at IS NULL)",
            "ärgerlich IS NOT NULL",
        ] {
            assert!(!follows(predicate), "{predicate}");
        }
    }
}
