//! `relaudit audit`: the whole tool on one screen.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{AuditArgs, InputArgs};
use crate::config::Config;
use crate::dialect::{Database, interrupt};
use crate::probe::{self, Probes};
use crate::relation::Relations;
use crate::report::{self, Report, SourceReport};
use crate::rules::{self, Facts, Rows, RuleSet};
use crate::schema::Read;

use super::input::{self, Input, RowSource};
use super::{Outcome, output};

/// Audits the sources and writes the report.
///
/// # Errors
///
/// The work could not be done.
pub fn run(args: &AuditArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(args.input.config.as_deref())?;
    let rules = RuleSet::load(config.rules()).map_err(anyhow::Error::msg)?;
    let inputs = input::read(&args.input, &config)?;
    let probing = Probing {
        jobs: usize::from(args.jobs),
        trust_constraints: args.trust_constraints,
        quiet: args.output.quiet,
    };
    let audited = inputs
        .iter()
        .map(|input| Ok(audit(input, &rules, &args.input, probing)?.0))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let sources = inputs.iter().zip(&audited).map(|(input, audited)| SourceReport {
        info: &input.info,
        schema: &input.schema,
        relations: &audited.relations,
        rows: rows(audited.probes.as_ref()),
        rules: &audited.found,
        notes: &input.notes,
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
pub(super) fn rows(probes: Option<&Probes>) -> Rows<'_> {
    probes.map_or(Rows::NotRead("the source has no rows"), Rows::Probed)
}

/// What came of one source.
pub(super) struct Audited {
    pub(super) relations: Relations,
    pub(super) probes: Option<Probes>,
    pub(super) found: rules::Report,
}

/// How rows are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probing {
    pub(super) jobs: usize,
    pub(super) trust_constraints: bool,
    pub(super) quiet: bool,
}

/// Where the rows of a source were asked.
pub(super) enum Rowed<'a> {
    /// In the database that it is.
    Database(&'a dyn Database),
    /// In the database that its rows were loaded into.
    Loaded(Box<dyn Database>),
}

impl Rowed<'_> {
    pub(super) fn database(&self) -> &dyn Database {
        match self {
            Self::Database(database) => *database,
            Self::Loaded(database) => &**database,
        }
    }
}

/// Audits one source. Gives the database that its rows were asked in too.
pub(super) fn audit<'a>(
    input: &'a Input,
    rules: &RuleSet,
    args: &InputArgs,
    probing: Probing,
) -> anyhow::Result<(Audited, Option<Rowed<'a>>)> {
    let rowed = rowed(input, args)?;
    let probes = rowed
        .as_ref()
        .map(|rowed| probe(rowed.database(), input, probing))
        .transpose()?;
    let mut relations = input.relations.clone();
    if let Some(probes) = &probes {
        probe::weigh(&mut relations, probes);
    }
    let found = rules.check(&Facts {
        schema: &input.schema,
        relations: &relations,
        rows: rows(probes.as_ref()),
    });
    let audited = Audited {
        relations,
        probes,
        found,
    };
    Ok((audited, rowed))
}

fn rowed<'a>(input: &'a Input, args: &InputArgs) -> anyhow::Result<Option<Rowed<'a>>> {
    Ok(match &input.rows {
        RowSource::Database(database) => Some(Rowed::Database(&**database)),
        RowSource::Dump(dump) => {
            let needed = probe::needed(&input.schema, &input.relations);
            if dump.has_rows(&input.schema, &needed) {
                let read = Read {
                    schema: input.schema.clone(),
                    notes: Vec::new(),
                };
                Some(Rowed::Loaded(dump.load(
                    &read,
                    &needed,
                    &input::connect_options(args),
                )?))
            } else {
                None
            }
        }
        RowSource::None => None,
    })
}

fn probe(database: &dyn Database, input: &Input, probing: Probing) -> anyhow::Result<Probes> {
    let options = probe::Options {
        jobs: probing.jobs,
        trust_constraints: probing.trust_constraints,
    };
    let bar = progress_bar(probing.quiet, &input.info.name);
    let progress = |done: usize, all: usize| {
        bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    };
    let probes = probe::probe(database, &input.schema, &input.relations, &options, &progress)?;
    bar.finish_and_clear();
    Ok(probes)
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
