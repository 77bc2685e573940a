//! How a plan is run with a tool, and what the tool has to be told.

use super::Layout;
use crate::dialect::change::Texts;
use crate::report::plan::PlanReport;

/// A section for the person who runs it.
pub(super) fn how_to_run(report: &PlanReport<'_>, layout: Layout) -> String {
    let mut text = format!(
        "Run it with {} as all your migrations: `{}`. Each step stands outside of a transaction. Where a step fails, read \
         the error, and run it again: {}. {}",
        layout.tool(),
        command(layout),
        report.dialect.when_run_again(),
        undo(layout)
    );
    if let Some(hint) = hint(report, layout) {
        text.push_str("\n\n");
        text.push_str(hint);
    }
    if report.dialect.sending().texts == Texts::EachAlone {
        text.push_str(
            "\n\nIndexes are built CONCURRENTLY under the timeouts of the role that runs the migrations: its \
             `statement_timeout` and `lock_timeout` are to be 0.",
        );
    }
    text.push_str(
        "\n\nFiles that end in `.contract` are for later: they do what cannot be undone, and the tool does not see them. When \
         all else has proved right, put the next number in place of `NUMBER`, take `.contract` off, and run them",
    );
    text.push_str(if layout == Layout::Prisma {
        "; each becomes the `migration.sql` of a folder of its own."
    } else {
        "."
    });
    text
}

fn command(layout: Layout) -> &'static str {
    match layout {
        Layout::Plain => "",
        Layout::GolangMigrate => "migrate -path DIR -database URL up",
        Layout::Flyway => "flyway migrate",
        Layout::Dbmate => "dbmate up",
        Layout::Goose => "goose -dir DIR DRIVER URL up",
        Layout::Sqlx => "sqlx migrate run",
        Layout::Prisma => "prisma migrate deploy",
        Layout::Rails => "rails db:migrate",
        Layout::Laravel => "php artisan migrate",
        Layout::Sequelize => "sequelize-cli db:migrate",
    }
}

fn undo(layout: Layout) -> &'static str {
    match layout {
        Layout::Plain => "",
        Layout::GolangMigrate => {
            "`migrate down N` undoes the last N. A failure leaves the version marked dirty: `migrate force` with the number of \
             the migration before it, then run it again."
        }
        Layout::Flyway => "`flyway undo` undoes the last one, where your edition has it.",
        Layout::Dbmate => "`dbmate rollback` undoes the last one.",
        Layout::Goose => "`goose down` undoes the last one.",
        Layout::Sqlx => {
            "`sqlx migrate revert` undoes the last one. A failure leaves it marked as not successful in `_sqlx_migrations`: \
             delete that row, then run it again."
        }
        Layout::Prisma => {
            "Prisma has no undo: run the `down.sql` files with `prisma db execute`, the last one first, and mark each with \
             `prisma migrate resolve --rolled-back`. So is a failure marked, before it can be run again."
        }
        Layout::Rails => "`rails db:rollback` undoes the last one.",
        Layout::Laravel => "`php artisan migrate:rollback --step=N` undoes the last N.",
        Layout::Sequelize => "`sequelize-cli db:migrate:undo` undoes the last one.",
    }
}

/// What a tool has to be told so that it can run the files.
fn hint(report: &PlanReport<'_>, layout: Layout) -> Option<&'static str> {
    match (layout, report.dialect.name()) {
        // Its lock is else a transaction that stays open, for whose end CREATE INDEX CONCURRENTLY waits (documentation,
        // "PostgreSQL Transactional Lock").
        (Layout::Flyway, "postgres") => Some(
            "Set `flyway.postgresql.transactional.lock=false`: otherwise Flyway holds a transaction open meanwhile, for the end \
             of which indexes that are built CONCURRENTLY wait for ever.",
        ),
        // `database/sqlite3/README.md`.
        (Layout::GolangMigrate, "sqlite") => Some(
            "Add `x-no-tx-wrap=true` to the URL of the database: otherwise golang-migrate wraps a transaction around each \
             file, in which the steps refuse to run.",
        ),
        _ => None,
    }
}
