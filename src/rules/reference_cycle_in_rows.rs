//! Rows whose chain of parents never ends.

use serde::Deserialize;

use super::row_text::{self, columns, counted, rows};
use super::{Facts, Findings, Rule};
use crate::finding::Remedy;
use crate::probe::{CycleCounts, Sample};
use crate::relation::Relation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceCycleInRows {}

impl Rule for ReferenceCycleInRows {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for probe in facts.probes().into_iter().flat_map(|probes| &probes.cycles) {
            let Some(counts) = probe.outcome.done() else { continue };
            let Some(relation) = facts.relations.relations.get(probe.relation) else {
                continue;
            };
            if counts.cycles == 0 && counts.own_parent_rows == 0 {
                continue;
            }
            let names = columns(&relation.child.columns);
            findings
                .report_relation(relation, message(relation, counts))
                .at_most(row_text::worst_for(relation))
                .count(counts.rows.saturating_add(counts.own_parent_rows))
                .fix(format!(
                    "set {names} to NULL in the row that should be the top of its tree"
                ))
                .remedy(Remedy::Decide(
                    "choose the row of each circle that is the top of its tree, and set its key to null",
                ));
        }
    }
}

fn message(relation: &Relation, counts: &CycleCounts) -> String {
    let names = columns(&relation.child.columns);
    let mut faults = Vec::new();
    if counts.cycles > 0 {
        faults.push(format!(
            "{} in {} of {names}{}",
            if counts.rows == 1 {
                "1 row is".to_owned()
            } else {
                format!("{} are", rows(counts.rows))
            },
            counted(counts.cycles, "cycle", "cycles"),
            cycles(&counts.samples, counts.cycles),
        ));
    }
    match counts.own_parent_rows {
        0 => {}
        1 => faults.push("1 row is its own parent".to_owned()),
        own => faults.push(format!("{own} rows are their own parent")),
    }
    format!(
        "in `{}` {}{}",
        relation.child.table,
        faults.join(", and "),
        row_text::inferred(relation)
    )
}

/// One row of each of a few cycles, with its length: ` (through 4: 3 rows, through 9: 2 rows)`.
fn cycles(samples: &[Sample], all: u64) -> String {
    if samples.is_empty() {
        return String::new();
    }
    let mut shown: Vec<String> = samples
        .iter()
        .map(|sample| format!("through {}: {}", row_text::key(sample), rows(sample.rows)))
        .collect();
    let more = all.saturating_sub(u64::try_from(samples.len()).unwrap_or(u64::MAX));
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    format!(" ({})", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Check, CycleProbe};
    use crate::rules::testing::Database;
    use crate::schema::Ident;

    const ENDS: &str = "categories(parent_id) -> categories(id)";

    fn categories(outcome: Check<CycleCounts>) -> Database {
        let mut database = Database::new()
            .table("categories", &["id int primary", "parent_id int null"])
            .foreign_key(ENDS);
        let relation = database.relation(ENDS);
        database.probes.cycles.push(CycleProbe { relation, outcome });
        database
    }

    #[test]
    fn cycles_and_own_parents_are_counted_together_and_told_apart() {
        let database = categories(Check::Done(CycleCounts {
            cycles: 2,
            rows: 5,
            own_parent_rows: 1,
            samples: vec![Sample {
                key: vec![(Ident::from("id"), "4".to_owned())],
                rows: 3,
            }],
        }));
        assert_eq!(
            database.check("reference_cycle_in_rows"),
            ["warning certain categories(parent_id)"]
        );
        assert_eq!(
            database.messages("reference_cycle_in_rows"),
            [
                "in `categories` 5 rows are in 2 cycles of `parent_id` (through 4: 3 rows, and 1 more), and 1 row is its \
              own parent"
            ]
        );
        assert_eq!(database.findings("reference_cycle_in_rows")[0].count, Some(6));
    }

    #[test]
    fn own_parents_alone_are_a_fault_too() {
        let database = categories(Check::Done(CycleCounts {
            own_parent_rows: 2,
            ..CycleCounts::default()
        }));
        assert_eq!(
            database.messages("reference_cycle_in_rows"),
            ["in `categories` 2 rows are their own parent"]
        );
    }

    #[test]
    fn trees_and_what_was_not_checked_give_nothing() {
        let database = categories(Check::Done(CycleCounts::default()));
        assert!(database.check("reference_cycle_in_rows").is_empty());
        let database = categories(Check::NotChecked("statement timeout".to_owned()));
        assert!(database.check("reference_cycle_in_rows").is_empty());
    }
}
