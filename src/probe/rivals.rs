//! A few rows say which of several parents a column means, before the relations are settled: first the planner's
//! statistics, which cost nothing and can only speak against a parent, then a bounded number of keys, looked up in each.
//!
//! What cannot be asked is noted, and then names alone decide.

use std::collections::{BTreeMap, BTreeSet};

use super::{Progress, rewritten, rows, workers};
use crate::dialect::probe_sql::Ends;
use crate::dialect::sample_sql::{self, COUNTED};
use crate::dialect::{ColumnKey, Database, Error, QueryError, QueryFailure, Session, Statistics};
use crate::infer::{self, Question, RowEvidence, Sample};
use crate::schema::{ColumnSet, Note, Schema, TableName};

/// What rows and statistics said.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// What they say of the parents that were asked for.
    pub evidence: RowEvidence,
    /// What could not be asked, and why.
    pub notes: Vec<Note>,
}

/// The questions of one child, which are answered in one state of the database.
struct Unit<'a> {
    child: &'a TableName,
    questions: Vec<Question>,
}

/// A question, and what was found of each of its parents; or why nothing was.
type Answer = (Question, Result<Vec<(ColumnSet, Sample)>, QueryError>);

/// Asks statistics and rows.
///
/// # Errors
///
/// Only where no session can be opened, or no thread be started.
pub fn ask(
    database: &dyn Database,
    schema: &Schema,
    questions: &[Question],
    jobs: usize,
    progress: &Progress<'_>,
) -> Result<Asked, Error> {
    let mut asked = Asked::default();
    if questions.is_empty() {
        return Ok(asked);
    }
    let known = match database.statistics(&columns(questions)) {
        Ok(known) => known,
        Err(error) => {
            let text = format!("the planner's statistics could not be read ({error}): only rows are asked");
            asked.notes.push(Note::new(text));
            Statistics::new()
        }
    };
    let mut children: BTreeMap<&TableName, Vec<Question>> = BTreeMap::new();
    for question in questions {
        let open = by_statistics(question, &known, &mut asked.evidence);
        if !open.parents.is_empty() {
            children.entry(&question.child.table).or_default().push(open);
        }
    }
    let units: Vec<Unit<'_>> = children
        .into_iter()
        .map(|(child, questions)| Unit { child, questions })
        .collect();
    if units.is_empty() {
        return Ok(asked);
    }
    let run = |unit: &Unit<'_>, session: &mut dyn Session| run(database, schema, unit, session);
    let (answers, lost) = workers::work(database, &units, jobs, &run, progress)?;
    for (unit, answers) in units.iter().zip(answers) {
        let answers = answers.unwrap_or_else(|| without_answer(unit, &lost));
        for (question, found) in answers {
            take_in(&mut asked, &question, found);
        }
    }
    // Such a table looks empty to those who began before.
    let rewritten = rewritten::with_roots(schema, &database.rewritten_tables());
    let in_doubt = |end: &ColumnSet| rewritten.contains(&end.table);
    let are_in_doubt = |question: &&Question| in_doubt(&question.child) || question.parents.iter().any(in_doubt);
    for question in questions.iter().filter(are_in_doubt) {
        asked.notes.push(Note::new(format!(
            "rows could not be asked what {} means ({}): names alone decide",
            question.child,
            rewritten::REASON,
        )));
        asked.evidence.retain(|child, _| *child != question.child);
    }
    Ok(asked)
}

/// Every column that is asked for.
fn columns(questions: &[Question]) -> BTreeSet<ColumnKey> {
    let singles = questions.iter().filter(|question| question.child.columns.len() == 1);
    singles
        .flat_map(|question| std::iter::once(&question.child).chain(&question.parents))
        .flat_map(|end| end.columns.iter().map(|column| (end.table.clone(), column.clone())))
        .collect()
}

/// Takes in what statistics say, and leaves the parents that rows are still to be asked for: where statistics may be out
/// of date, they spare nothing.
fn by_statistics(question: &Question, known: &Statistics, evidence: &mut RowEvidence) -> Question {
    let of = |end: &ColumnSet| match end.columns.as_slice() {
        [column] => known.get(&(end.table.clone(), column.clone())),
        _ => None,
    };
    let mut open = question.clone();
    open.parents.retain(|parent| {
        let (Some(of_child), Some(of_parent)) = (of(&question.child), of(parent)) else {
            return true;
        };
        let Some(reason) = infer::statistics_reason(of_child, of_parent) else {
            return true;
        };
        evidence.add(&question.child, parent, reason);
        !(of_child.fresh && of_parent.fresh)
    });
    open
}

fn take_in(asked: &mut Asked, question: &Question, found: Result<Vec<(ColumnSet, Sample)>, QueryError>) {
    match found {
        Ok(found) => {
            for (parent, sample) in found {
                asked.evidence.add_sample(&question.child, &parent, &sample);
            }
        }
        Err(error) => {
            let parents: Vec<String> = question.parents.iter().map(ToString::to_string).collect();
            asked.notes.push(Note::new(format!(
                "rows could not be asked whether {} means {} ({error}): names alone decide",
                question.child,
                parents.join(" or "),
            )));
        }
    }
}

fn without_answer(unit: &Unit<'_>, why: &QueryError) -> Vec<Answer> {
    let questions = unit.questions.iter();
    questions.map(|question| (question.clone(), Err(why.clone()))).collect()
}

/// Answers the questions of one child. The second value is why the session can no longer be used, if so.
fn run(
    database: &dyn Database,
    schema: &Schema,
    unit: &Unit<'_>,
    session: &mut dyn Session,
) -> (Vec<Answer>, Option<QueryError>) {
    let answers = session.begin().and_then(|()| answer(database, schema, unit, session));
    session.end();
    let answers = answers.unwrap_or_else(|error| without_answer(unit, &error));
    let lost = answers.iter().find_map(|(_, found)| {
        let error = found.as_ref().err()?;
        error.ends_session().then(|| error.clone())
    });
    (answers, lost)
}

fn answer(
    database: &dyn Database,
    schema: &Schema,
    unit: &Unit<'_>,
    session: &mut dyn Session,
) -> Result<Vec<Answer>, QueryError> {
    let dialect = database.dialect();
    let child = schema.table(unit.child).ok_or_else(changed)?;
    let order = sample_sql::order(dialect, child);
    let size = first_row(session, &sample_sql::size(dialect, child, &order))?;
    let rows = size.count(0)?;
    let places = sample_sql::places(order, rows, size.number(1).zip(size.number(2)));
    let looks_at_all = places == sample_sql::Places::All;
    let mut answers = Vec::new();
    let mut lost: Option<QueryError> = None;
    for question in &unit.questions {
        let found = match &lost {
            Some(error) => Err(error.clone()),
            None => look_up(database, schema, question, &places, looks_at_all, session),
        };
        lost = found.as_ref().err().filter(|error| error.ends_session()).cloned();
        if found.as_ref().is_err_and(is_of_one_parent) && question.parents.len() > 1 {
            for parent in &question.parents {
                let alone = Question {
                    child: question.child.clone(),
                    parents: vec![parent.clone()],
                };
                let found = look_up(database, schema, &alone, &places, looks_at_all, session);
                answers.push((alone, found));
            }
        } else {
            answers.push((question.clone(), found));
        }
    }
    Ok(answers)
}

/// Whether the failure can be that of one parent, while others can be asked.
fn is_of_one_parent(error: &QueryError) -> bool {
    matches!(
        error.kind,
        QueryFailure::Permission | QueryFailure::RowSecurity | QueryFailure::LockTimeout | QueryFailure::Other
    )
}

/// Looks the keys of one question up in each parent.
fn look_up(
    database: &dyn Database,
    schema: &Schema,
    question: &Question,
    places: &sample_sql::Places,
    whole: bool,
    session: &mut dyn Session,
) -> Result<Vec<(ColumnSet, Sample)>, QueryError> {
    let rivals = question.parents.iter();
    let rivals: Option<Vec<Ends<'_>>> = rivals
        .map(|parent| Ends::between(schema, &question.child, parent))
        .collect();
    let rivals = rivals.ok_or_else(changed)?;
    let sql = sample_sql::lookups(database.dialect(), places, &rivals).ok_or_else(changed)?;
    let row = first_row(session, &sql)?;
    let keys = row.count(0)?;
    // Several columns, and digits in a text, can be in a table by chance as numbers can; how likely, nobody has looked up.
    let can_be_by_chance = row.number(1).is_some() || !rivals.iter().all(sample_sql::keys_are_distinctive);
    let parents = question.parents.iter().enumerate();
    parents
        .map(|(at, parent)| {
            let first = 2 + 4 * at;
            let parent_rows = row.count(first + 2)?;
            let sample = Sample {
                keys,
                found: row.count(first)?,
                shifted: if row.is_there(first + 1) {
                    Some(row.count(first + 1)?)
                } else {
                    can_be_by_chance.then_some(keys)
                },
                whole,
                parent_rows: parent_rows.min(COUNTED),
                parent_is_larger: parent_rows > COUNTED,
                greatest: row.number(1).zip(row.number(first + 3)),
            };
            Ok((parent.clone(), sample))
        })
        .collect()
}

fn changed() -> QueryError {
    QueryError::new(QueryFailure::Permission, "a table is not visible to the current role")
}

/// A row of numbers.
struct Row(Vec<Option<String>>);

impl Row {
    fn is_there(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(Option::is_some)
    }

    fn count(&self, at: usize) -> Result<u64, QueryError> {
        super::count(self.0.get(at).and_then(Option::as_deref))
    }

    fn number(&self, at: usize) -> Option<i128> {
        self.0.get(at)?.as_deref()?.parse().ok()
    }
}

fn first_row(session: &mut dyn Session, sql: &str) -> Result<Row, QueryError> {
    let row = rows(session, sql)?.into_iter().next();
    row.map(Row)
        .ok_or_else(|| QueryError::new(QueryFailure::Other, "a count gave no row"))
}
