//! What rules read, and where they report to.

use crate::finding::{Confidence, Finding, Remedy, Severity, Subject};
use crate::probe::{Probes, RelationCounts};
use crate::relation::{Relation, RelationId, Relations, Tier};
use crate::schema::{ColumnSet, ForeignKey, Location, Schema, Table};

/// Everything known of one database. Complete before the first rule runs.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What it is made of.
    pub schema: &'a Schema,
    /// What is meant to refer to what.
    pub relations: &'a Relations,
    /// What its rows say.
    pub rows: Rows<'a>,
}

/// What the rows say.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// They were asked.
    Probed(&'a Probes),
    /// They were not, for this reason.
    NotRead(&'a str),
}

impl<'a> Facts<'a> {
    /// What the rows say, if they were asked.
    pub fn probes(&self) -> Option<&'a Probes> {
        match self.rows {
            Rows::Probed(probes) => Some(probes),
            Rows::NotRead(_) => None,
        }
    }

    /// Every relation with its child and parent table. The parent is `None` where it is not in the schema.
    pub fn relations(&self) -> impl Iterator<Item = (&'a Relation, &'a Table, Option<&'a Table>)> {
        let schema = self.schema;
        self.relations.relations.iter().filter_map(move |relation| {
            let child = schema.table(&relation.child.table)?;
            Some((relation, child, schema.table(&relation.parent.table)))
        })
    }

    /// Every foreign key that is declared, with its child table; those of a partition too, if it has some of its own.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&'a Table, &'a ForeignKey)> {
        self.schema
            .tables
            .values()
            .filter(|table| table.audited)
            .flat_map(|table| table.foreign_keys.iter().map(move |foreign_key| (table, foreign_key)))
    }

    /// The relation that a foreign key of this table declares, if its parent is known.
    pub fn relation_of(&self, table: &Table, foreign_key: &ForeignKey) -> Option<&'a Relation> {
        self.relations.of_child(&table.name).find(|relation| {
            relation
                .foreign_keys
                .iter()
                .filter_map(|position| table.foreign_keys.get(*position))
                .any(|declared| declared == foreign_key)
        })
    }

    /// Every relation whose rows were counted, without guesses that these rows refute.
    pub fn counts(&self) -> impl Iterator<Item = (&'a Relation, &'a RelationCounts)> {
        let relations = self.relations;
        self.probes().into_iter().flat_map(move |probes| {
            relations
                .relations
                .iter()
                .zip(&probes.relations)
                .filter(|(relation, _)| relation.tier() != Tier::Weak)
                .filter_map(|(relation, probe)| Some((relation, probe.outcome.done()?.as_ref()?)))
        })
    }

    /// Every polymorphic pair whose rows were counted, with the type values that occur.
    pub fn polymorphic_values(
        &self,
    ) -> impl Iterator<Item = (&'a crate::relation::Polymorphic, &'a [crate::probe::PolymorphicValue])> {
        let pairs = &self.relations.polymorphic;
        self.probes().into_iter().flat_map(move |probes| {
            pairs
                .iter()
                .zip(&probes.polymorphic)
                .filter_map(|(pair, probe)| Some((pair, probe.outcome.done()?.as_slice())))
        })
    }
}

/// Where a rule reports to. It knows the rule and its severity.
#[derive(Debug)]
pub(super) struct Findings {
    rule: &'static str,
    severity: Severity,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(rule: &'static str, severity: Severity) -> Self {
        Self {
            rule,
            severity,
            found: Vec::new(),
        }
    }

    /// Reports a fact about a subject. The returned builder adds to it.
    pub(super) fn report(&mut self, subject: Subject, message: impl Into<String>) -> FindingBuilder<'_> {
        self.found.push(Finding {
            rule: self.rule,
            severity: self.severity,
            confidence: Confidence::Certain,
            subject,
            relation: None,
            message: message.into(),
            count: None,
            location: None,
            locations: Vec::new(),
            fix: None,
            remedy: None,
        });
        let last = self.found.len() - 1;
        FindingBuilder {
            finding: &mut self.found[last],
        }
    }

    /// Reports on a relation: the subject is its child, and it is as sure as the relation.
    pub(super) fn report_relation(&mut self, relation: &Relation, message: impl Into<String>) -> FindingBuilder<'_> {
        self.report(Subject::columns(&relation.child), message)
            .relation(relation.id())
            .confidence(Confidence::of(relation))
    }

    /// Reports on a foreign key as it is declared, and where: a plain fact.
    pub(super) fn report_foreign_key(
        &mut self,
        facts: &Facts<'_>,
        table: &Table,
        foreign_key: &ForeignKey,
        message: impl Into<String>,
    ) -> FindingBuilder<'_> {
        let subject = Subject::columns(&ColumnSet::new(table.name.clone(), foreign_key.columns.clone()));
        let relation = facts.relation_of(table, foreign_key).map(Relation::id);
        let builder = self.report(subject, message);
        builder.finding.relation = relation;
        builder.finding.location = foreign_key.origin.location().cloned();
        builder
    }

    pub(super) fn into_found(self) -> Vec<Finding> {
        self.found
    }
}

/// Adds to a finding that was just reported.
#[derive(Debug)]
pub(super) struct FindingBuilder<'a> {
    finding: &'a mut Finding,
}

impl FindingBuilder<'_> {
    /// The relation it is about.
    pub(super) fn relation(self, relation: RelationId) -> Self {
        self.finding.relation = Some(relation);
        self
    }

    /// How sure it is, where it is no plain fact.
    pub(super) fn confidence(self, confidence: Confidence) -> Self {
        self.finding.confidence = confidence;
        self
    }

    /// Less bad than the rule as such. Never makes it worse.
    pub(super) fn at_most(self, severity: Severity) -> Self {
        self.finding.severity = self.finding.severity.min(severity);
        self
    }

    /// How many rows.
    pub(super) fn count(self, rows: u64) -> Self {
        self.finding.count = Some(rows);
        self
    }

    /// Where a model declares what is wrong: this is where to look first.
    pub(super) fn declared_at(self, location: &Location) -> Self {
        self.finding.location.get_or_insert_with(|| location.clone());
        self.also_at(location)
    }

    /// Another place that it is about.
    pub(super) fn also_at(self, location: &Location) -> Self {
        self.finding.locations.push(location.clone());
        self
    }

    /// What to do about it, in one line.
    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        self.finding.fix = Some(fix.into());
        self
    }

    /// The same as a plan takes it.
    pub(super) fn remedy(self, remedy: Remedy) -> Self {
        self.finding.remedy = Some(remedy);
        self
    }
}
