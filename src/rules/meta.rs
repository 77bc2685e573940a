//! A rule's words and defaults: its file in `rules/`.

use serde::Deserialize;

use crate::finding::Severity;

/// What `rules/<id>.yaml` holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// What is wrong, in one sentence.
    pub summary: String,
    /// What it endangers.
    pub category: Category,
    /// How bad it is, unless the user says otherwise.
    pub severity: Severity,
    /// What the rule reads.
    pub needs: Needs,
    /// The version that brought it.
    pub since: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// Where to read on.
    #[serde(default)]
    pub references: Vec<String>,
    /// Ids it had before.
    #[serde(default)]
    pub formerly: Vec<String>,
    /// Thresholds and word lists, which the user can change.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// What a fault endangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The rows.
    Integrity,
    /// The speed.
    Performance,
    /// The clarity of what is meant.
    Design,
}

/// What a rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The schema and its relations.
    Schema,
    /// Rows too.
    Rows,
}
