//! A run that is broken off can be run again: the end is as if nothing had happened, and so is the undo's.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use crate::live::server::{Engine, Family, Loaded, load};
use crate::run::Run;

/// How the names of second columns begin.
const TWIN_PREFIX: &str = "relaudit_twin_";

const MARK: &str = "this far and no further";

#[test]
fn postgres18_at_every_statement() {
    at_every_statement(Engine::Postgres18);
}

#[test]
fn mysql97_at_every_statement() {
    at_every_statement(Engine::Mysql97);
}

#[test]
fn mariadb_at_every_statement() {
    at_every_statement(Engine::MariaDb);
}

#[test]
fn sqlite_at_every_statement() {
    at_every_statement(Engine::Sqlite);
}

/// Kills the client after the first statement, then runs the script again and kills it after the second, and so on to the
/// last; then runs it to its end. The same with what undoes it.
fn at_every_statement(engine: Engine) {
    let sql = fs::read_to_string(shop(engine)).unwrap();
    let (done, undone) = {
        let database = load(engine, &sql);
        let plan = plan(&database, true);
        run(engine, &database, &plan.up, plan.folder.path());
        let done = client::state(engine, &database);
        run(engine, &database, &plan.down, plan.folder.path());
        (done, client::state(engine, &database))
    };
    let database = load(engine, &sql);
    let plan = plan(&database, true);
    for (text, statements, end) in [(&plan.up, &plan.ups, &done), (&plan.down, &plan.downs, &undone)] {
        let ends = ends(text, statements);
        assert!(ends.len() > 20, "{}: {} statements", engine.name(), ends.len());
        for end in &ends {
            kill_after(engine, &database, text.get(..*end).unwrap());
        }
        run(engine, &database, text, plan.folder.path());
        assert_same(engine, &client::state(engine, &database), end);
    }
}

#[test]
fn in_the_middle_of_a_batch() {
    for engine in client::engines() {
        let rows = match engine.family() {
            Family::Postgres => 25_000,
            Family::Mysql | Family::MariaDb => 5_000,
            Family::Sqlite => continue,
        };
        let (undone, expected) = {
            let database = load(engine, &many_rows(engine, rows));
            let before = client::state(engine, &database);
            let plan = plan(&database, false);
            run(engine, &database, &plan.up, plan.folder.path());
            (before, client::state(engine, &database))
        };
        let database = load(engine, &many_rows(engine, rows));
        let plan = plan(&database, false);
        let Loaded::Server(server) = &database else { continue };
        let in_the_last_batch = rows / 3 * 3 - 30;
        match engine.family() {
            Family::Postgres => kill_by_trigger(server, &plan, engine, &database, in_the_last_batch),
            _ => kill_in_wait(server, &plan, engine, &database, in_the_last_batch),
        }
        let kept = server.rows("SELECT COUNT(*) > 0, COUNT(*) < 1000 FROM relaudit_quarantine_b");
        let yes = if engine.family() == Family::Postgres { "t" } else { "1" };
        let [row] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!(
            row[0].as_deref(),
            Some(yes),
            "{}: no batch was done before",
            engine.name()
        );
        run(engine, &database, &plan.up, plan.folder.path());
        assert_same(engine, &client::state(engine, &database), &expected);
        run(engine, &database, &plan.down, plan.folder.path());
        assert_same(engine, &client::state(engine, &database), &undone);
    }
}

/// The server ends the connection as it deletes that row.
fn kill_by_trigger(
    server: &crate::live::server::Database<'static>,
    plan: &Planned,
    engine: Engine,
    database: &Loaded,
    row: u32,
) {
    server.execute(&format!(
        "CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM \
         pg_terminate_backend(pg_backend_pid()); RETURN OLD; END $$;
         CREATE TRIGGER killing BEFORE DELETE ON b FOR EACH ROW WHEN (OLD.id = {row}) EXECUTE FUNCTION kill();"
    ));
    let error = try_run(engine, database, &plan.up, plan.folder.path()).unwrap_err();
    assert!(error.contains("terminat"), "{error}");
    server.execute("DROP TRIGGER killing ON b; DROP FUNCTION kill();");
}

/// Client and connection are killed while the batch waits for a row.
fn kill_in_wait(
    server: &crate::live::server::Database<'static>,
    plan: &Planned,
    engine: Engine,
    database: &Loaded,
    row: u32,
) {
    use mysql::prelude::Queryable as _;
    let mut holding = server.server().mysql(server.name()).unwrap();
    holding
        .query_drop(format!("BEGIN; SELECT id FROM b WHERE id = {row} FOR UPDATE"))
        .unwrap();
    // The first statement's result must be read before the row is locked for sure.
    holding
        .query_drop(format!("SELECT id FROM b WHERE id = {row} FOR UPDATE"))
        .unwrap();
    let mut client = client::command(engine, &database.source())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    input.write_all(plan.up.as_bytes()).unwrap();
    let waiting = format!(
        "SELECT id FROM information_schema.processlist WHERE db = '{}' AND info LIKE '%relaudit_%' AND id <> \
         CONNECTION_ID() AND command IN ('Query', 'Execute') AND time >= 1",
        server.name()
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    let id = loop {
        if let Some(id) = server.rows(&waiting).into_iter().flatten().flatten().next() {
            break id;
        }
        let all = || server.rows("SELECT id, db, command, time, info FROM information_schema.processlist");
        assert!(
            Instant::now() < deadline,
            "{}: nobody waits for the row: {:?}",
            engine.name(),
            all()
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    client.kill().unwrap();
    client.wait().unwrap();
    server.execute(&format!("KILL {id}"));
    drop(holding);
    // It is gone when its transaction is rolled back.
    while !server
        .rows(&format!(
            "SELECT id FROM information_schema.processlist WHERE id = {id}"
        ))
        .is_empty()
    {
        assert!(Instant::now() < deadline, "{}: the connection stays", engine.name());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every third row of `b` has no parent in `a`.
fn many_rows(engine: Engine, rows: u32) -> String {
    let numbers = match engine.family() {
        Family::Postgres => format!("SELECT n FROM generate_series(1, {rows}) n"),
        _ => format!(
            "SELECT seq FROM (SELECT ROW_NUMBER() OVER () AS seq FROM {0} a, {0} b, {0} c, {0} d) x WHERE seq <= {rows}",
            "(SELECT 1 AS one UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
        ),
    };
    format!(
        "CREATE TABLE a (id INT NOT NULL PRIMARY KEY);
         CREATE TABLE b (id INT NOT NULL PRIMARY KEY, a_id INT, text VARCHAR(20));
         CREATE INDEX b_parent ON b (a_id);
         INSERT INTO a VALUES (1), (2);
         INSERT INTO b (id) {numbers};
         UPDATE b SET a_id = CASE WHEN id % 3 = 0 THEN 7 ELSE 1 END, text = CONCAT('row ', id);"
    )
}

#[test]
fn an_index_that_was_left_invalid_is_built_anew() {
    for engine in client::engines() {
        if engine.family() != Family::Postgres {
            continue;
        }
        let sql = fs::read_to_string(shop(engine)).unwrap();
        let expected = {
            let database = load(engine, &sql);
            let plan = plan(&database, true);
            run(engine, &database, &plan.up, plan.folder.path());
            client::state(engine, &database)
        };
        let database = load(engine, &sql);
        let plan = plan(&database, true);
        let building: Vec<&String> = (plan.ups.iter())
            // A second column is not there yet.
            .filter(|statement| !statement.contains(TWIN_PREFIX))
            .filter(|statement| {
                let mut lines = statement.lines().filter(|line| !line.starts_with("--"));
                lines
                    .next()
                    .is_some_and(|line| line.starts_with("CREATE") && line.contains("INDEX CONCURRENTLY"))
            })
            .collect();
        assert!(building.len() > 2);
        let Loaded::Server(server) = &database else { continue };
        for statement in &building {
            let table = statement.split(" ON ").nth(1).unwrap().split(" (").next().unwrap();
            // An index waits for everybody who writes to its table.
            let mut writing = server.server().postgres(server.name()).unwrap();
            writing
                .batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ROW EXCLUSIVE MODE"))
                .unwrap();
            let mut building = server.server().postgres(server.name()).unwrap();
            building.batch_execute("SET statement_timeout = '100ms'").unwrap();
            building.batch_execute(statement).unwrap_err();
        }
        let invalid = server.rows("SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid");
        assert_eq!(invalid, [[Some(building.len().to_string())]]);
        run(engine, &database, &plan.up, plan.folder.path());
        assert_same(engine, &client::state(engine, &database), &expected);
    }
}

/// A plan as text, and its statements.
struct Planned {
    folder: TempDir,
    up: String,
    ups: Vec<String>,
    down: String,
    downs: Vec<String>,
}

fn plan(database: &Loaded, is_shop: bool) -> Planned {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("plan");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop/relaudit.yml");
    let config = if is_shop {
        fs::read_to_string(fixtures).unwrap()
    } else {
        "relations:\n  - {child: b, columns: [a_id], parent: a, kind: has_many}\n".to_owned()
    };
    let run = Run::new(["plan", &database.source(), "--orphans", "quarantine", "--out"])
        .args([&out])
        .file("relaudit.yml", &config);
    let outcome = run.finish();
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    let document: Value = serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
    let steps: Vec<&Value> = document["steps"].as_array().unwrap().iter().collect();
    let steps: Vec<&Value> = steps.into_iter().filter(|step| step["phase"] != "contract").collect();
    let text = |step: &&Value, name: &str| fs::read_to_string(out.join(step[name].as_str().unwrap())).unwrap();
    let statements = |step: &&Value, name: &str| -> Vec<String> {
        let statements = step[name].as_array().unwrap().iter();
        statements.map(|sql| sql.as_str().unwrap().to_owned()).collect()
    };
    Planned {
        up: steps.iter().map(|step| text(step, "file")).collect(),
        ups: steps.iter().flat_map(|step| statements(step, "up")).collect(),
        down: steps.iter().rev().map(|step| text(step, "undo")).collect(),
        downs: steps.iter().rev().flat_map(|step| statements(step, "down")).collect(),
        folder,
    }
}

/// Where in the text each statement ends, delimiter included.
fn ends(text: &str, statements: &[String]) -> Vec<usize> {
    let mut at = 0;
    let mut ends = Vec::new();
    for statement in statements {
        let rest = text.get(at..).unwrap();
        let start = rest
            .find(statement.as_str())
            .unwrap_or_else(|| panic!("{statement} is not in the script"));
        at += start + statement.len();
        let rest = text.get(at..).unwrap();
        let delimiter = if rest.starts_with("//") { "DELIMITER ;\n" } else { ";\n" };
        at += rest.find(delimiter).unwrap() + delimiter.len();
        ends.push(at);
    }
    ends
}

/// Gives this much of a script to the engine's own client, and kills it when all of that is done.
fn kill_after(engine: Engine, database: &Loaded, script: &str) {
    let mut command = client::command(engine, &database.source());
    if matches!(engine.family(), Family::Mysql | Family::MariaDb) {
        command.arg("--unbuffered");
    }
    let mut client = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mark = match engine.family() {
        Family::Postgres => format!("\\echo {MARK}\n"),
        Family::Sqlite => format!(".print {MARK}\n"),
        Family::Mysql | Family::MariaDb => format!("SELECT '{MARK}';\n"),
    };
    let mut input = client.stdin.take().unwrap();
    // What psql leaves out where it is done may have been cut short.
    let count = |line: &str| script.lines().filter(|one| one.starts_with(line)).count();
    let ends = "\\endif\n".repeat(count("\\if ") - count("\\endif"));
    let text = format!("{script}{ends}{mark}");
    // Its end would end the client.
    let writing = std::thread::spawn(move || {
        let _ = input.write_all(text.as_bytes());
        let _ = input.flush();
        input
    });
    let mut said = BufReader::new(client.stdout.take().unwrap()).lines();
    let seen = said.any(|line| line.is_ok_and(|line| line.contains(MARK)));
    let open = writing.join().unwrap();
    let killed = client.kill();
    drop(open);
    let output = client.wait_with_output().unwrap();
    assert!(
        seen && killed.is_ok(),
        "{}: {}",
        engine.name(),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn run(engine: Engine, database: &Loaded, script: &str, folder: &Path) {
    try_run(engine, database, script, folder).unwrap();
}

fn try_run(engine: Engine, database: &Loaded, script: &str, folder: &Path) -> Result<(), String> {
    let file = folder.join("script.sql");
    fs::write(&file, script).unwrap();
    client::run(engine, database, &file).map(drop)
}

fn assert_same(engine: Engine, found: &[String], expected: &[String]) {
    // When a row was kept, and in which batch, is another in each run.
    let comparable = |lines: &[String]| -> Vec<String> {
        let of_quarantine = |line: &&String| !is_kept_row(line);
        lines.iter().filter(of_quarantine).cloned().collect()
    };
    let (found, expected) = (comparable(found), comparable(expected));
    let missing: Vec<&String> = expected.iter().filter(|line| !found.contains(line)).collect();
    let more: Vec<&String> = found.iter().filter(|line| !expected.contains(line)).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "{}: lost {missing:#?}, new {more:#?}",
        engine.name()
    );
}

/// A line of a dump with a row of a quarantine: it has the plan's time in it.
fn is_kept_row(line: &str) -> bool {
    line.contains("no parent: ") || line.contains("stands for none: ") || line.contains("a copy: ")
}

fn shop(engine: Engine) -> PathBuf {
    let file = match engine.family() {
        Family::Postgres => "postgres.sql",
        Family::Mysql | Family::MariaDb => "mysql.sql",
        Family::Sqlite => "sqlite.sql",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop").join(file)
}
