//! What is reported does not depend on when and how rows are read.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql::prelude::Queryable;

use super::reports::{audit, probe_of};
use super::server::{Engine, Family, Loaded, load};
use crate::run::relaudit;

/// Child before parent, in one transaction: who sees the one without the other has looked between them.
const TABLES: &str = "CREATE TABLE parents (id INTEGER PRIMARY KEY); \
                      CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL); \
                      CREATE INDEX children_parent_id ON children (parent_id); \
                      INSERT INTO parents VALUES (0); INSERT INTO children VALUES (0, 0);";
const STATED: &str = "relations: [{child: children, columns: [parent_id], parent: parents, kind: has_many}]\n";
const AUDITS: usize = 12;

#[test]
fn rows_that_come_meanwhile_are_never_orphans() {
    for engine in Engine::all() {
        let loaded = load(engine, TABLES);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_families(engine, &loaded, &done));
            let rows = (0..AUDITS).map(|_| audited_rows(engine, &loaded)).collect::<Vec<u64>>();
            done.store(true, Ordering::SeqCst);
            let written = writer.join().unwrap();
            assert!(rows.is_sorted(), "{engine:?}: rows have gone: {rows:?}");
            assert!(
                rows[0] < rows[AUDITS - 1],
                "{engine:?}: nothing was written meanwhile: {rows:?}, {written}"
            );
        });
    }
}

/// Audits once, and gives the number of child rows that were seen.
fn audited_rows(engine: Engine, loaded: &Loaded) -> u64 {
    let outcome = audit(&loaded.source()).file("relaudit.yml", STATED).finish();
    let report = outcome.json();
    let probe = probe_of(&report, "children");
    assert_eq!(probe["status"], "ok", "{engine:?}: {probe:#}");
    assert_eq!(probe["orphan_rows"], 0, "{engine:?}: {probe:#}");
    probe["child_rows"].as_u64().unwrap()
}

/// Writes one family after the other until it is told to end, and gives their number.
fn write_families(engine: Engine, loaded: &Loaded, done: &AtomicBool) -> u32 {
    let mut write: Box<dyn FnMut(&str)> = match (loaded, engine.family()) {
        (Loaded::Server(database), Family::Postgres) => {
            let mut client = database.server().postgres(database.name()).unwrap();
            Box::new(move |sql| client.batch_execute(sql).unwrap())
        }
        (Loaded::Server(database), _) => {
            let mut connection = database.server().mysql(database.name()).unwrap();
            Box::new(move |sql| connection.query_drop(sql).unwrap())
        }
        (Loaded::File(_), _) => {
            let connection = rusqlite::Connection::open(loaded.source()).unwrap();
            connection.busy_timeout(Duration::from_secs(30)).unwrap();
            Box::new(move |sql| connection.execute_batch(sql).unwrap())
        }
    };
    let mut number = 0;
    while !done.load(Ordering::SeqCst) {
        number += 1;
        let begin = if engine == Engine::Sqlite {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN"
        };
        write(&format!(
            "{begin}; INSERT INTO children VALUES ({number}, {number}); INSERT INTO parents VALUES ({number}); COMMIT"
        ));
        if engine == Engine::Sqlite {
            // Its readers have to come in between.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    number
}

#[test]
fn the_number_of_jobs_does_not_show() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    let config = shop.join("relaudit.yml");
    for engine in Engine::all() {
        let file = match engine.family() {
            Family::Postgres => "postgres.sql",
            Family::Mysql | Family::MariaDb => "mysql.sql",
            Family::Sqlite => "sqlite.sql",
        };
        let loaded = load(engine, &fs::read_to_string(shop.join(file)).unwrap());
        for format in ["json", "table"] {
            let report = |jobs| {
                let config = config.to_str().unwrap();
                let source = loaded.source();
                let outcome = relaudit(["audit", &source, "--config", config, "--format", format, "--jobs", jobs]);
                assert_eq!(outcome.code, Some(1), "{engine:?}: {}", outcome.stderr);
                outcome.stdout
            };
            let first = report("1");
            assert!(first.contains("orphaned_rows"), "{engine:?}: {first}");
            for jobs in ["1", "8", "8"] {
                assert_eq!(report(jobs), first, "{engine:?}, --jobs {jobs}");
            }
        }
    }
}
