//! Indexes that others make useless, where the plan replaces those others.

use super::trip::Trip;
use crate::live::server::Engine;

/// The primary key that the table gets stands for the unique index, and that one stood for the plain one.
#[test]
fn an_index_goes_for_one_that_stays() {
    let sql = "
CREATE TABLE taxa (id INTEGER PRIMARY KEY);
CREATE TABLE names (taxon_id INTEGER NOT NULL, name VARCHAR(20) NOT NULL, FOREIGN KEY (taxon_id) REFERENCES taxa (id));
CREATE UNIQUE INDEX of_both ON names (taxon_id, name);
CREATE INDEX of_taxon ON names (taxon_id);
INSERT INTO taxa VALUES (1); INSERT INTO names VALUES (1, 'a'), (1, 'b');
";
    for engine in [Engine::Sqlite, Engine::Postgres18, Engine::Mysql97, Engine::MariaDb] {
        let trip = Trip::start(engine, sql, "{}", &[]);
        trip.round(|_| ());
        trip.up().unwrap();
        trip.contract().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(trip.findings(), [], "{engine:?}");
    }
}
