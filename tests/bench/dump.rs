//! How fast a dump is audited, and in how much memory: dumps as pg_dump, mysqldump and sqlite3 write them, of 150 bytes a
//! row, and one that is a single INSERT.
//!
//! `cargo bench --bench dump [-- MEGABYTES]` writes each to the system's temporary folder, audits it by the program with
//! one worker in a process of its own, and prints megabytes a second and the greatest memory. Beside it stand what a plain
//! read of the same file takes, and `wc -l`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod measure;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;

/// Writes a dump of so many bytes.
type Generator = fn(&mut BufWriter<File>, u64) -> io::Result<()>;

fn main() {
    let megabytes = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    let folder = tempfile::tempdir().unwrap();
    let dumps: [(&str, Generator); 4] = [
        ("pg_dump", postgres),
        ("mysqldump", |out, size| mysql(out, size, 7000)),
        ("one INSERT", |out, size| mysql(out, size, u64::MAX)),
        ("sqlite3 .dump", sqlite),
    ];
    for (name, write) in dumps {
        let path = folder.path().join(format!("{}.sql", name.replace(' ', "_")));
        let mut file = BufWriter::new(File::create(&path).unwrap());
        write(&mut file, megabytes * 1_000_000).unwrap();
        file.flush().unwrap();
        report(name, &path);
        std::fs::remove_file(path).unwrap();
    }
}

fn report(name: &str, path: &Path) {
    #[expect(clippy::cast_precision_loss, reason = "a size in megabytes")]
    let size = path.metadata().unwrap().len() as f64 / 1e6;
    let read = measure::plain_read(path).unwrap();
    let lines = measure::run(Command::new("wc").arg("-l").arg(path)).map(|(took, _)| took.wall);
    let mut relaudit = Command::new(env!("CARGO_BIN_EXE_relaudit"));
    let arguments = ["audit", "--jobs", "1", "--quiet", "--fail-on", "never"];
    let (took, code) = measure::run(relaudit.args(arguments).arg(path)).unwrap();
    assert_eq!(code, 0, "{name}");
    println!(
        "{name}: {size:.0} MB in {:.1} s: {:.0} MB/s, {:.0} MB/s of processor; peak memory {} MB; a plain read {:.0} MB/s ({:.0} \
         times as fast), wc -l {:.0} MB/s",
        took.wall,
        size / took.wall,
        size / took.cpu,
        took.peak,
        size / read,
        took.wall / read,
        lines.map_or(f64::NAN, |lines| size / lines),
    );
}

const FILLER: &str =
    "The quick brown fox jumps over the lazy dog, and then it does so again, and again, since dumps hold text";

fn postgres(out: &mut BufWriter<File>, size: u64) -> io::Result<()> {
    writeln!(out, "-- PostgreSQL database dump\n")?;
    writeln!(out, "CREATE TABLE public.customers (id bigint NOT NULL, name text);")?;
    writeln!(
        out,
        "CREATE TABLE public.orders (id bigint NOT NULL, customer_id bigint, note text, at timestamp);"
    )?;
    writeln!(out, "COPY public.customers (id, name) FROM stdin;")?;
    let rows = size / 150;
    for id in 0..rows / 10 {
        writeln!(out, "{id}\t{FILLER}")?;
    }
    writeln!(out, "\\.\n\nCOPY public.orders (id, customer_id, note, at) FROM stdin;")?;
    for id in 0..rows {
        writeln!(
            out,
            "{id}\t{}\t{FILLER}\t2026-01-01 00:00:00",
            id.wrapping_mul(7919) % (rows / 10 + 1)
        )?;
    }
    writeln!(
        out,
        "\\.\n\nALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);"
    )?;
    writeln!(
        out,
        "ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);"
    )?;
    writeln!(
        out,
        "ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES public.customers(id);"
    )?;
    writeln!(out, "-- PostgreSQL database dump complete")
}

/// With so many rows in a statement.
fn mysql(out: &mut BufWriter<File>, size: u64, rows_each: u64) -> io::Result<()> {
    writeln!(out, "-- MySQL dump 10.13\n")?;
    writeln!(
        out,
        "CREATE TABLE `customers` (`id` bigint NOT NULL, `name` text, PRIMARY KEY (`id`)) ENGINE=InnoDB;"
    )?;
    writeln!(
        out,
        "CREATE TABLE `orders` (`id` bigint NOT NULL, `customer_id` bigint, `note` text, `at` datetime, PRIMARY KEY (`id`),\n  \
         CONSTRAINT `orders_customer` FOREIGN KEY (`customer_id`) REFERENCES `customers` (`id`)) ENGINE=InnoDB;"
    )?;
    let rows = size / 150;
    // mysqldump's statements are of about a megabyte.
    let between = |id: u64, last: u64| {
        if id == last || id % rows_each == rows_each - 1 {
            ";\n"
        } else {
            ","
        }
    };
    let start = |id: u64| id.is_multiple_of(rows_each);
    let customers = rows / 10;
    for id in 0..customers {
        if start(id) {
            write!(out, "INSERT INTO `customers` VALUES ")?;
        }
        write!(out, "({id},'{FILLER}'){}", between(id, customers - 1))?;
    }
    for id in 0..rows {
        if start(id) {
            write!(out, "INSERT INTO `orders` VALUES ")?;
        }
        let customer = id.wrapping_mul(7919) % (customers + 1);
        write!(
            out,
            "({id},{customer},'{FILLER}','2026-01-01 00:00:00'){}",
            between(id, rows - 1)
        )?;
    }
    writeln!(out, "-- Dump completed")
}

fn sqlite(out: &mut BufWriter<File>, size: u64) -> io::Result<()> {
    writeln!(out, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;")?;
    writeln!(out, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);")?;
    let rows = size / 150;
    for id in 0..rows / 10 {
        writeln!(out, "INSERT INTO customers VALUES({id},'{FILLER}');")?;
    }
    writeln!(
        out,
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), note TEXT);"
    )?;
    for id in 0..rows {
        let customer = id.wrapping_mul(7919) % (rows / 10 + 1);
        writeln!(out, "INSERT INTO orders VALUES({id},{customer},'{FILLER}');")?;
    }
    writeln!(out, "COMMIT;")
}
