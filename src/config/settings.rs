//! What the file says of rows that break a relation or a key, found in a schema.

use crate::plan::{Keep, OrphanSetting, Settings};
use crate::relation::Relations;
use crate::schema::{ColumnSet, Schema, Table};

use super::stated::Unresolved;
use super::{Config, DuplicatesEntry, Error, Kind, RelationEntry};

impl Config {
    /// What a plan is to do with rows. Every entry must be about something that is there: a setting that speaks of
    /// nothing would look as if it were heeded.
    ///
    /// # Errors
    ///
    /// An entry is about no relation that is known, or contradicts another one: which, and where it is.
    pub fn settings(&self, schema: &Schema, relations: &Relations) -> Result<Settings, Error> {
        let mut settings = Settings::default();
        for entry in &self.content.relations {
            for setting in self.orphan_settings(schema, entry)? {
                if !relations.relations.iter().any(|relation| setting.is_of(relation)) {
                    let reason = format!(
                        "no relation leads from `{}`, so that it has no orphans: name its `parent`",
                        setting.child
                    );
                    return Err(self.error_at(&entry.child, &reason));
                }
                let differs = |known: &OrphanSetting| {
                    let both = |parent| known.parent.as_ref().is_none_or(|known| known == parent);
                    known.child == setting.child
                        && setting.parent.as_ref().is_none_or(both)
                        && known.treatment != setting.treatment
                };
                if settings.orphans.iter().any(differs) {
                    let reason = "an earlier entry says something else of the relation's `orphans`";
                    return Err(self.error_at(&entry.child, reason));
                }
                settings.orphans.push(setting);
            }
        }
        for entry in &self.content.duplicates {
            let (columns, keep) = self.duplicates(schema, entry)?;
            if settings.keep.iter().any(|(known, _)| *known == columns) {
                let reason = format!("an earlier entry says already which row of `{columns}` stays");
                return Err(self.error_at(&entry.table, &reason));
            }
            settings.keep.push((columns, keep));
        }
        Ok(settings)
    }

    /// The entries of `duplicates` that are not found in a schema. They are counted on from `first`.
    pub(super) fn missing_duplicates(&self, schema: &Schema, first: usize, unresolved: &mut Unresolved) {
        for (at, entry) in self.content.duplicates.iter().enumerate() {
            if let Err(error) = self.duplicates(schema, entry) {
                unresolved.add(first + at, error);
            }
        }
    }

    /// Why the `orphans` of an entry cannot be meant along with what else it says.
    pub(super) fn check_orphans(&self, entry: &RelationEntry) -> Result<(), Error> {
        let Some(treatment) = entry.orphans else { return Ok(()) };
        if entry.kind == Some(Kind::None) {
            let reason = "`orphans` contradicts `kind: none`: what is no relation has no orphans";
            return Err(self.error_at(&entry.child, reason));
        }
        if treatment == crate::plan::Treatment::Nullify && entry.optional == Some(false) {
            let reason = "`orphans: nullify` contradicts `optional: false`: what is required cannot be set to null";
            return Err(self.error_at(&entry.child, reason));
        }
        Ok(())
    }

    fn orphan_settings(&self, schema: &Schema, entry: &RelationEntry) -> Result<Vec<OrphanSetting>, Error> {
        let Some(treatment) = entry.orphans else {
            return Ok(Vec::new());
        };
        let parent = entry.parent.as_ref().map(|name| self.table(schema, name)).transpose()?;
        let setting = |child: ColumnSet, parent: Option<&Table>| OrphanSetting {
            child,
            parent: parent.map(|table| table.name.clone()),
            treatment,
        };
        let child = self.table(schema, &entry.child)?;
        let Some(columns) = &entry.columns else {
            return Ok(Vec::new());
        };
        if entry.kind != Some(Kind::BelongsToMany) {
            let child = self.columns(child, columns, &entry.child)?;
            return Ok(vec![setting(child, parent)]);
        }
        // It says two relations, those of the join table.
        let (Some(through), Some(other)) = (&entry.through, &entry.other_key) else {
            return Ok(Vec::new());
        };
        let join = self.table(schema, through)?;
        Ok(vec![
            setting(self.columns(join, columns, through)?, parent),
            setting(self.columns(join, other, through)?, Some(child)),
        ])
    }

    fn duplicates(&self, schema: &Schema, entry: &DuplicatesEntry) -> Result<(ColumnSet, Keep), Error> {
        let table = self.table(schema, &entry.table)?;
        let columns = self.columns(table, &entry.columns, &entry.table)?;
        let keep: Keep = entry
            .keep
            .value
            .parse()
            .map_err(|reason: String| self.error_at(&entry.keep, &reason))?;
        keep.of(table).map_err(|reason| self.error_at(&entry.keep, &reason))?;
        Ok((columns, keep))
    }
}
