//! `relaudit audit`: the whole tool on one screen.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::AuditArgs;
use crate::config::Config;
use crate::dialect::interrupt;
use crate::probe::{self, Probes};
use crate::relation::Relations;
use crate::report::{self, Report, SourceReport};
use crate::rules::{self, Facts, Rows, RuleSet};
use crate::schema::Note;

use super::input::{self, Input};
use super::rows::{self, Settled};
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
    let mut audited = inputs
        .iter()
        .map(|input| audit(input, &rules, args))
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
fn rows_of(probes: Option<&Probes>) -> Rows<'_> {
    probes.map_or(Rows::NotRead("the source has no rows"), Rows::Probed)
}

/// What came of one source.
struct Audited {
    relations: Relations,
    probes: Option<Probes>,
    found: rules::Report,
    notes: Vec<Note>,
}

fn audit(input: &Input, rules: &RuleSet, args: &AuditArgs) -> anyhow::Result<Audited> {
    let questions = rows::questions(input);
    let opened = rows::open(input, &input.relations, &questions, &args.input)?;
    let bar = progress_bar(args, &input.info.name);
    let progress = |done: usize, all: usize| {
        bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    };
    let Settled {
        mut relations, notes, ..
    } = match &opened {
        Some(rows) => rows::settle(input, rows, &questions, args.jobs, &progress)?,
        None => Settled::without_rows(input),
    };
    let probes = match &opened {
        Some(rows) => {
            let options = probe::Options {
                jobs: usize::from(args.jobs),
                trust_constraints: args.trust_constraints,
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
    Ok(Audited {
        relations,
        probes,
        found,
        notes: [input.notes.clone(), notes].concat(),
    })
}

/// A bar on standard error, where that is a terminal and the user wants one.
fn progress_bar(args: &AuditArgs, source: &str) -> ProgressBar {
    if args.output.quiet || !std::io::stderr().is_terminal() {
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
