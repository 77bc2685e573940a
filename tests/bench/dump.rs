//! How fast a dump is audited, and in how much memory: dumps as pg_dump and mysqldump write them, of 150 bytes a row.
//!
//! `cargo bench --bench dump [-- MEGABYTES]` writes each to the system's temporary folder, audits it by the program in a
//! process of its own, and prints megabytes a second of wall time, and the greatest memory. A
//! plain read of the same file is the floor.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

fn main() {
    let megabytes = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    let folder = tempfile::tempdir().unwrap();
    for name in ["pg_dump", "mysqldump"] {
        let path = folder.path().join(format!("{name}.sql"));
        let mut file = BufWriter::new(File::create(&path).unwrap());
        let write = if name == "pg_dump" { postgres } else { mysql };
        write(&mut file, megabytes * 1_000_000).unwrap();
        file.flush().unwrap();
        measure(name, &path);
        std::fs::remove_file(path).unwrap();
    }
}

fn measure(name: &str, path: &Path) {
    #[expect(clippy::cast_precision_loss, reason = "a size in megabytes")]
    let size = path.metadata().unwrap().len() as f64 / 1e6;
    let start = Instant::now();
    io::copy(&mut File::open(path).unwrap(), &mut io::sink()).unwrap();
    let floor = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_relaudit"))
        .args(["audit", "--jobs", "1", "--quiet", "--fail-on", "never", "--output"])
        .args([&path.with_extension("txt"), path])
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let took = start.elapsed().as_secs_f64();
    assert!(status.success(), "{name}: {status}");
    println!(
        "{name}: {size:.0} MB in {took:.1} s: {:.0} MB/s; a plain read {:.0} MB/s; peak memory {} MB",
        size / took,
        size / floor,
        peak / 1024
    );
}

/// The greatest memory of a process so far, in KiB, where the system tells.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
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

fn mysql(out: &mut BufWriter<File>, size: u64) -> io::Result<()> {
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
    let between = |id: u64, last: u64| match (id % 7000 == 6999, id == last) {
        (_, true) | (true, _) => ";\n",
        _ => ",",
    };
    let start = |id: u64| id.is_multiple_of(7000);
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
