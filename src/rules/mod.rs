//! Facts → findings. A rule is pure: it reads the facts, does no I/O, and knows neither its own name, nor its severity,
//! nor any dialect.
//!
//! To add a rule: `src/rules/<id>.rs` (copy one that is like it), `rules/<id>.yaml` (its words and defaults),
//! `fixtures/rules/<id>/{bad,good}.sql` (its example and its test), and two lines below.

mod facts;
mod meta;
mod set;
#[cfg(test)]
mod testing;

mod missing_foreign_key;

pub use facts::{Facts, Rows};
pub use meta::{Category, Meta, Needs};
pub use set::{NotRun, Override, Report, RuleSet};

use facts::Findings;
use set::Entry;

/// What every rule does.
trait Rule {
    /// Reports what is wrong.
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings);
}

/// An entry of the table: the id is the module's name, the words and defaults come from `rules/<id>.yaml`.
macro_rules! rule {
    ($module:ident, $rule:ident) => {
        Entry {
            id: stringify!($module),
            yaml: include_str!(concat!("../../rules/", stringify!($module), ".yaml")),
            bad: include_str!(concat!("../../fixtures/rules/", stringify!($module), "/bad.sql")),
            good: include_str!(concat!("../../fixtures/rules/", stringify!($module), "/good.sql")),
            with_options: |options| set::from_options::<$module::$rule>(options),
        }
    };
}

/// Every rule, in alphabetical order.
static RULES: &[Entry] = &[rule!(missing_foreign_key, MissingForeignKey)];
