//! What the first words of a statement tell the splitter: whether delimiters inside it count, and whether rows follow.

use super::SqlDialect;
use super::splitter::is_word_byte;

/// So many words tell what a statement is, with room for a DEFINER.
const WORDS: usize = 10;
/// No head is longer, in bytes: it keeps the search for words out of long literals.
const REACH: usize = 300;

/// The first words of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    words: [&'a str; WORDS],
    dialect: SqlDialect,
}

impl<'a> Head<'a> {
    /// Reads the first words of a text, whatever stands between them. Numbers are left out: the versions of
    /// conditional comments.
    pub(super) fn of(text: &'a str, dialect: SqlDialect) -> Self {
        let mut reach = text.len().min(REACH);
        while !text.is_char_boundary(reach) {
            reach -= 1;
        }
        let words = text
            .get(..reach)
            .unwrap_or("")
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let words = words.filter(|word| !word.is_empty() && !word.starts_with(|letter: char| letter.is_ascii_digit()));
        let mut head = Self {
            words: [""; WORDS],
            dialect,
        };
        for (place, word) in head.words.iter_mut().zip(words) {
            *place = word;
        }
        head
    }

    fn starts_with(&self, word: &str) -> bool {
        self.words.first().is_some_and(|first| first.eq_ignore_ascii_case(word))
    }

    /// What the statement makes: the first of these words in a CREATE.
    fn made(&self) -> Option<&'static str> {
        const KINDS: [&str; 13] = [
            "FUNCTION",
            "PROCEDURE",
            "TRIGGER",
            "EVENT",
            "RULE",
            "TABLE",
            "VIEW",
            "INDEX",
            "TYPE",
            "SEQUENCE",
            "DOMAIN",
            "SCHEMA",
            "PACKAGE",
        ];
        if !self.starts_with("CREATE") {
            return None;
        }
        let mut known = self
            .words
            .iter()
            .map(|word| KINDS.into_iter().find(|kind| word.eq_ignore_ascii_case(kind)));
        known.find_map(|kind| kind)
    }

    /// How its body hides delimiters.
    pub(super) fn body(&self) -> Body {
        let unopened = |after_atomic| Body::Routine {
            depth: 0,
            after_atomic,
            previous: Previous::Other,
        };
        match (self.made(), self.dialect) {
            // psql counts parentheses and BEGIN ATOMIC (psqlscan.l); CREATE RULE is the only statement with `;` in
            // parentheses, and one parenthesis too many elsewhere should not cost the rest of the file.
            (Some("RULE"), SqlDialect::Postgres) => Body::Parentheses(0),
            (Some("FUNCTION" | "PROCEDURE"), SqlDialect::Postgres) => unopened(true),
            (Some("TRIGGER"), SqlDialect::Sqlite)
            | (Some("FUNCTION" | "PROCEDURE" | "TRIGGER" | "EVENT" | "PACKAGE"), SqlDialect::MySql) => unopened(false),
            _ => Body::None,
        }
    }

    /// Whether it is `COPY … FROM stdin`.
    pub(super) fn copies_from_stdin(&self, statement: &str) -> bool {
        if self.dialect != SqlDialect::Postgres || !self.starts_with("COPY") {
            return false;
        }
        let mut words = statement.split(|letter: char| !letter.is_ascii() || !is_word_byte(letter as u8));
        let mut previous = "";
        words.any(|word| {
            let found = previous.eq_ignore_ascii_case("FROM") && word.eq_ignore_ascii_case("STDIN");
            if !word.is_empty() {
                previous = word;
            }
            found
        })
    }
}

/// How much of a statement's body is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// The statement has none.
    None,
    /// So many parentheses.
    Parentheses(u32),
    /// So many BEGIN and CASE without their END.
    Routine {
        depth: u32,
        /// Whether BEGIN opens the body only where ATOMIC follows.
        after_atomic: bool,
        previous: Previous,
    },
}

/// The word before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Previous {
    Begin,
    End,
    Other,
}

impl Body {
    pub(super) fn is_open(self) -> bool {
        match self {
            Self::None => false,
            Self::Parentheses(depth) | Self::Routine { depth, .. } => depth > 0,
        }
    }

    pub(super) fn symbol(&mut self, byte: u8) {
        match self {
            Self::Parentheses(depth) if byte == b'(' => *depth += 1,
            Self::Parentheses(depth) if byte == b')' => *depth = depth.saturating_sub(1),
            Self::Routine { previous, .. } if !byte.is_ascii_whitespace() => *previous = Previous::Other,
            _ => {}
        }
    }

    pub(super) fn word(&mut self, word: &str) {
        let Self::Routine {
            depth,
            after_atomic,
            previous,
        } = self
        else {
            return;
        };
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        let before = std::mem::replace(previous, Previous::Other);
        if is("BEGIN") {
            *previous = Previous::Begin;
            if *depth > 0 || !*after_atomic {
                *depth += 1;
            }
        } else if is("ATOMIC") && before == Previous::Begin && *depth == 0 {
            *depth = 1;
        } else if is("CASE") && *depth > 0 && before != Previous::End {
            *depth += 1;
        } else if is("END") && *depth > 0 {
            *previous = Previous::End;
            *depth -= 1;
        } else if before == Previous::End && ["IF", "LOOP", "WHILE", "REPEAT", "FOR"].into_iter().any(is) {
            // END IF and the like close what was not counted.
            *depth += 1;
        }
    }
}
