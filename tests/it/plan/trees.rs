//! Rows that hang on rows of their own table: an orphan goes with its whole tree, the leaves first.

use std::fmt::Write as _;

use super::client;
use super::trip::Trip;
use crate::live::server::Engine;

/// Orphans at the roots of trees of several generations, rows of another table below each, and a circle that hangs on none.
const SCHEMA: &str = "\
CREATE TABLE owners (id INTEGER PRIMARY KEY);
CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent_id INTEGER, owner_id INTEGER);
CREATE TABLE items (id INTEGER PRIMARY KEY, node_id INTEGER NOT NULL, note VARCHAR(20));
CREATE INDEX nodes_parent ON nodes (parent_id);
CREATE INDEX nodes_owner ON nodes (owner_id);
CREATE INDEX items_node ON items (node_id);
INSERT INTO owners VALUES (1);
INSERT INTO nodes VALUES (1, NULL, 1), (2, 1, 1), (3, 2, 1), (20, 21, 1), (21, 20, 1), (30, 30, 1),
  (100, 99, 1), (101, 100, 1), (102, 101, 1), (103, 102, 1), (104, 102, NULL), (110, 98, 1), (111, 110, 1);
INSERT INTO items VALUES (1, 1, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, 100, 'd'), (5, 103, 'e'), (6, 104, 'f'), (7, 111, NULL);
";

const CONFIG: &str = "\
relations:
  - {child: nodes, columns: parent_id, parent: nodes, kind: has_many, on_delete: cascade}
  - {child: nodes, columns: owner_id, parent: owners, kind: has_many, on_delete: cascade}
  - {child: items, columns: node_id, parent: nodes, kind: has_many, on_delete: cascade}
";

/// What is withheld but for the advice on circles.
fn withheld(trip: &Trip) -> Vec<String> {
    let mut withheld = trip.withheld();
    withheld.retain(|one| !one.contains("reference_cycle_in_rows"));
    withheld
}

#[test]
fn a_tree_goes_generation_by_generation() {
    for engine in client::engines() {
        let trip = Trip::start(engine, SCHEMA, CONFIG, &[]);
        assert_eq!(withheld(&trip), [""; 0], "{engine:?}");
        trip.round(|trip| {
            let nodes = trip.rows("SELECT id FROM nodes ORDER BY id");
            assert_eq!(nodes.concat(), ["1", "2", "3", "20", "21", "30"], "{engine:?}");
            let items = trip.rows("SELECT id FROM items ORDER BY id");
            assert_eq!(items.concat(), ["1", "2", "3"], "{engine:?}");
        });
    }
}

/// The tree hangs on rows that are orphans of another relation; and where it bites its own tail, nobody can tell which rows
/// of the circle are the last.
#[test]
fn a_tree_below_other_orphans_goes_too_and_a_circle_stays() {
    for engine in client::engines() {
        let sql =
            format!("{SCHEMA}DELETE FROM nodes WHERE id >= 100; UPDATE nodes SET owner_id = 7 WHERE id IN (2, 3);");
        let trip = Trip::start(engine, &sql, CONFIG, &[]);
        assert_eq!(withheld(&trip), [""; 0], "{engine:?}");
        trip.round(|trip| {
            let nodes = trip.rows("SELECT id FROM nodes ORDER BY id");
            assert_eq!(nodes.concat(), ["1", "20", "21", "30"], "{engine:?}");
        });
        for circle in ["id = 20", "id = 30"] {
            let sql =
                format!("{SCHEMA}DELETE FROM nodes WHERE id >= 100; UPDATE nodes SET owner_id = 7 WHERE {circle};");
            let trip = Trip::start(engine, &sql, CONFIG, &[]);
            let withheld = withheld(&trip);
            assert!(
                withheld
                    .iter()
                    .any(|one| one.contains("in a circle, too deep or in too many ways to follow")),
                "{engine:?}: {withheld:?}"
            );
        }
    }
}

/// Five layers of tables, each row of which references one of every table above: 9 + 81 + 729 + 6561 ways lead down.
#[test]
fn what_hangs_on_rows_in_too_many_ways_is_left_alone() {
    let mut sql = "CREATE TABLE roots (id INTEGER PRIMARY KEY);".to_owned();
    let mut above = vec!["root".to_owned()];
    for layer in ["a", "b", "c", "d", "e"] {
        let own: Vec<String> = (0..if layer == "a" { 1 } else { 9 })
            .map(|at| format!("{layer}{at}x"))
            .collect();
        for table in &own {
            let keys: Vec<String> = above
                .iter()
                .map(|one| format!("{one}_id INTEGER NOT NULL REFERENCES {one}s (id) ON DELETE CASCADE"))
                .collect();
            writeln!(
                sql,
                "CREATE TABLE {table}s (id INTEGER PRIMARY KEY, {});",
                keys.join(", ")
            )
            .unwrap();
            let parent = if layer == "a" { ", 7" } else { ", 1" };
            writeln!(sql, "INSERT INTO {table}s VALUES (1{});", parent.repeat(above.len())).unwrap();
        }
        above = own;
    }
    let trip = Trip::start(Engine::Sqlite, &sql, "", &[]);
    let withheld = trip.withheld();
    let is_told = |one: &String| one.contains("in too many ways to follow");
    assert!(withheld.iter().any(is_told), "{withheld:?}");
}
