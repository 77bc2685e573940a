//! `relaudit rules`: what is checked, and why.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use crate::cli::RulesArgs;
use crate::report;
use crate::rules::RuleSet;

use super::{Outcome, output};

/// Lists the rules, or explains one.
///
/// # Errors
///
/// There is no such rule.
pub fn run(args: &RulesArgs) -> anyhow::Result<Outcome> {
    let rules = RuleSet::load(&BTreeMap::new()).map_err(anyhow::Error::msg)?;
    let color = output::color(args.color, std::io::stdout().is_terminal());
    let mut text = Vec::new();
    match &args.rule {
        None => report::write_rules(&rules, color, &mut text)?,
        Some(id) => {
            let known = rules.describe().any(|(known, ..)| known == id);
            anyhow::ensure!(known, "there is no rule `{id}`; `relaudit rules` lists them");
            report::write_rule(&rules.only(id), color, &mut text)?;
        }
    }
    output::to_stdout(&text)?;
    Ok(Outcome::Clean)
}
