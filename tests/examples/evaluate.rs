//! Measures the inference of relations on schemas whose foreign keys are known and were taken out.
//!
//! `cargo run --release --example evaluate -- CORPUS_DIR [--recall-only NAME,NAME] [--without-indexes] [--keep-half]`
//! and further flags, which `--help` lists. Prints the same on every run; times go to standard error.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a person at a terminal"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use relaudit::infer::{self, Explanation, Weights};
use relaudit::relation::Relations;

#[path = "evaluate/corpus.rs"]
mod corpus;
#[path = "evaluate/curve.rs"]
mod curve;
#[path = "evaluate/fit.rs"]
mod fit;
#[path = "evaluate/measure.rs"]
mod measure;
#[path = "evaluate/peers.rs"]
mod peers;
#[path = "evaluate/print.rs"]
mod print;
#[path = "evaluate/rows.rs"]
mod rows;

use corpus::{Case, Pair};
use measure::Proposal;

/// Measures the inference of relations on schemas whose foreign keys are known and were taken out.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Arguments {
    /// The folder that has one folder for each schema: schema_nofk.sql, truth.tsv, meta.json
    #[arg(required_unless_present = "curve")]
    folder: Option<PathBuf>,
    /// Schemas whose truth is incomplete: they count for recall and not for precision
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    recall_only: Vec<String>,
    /// Only these schemas
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Leave out the indexes that no key made
    #[arg(long)]
    without_indexes: bool,
    /// Leave every second foreign key in, and ask only for the others
    #[arg(long)]
    keep_half: bool,
    /// Print the weights that fit these schemas best, as rules/_inference.yaml has them
    #[arg(long)]
    fit: bool,
    /// Infer the relations of each schema with weights that were fitted to all others
    #[arg(long)]
    cross_validate: bool,
    /// Ask the rows of the schemas that come with some (data.sql), in an embedded SQLite file, and show only these
    #[arg(long, conflicts_with_all = ["fit", "cross_validate"])]
    with_rows: bool,
    /// Print how long made-up schemas of more and more tables take
    #[arg(long)]
    curve: bool,
    /// List what was proposed and is not declared, and what was missed
    #[arg(long)]
    differences: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.curve {
        curve::print();
    }
    let Some(folder) = &arguments.folder else { return Ok(()) };
    let mut cases = corpus::read(folder, &arguments.recall_only)?;
    cases.retain(|case| arguments.only.is_empty() || arguments.only.contains(&case.name));
    for case in &mut cases {
        if arguments.without_indexes {
            case.without_indexes();
        }
        if arguments.keep_half {
            case.keep_half();
        }
    }
    if arguments.fit {
        return print_fit(&cases);
    }
    if arguments.with_rows {
        return with_rows(folder, cases, arguments.differences);
    }
    let start = Instant::now();
    let found: Vec<Vec<Proposal>> = if arguments.cross_validate {
        cross_validate(&cases)?
    } else {
        cases.iter().map(|case| infer(case, Weights::built_in())).collect()
    };
    eprintln!("inferred in {:?}", start.elapsed());
    let results: Vec<(&Case, &[Proposal])> = cases.iter().zip(found.iter().map(Vec::as_slice)).collect();
    print::schemas(&results);
    print::tiers(&results);
    print::rules(&results);
    print::calibration(&results);
    print::peers(&cases);
    if arguments.differences {
        print::differences(&results);
    }
    Ok(())
}

/// The schemas that come with rows: by names alone, and as rows leave them.
fn with_rows(folder: &Path, mut cases: Vec<Case>, differences: bool) -> anyhow::Result<()> {
    let mut settled = Vec::new();
    for case in &cases {
        settled.push(rows::relations(folder, case)?);
    }
    let mut has_rows = settled.iter().map(Option::is_some);
    cases.retain(|_| has_rows.next().unwrap_or(false));
    let settled: Vec<Vec<Proposal>> = settled.iter().flatten().map(proposals).collect();
    let named: Vec<Vec<Proposal>> = cases.iter().map(|case| infer(case, Weights::built_in())).collect();
    for (how, found) in [
        ("by names alone", named),
        ("with rows, in an embedded SQLite file", settled),
    ] {
        println!("\n# {how}");
        let results: Vec<(&Case, &[Proposal])> = cases.iter().zip(found.iter().map(Vec::as_slice)).collect();
        print::schemas(&results);
        print::tiers(&results);
        if differences {
            print::differences(&results);
        }
    }
    Ok(())
}

fn infer(case: &Case, weights: &Weights) -> Vec<Proposal> {
    proposals(&infer::relations_by(&case.schema, &Case::stated(), weights))
}

/// What a second fit learns from what is seen with the weights of the first.
fn fit_twice(cases: &[&Case], seen: &[Vec<Explanation>], prior: &Weights) -> Weights {
    let first = fit::fit(cases, seen, prior);
    fit::fit(cases, &fit::see(cases, &first), prior)
}

fn print_fit(cases: &[Case]) -> anyhow::Result<()> {
    let prior = fit::prior()?;
    let cases: Vec<&Case> = cases.iter().collect();
    let fitted = fit_twice(&cases, &fit::see(&cases, &prior), &prior);
    println!("weights:");
    for (code, weight) in fitted.iter() {
        println!("  {code}: {weight}");
    }
    Ok(())
}

/// Each schema by weights that never saw it.
fn cross_validate(cases: &[Case]) -> anyhow::Result<Vec<Vec<Proposal>>> {
    let prior = fit::prior()?;
    let all: Vec<&Case> = cases.iter().collect();
    let seen = fit::see(&all, &prior);
    let proposals = all.iter().enumerate().map(|(left_out, case)| {
        let others: Vec<&Case> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out)
            .map(|(_, case)| *case)
            .collect();
        let seen: Vec<Vec<Explanation>> = seen
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out)
            .map(|(_, seen)| seen.clone())
            .collect();
        infer(case, &fit_twice(&others, &seen, &prior))
    });
    Ok(proposals.collect())
}

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The inferred relations as pairs.
fn proposals(relations: &Relations) -> Vec<Proposal> {
    let inferred = relations.relations.iter().filter(|relation| !relation.is_declared());
    inferred
        .flat_map(|relation| {
            let rule = relation.evidence.first().map_or("", |evidence| evidence.code);
            Pair::of(&relation.child, &relation.parent)
                .into_iter()
                .map(move |pair| Proposal {
                    pair,
                    confidence: relation.confidence,
                    rule,
                })
        })
        .collect()
}
