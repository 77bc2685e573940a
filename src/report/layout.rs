//! How text for people is set: wrapped to the terminal, in columns, with or without colours, and with nothing in it
//! that a terminal would obey.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};

use super::TableOptions;

/// The text with every character made visible that could move the cursor, colour the terminal, break the line or turn
/// the direction of reading. Names, values and what a server says come from outside.
pub fn printable(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => visible.push_str("\\n"),
            '\r' => visible.push_str("\\r"),
            '\t' => visible.push_str("\\t"),
            _ if character.is_control() || is_invisible(character) => {
                let _ = write!(visible, "\\u{{{:x}}}", u32::from(character));
            }
            _ => visible.push(character),
        }
    }
    visible
}

/// Line and paragraph separators, and the format characters that reorder or hide text (Unicode Standard, 23.2 and
/// UAX #9).
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}'
    )
}

/// Where text for people goes, and how it looks there.
pub(super) struct Layout<'a> {
    width: Option<u16>,
    color: bool,
    out: &'a mut dyn Write,
}

/// Rows in columns. A cell is text whose line breaks are meant.
#[derive(Default)]
pub(super) struct Grid {
    /// Left out where it is empty.
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// The columns that hold numbers.
    pub(super) numbers: Vec<usize>,
    /// Whether the first column holds only words such as `error` or `ok`: they get colours, and are never broken.
    pub(super) first_is_status: bool,
    /// Whether an empty line parts the rows.
    pub(super) spaced: bool,
}

/// The narrowest that text is wrapped to: below, nothing can be read.
const NARROWEST: u16 = 30;

/// How far grids and lists stand in from the margin.
const INDENT: u16 = 2;

impl<'a> Layout<'a> {
    pub(super) fn new(options: TableOptions, out: &'a mut dyn Write) -> Self {
        Self {
            width: options.width.map(|width| width.max(NARROWEST)),
            color: options.color,
            out,
        }
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A line that stands out.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        let lines = self.wrapped(text, 0);
        for line in lines {
            let line = self.paint(&line, Style::new().bold());
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Running text. Its line breaks are kept.
    pub(super) fn paragraph(&mut self, text: &str) -> io::Result<()> {
        for line in self.wrapped(text, 0) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Running text that stands in.
    pub(super) fn indented(&mut self, text: &str) -> io::Result<()> {
        for line in self.wrapped(text, INDENT) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Text that is copied, such as SQL or an address: it stands in, and is never wrapped.
    pub(super) fn verbatim(&mut self, text: &str) -> io::Result<()> {
        for line in text.trim_end().lines() {
            let line = format!("{:1$}{line}", "", usize::from(INDENT));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Points of a list.
    pub(super) fn list(&mut self, points: impl IntoIterator<Item = String>) -> io::Result<()> {
        for point in points {
            let mut table = self.table();
            table.add_row(["-", &point]);
            pad(&mut table, INDENT, 1);
            for line in trimmed(&table) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Rows in columns; nothing where there are no rows.
    pub(super) fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        if grid.rows.is_empty() {
            return Ok(());
        }
        for line in self.lines_of(grid) {
            let line = if grid.first_is_status {
                self.paint_status(&line)
            } else {
                line
            };
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn wrapped(&self, text: &str, indent: u16) -> Vec<String> {
        let mut table = self.table();
        table.add_row([text]);
        pad(&mut table, indent, 0);
        trimmed(&table)
    }

    fn lines_of(&self, grid: &Grid) -> Vec<String> {
        let mut table = self.table();
        if !grid.header.is_empty() {
            table.set_header(&grid.header);
        }
        for (at, row) in grid.rows.iter().enumerate() {
            if grid.spaced && at > 0 {
                table.add_row(Row::from(vec![""; row.len()]));
            }
            table.add_row(row);
        }
        pad(&mut table, INDENT, 2);
        for at in &grid.numbers {
            if let Some(column) = table.column_mut(*at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        if grid.first_is_status
            && let Some(column) = table.column_mut(0)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        trimmed(&table)
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        match self.width {
            Some(width) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table
    }

    /// Colours the word that a line of a grid begins with.
    fn paint_status(&self, line: &str) -> String {
        let indent = line.len() - line.trim_start().len();
        let (margin, rest) = line.split_at(indent);
        if indent != usize::from(INDENT) {
            return line.to_owned();
        }
        let word = rest.split(' ').next().unwrap_or_default();
        match status_style(word) {
            Some(style) => format!("{margin}{}{}", self.paint(word, style), &rest[word.len()..]),
            None => line.to_owned(),
        }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

fn status_style(word: &str) -> Option<Style> {
    let color = match word {
        "error" | "violated" => AnsiColor::Red,
        "warning" | "not_checked" => AnsiColor::Yellow,
        "note" => AnsiColor::Cyan,
        "ok" => AnsiColor::Green,
        _ => return None,
    };
    Some(color.on_default().bold())
}

/// Spaces before the first column and between columns, and none after the last.
fn pad(table: &mut Table, indent: u16, gap: u16) {
    let last = table.column_count().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        let left = if at == 0 { indent } else { 0 };
        let right = if at == last { 0 } else { gap };
        column.set_padding((left, right));
    }
}

fn trimmed(table: &Table) -> Vec<String> {
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// `1 row`, `2 rows`.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_stays() {
        assert_eq!(
            printable("a\u{1b}[31mb\nc\r\td\u{9b}\u{7f}"),
            "a\\u{1b}[31mb\\nc\\r\\td\\u{9b}\\u{7f}"
        );
        assert_eq!(printable("user\u{202e}drop\u{200b}"), "user\\u{202e}drop\\u{200b}");
        assert_eq!(printable("naïve 顧客 «x» `y`"), "naïve 顧客 «x» `y`");
    }

    #[test]
    fn long_words_and_wide_letters_stay_within_the_width() {
        let mut out = Vec::new();
        let options = TableOptions {
            width: Some(40),
            ..TableOptions::default()
        };
        let mut layout = Layout::new(options, &mut out);
        let long = "x".repeat(100);
        let wide = "顧客".repeat(40);
        let grid = Grid {
            rows: vec![vec!["error".to_owned(), long], vec!["note".to_owned(), wide]],
            first_is_status: true,
            ..Grid::default()
        };
        layout.grid(&grid).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("UTF-8");
        for line in text.lines() {
            let width: usize = line.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
            assert!(width <= 40, "{width}: {line}");
        }
        assert_eq!(text.matches('x').count(), 100);
        assert_eq!(text.matches('顧').count(), 40);
    }
}
