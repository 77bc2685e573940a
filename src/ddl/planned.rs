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
    Some(texts.filter(|text| text.starts_with("ALTER ")).collect())
}

/// Whether a plan prepares a statement here.
pub(super) fn is_prepared(sql: &str) -> bool {
    sql.trim_start().starts_with(PREPARED)
}

/// Whether a plan runs here what it has prepared.
pub(super) fn runs_prepared(sql: &str) -> bool {
    sql.trim_start().starts_with("EXECUTE relaudit_statement")
}

/// The statement that a plan prepares, where that changes a schema: an error where it cannot be told.
pub(super) fn prepared<'t>(tokens: &'t Tokens<'_>) -> Result<Option<&'t str>, String> {
    let texts = tokens.list.iter().filter_map(|token| match &token.kind {
        Kind::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let last = texts.last().unwrap_or_default();
    if last.starts_with("ALTER ") {
        return Ok(Some(last));
    }
    if last.starts_with("SELECT ") || last.starts_with("DROP TABLE ") {
        return Ok(None);
    }
    Err("what is prepared here is put together from the server's own catalogue".to_owned())
}
