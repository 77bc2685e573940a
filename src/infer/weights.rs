//! How much each reason weighs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::vocabulary;
use crate::relation::Evidence;

/// How much each reason weighs, by its code: log-odds in thousandths. What all reasons for a parent add up to is how
/// sure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights(FxHashMap<String, i32>);

impl Weights {
    /// Those of `rules/_inference.yaml`, which were fitted on schemas whose foreign keys are known.
    pub fn built_in() -> &'static Self {
        static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| Weights::new(vocabulary::weights()));
        &WEIGHTS
    }

    /// Others. A reason that is not among them weighs nothing.
    pub fn new(weights: BTreeMap<String, i32>) -> Self {
        Self(weights.into_iter().collect())
    }

    /// What a reason weighs.
    pub fn of(&self, code: &str) -> i32 {
        self.0.get(code).copied().unwrap_or(0)
    }

    /// All of them, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32)> {
        let ordered: BTreeMap<&str, i32> = self.0.iter().map(|(code, weight)| (code.as_str(), *weight)).collect();
        ordered.into_iter()
    }

    pub(super) fn reason(&self, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Evidence {
        Evidence {
            code,
            detail: detail.into(),
            weight: self.of(code),
        }
    }
}
