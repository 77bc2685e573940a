//! `relaudit schema`: what was read of a source, as a snapshot that is itself a source. Reads no rows.

use crate::cli::SchemaArgs;
use crate::config::Config;
use crate::schema::Read;
use crate::snapshot;

use super::{Outcome, input, output};

/// Writes the snapshot of a source.
///
/// # Errors
///
/// The work could not be done, or there are several sources.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        args.input.sources.len() < 2,
        "a snapshot is of one source: run `relaudit schema` once for each"
    );
    // A configuration that does not fit the schema is an error here too, and not only when the snapshot is audited.
    let config = Config::load(args.input.config.as_deref())?;
    let inputs = input::read_schemas(&args.input, &config)?;
    let mut text = Vec::new();
    for input in &inputs {
        let read = Read {
            schema: input.schema.clone(),
            notes: input.notes.clone(),
        };
        snapshot::write(&input.info, &read, &mut text)?;
    }
    output::write_to(args.output.as_deref(), "snapshot", &text)?;
    Ok(input::strict(&args.input, &inputs, Outcome::Clean))
}
