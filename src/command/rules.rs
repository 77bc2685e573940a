//! `relaudit rules`: what is checked, and why.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::cli::RulesArgs;
use crate::report::{self, RulePage};
use crate::rules::RuleSet;

use super::{Outcome, output};

/// Lists the rules, or explains one.
///
/// # Errors
///
/// There is no such rule.
pub fn run(args: &RulesArgs) -> anyhow::Result<Outcome> {
    let rules = RuleSet::load(&BTreeMap::new()).map_err(anyhow::Error::msg)?;
    let pages: Vec<RulePage<'_>> = rules
        .describe()
        .map(|(id, meta, bad, good)| RulePage { id, meta, bad, good })
        .collect();
    let format = output::format(&args.output);
    let options = output::table_options(&args.output);
    let mut text = Vec::new();
    match &args.rule {
        None => report::write_rules(format, &pages, &options, &mut text)?,
        Some(id) => {
            let page = pages.iter().find(|page| page.id == id);
            let page = page.with_context(|| format!("there is no rule `{id}`; `relaudit rules` lists them"))?;
            report::write_rule(format, *page, &options, &mut text)?;
        }
    }
    output::write(&args.output, &text)?;
    Ok(Outcome::Clean)
}
