//! What came of trying a plan.

/// A plan was tried on a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Where; never with a password.
    pub scratch: String,
    /// What was looked at, in order, up to the first that failed.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What should be so, in a few words.
    pub name: &'static str,
    /// What was seen, or what was not so.
    pub outcome: Result<String, String>,
}

impl Verification {
    /// The check that failed, and why; `None` where the plan is verified.
    pub fn failure(&self) -> Option<(&'static str, &str)> {
        self.checks.iter().find_map(|check| {
            let why = check.outcome.as_ref().err()?;
            Some((check.name, why.as_str()))
        })
    }
}
