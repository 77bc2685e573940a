//! The audit of a server's own dump gives what the audit of the server gives, in every form in which it can be made.

use std::fs;

use serde_json::{Value, json};

use super::server::{Engine, Family, load};
use crate::run::Run;
use crate::server_dump::dump;

/// How each program can write the rows.
fn forms(family: Family) -> &'static [&'static [&'static str]] {
    match family {
        Family::Postgres => &[
            &[],
            &["--inserts"],
            &["--column-inserts"],
            &["--rows-per-insert=3", "--no-owner", "--quote-all-identifiers"],
            &["--clean", "--if-exists", "--create"],
        ],
        Family::Mysql => &[
            &[],
            &["--skip-extended-insert", "--complete-insert"],
            &["--skip-opt", "--create-options", "--hex-blob", "--quick"],
            &["--skip-quote-names", "--replace"],
            &["--compact", "--insert-ignore"],
            &["--compatible=ansi"],
        ],
        Family::MariaDb => &[
            &[],
            &["--skip-extended-insert", "--complete-insert"],
            &["--skip-opt", "--create-options", "--hex-blob", "--quick"],
            &["--skip-quote-names", "--replace"],
            &["--compatible=ansi"],
        ],
        Family::Sqlite => &[&[]],
    }
}

#[test]
fn dumps_are_audited_like_their_servers() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    let mut found = Vec::new();
    for engine in Engine::all() {
        // mysqldump of today does not dump so old a server.
        if engine == Engine::Mysql56 {
            continue;
        }
        let file = match engine.family() {
            Family::Postgres => "postgres.sql",
            Family::Mysql | Family::MariaDb => "mysql.sql",
            Family::Sqlite => "sqlite.sql",
        };
        let loaded = load(engine, &fs::read_to_string(folder.join(file)).unwrap());
        let audit = |source: &str, text: &str| {
            let run = Run::new(["audit", source, "--format", "json", "--config"]).args([folder.join("relaudit.yml")]);
            let report = run.file("dump.sql", text).finish().json();
            assert_eq!(report["not_run"], json!([]), "{engine:?}");
            assert!(report["summary"]["violated"].as_u64() > Some(3), "{engine:?}");
            seen(&report)
        };
        let live = audit(&loaded.source(), "");
        for options in forms(engine.family()) {
            let text = dump(&engine.dump_program(), &loaded.source(), options).unwrap();
            let dumped = audit("dump.sql", &text);
            let only = |left: &[String], right: &[String], place: &str| -> Vec<String> {
                let lines = left.iter().filter(|line| !right.contains(line));
                lines
                    .map(|line| format!("{engine:?} {options:?}: only {place}: {line}"))
                    .collect()
            };
            found.extend(only(&live, &dumped, "on the server"));
            found.extend(only(&dumped, &live, "in the dump"));
            assert_eq!(live.len(), dumped.len(), "{}", found.join("\n"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What a report says of rows and schema, a line each, without what only one of two sources can have: the name of
/// MySQL's database, places in files, and how rows were counted.
fn seen(report: &Value) -> Vec<String> {
    let bare = |value: &Value| {
        let name = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
        name.split_once('.')
            .filter(|(namespace, _)| namespace.starts_with('t') && namespace.contains('_'))
            .map_or(name, |(_, table)| table)
            .to_owned()
    };
    let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
        format!(
            "{} {} {} {} {}",
            finding["rule"],
            finding["severity"],
            finding["confidence"],
            bare(&finding["subject"]),
            finding["count"]
        )
    });
    let relations = report["relations"].as_array().unwrap();
    let probes = report["probes"].as_array().unwrap().iter().zip(relations);
    let probes = probes.map(|(probe, relation)| {
        let mut counts = probe.as_object().unwrap().clone();
        for name in ["relation", "source", "method", "estimate"] {
            counts.remove(name);
        }
        let (child, parent) = (&relation["child"], &relation["parent"]);
        format!(
            "{}{} -> {}{} {} {}: {}",
            bare(&child["table"]),
            child["columns"],
            bare(&parent["table"]),
            parent["columns"],
            relation["tier"],
            relation["cardinality"],
            Value::Object(counts)
        )
    });
    findings.chain(probes).collect()
}
