//! Statements as programs send them that are no psql: several in one text are one transaction (manual, 55.2.2.1 "Multiple
//! Statements in a Simple Query"), so that each text holds one that works, with its settings and its guards.

use super::{LOCK_TIMEOUT, preamble};
use crate::dialect::change::{Sending, Statement, Texts};

/// See [`crate::dialect::change::PlanDialect::sending`].
pub(in crate::dialect::postgres) fn sending() -> Sending {
    let after = [
        "RESET lock_timeout",
        "RESET statement_timeout",
        "RESET client_min_messages",
        "RESET row_security",
        "RESET quote_all_identifiers",
    ];
    Sending {
        before: preamble()
            .into_iter()
            .filter(|setting| !is_of_the_client(setting))
            .collect(),
        after: after.into_iter().map(Statement::plain).collect(),
        kept: None,
        texts: Texts::EachAlone,
    }
}

/// See [`crate::dialect::change::PlanDialect::queries`].
pub(in crate::dialect::postgres) fn queries(statements: &[Statement]) -> Vec<Statement> {
    let mut queries = Vec::new();
    let mut guards = String::new();
    for statement in statements.iter().filter(|statement| !is_setting(statement)) {
        if statement.guard {
            guards.push_str(&statement.sql);
            guards.push_str(";\n");
        } else if stands_alone(statement) {
            queries.extend(with_settings(&std::mem::take(&mut guards)));
            queries.push(statement.clone());
        } else {
            guards.push_str(&statement.sql);
            queries.extend(with_settings(&std::mem::take(&mut guards)));
        }
    }
    queries.extend(with_settings(&guards));
    queries
}

/// The settings hold until the end of the transaction that the text is, and the session is left as it was.
fn with_settings(text: &str) -> Option<Statement> {
    let text = text.trim_end().trim_end_matches(';');
    (!text.is_empty()).then(|| {
        Statement::compound(format!(
            "SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';\nSET LOCAL statement_timeout = 0;\nSET LOCAL row_security = off;\nSET LOCAL quote_all_identifiers = off;\n{text}"
        ))
    })
}

/// Drivers send text in the encoding that they have agreed on with the server.
fn is_of_the_client(statement: &Statement) -> bool {
    statement.sql.contains("client_encoding")
}

/// Settings of the session between the statements of a step.
fn is_setting(statement: &Statement) -> bool {
    !statement.compound && statement.sql.starts_with("SET ")
}

/// What refuses to be in a transaction with anything else: what is done CONCURRENTLY, and blocks that commit.
fn stands_alone(statement: &Statement) -> bool {
    statement.sql.contains(" CONCURRENTLY ") || statement.compound && statement.sql.contains("COMMIT;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_does_and_guards_stand_before_what_they_guard() {
        let statements = [
            Statement::compound("DO $$BEGIN END$$").guarding(),
            Statement::plain("ALTER TABLE a ADD b int"),
            Statement::plain("SET lock_timeout = 0"),
            Statement::plain("CREATE INDEX CONCURRENTLY i ON a (b)"),
            Statement::compound("DO $$BEGIN ASSERT true; END$$").guarding(),
        ];
        let texts: Vec<String> = queries(&statements).into_iter().map(|query| query.sql).collect();
        let settings = format!(
            "SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';\nSET LOCAL statement_timeout = 0;\nSET LOCAL row_security = off;\nSET LOCAL quote_all_identifiers = off;\n"
        );
        assert_eq!(
            texts,
            [
                format!("{settings}DO $$BEGIN END$$;\nALTER TABLE a ADD b int"),
                "CREATE INDEX CONCURRENTLY i ON a (b)".to_owned(),
                format!("{settings}DO $$BEGIN ASSERT true; END$$"),
            ]
        );
    }
}
