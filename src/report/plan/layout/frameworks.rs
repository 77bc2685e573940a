//! What the frameworks' migrations have in common: statements as texts in a program.

use crate::dialect::change::{PlanDialect, Statement, Texts};

/// What a migration does about the session that it is given.
pub(super) struct Care {
    /// Before the first statement.
    pub(super) before: Vec<Statement>,
    /// After the last one, whether it failed or not.
    pub(super) after: Vec<Statement>,
    /// A setting that is asked for before and given back after: the question, and the statement to which its answer is
    /// added.
    pub(super) kept: Option<(&'static str, &'static str)>,
    /// Whether all statements need one session.
    pub(super) one_session: bool,
}

impl Care {
    pub(super) fn of(dialect: &dyn PlanDialect) -> Self {
        let sending = dialect.sending();
        if sending.texts == Texts::EachAlone {
            return Self {
                before: Vec::new(),
                after: Vec::new(),
                kept: None,
                one_session: false,
            };
        }
        Self {
            before: sending.before,
            after: sending.after,
            kept: sending.kept,
            one_session: true,
        }
    }
}

/// A word that no line of the text begins with: what ends a text that stands in a program as it is.
pub(super) fn end_mark(text: &str) -> String {
    let mut mark = "SQL".to_owned();
    while text.lines().any(|line| line.trim_start().starts_with(&mark)) {
        mark.push_str("_END");
    }
    mark
}
