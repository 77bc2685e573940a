//! How fast the relations of a schema without rows are listed, beside a linter of SQL that reads the same file.
//!
//! `cargo bench --bench schema -- FILE…` runs the program and `squawk` (where it is on the path) in turn on each file, and
//! prints the medians and their ratio. Without a file, a schema of 500 tables is made up.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod measure;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::Took;

const RUNS: usize = 21;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|text| !text.starts_with('-'))
        .map(PathBuf::from)
        .collect();
    if paths.is_empty() {
        let path = folder.path().join("500 tables.sql");
        std::fs::write(&path, schema()).unwrap();
        paths.push(path);
    }
    for path in paths {
        compare(&path);
    }
}

fn compare(path: &Path) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut relaudit = Command::new(env!("CARGO_BIN_EXE_relaudit"));
        let (took, code) = measure::run(relaudit.args(["relations", "--format", "json"]).arg(path)).unwrap();
        assert_eq!(code, 0, "{}", path.display());
        ours.push(took);
        // Its default report is made for terminals, and takes many times as long.
        let linted = measure::run(Command::new("squawk").args(["--reporter", "gcc"]).arg(path));
        theirs.extend(linted.map(|(took, _)| took));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let read = measure::plain_read(path).unwrap();
    let (wall, cpu) = medians(&ours);
    let peak = ours.iter().map(|took| took.peak).max().unwrap_or(0);
    println!(
        "{name}: relaudit relations {wall:.3} s, {cpu:.3} s of processor, at most {peak} MB; a plain read {read:.4} s"
    );
    if theirs.is_empty() {
        println!("{name}: squawk is not installed");
        return;
    }
    let (their_wall, their_cpu) = medians(&theirs);
    println!(
        "{name}: squawk {their_wall:.3} s, {their_cpu:.3} s of processor: {:.2} times as long, {:.2} times the processor",
        their_wall / wall,
        their_cpu / cpu
    );
}

/// The median of the wall time; and the mean of the processor time, since that comes in steps of 10 ms.
fn medians(runs: &[Took]) -> (f64, f64) {
    let mut walls: Vec<f64> = runs.iter().map(|took| took.wall).collect();
    walls.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a small number of runs")]
    let mean = runs.iter().map(|took| took.cpu).sum::<f64>() / runs.len() as f64;
    (walls[walls.len() / 2], mean)
}

/// Tables that name each other, half of them by foreign keys.
fn schema() -> String {
    let mut sql = String::from("-- PostgreSQL database dump\n");
    for at in 0..500 {
        let (first, second) = (at * 7 % 500, at * 11 % 500);
        let _ = write!(
            sql,
            "CREATE TABLE public.thing_{at} (\n    id bigint NOT NULL,\n    name character varying(255) NOT NULL,\n    \
             thing_{first}_id bigint,\n    thing_{second}_code text,\n    created_at timestamp with time zone DEFAULT now()\n);\n\
             ALTER TABLE ONLY public.thing_{at} ADD CONSTRAINT thing_{at}_pkey PRIMARY KEY (id);\n"
        );
        if at % 2 == 0 {
            let _ = writeln!(
                sql,
                "ALTER TABLE ONLY public.thing_{at} ADD CONSTRAINT thing_{at}_fk FOREIGN KEY (thing_{first}_id) \
                 REFERENCES public.thing_{first}(id);"
            );
        }
    }
    sql
}
