//! Schemas whose foreign keys are known and were taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::schema::{Action, ColumnSet, Deferrable, ForeignKey, Ident, Match, Origin, Schema, Stated, TableName};

/// One column that references one other: what is compared. A composite is as many of them as it has columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) child: TableName,
    pub(crate) column: Ident,
    pub(crate) parent: TableName,
    pub(crate) key: Ident,
}

impl Pair {
    /// The pairs of a reference.
    pub(crate) fn of(child: &ColumnSet, parent: &ColumnSet) -> Vec<Self> {
        let columns = child.columns.iter().zip(&parent.columns);
        columns
            .map(|(column, key)| Self {
                child: child.table.clone(),
                column: column.clone(),
                parent: parent.table.clone(),
                key: key.clone(),
            })
            .collect()
    }

    /// The same without the parent's column.
    pub(crate) fn by_table(&self) -> (TableName, Ident, TableName) {
        (self.child.clone(), self.column.clone(), self.parent.clone())
    }

    /// As a person reads it.
    pub(crate) fn show(&self) -> String {
        format!("{}.{} → {}.{}", self.child, self.column, self.parent, self.key)
    }
}

/// A schema without foreign keys, and the foreign keys.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) truth: BTreeSet<Pair>,
    /// The foreign keys themselves, in the order of the file.
    pub(crate) foreign_keys: Vec<(ColumnSet, ColumnSet)>,
    /// Whether it is PostgreSQL's; else MySQL's.
    pub(crate) is_postgres: bool,
    /// Whether what is not declared can well be meant: then only recall is measured.
    pub(crate) recall_only: bool,
}

impl Case {
    /// Reads one folder of the corpus.
    fn read(folder: &Path, recall_only: &[String]) -> anyhow::Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join("schema_nofk.sql"))?;
        let meta: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(folder.join("meta.json"))?)?;
        let engine = meta
            .get("engine")
            .and_then(|engine| engine.as_str())
            .unwrap_or_default();
        let is_postgres = engine.starts_with("postgres");
        let dialect = if is_postgres {
            SqlDialect::Postgres
        } else {
            SqlDialect::MySql
        };
        let file = SourceFile {
            name: name.clone(),
            text,
        };
        let schema = ddl::read(&[file], dialect).schema;
        let foreign_keys = read_truth(&std::fs::read_to_string(folder.join("truth.tsv"))?, &schema)
            .map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        let mut foreign_keys = foreign_keys;
        for (child, parent) in &mut foreign_keys {
            whole(&schema, child);
            whole(&schema, parent);
        }
        let truth = foreign_keys
            .iter()
            .flat_map(|(child, parent)| Pair::of(child, parent))
            .collect();
        Ok(Self {
            is_postgres,
            recall_only: recall_only.contains(&name),
            name,
            schema,
            truth,
            foreign_keys,
        })
    }

    /// Takes all indexes out that no key made: they often exist only because somebody meant a reference.
    pub(crate) fn without_indexes(&mut self) {
        for table in self.schema.tables.values_mut() {
            table.indexes.retain(|index| index.constraint.is_some() || index.unique);
        }
    }

    /// Declares every second foreign key, which then is no longer asked for.
    pub(crate) fn keep_half(&mut self) {
        let kept: Vec<(ColumnSet, ColumnSet)> = self.foreign_keys.iter().step_by(2).cloned().collect();
        for (child, parent) in kept {
            for pair in Pair::of(&child, &parent) {
                self.truth.remove(&pair);
            }
            if let Some(table) = self.schema.tables.get_mut(&child.table) {
                table.foreign_keys.push(foreign_key(child.columns, &parent));
            }
        }
    }

    /// What relations are stated: none.
    pub(crate) fn stated() -> Stated {
        Stated::default()
    }
}

/// A foreign key of a partition is one of the partitioned table.
fn whole(schema: &Schema, end: &mut ColumnSet) {
    while let Some(root) = schema.table(&end.table).and_then(|table| table.partition_of.clone()) {
        end.table = root;
    }
}

fn foreign_key(columns: Vec<Ident>, parent: &ColumnSet) -> ForeignKey {
    ForeignKey {
        name: None,
        columns,
        parent: parent.table.clone(),
        parent_columns: parent.columns.clone(),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        set_columns: Vec::new(),
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: true,
        enforced: true,
        period: false,
        origin: Origin::Catalog,
    }
}

fn read_truth(text: &str, schema: &Schema) -> anyhow::Result<Vec<(ColumnSet, ColumnSet)>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let by_name: BTreeMap<&str, usize> = header.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let field = |name: &str| {
                let found = by_name.get(name).and_then(|at| fields.get(*at));
                found
                    .copied()
                    .ok_or_else(|| anyhow::anyhow!("no field `{name}` in `{line}`"))
            };
            let end = |side: &str| {
                let table = field(&format!("{side}_table"))?;
                let namespace = field(&format!("{side}_schema"))?;
                let columns = field(&format!("{side}_columns"))?.split(',').map(Ident::from).collect();
                let name = TableName {
                    namespace: Some(namespace).filter(|name| !name.is_empty()).map(Ident::from),
                    table: table.into(),
                };
                anyhow::ensure!(
                    schema.table(&name).is_some(),
                    "the schema that was read has no table {name}"
                );
                Ok(ColumnSet::new(name, columns))
            };
            Ok((end("child")?, end("parent")?))
        })
        .collect()
}

/// All schemas below a folder, by name.
pub(crate) fn read(folder: &Path, recall_only: &[String]) -> anyhow::Result<Vec<Case>> {
    let mut folders: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("truth.tsv").is_file())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Case::read(folder, recall_only)).collect()
}
