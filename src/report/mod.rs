//! Everything → text: for people (`table`) and for programs (`json`). Never decides what is a fault: it renders what
//! the stages before it found, and says as plainly what could not be checked as what was.

mod emit;
mod explain;
mod json;
mod layout;
mod outcome;
mod plan;
mod relations;
mod rules;
mod table;

use std::io::{self, Write};

use crate::dialect::SourceInfo;
use crate::relation::Relations;
use crate::rules::{Report as RuleReport, Rows};
use crate::schema::{Note, Schema};

pub use emit::{Framework, write_associations};
pub use layout::printable;
pub use outcome::unchecked;
pub use plan::{Layout, Numbers, PlanFile, PlanReport, files as plan_files, layout_files, script as plan_script};
pub use rules::{RulePage, write_rule, write_rules};

/// What is reported, source by source, in the order in which the user named them.
#[derive(Debug, Clone, Default)]
pub struct Report<'a> {
    /// One entry for each source that was read. A source that could not be read is no part of a report: then the
    /// program ends with an error.
    pub sources: Vec<SourceReport<'a>>,
}

/// What is reported of one source.
#[derive(Debug, Clone, Copy)]
pub struct SourceReport<'a> {
    /// What it is.
    pub info: &'a SourceInfo,
    /// What it is made of.
    pub schema: &'a Schema,
    /// What is meant to refer to what.
    pub relations: &'a Relations,
    /// What its rows said.
    pub rows: Rows<'a>,
    /// What the rules found.
    pub rules: &'a RuleReport,
    /// What its reader wants to be known.
    pub notes: &'a [Note],
}

pub use explain::ExplainedColumn;

/// For whom a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// How a report for people looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableOptions {
    /// In columns of the terminal. `None` for as wide as it gets: then nothing is wrapped, and a line can be searched
    /// for.
    pub width: Option<u16>,
    /// Whether colours are used.
    pub color: bool,
    /// Only the findings and what could not be checked.
    pub quiet: bool,
    /// Also every relation that was found to be in order, and the reasons for inferred ones.
    pub verbose: bool,
}

/// Writes the report of an audit. The same report gives the same bytes.
///
/// # Errors
///
/// Those of the writer.
pub fn write(format: Format, report: &Report<'_>, options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, *options, out),
        Format::Json => json::write(report, out),
    }
}

/// Writes the relations of the sources and the reasons for them. As JSON it is the same object as that of an audit.
///
/// # Errors
///
/// Those of the writer.
pub fn write_relations(
    format: Format,
    report: &Report<'_>,
    options: &TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => relations::write(report, *options, out),
        Format::Json => json::write(report, out),
    }
}

/// Writes what was considered for columns, and the arithmetic.
///
/// # Errors
///
/// Those of the writer.
pub fn write_explanation(format: Format, columns: &[ExplainedColumn<'_>], out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => explain::write(columns, out),
        Format::Json => explain::write_json(columns, out),
    }
}
