//! `relaudit plan --verify`: the plan is tried on a copy of the tables that it is about, in an empty database.

mod copy;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use anyhow::{Context, bail};

use crate::cli::PlanArgs;
use crate::config::Config;
use crate::dialect::change::{PlanDialect, Statement};
use crate::dialect::trial::{self, Rebuild, Scratch, rebuilding};
use crate::finding::Finding;
use crate::plan::{Check, Phase, Plan, Step, Verification};
use crate::report;
use crate::schema::{Ident, Schema, TableKind, TableName};
use crate::source::{self, Opened, Target};

use super::audit::Audited;
use super::input::{self, Input, RowSource};

/// What is tried, and where it is from.
pub(super) struct Subject<'a> {
    pub(super) args: &'a PlanArgs,
    pub(super) config: &'a Config,
    pub(super) input: &'a Input,
    pub(super) audited: &'a Audited,
    pub(super) dialect: &'static dyn PlanDialect,
    pub(super) plan: &'a Plan,
    /// Audits a source and plans for it, with the same options.
    pub(super) plan_again: &'a dyn Fn(&Input) -> anyhow::Result<(Audited, Plan)>,
}

/// Rows of each table, as literals, in order; and what each table is.
#[derive(PartialEq, Eq)]
struct State {
    schema: BTreeMap<TableName, String>,
    rows: BTreeMap<TableName, Vec<Vec<Option<String>>>>,
}

/// Rebuilds, runs, audits, runs again, undoes, and compares. What it made is gone afterwards.
///
/// # Errors
///
/// Nothing could be tried: the scratch database is not one, or the source cannot be copied.
pub(super) fn verify(subject: &Subject<'_>, address: &str) -> anyhow::Result<Verification> {
    let rebuild = rebuilding(subject.dialect.name()).context("this dialect's plans cannot be verified")?;
    check_kind(subject.dialect, address)?;
    if !matches!(subject.input.rows, RowSource::Database(_)) {
        bail!(
            "--verify rebuilds tables of a database, and {} is a file",
            subject.input.info.name
        );
    }
    let options = input::connect_options(&subject.args.input);
    let mut scratch = rebuild
        .open(address, &options)
        .map_err(|reason| anyhow::anyhow!("cannot open the scratch database: {reason}"))?;
    let there = objects(rebuild, &mut scratch)
        .map_err(|reason| anyhow::anyhow!("cannot look into {}: {reason}", scratch.name))?;
    if there.iter().any(|(kind, _)| kind == "table") {
        bail!(
            "{} has tables: what is tried there is dropped afterwards, so --verify wants an empty database",
            scratch.name
        );
    }
    let mut trial = Trial {
        subject,
        rebuild,
        scratch: &mut scratch,
        checks: Vec::new(),
    };
    let _ = trial.all();
    let checks = std::mem::take(&mut trial.checks);
    let verification = Verification {
        scratch: scratch.name.clone(),
        checks,
    };
    clean(rebuild, &mut scratch, &there)
        .map_err(|reason| anyhow::anyhow!("cannot drop what was made in {}: {reason}", scratch.name))?;
    Ok(verification)
}

/// A scratch database is of the same kind as the source.
fn check_kind(dialect: &dyn PlanDialect, address: &str) -> anyhow::Result<()> {
    let is_file = address.starts_with("sqlite:");
    let fits = match dialect.name() {
        "sqlite" => is_file || !address.contains("://"),
        "postgres" => !is_file && matches!(source::parse(address, None), Ok(Target::Postgres(_))),
        _ => !is_file && matches!(source::parse(address, None), Ok(Target::Mysql(_))),
    };
    anyhow::ensure!(
        fits,
        "--verify wants a scratch database of the same kind as the source, which is {}: {}",
        dialect.name(),
        match dialect.name() {
            "sqlite" => "`sqlite::memory:`, or a file that is not there yet",
            "postgres" => "the URL of an empty PostgreSQL database",
            _ => "the URL of an empty MySQL or MariaDB database",
        }
    );
    Ok(())
}

/// Each object in the scratch database, and the statement that drops it.
fn objects(rebuild: &dyn Rebuild, scratch: &mut Scratch) -> Result<Vec<(String, String)>, String> {
    let rows = scratch.writer.rows(rebuild.drops())?;
    let pair = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().flatten();
        Some((row.next()?, row.next()?))
    };
    Ok(rows.into_iter().filter_map(pair).collect())
}

fn clean(rebuild: &dyn Rebuild, scratch: &mut Scratch, before: &[(String, String)]) -> Result<(), String> {
    let [first, last] = rebuild.loading();
    // A statement that failed may have left its transaction open; where it has not, there is none to end.
    let _ = scratch.writer.run(trial::ROLLBACK);
    for sql in first {
        scratch.writer.run(sql)?;
    }
    for object in objects(rebuild, scratch)? {
        if !before.contains(&object) {
            scratch.writer.run(&object.1)?;
        }
    }
    last.iter().try_for_each(|sql| scratch.writer.run(sql))
}

/// A plan on trial.
struct Trial<'a, 's> {
    subject: &'a Subject<'a>,
    rebuild: &'static dyn Rebuild,
    scratch: &'s mut Scratch,
    checks: Vec<Check>,
}

/// The check that failed is kept with the others.
struct Failed;

impl Trial<'_, '_> {
    fn all(&mut self) -> Result<(), Failed> {
        self.check("the tables are rebuilt", Self::copy)?;
        let (before_findings, _) = self.value("the copy is audited", Self::audit)?;
        self.check("the copy has the faults that the plan mends", |trial| {
            trial.shows(&before_findings)
        })?;
        let before = self.value("the copy is read", Self::state)?;
        self.check("the plan runs", |trial| trial.run(false))?;
        let after = self.value("the copy is read", Self::state)?;
        let (left, planned) = self.value("the copy is audited", Self::audit)?;
        self.check("nothing is left to do, and no finding is new", |_| {
            mended(&before_findings, &left, &planned)
        })?;
        self.check("run again, it changes nothing", |trial| {
            trial.run(false)?;
            same(&after, &trial.state()?, "is as it was")
        })?;
        self.check("undone, all is as before", |trial| {
            trial.run(true)?;
            same(&before, &trial.state()?, "is as it was before the plan")
        })
    }

    /// Does something, says what came of it, and goes on only if it went well.
    fn check(
        &mut self,
        name: &'static str,
        doing: impl FnOnce(&mut Self) -> Result<String, String>,
    ) -> Result<(), Failed> {
        let outcome = doing(self);
        if !self.subject.args.quiet {
            let text = match &outcome {
                Ok(detail) if detail.is_empty() => format!("verify: {name}"),
                Ok(detail) => format!("verify: {name}: {detail}"),
                Err(why) => format!("verify: FAILED: {name}: {why}"),
            };
            let _ = writeln!(std::io::stderr(), "{}", report::printable(&text));
        }
        let failed = outcome.is_err();
        self.checks.push(Check { name, outcome });
        if failed { Err(Failed) } else { Ok(()) }
    }

    /// The same of something that is only of interest where it fails.
    fn value<T>(
        &mut self,
        name: &'static str,
        doing: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, Failed> {
        match doing(self) {
            Ok(value) => Ok(value),
            Err(why) => {
                self.check(name, |_| Err(why))?;
                Err(Failed)
            }
        }
    }

    fn copy(&mut self) -> Result<String, String> {
        let RowSource::Database(database) = &self.subject.input.rows else {
            return Err("only tables of a live database can be rebuilt, and the source is a file".to_owned());
        };
        let input = self.subject.input;
        let tables = copy::tables(
            &input.schema,
            &self.subject.audited.relations,
            &self.subject.audited.found.findings,
        );
        let copied = copy::Copying {
            rebuild: self.rebuild,
            database: &**database,
            schema: &input.schema,
            audited: self.subject.audited,
            tables,
        }
        .run(self.scratch)?;
        Ok(copied)
    }

    /// The scratch database as a source.
    fn source(&self) -> Result<Input, String> {
        let subject = self.subject;
        input::read_again(
            &self.scratch.address,
            &subject.args.input,
            &subject.args.models.models,
            subject.config,
        )
        .map_err(|error| format!("{error:#}"))
    }

    /// The findings on the copy, by rule and subject, and what of the plan would be planned for it again. What was withheld
    /// until rows are mended is no part of that.
    fn audit(&mut self) -> Result<(BTreeSet<String>, Vec<String>), String> {
        let input = self.source()?;
        let (audited, plan) = (self.subject.plan_again)(&input).map_err(|error| format!("{error:#}"))?;
        let findings = audited.found.findings.iter().filter(|finding| finding.remedy.is_some());
        let findings = findings.map(|finding| self.named(finding)).collect();
        let tried: BTreeSet<&str> = self.subject.plan.steps.iter().map(|step| step.slug.as_str()).collect();
        let steps = plan
            .steps
            .iter()
            .filter(|step| step.phase != Phase::Contract && tried.contains(step.slug.as_str()));
        Ok((findings, steps.map(|step| step.title.clone()).collect()))
    }

    /// Rule and subject, in whichever of the two databases.
    fn named(&self, finding: &Finding) -> String {
        let subject = match &self.scratch.namespace {
            Some(_) => finding.subject.without_namespace(),
            None => finding.subject.to_string(),
        };
        format!("{} {subject}", finding.rule)
    }

    fn shows(&self, found: &BTreeSet<String>) -> Result<String, String> {
        let reasons: BTreeSet<&String> = self.subject.plan.steps.iter().flat_map(|step| &step.reasons).collect();
        let findings = self.subject.audited.found.findings.iter();
        let planned = findings.filter(|finding| reasons.contains(&format!("{}: {}", finding.rule, finding.message)));
        let planned: BTreeSet<String> = planned.map(|finding| self.named(finding)).collect();
        let missing: Vec<&str> = planned.difference(found).map(String::as_str).collect();
        if missing.is_empty() {
            Ok(counted(planned.len()))
        } else {
            Err(format!("it does not show {}", missing.join(", ")))
        }
    }

    /// Runs the plan, or what undoes it.
    fn run(&mut self, undo: bool) -> Result<String, String> {
        let subject = self.subject;
        let steps = subject.plan.steps.iter().filter(|step| step.phase != Phase::Contract);
        let mut steps: Vec<&Step> = steps.collect();
        if undo {
            steps.reverse();
        }
        for statement in subject.dialect.preamble() {
            self.statement(&statement)?;
        }
        let mut number = 0;
        for step in steps {
            let statements = if undo { &step.work.down } else { &step.work.up };
            for statement in statements {
                number += 1;
                self.statement(statement).map_err(|error| {
                    let undoing = if undo { "undoing " } else { "" };
                    format!("{undoing}step {} ({}): {error}", step.number, step.title)
                })?;
            }
        }
        Ok(format!("{number} statements"))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), String> {
        let from = self
            .subject
            .input
            .schema
            .tables
            .keys()
            .find_map(|name| name.namespace.as_ref());
        let from = from.filter(|_| self.scratch.namespace.is_some());
        let sql = self
            .rebuild
            .placed(&statement.sql, from, self.scratch.namespace.as_ref())?;
        self.scratch.writer.run(&sql)
    }

    fn state(&mut self) -> Result<State, String> {
        let options = input::connect_options(&self.subject.args.input);
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let target = source::parse(&self.scratch.address, None).map_err(|error| failed(&error))?;
        let Opened::Database(database) = source::open(&target, &options).map_err(|error| failed(&error))? else {
            return Err("it is no database".to_owned());
        };
        let schema = database.read_schema().map_err(|error| failed(&error))?.schema;
        let mut rows = BTreeMap::new();
        for table in schema.tables.values().filter(|table| table.kind.holds_rows()) {
            let columns: Vec<Ident> = table.columns.iter().map(|column| column.name.clone()).collect();
            let sql = trial::literals(self.rebuild, database.dialect(), table, &columns, None, None);
            let mut found = self.scratch.writer.rows(&sql)?;
            found.sort();
            rows.insert(table.name.clone(), found);
        }
        Ok(State {
            schema: described(schema),
            rows,
        })
    }
}

/// What each table is, without what changes by itself.
fn described(schema: Schema) -> BTreeMap<TableName, String> {
    let tables = schema
        .tables
        .into_iter()
        .filter(|(_, table)| table.kind != TableKind::View);
    tables
        .map(|(name, mut table)| {
            table.estimated_rows = None;
            table.size_bytes = None;
            table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
            table
                .keys
                .sort_by(|one, other| (&one.name, &one.columns).cmp(&(&other.name, &other.columns)));
            table
                .foreign_keys
                .sort_by(|one, other| (&one.name, &one.columns).cmp(&(&other.name, &other.columns)));
            (name, format!("{table:?}"))
        })
        .collect()
}

fn same(expected: &State, found: &State, phrase: &str) -> Result<String, String> {
    let differ = |one: &BTreeSet<&TableName>| -> Vec<String> { one.iter().map(|name| format!("`{name}`")).collect() };
    let schemas: BTreeSet<&TableName> = (expected.schema.keys().chain(found.schema.keys()))
        .filter(|name| expected.schema.get(*name) != found.schema.get(*name))
        .collect();
    if !schemas.is_empty() {
        return Err(format!("the schema of {} is another", differ(&schemas).join(", ")));
    }
    let rows: BTreeSet<&TableName> = (expected.rows.keys().chain(found.rows.keys()))
        .filter(|name| expected.rows.get(*name) != found.rows.get(*name))
        .collect();
    if !rows.is_empty() {
        return Err(format!("rows of {} are others", differ(&rows).join(", ")));
    }
    let count: usize = found.rows.values().map(Vec::len).sum();
    Ok(format!("every one of {count} rows {phrase}"))
}

/// The rule that a foreign key which the plan adds may break, as findings are named.
const OF_NEW_KEYS: &str = "nullable_composite_key ";

fn mended(before: &BTreeSet<String>, after: &BTreeSet<String>, planned: &[String]) -> Result<String, String> {
    let new = after.difference(before).map(String::as_str);
    // What a foreign key with a null in it leaves unchecked can be said only once there is one.
    let (of_new_keys, new): (Vec<&str>, Vec<&str>) = new.partition(|named| named.starts_with(OF_NEW_KEYS));
    if !new.is_empty() {
        return Err(format!(
            "there are findings that were not there before: {}",
            new.join(", ")
        ));
    }
    if !planned.is_empty() {
        return Err(format!("a new plan would still do this: {}", planned.join("; ")));
    }
    let gone = before.difference(after).count();
    let of_new_keys = match of_new_keys.as_slice() {
        [] => String::new(),
        some => format!("; to decide of new foreign keys: {}", some.join(", ")),
    };
    Ok(format!(
        "{} gone, {} withheld or to decide{of_new_keys}",
        counted(gone),
        after.len()
    ))
}

fn counted(count: usize) -> String {
    if count == 1 {
        "1 finding".to_owned()
    } else {
        format!("{count} findings")
    }
}
