//! A plan in the shape and under the names that a migration tool picks up. Every step stands outside of a transaction of
//! the tool, as the tool demands it. What cannot be undone is in files that no tool picks up.

mod frameworks;
mod guide;
mod laravel;
mod numbers;
mod rails;
mod scripts;
mod sequelize;

use clap::ValueEnum;

use super::markdown::{Placement, StepFiles, markdown};
use super::script::{comment, step_lines};
use super::{PlanFile, PlanReport, json};
use crate::dialect::change::{Statement, Texts};
use crate::plan::{Phase, Step};

pub use numbers::Numbers;

/// What stands in the place of a number that is given when the file is to be run.
const NO_NUMBER: &str = "NUMBER";
/// How files end that no tool is to pick up.
const NOT_PICKED_UP: &str = ".contract";

/// For which tool a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Files for the engine's own client
    Plain,
    /// golang-migrate: up and down files
    GolangMigrate,
    /// Flyway: versioned and undo files, with script configurations
    Flyway,
    /// dbmate: both directions in one file
    Dbmate,
    /// goose: both directions in one file
    Goose,
    /// sqlx: reversible migrations
    Sqlx,
    /// Prisma Migrate: a folder each
    Prisma,
    /// Rails: Active Record migrations
    Rails,
    /// Laravel migrations
    Laravel,
    /// Sequelize: migrations for sequelize-cli and umzug
    Sequelize,
}

/// One migration of a tool: a step, or as much of one as the tool can run at once.
struct Migration<'a> {
    step: &'a Step,
    /// As file names have it.
    number: String,
    /// The rest of the file's name: letters, digits and underscores.
    name: String,
    up: Vec<Statement>,
    down: Vec<Statement>,
}

impl Layout {
    /// The tool's name.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Plain => "the engine's own client",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "Flyway",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Sqlx => "sqlx",
            Self::Prisma => "Prisma",
            Self::Rails => "Rails",
            Self::Laravel => "Laravel",
            Self::Sequelize => "Sequelize",
        }
    }

    /// The folder in which projects usually have its migrations.
    pub fn usual_folder(self) -> &'static str {
        match self {
            Self::Plain => "plan",
            Self::GolangMigrate | Self::Goose | Self::Sqlx | Self::Sequelize => "migrations",
            Self::Flyway => "src/main/resources/db/migration",
            Self::Dbmate => "db/migrations",
            Self::Prisma => "prisma/migrations",
            Self::Rails => "db/migrate",
            Self::Laravel => "database/migrations",
        }
    }

    /// Whether it sends a whole file as one text.
    fn sends_whole_files(self) -> bool {
        matches!(self, Self::GolangMigrate | Self::Dbmate | Self::Sqlx | Self::Prisma)
    }

    fn files_of(self, report: &PlanReport<'_>, migration: &Migration<'_>) -> Vec<PlanFile> {
        match self {
            Self::Plain => Vec::new(),
            Self::GolangMigrate => scripts::golang_migrate(migration),
            Self::Flyway => scripts::flyway(report, migration),
            Self::Dbmate => scripts::dbmate(migration),
            Self::Goose => scripts::goose(migration),
            Self::Sqlx => scripts::sqlx(migration),
            Self::Prisma => scripts::prisma(migration),
            Self::Rails => rails::file(report, migration),
            Self::Laravel => laravel::file(report, migration),
            Self::Sequelize => sequelize::file(report, migration),
        }
    }
}

/// The files of a plan for a tool, in order, then what describes them. They go into the folder of the tool's migrations.
pub fn files(report: &PlanReport<'_>, layout: Layout, mut numbers: Numbers) -> Vec<PlanFile> {
    let mut files = Vec::new();
    let mut of_steps: Vec<Vec<String>> = Vec::new();
    for step in &report.plan.steps {
        let mut own = Vec::new();
        for migration in migrations(report, layout, step, &mut numbers) {
            own.extend(layout.files_of(report, &migration).into_iter().map(out_of_reach));
        }
        of_steps.push(own.iter().map(|file| file.path.clone()).collect());
        files.extend(own);
    }
    let paths = |step: &Step| {
        let own = of_steps.get(step.number.wrapping_sub(1)).cloned().unwrap_or_default();
        let (run, undo) = own.into_iter().partition(|path| !scripts::goes_down(path));
        StepFiles { run, undo }
    };
    let stem = format!("relaudit_{}", report.plan.id);
    files.push(PlanFile {
        path: format!("{stem}.plan.json"),
        text: json::json(report, &paths),
    });
    let placement = Placement {
        how_to_run: guide::how_to_run(report, layout),
        files: &paths,
    };
    files.push(PlanFile {
        path: format!("{stem}.PLAN.md"),
        text: markdown(report, &placement),
    });
    files
}

/// A file of the contract phase is a plain file of a name that no tool looks for, whatever it would be otherwise.
fn out_of_reach(file: PlanFile) -> PlanFile {
    if !file.path.contains(NO_NUMBER) {
        return file;
    }
    PlanFile {
        path: format!("{}{NOT_PICKED_UP}", file.path.replace('/', "_")),
        text: file.text,
    }
}

/// A step as the tool runs it: one migration, or several where each can send only one statement.
fn migrations<'s>(
    report: &PlanReport<'_>,
    layout: Layout,
    step: &'s Step,
    numbers: &mut Numbers,
) -> Vec<Migration<'s>> {
    let is_contract = step.phase == Phase::Contract;
    let [up, down] = [&step.work.up, &step.work.down].map(|statements| texts(report, layout, statements));
    let pairs = if layout.sends_whole_files() && report.dialect.sending().texts == Texts::EachAlone {
        pairs(up, down)
    } else {
        vec![(up, down)]
    };
    let count = pairs.len();
    let whole = format!("relaudit_{}_{:03}_{}", report.plan.id, step.number, step.slug);
    pairs
        .into_iter()
        .enumerate()
        .map(|(at, (up, down))| Migration {
            step,
            number: if is_contract {
                NO_NUMBER.to_owned()
            } else {
                numbers.take()
            },
            name: if count == 1 {
                whole.clone()
            } else {
                format!("{whole}_part_{}", at + 1)
            },
            up,
            down,
        })
        .collect()
}

/// The statements of one direction as they stand in files.
fn texts(report: &PlanReport<'_>, layout: Layout, statements: &[Statement]) -> Vec<Statement> {
    let sending = report.dialect.sending();
    let with_session = || {
        let mut all = sending.before.clone();
        all.extend_from_slice(statements);
        all.extend_from_slice(&sending.after);
        all
    };
    match (layout, sending.texts) {
        // They keep one session, and send statement after statement.
        (Layout::Flyway, _) | (Layout::Goose, Texts::OneSession) => with_session(),
        (_, Texts::EachAlone) => report.dialect.queries(statements),
        // They give the session back as it was even where a statement fails: see there.
        (Layout::Rails | Layout::Laravel | Layout::Sequelize, _) => statements.to_vec(),
        _ => vec![as_one(&with_session())],
    }
}

fn as_one(statements: &[Statement]) -> Statement {
    let texts: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    Statement::compound(texts.join(";\n"))
}

/// A statement a migration. The undo of a step begins at the last of those that have one and ends at the first, so that
/// whatever is undone is done anew by those that follow.
fn pairs(up: Vec<Statement>, down: Vec<Statement>) -> Vec<(Vec<Statement>, Vec<Statement>)> {
    let count = up.len().max(down.len()).max(1);
    let missing = count - up.len();
    let ups = std::iter::repeat_n(None, missing).chain(up.into_iter().map(Some));
    let undone = down.len();
    let downs = down
        .into_iter()
        .rev()
        .map(Some)
        .chain(std::iter::repeat_n(None, count - undone));
    ups.zip(downs)
        .map(|(up, down)| (up.into_iter().collect(), down.into_iter().collect()))
        .collect()
}

/// What is to be known of a migration, as lines that each begin with the mark of a comment.
fn head(migration: &Migration<'_>, mark: &str) -> String {
    let lines = step_lines(migration.step);
    // A tag that ends PHP ends it in comments too.
    let lines = lines.iter().map(|line| comment(line).replace("?>", "? >"));
    lines.map(|line| line.replacen("--", mark, 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_is_done_anew_by_what_follows() {
        let [one, two, three] = ["one", "two", "three"].map(Statement::plain);
        let of = |up: &[&Statement], down: &[&Statement]| {
            let [up, down] = [up, down].map(|list| list.iter().map(|it| (*it).clone()).collect());
            let texts = |list: &[Statement]| list.iter().map(|it| it.sql.clone()).collect::<String>();
            let pairs = pairs(up, down);
            pairs
                .iter()
                .map(|(up, down)| format!("{}/{}", texts(up), texts(down)))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(&[&one, &two, &three], &[&one, &two]),
            ["one/two", "two/one", "three/"]
        );
        assert_eq!(of(&[&one], &[&two, &three]), ["/three", "one/two"]);
        assert_eq!(of(&[], &[]), ["/"]);
    }
}
