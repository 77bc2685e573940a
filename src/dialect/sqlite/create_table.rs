//! What only the text of a CREATE TABLE tells, and no pragma does: names of constraints, collations of columns,
//! conditions of CHECK constraints, whether foreign keys wait for the commit; and where each of them is declared.
//!
//! The text was accepted by SQLite, so it need not be checked again: it is cut into the parts between the commas, and
//! each part is searched for keywords outside of parentheses.

use crate::schema::Deferrable;

use super::tokens::{Token, closing, parts, significant, take_word};

/// A CREATE TABLE.
#[derive(Debug, Default)]
pub(super) struct CreateTable {
    /// The name, without quotes.
    pub(super) name: String,
    /// Where the name starts in the text.
    pub(super) start: usize,
    /// Whether it is TEMPORARY.
    pub(super) temporary: bool,
    pub(super) columns: Vec<ColumnText>,
    /// Conditions of CHECK constraints.
    pub(super) checks: Vec<String>,
    /// Of columns and of the table, in the order of the text.
    pub(super) foreign_keys: Vec<ForeignKeyText>,
    /// Primary key and unique constraints.
    pub(super) keys: Vec<KeyText>,
}

/// A column of a CREATE TABLE.
#[derive(Debug)]
pub(super) struct ColumnText {
    pub(super) name: String,
    /// Where it starts in the text.
    pub(super) start: usize,
    /// After COLLATE.
    pub(super) collation: Option<String>,
}

/// A foreign key of a CREATE TABLE.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForeignKeyText {
    pub(super) name: Option<String>,
    /// Where it starts in the text.
    pub(super) start: usize,
    /// The child's, as written.
    pub(super) columns: Vec<String>,
    pub(super) deferrable: Deferrable,
}

/// A primary key or unique constraint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyText {
    pub(super) name: Option<String>,
    /// Where it starts in the text.
    pub(super) start: usize,
    pub(super) primary: bool,
    /// As written.
    pub(super) columns: Vec<String>,
}

/// Reads a CREATE TABLE; `None` where the text is something else. A `CREATE TABLE … AS SELECT` has no columns here.
pub(super) fn read(sql: &str) -> Option<CreateTable> {
    let tokens = significant(sql);
    let mut rest = tokens.as_slice();
    take_word(&mut rest, "CREATE")?;
    let temporary = take_word(&mut rest, "TEMP").or_else(|| take_word(&mut rest, "TEMPORARY"));
    take_word(&mut rest, "TABLE")?;
    if take_word(&mut rest, "IF").is_some() {
        take_word(&mut rest, "NOT")?;
        take_word(&mut rest, "EXISTS")?;
    }
    let (mut name, mut after) = rest.split_first()?;
    let mut namespace = None;
    if after.first().is_some_and(|token| token.is_symbol(".")) {
        namespace = name.name();
        (name, after) = after.get(1..)?.split_first()?;
    }
    let mut table = CreateTable {
        name: name.name()?,
        start: name.start,
        temporary: temporary.is_some() || namespace.is_some_and(|name| name.eq_ignore_ascii_case("temp")),
        ..CreateTable::default()
    };
    if after.first().is_some_and(|token| token.is_symbol("(")) {
        for part in parts(after.get(1..)?) {
            table.read_part(sql, part);
        }
    }
    Some(table)
}

impl CreateTable {
    fn read_part(&mut self, sql: &str, part: &[Token<'_>]) {
        let Some(first) = part.first() else { return };
        let is_constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
            .iter()
            .any(|word| first.is_word(word));
        if is_constraint {
            self.read_constraints(sql, part, None);
        } else if let Some(name) = first.name() {
            self.columns.push(ColumnText {
                name: name.clone(),
                start: first.start,
                collation: None,
            });
            self.read_constraints(sql, part.get(1..).unwrap_or(&[]), Some(&name));
        }
    }

    /// Reads constraints: of a column, or of the table, where a comma between two of them may be missing.
    fn read_constraints(&mut self, sql: &str, tokens: &[Token<'_>], column: Option<&str>) {
        let mut name: Option<String> = None;
        let mut named_at = None;
        let mut foreign = None;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            if token.is_symbol("(") {
                at = closing(tokens, at);
            } else if token.is_word("CONSTRAINT") {
                name = next.and_then(Token::name);
                named_at = Some(token.start);
                at += 1;
            } else if token.is_word("DEFAULT") {
                // A default may be a word that is a keyword elsewhere.
                at += usize::from(next.is_some_and(|next| !next.is_symbol("(")));
            } else if token.is_word("COLLATE") {
                if let Some(last) = self.columns.last_mut().filter(|_| column.is_some()) {
                    last.collation = next.and_then(Token::name);
                }
                at += 1;
            } else if token.is_word("CHECK") {
                let end = closing(tokens, at + 1);
                if let (Some(open), Some(close)) = (next, tokens.get(end)) {
                    self.checks
                        .extend(sql.get(open.end()..close.start).map(|text| text.trim().to_owned()));
                }
                (name, named_at) = (None, None);
                at = end;
            } else if token.is_word("PRIMARY") || token.is_word("UNIQUE") {
                let columns = column.map_or_else(|| key_columns(tokens.get(at..)), |column| vec![column.to_owned()]);
                self.keys.push(KeyText {
                    name: name.take(),
                    start: named_at.take().unwrap_or(token.start),
                    primary: token.is_word("PRIMARY"),
                    columns,
                });
            } else if token.is_word("FOREIGN") {
                foreign = Some((token.start, key_columns(tokens.get(at..))));
            } else if token.is_word("REFERENCES") {
                let of_column = || (token.start, column.map(str::to_owned).into_iter().collect());
                let (start, columns) = foreign.take().unwrap_or_else(of_column);
                self.foreign_keys.push(ForeignKeyText {
                    name: name.take(),
                    start: named_at.take().unwrap_or(start),
                    columns,
                    deferrable: deferrable(tokens.get(at + 1..).unwrap_or(&[])),
                });
                // The parent's name may be a word that is a keyword elsewhere.
                at += 1;
            } else if token.is_word("NOT") || token.is_word("NULL") || token.is_word("GENERATED") {
                (name, named_at) = (None, None);
            }
            at += 1;
        }
    }
}

/// The columns in the first parentheses.
pub(super) fn key_columns(tokens: Option<&[Token<'_>]>) -> Vec<String> {
    let tokens = tokens.unwrap_or(&[]);
    let Some(open) = tokens.iter().position(|token| token.is_symbol("(")) else {
        return Vec::new();
    };
    parts(tokens.get(open + 1..).unwrap_or(&[]))
        .into_iter()
        .filter_map(|part| part.first()?.name())
        .collect()
}

/// What is said after REFERENCES of when the check runs. Only `DEFERRABLE INITIALLY DEFERRED` defers it
/// (foreignkeys.html, section 4.2); the statement at hand ends with the next constraint.
pub(super) fn deferrable(tokens: &[Token<'_>]) -> Deferrable {
    for (at, token) in tokens.iter().enumerate() {
        let next_constraint = [
            "CONSTRAINT",
            "REFERENCES",
            "CHECK",
            "UNIQUE",
            "PRIMARY",
            "FOREIGN",
            "COLLATE",
        ];
        if next_constraint.iter().any(|word| token.is_word(word)) {
            break;
        }
        if !token.is_word("DEFERRABLE") {
            continue;
        }
        let negated = at.checked_sub(1).and_then(|before| tokens.get(before));
        if negated.is_some_and(|token| token.is_word("NOT")) {
            return Deferrable::No;
        }
        let initially = tokens.get(at + 1).is_some_and(|token| token.is_word("INITIALLY"));
        let deferred = tokens.get(at + 2).is_some_and(|token| token.is_word("DEFERRED"));
        return if initially && deferred {
            Deferrable::InitiallyDeferred
        } else {
            Deferrable::InitiallyImmediate
        };
    }
    Deferrable::No
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_keywords_elsewhere_do_not_mislead() {
        let sql = "CREATE TABLE IF NOT EXISTS main.\"t\" (a TEXT DEFAULT 'CHECK (x)' COLLATE \"nocase\", \"check\" INT DEFAULT -1,
               c DEFAULT unique, d REFERENCES \"references\"(\"deferrable\") NOT NULL CHECK (d IN ('a)', \")\")),
               CONSTRAINT k UNIQUE (a, \"check\" COLLATE rtrim DESC) ON CONFLICT IGNORE
               CONSTRAINT f FOREIGN KEY (c) REFERENCES t ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
               CHECK (a <> 'b'))";
        let table = read(sql).unwrap_or_default();
        assert_eq!((table.name.as_str(), table.temporary), ("t", false));
        let columns: Vec<(&str, Option<&str>)> = table
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.collation.as_deref()))
            .collect();
        assert_eq!(
            columns,
            [("a", Some("nocase")), ("check", None), ("c", None), ("d", None)]
        );
        assert_eq!(table.checks, ["d IN ('a)', \")\")", "a <> 'b'"]);
        let places = |starts: Vec<usize>| -> Vec<String> {
            let word = |at: usize| sql[at..].split(' ').next().unwrap_or("").to_owned();
            starts.into_iter().map(word).collect()
        };
        let names = |name: &Option<String>| name.clone().unwrap_or_default();
        let keys: Vec<_> = table
            .keys
            .iter()
            .map(|key| (names(&key.name), key.primary, key.columns.join(" ")))
            .collect();
        assert_eq!(keys, [("k".to_owned(), false, "a check".to_owned())]);
        assert_eq!(places(table.keys.iter().map(|key| key.start).collect()), ["CONSTRAINT"]);
        let foreign_keys: Vec<_> = table
            .foreign_keys
            .iter()
            .map(|key| (names(&key.name), key.columns.join(" "), key.deferrable))
            .collect();
        assert_eq!(
            foreign_keys,
            [
                (String::new(), "d".to_owned(), Deferrable::No),
                ("f".to_owned(), "c".to_owned(), Deferrable::InitiallyDeferred),
            ]
        );
        let starts = table.foreign_keys.iter().map(|key| key.start).collect();
        assert_eq!(places(starts), ["REFERENCES", "CONSTRAINT"]);
    }

    #[test]
    fn other_statements_and_cut_texts_are_taken_as_they_come() {
        assert!(read("CREATE INDEX i ON t(a)").is_none());
        assert!(read("").is_none());
        assert!(read("CREATE TEMP TABLE t(a)").is_some_and(|table| table.temporary));
        assert!(read("CREATE TABLE temp.t(a)").is_some_and(|table| table.temporary));
        assert!(read("CREATE TABLE t AS SELECT (1), 2").is_some_and(|table| table.columns.is_empty()));
        let whole =
            "CREATE TABLE t(a INT CHECK (a > (1)) CONSTRAINT c REFERENCES p(x) NOT DEFERRABLE, PRIMARY KEY (a))";
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
    }
}
