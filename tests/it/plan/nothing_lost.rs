//! No plan loses a row: over databases made at random, what a step takes from a table is in the quarantine and nowhere
//! else, value by value; what it leaves differs in nothing but the keys that it says. Run again, a plan does nothing, and
//! undone, it leaves no trace.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::Value;
use tempfile::TempDir;

use super::client;
use super::generated::{Case, case, quoted};
use crate::live::server::{Engine, Family, Loaded, load};
use crate::run::Run;

type Rows = Vec<Vec<Option<String>>>;

#[test]
fn sqlite() {
    check_some(Engine::Sqlite, 120);
}

#[test]
fn postgres18() {
    check_some(Engine::Postgres18, 16);
}

#[test]
fn mysql97() {
    check_some(Engine::Mysql97, 16);
}

#[test]
fn mariadb() {
    check_some(Engine::MariaDb, 16);
}

/// The same cases in each run. Among them must be some of each kind.
fn check_some(engine: Engine, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 80,
        ..ProptestConfig::default()
    };
    let done = RefCell::new(BTreeMap::new());
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    if let Err(error) = runner.run(&case(), |case| check(engine, &case, &done)) {
        panic!("{}: {error}", engine.name());
    }
    let done = done.into_inner();
    for kind in ["removed", "cleared"] {
        assert!(
            done.get(kind).is_some_and(|rows| *rows > 10),
            "{}: {done:?}",
            engine.name()
        );
    }
}

/// Audit, plan, run step by step, run again, undo; `done` counts the rows that were treated.
fn check(engine: Engine, case: &Case, done: &RefCell<BTreeMap<&'static str, usize>>) -> Result<(), TestCaseError> {
    let family = engine.family();
    let target = Target {
        engine,
        case,
        database: load(engine, &case.sql(family)),
    };
    let folder = TempDir::new().unwrap();
    let plan = plan(&target, folder.path())?;
    let schema = target.schema();
    let original = target.rows();
    let mut before = original.clone();
    let steps: Vec<&Value> = plan["steps"].as_array().unwrap().iter().collect();
    let steps: Vec<&Value> = steps.into_iter().filter(|step| step["phase"] != "contract").collect();
    let file = |name: &Value| folder.path().join("plan").join(name.as_str().unwrap());
    for step in &steps {
        target.run(&file(&step["file"]))?;
        let after = target.rows();
        let (kind, rows) = step_lost_nothing(case, step, &before, &after)?;
        *done.borrow_mut().entry(kind).or_default() += rows;
        before = after;
    }
    let (after, schema_after) = (before, target.schema());
    for step in &steps {
        target.run(&file(&step["file"]))?;
    }
    prop_assert_eq!(&target.rows(), &after, "running it again changes rows");
    prop_assert_eq!(&target.schema(), &schema_after, "running it again changes the schema");
    for step in steps.iter().rev() {
        target.run(&file(&step["undo"]))?;
    }
    prop_assert_eq!(&target.rows(), &original, "undone, the rows are others");
    prop_assert_eq!(&target.schema(), &schema, "undone, the schema is another");
    Ok(())
}

fn plan(target: &Target<'_>, folder: &Path) -> Result<Value, TestCaseError> {
    let out = folder.join("plan");
    let run = Run::new(["plan", &target.database.source(), "--quiet", "--jobs", "1", "--out"])
        .args([&out])
        .file("relaudit.yml", &target.case.stated());
    let orphans: &[&str] = target.case.treatment.as_slice();
    let outcome = match orphans {
        [treatment] => run.args(["--orphans", treatment]).finish(),
        _ => run.finish(),
    };
    prop_assert!(matches!(outcome.code, Some(0 | 1)), "no plan: {}", outcome.stderr);
    Ok(serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap())
}

/// The rows of each table, and of what is kept of it, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct State {
    tables: BTreeMap<String, Rows>,
    kept: BTreeMap<String, Rows>,
}

/// What the step took from one table is kept, once; all other tables are as they were.
fn step_lost_nothing(
    case: &Case,
    step: &Value,
    before: &State,
    after: &State,
) -> Result<(&'static str, usize), TestCaseError> {
    let title = step["title"].as_str().unwrap();
    let mut treated = ("nothing", 0);
    for table in case.tables() {
        let none = Rows::new();
        let of = |rows: &BTreeMap<String, Rows>| rows.get(table).unwrap_or(&none).clone();
        let (lost, gained) = (
            minus(&of(&before.tables), &of(&after.tables)),
            minus(&of(&after.tables), &of(&before.tables)),
        );
        let (forgotten, kept) = (
            minus(&of(&before.kept), &of(&after.kept)),
            minus(&of(&after.kept), &of(&before.kept)),
        );
        prop_assert_eq!(&forgotten, &none, "{}: {} is no longer kept", title, table);
        prop_assert_eq!(&lost, &kept, "{}: {} loses rows that are not kept", title, table);
        if lost.is_empty() {
            prop_assert_eq!(&gained, &none, "{}: {} has new rows", title, table);
            continue;
        }
        prop_assert!(step["phase"] == "repair", "{}: takes rows of {}", title, table);
        if gained.is_empty() {
            treated = ("removed", treated.1 + lost.len());
            continue;
        }
        let columns = case.columns(table);
        let cleared = cleared(case, table, title);
        prop_assert!(cleared.is_some(), "{}: {} has new rows: {:?}", title, table, gained);
        let cleared = cleared.unwrap();
        let mut expected = lost.clone();
        for row in &mut expected {
            for (value, column) in row.iter_mut().zip(&columns) {
                if cleared.contains(column) {
                    *value = None;
                }
            }
        }
        expected.sort();
        prop_assert_eq!(&gained, &expected, "{}: {}", title, table);
        treated = ("cleared", treated.1 + gained.len());
    }
    Ok(treated)
}

/// The columns that a step says that it sets to null.
fn cleared(case: &Case, table: &str, title: &str) -> Option<Vec<String>> {
    let mut references = case.references(table).into_iter();
    references.find(|columns| title.starts_with(&format!("Set `{}` to null in ", columns.join(", "))))
}

/// The rows of one that are not in the other, as often as they are there more often; in order.
fn minus(one: &Rows, other: &Rows) -> Rows {
    let mut counts: BTreeMap<&Vec<Option<String>>, usize> = BTreeMap::new();
    for row in other {
        *counts.entry(row).or_default() += 1;
    }
    let mut left = Rows::new();
    for row in one {
        match counts.get_mut(row) {
            Some(count) if *count > 0 => *count -= 1,
            _ => left.push(row.clone()),
        }
    }
    left.sort();
    left
}

/// A generated database on an engine.
struct Target<'a> {
    engine: Engine,
    case: &'a Case,
    database: Loaded,
}

impl Target<'_> {
    /// Runs a file: with the engine's own client, or where it is SQLite, statement by statement as its shell does with
    /// `.bail on`.
    fn run(&self, file: &Path) -> Result<(), TestCaseError> {
        let outcome = match &self.database {
            Loaded::Server(_) => client::run(self.engine, &self.database, file).map(drop),
            Loaded::File(_) => {
                let text = fs::read_to_string(file).unwrap();
                let sql: Vec<&str> = text.lines().filter(|line| *line != ".bail on").collect();
                let connection = rusqlite::Connection::open(self.database.source()).unwrap();
                // Whether it survives a power cut is not what is tested here.
                connection.pragma_update(None, "synchronous", false).unwrap();
                connection
                    .execute_batch(&sql.join("\n"))
                    .map_err(|error| format!("{}: {error}\n{text}", file.display()))
            }
        };
        outcome.map_err(TestCaseError::fail)
    }

    fn rows(&self) -> State {
        let mut state = State::default();
        let quarantines: Vec<String> = self.table_names("relaudit_quarantine_");
        for table in self.case.tables() {
            state.tables.insert(table.to_owned(), self.rows_of(table, table));
            let own = format!("relaudit_quarantine_{table}");
            let mut kept = Rows::new();
            for quarantine in quarantines.iter().filter(|name| name.starts_with(&own)) {
                kept.extend(self.rows_of(table, quarantine));
            }
            kept.sort();
            state.kept.insert(table.to_owned(), kept);
        }
        state
    }

    fn rows_of(&self, table: &str, from: &str) -> Rows {
        let family = self.engine.family();
        let columns: Vec<String> = (self.case.columns(table).iter())
            .map(|column| {
                let name = quoted(family, column);
                match family {
                    Family::Sqlite => {
                        format!("CASE WHEN {name} IS NULL THEN NULL ELSE typeof({name}) || quote({name}) END")
                    }
                    Family::Postgres => format!("{name}::text"),
                    Family::Mysql | Family::MariaDb => format!("HEX(CONCAT({name}))"),
                }
            })
            .collect();
        let mut rows = self.query(&format!("SELECT {} FROM {}", columns.join(", "), quoted(family, from)));
        rows.sort();
        rows
    }

    fn table_names(&self, prefix: &str) -> Vec<String> {
        let sql = match self.engine.family() {
            Family::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
            Family::Postgres => "SELECT relname FROM pg_class WHERE relkind = 'r' ORDER BY 1",
            Family::Mysql | Family::MariaDb => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
            }
        };
        let names = self.query(sql).into_iter().flatten().flatten();
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    fn query(&self, sql: &str) -> Rows {
        match &self.database {
            Loaded::Server(database) => database.rows(sql),
            Loaded::File(_) => {
                let connection = rusqlite::Connection::open(self.database.source()).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
                rows.unwrap().collect::<Result<_, _>>().unwrap()
            }
        }
    }

    /// The schema in the engine's own words; rows too, on servers.
    fn schema(&self) -> Vec<String> {
        if self.engine == Engine::Sqlite {
            let rows = self.query("SELECT name, sql FROM sqlite_master ORDER BY 1, 2");
            return rows.into_iter().flatten().flatten().collect();
        }
        client::state(self.engine, &self.database)
    }
}
