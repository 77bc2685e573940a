//! Indexes, unique keys and nullability.

use std::collections::BTreeSet;

use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::{Change, NotNull, Partition};
use crate::finding::Finding;
use crate::plan::Phase;
use crate::relation::Relation;
use crate::schema::{ColumnSet, Ident, Table, TableKind};

impl<'a> Tasks<'a> {
    pub(super) fn add_index(&mut self, finding: &Finding, columns: &ColumnSet) {
        let Some(table) = self.facts.schema.table(&columns.table) else {
            return;
        };
        let name = self.names.name(table, &columns.columns, "idx");
        let partitions = self.partitions(table, &columns.columns, "idx");
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
                    partitions,
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
        if let Err(reason) = self.holds_partition_key(table, columns) {
            let decide = "add those columns to the key, or take the partitions away".to_owned();
            return self.withhold(key, title, reason, decide);
        }
        let mut after = BTreeSet::new();
        match self.duplicates(finding, table, columns) {
            Ok(moved) => after.extend(moved),
            Err((reason, decide)) => return self.withhold(key, title, reason, decide),
        }
        // A join table has nothing else that could tell its rows apart.
        let required = |column: &Ident| table.column(column).is_some_and(|column| !column.nullable);
        let primary = table.kind != TableKind::Partitioned
            && table.primary_key().is_none()
            && columns.columns.len() > 1
            && columns.columns.iter().all(required);
        if primary {
            self.keyed.insert(table.name.clone());
        }
        let name = self.names.name(table, &columns.columns, "key");
        let partitions = self.partitions(table, &columns.columns, "key");
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
                    partitions,
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
        let partitions = self.partitions(table, &columns.columns, "pkey");
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
                    partitions,
                },
                after: BTreeSet::new(),
                rows: None,
            },
        );
    }

    /// What a table is partitioned into, each part with the name that its own index or constraint will have.
    fn partitions(&mut self, table: &Table, columns: &[Ident], suffix: &str) -> Vec<Partition<'a>> {
        if table.kind != TableKind::Partitioned {
            return Vec::new();
        }
        let all = self.facts.schema.tables.values();
        all.filter(|part| part.partition_of.as_ref() == Some(&table.name))
            .map(|part| Partition {
                table: part,
                index: self.names.name(part, columns, suffix),
            })
            .collect()
    }

    /// A unique key of a partitioned table is one of each partition, so that it must tell in which one a row is.
    fn holds_partition_key(&self, table: &Table, columns: &ColumnSet) -> Result<(), String> {
        if table.kind != TableKind::Partitioned {
            return Ok(());
        }
        let Some(needed) = self.survey.partition_keys.get(&table.name) else {
            return Err(format!(
                "`{}` is partitioned, and it is not known by what: a unique key must hold all those columns",
                table.name
            ));
        };
        let missing: Vec<&str> = needed
            .iter()
            .filter(|name| !columns.columns.iter().any(|column| column.as_str() == name.as_str()))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "`{}` is partitioned by `{}`, and a unique key must hold all the columns that it is partitioned by",
            table.name,
            missing.join("`, `")
        ))
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
                    change: Change::SetNotNull {
                        table,
                        column,
                        standing: self.standing(&one),
                    },
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
            let (key, title) = (TaskKey::Nullable(one.clone()), format!("Let `{one}` take nulls"));
            if let Some(reason) = self.needs_not_null(table, &one, column) {
                let decide = "state the relation as required in relaudit.yml, or change that by hand".to_owned();
                self.withhold(key, title, reason, decide);
                continue;
            }
            self.put(
                finding,
                Draft {
                    title,
                    key,
                    phase: Phase::Prepare,
                    change: Change::DropNotNull {
                        table,
                        column,
                        standing: self.standing(&one),
                    },
                    after: BTreeSet::new(),
                    rows: None,
                },
            );
        }
    }

    /// The constraint by which a column takes no nulls, or new rows none.
    fn standing(&self, column: &ColumnSet) -> Option<NotNull> {
        self.survey.not_nulls.as_ref()?.get(column).cloned().flatten()
    }

    /// What else keeps a column from taking nulls.
    fn needs_not_null(&self, table: &Table, one: &ColumnSet, column: &Ident) -> Option<String> {
        if table.primary_key().is_some_and(|key| key.columns.contains(column)) {
            return Some(format!("`{one}` is in the primary key, which takes none"));
        }
        let by_table = self
            .survey
            .not_nulls
            .as_ref()
            .is_none_or(|known| known.contains_key(one));
        let ty = table.column(column).map(|column| column.ty.declared.as_str());
        (!by_table).then(|| format!("its type takes none: `{}`", ty.unwrap_or_default()))
    }
}
