//! What has to be known of the rows before a plan is made, beyond what an audit asks: the rows that hang on rows which
//! may go, and the duplicates that are mere copies. The only part of planning that does I/O.

use std::collections::BTreeMap;

use crate::dialect::probe_sql::{self, Ends};
use crate::dialect::row_set::RowSet;
use crate::dialect::{Database, QueryError, Session};
use crate::finding::{Finding, Remedy};
use crate::probe::Probes;
use crate::relation::{Relation, Relations};
use crate::schema::{ColumnSet, Schema};

/// How deep rows may hang on each other before a plan gives up on them.
const DEEPEST: usize = 8;

/// What the rows say.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// For each relation with orphaned rows, by its index: what hangs on those rows.
    pub below: BTreeMap<usize, Vec<Below>>,
    /// The same for rows whose key stands for "none".
    pub below_sentinels: BTreeMap<usize, Vec<Below>>,
    /// For each set of columns that is to be unique: how many rows are too many, and how many of them are copies.
    pub surplus: BTreeMap<ColumnSet, Surplus>,
}

/// Rows that hang on rows which may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    /// The relation by which they do, as an index into `Relations::relations`.
    pub relation: usize,
    /// How many; `None` where the chain is too long or leads back to a table that is in it.
    pub rows: Option<u64>,
    /// What hangs on them; empty where there are none.
    pub below: Vec<Below>,
}

/// Rows that keep columns from being unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surplus {
    /// Keys that more than one row has.
    pub keys: u64,
    /// Rows with such a key, all of them.
    pub rows: u64,
    /// Those that equal another one in all but their primary key, all but one of each.
    pub copies: u64,
    /// Rows of other tables that reference such a copy.
    pub referenced: u64,
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
) -> Result<Survey, String> {
    let failed = |error: String| format!("cannot count the rows that the plan depends on: {error}");
    let mut session = database.replace_session().map_err(|error| failed(error.to_string()))?;
    session.begin().map_err(|error| failed(error.to_string()))?;
    let mut asking = Asking {
        database,
        schema,
        relations,
        session: &mut *session,
    };
    let outcome = asking.all(probes, findings);
    session.end();
    outcome.map_err(|error| failed(error.to_string()))
}

struct Asking<'a> {
    database: &'a dyn Database,
    schema: &'a Schema,
    relations: &'a Relations,
    session: &'a mut dyn Session,
}

impl<'a> Asking<'a> {
    fn all(&mut self, probes: &Probes, findings: &'a [Finding]) -> Result<Survey, QueryError> {
        let mut survey = Survey::default();
        for (at, relation) in self.relations.relations.iter().enumerate() {
            let counts = probes
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
                let below = self.below(&RowSet::Orphans(ends), &mut vec![&relation.child.table])?;
                survey.below.insert(at, below);
            }
            if counts.sentinel_rows > 0 {
                let below = self.below(&RowSet::Sentinels(ends), &mut vec![&relation.child.table])?;
                survey.below_sentinels.insert(at, below);
            }
        }
        for finding in findings {
            if let Some(Remedy::AddUniqueKey(columns)) = &finding.remedy
                && !survey.surplus.contains_key(columns)
                && let Some(surplus) = self.surplus(columns)?
            {
                survey.surplus.insert(columns.clone(), surplus);
            }
        }
        Ok(survey)
    }

    /// What hangs on these rows. `path` are the tables on the way here.
    fn below(
        &mut self,
        rows: &RowSet<'a>,
        path: &mut Vec<&'a crate::schema::TableName>,
    ) -> Result<Vec<Below>, QueryError> {
        let table = &rows.table().name;
        let relations: &'a [Relation] = &self.relations.relations;
        let mut found = Vec::new();
        for (at, relation) in relations
            .iter()
            .enumerate()
            .filter(|(_, one)| one.parent.table == *table)
        {
            let Some(ends) = Ends::of(self.schema, relation) else {
                continue;
            };
            let set = RowSet::Below {
                ends,
                above: Box::new(rows.clone()),
            };
            let sql = set.count(self.database.dialect());
            let count = self.count(&sql)?;
            if count == 0 {
                continue;
            }
            if path.contains(&&relation.child.table) || path.len() >= DEEPEST {
                found.push(Below {
                    relation: at,
                    rows: None,
                    below: Vec::new(),
                });
                continue;
            }
            path.push(&relation.child.table);
            let below = self.below(&set, path)?;
            path.pop();
            found.push(Below {
                relation: at,
                rows: Some(count),
                below,
            });
        }
        Ok(found)
    }

    fn surplus(&mut self, columns: &'a ColumnSet) -> Result<Option<Surplus>, QueryError> {
        let Some(table) = self.schema.table(&columns.table) else {
            return Ok(None);
        };
        // A key is compared with itself.
        let Some(ends) = Ends::between(self.schema, columns, columns) else {
            return Ok(None);
        };
        let mut row = Vec::new();
        let sql = probe_sql::duplicates(self.database.dialect(), &ends);
        self.session.query(&sql, &mut |found| row = found)?;
        let number = |at: usize| row.get(at).and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0);
        let mut surplus = Surplus {
            keys: number(0),
            rows: number(1),
            copies: 0,
            referenced: 0,
        };
        if surplus.keys > 0 && table.primary_key().is_some() {
            let copies = RowSet::Copies {
                table,
                unique: &columns.columns,
            };
            let sql = copies.count(self.database.dialect());
            surplus.copies = self.count(&sql)?;
            if surplus.copies > 0 {
                let below = self.below(&copies, &mut vec![&table.name])?;
                surplus.referenced = below.iter().map(|hanging| hanging.rows.unwrap_or(1)).sum();
            }
        }
        Ok(Some(surplus))
    }

    fn count(&mut self, sql: &str) -> Result<u64, QueryError> {
        let mut count = 0;
        self.session.query(sql, &mut |row| {
            count = row.first().and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0);
        })?;
        Ok(count)
    }
}
