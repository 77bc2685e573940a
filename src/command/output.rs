//! Where reports go.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use crate::cli::{ColorWhen, FormatName, OutputArgs};
use crate::report::{Format, TableOptions};

/// How the report is written.
pub(super) fn format(args: &OutputArgs) -> Format {
    match args.format {
        FormatName::Table => Format::Table,
        FormatName::Json => Format::Json,
    }
}

/// How a table looks where it goes.
pub(super) fn table_options(args: &OutputArgs) -> TableOptions {
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    TableOptions {
        width: to_terminal.then(width).flatten(),
        color: color(args.color, to_terminal),
        quiet: args.quiet,
        verbose: args.verbose,
    }
}

/// Whether to use colour (<https://no-color.org>: any value that is not empty turns it off).
fn color(when: ColorWhen, to_terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            to_terminal && !set("NO_COLOR") && !dumb
        }
    }
}

fn width() -> Option<u16> {
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

/// Writes a report to the file that the user names, or to standard output. A reader that stops reading is no error.
pub(super) fn write(args: &OutputArgs, text: &[u8]) -> anyhow::Result<()> {
    write_to(args.output.as_deref(), "report", text)
}

/// The same of anything.
pub(super) fn write_to(path: Option<&Path>, what: &str, text: &[u8]) -> anyhow::Result<()> {
    match path {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write the {what} to {}", path.display()))
        }
        None => to_stdout(text),
    }
}

fn to_stdout(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}
