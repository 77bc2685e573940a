//! The rules of one run, with the user's changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::finding::{Finding, Severity};
use crate::relation::RelationId;
use crate::schema::Location;

use super::suppression::Ignored;
use super::{Facts, Findings, Meta, Needs, RULES, Rows, Rule};

type Options = Map<String, Value>;

/// A line of the table of rules.
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) yaml: &'static str,
    pub(super) bad: &'static str,
    pub(super) good: &'static str,
    pub(super) with_options: fn(Options) -> Result<Box<dyn Rule>, serde_json::Error>,
}

/// Makes a rule from its options: the struct is the options.
pub(super) fn from_options<R: Rule + DeserializeOwned + 'static>(
    options: Options,
) -> Result<Box<dyn Rule>, serde_json::Error> {
    serde_json::from_value::<R>(Value::Object(options)).map(|rule| Box::new(rule) as Box<dyn Rule>)
}

/// What the user changes of a rule, under its id in `relaudit.yml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// False: the rule does not run.
    pub enabled: Option<bool>,
    /// How bad its findings are.
    pub severity: Option<Severity>,
    /// Changes to its options.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// The rules of one run.
pub struct RuleSet {
    pub(super) rules: Vec<Loaded>,
    pub(super) ignored: Vec<Ignored>,
}

pub(super) struct Loaded {
    pub(super) id: &'static str,
    meta: Meta,
    bad: &'static str,
    good: &'static str,
    pub(super) enabled: bool,
    pub(super) severity: Severity,
    rule: Box<dyn Rule>,
}

/// What the rules of one run reported.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Worst first, then by subject and rule.
    pub findings: Vec<Finding>,
    /// Rules that could not run.
    pub not_run: Vec<NotRun>,
    /// How many findings the user does not want to hear of.
    pub ignored: usize,
    /// Which entries of `ignore` they are of, by position.
    pub used: BTreeSet<usize>,
}

/// A rule that could not run. Not run is not passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRun {
    /// Its id.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Worst first, then by subject and rule.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|left, right| {
            (right.severity, &left.subject, left.rule, &left.message).cmp(&(
                left.severity,
                &right.subject,
                right.rule,
                &right.message,
            ))
        });
    }
}

impl RuleSet {
    /// Loads every rule with the user's changes.
    ///
    /// # Errors
    ///
    /// One sentence: a rule that there is not, or an option that it does not have.
    pub fn load(overrides: &BTreeMap<String, Override>) -> Result<Self, String> {
        if let Some(unknown) = overrides
            .keys()
            .find(|id| RULES.iter().all(|entry| entry.id != id.as_str()))
        {
            return Err(format!("there is no rule `{unknown}`; `relaudit rules` lists them"));
        }
        let default = Override::default();
        let rules = RULES
            .iter()
            .map(|entry| load(entry, overrides.get(entry.id).unwrap_or(&default)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rules,
            ignored: Vec::new(),
        })
    }

    /// Leaves only one rule: for its fixtures.
    #[must_use]
    pub fn only(mut self, id: &str) -> Self {
        self.rules.retain(|rule| rule.id == id);
        self
    }

    /// Whether a rule runs.
    pub fn is_enabled(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id == id && rule.enabled)
    }

    /// Runs them all.
    pub fn check(&self, facts: &Facts<'_>) -> Report {
        let mut report = Report::default();
        for loaded in self.rules.iter().filter(|rule| rule.enabled) {
            if let (Needs::Rows, Rows::NotRead(reason)) = (loaded.meta.needs, facts.rows) {
                report.not_run.push(NotRun {
                    rule: loaded.id,
                    reason: reason.to_owned(),
                });
                continue;
            }
            let mut findings = Findings::new(loaded.id, loaded.severity);
            loaded.rule.check(facts, &mut findings);
            report.findings.extend(findings.into_found());
        }
        let of_relations = places_of_relations(facts);
        for finding in &mut report.findings {
            locate(facts, &of_relations, finding);
        }
        report.sort();
        self.suppress(&mut report);
        report
    }

    /// Id, words, bad and good example of every rule, in alphabetical order.
    pub fn describe(&self) -> impl Iterator<Item = (&'static str, &Meta, &'static str, &'static str)> {
        self.rules.iter().map(|rule| (rule.id, &rule.meta, rule.bad, rule.good))
    }
}

fn load(entry: &Entry, change: &Override) -> Result<Loaded, String> {
    let meta: Meta = crate::yaml::read(entry.yaml).map_err(|error| format!("rules/{}.yaml: {error}", entry.id))?;
    let mut options = meta.options.clone();
    options.extend(change.options.clone());
    let rule = (entry.with_options)(options).map_err(|error| format!("options of rule `{}`: {error}", entry.id))?;
    Ok(Loaded {
        id: entry.id,
        enabled: change.enabled.unwrap_or(true),
        severity: change.severity.unwrap_or(meta.severity),
        meta,
        bad: entry.bad,
        good: entry.good,
        rule,
    })
}

/// Where models declare each relation.
fn places_of_relations<'a>(facts: &Facts<'a>) -> BTreeMap<RelationId, Vec<&'a Location>> {
    let relations = facts.relations.relations.iter();
    let declared = relations.filter(|relation| !relation.associations.is_empty());
    declared
        .map(|relation| {
            let ends = facts.relations.declarations_of(relation);
            (relation.id(), ends.map(|end| &end.association.location).collect())
        })
        .collect()
}

/// Adds where models declare the relation, and where the subject is declared, to the places that the rule gave.
fn locate(facts: &Facts<'_>, of_relations: &BTreeMap<RelationId, Vec<&Location>>, finding: &mut Finding) {
    let of_relation = finding
        .relation
        .as_ref()
        .and_then(|relation| of_relations.get(relation));
    let mut places = std::mem::take(&mut finding.locations);
    places.extend(of_relation.into_iter().flatten().map(|place| (*place).clone()));
    let declared = location_of(facts, finding);
    if finding.location.is_none() {
        finding.location = declared.clone().or_else(|| places.first().cloned());
    }
    let all = finding.location.clone().into_iter().chain(places).chain(declared);
    for place in all {
        if !finding.locations.contains(&place) {
            finding.locations.push(place);
        }
    }
}

/// Where the finding's subject was declared, if in a file: its first column, else its table.
fn location_of(facts: &Facts<'_>, finding: &Finding) -> Option<Location> {
    let table = facts.schema.table(finding.subject.table_name())?;
    finding
        .subject
        .column_names()
        .first()
        .and_then(|name| table.column(name))
        .and_then(|column| column.origin.location())
        .or_else(|| table.origin.location())
        .cloned()
}
