//! Tools that run files of SQL.

use std::fmt::Write as _;

use super::{Migration, PlanFile, PlanReport, head};
use crate::dialect::change::Statement;

/// golang-migrate 4 (MIGRATIONS.md, "Migration Filename Format"): a file sent as one text, outside of a transaction; the
/// driver of SQLite is told so by `x-no-tx-wrap`.
pub(super) fn golang_migrate(migration: &Migration<'_>) -> Vec<PlanFile> {
    let path = |direction: &str| format!("{}_{}.{direction}.sql", migration.number, migration.name);
    two_files(migration, &path("up"), &path("down"), "")
}

/// sqlx 0.9 (`sqlx migrate add -r`; `Migrator`, "no_tx"): a file whose very first characters say so is sent as one text
/// outside of a transaction.
pub(super) fn sqlx(migration: &Migration<'_>) -> Vec<PlanFile> {
    let path = |direction: &str| format!("{}_{}.{direction}.sql", migration.number, migration.name);
    two_files(migration, &path("up"), &path("down"), "-- no-transaction\n")
}

/// Prisma Migrate ("Migration histories", "Down migrations"): a folder for each; the file is sent as one text outside of a
/// transaction. There is no undo: `down.sql` is for `prisma db execute`.
pub(super) fn prisma(migration: &Migration<'_>) -> Vec<PlanFile> {
    let path = |file: &str| format!("{}_{}/{file}.sql", migration.number, migration.name);
    two_files(migration, &path("migration"), &path("down"), "")
}

/// dbmate 2 (README, "Migration Options"): both directions in one file, each sent as one text.
pub(super) fn dbmate(migration: &Migration<'_>) -> Vec<PlanFile> {
    let mut text = head(migration, "--");
    let _ = writeln!(text, "\n-- migrate:up transaction:false\n{}", one_text(&migration.up));
    let _ = write!(text, "\n-- migrate:down transaction:false\n{}", undo(migration));
    vec![PlanFile {
        path: format!("{}_{}.sql", migration.number, migration.name),
        text,
    }]
}

/// goose 3 (README, "SQL Migrations"): both directions in one file, split at the marks.
pub(super) fn goose(migration: &Migration<'_>) -> Vec<PlanFile> {
    let marked = |statements: &[Statement]| -> String {
        let mark =
            |statement: &Statement| format!("-- +goose StatementBegin\n{};\n-- +goose StatementEnd\n", statement.sql);
        statements.iter().map(mark).collect()
    };
    let text = format!(
        "-- +goose NO TRANSACTION\n{}\n-- +goose Up\n{}\n-- +goose Down\n{}",
        head(migration, "--"),
        marked(&migration.up),
        marked(&migration.down)
    );
    vec![PlanFile {
        path: format!("{}_{}.sql", migration.number, migration.name),
        text,
    }]
}

/// Flyway 9 and newer (documentation, "Migrations", "Script Configuration"): each file has its configuration beside it.
/// Flyway splits files itself and knows MySQL's DELIMITER. Undo migrations are not in every edition.
pub(super) fn flyway(report: &PlanReport<'_>, migration: &Migration<'_>) -> Vec<PlanFile> {
    let written = |statements: &[Statement]| -> String {
        let mut text = head(migration, "--");
        for statement in statements {
            let _ = writeln!(text, "{}", report.dialect.terminated(statement));
        }
        text
    };
    let mut files = Vec::new();
    let mut directions = vec![("V", &migration.up)];
    if migration.step.has_undo() {
        directions.push(("U", &migration.down));
    }
    for (letter, statements) in directions {
        let path = format!("{letter}{}__{}.sql", migration.number, migration.name);
        files.push(PlanFile {
            path: format!("{path}.conf"),
            // `${` in a name or a text of the plan is no placeholder.
            text: "executeInTransaction=false\nplaceholderReplacement=false\n".to_owned(),
        });
        files.push(PlanFile {
            path,
            text: written(statements),
        });
    }
    files
}

/// Whether a file is for the way back and nothing else.
pub(super) fn goes_down(path: &str) -> bool {
    path.contains(".down.sql") || path.contains("/down.sql") || path.contains("_down.sql") || path.starts_with('U')
}

fn two_files(migration: &Migration<'_>, up: &str, down: &str, first: &str) -> Vec<PlanFile> {
    let mut files = vec![PlanFile {
        path: up.to_owned(),
        text: format!("{first}{}{}", head(migration, "--"), one_text(&migration.up)),
    }];
    if migration.step.has_undo() {
        files.push(PlanFile {
            path: down.to_owned(),
            text: format!("{first}{}", undo(migration)),
        });
    }
    files
}

fn undo(migration: &Migration<'_>) -> String {
    let title = super::comment(&format!("Undoes step {}", migration.step.number));
    format!("{title}{}", one_text(&migration.down))
}

fn one_text(statements: &[Statement]) -> String {
    if statements.is_empty() {
        return super::comment("There is nothing to do here: other migrations of the same step do it.");
    }
    statements.iter().fold(String::new(), |mut text, statement| {
        let _ = writeln!(text, "{};", statement.sql);
        text
    })
}
