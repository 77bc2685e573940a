//! A plan for programs.

use serde::Serialize;

use super::PlanReport;
use super::markdown::StepFiles;
use crate::dialect::change::Statement;
use crate::plan::{Step, Verification};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    plan: &'a str,
    source: &'a str,
    server: &'a str,
    dialect: &'a str,
    steps: Vec<StepDocument<'a>>,
    withheld: Vec<WithheldDocument<'a>>,
    verification: Option<VerificationDocument<'a>>,
}

#[derive(Serialize)]
struct VerificationDocument<'a> {
    scratch: &'a str,
    verified: bool,
    checks: Vec<CheckDocument<'a>>,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    check: &'static str,
    passed: bool,
    detail: &'a str,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    number: usize,
    phase: &'static str,
    title: &'a str,
    reasons: &'a [String],
    file: Option<String>,
    undo: Option<String>,
    /// All of them, where a step has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    locks: Vec<LockDocument<'a>>,
    guards: &'a [String],
    notes: &'a [String],
    rows: Option<u64>,
    estimate: Estimate,
    up: Vec<&'a str>,
    down: Vec<&'a str>,
}

#[derive(Serialize)]
struct LockDocument<'a> {
    table: &'a str,
    mode: &'a str,
    blocks: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partitions: bool,
}

/// By the server's own estimates, which change from run to run.
#[derive(Serialize)]
struct Estimate {
    reads_table: bool,
    table_rows: Option<u64>,
    table_bytes: Option<u64>,
}

#[derive(Serialize)]
struct WithheldDocument<'a> {
    title: &'a str,
    reason: &'a str,
    decide: &'a str,
}

pub(super) fn json(report: &PlanReport<'_>, files: &dyn Fn(&Step) -> StepFiles) -> String {
    let plan = report.plan;
    let document = Document {
        version: 1,
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        plan: &plan.id,
        source: report.source,
        server: report.server,
        dialect: plan.dialect,
        steps: plan.steps.iter().map(|it| step(it, files(it))).collect(),
        withheld: plan
            .withheld
            .iter()
            .map(|withheld| WithheldDocument {
                title: &withheld.title,
                reason: &withheld.reason,
                decide: &withheld.decide,
            })
            .collect(),
        verification: report.verification.map(verification),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn verification(verification: &Verification) -> VerificationDocument<'_> {
    let checks = verification.checks.iter().map(|check| CheckDocument {
        check: check.name,
        passed: check.outcome.is_ok(),
        detail: match &check.outcome {
            Ok(detail) | Err(detail) => detail,
        },
    });
    VerificationDocument {
        scratch: &verification.scratch,
        verified: verification.failure().is_none(),
        checks: checks.collect(),
    }
}

fn step(step: &Step, StepFiles { run, undo }: StepFiles) -> StepDocument<'_> {
    StepDocument {
        number: step.number,
        phase: step.phase.as_str(),
        title: &step.title,
        reasons: &step.reasons,
        file: run.first().cloned(),
        undo: undo.first().cloned(),
        files: if run.len() > 1 { run } else { Vec::new() },
        locks: step
            .work
            .locks
            .iter()
            .map(|lock| LockDocument {
                table: &lock.table,
                mode: lock.mode,
                blocks: lock.blocks,
                partitions: lock.partitions,
            })
            .collect(),
        guards: &step.work.guards,
        notes: &step.notes,
        rows: step.rows,
        estimate: Estimate {
            reads_table: step.work.reads_rows,
            table_rows: step.size.rows,
            table_bytes: step.size.bytes,
        },
        up: texts(&step.work.up),
        down: texts(&step.work.down),
    }
}

fn texts(statements: &[Statement]) -> Vec<&str> {
    statements.iter().map(|statement| statement.sql.as_str()).collect()
}
