//! Tables that are truncated or rewritten between the reading of the catalogue and the probes look empty to PostgreSQL's
//! snapshot: that is no proof of anything.

use relaudit::dialect::{ConnectOptions, postgres};
use relaudit::probe::{self, Check, Options, Probes};
use relaudit::schema::Stated;

use super::server::postgres as server;

const SQL: &str = "
    CREATE TABLE parents (id int PRIMARY KEY);
    CREATE TABLE calm (parent_id int);
    CREATE TABLE busy (parent_id int);
    CREATE TABLE root (parent_id int, k int) PARTITION BY LIST (k);
    CREATE TABLE leaf PARTITION OF root FOR VALUES IN (1);
    INSERT INTO parents VALUES (1);
    INSERT INTO calm VALUES (1), (7); INSERT INTO busy VALUES (1), (8); INSERT INTO root VALUES (1, 1), (9, 1);
";

/// Audits a database to which this happens after its catalogue was read; tells for each child, in order, how many orphans
/// were found, or `None` where it was not checked.
fn orphans(version: u32, meanwhile: &str) -> Vec<Option<u64>> {
    let database = server(version).database(SQL);
    let opened = postgres::open(&database.url(), &ConnectOptions::default()).unwrap();
    let schema = opened.read_schema().unwrap().schema;
    let relations = relaudit::infer::relations(&schema, &Stated::default());
    database.execute(meanwhile);
    let options = Options {
        jobs: 2,
        trust_constraints: false,
    };
    let Probes { relations: probes, .. } = probe::probe(&*opened, &schema, &relations, &options, &|_, _| {}).unwrap();
    probes
        .iter()
        .map(|probe| match &probe.outcome {
            Check::Done(counts) => counts.as_ref().map(|counts| counts.orphan_rows),
            Check::NotChecked(reason) => {
                assert!(reason.contains("rewrote"), "{reason}");
                None
            }
        })
        .collect()
}

#[test]
fn tables_that_were_emptied_under_the_audit_are_not_clean() {
    for version in [18, 14] {
        assert_eq!(orphans(version, ""), [Some(1), Some(1), Some(1)], "busy, calm, root");
        let rewrite = "ALTER TABLE busy ALTER COLUMN parent_id TYPE bigint";
        assert_eq!(orphans(version, rewrite), [None, Some(1), Some(1)]);
        assert_eq!(orphans(version, "TRUNCATE leaf"), [Some(1), Some(1), None]);
        assert_eq!(orphans(version, "TRUNCATE parents"), [None, None, None]);
    }
}
