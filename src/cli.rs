//! The command line: flags and their help, no behaviour.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::Severity;
use crate::plan::{Keep, Treatment};
use crate::report::{Framework, Layout};
use crate::source::ScriptDialect;

/// Audits the relations of a database: what was meant, what is enforced, which rows are orphans.
#[derive(Debug, Parser)]
#[command(name = "relaudit", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  relaudit audit postgres://app@db.example.org/shop
  relaudit audit mysql://app@localhost/shop --format json --output audit.json
  relaudit audit shop.sqlite --table 'orders*'
  relaudit relations postgres://app@db.example.org/shop
  relaudit relations shop.sqlite --emit sequelize
  relaudit audit dump.sql.gz
  relaudit audit postgres://app@db.example.org/shop --models app/models
  relaudit schema postgres://app@db.example.org/shop --output shop.json
  relaudit plan postgres://app@db.example.org/shop --out plan
  relaudit rules orphaned_rows

Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  the work could not be done, or a relation could not be checked";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the schema, infer the relations, probe the rows, run every rule, report
    #[command(after_help = SOURCES)]
    Audit(AuditArgs),
    /// List the declared and the inferred relations with their evidence; reads rows with --with-data only
    #[command(after_help = SOURCES)]
    Relations(RelationsArgs),
    /// Write the schema that was read as a JSON snapshot, which is itself a source; reads no rows
    #[command(after_help = SOURCES)]
    Schema(SchemaArgs),
    /// Audit, then write the migration that mends what was found
    #[command(after_help = PLANS)]
    Plan(PlanArgs),
    /// List the rules, or explain one with its bad and its good example
    Rules(RulesArgs),
}

const SOURCES: &str = "\
Sources:
  postgres://user@host:5432/db?sslmode=verify-full   a live PostgreSQL, 13 or newer
  'host=db.example.org dbname=shop'                  the same, as libpq writes it
  mysql://user@host/db  mariadb://user@host/db       a live MySQL or MariaDB
  sqlite:shop.db  shop.db                            a SQLite file, opened read-only
  shop.sql  dump.sql.gz  -                           a dump or a schema, of PostgreSQL, MySQL, MariaDB or SQLite;
                                                     compressed with gzip or zstd, or not
  db/migrations                                      a folder of migrations
  shop.json                                          a snapshot of `relaudit schema`

Passwords: ~/.pgpass and PGPASSWORD, ~/.my.cnf and MYSQL_PWD are read; a password in a URL shows in the list
of processes.";

/// Flags of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to read and how.
    #[command(flatten)]
    pub input: InputArgs,
    /// What the application declares.
    #[command(flatten)]
    pub models: ModelArgs,
    /// Where the report goes.
    #[command(flatten)]
    pub output: OutputArgs,
    /// The greatest number of connections to a server; never more than it has free
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Believe validated foreign keys: read no rows for them
    #[arg(long)]
    pub trust_constraints: bool,
    /// Exit with 1 where a finding is at least this bad
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
    /// Exit with 0 even where a relation could not be checked
    #[arg(long)]
    pub allow_unchecked: bool,
}

/// Flags of `relations`.
#[derive(Debug, Args)]
pub struct RelationsArgs {
    /// What to read and how.
    #[command(flatten)]
    pub input: InputArgs,
    /// What the application declares.
    #[command(flatten)]
    pub models: ModelArgs,
    /// Show which parents were considered for one column, and what each reason weighs
    #[arg(long, value_name = "TABLE.COLUMN")]
    pub explain: Option<String>,
    /// Ask statistics and a few rows where names leave open which parent is meant
    #[arg(long)]
    pub with_data: bool,
    /// With --with-data: the greatest number of connections to a server
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Print the relations as the associations of a framework, for an application that has none yet
    #[arg(long, value_enum, value_name = "FRAMEWORK", conflicts_with = "explain")]
    pub emit: Option<Framework>,
    /// Where the list goes.
    #[command(flatten)]
    pub output: OutputArgs,
}

const PLANS: &str = "\
Without --out, one script that the engine's own client runs as it is:
  relaudit plan postgres://app@db.example.org/shop > plan.sql
  psql --no-psqlrc --file=plan.sql postgres://app@db.example.org/shop

With --out, a file for each step, its undo, plan.json and PLAN.md:
  relaudit plan postgres://app@db.example.org/shop --out plan

With --layout, migrations for the tool that runs yours:
  relaudit plan postgres://app@db.example.org/shop --layout rails --out db/migrate

What becomes of rows without parent follows from the delete action that is declared or stated in relaudit.yml: cascade
moves them into a quarantine table, set null sets their key to null; else the step is withheld and asks.

Exit codes:
  0  the plan is complete
  1  steps were withheld; the plan says which and why
  2  no plan could be made";

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What to read and how.
    #[command(flatten)]
    pub input: InputArgs,
    /// The models of the application.
    #[command(flatten)]
    pub models: ModelArgs,
    /// What becomes of rows without parent, whatever is declared; `orphans` of a relation in relaudit.yml goes first
    #[arg(long, value_enum, value_name = "TREATMENT")]
    pub orphans: Option<Treatment>,
    /// Which of the rows stays that keep a key from being unique: oldest:COLUMN or newest:COLUMN; the others are moved
    /// into the quarantine. `duplicates` in relaudit.yml goes first
    #[arg(long, value_name = "WHICH:COLUMN")]
    pub keep: Option<Keep>,
    /// Treat rows of tables with triggers too, which run then: what they change is not kept, and does not come back
    #[arg(long)]
    pub run_triggers: bool,
    /// How MySQL and MariaDB add foreign keys
    #[arg(long, value_enum, value_name = "WAY", default_value_t = ForeignKeyWay::Inplace)]
    pub foreign_keys: ForeignKeyWay,
    /// Write files into this folder, which is new or empty, instead of a script to standard output
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write migrations for a tool into --out, the folder of its migrations, after those that are there
    #[arg(long, value_enum, value_name = "TOOL", default_value_t = Layout::Plain)]
    pub layout: Layout,
    /// With --layout: the number or time of the first migration [default: the next, or now]
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// Try the plan in this empty database: rebuild the tables with some of their rows, run it, audit, run it again,
    /// undo it, compare; then drop all of that. For SQLite `sqlite::memory:` or a file that is not there yet
    #[arg(long, value_name = "SCRATCH_URL")]
    pub verify: Option<String>,
    /// The greatest number of connections to a server; never more than it has free
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// No progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// How MySQL and MariaDB add foreign keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForeignKeyWay {
    /// Writers go on; the plan looks for orphans right before and right after
    Inplace,
    /// The table is copied, the server looks at every row, and writers wait until it is done
    Copy,
}

/// Flags of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What to read and how.
    #[command(flatten)]
    pub input: InputArgs,
    /// Write the snapshot to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Flags of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// The rule to explain
    pub rule: Option<String>,
    /// Where the list goes.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to read and how.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// What to audit; several are audited each by itself [default: $DATABASE_URL]
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// The configuration [default: relaudit.yml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only tables in namespaces that match (repeatable; `*` and `?` stand for any characters)
    #[arg(long, value_name = "PATTERN")]
    pub schema: Vec<String>,
    /// No tables in namespaces that match
    #[arg(long, value_name = "PATTERN")]
    pub exclude_schema: Vec<String>,
    /// Only tables whose name matches, with or without namespace
    #[arg(long, value_name = "PATTERN")]
    pub table: Vec<String>,
    /// No tables whose name matches
    #[arg(long, value_name = "PATTERN")]
    pub exclude_table: Vec<String>,
    /// The dialect of a .sql source, where it cannot be told
    #[arg(long, value_enum)]
    pub dialect: Option<ScriptDialect>,
    /// Exit with 2 where something in a .sql source was not understood
    #[arg(long)]
    pub strict: bool,
    /// How long a connection may take to open
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub connect_timeout: Duration,
    /// How long one statement may take: 30s, 10m, 1h; 0 for any time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub statement_timeout: Duration,
    /// How long to wait for a lock that others hold
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub lock_timeout: Duration,
}

/// What the application declares.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Hold the models in this folder or file against the database: Sequelize, Eloquent, Active Record (repeatable)
    /// [default: `models` of the configuration]
    #[arg(long, value_name = "DIR")]
    pub models: Vec<PathBuf>,
}

/// Where a report goes, and how it looks.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// How the report is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FormatName::Table)]
    pub format: FormatName,
    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour; NO_COLOR is respected
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,
    /// Findings only, and no progress
    #[arg(short, long)]
    pub quiet: bool,
    /// More: every relation, with its evidence and its counts
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// From which severity on the exit code is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Note,
    /// No finding.
    Never,
}

impl FailOn {
    /// The least severity that fails; `None` for never.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// For people
    Table,
    /// For programs
    Json,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A time such as `500ms`, `30s`, `10m`, `1h 30m`; a plain `0` is none at all.
fn duration(text: &str) -> Result<Duration, String> {
    if text.trim() == "0" {
        return Ok(Duration::ZERO);
    }
    let signed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "write a time with its unit: 500ms, 30s, 10m, 1h".to_owned())?;
    Duration::try_from(signed).map_err(|_| "a time cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10m"), Ok(Duration::from_mins(10)));
        assert!(duration("10").is_err());
        assert!(duration("-5s").is_err());
    }
}
