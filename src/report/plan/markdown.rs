//! A plan for the person who runs it.

use std::fmt::Write as _;

use super::PlanReport;
use crate::plan::{Phase, Step, Verification};

/// How many bytes a second a server reads of a table, for estimates: what a modest disk gives.
const BYTES_A_SECOND: u64 = 100_000_000;

/// What a reader of the description needs to know of where the plan is.
pub(super) struct Placement<'a> {
    /// How it is run: a section.
    pub(super) how_to_run: String,
    /// The files of a step, and those of its undo.
    pub(super) files: &'a dyn Fn(&Step) -> StepFiles,
}

/// The files of a step.
pub(super) struct StepFiles {
    /// Those that do it.
    pub(super) run: Vec<String>,
    /// Those that undo it and do nothing else.
    pub(super) undo: Vec<String>,
}

pub(super) fn markdown(report: &PlanReport<'_>, placement: &Placement<'_>) -> String {
    let plan = report.plan;
    let mut text = format!("# Plan {} for {} ({})\n\n", plan.id, report.source, report.server);
    let contract = plan.steps.iter().filter(|step| step.phase == Phase::Contract).count();
    let _ = writeln!(
        text,
        "{} steps, {contract} of them in the contract phase; {} withheld.\n",
        plan.steps.len(),
        plan.withheld.len()
    );
    let _ = write!(text, "## How to run it\n\n{}\n\n", placement.how_to_run);
    if let Some(verification) = report.verification {
        verified(verification, &mut text);
    }
    if !plan.steps.is_empty() {
        text.push_str("## Steps\n\n");
    }
    for step in &plan.steps {
        one(step, placement, &mut text);
    }
    if !plan.withheld.is_empty() {
        text.push_str("## Withheld: to decide\n\n");
    }
    for withheld in &plan.withheld {
        let _ = writeln!(text, "- **{}** — {}.", withheld.title, withheld.reason);
        if !withheld.decide.is_empty() {
            let _ = writeln!(text, "  To decide: {}.", withheld.decide);
        }
    }
    text
}

/// What came of trying it.
fn verified(verification: &Verification, text: &mut String) {
    let title = match verification.failure() {
        None => "Verified on a copy",
        Some(_) => "NOT verified",
    };
    let _ = writeln!(text, "## {title}\n\nTried in {}:\n", verification.scratch);
    for check in &verification.checks {
        let _ = match &check.outcome {
            Ok(detail) if detail.is_empty() => writeln!(text, "- {}", check.name),
            Ok(detail) => writeln!(text, "- {}: {detail}", check.name),
            Err(why) => writeln!(text, "- **failed**: {}: {why}", check.name),
        };
    }
    text.push('\n');
}

/// How plain files are run.
pub(super) fn how_to_run_files(report: &PlanReport<'_>) -> String {
    format!(
        "Run the files in their order, each outside of a transaction: `{}`. Stop at the first error, read it, and run the \
         same file again: {}. The `.down.sql` files undo the steps, the last one first, until \
         a file of `contract/` was run: what those do cannot be undone, but where one has a `.down.sql` of its own.\n\n{}",
        report.dialect.client_command(),
        report.dialect.when_run_again(),
        report.dialect.when_locked()
    )
}

fn one(step: &Step, placement: &Placement<'_>, text: &mut String) {
    let _ = write!(
        text,
        "### {}. {} ({})\n\n",
        step.number,
        step.title,
        step.phase.as_str()
    );
    for reason in &step.reasons {
        let _ = writeln!(text, "- why: {reason}");
    }
    for lock in &step.work.locks {
        let _ = writeln!(
            text,
            "- locks `{}`{} in {} mode, which blocks {}",
            lock.table,
            lock.with_partitions(),
            lock.mode,
            lock.blocks
        );
    }
    for guard in &step.work.guards {
        let _ = writeln!(text, "- runs only if {guard}");
    }
    if let Some(remark) = &step.undo_remark {
        let _ = writeln!(text, "- undo: {remark}");
    }
    for note in &step.notes {
        let _ = writeln!(text, "- note: {note}");
    }
    if let Some(estimate) = estimate(step) {
        let _ = writeln!(text, "- {estimate}");
    }
    let StepFiles { run, undo } = (placement.files)(step);
    let _ = write!(text, "- file {}", quoted(&run));
    if !undo.is_empty() {
        let _ = write!(text, ", undo {}", quoted(&undo));
    }
    text.push_str("\n\n");
}

fn quoted(files: &[String]) -> String {
    let quoted: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
    quoted.join(", ")
}

/// How long it may take, where the server tells how large the table is.
fn estimate(step: &Step) -> Option<String> {
    if !step.work.reads_rows {
        return Some("takes no longer than its wait for the lock".to_owned());
    }
    let bytes = step.size.bytes?;
    let rows = step
        .size
        .rows
        .map_or(String::new(), |rows| format!("about {rows} rows, "));
    let seconds = bytes / BYTES_A_SECOND + 1;
    Some(format!(
        "reads the table ({rows}{} MB): about {seconds} s at 100 MB/s",
        bytes / 1_000_000
    ))
}
