//! Why a column has the parent that it has, or none: every candidate with the weight of each reason.

use std::io::{self, Write};

use serde_json::json;

use crate::infer::{ConsideredParent, Explanation};
use crate::relation::{Evidence, Relation, Tier};
use crate::schema::ColumnSet;

use super::layout::printable;

/// A column, its relations, and what was considered for it.
#[derive(Debug, Clone)]
pub struct ExplainedColumn<'a> {
    /// The column.
    pub child: ColumnSet,
    /// The relations that it is in.
    pub relations: Vec<&'a Relation>,
    /// The parents that its name can mean; `None` where a foreign key, a statement or a polymorphic pair already holds
    /// the column, so that its name was not asked.
    pub considered: Option<Explanation>,
}

pub(super) fn write(columns: &[ExplainedColumn<'_>], out: &mut dyn Write) -> io::Result<()> {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", printable(&column.child.to_string()))?;
        for relation in &column.relations {
            let how = match relation.tier() {
                Tier::Declared => "declared".to_owned(),
                tier => format!("inferred: {} ({:.3})", tier.as_str(), share(relation.confidence)),
            };
            let ends = printable(&format!("{} -> {}", relation.child, relation.parent));
            writeln!(out, "  relation {ends}, {how}")?;
        }
        if column.relations.is_empty() {
            writeln!(out, "  no relation")?;
        }
        match &column.considered {
            None => writeln!(
                out,
                "  its name was not asked: something else already tells what it holds"
            )?,
            Some(explanation) => {
                write_parents(explanation, out)?;
                match &explanation.other_type {
                    Some(reason) => writeln!(out, "  {}", printable(reason))?,
                    None if explanation.parents.is_empty() => writeln!(
                        out,
                        "  no table and no key is called so that the column\'s name can mean it"
                    )?,
                    None => {}
                }
            }
        }
    }
    Ok(())
}

fn write_parents(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    for considered in &explanation.parents {
        let parent = printable(&considered.parent.to_string());
        let tier = Tier::of(considered.confidence).as_str();
        writeln!(out, "\n  {parent}: {tier} ({:.3})", share(considered.confidence))?;
        for reason in sorted(considered) {
            let weight = thousandths(reason.weight);
            writeln!(
                out,
                "    {weight:>+7.3}  {:<22} {}",
                reason.code,
                printable(&reason.detail)
            )?;
        }
        writeln!(
            out,
            "    {:>+7.3}  in all, as log-odds",
            thousandths(considered.log_odds)
        )?;
    }
    Ok(())
}

/// What weighs most first; the way of naming before all.
fn sorted(considered: &ConsideredParent) -> Vec<&Evidence> {
    let mut evidence: Vec<&Evidence> = considered.evidence.iter().collect();
    if let Some((_, rest)) = evidence.split_first_mut() {
        rest.sort_by_key(|reason| std::cmp::Reverse(reason.weight.abs()));
    }
    evidence
}

pub(super) fn write_json(columns: &[ExplainedColumn<'_>], out: &mut dyn Write) -> io::Result<()> {
    let columns: Vec<serde_json::Value> = columns.iter().map(entry).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "columns": columns }))?;
    writeln!(out)
}

fn entry(column: &ExplainedColumn<'_>) -> serde_json::Value {
    let relations = column.relations.iter().map(|relation| {
        json!({
            "child": end(&relation.child),
            "parent": end(&relation.parent),
            "tier": relation.tier().as_str(),
            "confidence": share(relation.confidence),
        })
    });
    let parents = column.considered.as_ref().map(|explanation| {
        let parents = explanation.parents.iter().map(|considered| {
            let evidence = considered.evidence.iter().map(
                |reason| json!({ "code": reason.code, "detail": reason.detail, "weight": thousandths(reason.weight) }),
            );
            json!({
                "parent": end(&considered.parent),
                "confidence": share(considered.confidence),
                "log_odds": thousandths(considered.log_odds),
                "evidence": evidence.collect::<Vec<_>>(),
            })
        });
        parents.collect::<Vec<_>>()
    });
    json!({
        "child": end(&column.child),
        "relations": relations.collect::<Vec<_>>(),
        "considered": parents,
        "other_type": column.considered.as_ref().and_then(|explanation| explanation.other_type.as_deref()),
    })
}

fn end(columns: &ColumnSet) -> serde_json::Value {
    let names: Vec<&str> = columns.columns.iter().map(crate::schema::Ident::as_str).collect();
    let namespace = columns.table.namespace.as_ref().map(crate::schema::Ident::as_str);
    json!({ "schema": namespace, "table": columns.table.table.as_str(), "columns": names })
}

fn share(thousandths: u16) -> f64 {
    f64::from(thousandths) / 1000.0
}

fn thousandths(weight: i32) -> f64 {
    f64::from(weight) / 1000.0
}
