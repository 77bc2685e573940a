//! What this tool's own plans write, so that a server does a thing only where it is not done yet: a reader takes it for
//! done by them.

use super::SqlDialect;
use super::splitter::{PieceKind, Splitter};
use super::tokens::{Kind, Tokens};

/// How the blocks of plans for PostgreSQL are quoted.
const TAG: &str = "$relaudit";
/// What comes before and after the statements that such a block may run.
const AROUND: (&str, &str) = (
    "  LOOP\n    BEGIN\n      ",
    ";\n      RETURN;\n    EXCEPTION WHEN lock_not_available",
);
/// How the statement begins by which plans for MySQL prepare another one.
const PREPARED: &str = "SET @relaudit_statement = ";

/// The statements that a block of a plan may run, without those that only tidy up; `None` where it is no such block.
pub(super) fn of_block(sql: &str) -> Option<Vec<&str>> {
    let (head, _) = sql.split_once('\n')?;
    head.trim_start().get(2..)?.trim_start().strip_prefix(TAG)?;
    let Some((_, rest)) = sql.split_once(AROUND.0) else {
        return Some(Vec::new());
    };
    let (statements, _) = rest.rsplit_once(AROUND.1)?;
    let pieces = Splitter::new(statements, SqlDialect::Postgres);
    let texts = pieces
        .filter(|piece| piece.kind == PieceKind::Statement)
        .map(|piece| piece.text.trim());
    Some(texts.filter(|text| first_word(text) == "ALTER").collect())
}

/// Whether a plan prepares a statement here.
pub(super) fn is_prepared(sql: &str) -> bool {
    sql.trim_start().starts_with(PREPARED)
}

/// Whether a plan runs here what it has prepared.
pub(super) fn runs_prepared(sql: &str) -> bool {
    sql.trim_start().starts_with("EXECUTE relaudit_statement")
}

/// What a plan prepares.
pub(super) enum Prepared<'t> {
    /// A statement.
    Statement(&'t str),
    /// A statement that begins so, goes on with what the server knows of the column, and changes whether it takes nulls.
    Nullability {
        /// `ALTER TABLE … MODIFY COLUMN …`.
        head: &'t str,
        nullable: bool,
    },
    /// Nothing that changes a schema.
    Nothing,
}

/// What a plan prepares here; `None` where it cannot be told.
pub(super) fn prepared<'t>(tokens: &'t Tokens<'_>) -> Option<Prepared<'t>> {
    let texts = || {
        tokens.list.iter().filter_map(|token| match &token.kind {
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let last = texts().next_back().unwrap_or_default();
    match first_word(last) {
        "ALTER" => return Some(Prepared::Statement(last)),
        "SELECT" | "DROP" => return Some(Prepared::Nothing),
        _ => {}
    }
    let head = texts().find(|text| first_word(text) == "ALTER" && text.contains(" MODIFY "))?;
    let said = |wanted: &str| texts().any(|text| text == wanted);
    match (said(" NOT NULL"), said(" NULL")) {
        (required, optional) if required != optional => Some(Prepared::Nullability {
            head,
            nullable: optional,
        }),
        // Another type: the server repeats whether the column takes nulls, and how it calls the type.
        _ => None,
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
