//! SQL text cut into SQLite's tokens (the manual's tokenizer, lang_keywords.html and lang_comment.html): as much as is
//! needed to find where statements end and where tables and columns are declared. It never fails: what is not closed
//! ends with the text, and SQLite itself reports it.

/// A token, or a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// As written, with quotes.
    pub(super) text: &'a str,
    /// Where it starts, in bytes.
    pub(super) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, or an identifier without quotes.
    Word,
    /// `"…"`, `` `…` `` or `[…]`.
    Quoted,
    /// `'…'`.
    Text,
    /// Starts with a digit.
    Number,
    /// `--` to the end of the line, or `/* … */`.
    Comment,
    /// Any other character, one by one.
    Symbol,
}

impl Token<'_> {
    /// Whether it is this keyword, in any letter case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name it stands for, without quotes. SQLite takes `'…'` for a name too (quirks.html, section 8).
    pub(super) fn name(&self) -> Option<String> {
        let inner = |quote: &str| {
            let inner = self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or("");
            inner.replace(&quote.repeat(2), quote)
        };
        match (self.kind, self.text.chars().next()?) {
            (TokenKind::Word, _) => Some(self.text.to_owned()),
            (TokenKind::Quoted, '[') => Some(self.text.get(1..self.text.len().saturating_sub(1))?.to_owned()),
            (TokenKind::Quoted, '`') => Some(inner("`")),
            (TokenKind::Quoted, _) => Some(inner("\"")),
            (TokenKind::Text, _) => Some(inner("'")),
            _ => None,
        }
    }
}

/// The tokens of a text, comments included, whitespace left out.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Goes on behind the line that `at` is in.
    pub(super) fn skip_line(&mut self, at: usize) {
        let rest = self.text.get(at..).unwrap_or("");
        self.at = at + rest.find('\n').unwrap_or(rest.len());
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.text.get(self.at..)?;
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}', '\u{feff}']);
        let start = self.at + (rest.len() - trimmed.len());
        let (kind, length) = first_token(trimmed)?;
        self.at = start + length;
        let text = trimmed.get(..length)?;
        Some(Token { kind, text, start })
    }
}

/// The kind of the first token, and its length in bytes.
fn first_token(text: &str) -> Option<(TokenKind, usize)> {
    let first = text.chars().next()?;
    let up_to = |end: &str| text.get(2..).and_then(|rest| rest.find(end)).map(|at| at + 2);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii();
    let run = |part: &dyn Fn(char) -> bool| text.find(|letter: char| !part(letter)).unwrap_or(text.len());
    Some(match first {
        '\'' => (TokenKind::Text, quoted(text, '\'')),
        '"' | '`' => (TokenKind::Quoted, quoted(text, first)),
        '[' => (TokenKind::Quoted, text.find(']').map_or(text.len(), |at| at + 1)),
        '-' if text.starts_with("--") => (TokenKind::Comment, up_to("\n").unwrap_or(text.len())),
        '/' if text.starts_with("/*") => (TokenKind::Comment, up_to("*/").map_or(text.len(), |at| at + 2)),
        '0'..='9' => (TokenKind::Number, run(&|letter| is_part(letter) || letter == '.')),
        _ if is_part(first) && first != '$' => (TokenKind::Word, run(&is_part)),
        _ => (TokenKind::Symbol, first.len_utf8()),
    })
}

/// The length of a quoted token in which the doubled quote stands for itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            if letters.peek().is_some_and(|(_, next)| *next == quote) {
                letters.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

/// The tokens of a text without its comments.
pub(super) fn significant(text: &str) -> Vec<Token<'_>> {
    Tokens::new(text)
        .filter(|token| token.kind != TokenKind::Comment)
        .collect()
}

/// Takes the keyword off the front, if it is there.
pub(super) fn take_word(tokens: &mut &[Token<'_>], word: &str) -> Option<()> {
    let (first, rest) = tokens.split_first()?;
    first.is_word(word).then(|| *tokens = rest)
}

/// The parts between the commas, up to the parenthesis that closes.
pub(super) fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut found = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        let closes = depth == 0 && token.is_symbol(")");
        if closes || (depth == 0 && token.is_symbol(",")) {
            found.extend(tokens.get(from..at).filter(|part| !part.is_empty()));
            from = at + 1;
        }
        if closes {
            break;
        }
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth -= 1;
        }
    }
    found
}

/// Where the parenthesis closes that opens at `open`; the last token if it does not.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        Tokens::new(sql).map(|token| token.text).collect()
    }

    #[test]
    fn quotes_hide_what_they_hold() {
        assert_eq!(
            texts("a 'it''s; -- no' \"q\"\"uote\" `b``t` [br;ack] -- c;\n/* d; */ e.f;"),
            [
                "a",
                "'it''s; -- no'",
                "\"q\"\"uote\"",
                "`b``t`",
                "[br;ack]",
                "-- c;",
                "/* d; */",
                "e",
                ".",
                "f",
                ";"
            ]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for sql in ["'abc", "\"abc", "`abc", "[abc", "/* abc", "-- abc", "/*", "'", "--"] {
            assert_eq!(texts(sql), [sql], "{sql}");
        }
    }

    #[test]
    fn names_lose_their_quotes() {
        let name = |sql| Tokens::new(sql).next().and_then(|token| token.name());
        assert_eq!(name("plain").as_deref(), Some("plain"));
        assert_eq!(name("\"a\"\"b\"").as_deref(), Some("a\"b"));
        assert_eq!(name("`a``b`").as_deref(), Some("a`b"));
        assert_eq!(name("[a\"b]").as_deref(), Some("a\"b"));
        assert_eq!(name("'a''b'").as_deref(), Some("a'b"));
        assert_eq!(name("größe").as_deref(), Some("größe"));
        assert_eq!(name("\"").as_deref(), Some(""));
        assert_eq!(name(";"), None);
    }
}
