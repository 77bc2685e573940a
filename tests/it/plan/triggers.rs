//! Triggers of tables whose rows are treated. What they do besides is kept by nobody, so that the plan asks.

use super::client;
use super::trip::Trip;
use crate::live::server::{Engine, Family};

const SCHEMA: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total INTEGER);
CREATE TABLE deleted_notes (id INTEGER PRIMARY KEY, amount INTEGER, payload VARCHAR(20));
INSERT INTO customers VALUES (1), (2);
INSERT INTO orders VALUES (1, 1, 5), (77, 99, 7);
INSERT INTO deleted_notes VALUES (1, 77, 'precious');
";

const CONFIG: &str = "relations:\n  - {child: orders, columns: customer_id, parent: customers}\n";

fn trigger(engine: Engine, name: &str, when: &str, body: &str) -> String {
    match engine.family() {
        Family::Postgres => format!(
            "CREATE FUNCTION {name}_runs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$; CREATE \
             TRIGGER {name} {when} ON orders FOR EACH ROW EXECUTE FUNCTION {name}_runs();"
        ),
        Family::Mysql | Family::MariaDb => format!("CREATE TRIGGER {name} {when} ON orders FOR EACH ROW {body};"),
        Family::Sqlite => format!("CREATE TRIGGER {name} {when} ON orders BEGIN {body}; END;"),
    }
}

#[test]
fn rows_of_tables_with_triggers_are_left_until_somebody_has_looked() {
    for engine in client::engines() {
        let body = "DELETE FROM deleted_notes WHERE amount = OLD.id";
        let schema = format!("{SCHEMA}{}", trigger(engine, "orders_gone", "AFTER DELETE", body));
        let trip = Trip::start(engine, &schema, CONFIG, &["--orphans", "quarantine"]);
        assert!(
            !trip.steps().iter().any(|step| step.starts_with("Move")),
            "{engine:?}: {:?}",
            trip.steps()
        );
        let withheld = trip.withheld().join("\n");
        assert!(
            withheld.contains("the trigger `orders_gone` of"),
            "{engine:?}: {withheld}"
        );
        assert!(withheld.contains("--run-triggers"), "{engine:?}: {withheld}");
        let trip = Trip::start(engine, &schema, CONFIG, &["--orphans", "quarantine", "--run-triggers"]);
        assert!(
            trip.steps().iter().any(|step| step.starts_with("Move 1 row")),
            "{engine:?}: {:?}",
            trip.steps()
        );
        assert!(
            trip.described().contains("run: `orders_gone`"),
            "{engine:?}: {}",
            trip.described()
        );
        trip.up().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        assert_eq!(trip.rows("SELECT count(*) FROM deleted_notes"), [["0"]], "{engine:?}");
    }
}

/// What runs for other events does not matter, whatever it is called.
#[test]
fn triggers_of_other_events_are_none_of_the_plan_s() {
    for engine in client::engines() {
        let body = "INSERT INTO deleted_notes VALUES (NEW.id, NULL, NULL)";
        let schema = format!(
            "{SCHEMA}{}",
            trigger(engine, "after_delete_or_insert", "AFTER UPDATE", body)
        );
        let trip = Trip::start(engine, &schema, CONFIG, &["--orphans", "quarantine"]);
        assert_eq!(trip.withheld(), [""; 0], "{engine:?}");
        trip.round(|trip| assert_eq!(trip.rows("SELECT id FROM orders"), [["1"]], "{engine:?}"));
        let trip = Trip::start(engine, &schema, CONFIG, &["--orphans", "nullify"]);
        assert!(
            trip.withheld().join("\n").contains("after_delete_or_insert"),
            "{engine:?}: {:?}",
            trip.withheld()
        );
    }
}

/// A trigger that refuses rows without a word, as it is found where foreign keys were made by hand.
#[test]
fn rows_that_do_not_come_back_stay_where_they_are_kept() {
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let schema = format!(
            "{SCHEMA}CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT FROM customers \
             WHERE id = NEW.customer_id) THEN RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON \
             orders FOR EACH ROW EXECUTE FUNCTION refuse();"
        );
        let trip = Trip::start(engine, &schema, CONFIG, &["--orphans", "quarantine", "--run-triggers"]);
        trip.up().unwrap();
        let error = trip.down().unwrap_err();
        assert!(error.contains("do not come back"), "{engine:?}: {error}");
        assert_eq!(
            trip.rows("SELECT id FROM relaudit_quarantine_orders"),
            [["77"]],
            "{engine:?}"
        );
    }
}
