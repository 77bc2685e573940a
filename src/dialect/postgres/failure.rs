//! What the server or the driver said, as a kind of failure and a text for people.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use postgres::error::{DbError, Severity, SqlState};

use crate::dialect::{QueryError, QueryFailure};

/// Reads an error of the driver. `elapsed` and `statement_timeout` tell a timeout from a cancellation where the
/// server's language hides it: both have the SQLSTATE 57014.
pub(super) fn query_error(error: &postgres::Error, elapsed: Duration, statement_timeout: Duration) -> QueryError {
    let kind = match error.as_db_error() {
        Some(said) => kind_of(said, !statement_timeout.is_zero() && elapsed >= statement_timeout),
        None if ends_connection(error) => QueryFailure::ConnectionLost,
        None => QueryFailure::Other,
    };
    QueryError::new(kind, text(error))
}

/// All that is known of an error, in one line. The driver's own text of a server's error is only "db error".
pub(super) fn text(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let mut text = said.message().to_owned();
        if let Some(detail) = said.detail() {
            text = format!("{text}: {detail}");
        }
        if let Some(hint) = said.hint() {
            text = format!("{text} (hint: {hint})");
        }
        return text.replace('\n', " ");
    }
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        texts.push(inner.to_string());
        cause = inner.source();
    }
    texts.dedup();
    texts.join(": ")
}

/// The I/O error behind an error of the driver, if there is one.
pub(super) fn io_kind(error: &postgres::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = inner.source();
    }
    None
}

fn ends_connection(error: &postgres::Error) -> bool {
    error.is_closed() || io_kind(error).is_some()
}

fn kind_of(said: &DbError, timeout_is_over: bool) -> QueryFailure {
    let code = said.code();
    if *code == SqlState::QUERY_CANCELED {
        let message = said.message();
        return if message.contains("statement timeout") || (timeout_is_over && !message.contains("user request")) {
            QueryFailure::StatementTimeout
        } else {
            QueryFailure::Cancelled
        };
    }
    if *code == SqlState::LOCK_NOT_AVAILABLE {
        return QueryFailure::LockTimeout;
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        // The function's name is there in every language: src/backend/utils/misc/rls.c.
        let by_row_security =
            said.routine() == Some("check_enable_rls") || said.message().contains("row-level security");
        return if by_row_security {
            QueryFailure::RowSecurity
        } else {
            QueryFailure::Permission
        };
    }
    if [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
    {
        return QueryFailure::ServerShutdown;
    }
    if matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) {
        return QueryFailure::ConnectionLost;
    }
    QueryFailure::Other
}
