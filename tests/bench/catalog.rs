//! How long it takes to read a large catalogue: 1,000 tables with 2,000 foreign keys.
//!
//! `CATALOG_URL=postgres://…/empty_database cargo bench --bench catalog` fills the database that the URL names, reads it
//! several times, and prints the median beside a floor, taken in turn: the time to connect and probe nothing at all.
//! The peak memory is that of the whole process.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use relaudit::dialect::ConnectOptions;
use relaudit::source;

const TABLES: usize = 1000;
const RUNS: usize = 9;

fn main() {
    let Ok(url) = std::env::var("CATALOG_URL") else {
        println!("catalog: set CATALOG_URL to an empty database of PostgreSQL or MySQL that may be filled");
        return;
    };
    fill(&url);
    let target = source::parse(&url, None).unwrap();
    let (mut floors, mut reads) = (Vec::new(), Vec::new());
    let mut size = (0, 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        let database = source::open(&target, &ConnectOptions::default())
            .unwrap()
            .database()
            .unwrap();
        floors.push(start.elapsed());
        let start = Instant::now();
        let read = database.read_schema().unwrap();
        reads.push(start.elapsed());
        let keys = read.schema.tables.values().map(|table| table.foreign_keys.len());
        size = (read.schema.tables.len(), keys.sum());
    }
    println!("tables {}, foreign keys {}", size.0, size.1);
    println!(
        "connect {:?}, read {:?} (medians of {RUNS})",
        median(&mut floors),
        median(&mut reads)
    );
    println!("peak memory {}", peak_memory().unwrap_or_else(|| "unknown".to_owned()));
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// `VmHWM` of proc(5): the largest resident set so far.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Each table references the two before it. Does nothing where the tables are there.
fn fill(url: &str) {
    let statements: Vec<String> = (0..TABLES).map(create_table).collect();
    if url.starts_with("postgres") {
        let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
        if client.simple_query("SELECT 1 FROM bench_0 LIMIT 1").is_err() {
            client.batch_execute(&statements.join(";\n")).unwrap();
        }
    } else {
        use mysql::prelude::Queryable;
        let mut connection = mysql::Conn::new(url).unwrap();
        if connection.query_drop("SELECT 1 FROM bench_0 LIMIT 1").is_err() {
            for statement in statements {
                connection.query_drop(statement).unwrap();
            }
        }
    }
}

fn create_table(at: usize) -> String {
    let mut sql =
        format!("CREATE TABLE bench_{at} (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, note VARCHAR(200)");
    for back in 1..=2 {
        let parent = at.saturating_sub(back);
        let _ = write!(
            sql,
            ", parent{back}_id INTEGER, FOREIGN KEY (parent{back}_id) REFERENCES bench_{parent} (id)"
        );
    }
    sql + ")"
}
