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
    text.push_str(&comment(&format!(
        "It can be run again: {}.",
        report.dialect.when_run_again()
    )));
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
    let mut text: String = step_lines(step).iter().map(|line| comment(line)).collect();
    text.push_str(&statements(report, &step.work.up));
    text
}

/// What is to be known of a step, a line each.
pub(super) fn step_lines(step: &Step) -> Vec<String> {
    let mut lines = vec![format!(
        "Step {} ({}): {}",
        step.number,
        step.phase.as_str(),
        step.title
    )];
    lines.extend(step.reasons.iter().map(|reason| format!("For {reason}")));
    lines.extend(step.work.locks.iter().map(|lock| {
        let partitions = lock.with_partitions();
        format!(
            "Locks {}{partitions} in {} mode: blocks {}",
            lock.table, lock.mode, lock.blocks
        )
    }));
    lines.extend(step.work.guards.iter().map(|guard| format!("Only if {guard}")));
    lines.extend(step.notes.iter().map(|note| format!("Note: {note}")));
    lines
}

pub(super) fn statements(report: &PlanReport<'_>, statements: &[Statement]) -> String {
    statements.iter().fold(String::new(), |mut text, statement| {
        text.push_str(&report.dialect.scripted(statement));
        text.push('\n');
        text
    })
}

/// A comment of one line, whatever characters names hold.
pub(super) fn comment(text: &str) -> String {
    format!("-- {}\n", one_line(text))
}

/// A text without line breaks.
pub(super) fn one_line(text: &str) -> String {
    crate::report::printable(text).replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}
