//! Foreign keys: added, validated, replaced, dropped.

use std::collections::BTreeSet;

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::finding::Finding;
use crate::plan::Phase;
use crate::plan::rows::doubt;
use crate::relation::Relation;
use crate::schema::{
    Action, ColumnSet, Deferrable, ForeignKey, Ident, Match, Origin, Table, TableName, display_columns,
};

impl<'a> Tasks<'a> {
    pub(super) fn add_foreign_key(&mut self, finding: &Finding, at: usize, relation: &'a Relation) {
        let key = TaskKey::ForeignKey(relation.child.clone(), relation.parent.clone());
        let title = format!("Add a foreign key from `{}` to `{}`", relation.child, relation.parent);
        if let Some((reason, decide)) = doubt(relation) {
            return self.withhold(key, title, reason, decide);
        }
        let Some(child) = self.facts.schema.table(&relation.child.table) else {
            return;
        };
        // What the application does is none of the database's.
        let by_database = relation.stated.on_delete.filter(|intent| intent.by_database);
        let on_delete = by_database.map_or(Action::NoAction, |intent| intent.action);
        let foreign_key = ForeignKey {
            name: Some(self.names.name(child, &relation.child.columns, "fkey")),
            columns: relation.child.columns.clone(),
            parent: relation.parent.table.clone(),
            parent_columns: relation.parent.columns.clone(),
            on_delete,
            on_update: Action::NoAction,
            set_columns: Vec::new(),
            match_type: Match::Simple,
            deferrable: Deferrable::No,
            validated: false,
            enforced: true,
            period: false,
            origin: Origin::Catalog,
        };
        self.new_foreign_key(finding, Some((at, relation)), child, &foreign_key, title);
    }

    pub(super) fn validate_foreign_key(
        &mut self,
        finding: &Finding,
        relation: Option<(usize, &'a Relation)>,
        child: &'a Table,
        foreign_key: &ForeignKey,
    ) {
        let after = relation.map_or_else(BTreeSet::new, |(at, relation)| self.mend(finding, at, relation));
        self.put_validation(finding, child, foreign_key, after, true);
    }

    pub(super) fn enforce_foreign_key(
        &mut self,
        finding: &Finding,
        relation: Option<(usize, &'a Relation)>,
        child: &'a Table,
        foreign_key: &ForeignKey,
    ) {
        let title = format!("Replace {}, which is switched off", foreign_key.describe(&child.name));
        self.replace(finding, relation, child, foreign_key, foreign_key.on_delete, title);
    }

    pub(super) fn change_delete_action(
        &mut self,
        finding: &Finding,
        at: usize,
        relation: &'a Relation,
        action: Action,
    ) {
        let schema = self.facts.schema;
        let (Some(child), Some(foreign_key)) = (schema.table(&relation.child.table), relation.foreign_key(schema))
        else {
            return;
        };
        let title = format!(
            "Replace {} by one with ON DELETE {}",
            foreign_key.describe(&child.name),
            action.as_sql()
        );
        self.replace(finding, Some((at, relation)), child, foreign_key, action, title);
    }

    pub(super) fn drop_foreign_key(&mut self, finding: &Finding, child: &'a Table, foreign_key: &ForeignKey) {
        let Some(parent) = self.facts.schema.table(&foreign_key.parent) else {
            return;
        };
        let subject = ColumnSet::new(child.name.clone(), foreign_key.columns.clone());
        self.put(
            finding,
            Draft {
                key: TaskKey::Drop(subject, foreign_key.name.clone()),
                phase: Phase::Validate,
                title: format!("Drop {}", foreign_key.describe(&child.name)),
                change: Change::DropForeignKey {
                    child,
                    parent,
                    key: foreign_key.clone(),
                },
                after: BTreeSet::new(),
                rows: None,
            },
        );
    }

    /// Replaces a constraint by one that is enforced and does this on delete.
    fn replace(
        &mut self,
        finding: &Finding,
        relation: Option<(usize, &'a Relation)>,
        child: &'a Table,
        old: &ForeignKey,
        on_delete: Action,
        title: String,
    ) {
        let Some(parent) = self.facts.schema.table(&old.parent) else {
            return;
        };
        let child_end = ColumnSet::new(child.name.clone(), old.columns.clone());
        let key = TaskKey::Replace(child_end, old.name.clone());
        let new = ForeignKey {
            on_delete,
            set_columns: if on_delete == old.on_delete {
                old.set_columns.clone()
            } else {
                Vec::new()
            },
            validated: false,
            enforced: true,
            ..old.clone()
        };
        if let Some((reason, decide)) = self.refusal(relation, child, &new) {
            return self.withhold(key, title, reason, decide);
        }
        let mut after = relation.map_or_else(BTreeSet::new, |(at, relation)| self.mend(finding, at, relation));
        after.extend(old.columns.iter().map(|column| nullable(child, column)));
        let temporary = self.names.name(child, &old.columns, "fkey");
        self.put(
            finding,
            Draft {
                key,
                phase: Phase::Validate,
                title,
                change: Change::ReplaceForeignKey {
                    child,
                    parent,
                    old: old.clone(),
                    new,
                    temporary,
                    copying: self.options.copy_for_foreign_keys,
                },
                after,
                rows: None,
            },
        );
    }

    /// Why a foreign key is not to be added, and what to do.
    fn refusal(
        &self,
        relation: Option<(usize, &'a Relation)>,
        child: &Table,
        foreign_key: &ForeignKey,
    ) -> Option<(String, String)> {
        let set_to_null = if foreign_key.set_columns.is_empty() {
            &foreign_key.columns
        } else {
            &foreign_key.set_columns
        };
        let settable = child.settable_to_null(set_to_null);
        let will_be = |column| self.planned.contains_key(&nullable(child, column));
        let required: Vec<_> = set_to_null
            .iter()
            .filter(|column| !settable.contains(column) && !will_be(column))
            .cloned()
            .collect();
        if foreign_key.on_delete == Action::SetNull && !required.is_empty() {
            let reason = format!(
                "it would be ON DELETE SET NULL, and `{}({})` takes no nulls",
                child.name,
                display_columns(&required)
            );
            let decide = "let the column take nulls, or state another `on_delete` in relaudit.yml".to_owned();
            return Some((reason, decide));
        }
        if let Some(heir) = self.heir(&foreign_key.parent) {
            let reason = format!(
                "rows of `{heir}` are rows of `{}` too, which it inherits from, and no parents to a foreign key (manual, 5.11.1 \
                 \"Caveats\")",
                foreign_key.parent
            );
            let decide = "partition the parent instead, or have triggers check the relation".to_owned();
            return Some((reason, decide));
        }
        let (at, _) = relation?;
        let reason = self.counts(at).err()?;
        let reason = format!("its rows could not be checked: {reason}");
        Some((reason, "audit again where they can be".to_owned()))
    }

    /// A table that inherits from this one.
    fn heir(&self, parent: &TableName) -> Option<&'a TableName> {
        let mut tables = self.facts.schema.tables.values();
        tables
            .find(|table| table.inherits.contains(parent))
            .map(|table| &table.name)
    }

    /// A constraint that is added and validated.
    pub(super) fn new_foreign_key(
        &mut self,
        finding: &Finding,
        relation: Option<(usize, &'a Relation)>,
        child: &'a Table,
        foreign_key: &ForeignKey,
        title: String,
    ) {
        let Some(parent) = self.facts.schema.table(&foreign_key.parent) else {
            return;
        };
        let child_end = ColumnSet::new(child.name.clone(), foreign_key.columns.clone());
        let parent_end = ColumnSet::new(parent.name.clone(), foreign_key.parent_columns.clone());
        let key = TaskKey::ForeignKey(child_end.clone(), parent_end.clone());
        if let Some((reason, decide)) = self.refusal(relation, child, foreign_key) {
            self.withhold(key, title, reason, decide);
            return;
        }
        let mended = relation.map_or_else(BTreeSet::new, |(at, relation)| self.mend(finding, at, relation));
        if !parent.is_unique_key(&parent_end.columns) {
            self.add_unique_key(finding, &parent_end);
        }
        let mut after = mended.clone();
        after.extend([
            TaskKey::Index(child_end.clone()),
            TaskKey::Types(child_end.clone()),
            TaskKey::Unique(parent_end),
        ]);
        after.extend(foreign_key.columns.iter().map(|column| nullable(child, column)));
        self.put(
            finding,
            Draft {
                key: key.clone(),
                phase: Phase::Constrain,
                title,
                change: Change::AddForeignKey {
                    child,
                    parent,
                    key: foreign_key.clone(),
                    copying: self.options.copy_for_foreign_keys,
                    parts: self.parts_with(child, foreign_key),
                },
                after,
                rows: None,
            },
        );
        if self.options.copy_for_foreign_keys {
            return; // the server has looked at every row
        }
        let mut after = mended;
        after.insert(key);
        self.put_validation(finding, child, foreign_key, after, false);
    }

    /// The partitions that have this foreign key as one of their own.
    fn parts_with(&self, child: &Table, wanted: &ForeignKey) -> Vec<(&'a Table, ForeignKey)> {
        let tables = self.facts.schema.tables.values();
        tables
            .filter(|part| part.partition_of.as_ref() == Some(&child.name))
            .flat_map(|part| part.foreign_keys.iter().map(move |key| (part, key)))
            .filter(|(_, key)| key.enforced && key.means_the_same(wanted))
            .map(|(part, key)| (part, key.clone()))
            .collect()
    }

    fn put_validation(
        &mut self,
        finding: &Finding,
        child: &'a Table,
        foreign_key: &ForeignKey,
        after: BTreeSet<TaskKey>,
        existing: bool,
    ) {
        let Some(parent) = self.facts.schema.table(&foreign_key.parent) else {
            return;
        };
        let child_end = ColumnSet::new(child.name.clone(), foreign_key.columns.clone());
        let parent_end = ColumnSet::new(parent.name.clone(), foreign_key.parent_columns.clone());
        let key = TaskKey::Validate(child_end, parent_end);
        self.put(
            finding,
            Draft {
                key,
                phase: Phase::Validate,
                title: format!("Validate {}", foreign_key.describe(&child.name)),
                change: Change::ValidateForeignKey {
                    child,
                    parent,
                    key: foreign_key.clone(),
                    existing,
                },
                after,
                rows: None,
            },
        );
    }
}

/// What makes a column take nulls.
fn nullable(table: &Table, column: &Ident) -> TaskKey {
    TaskKey::Nullable(ColumnSet::new(table.name.clone(), vec![column.clone()]))
}
