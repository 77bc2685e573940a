//! SQL files: what stands around the statements of steps.

use std::fmt::Write as _;

use super::PlanReport;
use crate::dialect::change::Statement;
use crate::plan::{Phase, Step};

/// The whole plan as one script that the engine's own client runs. The contract phase is not in it: nobody is to run
/// that by accident.
pub fn script(report: &PlanReport<'_>) -> String {
    let plan = report.plan;
    let (contract, steps): (Vec<&Step>, Vec<&Step>) = plan.steps.iter().partition(|step| step.phase == Phase::Contract);
    let mut text = comment(&format!(
        "Plan {} of relaudit for {} ({})",
        plan.id, report.source, report.server
    ));
    text.push_str(&comment(&format!("Run it with: {}", report.dialect.client_command())));
    text.push_str(&comment("It can be run again: what is done is not done twice."));
    for withheld in &plan.withheld {
        text.push_str(&comment(&format!("Withheld: {}: {}", withheld.title, withheld.reason)));
        if !withheld.decide.is_empty() {
            text.push_str(&comment(&format!("  To decide: {}", withheld.decide)));
        }
    }
    if !contract.is_empty() {
        text.push_str(&comment(
            "What cannot be undone is left out: write files with --out, and run those in contract/ when all else has \
             proved right.",
        ));
        for step in contract {
            text.push_str(&comment(&format!("  {}", step.title)));
        }
    }
    if steps.is_empty() {
        text.push_str(&comment("There is nothing to do."));
        return text;
    }
    if !report.dialect.client_preamble().is_empty() {
        let _ = write!(text, "\n{}\n", report.dialect.client_preamble());
    }
    text.push_str(&statements(report, &report.dialect.preamble()));
    for step in steps {
        text.push('\n');
        text.push_str(&step_text(report, step));
    }
    text
}

/// One step with what is to be known of it.
pub(super) fn step_text(report: &PlanReport<'_>, step: &Step) -> String {
    let mut text = comment(&format!(
        "Step {} ({}): {}",
        step.number,
        step.phase.as_str(),
        step.title
    ));
    for reason in &step.reasons {
        text.push_str(&comment(&format!("For {reason}")));
    }
    for lock in &step.work.locks {
        text.push_str(&comment(&format!(
            "Locks {} in {} mode: blocks {}",
            lock.table, lock.mode, lock.blocks
        )));
    }
    for guard in &step.work.guards {
        text.push_str(&comment(&format!("Only if {guard}")));
    }
    for note in &step.notes {
        text.push_str(&comment(&format!("Note: {note}")));
    }
    text.push_str(&statements(report, &step.work.up));
    text
}

pub(super) fn statements(report: &PlanReport<'_>, statements: &[Statement]) -> String {
    statements.iter().fold(String::new(), |mut text, statement| {
        text.push_str(&report.dialect.terminated(statement));
        text.push('\n');
        text
    })
}

/// A comment of one line, whatever characters names hold.
pub(super) fn comment(text: &str) -> String {
    format!("-- {}\n", crate::report::printable(text).replace(['\n', '\r'], " "))
}
