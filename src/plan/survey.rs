//! What has to be known of the rows before a plan is made, beyond what an audit asks: the rows that hang on rows which
//! may go, and the duplicates that are mere copies. The only part of planning that does I/O.

mod below;

use std::collections::{BTreeMap, BTreeSet};

use super::hanging::hanging_on_duplicates;
use super::names::is_quarantine;
use super::not_nulls::{self, NotNulls};
use super::triggers::{self, Triggers};
use super::{Options, moves, types};
use crate::dialect::duplicates;
use crate::dialect::key_move::KeyMove;
use crate::dialect::probe_sql::{self, Ends};
use crate::dialect::retype::{self, Retype};
use crate::dialect::row_set::{self, RowSet};
use crate::dialect::{Database, QueryError, Session};
use crate::finding::{Finding, Remedy};
use crate::probe::{Probes, Sample};
use crate::relation::Relations;
use crate::schema::{ColumnSet, ColumnType, Schema, TableKind, TableName};

/// What the rows say.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// For each relation with orphaned rows, by its index: what hangs on those rows.
    pub below: BTreeMap<usize, Vec<Below>>,
    /// The same for rows whose key stands for "none".
    pub below_sentinels: BTreeMap<usize, Vec<Below>>,
    /// For each set of columns that is to be unique: how many rows are too many, and how many of them are copies.
    pub surplus: BTreeMap<ColumnSet, Surplus>,
    /// For each partitioned table that is to have a unique key: the columns, or expressions, that rows are told apart by.
    pub partition_keys: BTreeMap<TableName, Vec<String>>,
    /// For each column that is to have another type: what stands against it.
    pub retypes: BTreeMap<ColumnSet, Obstacles>,
    /// For each column to which a key is to move: what the rows say of it.
    pub moves: BTreeMap<ColumnSet, MoveCounts>,
    /// The triggers of all tables, where rows may be treated.
    pub triggers: Triggers,
    /// The columns that take no nulls, where that is to change and the schema does not tell all.
    pub not_nulls: Option<NotNulls>,
    /// The plans under which rows are kept already.
    pub plans: BTreeSet<String>,
}

/// What the rows say of a key that is to move to the other table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoveCounts {
    /// Rows that more than one row has in its old key.
    pub conflicts: u64,
    /// Some of those: what the old keys hold.
    pub examples: Vec<String>,
    /// Rows of which the two keys lead elsewhere.
    pub elsewhere: u64,
    /// Rows that have the old key only.
    pub unfilled: u64,
    /// Rows that have the new key.
    pub filled: u64,
}

/// What keeps a column from having another type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Obstacles {
    /// Rows whose value cannot have it.
    pub unfit: u64,
    /// Some of those values.
    pub examples: Vec<String>,
    /// What else depends on the column.
    pub dependents: Vec<String>,
}

impl Obstacles {
    /// Why a column is not to have that type, and what to do; `None` where nothing stands against it.
    pub(super) fn refusal(&self, column: &ColumnSet, to: &ColumnType) -> Option<(String, String)> {
        if self.unfit > 0 {
            let reason = format!(
                "{} of `{column}` have values that cannot be `{}` and come back the same, such as `{}`",
                if self.unfit == 1 {
                    "1 row".to_owned()
                } else {
                    format!("{} rows", self.unfit)
                },
                to.declared,
                self.examples.join("`, `")
            );
            return Some((reason, "mend those values, and plan again".to_owned()));
        }
        if self.dependents.is_empty() {
            return None;
        }
        let reason = format!("this depends on `{column}`: {}", self.dependents.join(", "));
        Some((reason, "change the type by hand, and plan again".to_owned()))
    }
}

/// Rows that hang on rows which may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    /// By what they do.
    pub by: By,
    /// How many; `None` where the chain is too long or one of too many, or leads back to a table that is in it by more than
    /// one relation.
    pub rows: Option<u64>,
    /// What hangs on them; empty where there are none.
    pub below: Vec<Below>,
}

/// By what rows hang on others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A relation, as an index into `Relations::relations`.
    Relation(usize),
    /// A polymorphic pair of this table.
    Type(TableName),
}

/// Rows that keep columns from being unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surplus {
    /// Keys that more than one row has.
    pub keys: u64,
    /// Rows with such a key, all of them.
    pub rows: u64,
    /// Those that equal another one in all but their primary key, all but one of each; `None` where the source does not
    /// tell whole rows.
    pub copies: Option<u64>,
    /// Whether anything tells equal rows of the table apart.
    pub tells_apart: bool,
    /// A few of the keys, in order, each with its number of rows.
    pub groups: Vec<Sample>,
    /// Where it is known which rows would go: the tables with rows that hang on those, and how many do.
    pub hanging: Vec<(TableName, u64)>,
}

impl Surplus {
    /// The rows that have to go, so that each key is there once.
    pub fn too_many(&self) -> u64 {
        self.rows.saturating_sub(self.keys)
    }

    /// Whether all that have to go are mere copies.
    pub fn is_copies(&self) -> bool {
        self.copies == Some(self.too_many())
    }
}

/// Asks.
///
/// # Errors
///
/// A question failed; nothing can be planned on half of the answers.
pub fn survey(
    database: &dyn Database,
    schema: &Schema,
    relations: &Relations,
    probes: &Probes,
    findings: &[Finding],
    options: &Options,
) -> Result<Survey, String> {
    let failed = |error: String| format!("cannot count the rows that the plan depends on: {error}");
    let mut session = database.replace_session().map_err(|error| failed(error.to_string()))?;
    session.begin().map_err(|error| failed(error.to_string()))?;
    let mut asking = Asking {
        database,
        schema,
        relations,
        probes,
        options,
        session: &mut *session,
        ways: 0,
    };
    let outcome = asking.all(findings);
    session.end();
    outcome.map_err(|error| failed(error.to_string()))
}

struct Asking<'a> {
    database: &'a dyn Database,
    schema: &'a Schema,
    relations: &'a Relations,
    probes: &'a Probes,
    options: &'a Options,
    session: &'a mut dyn Session,
    /// By how many ways rows were found to hang on those in question.
    ways: usize,
}

impl<'a> Asking<'a> {
    fn all(&mut self, findings: &'a [Finding]) -> Result<Survey, QueryError> {
        let mut survey = Survey::default();
        for (at, relation) in self.relations.relations.iter().enumerate() {
            let counts = self
                .probes
                .relations
                .get(at)
                .and_then(|probe| probe.outcome.done()?.as_ref());
            let Some(counts) = counts.filter(|counts| counts.orphan_rows + counts.sentinel_rows > 0) else {
                continue;
            };
            let Some(ends) = Ends::of(self.schema, relation) else {
                continue;
            };
            if counts.orphan_rows > 0 {
                let below = self.below_of(relation, &RowSet::Orphans(ends))?;
                survey.below.insert(at, below);
            }
            if counts.sentinel_rows > 0 {
                let below = self.below_of(relation, &RowSet::Sentinels(ends))?;
                survey.below_sentinels.insert(at, below);
            }
        }
        for finding in findings {
            if let Some(Remedy::AddUniqueKey(columns)) = &finding.remedy
                && let Some(table) = self.schema.table(&columns.table)
                && table.kind == TableKind::Partitioned
                && let Some(sql) = self.database.dialect().partition_keys(&table.name)
            {
                let mut keys = Vec::new();
                self.session
                    .query(&sql, &mut |row| keys.extend(row.into_iter().flatten()))?;
                survey.partition_keys.insert(table.name.clone(), keys);
            }
            if let Some(Remedy::AddUniqueKey(columns)) = &finding.remedy
                && !survey.surplus.contains_key(columns)
                && let Some(surplus) = self.surplus(columns)?
            {
                survey.surplus.insert(columns.clone(), surplus);
            }
        }
        for (column, retype) in types::wanted(self.schema, self.relations, findings) {
            let obstacles = self.obstacles(&retype)?;
            survey.retypes.insert(column, obstacles);
        }
        for (_, moved) in moves::asked(findings) {
            if let Some(moving) = moves::wanted(self.schema, moved) {
                survey.moves.insert(moved.to_child.clone(), self.move_counts(&moving)?);
            }
        }
        if let Some(sql) = self.database.dialect().triggers() {
            let (schema, found) = (self.schema, &mut survey.triggers);
            self.session.query(&sql, &mut |row| triggers::add(found, schema, row))?;
        }
        let about_nulls =
            |finding: &&Finding| matches!(finding.remedy, Some(Remedy::SetNotNull(_) | Remedy::DropNotNull(_)));
        if let Some(sql) = self
            .database
            .dialect()
            .not_nulls()
            .filter(|_| findings.iter().any(|one| about_nulls(&one)))
        {
            let found = survey.not_nulls.insert(NotNulls::new());
            self.session.query(&sql, &mut |row| not_nulls::add(found, row))?;
        }
        for quarantine in self.schema.tables.values().filter(|table| is_quarantine(table)) {
            let sql = row_set::kept_plans(self.database.dialect(), quarantine);
            // Whoever audits need not be allowed to read what is kept.
            survey.plans.extend(self.texts(&sql).unwrap_or_default());
        }
        Ok(survey)
    }

    fn move_counts(&mut self, moving: &KeyMove<'_>) -> Result<MoveCounts, QueryError> {
        let dialect = self.database.dialect();
        let mut counts = MoveCounts {
            conflicts: self.count(&moving.count_conflicts(dialect))?,
            ..MoveCounts::default()
        };
        if counts.conflicts > 0 {
            counts.examples = self.texts(&moving.conflicts(dialect))?;
        }
        if moving.is_new {
            return Ok(counts);
        }
        counts.filled = self.count(&moving.count_filled(dialect))?;
        let mut row = Vec::new();
        self.session
            .query(&moving.count_differences(dialect), &mut |found| row = found)?;
        let number = |at: usize| row.get(at).and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0);
        counts.elsewhere = number(0);
        counts.unfilled = number(1);
        Ok(counts)
    }

    fn obstacles(&mut self, retype: &Retype<'_>) -> Result<Obstacles, QueryError> {
        let mut found = Obstacles::default();
        let dialect = self.database.dialect();
        if let Some(sql) = retype::count_unfit(dialect, retype) {
            found.unfit = self.count(&sql)?;
        }
        if found.unfit > 0
            && let Some(sql) = retype::unfit_examples(dialect, retype)
        {
            found.examples = self.texts(&sql)?;
        }
        if let Some(sql) = dialect.dependents(retype) {
            found.dependents = self.texts(&sql)?;
        }
        Ok(found)
    }

    /// The first column of each row.
    fn texts(&mut self, sql: &str) -> Result<Vec<String>, QueryError> {
        let mut texts = Vec::new();
        self.session
            .query(sql, &mut |row| texts.extend(row.into_iter().next().flatten()))?;
        Ok(texts)
    }

    fn surplus(&mut self, columns: &'a ColumnSet) -> Result<Option<Surplus>, QueryError> {
        let Some(table) = self.schema.table(&columns.table) else {
            return Ok(None);
        };
        // A key is compared with itself.
        let Some(ends) = Ends::between(self.schema, columns, columns) else {
            return Ok(None);
        };
        let dialect = self.database.dialect();
        let mut row = Vec::new();
        let sql = probe_sql::duplicates(dialect, &ends);
        self.session.query(&sql, &mut |found| row = found)?;
        let number = |at: usize| row.get(at).and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0);
        let mut surplus = Surplus {
            keys: number(0),
            rows: number(1),
            tells_apart: true,
            ..Surplus::default()
        };
        if surplus.keys == 0 {
            return Ok(Some(surplus));
        }
        let sql = probe_sql::duplicate_samples(dialect, &ends);
        let groups = &mut surplus.groups;
        self.session.query(&sql, &mut |mut row| {
            let rows = row.pop().flatten().and_then(|text| text.parse().ok()).unwrap_or(0);
            let values = columns
                .columns
                .iter()
                .cloned()
                .zip(row.into_iter().map(Option::unwrap_or_default));
            groups.push(Sample {
                key: values.collect(),
                rows,
            });
        })?;
        let going = |stays| RowSet::Duplicates {
            table,
            unique: &columns.columns,
            stays,
        };
        if !dialect.has_every_column() {
            return Ok(Some(surplus));
        }
        let are_ordered = duplicates::are_ordered(dialect, table);
        let sql = if are_ordered {
            going(None).count(dialect)
        } else {
            duplicates::count_equal(dialect, table, &columns.columns)
        };
        surplus.copies = Some(self.count(&sql)?);
        if !are_ordered {
            surplus.tells_apart = false;
            return Ok(Some(surplus));
        }
        let keep = self.options.keep_of(columns).and_then(|keep| keep.of(table).ok());
        if surplus.is_copies() {
            surplus.hanging = self.hanging(&going(None))?;
        } else if keep.is_some() {
            surplus.hanging = self.hanging(&going(keep))?;
        }
        Ok(Some(surplus))
    }

    /// The tables with rows that hang on these duplicates.
    fn hanging(&mut self, rows: &RowSet<'a>) -> Result<Vec<(TableName, u64)>, QueryError> {
        let mut found = BTreeMap::new();
        let RowSet::Duplicates { table, unique, stays } = rows else {
            return Ok(Vec::new());
        };
        let probes = Some(self.probes);
        for ends in hanging_on_duplicates(self.schema, self.relations, probes, table, unique, stays.is_none()) {
            let set = RowSet::Below {
                ends,
                above: Box::new(rows.clone()),
            };
            let count = self.count(&set.count(self.database.dialect()))?;
            if count > 0 {
                *found.entry(ends.child.name.clone()).or_insert(0) += count;
            }
        }
        Ok(found.into_iter().collect())
    }

    fn count(&mut self, sql: &str) -> Result<u64, QueryError> {
        let mut count = 0;
        self.session.query(sql, &mut |row| {
            count = row.first().and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0);
        })?;
        Ok(count)
    }
}
