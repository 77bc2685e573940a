//! A bounded copy of the tables that a plan is about: small ones as a whole; of large ones some rows, those that are at
//! fault, and the parents of all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::probe_sql::Ends;
use crate::dialect::row_set::RowSet;
use crate::dialect::trial::{self, Rebuild, Scratch};
use crate::dialect::{Database, Session};
use crate::finding::{Finding, Remedy};
use crate::relation::{Relation, Relations};
use crate::schema::{Column, Ident, Schema, Table, TableKind, TableName};

use super::super::audit::Audited;

/// A table of no more rows is copied as a whole.
const WHOLE: usize = 1_000;
/// How many rows of each fault are copied.
const OF_EACH_FAULT: usize = 200;
/// How many keys are looked up at once.
const KEYS_AT_ONCE: usize = 200;
/// How often the parents of parents are fetched.
const ROUNDS: usize = 50;

/// The tables that the findings are about, what hangs on those, and every parent.
pub(super) fn tables(schema: &Schema, relations: &Relations, findings: &[Finding]) -> BTreeSet<TableName> {
    let by_id = |finding: &&Finding| {
        let id = finding.relation.as_ref()?;
        relations.relations.iter().find(|relation| relation.id() == *id)
    };
    let mut tables = BTreeSet::new();
    for finding in findings.iter().filter(|finding| finding.remedy.is_some()) {
        tables.insert(finding.subject.table_name().clone());
        if let Some(relation) = by_id(&finding) {
            tables.extend([relation.child.table.clone(), relation.parent.table.clone()]);
        }
    }
    let links: Vec<(TableName, TableName)> = schema
        .tables
        .values()
        .flat_map(|table| {
            table
                .foreign_keys
                .iter()
                .map(|key| (table.name.clone(), key.parent.clone()))
        })
        .chain(
            relations
                .relations
                .iter()
                .map(|relation| (relation.child.table.clone(), relation.parent.table.clone())),
        )
        .collect();
    let mut grow = |downwards: bool| {
        loop {
            let before = tables.len();
            for (child, parent) in &links {
                if downwards && tables.contains(parent) {
                    tables.insert(child.clone());
                } else if !downwards && tables.contains(child) {
                    tables.insert(parent.clone());
                }
            }
            if tables.len() == before {
                break;
            }
        }
    };
    grow(true);
    grow(false);
    tables.retain(|name| schema.table(name).is_some());
    tables
}

/// What is copied, and from where.
pub(super) struct Copying<'a> {
    pub(super) rebuild: &'static dyn Rebuild,
    pub(super) database: &'a dyn Database,
    pub(super) schema: &'a Schema,
    pub(super) audited: &'a Audited,
    pub(super) tables: BTreeSet<TableName>,
}

type Rows = Vec<Vec<String>>;

impl Copying<'_> {
    /// Makes the tables and fills them. Says how much it was.
    pub(super) fn run(&self, scratch: &mut Scratch) -> Result<String, String> {
        let tables: Vec<&Table> = self.tables.iter().filter_map(|name| self.schema.table(name)).collect();
        let other = |table: &&&Table| {
            !matches!(table.kind, TableKind::Table | TableKind::WithoutRowid)
                || table.partition_of.is_some()
                || !table.inherits.is_empty()
        };
        if let Some(table) = tables.iter().find(other) {
            return Err(format!(
                "`{}` is no plain table, and only those can be rebuilt",
                table.name
            ));
        }
        if scratch.namespace.is_some()
            && let [first, rest @ ..] = tables.as_slice()
            && rest.iter().any(|table| table.name.namespace != first.name.namespace)
        {
            return Err("the tables are in several databases, and only those of one can be rebuilt".to_owned());
        }
        let mut session = self.database.replace_session().map_err(|error| error.to_string())?;
        session.begin().map_err(|error| error.to_string())?;
        let outcome = self.fill(&tables, scratch, &mut *session);
        session.end();
        let rows = outcome?;
        Ok(format!("{} tables with {rows} rows in {}", tables.len(), scratch.name))
    }

    fn fill(&self, tables: &[&Table], scratch: &mut Scratch, session: &mut dyn Session) -> Result<usize, String> {
        let [first, last] = self.rebuild.loading();
        for sql in first {
            scratch.writer.run(sql)?;
        }
        for query in self.rebuild.making(tables) {
            make(&query, scratch, session)?;
        }
        scratch.writer.run(trial::BEGIN)?;
        let mut whole = BTreeSet::new();
        let mut rows = 0;
        for table in tables {
            let (found, is_whole) = self.rows_of(table, session)?;
            rows += self.insert(table, found, scratch)?;
            if is_whole {
                whole.insert(table.name.clone());
            }
        }
        rows += self.parents(&whole, scratch, session)?;
        scratch.writer.run(trial::COMMIT)?;
        for query in self.rebuild.completing(tables) {
            make(&query, scratch, session)?;
        }
        last.iter().try_for_each(|sql| scratch.writer.run(sql))?;
        Ok(rows)
    }

    /// The rows of a table that are copied at first, and whether they are all.
    fn rows_of(&self, table: &Table, session: &mut dyn Session) -> Result<(Rows, bool), String> {
        let columns = stored(table);
        let select = |condition: Option<&str>, limit: usize| {
            let dialect = self.database.dialect();
            trial::literals(self.rebuild, dialect, table, &names(&columns), condition, Some(limit))
        };
        let mut rows = read(session, &select(None, WHOLE + 1))?;
        if rows.len() <= WHOLE {
            return Ok((rows, true));
        }
        let mut known: BTreeSet<Vec<String>> = rows.iter().cloned().collect();
        for condition in self.faults(table) {
            for row in read(session, &select(Some(&condition), OF_EACH_FAULT))? {
                if known.insert(row.clone()) {
                    rows.push(row);
                }
            }
        }
        Ok((rows, false))
    }

    /// The conditions of the rows of a large table that the plan is about.
    fn faults(&self, table: &Table) -> Vec<String> {
        let dialect = self.database.dialect();
        let relations = &self.audited.relations.relations;
        let broken: Vec<RowSet<'_>> = relations
            .iter()
            .enumerate()
            .filter(|(at, _)| {
                let probe = self
                    .audited
                    .probes
                    .as_ref()
                    .and_then(|probes| probes.relations.get(*at));
                let counts = probe.and_then(|probe| probe.outcome.done()?.as_ref());
                counts.is_some_and(|counts| counts.orphan_rows + counts.sentinel_rows > 0)
            })
            .filter_map(|(_, relation)| Ends::of(self.schema, relation))
            .flat_map(|ends| [RowSet::Orphans(ends), RowSet::Sentinels(ends)])
            .collect();
        let mut conditions = Vec::new();
        for rows in broken.iter().filter(|rows| rows.table().name == table.name) {
            conditions.push(rows.condition(dialect, "r"));
        }
        let above = |relation: &Relation| relation.child.table == table.name;
        for relation in relations.iter().filter(|relation| above(relation)) {
            let Some(ends) = Ends::of(self.schema, relation) else {
                continue;
            };
            for rows in broken.iter().filter(|rows| rows.table().name == relation.parent.table) {
                let below = RowSet::Below {
                    ends,
                    above: Box::new(rows.clone()),
                };
                conditions.push(below.condition(dialect, "r"));
            }
        }
        for finding in &self.audited.found.findings {
            if let Some(Remedy::AddUniqueKey(columns)) = &finding.remedy
                && columns.table == table.name
            {
                conditions.push(trial::duplicated(dialect, table, columns));
            }
        }
        conditions
    }

    /// Fetches the parents of rows that are there, until none is missing that the source has.
    fn parents(
        &self,
        whole: &BTreeSet<TableName>,
        scratch: &mut Scratch,
        session: &mut dyn Session,
    ) -> Result<usize, String> {
        let mut added = 0;
        let mut asked: BTreeMap<usize, BTreeSet<Vec<String>>> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let mut now = 0;
            for (at, relation) in self.audited.relations.relations.iter().enumerate() {
                let is_copied = |name: &TableName| self.tables.contains(name);
                if whole.contains(&relation.parent.table)
                    || !is_copied(&relation.child.table)
                    || !is_copied(&relation.parent.table)
                {
                    continue;
                }
                let asked = asked.entry(at).or_default();
                now += self.parents_of(relation, asked, scratch, session)?;
            }
            added += now;
            if now == 0 {
                return Ok(added);
            }
        }
        Ok(added)
    }

    fn parents_of(
        &self,
        relation: &Relation,
        asked: &mut BTreeSet<Vec<String>>,
        scratch: &mut Scratch,
        session: &mut dyn Session,
    ) -> Result<usize, String> {
        let Some(ends) = Ends::of(self.schema, relation) else {
            return Ok(0);
        };
        let dialect = self.database.dialect();
        let [child, parent] = [ends.child, ends.parent].map(|table| placed(table, scratch));
        let there = Ends {
            child: &child,
            parent: &parent,
            ..ends
        };
        let missing =
            trial::any_of(&[RowSet::Orphans(there), RowSet::Sentinels(there)].map(|rows| rows.condition(dialect, "r")));
        let sql = trial::literals(self.rebuild, dialect, &child, ends.child_columns, Some(&missing), None);
        let keys = scratch.writer.rows(&sql)?.into_iter().map(literals);
        let keys: Vec<Vec<String>> = keys.filter(|key| asked.insert(key.clone())).collect();
        let columns = stored(ends.parent);
        let mut added = 0;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let each = keys.iter().map(|key| trial::has_key(dialect, ends.parent_columns, key));
            let condition = trial::any_of(&each.collect::<Vec<_>>());
            let sql = trial::literals(
                self.rebuild,
                dialect,
                ends.parent,
                &names(&columns),
                Some(&condition),
                None,
            );
            let rows = read(session, &sql)?;
            added += self.insert(ends.parent, rows, scratch)?;
        }
        Ok(added)
    }

    fn insert(&self, table: &Table, rows: Rows, scratch: &mut Scratch) -> Result<usize, String> {
        let columns = stored(table);
        let name = placed(table, scratch).name;
        let count = rows.len();
        for row in rows {
            let sql = self.rebuild.insertion(&name, &columns, &row);
            scratch
                .writer
                .run(&sql)
                .map_err(|error| format!("copying a row of `{}`: {error}", table.name))?;
        }
        Ok(count)
    }
}

/// Runs in the one database what a query on the other one says.
fn make(query: &str, scratch: &mut Scratch, session: &mut dyn Session) -> Result<(), String> {
    let mut statements = Vec::new();
    session
        .query(query, &mut |mut row| statements.extend(row.pop().flatten()))
        .map_err(|error| error.to_string())?;
    statements.iter().try_for_each(|sql| {
        let said = scratch.writer.run(sql);
        said.map_err(|error| {
            format!(
                "{error}; the statement was: {}",
                sql.chars().take(300).collect::<String>()
            )
        })
    })
}

fn read(session: &mut dyn Session, sql: &str) -> Result<Rows, String> {
    let mut rows = Vec::new();
    session
        .query(sql, &mut |row| rows.push(literals(row)))
        .map_err(|error| error.to_string())?;
    Ok(rows)
}

fn literals(row: Vec<Option<String>>) -> Vec<String> {
    row.into_iter()
        .map(|value| value.unwrap_or_else(|| "NULL".to_owned()))
        .collect()
}

/// The columns that can be written.
fn stored(table: &Table) -> Vec<&Column> {
    table
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .collect()
}

fn names(columns: &[&Column]) -> Vec<Ident> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// The table as it is in the scratch database.
fn placed(table: &Table, scratch: &Scratch) -> Table {
    let mut table = table.clone();
    if let Some(namespace) = &scratch.namespace {
        table.name.namespace = Some(namespace.clone());
    }
    table
}
