//! A plan as files.

use super::PlanReport;
use super::markdown::{Placement, StepFiles};
use super::script::{comment, statements, step_text};
use super::{json, markdown};
use crate::plan::{Phase, Step};

/// A file of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path within the folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The files of a plan, in order: a step each, with its way back, then what describes them.
pub fn files(report: &PlanReport<'_>) -> Vec<PlanFile> {
    let mut files = Vec::new();
    for step in &report.plan.steps {
        files.push(PlanFile {
            path: up_path(step),
            text: up(report, step),
        });
        if step.has_undo() {
            files.push(PlanFile {
                path: down_path(step),
                text: down(report, step),
            });
        }
    }
    files.push(PlanFile {
        path: "plan.json".to_owned(),
        text: json::json(report, &paths),
    });
    files.push(PlanFile {
        path: "PLAN.md".to_owned(),
        text: markdown::markdown(
            report,
            &Placement {
                how_to_run: markdown::how_to_run_files(report),
                files: &paths,
            },
        ),
    });
    files
}

fn paths(step: &Step) -> StepFiles {
    let undo = step.has_undo().then(|| down_path(step));
    StepFiles {
        run: vec![up_path(step)],
        undo: undo.into_iter().collect(),
    }
}

/// Where a step is.
fn up_path(step: &Step) -> String {
    format!("{}.sql", stem(step))
}

/// Where its way back is.
fn down_path(step: &Step) -> String {
    format!("{}.down.sql", stem(step))
}

fn stem(step: &Step) -> String {
    let folder = if step.phase == Phase::Contract { "contract/" } else { "" };
    format!("{folder}{:03}_{}_{}", step.number, step.phase.as_str(), step.slug)
}

fn up(report: &PlanReport<'_>, step: &Step) -> String {
    format!("{}{}", preamble(report), step_text(report, step))
}

fn down(report: &PlanReport<'_>, step: &Step) -> String {
    let title = comment(&format!("Undoes step {}: {}", step.number, step.title));
    if step.work.down.is_empty() {
        return format!(
            "{title}{}",
            comment("There is nothing to undo: an earlier step's undo takes it away.")
        );
    }
    format!("{}{title}{}", preamble(report), statements(report, &step.work.down))
}

/// What makes the engine's own client careful.
fn preamble(report: &PlanReport<'_>) -> String {
    let client = report.dialect.client_preamble();
    let line = if client.is_empty() {
        String::new()
    } else {
        format!("{client}\n")
    };
    format!("{line}{}", statements(report, &report.dialect.preamble()))
}
