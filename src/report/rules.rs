//! The rules for people and programs: the list of them, and the page of one.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::rules::{Category, Meta, Needs};

use super::layout::{Grid, Layout};
use super::{Format, TableOptions, json};

/// A rule's words and examples.
#[derive(Debug, Clone, Copy)]
pub struct RulePage<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its words and defaults.
    pub meta: &'a Meta,
    /// A schema, with rows where the rule needs them, that it objects to.
    pub bad: &'a str,
    /// The same, mended.
    pub good: &'a str,
}

#[derive(Serialize)]
struct RuleEntry<'a> {
    id: &'a str,
    summary: &'a str,
    category: &'static str,
    severity: &'static str,
    needs: &'static str,
    since: &'a str,
    why: &'a str,
    remedy: &'a str,
    references: &'a [String],
    formerly: &'a [String],
    options: &'a Map<String, Value>,
    bad: &'a str,
    good: &'a str,
}

#[derive(Serialize)]
struct Rules<'a> {
    version: u32,
    rules: Vec<RuleEntry<'a>>,
}

/// Writes the list of rules.
///
/// # Errors
///
/// Those of the writer.
pub fn write_rules(
    format: Format,
    rules: &[RulePage<'_>],
    options: &TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => json::write_document(&document(rules), out),
        Format::Table => write_list(rules, *options, out),
    }
}

/// Writes the page of one rule.
///
/// # Errors
///
/// Those of the writer.
pub fn write_rule(format: Format, rule: RulePage<'_>, options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => json::write_document(&document(&[rule]), out),
        Format::Table => write_page(rule, *options, out),
    }
}

fn document<'a>(rules: &[RulePage<'a>]) -> Rules<'a> {
    Rules {
        version: json::VERSION,
        rules: rules.iter().map(|rule| entry(*rule)).collect(),
    }
}

fn entry(rule: RulePage<'_>) -> RuleEntry<'_> {
    let meta = rule.meta;
    RuleEntry {
        id: rule.id,
        summary: meta.summary.trim(),
        category: category(meta.category),
        severity: meta.severity.as_str(),
        needs: needs(meta.needs),
        since: &meta.since,
        why: meta.why.trim(),
        remedy: meta.remedy.trim(),
        references: &meta.references,
        formerly: &meta.formerly,
        options: &meta.options,
        bad: rule.bad,
        good: rule.good,
    }
}

fn write_list(rules: &[RulePage<'_>], options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut layout = Layout::new(options, out);
    layout.grid(&Grid {
        header: vec!["SEVERITY", "READS", "RULE"],
        rows: rules.iter().map(list_row).collect(),
        first_is_status: true,
        ..Grid::default()
    })?;
    if !options.quiet {
        layout.blank()?;
        layout.paragraph("`relaudit rules RULE` explains one, with a bad and a good example.")?;
    }
    Ok(())
}

fn list_row(rule: &RulePage<'_>) -> Vec<String> {
    vec![
        rule.meta.severity.as_str().to_owned(),
        needs(rule.meta.needs).to_owned(),
        format!("{}\n{}", rule.id, rule.meta.summary.trim()),
    ]
}

fn write_page(rule: RulePage<'_>, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let meta = rule.meta;
    let mut layout = Layout::new(options, out);
    layout.heading(rule.id)?;
    layout.paragraph(meta.summary.trim())?;
    layout.blank()?;
    layout.grid(&Grid {
        rows: facts(meta),
        ..Grid::default()
    })?;
    for (heading, text) in [("Why it matters", &meta.why), ("What to do", &meta.remedy)] {
        layout.blank()?;
        layout.heading(heading)?;
        layout.indented(text.trim())?;
    }
    for (heading, example) in [("Bad", rule.bad), ("Good", rule.good)] {
        layout.blank()?;
        layout.heading(heading)?;
        layout.verbatim(example)?;
    }
    if !meta.options.is_empty() {
        layout.blank()?;
        layout.heading("Options and their defaults")?;
        layout.list(meta.options.iter().map(|(name, value)| format!("{name}: {value}")))?;
    }
    if !meta.references.is_empty() {
        layout.blank()?;
        layout.heading("References")?;
        for reference in &meta.references {
            layout.verbatim(reference)?;
        }
    }
    Ok(())
}

fn facts(meta: &Meta) -> Vec<Vec<String>> {
    let mut facts = vec![
        ("severity", meta.severity.as_str().to_owned()),
        ("category", category(meta.category).to_owned()),
        ("reads", needs(meta.needs).to_owned()),
        ("since", meta.since.clone()),
    ];
    if !meta.formerly.is_empty() {
        facts.push(("formerly", meta.formerly.join(", ")));
    }
    facts
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Integrity => "integrity",
        Category::Performance => "performance",
        Category::Design => "design",
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Schema => "schema",
        Needs::Rows => "rows",
    }
}
