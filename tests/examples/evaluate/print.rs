//! The tables that are printed.

use std::collections::{BTreeMap, BTreeSet};

use super::corpus::{Case, Pair};
use super::measure::{Counts, Proposal, Total, counts, ratio};
use super::peers;

/// The lower ends of the tiers, in thousandths.
const TIERS: [(&str, u16); 3] = [("strong", 920), ("likely", 750), ("possible", 550)];

type Results<'a> = [(&'a Case, &'a [Proposal])];

fn row(name: &str, counts: Counts, rest: &str) {
    println!(
        "{name:<28} {:>6} {:>6} {:>6}   {:.3} {:.3} {:.3}{rest}",
        counts.truth,
        counts.proposed,
        counts.found,
        counts.precision(),
        counts.recall(),
        counts.f1(),
    );
}

fn header(what: &str) {
    println!(
        "\n{what:<28} {:>6} {:>6} {:>6}   {:<5} {:<5} F1",
        "truth", "prop.", "found", "P", "R"
    );
}

/// One line for each schema, strictly by column.
pub(crate) fn schemas(results: &Results<'_>) {
    header("schema");
    for (case, proposals) in results {
        let mark = if case.recall_only { "  recall only" } else { "" };
        row(&case.name, counts(case, proposals, 0).0, mark);
    }
}

/// One line for each tier and those above it, strictly and by table; the macro F1 behind.
pub(crate) fn tiers(results: &Results<'_>) {
    for (level, strictly) in [("strictly by column", true), ("by table", false)] {
        header(level);
        for (tier, at_least) in TIERS {
            let total = total(results, at_least, strictly);
            row(
                &format!("{tier} and above"),
                total.micro,
                &format!("  macro F1 {:.3}", total.macro_f1()),
            );
        }
    }
}

/// The sum over all schemas of what is at least so sure.
pub(crate) fn total(results: &Results<'_>, at_least: u16, strictly: bool) -> Total {
    let mut total = Total::default();
    for (case, proposals) in results {
        let (strict, by_table) = counts(case, proposals, at_least);
        total.add(case, if strictly { strict } else { by_table });
    }
    total
}

/// How many of the proposals of each rule are declared, where the truth is complete.
pub(crate) fn rules(results: &Results<'_>) {
    println!("\n{:<28} {:>6} {:>6}   precision", "rule", "prop.", "right");
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (case, proposals) in results.iter().filter(|(case, _)| !case.recall_only) {
        for found in *proposals {
            let counts = rules.entry(found.rule).or_default();
            counts.0 += 1;
            counts.1 += usize::from(case.truth.contains(&found.pair));
        }
    }
    for (rule, (proposed, right)) in rules {
        println!("{rule:<28} {proposed:>6} {right:>6}   {:.3}", ratio(right, proposed));
    }
}

/// How many of the proposals of one confidence are declared, where the truth is complete.
pub(crate) fn calibration(results: &Results<'_>) {
    println!("\n{:<28} {:>6} {:>6}   declared", "confidence", "prop.", "right");
    let mut bands: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
    for (case, proposals) in results.iter().filter(|(case, _)| !case.recall_only) {
        for found in *proposals {
            let counts = bands.entry(found.confidence / 50).or_default();
            counts.0 += 1;
            counts.1 += usize::from(case.truth.contains(&found.pair));
        }
    }
    for (band, (proposed, right)) in bands {
        let name = format!("0.{:02}–0.{:02}", band * 5, band * 5 + 4);
        println!("{name:<28} {proposed:>6} {right:>6}   {:.3}", ratio(right, proposed));
    }
}

/// The same measures for what other tools' published rules propose.
pub(crate) fn peers(cases: &[Case]) {
    header("published rules");
    let mut best: BTreeMap<&str, Counts> = BTreeMap::new();
    for (name, rule) in peers::RULES {
        let mut total = Total::default();
        for case in cases {
            let found = rule(&case.schema).into_iter().map(|pair| Proposal {
                pair,
                confidence: 1000,
                rule: name,
            });
            let counts = counts(case, &found.collect::<Vec<_>>(), 0).0;
            total.add(case, counts);
            let known = best.entry(&case.name).or_insert(counts);
            if (counts.f1(), counts.found) > (known.f1(), known.found) {
                *known = counts;
            }
        }
        row(name, total.micro, &format!("  macro F1 {:.3}", total.macro_f1()));
    }
    let mut total = Total::default();
    for case in cases {
        total.add(case, best.get(case.name.as_str()).copied().unwrap_or_default());
    }
    row(
        "the best for each schema",
        total.micro,
        &format!("  macro F1 {:.3}", total.macro_f1()),
    );
}

/// What was proposed and is not declared, and what was missed.
pub(crate) fn differences(results: &Results<'_>) {
    for (case, proposals) in results {
        println!("\n## {}", case.name);
        let found: BTreeSet<&Pair> = proposals.iter().map(|found| &found.pair).collect();
        for extra in proposals.iter().filter(|found| !case.truth.contains(&found.pair)) {
            println!(
                "+ {:.3} {:<16} {}",
                f64::from(extra.confidence) / 1000.0,
                extra.rule,
                extra.pair.show()
            );
        }
        for missed in case.truth.iter().filter(|pair| !found.contains(pair)) {
            println!("- {}", missed.show());
        }
    }
}
