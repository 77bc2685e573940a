//! Partitioned tables, and tables that others inherit from.

use super::trip::Trip;
use crate::live::server::{Engine, Family};

fn postgres() -> impl Iterator<Item = Engine> {
    let engines = Engine::all().into_iter();
    engines.filter(|engine| engine.family() == Family::Postgres)
}

/// Partitions, one of them partitioned again, with orphans in each.
const EVENTS: &str = "\
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE events (id integer NOT NULL, customer_id integer, at date NOT NULL, kind integer) PARTITION BY RANGE (at);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2021 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY LIST (kind);
CREATE TABLE \"Events 2021 a\" PARTITION OF events_2021 FOR VALUES IN (1);
CREATE TABLE events_2021_b PARTITION OF events_2021 DEFAULT;
INSERT INTO customers VALUES (1), (2);
INSERT INTO events VALUES (1, 1, '2020-02-01', 1), (2, 7, '2020-02-01', 1), (3, 2, '2021-02-01', 1), (4, 7, '2021-02-01', 1),
  (5, 8, '2021-02-01', 2), (6, NULL, '2021-02-01', 2), (7, 1, '2021-02-01', 3);
";

const STATED: &str = "relations:\n  - {child: events, columns: [customer_id], parent: customers, kind: has_many}\n";

fn assert_enforced(trip: &Trip) {
    let engine = trip.engine;
    assert_eq!(trip.rows("SELECT count(*) FROM events"), [["4"]], "{engine:?}");
    let keys = trip.rows(
        "SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'customers'::regclass",
    );
    // The root, the partition that is partitioned again, and three that hold rows.
    assert_eq!(keys, [["5", "t"]], "{engine:?}");
    let indexes = trip
        .rows("SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indrelid::regclass::text ILIKE '%events%'");
    assert_eq!(indexes, [["5", "t"]], "{engine:?}: {:?}", trip.steps());
    let left: Vec<_> = trip
        .findings()
        .into_iter()
        .filter(|(rule, _)| rule != "table_without_primary_key")
        .collect();
    assert_eq!(left, [], "{engine:?}");
}

#[test]
fn a_foreign_key_and_its_index_reach_every_partition() {
    for engine in postgres() {
        let trip = Trip::start(engine, EVENTS, STATED, &["--orphans", "quarantine"]);
        let withheld = trip.withheld();
        assert_eq!(withheld.len(), 1, "{engine:?}: {withheld:?}");
        assert!(withheld[0].contains("a primary key"), "{engine:?}: {withheld:?}");
        trip.round(assert_enforced);
    }
}

/// The server makes those of the partitions parts of the whole's, and drops them with it.
#[test]
fn foreign_keys_that_partitions_have_by_themselves_come_back() {
    let sql = format!(
        "{EVENTS}DELETE FROM events WHERE customer_id > 2;
         ALTER TABLE events_2020 ADD CONSTRAINT of_2020 FOREIGN KEY (customer_id) REFERENCES customers;
         ALTER TABLE events_2021 ADD CONSTRAINT of_2021 FOREIGN KEY (customer_id) REFERENCES customers;
         ALTER TABLE \"Events 2021 a\" ADD CONSTRAINT other FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE NOT VALID;"
    );
    let keys = "SELECT conrelid::regclass, conname, convalidated, conparentid <> 0 FROM pg_constraint WHERE contype = 'f' AND \
                conrelid <> 0 AND confrelid = 'customers'::regclass ORDER BY conrelid::regclass::text, 2";
    for engine in postgres() {
        let trip = Trip::start(engine, &sql, STATED, &[]);
        let before = trip.rows(keys);
        trip.round(|trip| {
            let own: Vec<String> = trip
                .rows(keys)
                .into_iter()
                .filter(|key| key[3] == "f")
                .map(|key| format!("{}.{}", key[0], key[1]))
                .collect();
            assert_eq!(
                own,
                ["\"Events 2021 a\".other", "events.events_customer_id_fkey"],
                "{engine:?}"
            );
        });
        assert_eq!(trip.rows(keys), before, "{engine:?}");
    }
}

#[test]
fn rows_that_a_partition_would_refuse_stay() {
    let sql = format!(
        "{EVENTS}ALTER TABLE events_2020 ADD CONSTRAINT own FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;"
    );
    for engine in postgres() {
        let trip = Trip::start(engine, &sql, STATED, &["--orphans", "quarantine"]);
        let withheld = trip.withheld().concat();
        assert!(
            withheld.contains("would refuse them, if they were to come back"),
            "{engine:?}: {withheld}"
        );
        trip.round(|trip| assert_eq!(trip.rows("SELECT count(*) FROM events"), [["7"]], "{engine:?}"));
    }
}

#[test]
fn rows_of_partitions_with_a_key_go_in_batches() {
    let sql = format!("{EVENTS}ALTER TABLE events ADD PRIMARY KEY (id, at, kind);");
    for engine in postgres() {
        for treatment in ["quarantine", "nullify"] {
            let trip = Trip::start(engine, &sql, STATED, &["--orphans", treatment]);
            assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
            trip.round(|trip| {
                let orphans = "SELECT count(*) FROM events WHERE customer_id NOT IN (SELECT id FROM customers)";
                assert_eq!(trip.rows(orphans), [["0"]], "{engine:?}");
            });
        }
    }
}

#[test]
fn keys_in_partitions_without_a_key_are_set_to_null_and_come_back() {
    for engine in postgres() {
        let trip = Trip::start(engine, EVENTS, STATED, &["--orphans", "nullify"]);
        trip.round(|trip| {
            let nulls = trip.rows("SELECT count(*) FROM events WHERE customer_id IS NULL");
            assert_eq!(nulls, [["4"]], "{engine:?}");
        });
    }
}

#[test]
fn a_partition_that_came_since_is_not_passed_over() {
    for engine in postgres() {
        let trip = Trip::start(engine, EVENTS, STATED, &["--orphans", "quarantine"]);
        trip.execute("CREATE TABLE events_2022 PARTITION OF events FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')");
        let error = trip
            .up()
            .expect_err("an index cannot be built for a partition that the plan does not know");
        assert!(
            error.contains("has partitions that it had not when the plan was made"),
            "{error}"
        );
    }
}

#[test]
fn a_foreign_key_is_replaced_in_every_partition() {
    let sql = format!(
        "{EVENTS}DELETE FROM events WHERE customer_id > 2;
         ALTER TABLE events ADD CONSTRAINT whose FOREIGN KEY (customer_id) REFERENCES customers;
         CREATE INDEX events_customer_id ON events (customer_id);"
    );
    let config = "relations:\n  - {child: events, columns: [customer_id], parent: customers, on_delete: cascade}\n";
    for engine in postgres() {
        let trip = Trip::start(engine, &sql, config, &[]);
        let keys = "SELECT conrelid::regclass, conname, confdeltype, convalidated FROM pg_constraint WHERE contype = 'f' AND \
                    conrelid <> 0 AND confrelid = 'customers'::regclass ORDER BY conrelid::regclass::text, 2";
        let before = trip.rows(keys);
        let cascading: Vec<Vec<String>> = before
            .iter()
            .map(|key| vec![key[0].clone(), key[1].clone(), "c".to_owned(), "t".to_owned()])
            .collect();
        assert_eq!(before.len(), 5, "{engine:?}");
        trip.round(|trip| assert_eq!(trip.rows(keys), cascading, "{engine:?}"));
        assert_eq!(trip.rows(keys), before, "{engine:?}");
    }
}

#[test]
fn a_replacement_that_was_broken_off_leaves_nothing() {
    let sql = format!(
        "{EVENTS}DELETE FROM events WHERE customer_id > 2;
         ALTER TABLE events ADD CONSTRAINT whose FOREIGN KEY (customer_id) REFERENCES customers;
         CREATE INDEX events_customer_id ON events (customer_id);"
    );
    let config = "relations:\n  - {child: events, columns: [customer_id], parent: customers, on_delete: cascade}\n";
    let engine = Engine::Postgres14;
    let trip = Trip::start(engine, &sql, config, &[]);
    let steps = trip.plan["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["title"].as_str().unwrap().contains("`whose`"))
        .unwrap();
    let statements: Vec<&str> = step["up"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    for end in 1..=statements.len() {
        for statement in &statements[..end] {
            trip.execute(statement);
        }
        trip.down().unwrap();
        let keys =
            "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND (conname <> 'whose' OR confdeltype <> 'a')";
        assert_eq!(trip.rows(keys), [["0"]], "after {end} statements");
    }
}

/// One table whose unique key can hold what it is partitioned by, and one whose cannot.
const PROFILES: &str = "\
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE profiles (customer_id integer NOT NULL REFERENCES customers (id), changed_on date) PARTITION BY HASH (customer_id);
CREATE TABLE profiles_0 PARTITION OF profiles FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY LIST (customer_id);
CREATE TABLE profiles_0_all PARTITION OF profiles_0 DEFAULT;
CREATE TABLE profiles_1 PARTITION OF profiles FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE visits (customer_id integer NOT NULL REFERENCES customers (id), at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE visits_2020 PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO customers SELECT generate_series(1, 8);
INSERT INTO profiles SELECT generate_series(1, 8), '2020-01-01';
INSERT INTO profiles VALUES (1, '2021-01-01'), (2, '2021-01-01'), (3, '2019-01-01'), (4, NULL);
INSERT INTO visits VALUES (1, '2020-02-01');
";

#[test]
fn a_unique_key_reaches_every_partition_where_it_can() {
    let config = "relations:\n  - {child: profiles, columns: [customer_id], parent: customers, kind: has_one}\n  - {child: \
                  visits, columns: [customer_id], parent: customers, kind: has_one}\n";
    for engine in postgres() {
        let trip = Trip::start(engine, PROFILES, config, &["--keep", "newest:changed_on"]);
        let withheld = trip.withheld().join("\n");
        assert!(
            withheld.contains("`public.visits` is partitioned by `at`, and a unique key must hold"),
            "{withheld}"
        );
        trip.round(|trip| {
            let keys = trip.rows(
                "SELECT count(*) FROM pg_constraint WHERE contype = 'u' AND connamespace = 'public'::regnamespace",
            );
            assert_eq!(keys, [["4"]], "{engine:?}");
            let rows = trip.rows("SELECT customer_id, changed_on FROM profiles ORDER BY customer_id LIMIT 4");
            let newest = [
                ["1", "2021-01-01"],
                ["2", "2021-01-01"],
                ["3", "2020-01-01"],
                ["4", "2020-01-01"],
            ];
            assert_eq!(rows, newest, "{engine:?}");
            let about_profiles = |(_, subject): &(String, String)| subject.contains("profiles(customer_id)");
            assert!(
                !trip.findings().iter().any(about_profiles),
                "{engine:?}: {:?}",
                trip.findings()
            );
        });
    }
}

#[test]
fn a_table_that_others_inherit_from_keeps_to_its_own_rows() {
    let sql = "\
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE notes (id integer PRIMARY KEY, customer_id integer);
CREATE TABLE long_notes (body text) INHERITS (notes);
INSERT INTO customers VALUES (1);
INSERT INTO notes VALUES (1, 1), (2, 7);
INSERT INTO long_notes VALUES (3, 1, 'x'), (4, 8, 'y');
";
    let config = "relations:\n  - {child: notes, columns: [customer_id], parent: customers}\n  - {child: long_notes, columns: \
                  [customer_id], kind: none}\n";
    for engine in postgres() {
        for (treatment, rest) in [
            ("quarantine", vec!["1", "3", "4"]),
            ("nullify", vec!["1", "2", "3", "4"]),
        ] {
            let trip = Trip::start(engine, sql, config, &["--orphans", treatment]);
            trip.round(|trip| {
                let rows: Vec<String> = trip.rows("SELECT id FROM notes ORDER BY id").concat();
                assert_eq!(rows, rest, "{engine:?}");
                assert_eq!(
                    trip.rows("SELECT customer_id FROM long_notes ORDER BY id"),
                    [["1"], ["8"]]
                );
                let keys = trip.rows("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated");
                assert_eq!(keys, [["1"]], "{engine:?}");
            });
        }
    }
}

#[test]
fn on_mysql_only_the_rows_of_partitions_are_mended() {
    let sql = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE events (id INTEGER NOT NULL, customer_id INTEGER, year INTEGER NOT NULL, PRIMARY KEY (id, year))
  PARTITION BY RANGE (year) (PARTITION p0 VALUES LESS THAN (2021), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO customers VALUES (1);
INSERT INTO events VALUES (1, 1, 2020), (2, 7, 2020), (3, 8, 2021);
";
    let config = "relations:\n  - {child: events, columns: [customer_id], parent: customers, kind: has_one}\n";
    let engines = Engine::all().into_iter();
    for engine in engines.filter(|engine| [Engine::Mysql97, Engine::MariaDb].contains(engine)) {
        let trip = Trip::start(engine, sql, config, &["--orphans", "quarantine"]);
        let withheld = trip.withheld().join("\n");
        let reason = "is partitioned by `year`, and a unique key must hold all";
        assert!(withheld.contains(reason), "{engine:?}: {withheld}");
        // The audit knows that there can be none.
        assert!(
            !trip.steps().iter().any(|step| step.contains("foreign key")),
            "{engine:?}"
        );
        trip.round(|trip| assert_eq!(trip.rows("SELECT count(*) FROM events"), [["1"]], "{engine:?}"));
    }
}
