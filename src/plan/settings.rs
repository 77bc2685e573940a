//! What relaudit.yml says of single relations and keys. It is more precise than what the command line says of all, so it
//! goes first.

use super::Options;
use super::keep::Keep;
use super::rows::Treatment;
use super::survey::Survey;
use crate::relation::Relation;
use crate::schema::{ColumnSet, Schema, TableName};

/// Settings of single relations and keys.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What becomes of rows whose parent is missing.
    pub orphans: Vec<OrphanSetting>,
    /// Which row stays where these columns are to be unique.
    pub keep: Vec<(ColumnSet, Keep)>,
}

/// What becomes of the rows of some relations whose parent is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanSetting {
    /// The referencing columns.
    pub child: ColumnSet,
    /// The referenced table; `None` for each that they reference.
    pub parent: Option<TableName>,
    /// The treatment.
    pub treatment: Treatment,
}

impl OrphanSetting {
    /// Whether it speaks of this relation.
    pub fn is_of(&self, relation: &Relation) -> bool {
        self.child == relation.child
            && self
                .parent
                .as_ref()
                .is_none_or(|parent| *parent == relation.parent.table)
    }
}

impl Options {
    /// What is said of a relation's rows without parent: by its own setting, else by that for all.
    pub(super) fn treatment_of(&self, relation: &Relation) -> Option<Treatment> {
        self.own_treatment_of(relation).or(self.orphans)
    }

    /// What is said of this relation's rows without parent by its own setting.
    pub(super) fn own_treatment_of(&self, relation: &Relation) -> Option<Treatment> {
        let mut settings = self.settings.orphans.iter();
        let own = settings.find(|setting| setting.is_of(relation));
        own.map(|setting| setting.treatment)
    }

    /// What is said of the rows that share these values: by the key's own setting, else by that for all.
    pub(super) fn keep_of(&self, columns: &ColumnSet) -> Option<&Keep> {
        // A unique key is the same in any order of its columns.
        let is_same = |key: &ColumnSet| {
            key.table == columns.table
                && key.columns.len() == columns.columns.len()
                && key.columns.iter().all(|column| columns.columns.contains(column))
        };
        let own = self.settings.keep.iter().find(|(key, _)| is_same(key));
        own.map(|(_, keep)| keep).or(self.keep.as_ref())
    }

    /// Whether `--keep` names a column that tells of the rows of at least one table. Where it tells nothing of those that
    /// are in question, their steps are withheld with the reason.
    ///
    /// # Errors
    ///
    /// It names none: the reason, with the columns that there are.
    pub fn check_keep(&self, schema: &Schema, survey: &Survey) -> Result<(), String> {
        let Some(keep) = &self.keep else { return Ok(()) };
        let mut asked = survey
            .surplus
            .iter()
            .filter(|(_, surplus)| surplus.too_many() > 0 && !surplus.is_copies())
            .filter(|(columns, _)| self.keep_of(columns) == Some(keep))
            .filter_map(|(columns, _)| schema.table(&columns.table));
        let failure = asked.find_map(|table| keep.of(table).err());
        match failure {
            // A plan that was run leaves the table no longer in question that the column is of.
            Some(reason) if !schema.tables.values().any(|table| keep.of(table).is_ok()) => {
                Err(format!("cannot use --keep {keep}: {reason}"))
            }
            _ => Ok(()),
        }
    }
}
