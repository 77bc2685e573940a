//! An entry of `ignore:` that no finding needs any more.

use serde::Deserialize;

use super::suppression::{self, Ignored};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Finding, Severity};

/// The rule's id.
pub(super) const ID: &str = "unused_suppression";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnusedSuppression {}

impl Rule for UnusedSuppression {
    /// Facts do not tell: which entries are needed is known when all other rules have run on all sources
    /// (`RuleSet::report_unused`).
    fn check(&self, _: &Facts<'_>, _: &mut Findings) {}
}

/// What is said of an entry that is not needed.
pub(super) fn finding(entry: &Ignored, severity: Severity) -> Finding {
    Finding {
        rule: ID,
        severity,
        confidence: Confidence::Certain,
        subject: suppression::subject(entry),
        relation: None,
        message: format!(
            "`{}` has no finding on `{}` that could be ignored",
            entry.rule, entry.subject
        ),
        count: None,
        location: Some(entry.location.clone()),
        locations: vec![entry.location.clone()],
        fix: Some("remove the entry from `ignore`, or correct its subject".to_owned()),
        remedy: None,
    }
}
