//! Measures the inference of relations on schemas whose foreign keys are known and were taken out.
//!
//! `cargo run --release --example evaluate -- CORPUS_DIR [--recall-only NAME,NAME] [--without-indexes] [--keep-half]`
//! and further flags, which `--help` lists. Prints the same on every run; times go to standard error.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a person at a terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use relaudit::infer;
use relaudit::relation::Relations;

#[path = "evaluate/corpus.rs"]
mod corpus;
#[path = "evaluate/measure.rs"]
mod measure;
#[path = "evaluate/print.rs"]
mod print;

use corpus::{Case, Pair};
use measure::Proposal;

/// Measures the inference of relations on schemas whose foreign keys are known and were taken out.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder that has one folder for each schema: schema_nofk.sql, truth.tsv, meta.json
    folder: PathBuf,
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
    let mut cases = corpus::read(&arguments.folder, &arguments.recall_only)?;
    cases.retain(|case| arguments.only.is_empty() || arguments.only.contains(&case.name));
    for case in &mut cases {
        if arguments.without_indexes {
            case.without_indexes();
        }
        if arguments.keep_half {
            case.keep_half();
        }
    }
    let start = Instant::now();
    let found: Vec<Vec<Proposal>> = cases.iter().map(infer).collect();
    eprintln!("inferred in {:?}", start.elapsed());
    let results: Vec<(&Case, &[Proposal])> = cases.iter().zip(found.iter().map(Vec::as_slice)).collect();
    print::schemas(&results);
    print::tiers(&results);
    print::rules(&results);
    print::calibration(&results);
    if arguments.differences {
        print::differences(&results);
    }
    Ok(())
}

fn infer(case: &Case) -> Vec<Proposal> {
    proposals(&infer::relations(&case.schema, &Case::stated()))
}

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
