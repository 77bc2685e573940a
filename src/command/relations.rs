//! `relaudit relations`: what refers to what, and why we think so. Reads no rows but with `--with-data`, and then few.

use anyhow::Context;

use crate::cli::RelationsArgs;
use crate::config::Config;
use crate::dialect::interrupt;
use crate::infer::{self, Weights};
use crate::relation::Relations;
use crate::report::{self, ExplainedColumn, Report, SourceReport};
use crate::rules::{self, Rows};
use crate::schema::{ColumnSet, Note};

use super::input::Input;
use super::rows::{self, Settled};
use super::{Outcome, input, output};

/// Lists the relations of the sources.
///
/// # Errors
///
/// The work could not be done.
pub fn run(args: &RelationsArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(args.input.config.as_deref())?;
    let inputs = input::read(&args.input, &args.models.models, &config)?;
    let settled = inputs
        .iter()
        .map(|input| settle(input, args))
        .collect::<anyhow::Result<Vec<_>>>()?;
    anyhow::ensure!(!interrupt::fired(), "interrupted");
    if let Some(column) = &args.explain {
        return explain(args, &inputs, &settled, column);
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
    let sources = inputs.iter().zip(&settled).map(|(input, settled)| SourceReport {
        info: &input.info,
        schema: &input.schema,
        relations: &settled.relations,
        rows: Rows::NotRead("`relaudit relations` checks no rows"),
        rules: &none,
        notes: &settled.notes,
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

/// The relations of a source: as names tell, or with `--with-data` as rows leave them.
fn settle(input: &Input, args: &RelationsArgs) -> anyhow::Result<Settled> {
    let mut settled = Settled::without_rows(input);
    if args.with_data {
        let questions = rows::questions(input);
        match rows::open(input, &Relations::default(), &questions, &args.input)? {
            Some(rows) => settled = rows::settle(input, &rows, &questions, args.jobs, &|_, _| {})?,
            // Nothing is open, so that nobody looked for rows.
            None if questions.is_empty() && input.has_rows() => {}
            None => {
                let text = format!("there are no rows to ask in {}: names alone decide", input.info.name);
                settled.notes.push(Note::new(text));
            }
        }
    }
    settled.notes.splice(0..0, input.notes.iter().cloned());
    Ok(settled)
}

/// Tells what was considered for one column in each source.
fn explain(args: &RelationsArgs, inputs: &[Input], settled: &[Settled], text: &str) -> anyhow::Result<Outcome> {
    let mut explained = Vec::new();
    for (input, settled) in inputs.iter().zip(settled) {
        let child = find_column(input, text)?;
        let known = settled.relations.relations.iter();
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
            considered: infer::explain_with_rows(&input.schema, &input.stated, Weights::built_in(), &settled.evidence)
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
