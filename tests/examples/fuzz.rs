//! Tries the reader of SQL text on texts that are mangled: cut, doubled, spliced, swapped and flipped. Takes all `*.sql`
//! files below the folders, and tells the cases that make it panic, take long, or tell a place that is not there.
//!
//! `cargo run --example fuzz -- SEED CASES FOLDER…`; the same numbers give the same cases.

#![expect(clippy::print_stdout, reason = "it is a program for a person at a terminal")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relaudit::ddl::{self, SqlDialect};

#[path = "../it/mangle.rs"]
mod mangle;

/// After this many faults there is enough to look at.
const ENOUGH: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seed, cases, folders @ ..] = arguments.as_slice() else {
        println!("usage: fuzz SEED CASES FOLDER…");
        return ExitCode::from(2);
    };
    let (Ok(seed), Ok(cases)) = (seed.parse::<u64>(), cases.parse::<u64>()) else {
        println!("SEED and CASES are whole numbers");
        return ExitCode::from(2);
    };
    let mut pieces = Vec::new();
    for file in folders.iter().flat_map(|folder| sql_files(Path::new(folder))) {
        if let Ok(bytes) = std::fs::read(&file) {
            let text = String::from_utf8_lossy(&bytes);
            let dialect = ddl::sniff(&text).unwrap_or(SqlDialect::Sqlite);
            pieces.extend(mangle::pieces(&text, dialect));
        }
    }
    println!("{} pieces", pieces.len());
    std::panic::set_hook(Box::new(|_| {}));
    let tried = watched(seed);
    let mut faults = 0;
    for case in 0..cases {
        tried.store(case, Ordering::Relaxed);
        let text = text_of(seed, case, &pieces);
        let fault = catch_unwind(AssertUnwindSafe(|| mangle::fault(&text))).unwrap_or_else(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("it panics: {}", message.unwrap_or_default()))
        });
        if let Some(fault) = fault {
            faults += 1;
            println!(
                "case {case}: {fault}\n{}\n",
                String::from_utf8_lossy(&text).escape_debug()
            );
            if faults == ENOUGH {
                break;
            }
        }
        if case % 50_000 == 49_999 {
            println!("{} cases", case + 1);
        }
    }
    println!("{faults} faults");
    if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn text_of(seed: u64, case: u64, pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut random = mangle::Random::new(seed.wrapping_mul(0x1_0000_0000).wrapping_add(case));
    mangle::mangled(&mut random, pieces)
}

/// The number of the case at hand, which another thread watches: a case that never ends is told, and ends the program.
fn watched(seed: u64) -> &'static AtomicU64 {
    static TRIED: AtomicU64 = AtomicU64::new(0);
    std::thread::spawn(move || {
        let mut before = u64::MAX;
        loop {
            let now = TRIED.load(Ordering::Relaxed);
            if now == before {
                println!("case {now} of seed {seed} does not end");
                std::process::abort();
            }
            before = now;
            std::thread::sleep(Duration::from_mins(1));
        }
    });
    &TRIED
}

fn sql_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).map(Iterator::flatten).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| {
            let is_sql = path.extension().is_some_and(|extension| extension == "sql");
            if path.is_dir() || is_sql {
                sql_files(&path)
            } else {
                Vec::new()
            }
        })
        .collect()
}
