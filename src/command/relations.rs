//! `relaudit relations`: what refers to what, and why we think so. Reads no rows.

use anyhow::Context;

use crate::cli::RelationsArgs;
use crate::config::Config;
use crate::infer::{self, Weights};
use crate::report::{self, ExplainedColumn, Report, SourceReport};
use crate::rules::{self, Rows};
use crate::schema::ColumnSet;

use super::input::Input;
use super::{Outcome, input, output};

/// Lists the relations of the sources.
///
/// # Errors
///
/// The work could not be done.
pub fn run(args: &RelationsArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(args.input.config.as_deref())?;
    let inputs = input::read(&args.input, &args.models.models, &config)?;
    if let Some(column) = &args.explain {
        return explain(args, &inputs, column);
    }
    if let Some(framework) = args.emit {
        let mut text = Vec::new();
        for input in &inputs {
            report::write_associations(framework, &input.schema, &input.relations, &mut text)?;
        }
        output::write(&args.output, &text)?;
        return Ok(input::strict(&args.input, &inputs, Outcome::Clean));
    }
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

/// Tells what was considered for one column in each source.
fn explain(args: &RelationsArgs, inputs: &[Input], text: &str) -> anyhow::Result<Outcome> {
    let mut explained = Vec::new();
    for input in inputs {
        let child = find_column(input, text)?;
        let known = input.relations.relations.iter();
        explained.push(ExplainedColumn {
            relations: known
                .filter(|relation| {
                    relation.child.table == child.table
                        && child
                            .columns
                            .iter()
                            .all(|column| relation.child.columns.contains(column))
                })
                .collect(),
            considered: infer::explain(&input.schema, &input.stated, Weights::built_in())
                .into_iter()
                .find(|explanation| explanation.child == child),
            child,
        });
    }
    let mut text = Vec::new();
    report::write_explanation(output::format(&args.output), &explained, &mut text)?;
    output::write(&args.output, &text)?;
    Ok(Outcome::Clean)
}

fn find_column(input: &Input, text: &str) -> anyhow::Result<ColumnSet> {
    let (table, column) = text
        .rsplit_once('.')
        .with_context(|| format!("`--explain {text}` names no column: write it as TABLE.COLUMN"))?;
    let table = input.schema.find_table(table).map_err(anyhow::Error::msg)?;
    let column = table
        .find_column(column)
        .with_context(|| format!("table {} has no column `{column}`", table.name))?;
    Ok(ColumnSet::new(table.name.clone(), vec![column.name.clone()]))
}
