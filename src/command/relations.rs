//! `relaudit relations`: what refers to what, and why we think so. Reads no rows.

use crate::cli::RelationsArgs;
use crate::config::Config;
use crate::report::{self, Report, SourceReport};
use crate::rules::{self, Rows};

use super::{Outcome, input, output};

/// Lists the relations of the sources.
///
/// # Errors
///
/// The work could not be done.
pub fn run(args: &RelationsArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(args.input.config.as_deref())?;
    let inputs = input::read(&args.input, &config)?;
    let none = rules::Report::default();
    let sources = inputs.iter().map(|input| SourceReport {
        info: &input.info,
        schema: &input.schema,
        relations: &input.relations,
        rows: Rows::NotRead("`relaudit relations` reads no rows"),
        rules: &none,
        notes: &input.notes,
    });
    let report = Report {
        sources: sources.collect(),
    };
    let mut text = Vec::new();
    report::write_relations(
        output::format(&args.output),
        &report,
        &output::table_options(&args.output),
        &mut text,
    )?;
    output::write(&args.output, &text)?;
    Ok(input::strict(&args.input, &inputs, Outcome::Clean))
}
