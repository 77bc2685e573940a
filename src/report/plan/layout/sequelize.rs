//! Sequelize 6 and 7 (sequelize-cli, "Migration Skeleton"; umzug): a module with two functions, which no transaction
//! surrounds.

use std::fmt::Write as _;

use super::frameworks::Care;
use super::{Migration, PlanFile, PlanReport, head};
use crate::dialect::change::Statement;

/// Runs statements one after the other, each in any session of the pool.
const ANY_SESSION: &str = "\
async function run(sequelize, statements) {
  for (const statement of statements) {
    await sequelize.query(statement);
  }
}
";

/// Runs statements one after the other in one session.
const ONE_SESSION: &str = "\
async function run(sequelize, statements) {
  if (sequelize.withConnection) {
    // Sequelize 7.
    return sequelize.withConnection((connection) => inSession(sequelize, statements, { connection }));
  }
  const connection = await sequelize.connectionManager.getConnection({ type: 'write', useMaster: true });
  try {
    // What belongs to a transaction goes through its connection; here it is none but that.
    await inSession(sequelize, statements, { transaction: { connection } });
  } finally {
    await sequelize.connectionManager.releaseConnection(connection);
  }
}
";

pub(super) fn file(report: &PlanReport<'_>, migration: &Migration<'_>) -> Vec<PlanFile> {
    let care = Care::of(report.dialect);
    let mut text = format!("'use strict';\n\n{}\n", head(migration, "//"));
    if care.one_session {
        text.push_str(ONE_SESSION);
        text.push('\n');
        text.push_str(&in_session(&care));
    } else {
        text.push_str(ANY_SESSION);
    }
    for (name, statements) in [("UP", &migration.up), ("DOWN", &migration.down)] {
        let _ = write!(text, "\nconst {name} = [\n{}];\n", listed(statements));
    }
    text.push_str(
        "\nmodule.exports = {\n  up: (queryInterface) => run(interfaceOf(queryInterface).sequelize, UP),\n  down: \
         (queryInterface) => run(interfaceOf(queryInterface).sequelize, DOWN),\n};\n\n// umzug 3 hands it over as the \
         context.\nfunction interfaceOf(given) {\n  return given.context || given;\n}\n",
    );
    vec![PlanFile {
        path: format!("{}-{}.js", migration.number, migration.name),
        text,
    }]
}

/// The function that gives the session back as it was.
fn in_session(care: &Care) -> String {
    let each = |statements: &[Statement]| {
        let one = |statement: &Statement| format!("await sequelize.query({}, options);\n", literal(&statement.sql));
        statements.iter().map(one).collect::<Vec<_>>()
    };
    let mut text =
        "async function inSession(sequelize, statements, options) {\n  if (statements.length === 0) return;\n"
            .to_owned();
    let mut after = each(&care.after);
    if let Some((question, answer)) = care.kept {
        let _ = writeln!(text, "  const [[kept]] = await sequelize.query('{question}', options);");
        after.push(format!(
            "await sequelize.query('{answer}' + Object.values(kept)[0], options);\n"
        ));
    }
    for line in each(&care.before) {
        let _ = write!(text, "  {line}");
    }
    text.push_str(
        "  try {\n    for (const statement of statements) {\n      await sequelize.query(statement, options);\n    }\n  } \
         finally {\n",
    );
    for line in after {
        let _ = write!(text, "    {line}");
    }
    text.push_str("  }\n}\n");
    text
}

fn listed(statements: &[Statement]) -> String {
    statements.iter().fold(String::new(), |mut text, statement| {
        let _ = writeln!(text, "  {},", literal(&statement.sql));
        text
    })
}

/// A template in which nothing is replaced.
fn literal(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('`', "\\`")
        .replace("${", "\\${")
        .replace('\r', "\\r");
    format!("`{escaped}`")
}
