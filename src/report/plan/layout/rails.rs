//! Rails (Active Record 6.0 and newer; API, `ActiveRecord::Migration`, "Transactional Migrations"): a class for each file,
//! whose name follows from the file's.

use std::fmt::Write as _;

use super::frameworks::{Care, end_mark};
use super::{Migration, PlanFile, PlanReport, head};
use crate::dialect::change::Statement;

pub(super) fn file(report: &PlanReport<'_>, migration: &Migration<'_>) -> Vec<PlanFile> {
    let care = Care::of(report.dialect);
    let mut text = head(migration, "#");
    let _ = write!(
        text,
        "class {} < ActiveRecord::Migration[6.0]\n  disable_ddl_transaction!\n\n  def up\n{}  end\n\n  def down\n{}  end\nend\n",
        class_name(&migration.name),
        body(&care, &migration.up),
        body(&care, &migration.down)
    );
    vec![PlanFile {
        path: format!("{}_{}.rb", migration.number, migration.name),
        text,
    }]
}

fn body(care: &Care, statements: &[Statement]) -> String {
    let run = |statements: &[Statement]| statements.iter().map(execute).collect::<String>();
    if statements.is_empty() || !care.one_session {
        return run(statements);
    }
    let mut text = String::new();
    let mut after = run(&care.after);
    if let Some((question, answer)) = care.kept {
        let _ = writeln!(text, "    kept = connection.select_value({question:?})");
        let _ = writeln!(after, "    execute(\"{answer}#{{kept}}\")");
    }
    let _ = write!(
        text,
        "{}    begin\n{}    ensure\n{after}    end\n",
        run(&care.before),
        run(statements)
    );
    text
}

/// The text stands as it is: nothing in it is read as Ruby.
fn execute(statement: &Statement) -> String {
    let mark = end_mark(&statement.sql);
    format!("    execute(<<-'{mark}'.chomp)\n{}\n    {mark}\n", statement.sql)
}

/// As `camelize` makes it of the file's name.
fn class_name(name: &str) -> String {
    let parts = name.split('_').filter(|part| !part.is_empty());
    parts
        .flat_map(|part| {
            let mut letters = part.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::class_name;

    #[test]
    fn classes_are_named_after_their_files() {
        assert_eq!(class_name("relaudit_0a1b_003_add_index__x"), "Relaudit0a1b003AddIndexX");
    }
}
