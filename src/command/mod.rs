//! One file a subcommand. The only place, with `report`, that writes output.

pub mod audit;
mod input;
mod layout;
mod output;
pub mod plan;
pub mod relations;
mod rows;
pub mod rules;
pub mod schema;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing at or above `--fail-on`.
    Clean,
    /// Findings at or above it.
    Findings,
    /// None, but something could not be checked.
    Unchecked,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
            Outcome::Unchecked => Self::from(2),
        }
    }
}

/// Runs what the command line says.
///
/// # Errors
///
/// The work could not be done: exit code 2.
pub fn run(cli: &Cli) -> anyhow::Result<Outcome> {
    match &cli.command {
        Command::Audit(args) => audit::run(args),
        Command::Relations(args) => relations::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Rules(args) => rules::run(args),
    }
}
