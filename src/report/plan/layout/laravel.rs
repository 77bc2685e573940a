//! Laravel (8.37 and newer; `Illuminate\Database\Migrations\Migration`, `$withinTransaction`): a file gives an object of a
//! class without name.

use std::fmt::Write as _;

use super::frameworks::{Care, end_mark};
use super::{Migration, PlanFile, PlanReport, head};
use crate::dialect::change::Statement;

pub(super) fn file(report: &PlanReport<'_>, migration: &Migration<'_>) -> Vec<PlanFile> {
    let care = Care::of(report.dialect);
    let text = format!(
        "<?php\n\nuse Illuminate\\Database\\Migrations\\Migration;\nuse Illuminate\\Support\\Facades\\DB;\n\n{}return new class \
         extends Migration\n{{\n    public $withinTransaction = false;\n\n    public function up()\n    {{\n{}    }}\n\n    public \
         function down()\n    {{\n{}    }}\n}};\n",
        head(migration, "//"),
        body(&care, &migration.up),
        body(&care, &migration.down)
    );
    vec![PlanFile {
        path: format!("{}_{}.php", migration.number, migration.name),
        text,
    }]
}

fn body(care: &Care, statements: &[Statement]) -> String {
    if statements.is_empty() {
        return String::new();
    }
    let run = |statements: &[Statement]| statements.iter().map(execute).collect::<String>();
    let mut text = "        $database = DB::connection($this->getConnection());\n".to_owned();
    if !care.one_session {
        text.push_str(&run(statements));
        return text;
    }
    let mut after = run(&care.after);
    if let Some((question, answer)) = care.kept {
        let _ = writeln!(
            text,
            "        $kept = array_values((array) $database->selectOne('{question}'))[0];"
        );
        let _ = writeln!(after, "        $database->unprepared('{answer}' . $kept);");
    }
    let _ = write!(
        text,
        "{}        try {{\n{}        }} finally {{\n{after}        }}\n",
        run(&care.before),
        run(statements)
    );
    text
}

/// The text stands as it is: nothing in it is read as PHP. A mark that is not indented takes no indentation away.
fn execute(statement: &Statement) -> String {
    let mark = end_mark(&statement.sql);
    format!(
        "        $database->unprepared(<<<'{mark}'\n{}\n{mark});\n",
        statement.sql
    )
}
