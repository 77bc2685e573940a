//! The relations of the sources for people: what refers to what, how it reads, and how that is known.

use std::io::{self, Write};

use crate::infer::{self, Reading};
use crate::relation::{Cardinality, ManyToMany, Polymorphic, Relation, RelationOrigin, Tier};

use super::layout::{Grid, Layout, printable};
use super::table::{write_notes, write_what_was_read};
use super::{Report, SourceReport, TableOptions};

pub(super) fn write(report: &Report<'_>, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut layout = Layout::new(options, out);
    for (at, source) in report.sources.iter().enumerate() {
        if at > 0 {
            layout.blank()?;
        }
        write_source(source, options, &mut layout)?;
    }
    Ok(())
}

fn write_source(source: &SourceReport<'_>, options: TableOptions, layout: &mut Layout<'_>) -> io::Result<()> {
    write_what_was_read(source, layout)?;
    section(layout, "Relations", &relation_grid(source, options))?;
    section(layout, "Polymorphic pairs", &pair_grid(source))?;
    section(layout, "Many-to-many", &many_to_many_grid(source))?;
    section(
        layout,
        "Columns that look like references and have no target",
        &unresolved_grid(source),
    )?;
    if !options.quiet {
        write_notes(source.notes, layout)?;
    }
    Ok(())
}

fn section(layout: &mut Layout<'_>, heading: &str, grid: &Grid) -> io::Result<()> {
    if grid.rows.is_empty() {
        return Ok(());
    }
    layout.blank()?;
    layout.heading(heading)?;
    layout.grid(grid)
}

fn relation_grid(source: &SourceReport<'_>, options: TableOptions) -> Grid {
    let readings = infer::readings(source.schema, source.relations);
    let relations = source.relations.relations.iter().zip(readings);
    Grid {
        header: vec!["RELATION", "PARENT", "CHILD", "KNOWN FROM"],
        rows: relations
            .map(|(relation, reading)| relation_row(source, relation, reading, options))
            .collect(),
        ..Grid::default()
    }
}

fn relation_row(
    source: &SourceReport<'_>,
    relation: &Relation,
    reading: Reading,
    options: TableOptions,
) -> Vec<String> {
    let mut known = vec![known_from(source, relation)];
    if options.verbose || !relation.is_declared() {
        known.extend(relation.evidence.iter().map(|evidence| printable(&evidence.detail)));
    }
    if options.verbose {
        known.extend(relation.alternatives.iter().map(|other| {
            let text = format!(
                "not {} ({}): {}",
                other.parent,
                percent(other.confidence),
                other.why_not
            );
            printable(&text)
        }));
    }
    vec![
        printable(&format!("{} -> {}", relation.child, relation.parent)),
        parent_side(relation, reading),
        if relation.optional {
            "belongs_to, optional"
        } else {
            "belongs_to"
        }
        .to_owned(),
        known.join("\n"),
    ]
}

/// How it reads from the parent, and what it is beyond that.
fn parent_side(relation: &Relation, reading: Reading) -> String {
    let side = match relation.cardinality {
        Cardinality::OneToOne => "has_one",
        Cardinality::ManyToOne => "has_many",
    };
    match reading {
        Reading::Reference | Reading::OneToOne => side.to_owned(),
        Reading::Tree => format!("{side}, a tree"),
        Reading::SelfReference => format!("{side} of its own rows"),
        Reading::Inheritance => format!("{side}, inherits"),
        Reading::Extension => format!("{side}, extends"),
        Reading::Join => format!("{side}, joins"),
        Reading::JoinWithPayload => format!("{side}, joins and says more"),
        Reading::ScopedOneToOne => format!("{side}, one in each scope"),
    }
}

fn known_from(source: &SourceReport<'_>, relation: &Relation) -> String {
    let tier = relation.tier();
    if tier != Tier::Declared {
        return format!("inferred: {} ({})", tier.as_str(), percent(relation.confidence));
    }
    match relation.foreign_key(source.schema) {
        Some(key) => match &key.name {
            Some(name) => format!("foreign key {}", printable(name.as_str())),
            None => "foreign key".to_owned(),
        },
        None if relation.origins.contains(&RelationOrigin::Config) => "configuration".to_owned(),
        None => "models".to_owned(),
    }
}

/// Thousandths as whole per cent, rounded down: 999 must not read as certain.
fn percent(thousandths: u16) -> String {
    format!("{} %", thousandths / 10)
}

fn pair_grid(source: &SourceReport<'_>) -> Grid {
    Grid {
        rows: source.relations.polymorphic.iter().map(pair_row).collect(),
        ..Grid::default()
    }
}

fn pair_row(pair: &Polymorphic) -> Vec<String> {
    let targets = pair.targets.iter();
    let targets: Vec<String> = targets
        .map(|target| printable(&format!("'{}' -> {}", target.value, target.parent)))
        .collect();
    vec![
        printable(&pair.columns().to_string()),
        if targets.is_empty() {
            "the values of the rows tell the tables".to_owned()
        } else {
            targets.join("\n")
        },
    ]
}

fn many_to_many_grid(source: &SourceReport<'_>) -> Grid {
    let links = source.relations.many_to_many.iter();
    Grid {
        rows: links.filter_map(|link| many_to_many_row(source, link)).collect(),
        ..Grid::default()
    }
}

fn many_to_many_row(source: &SourceReport<'_>, link: &ManyToMany) -> Option<Vec<String>> {
    let left = source.relations.relations.get(link.left)?;
    let right = source.relations.relations.get(link.right)?;
    let ends = format!(
        "{} <-> {} through {}",
        left.parent.table, right.parent.table, link.join_table
    );
    Some(vec![
        printable(&ends),
        if link.unique_pair {
            "unique pair"
        } else {
            "pair not unique"
        }
        .to_owned(),
    ])
}

fn unresolved_grid(source: &SourceReport<'_>) -> Grid {
    let unresolved = source.relations.unresolved.iter();
    Grid {
        rows: unresolved
            .map(|column| vec![printable(&column.child.to_string()), printable(&column.why)])
            .collect(),
        ..Grid::default()
    }
}
