//! `relaudit audit`: the whole tool on one screen.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{AuditArgs, InputArgs};
use crate::config::Config;
use crate::dialect::interrupt;
use crate::probe::{self, Probes};
use crate::relation::Relations;
use crate::report::{self, Report, SourceReport};
use crate::rules::{self, Facts, Rows, RuleSet};
use crate::schema::Note;

use super::input::{self, Input};
use super::rows::{self, OpenRows, Settled};
use super::{Outcome, output};

/// Audits the sources and writes the report.
///
/// # Errors
///
/// The work could not be done.
pub fn run(args: &AuditArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(args.input.config.as_deref())?;
    let rules = config.rules().map_err(anyhow::Error::msg)?;
    let inputs = input::read(&args.input, &args.models.models, &config)?;
    let probing = Probing {
        jobs: args.jobs,
        trust_constraints: args.trust_constraints,
        quiet: args.output.quiet,
    };
    let mut audited = inputs
        .iter()
        .map(|input| Ok(audit(input, &rules, &args.input, probing)?.0))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut found: Vec<_> = audited.iter_mut().map(|audited| &mut audited.found).collect();
    rules.report_unused(&mut found);
    let sources = inputs.iter().zip(&audited).map(|(input, audited)| SourceReport {
        info: &input.info,
        schema: &input.schema,
        relations: &audited.relations,
        rows: rows_of(audited.probes.as_ref()),
        rules: &audited.found,
        notes: &audited.notes,
    });
    let report = Report {
        sources: sources.collect(),
    };
    anyhow::ensure!(!interrupt::fired(), "interrupted");
    let mut text = Vec::new();
    report::write(
        output::format(&args.output),
        &report,
        &output::table_options(&args.output),
        &mut text,
    )?;
    output::write(&args.output, &text)?;
    Ok(input::strict(&args.input, &inputs, outcome(&report, args)))
}

/// What was asked of the rows, if there are any.
pub(super) fn rows_of(probes: Option<&Probes>) -> Rows<'_> {
    probes.map_or(Rows::NotRead("the source has no rows"), Rows::Probed)
}

/// What came of one source.
pub(super) struct Audited {
    pub(super) relations: Relations,
    pub(super) probes: Option<Probes>,
    pub(super) found: rules::Report,
    pub(super) notes: Vec<Note>,
}

/// How rows are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probing {
    pub(super) jobs: u16,
    pub(super) trust_constraints: bool,
    pub(super) quiet: bool,
}

/// Audits one source. Gives the database that its rows were asked in too.
pub(super) fn audit<'a>(
    input: &'a Input,
    rules: &RuleSet,
    args: &InputArgs,
    probing: Probing,
) -> anyhow::Result<(Audited, Option<OpenRows<'a>>)> {
    let questions = rows::questions(input);
    let opened = rows::open(input, &input.relations, &questions, args)?;
    let bar = progress_bar(probing.quiet, &input.info.name);
    let progress = |done: usize, all: usize| {
        bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    };
    let Settled {
        mut relations, notes, ..
    } = match &opened {
        Some(rows) => rows::settle(input, rows, &questions, probing.jobs, &progress)?,
        None => Settled::without_rows(input),
    };
    let probes = match &opened {
        Some(rows) => {
            let options = probe::Options {
                jobs: usize::from(probing.jobs),
                trust_constraints: probing.trust_constraints,
            };
            let probes = probe::probe(rows.database(), &input.schema, &relations, &options, &progress)?;
            probe::weigh(&mut relations, &probes);
            Some(probes)
        }
        None => None,
    };
    bar.finish_and_clear();
    let found = rules.check(&Facts {
        schema: &input.schema,
        relations: &relations,
        rows: rows_of(probes.as_ref()),
    });
    let audited = Audited {
        relations,
        probes,
        found,
        notes: [input.notes.clone(), notes].concat(),
    };
    Ok((audited, opened))
}

/// A bar on standard error, where that is a terminal and the user wants one.
fn progress_bar(quiet: bool, source: &str) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0).with_message(report::printable(source));
    match ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} probes, {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn outcome(report: &Report<'_>, args: &AuditArgs) -> Outcome {
    let worst = report
        .sources
        .iter()
        .flat_map(|source| &source.rules.findings)
        .map(|finding| finding.severity)
        .max();
    if let (Some(worst), Some(limit)) = (worst, args.fail_on.severity())
        && worst >= limit
    {
        return Outcome::Findings;
    }
    if report::unchecked(report) > 0 && !args.allow_unchecked {
        return Outcome::Unchecked;
    }
    Outcome::Clean
}
