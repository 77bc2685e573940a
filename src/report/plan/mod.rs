//! A plan as text: one script, or files of SQL with the way back, a description for people and one for programs.

mod files;
mod json;
mod layout;
mod markdown;
mod script;

use crate::dialect::change::PlanDialect;
use crate::plan::{Plan, Verification};

pub use files::{PlanFile, files};
pub use layout::{Layout, Numbers, files as layout_files};
pub use script::script;

/// What is to be written.
#[derive(Clone, Copy)]
pub struct PlanReport<'a> {
    /// What was planned.
    pub plan: &'a Plan,
    /// What came of trying it, where that was asked for.
    pub verification: Option<&'a Verification>,
    /// What it is for: `host/db`.
    pub source: &'a str,
    /// The server: `PostgreSQL 18.4`.
    pub server: &'a str,
    /// How its SQL is terminated and run.
    pub dialect: &'a dyn PlanDialect,
}
