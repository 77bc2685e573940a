//! Sources without a server: dumps, schemas, migrations and snapshots in files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::live::server::{Engine, Family, load};
use crate::marks;
use crate::run::{Outcome, Run, relaudit};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)
}

/// Audits one text, named `a.sql`.
pub(crate) fn audit(text: impl AsRef<[u8]>) -> Outcome {
    audit_as("a.sql", text)
}

fn audit_as(name: &str, text: impl AsRef<[u8]>) -> Outcome {
    let run = Run::new(["audit", name, "--format", "json"]);
    fs::write(run.home().join(name), text).unwrap();
    run.finish()
}

/// Rule, subject and count of each finding.
fn findings(report: &Value) -> Vec<(String, String, Option<u64>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            (
                text(&finding["rule"]),
                text(&finding["subject"]),
                finding["count"].as_u64(),
            )
        })
        .collect()
}

/// Child, status, reason, orphaned rows and their first key, of each probe.
pub(crate) fn probes(report: &Value) -> Vec<(String, String, u64)> {
    let relations = report["relations"].as_array().unwrap();
    let probes = report["probes"].as_array().unwrap().iter().zip(relations);
    probes
        .map(|(probe, relation)| {
            let child = &relation["child"];
            let status = match probe["reason"].as_str() {
                Some(reason) => reason.to_owned(),
                None => probe["status"].as_str().unwrap().to_owned(),
            };
            let child = format!("{}{}", child["table"].as_str().unwrap(), child["columns"]);
            (child, status, probe["orphan_rows"].as_u64().unwrap_or(0))
        })
        .collect()
}

#[test]
fn the_shops_as_files_have_the_planted_faults() {
    for dialect in ["postgres", "mysql"] {
        let path = fixture(&format!("shop/{dialect}.sql"));
        let run = Run::new(["audit", path.to_str().unwrap(), "--format", "json", "--config"]);
        let outcome = run.args([fixture("shop/relaudit.yml")]).finish();
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        let report = outcome.json();
        assert_eq!(report["not_run"], json!([]));
        assert_eq!(report["notes"], json!([]));
        assert_eq!(report["summary"]["not_checked"], 0);
        let marks = marks::read(&fs::read_to_string(&path).unwrap());
        let differences = marks::differences(&marks, &report, None);
        assert!(differences.is_empty(), "{dialect}:\n{}", differences.join("\n"));
    }
}

const PG_DUMP: &str = r#"--
-- PostgreSQL database dump
--

SET search_path = public, pg_catalog;

CREATE TABLE public.customers (id bigint NOT NULL, code character(4), email public.citext, deleted_at timestamp);
CREATE TABLE public.orders (
    id bigint NOT NULL,
    note text,
    customer_id bigint,
    customer_code text,
    key uuid
);

COPY public.customers (id, code, email, deleted_at) FROM stdin;
1	ab  	a@b	\N
2	c\\d 	b@b	2026-01-01 00:00:00
\.

COPY public.orders (id, note, customer_id, customer_code, key) FROM stdin;
1	it's; a \\. "note"	1	ab	\N
2	two\nlines\ttab	2	c\\d	\N
3	\N	3	x	\N
4	\N	\N	\N	\N
\.

ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_code_key UNIQUE (code);
ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders ADD CONSTRAINT by_id FOREIGN KEY (customer_id) REFERENCES public.customers(id) NOT VALID;
ALTER TABLE ONLY public.orders ADD CONSTRAINT by_code FOREIGN KEY (customer_code) REFERENCES public.customers(code);

--
-- PostgreSQL database dump complete
--
"#;

#[test]
fn rows_of_copy_are_read() {
    let outcome = audit(PG_DUMP);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let report = outcome.json();
    let expected = [
        ("public.orders[\"customer_code\"]".to_owned(), "violated".to_owned(), 1),
        ("public.orders[\"customer_id\"]".to_owned(), "violated".to_owned(), 1),
    ];
    assert_eq!(probes(&report), expected);
    let orphaned: Vec<_> = findings(&report)
        .into_iter()
        .filter(|found| found.0 == "soft_deleted_parent")
        .collect();
    assert_eq!(orphaned.len(), 2, "{orphaned:?}");
    // Lines count through the rows.
    let snapshot: Value =
        serde_json::from_str(&Run::new(["schema", "a.sql"]).file("a.sql", PG_DUMP).finish().stdout).unwrap();
    let line = &snapshot["tables"][1]["foreign_keys"][1]["location"]["line"];
    let expected = PG_DUMP.lines().position(|line| line.contains("by_id")).unwrap() + 1;
    assert_eq!(*line, json!(expected), "{}", snapshot["tables"][1]["foreign_keys"]);
    // A finding on a foreign key stands where the key is declared, and not its column.
    let findings = report["findings"].as_array().unwrap();
    let unvalidated = findings
        .iter()
        .find(|finding| finding["rule"] == "unvalidated_foreign_key");
    assert_eq!(unvalidated.unwrap()["location"]["line"], json!(expected));
}

#[test]
fn compressed_files_and_pipes_are_the_same() {
    let plain = audit(PG_DUMP).json();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(PG_DUMP.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(PG_DUMP.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let mut frames =
        ruzstd::encoding::compress_to_vec(&PG_DUMP.as_bytes()[..700], ruzstd::encoding::CompressionLevel::Fastest);
    frames.extend(ruzstd::encoding::compress_to_vec(
        &PG_DUMP.as_bytes()[700..],
        ruzstd::encoding::CompressionLevel::Fastest,
    ));
    let crlf = PG_DUMP.replace('\n', "\r\n");
    let bom = format!("\u{feff}{PG_DUMP}");
    for (name, bytes) in [
        ("a.sql.gz", gzip.clone()),
        ("a.sql.zst", zstd),
        ("frames.sql.zst", frames),
        ("crlf.sql", crlf.into_bytes()),
        ("bom.sql", bom.into_bytes()),
    ] {
        let report = audit_as(name, bytes).json();
        assert_eq!(probes(&report), probes(&plain), "{name}");
        assert_eq!(findings(&report), findings(&plain), "{name}");
    }
    let report = Run::new(["audit", "-", "--format", "json"])
        .input(PG_DUMP)
        .finish()
        .json();
    assert_eq!(probes(&report), probes(&plain));
    let report = Run::new(["audit", "-", "--format", "json"]).input(gzip).finish().json();
    assert_eq!(findings(&report), findings(&plain));
}

#[test]
fn what_a_dump_does_not_tell_is_not_called_clean() {
    let schema = "CREATE TABLE a (id bigserial PRIMARY KEY, name text);
CREATE TABLE b (id bigserial PRIMARY KEY, a_id bigint REFERENCES a (id), at timestamptz);
INSERT INTO a (id, name) VALUES (1, 'x');
";
    for (rows, expected) in [
        ("INSERT INTO b VALUES (1, 1, now());", "ok"),
        (
            "INSERT INTO b (a_id, id) VALUES (2, 1), (NULL, 2) ON CONFLICT DO NOTHING;",
            "violated",
        ),
        ("INSERT INTO b (id) VALUES (1);", "ok"),
        (
            "INSERT INTO b VALUES (1, 1); UPDATE b SET a_id = 7 WHERE id = 1;",
            "violated",
        ),
        ("INSERT INTO b VALUES (1, 7); TRUNCATE b;", "ok"),
        ("INSERT INTO b VALUES (1, 1); DELETE FROM a;", "violated"),
        (
            "INSERT INTO b VALUES (1, (SELECT max(id) FROM a));",
            "the INSERT on line 4",
        ),
        ("INSERT INTO b (a_id) SELECT 7;", "INSERT … VALUES"),
        (
            "INSERT INTO a (name) VALUES ('y'); INSERT INTO b VALUES (1, 2);",
            "only the server knows its value",
        ),
        (
            "INSERT INTO b VALUES (1, 1); UPDATE b SET a_id = a_id + 1;",
            "UPDATE changes rows",
        ),
        (
            "INSERT INTO b VALUES (1, 1); DELETE FROM a WHERE id = 1;",
            "DELETE changes rows",
        ),
        ("INSERT INTO b VALUES (1, 1); CALL mend();", "CALL can change rows"),
        (
            "INSERT INTO b VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET a_id = 7;",
            "changes rows that are there",
        ),
        ("COPY b FROM stdin WITH (FORMAT csv);\n1,1,\n\\.\n", "default format"),
        ("COPY b (id, a_id) FROM '/tmp/b';", "COPY from a file"),
    ] {
        let outcome = audit(format!("{schema}{rows}"));
        let report = outcome.json();
        let found = probes(&report);
        assert!(found.len() == 1 && found[0].1.contains(expected), "{rows}: {found:?}");
        let is_checked = ["ok", "violated"].contains(&expected);
        assert_eq!(report["summary"]["not_checked"], u64::from(!is_checked), "{rows}");
    }
    let left_out = PG_DUMP.replace("COPY public.customers (id, code, email, deleted_at) FROM stdin;\n1\tab  \ta@b\t\\N\n2\tc\\\\d \tb@b\t2026-01-01 00:00:00\n\\.\n", "");
    assert_ne!(left_out, PG_DUMP);
    let found = probes(&audit(left_out).json());
    assert!(
        found
            .iter()
            .all(|probe| probe.1.contains("without the rows of `public.customers`")),
        "{found:?}"
    );
}

#[test]
fn keys_are_compared_as_mysql_does() {
    let dump = "-- MySQL dump 10.13
CREATE TABLE `p` (`code` varchar(9) NOT NULL, `bin` varbinary(9), `big` bigint unsigned, `dec` decimal(5,2),
  PRIMARY KEY (`code`), UNIQUE KEY `b` (`bin`), UNIQUE KEY `g` (`big`), UNIQUE KEY `d` (`dec`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `c` (`id` int NOT NULL AUTO_INCREMENT, `code` varchar(9), `bin` varbinary(9), `big` bigint unsigned,
  `dec` decimal(5,2), PRIMARY KEY (`id`),
  CONSTRAINT `f1` FOREIGN KEY (`code`) REFERENCES `p` (`code`), CONSTRAINT `f2` FOREIGN KEY (`bin`) REFERENCES `p` (`bin`),
  CONSTRAINT `f3` FOREIGN KEY (`big`) REFERENCES `p` (`big`), CONSTRAINT `f4` FOREIGN KEY (`dec`) REFERENCES `p` (`dec`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
LOCK TABLES `p` WRITE;
/*!40000 ALTER TABLE `p` DISABLE KEYS */;
INSERT INTO `p` VALUES ('Ab\\'c',0x00FF41,18446744073709551615,1.50),('z',_binary 'x;\\0',1,2.00);
/*!40000 ALTER TABLE `p` ENABLE KEYS */;
UNLOCK TABLES;
INSERT INTO `c` VALUES (1,'aB''C ',0x00ff41,18446744073709551615,1.5),(2,'Z',0x783B00,1,2);
INSERT INTO `c` VALUES (3,'y',0x00FF42,18446744073709551614,1.51);
-- Dump completed on 2026-01-01
";
    let report = audit(dump).json();
    let found = probes(&report);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found.iter().all(|probe| probe.1 == "violated" && probe.2 == 1),
        "{found:?}"
    );
    assert_eq!(report["notes"], json!([]));
    let beyond = dump.replace("(3,'y'", "(3,'\u{e9}'");
    let found = probes(&audit(beyond).json());
    assert!(
        found.iter().all(|probe| probe.1.contains("letters beyond ASCII")),
        "{found:?}"
    );
}

#[test]
fn bad_input_is_told() {
    let cut = &PG_DUMP[..PG_DUMP.find("3\t\\N").unwrap()];
    for (name, bytes, said) in [
        ("cut.sql", cut.as_bytes().to_vec(), "was cut off"),
        (
            "quote.sql",
            b"CREATE TABLE a (id bigserial);\nCOMMENT ON TABLE a IS 'never closed;\n".to_vec(),
            "line 2",
        ),
        (
            "custom.dump",
            b"PGDMP\x01\x0e\x00".to_vec(),
            "pg_restore --file=dump.sql custom.dump",
        ),
        ("binary.sql", vec![0x7f, b'E', b'L', b'F', 0, 0, 1], "binary"),
        (
            "a.sql.gz",
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3],
            "unpacking",
        ),
        ("a.txt", b"SELECT 1;".to_vec(), "--dialect"),
        (
            "a.json",
            b"{\"format\": \"relaudit schema\", \"version\": 9}".to_vec(),
            "version 9",
        ),
    ] {
        let outcome = audit_as(name, bytes);
        assert_eq!(outcome.code, Some(2), "{name}");
        assert!(outcome.stderr.contains(said), "{name}: {}", outcome.stderr);
    }
    let outcome = relaudit(["audit", "a.sql", "--dialect", "oracle"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("postgres"), "{}", outcome.stderr);
    // Read, with a note.
    let latin1 = b"-- caf\xe9\nCREATE TABLE a (id bigserial PRIMARY KEY);\n".to_vec();
    let report = audit(latin1).json();
    assert_eq!(report["notes"][0]["location"]["line"], 1);
    let unfinished = audit(PG_DUMP.replace("dump complete", "")).json();
    assert!(unfinished["notes"][0]["message"].as_str().unwrap().contains("cut off"));
}

#[test]
fn without_rows_the_rest_of_the_audit_runs() {
    let schema = "CREATE TABLE a (id bigserial PRIMARY KEY);\nCREATE TABLE b (id bigserial PRIMARY KEY, a_id bigint);
CREATE TABLE schema_migrations (version text PRIMARY KEY);\nINSERT INTO schema_migrations VALUES ('1');\n";
    let outcome = audit(schema);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let report = outcome.json();
    let not_run = report["not_run"].as_array().unwrap();
    assert!(not_run.iter().any(|rule| rule["rule"] == "orphaned_rows"));
    assert!(not_run.iter().all(|rule| rule["reason"] == "the source has no rows"));
    assert!(findings(&report).iter().any(|found| found.0 == "missing_foreign_key"));
    assert_eq!(
        report["sources"][0],
        json!({"kind": "sql", "name": "a.sql", "server": "PostgreSQL dialect"})
    );
}

#[test]
fn strict_counts_what_was_not_understood() {
    let text = "CREATE TABLE a (id bigserial PRIMARY KEY, b what is this);\nFROBNICATE;\n";
    let run = |arguments: &[&str]| Run::new(arguments).file("a.sql", text).finish();
    let outcome = run(&["relations", "a.sql", "--dialect", "postgres"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for command in ["relations", "audit", "schema"] {
        let outcome = run(&[command, "a.sql", "--dialect", "postgres", "--strict"]);
        assert_eq!(outcome.code, Some(2), "{command}: {}", outcome.stderr);
    }
}

#[test]
fn a_folder_of_migrations_is_a_source() {
    let run = Run::new(["relations", "db", "--format", "json"]);
    let folder = run.home().join("db");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("2_b.up.sql"),
        "ALTER TABLE b ADD COLUMN a_id bigint REFERENCES a (id);",
    )
    .unwrap();
    fs::write(folder.join("2_b.down.sql"), "DROP TABLE a;").unwrap();
    fs::write(
        folder.join("1_a.up.sql"),
        "CREATE TABLE a (id bigserial PRIMARY KEY); CREATE TABLE b (id bigint);",
    )
    .unwrap();
    let report = run.finish().json();
    assert_eq!(report["relations"][0]["child"]["table"], "public.b");
    assert_eq!(report["relations"][0]["origin"], json!(["constraint"]));
}

#[test]
fn a_snapshot_gives_the_same_report() {
    let mut sources = vec![
        "shop/postgres.sql".to_owned(),
        "shop/mysql.sql".to_owned(),
        "shop/sqlite.sql".to_owned(),
    ];
    for rule in fs::read_dir(fixture("rules")).unwrap() {
        let rule = rule.unwrap().file_name().into_string().unwrap();
        sources.push(format!("rules/{rule}/bad.sql"));
    }
    assert!(sources.len() > 25);
    for source in sources {
        let path = fixture(&source);
        let text = fs::read_to_string(&path).unwrap();
        // A fixture that only some servers understand says so in its first line.
        let servers = text.lines().next().and_then(|line| line.strip_prefix("-- servers: "));
        let dialect = match servers.filter(|servers| !servers.contains("sqlite")) {
            Some(servers) if servers.contains("postgres") => Some("postgres"),
            Some(_) => Some("mysql"),
            None => None,
        };
        same_by_snapshot(path.to_str().unwrap(), dialect);
    }
}

#[test]
fn a_snapshot_of_a_server_gives_the_same_report() {
    for engine in Engine::all() {
        let name = match engine.family() {
            Family::Postgres => "postgres",
            Family::Mysql | Family::MariaDb => "mysql",
            Family::Sqlite => "sqlite",
        };
        let loaded = load(
            engine,
            &fs::read_to_string(fixture(&format!("shop/{name}.sql"))).unwrap(),
        );
        same_by_snapshot(&loaded.source(), None);
    }
}

/// The report on the relations, and that of all rules that need no rows, are the same, byte for byte.
fn same_by_snapshot(source: &str, dialect: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    let snapshot = path.to_str().unwrap();
    let of_source = |arguments: &[&str]| {
        let run = Run::new(arguments).args([source]);
        run.args(dialect.iter().flat_map(|dialect| ["--dialect", *dialect]))
            .finish()
    };
    let outcome = of_source(&["schema", "--output", snapshot]);
    assert_eq!(outcome.code, Some(0), "{source}: {}", outcome.stderr);
    let direct = of_source(&["relations", "--format", "json"]);
    let again = relaudit(["relations", snapshot, "--format", "json"]);
    assert_eq!(direct.code, Some(0), "{source}: {}", direct.stderr);
    assert_eq!(again.stdout, direct.stdout, "{source}");
    let once = fs::read_to_string(snapshot).unwrap();
    assert_eq!(relaudit(["schema", snapshot]).stdout, once, "{source}");
    let report = relaudit(["audit", snapshot, "--format", "json"]).json();
    let with_rows = of_source(&["audit", "--format", "json"]).json();
    let needs_rows: Vec<&Value> = report["not_run"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["rule"])
        .collect();
    let mut expected = with_rows["findings"].as_array().unwrap().clone();
    expected.retain(|finding| !needs_rows.contains(&&finding["rule"]));
    assert_eq!(report["findings"], json!(expected), "{source}");
}
