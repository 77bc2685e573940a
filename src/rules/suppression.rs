//! Findings that the user does not want to hear of again, with the reason.

use std::collections::BTreeSet;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

use super::set::{Report, RuleSet};
use super::{RULES, unused_suppression};
use crate::finding::{Finding, Severity, Subject};
use crate::schema::Location;
use crate::yaml::{self, Spanned};

/// An entry of `ignore:` in `relaudit.yml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The rule.
    rule: Spanned<String>,
    /// Whose findings, as reports write it, with or without the namespace; `*` and `?` stand for any characters.
    subject: String,
    /// Why. Whoever finds the entry in a year must be able to tell whether it still holds.
    reason: String,
}

/// An entry that is ready to use.
#[derive(Debug, Clone)]
pub(super) struct Ignored {
    pub(super) rule: String,
    pub(super) subject: String,
    pub(super) location: Location,
    pattern: GlobMatcher,
}

impl Ignored {
    /// Reads an entry of a file.
    fn new(entry: &Suppression, file: &Path) -> Result<Self, String> {
        let (line, column) = yaml::place(&entry.rule);
        let at = format!("at line {line}, column {column}");
        let rule = entry.rule.value.clone();
        if RULES.iter().all(|known| known.id != rule) {
            return Err(format!("there is no rule `{rule}` {at}; `relaudit rules` lists them"));
        }
        if entry.reason.trim().is_empty() {
            return Err(format!("`reason` is empty {at}: say why `{rule}` is ignored"));
        }
        // A subject holds brackets and commas, which are no patterns.
        let escaped: String = entry
            .subject
            .chars()
            .map(|letter| match letter {
                '*' | '?' => letter.to_string(),
                _ => globset::escape(&letter.to_string()),
            })
            .collect();
        let glob = GlobBuilder::new(&escaped)
            .build()
            .map_err(|_| format!("cannot understand the subject `{}` {at}", entry.subject))?;
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Self {
            rule,
            subject: entry.subject.clone(),
            location: Location {
                file: file.display().to_string(),
                line: number(line),
                column: number(column),
            },
            pattern: glob.compile_matcher(),
        })
    }

    fn matches(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && (self.pattern.is_match(finding.subject.to_string())
                || self.pattern.is_match(finding.subject.without_namespace()))
    }
}

impl RuleSet {
    /// The same, without the findings that these entries of a file name.
    ///
    /// # Errors
    ///
    /// One sentence with line and column: a rule that there is not, or an entry without reason.
    pub fn ignoring(mut self, entries: &[Suppression], file: &Path) -> Result<Self, String> {
        self.ignored = entries
            .iter()
            .map(|entry| Ignored::new(entry, file))
            .collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Takes the ignored findings out of a report.
    pub(super) fn suppress(&self, report: &mut Report) {
        let before = report.findings.len();
        let mut used = BTreeSet::new();
        report.findings.retain(|finding| {
            let matching: Vec<usize> = (0..self.ignored.len())
                .filter(|at| self.ignored.get(*at).is_some_and(|entry| entry.matches(finding)))
                .collect();
            used.extend(&matching);
            matching.is_empty()
        });
        report.ignored = before - report.findings.len();
        report.used = used;
    }

    /// Adds to the first of these reports, which are of all sources of a run, the entries that no finding of any of them
    /// needed. An entry for a rule that did not run may well be needed.
    pub fn report_unused(&self, reports: &mut [&mut Report]) {
        let Some(severity) = self.severity_of(unused_suppression::ID) else {
            return;
        };
        let is_used = |at: usize| reports.iter().any(|report| report.used.contains(&at));
        let did_not_run = |rule: &str| {
            let mut not_run = reports.iter().flat_map(|report| &report.not_run);
            not_run.any(|entry| entry.rule == rule)
        };
        let unused: Vec<Finding> = self
            .ignored
            .iter()
            .enumerate()
            .filter(|(at, entry)| !is_used(*at) && !did_not_run(&entry.rule))
            .map(|(_, entry)| unused_suppression::finding(entry, severity))
            .collect();
        if let Some(first) = reports.first_mut() {
            first.findings.extend(unused);
            first.sort();
        }
    }

    fn severity_of(&self, id: &str) -> Option<Severity> {
        let rule = self.rules.iter().find(|rule| rule.id == id && rule.enabled);
        rule.map(|rule| rule.severity)
    }
}

/// What an entry names, as a subject.
pub(super) fn subject(entry: &Ignored) -> Subject {
    Subject::table(&crate::schema::TableName::bare(entry.subject.as_str()))
}
