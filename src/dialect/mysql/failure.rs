//! Why a statement failed, from the driver's errors and the server's numbers.
//!
//! The numbers are those of the MySQL manual, "Server Error Message Reference", and of the MariaDB manual, "MariaDB
//! Error Code Reference".

use std::error::Error as _;
use std::io::{self, ErrorKind};

use mysql::Error as MySqlError;

use super::super::{QueryError, QueryFailure};

/// Tells what an error means. `overran` says that the watchdog cancelled the statement.
pub(super) fn query_error(error: &MySqlError, overran: bool) -> QueryError {
    if let Some(fault) = io_fault(error) {
        return QueryError::new(QueryFailure::ConnectionLost, network_fault(fault));
    }
    match error {
        MySqlError::MySqlError(refusal) => {
            let kind = match kind_of(refusal.code, &refusal.message) {
                QueryFailure::Cancelled if overran => QueryFailure::StatementTimeout,
                kind => kind,
            };
            QueryError::new(kind, refusal.message.clone())
        }
        // What cannot be decoded leaves the connection in an unknown state: the next answer may be the rest of this.
        MySqlError::CodecError(_) | MySqlError::DriverError(_) | MySqlError::TlsError(_) | MySqlError::IoError(_) => {
            QueryError::new(QueryFailure::ConnectionLost, error.to_string())
        }
        MySqlError::UrlError(_) | MySqlError::FromValueError(_) | MySqlError::FromRowError(_) => {
            QueryError::new(QueryFailure::Other, error.to_string())
        }
    }
}

/// The network's own error, which the driver hands on bare or wrapped.
pub(super) fn io_fault(error: &MySqlError) -> Option<&io::Error> {
    match error {
        MySqlError::IoError(fault) => Some(fault),
        MySqlError::CodecError(fault) => fault.source()?.downcast_ref(),
        _ => None,
    }
}

/// What happened to a connection, in words.
fn network_fault(fault: &io::Error) -> String {
    match fault.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "the server does not answer".to_owned(),
        ErrorKind::UnexpectedEof
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted => "the server closed the connection".to_owned(),
        _ => fault.to_string(),
    }
}

fn kind_of(code: u16, message: &str) -> QueryFailure {
    match code {
        // 1028: a sort was aborted, and only the message says why.
        1028 if message.contains("maximum statement execution time") => QueryFailure::StatementTimeout,
        1028 if message.contains("interrupted") => QueryFailure::Cancelled,
        1317 => QueryFailure::Cancelled,
        // MySQL's ER_QUERY_TIMEOUT, MariaDB's ER_STATEMENT_TIMEOUT.
        3024 | 1969 => QueryFailure::StatementTimeout,
        1205 => QueryFailure::LockTimeout,
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => QueryFailure::Permission,
        1053 | 1077 | 1079 => QueryFailure::ServerShutdown,
        // Network errors that the server still could tell, and sessions that were killed or thrown out for idling.
        1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 3169 | 4031 => QueryFailure::ConnectionLost,
        _ => QueryFailure::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: u16, message: &str, overran: bool, expected: QueryFailure) {
        let error = MySqlError::MySqlError(mysql::MySqlError {
            state: "HY000".to_owned(),
            message: message.to_owned(),
            code,
        });
        assert_eq!(
            query_error(&error, overran),
            QueryError::new(expected, message),
            "{code}"
        );
    }

    #[test]
    fn numbers_are_told_apart() {
        check(1317, "Query execution was interrupted", false, QueryFailure::Cancelled);
        check(
            1317,
            "Query execution was interrupted",
            true,
            QueryFailure::StatementTimeout,
        );
        check(
            1028,
            "Sort aborted: Query execution was interrupted",
            false,
            QueryFailure::Cancelled,
        );
        check(
            1028,
            "Sort aborted: Query execution was interrupted, maximum statement execution time exceeded",
            false,
            QueryFailure::StatementTimeout,
        );
        check(1028, "Sort aborted: Out of memory", false, QueryFailure::Other);
        check(3024, "", false, QueryFailure::StatementTimeout);
        check(1969, "", false, QueryFailure::StatementTimeout);
        check(1205, "", false, QueryFailure::LockTimeout);
        check(1142, "", false, QueryFailure::Permission);
        check(1053, "", false, QueryFailure::ServerShutdown);
        check(3169, "", false, QueryFailure::ConnectionLost);
        check(1146, "", false, QueryFailure::Other);
    }

    #[test]
    fn a_silent_or_closed_connection_is_lost() {
        for (kind, detail) in [
            (ErrorKind::WouldBlock, "the server does not answer"),
            (ErrorKind::BrokenPipe, "the server closed the connection"),
        ] {
            let found = query_error(&MySqlError::IoError(kind.into()), false);
            assert_eq!(found, QueryError::new(QueryFailure::ConnectionLost, detail));
            assert!(found.ends_session());
        }
    }
}
