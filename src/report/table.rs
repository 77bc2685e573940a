//! The report of an audit for people: what was read, what is wrong (worst first), what was checked and what was not,
//! and what to do next.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::finding::{Confidence, Finding};
use crate::relation::{Relation, RelationOrigin, Tier};
use crate::rules::Rows;
use crate::schema::Note;

use super::layout::{Grid, Layout, counted, printable};
use super::outcome::{self, Checked, Status, Summary};
use super::{Report, SourceReport, TableOptions};

pub(super) fn write(report: &Report<'_>, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut layout = Layout::new(options, out);
    for (at, source) in report.sources.iter().enumerate() {
        if at > 0 {
            layout.blank()?;
        }
        write_source(source, options, &mut layout)?;
    }
    if !options.quiet {
        write_next(report, &mut layout)?;
    }
    Ok(())
}

fn write_source(source: &SourceReport<'_>, options: TableOptions, layout: &mut Layout<'_>) -> io::Result<()> {
    write_what_was_read(source, layout)?;
    // Without a table, "no findings" would read as clean.
    if source.schema.relation_tables().next().is_some() || !source.rules.findings.is_empty() {
        layout.blank()?;
        write_findings(source, layout)?;
        write_rows(source, options, layout)?;
    }
    write_not_run(source, layout)?;
    if !options.quiet {
        write_notes(source.notes, layout)?;
    }
    Ok(())
}

/// Two lines on a source: what it is, and what it is made of.
pub(super) fn write_what_was_read(source: &SourceReport<'_>, layout: &mut Layout<'_>) -> io::Result<()> {
    let summary = Summary::of_source(source);
    layout.heading(&printable(&format!("{} ({})", source.info.name, source.info.server)))?;
    if summary.tables == 0 {
        return layout.paragraph("No table was found, so nothing was audited.");
    }
    let relations = &source.relations.relations;
    let from = |origin| {
        relations
            .iter()
            .filter(|relation| relation.origins.contains(&origin))
            .count()
    };
    let constrained = from(RelationOrigin::Constraint);
    let inferred = relations.iter().filter(|relation| !relation.is_declared()).count();
    let stated = relations
        .iter()
        .filter(|relation| relation.is_declared() && !relation.is_constrained());
    let (stated, by_models): (Vec<&Relation>, Vec<&Relation>) =
        stated.partition(|relation| relation.origins.contains(&RelationOrigin::Config));
    let stated = stated.len();
    let by_models = match by_models.len() {
        0 => String::new(),
        number => format!("{number} declared by models, "),
    };
    let mut read = vec![format!(
        "{}, {}: {constrained} declared by foreign keys, {by_models}{stated} stated in the configuration, {inferred} \
         inferred",
        counted(summary.tables, "table", "tables"),
        counted(relations.len(), "relation", "relations"),
    )];
    let pairs = source.relations.polymorphic.len();
    if pairs > 0 {
        read.push(counted(pairs, "polymorphic pair", "polymorphic pairs"));
    }
    let links = source.relations.many_to_many.len();
    if links > 0 {
        read.push(format!("{links} many-to-many"));
    }
    layout.paragraph(&read.join("; "))
}

fn write_findings(source: &SourceReport<'_>, layout: &mut Layout<'_>) -> io::Result<()> {
    let summary = Summary::of_source(source);
    let findings = &source.rules.findings;
    let ignored = match summary.ignored {
        0 => String::new(),
        number => format!(" ({number} ignored by the configuration)"),
    };
    if findings.is_empty() {
        return layout.heading(&format!("No findings{ignored}"));
    }
    layout.heading(&format!(
        "{}: {}, {}, {}{ignored}",
        counted(findings.len(), "finding", "findings"),
        counted(summary.error, "error", "errors"),
        counted(summary.warning, "warning", "warnings"),
        counted(summary.note, "note", "notes"),
    ))?;
    layout.grid(&Grid {
        header: vec!["", "ROWS", "FINDING"],
        rows: findings.iter().map(finding_row).collect(),
        numbers: vec![1],
        first_is_status: true,
        spaced: true,
    })
}

fn finding_row(finding: &Finding) -> Vec<String> {
    let confidence = match finding.confidence {
        Confidence::Certain => String::new(),
        unsure => format!("  ({} confidence)", unsure.as_str()),
    };
    let subject = printable(&finding.subject.to_string());
    let mut lines = vec![format!("{}  {subject}{confidence}", finding.rule)];
    if let Some(at) = &finding.location {
        lines.push(format!("at {}:{}:{}", printable(&at.file), at.line, at.column));
    }
    for at in finding
        .locations
        .iter()
        .filter(|at| Some(*at) != finding.location.as_ref())
    {
        lines.push(format!("and {}:{}:{}", printable(&at.file), at.line, at.column));
    }
    lines.push(printable(&finding.message));
    if let Some(fix) = &finding.fix {
        lines.push(format!("fix: {}", printable(fix)));
    }
    vec![
        finding.severity.as_str().to_owned(),
        finding.count.map(|rows| rows.to_string()).unwrap_or_default(),
        lines.join("\n"),
    ]
}

fn write_rows(source: &SourceReport<'_>, options: TableOptions, layout: &mut Layout<'_>) -> io::Result<()> {
    layout.blank()?;
    if let Rows::NotRead(reason) = source.rows {
        return layout.heading(&format!("Rows were not read: {}", printable(reason)));
    }
    let checked = outcome::relations(source);
    layout.heading(&rows_heading(source, &checked))?;
    let mut rows: Vec<Vec<String>> = checked
        .iter()
        .filter(|checked| options.verbose || checked.status.reason().is_some())
        .map(relation_row)
        .collect();
    rows.extend(pair_rows(source, options));
    rows.extend(outcome::unchecked_rules(source).into_iter().map(|unchecked| {
        vec![
            "not_checked".to_owned(),
            String::new(),
            format!("{}  {}", unchecked.rule, printable(&unchecked.reason)),
        ]
    }));
    layout.grid(&Grid {
        header: vec!["", "ROWS", "CHECK"],
        rows,
        numbers: vec![1],
        first_is_status: true,
        spaced: false,
    })
}

fn rows_heading(source: &SourceReport<'_>, checked: &[Checked<'_>]) -> String {
    let summary = Summary::of_source(source);
    let trusted = checked.iter().filter(|checked| is_trusted(checked)).count();
    let trusted = match trusted {
        0 => String::new(),
        _ => format!(" ({trusted} by trust in the constraint, without reading rows)"),
    };
    let refuted = checked.iter().filter(|checked| is_refuted(checked)).count();
    let refuted = match refuted {
        0 => String::new(),
        _ => format!(" ({} that the rows refute)", counted(refuted, "guess", "guesses")),
    };
    let mut told = vec![format!(
        "Rows of {}: {} ok{trusted}, {} violated{refuted}, {} not checked",
        counted(summary.relations, "relation", "relations"),
        summary.ok,
        summary.violated,
        summary.not_checked
    )];
    let others = summary.unchecked - summary.not_checked;
    if others > 0 {
        told.push(counted(others, "other check did not run", "other checks did not run"));
    }
    told.join("; ")
}

fn is_trusted(checked: &Checked<'_>) -> bool {
    checked
        .probe
        .is_some_and(|probe| matches!(probe.outcome.done(), Some(None)))
}

/// Whether the relation was a guess, and its rows speak against it.
fn is_refuted(checked: &Checked<'_>) -> bool {
    matches!(checked.status, Status::Violated) && checked.relation.tier() == Tier::Weak
}

fn relation_row(checked: &Checked<'_>) -> Vec<String> {
    let relation = checked.relation;
    let counts = checked.probe.and_then(|probe| probe.outcome.done()?.as_ref());
    let mut lines = vec![printable(&format!("{} -> {}", relation.child, relation.parent))];
    match (checked.status, counts) {
        (Status::NotChecked(reason), _) => lines.push(printable(reason)),
        (_, None) => lines.push("trusted: the constraint is validated, no row was read".to_owned()),
        (_, Some(counts)) => {
            let figures = [
                (counts.null_rows, "null"),
                (counts.orphan_rows, "orphaned"),
                (counts.sentinel_rows, "sentinel"),
                (counts.duplicates.as_ref().map_or(0, |found| found.rows), "duplicate"),
            ];
            let told: Vec<String> = figures
                .iter()
                .filter(|(rows, _)| *rows > 0)
                .map(|(rows, what)| format!("{rows} {what}"))
                .collect();
            if !told.is_empty() {
                lines.push(told.join(", "));
            }
        }
    }
    vec![
        checked.status.as_str().to_owned(),
        counts.map(|counts| counts.child_rows.to_string()).unwrap_or_default(),
        lines.join("\n"),
    ]
}

fn pair_rows(source: &SourceReport<'_>, options: TableOptions) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for checked in outcome::polymorphic(source) {
        let Some(status) = checked.status else { continue };
        // A pair with faults in one value and another value not checked is shown for the latter.
        let shown = match checked.unchecked {
            Some(_) => "not_checked",
            None if options.verbose => status.as_str(),
            None => continue,
        };
        let mut lines = vec![printable(&checked.pair.columns().to_string())];
        for value in checked.values {
            let status = outcome::value_status(value);
            if let Some(reason) = status.reason() {
                lines.push(printable(&format!("'{}': {reason}", value.value)));
            } else if options.verbose {
                lines.push(printable(&format!("'{}': {}", value.value, status.as_str())));
            }
        }
        if let (true, Some(reason)) = (checked.values.is_empty(), checked.unchecked) {
            lines.push(printable(reason));
        }
        let total: u64 = checked.values.iter().map(|value| value.rows).sum();
        let total = if checked.values.is_empty() {
            String::new()
        } else {
            total.to_string()
        };
        rows.push(vec![shown.to_owned(), total, lines.join("\n")]);
    }
    rows
}

/// Rules that did not run, those with the same reason together.
fn write_not_run(source: &SourceReport<'_>, layout: &mut Layout<'_>) -> io::Result<()> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for rule in &source.rules.not_run {
        match reasons.iter_mut().find(|(reason, _)| *reason == rule.reason) {
            Some((_, rules)) => rules.push(rule.rule),
            None => reasons.push((&rule.reason, vec![rule.rule])),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    layout.blank()?;
    layout.heading("Rules that did not run")?;
    layout.list(
        reasons
            .into_iter()
            .map(|(reason, rules)| format!("{}: {}", printable(reason), rules.join(", "))),
    )
}

/// What the readers want to be known.
pub(super) fn write_notes(notes: &[Note], layout: &mut Layout<'_>) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    layout.blank()?;
    layout.heading("Notes")?;
    layout.list(notes.iter().map(|note| match &note.location {
        Some(at) => format!(
            "{}:{}:{}: {}",
            printable(&at.file),
            at.line,
            at.column,
            printable(&note.message)
        ),
        None => printable(&note.message),
    }))
}

fn write_next(report: &Report<'_>, layout: &mut Layout<'_>) -> io::Result<()> {
    let mut steps = Vec::new();
    let findings = || report.sources.iter().flat_map(|source| &source.rules.findings);
    if let Some(worst) = findings().max_by_key(|finding| finding.severity) {
        // `max_by_key` gives the last of equals; the first is the one that the reader saw first.
        let first = findings()
            .find(|finding| finding.severity == worst.severity)
            .unwrap_or(worst);
        steps.push(format!(
            "`relaudit rules {}` explains that rule, with a bad and a good example",
            first.rule
        ));
    }
    if has_finding_on_inferred_relation(report) {
        steps.push(
            "where an inferred relation is wrong, state it in relaudit.yml with `kind: none`, or with its real parent"
                .to_owned(),
        );
    }
    if Summary::of(report).unchecked > 0 {
        steps.push(
            "mend what kept checks from running and audit again: what was not checked is not clean; \
             `--allow-unchecked` accepts it"
                .to_owned(),
        );
    }
    steps.push("`--format json` gives all of this, with every relation and its evidence, to a program".to_owned());
    layout.blank()?;
    layout.heading("Next")?;
    layout.list(steps)
}

fn has_finding_on_inferred_relation(report: &Report<'_>) -> bool {
    report.sources.iter().any(|source| {
        let inferred: BTreeSet<_> = source
            .relations
            .relations
            .iter()
            .filter(|relation| !relation.is_declared())
            .map(Relation::id)
            .collect();
        let mut about = source
            .rules
            .findings
            .iter()
            .filter_map(|finding| finding.relation.as_ref());
        about.any(|relation| inferred.contains(relation))
    })
}
