//! `relaudit plan`: audits, then writes the migration that mends what was found.

use std::path::Path;

use anyhow::{Context, bail};

use crate::cli::{ForeignKeyWay, PlanArgs};
use crate::config::Config;
use crate::dialect::change::{PlanDialect, Version};
use crate::dialect::{interrupt, mysql, postgres, sqlite};
use crate::plan::{self, Plan, Survey, Verification};
use crate::report::{PlanReport, plan_files, plan_script};
use crate::rules::{Facts, RuleSet};
use crate::schema::Ident;

use super::audit::Audited;
use super::input::{self, Input};
use super::{Outcome, audit, layout, output, verify};

/// Plans, and writes the script or the files.
///
/// # Errors
///
/// No plan could be made.
pub fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let placed = layout::folder(args)?;
    let config = Config::load(args.input.config.as_deref())?;
    let rules = config.rules().map_err(anyhow::Error::msg)?;
    let inputs = input::read(&args.input, &args.models.models, &config)?;
    let [input] = inputs.as_slice() else {
        bail!("a plan is for one source: name one database or file");
    };
    let (dialect, _) = dialect(input)?;
    if args.foreign_keys == ForeignKeyWay::Copy && !matches!(dialect.name(), "mysql" | "mariadb") {
        bail!(
            "--foreign-keys copy is for MySQL and MariaDB, and {} is neither",
            input.info.name
        );
    }
    let make = |input: &Input| make(input, &rules, args, &config, placed.is_some());
    let (audited, plan) = make(input)?;
    anyhow::ensure!(!interrupt::fired(), "interrupted");
    let verification = match &args.verify {
        Some(address) => {
            let subject = verify::Subject {
                args,
                config: &config,
                input,
                audited: &audited,
                dialect,
                plan: &plan,
                plan_again: &make,
            };
            Some(verify::verify(&subject, address)?)
        }
        None => None,
    };
    anyhow::ensure!(!interrupt::fired(), "interrupted");
    let report = PlanReport {
        plan: &plan,
        verification: verification.as_ref(),
        source: &input.info.name,
        server: &input.info.server,
        dialect,
    };
    let failure = verification.as_ref().and_then(Verification::failure);
    match (placed, &args.out) {
        (Some((layout, folder)), _) => layout::write(layout, folder, args.number.as_deref(), &report)?,
        (None, Some(folder)) => write_files(folder, &report)?,
        (None, None) if failure.is_some() => {}
        (None, None) => output::write_to(None, "plan", plan_script(&report).as_bytes())?,
    }
    if let Some((check, why)) = failure {
        bail!("the plan is not verified: {check}: {why}");
    }
    let outcome = if plan.withheld.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Findings
    };
    Ok(outcome)
}

/// Audits and plans; for databases of other names too, where that is wanted.
fn make(
    input: &Input,
    rules: &RuleSet,
    args: &PlanArgs,
    config: &Config,
    unqualified: bool,
) -> anyhow::Result<(Audited, Plan)> {
    let (dialect, version) = dialect(input)?;
    let (audited, survey, mut options) = look(input, rules, args, config, version)?;
    options.unqualified = connected(input).filter(|_| unqualified);
    let facts = Facts {
        schema: &input.schema,
        relations: &audited.relations,
        rows: audit::rows_of(audited.probes.as_ref()),
    };
    let plan = plan::plan(&facts, &audited.found.findings, &survey, dialect, &options);
    Ok((audited, plan))
}

/// Audits, and asks what else the plan depends on.
fn look(
    input: &Input,
    rules: &RuleSet,
    args: &PlanArgs,
    config: &Config,
    version: Version,
) -> anyhow::Result<(Audited, Survey, plan::Options)> {
    let probing = audit::Probing {
        jobs: args.jobs,
        trust_constraints: false,
        quiet: args.quiet,
    };
    let (audited, rowed) = audit::audit(input, rules, &args.input, probing)?;
    let options = plan::Options {
        orphans: args.orphans,
        keep: args.keep.clone(),
        run_triggers: args.run_triggers,
        copy_for_foreign_keys: args.foreign_keys == ForeignKeyWay::Copy,
        settings: config.settings(&input.schema, &audited.relations)?,
        version,
        keep_redundant: !rules.is_enabled("redundant_index"),
        unqualified: None,
    };
    let survey = match (&audited.probes, rowed) {
        (Some(probes), Some(rowed)) => plan::survey(
            rowed.database(),
            &input.schema,
            &audited.relations,
            probes,
            &audited.found.findings,
            &options,
        )
        .map_err(anyhow::Error::msg)?,
        _ => Survey::default(),
    };
    options.check_keep(&input.schema, &survey).map_err(anyhow::Error::msg)?;
    Ok((audited, survey, options))
}

/// The dialect that the plan is written in, and the server's version; that of a file is not known.
fn dialect(input: &Input) -> anyhow::Result<(&'static dyn PlanDialect, Version)> {
    let version = version(&input.info.server);
    let server = &input.info.server;
    Ok(match server.split(' ').next().unwrap_or_default() {
        "PostgreSQL" => (&postgres::Postgres, version),
        "MySQL" => (&mysql::MySql::MYSQL, version),
        "MariaDB" => (&mysql::MySql::MARIADB, version),
        "SQLite" => (&sqlite::Sqlite, version),
        _ => bail!(
            "cannot tell which SQL to write for {}: a plan needs a database, or a file of SQL",
            input.info.name
        ),
    })
}

/// The database that is connected, where a namespace is a database: a migration is for others too, of other names.
fn connected(input: &Input) -> Option<Ident> {
    let is_mysql = input.info.server.starts_with("MySQL") || input.info.server.starts_with("MariaDB");
    let (_, database) = input.info.name.rsplit_once('/')?;
    is_mysql.then(|| Ident::new(database))
}

/// The first two numbers of `PostgreSQL 18.4`.
fn version(server: &str) -> Version {
    let text = server.split(' ').nth(1).unwrap_or_default();
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    Version {
        major: numbers.next().unwrap_or(0),
        minor: numbers.next().unwrap_or(0),
    }
}

fn write_files(folder: &Path, report: &PlanReport<'_>) -> anyhow::Result<()> {
    let failed = || format!("cannot write the plan to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    let mut there = std::fs::read_dir(folder).with_context(failed)?;
    if there.next().is_some() {
        bail!(
            "{} is not empty: a plan is written to a folder of its own",
            folder.display()
        );
    }
    for file in plan_files(report) {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(failed)?;
        }
        std::fs::write(&path, file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
