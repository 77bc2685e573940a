//! Signs that a script is written for another database system.

use super::tokens::{Token, TokenKind, Tokens, significant};

/// A sign of another dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    /// The system that it is a sign of.
    system: System,
    /// What it is, as a person knows it.
    what: &'static str,
    /// Where it is, in bytes.
    pub(super) start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Postgres,
    Mysql,
    SqlServer,
}

impl Sign {
    fn at(system: System, what: &'static str, token: &Token<'_>) -> Self {
        Self {
            system,
            what,
            start: token.start,
        }
    }

    /// The sentence that refuses the script.
    pub(super) fn refusal(&self, line: u32) -> String {
        let (system, instead) = match self.system {
            System::Postgres => ("PostgreSQL", "add --dialect postgres"),
            System::Mysql => ("MySQL or MariaDB", "add --dialect mysql"),
            System::SqlServer => ("SQL Server", "relaudit audits PostgreSQL, MySQL, MariaDB and SQLite"),
        };
        format!(
            "line {line}: {} shows that this script is written for {system}: {instead}",
            self.what
        )
    }
}

/// A sign in a statement that SQLite runs without an error, though it means something else: SQLite takes any words for a
/// type, so `id SERIAL` would just be a column that is always null.
pub(super) fn accepted_in_silence(statement: &str) -> Option<Sign> {
    let create = statement.get(.."CREATE".len())?;
    if !create.eq_ignore_ascii_case("CREATE") {
        return None;
    }
    let tokens = significant(statement);
    if !tokens.iter().take(4).any(|token| token.is_word("TABLE")) {
        return None;
    }
    tokens.windows(3).find_map(|window| {
        let [before, name, word] = window else { return None };
        // The third word of a column's definition: after its name, which starts the list or follows a comma.
        let is_type = (before.is_symbol("(") || before.is_symbol(",")) && name.name().is_some();
        let serial = ["SERIAL", "BIGSERIAL", "SMALLSERIAL"]
            .iter()
            .any(|serial| word.is_word(serial));
        if is_type && serial {
            return Some(Sign::at(System::Postgres, "the type SERIAL", word));
        }
        let auto = word.is_word("AUTO_INCREMENT") && name.kind == TokenKind::Word;
        auto.then(|| Sign::at(System::Mysql, "AUTO_INCREMENT", word))
    })
}

/// The first sign in a script that SQLite does not run. Comments count too: dumps say what made them.
pub(super) fn sign(script: &str) -> Option<Sign> {
    let mut last: Vec<Token<'_>> = Vec::new();
    for token in Tokens::new(script) {
        let found = if token.kind == TokenKind::Comment {
            comment_sign(&token)
        } else {
            if last.len() == 3 {
                last.remove(0);
            }
            last.push(token);
            sign_at_end(&last)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn comment_sign(comment: &Token<'_>) -> Option<Sign> {
    let has = |text: &str| comment.text.contains(text);
    if has("PostgreSQL database dump") || has("PostgreSQL database cluster dump") {
        Some(Sign::at(System::Postgres, "the head of a pg_dump", comment))
    } else if has("MySQL dump") || has("MariaDB dump") {
        Some(Sign::at(System::Mysql, "the head of a mysqldump", comment))
    } else if has("phpMyAdmin SQL Dump") {
        Some(Sign::at(System::Mysql, "the head of a phpMyAdmin dump", comment))
    } else if comment.text.starts_with("/*!") || comment.text.starts_with("/*M!") {
        Some(Sign::at(
            System::Mysql,
            "the comment `/*! … */`, which MySQL runs,",
            comment,
        ))
    } else {
        None
    }
}

/// Whether the last of up to three tokens completes a sign.
fn sign_at_end(tokens: &[Token<'_>]) -> Option<Sign> {
    let last = tokens.last()?;
    let before = |steps: usize| tokens.len().checked_sub(1 + steps).and_then(|at| tokens.get(at));
    let previous = before(1);
    let follows = |word: &str| previous.is_some_and(|token| token.is_word(word));
    let adjoins = previous.is_some_and(|token| token.end() == last.start);
    let postgres = |what| Some(Sign::at(System::Postgres, what, last));
    let mysql = |what| Some(Sign::at(System::Mysql, what, last));
    if last.kind == TokenKind::Symbol {
        return match last.text {
            ":" if adjoins && previous.is_some_and(|token| token.is_symbol(":")) => postgres("the cast `::`"),
            "$" if adjoins && previous.is_some_and(|token| token.is_symbol("$")) => postgres("the quote `$$`"),
            "\\" => postgres("a command of psql (`\\…`)"),
            "=" if follows("ENGINE") => mysql("ENGINE="),
            _ => None,
        };
    }
    let words = [
        (System::Postgres, "stdin", "FROM", "COPY … FROM stdin"),
        (System::Postgres, "EXTENSION", "CREATE", "CREATE EXTENSION"),
        (System::Postgres, "SEQUENCE", "CREATE", "CREATE SEQUENCE"),
        (System::Postgres, "TYPE", "CREATE", "CREATE TYPE"),
        (System::Postgres, "DOMAIN", "CREATE", "CREATE DOMAIN"),
        (System::Postgres, "SCHEMA", "CREATE", "CREATE SCHEMA"),
        (System::Postgres, "search_path", "SET", "SET search_path"),
        (System::Postgres, "ONLY", "TABLE", "ALTER TABLE ONLY"),
        (System::Mysql, "DATABASE", "CREATE", "CREATE DATABASE"),
        (System::Mysql, "TABLES", "LOCK", "LOCK TABLES"),
        (System::Mysql, "NAMES", "SET", "SET NAMES"),
        (System::Mysql, "FOREIGN_KEY_CHECKS", "SET", "SET FOREIGN_KEY_CHECKS"),
    ];
    let pair = words
        .iter()
        .find(|(_, word, first, _)| last.is_word(word) && follows(first));
    if let Some((system, _, _, what)) = pair {
        return Some(Sign::at(*system, what, last));
    }
    if last.text.eq_ignore_ascii_case("[dbo]") {
        return Some(Sign::at(System::SqlServer, "the name [dbo]", last));
    }
    match last.text.to_ascii_lowercase().as_str() {
        _ if last.kind != TokenKind::Word => None,
        "nextval" => postgres("nextval"),
        "gen_random_uuid" => postgres("gen_random_uuid"),
        "serial" | "bigserial" | "smallserial" if previous.is_some_and(|token| token.name().is_some()) => {
            postgres("the type SERIAL")
        }
        "timestamptz" => postgres("the type timestamptz"),
        "auto_increment" => mysql("AUTO_INCREMENT"),
        "delimiter" if previous.is_none_or(|token| token.is_symbol(";")) => mysql("DELIMITER"),
        "dbo" => Some(Sign::at(System::SqlServer, "the name dbo", last)),
        _ => None,
    }
}
