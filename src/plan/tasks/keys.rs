//! Indexes, unique keys and nullability.

use std::collections::BTreeSet;

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::dialect::row_set::RowSet;
use crate::finding::Finding;
use crate::plan::Phase;
use crate::relation::Relation;
use crate::schema::{ColumnSet, Ident, Table};

impl<'a> Tasks<'a> {
    pub(super) fn add_index(&mut self, finding: &Finding, columns: &ColumnSet) {
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        let name = self.names.name(table, &columns.columns, "idx");
        self.put(
            finding,
            Draft {
                key: TaskKey::Index(columns.clone()),
                phase: Phase::Prepare,
                title: format!("Add an index on `{columns}`"),
                change: Change::AddIndex {
                    table,
                    columns: &columns.columns,
                    name,
                },
                after: BTreeSet::new(),
                rows: None,
            },
        );
    }

    pub(super) fn add_unique_key(&mut self, finding: &Finding, columns: &ColumnSet) {
        let key = TaskKey::Unique(columns.clone());
        if self.planned.contains_key(&key) || self.withheld.contains_key(&key) {
            return;
        }
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        let title = format!("Make `{columns}` unique");
        let mut after = BTreeSet::new();
        match self.copies(finding, table, columns) {
            Ok(copies) => after.extend(copies),
            Err(reason) => {
                let decide = "decide which row of each group stays, and mend the others by hand".to_owned();
                return self.withhold(key, title, reason, decide);
            }
        }
        // A join table has nothing else that could tell its rows apart.
        let required = |column: &Ident| table.column(column).is_some_and(|column| !column.nullable);
        let primary =
            table.primary_key().is_none() && columns.columns.len() > 1 && columns.columns.iter().all(required);
        if primary {
            self.keyed.insert(table.name.clone());
        }
        let name = self.names.name(table, &columns.columns, "key");
        self.put(
            finding,
            Draft {
                key,
                phase: Phase::Constrain,
                title,
                change: Change::AddUnique {
                    table,
                    columns: &columns.columns,
                    name,
                    primary,
                },
                after,
                rows: None,
            },
        );
    }

    /// A unique key becomes the primary key. What made it unique stays: foreign keys may rest on it.
    pub(super) fn add_primary_key(&mut self, finding: &Finding, columns: &ColumnSet) {
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        let name = self.names.name(table, &[], "pkey");
        self.put(
            finding,
            Draft {
                key: TaskKey::Primary(columns.clone()),
                phase: Phase::Constrain,
                title: format!("Make `{columns}` the primary key"),
                change: Change::AddUnique {
                    table,
                    columns: &columns.columns,
                    name,
                    primary: true,
                },
                after: BTreeSet::new(),
                rows: None,
            },
        );
    }

    /// Rows that are in the way of a unique key: copies of others go into the quarantine.
    fn copies(&mut self, finding: &Finding, table: &'a Table, columns: &ColumnSet) -> Result<Option<TaskKey>, String> {
        // The key with the survey's own columns lives as long as the plan is made.
        let Some((columns, surplus)) = self.survey.surplus.get_key_value(columns) else {
            return Ok(None);
        };
        let too_many = surplus.rows.saturating_sub(surplus.keys);
        if too_many == 0 {
            return Ok(None);
        }
        if surplus.copies != too_many {
            return Err(format!(
                "{} groups of rows share their values ({} rows), and {} of them are no mere copies",
                surplus.keys,
                surplus.rows,
                too_many.saturating_sub(surplus.copies)
            ));
        }
        if surplus.referenced > 0 {
            return Err(format!(
                "{} rows are copies, and {} rows of other tables reference them",
                surplus.copies, surplus.referenced
            ));
        }
        let key = TaskKey::Copies(columns.clone());
        let keeping = self.keeping(table, format!("a copy: {columns} is to be unique"));
        self.put(
            finding,
            Draft {
                key: key.clone(),
                phase: Phase::Repair,
                title: format!(
                    "Move the copies of rows of `{}` into `{}`",
                    table.name, keeping.quarantine
                ),
                change: Change::RemoveRows {
                    rows: RowSet::Copies {
                        table,
                        unique: &columns.columns,
                    },
                    keeping,
                },
                after: BTreeSet::new(),
                rows: Some(surplus.copies),
            },
        );
        Ok(Some(key))
    }

    pub(super) fn set_not_null(
        &mut self,
        finding: &Finding,
        relation: Option<(usize, &'a Relation)>,
        columns: &ColumnSet,
    ) {
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        let nulls = relation
            .and_then(|(at, _)| self.counts(at).ok().flatten())
            .map_or(0, |counts| counts.null_rows);
        for column in &columns.columns {
            let one = ColumnSet::new(columns.table.clone(), vec![column.clone()]);
            let key = TaskKey::NotNull(one.clone());
            let title = format!("Let `{one}` take no nulls");
            if nulls > 0 {
                let reason =
                    format!("{nulls} rows have a null there, and nobody has said what they are to have instead");
                let decide = "fill them, or state the relation as optional in relaudit.yml".to_owned();
                self.withhold(key, title, reason, decide);
                continue;
            }
            self.put(
                finding,
                Draft {
                    key,
                    phase: Phase::Validate,
                    title,
                    change: Change::SetNotNull { table, column },
                    after: BTreeSet::new(),
                    rows: None,
                },
            );
        }
    }

    pub(super) fn drop_not_null(&mut self, finding: &Finding, columns: &ColumnSet) {
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        for column in &columns.columns {
            let one = ColumnSet::new(columns.table.clone(), vec![column.clone()]);
            self.put(
                finding,
                Draft {
                    title: format!("Let `{one}` take nulls"),
                    key: TaskKey::Nullable(one),
                    phase: Phase::Prepare,
                    change: Change::DropNotNull { table, column },
                    after: BTreeSet::new(),
                    rows: None,
                },
            );
        }
    }
}
