//! Ways in which rows were lost, or came back as others: each once, on the engines that it concerns.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::client;
use crate::live::server::{Engine, Family, Loaded, load};
use crate::run::Run;

/// A plan, and what it is for.
struct Planned {
    engine: Engine,
    database: Loaded,
    folder: TempDir,
    plan: Value,
}

impl Planned {
    fn new(engine: Engine, sql: &str, config: &str, arguments: &[&str]) -> Self {
        let database = load(engine, sql);
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("plan");
        let run = Run::new(["plan", &database.source(), "--out"])
            .args([&out])
            .args(arguments)
            .file("relaudit.yml", config);
        let outcome = run.finish();
        assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
        let plan = serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
        Self {
            engine,
            database,
            folder,
            plan,
        }
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        let steps = self.plan["steps"].as_array().unwrap().iter();
        let steps = steps.filter(|step| step["phase"] != "contract");
        steps
            .map(|step| self.folder.path().join("plan").join(step[name].as_str().unwrap()))
            .collect()
    }

    fn run(&self) -> Result<(), String> {
        let mut files = self.files("file").into_iter();
        files.try_for_each(|file| client::run(self.engine, &self.database, &file).map(drop))
    }

    fn undo(&self) -> Result<(), String> {
        let mut files = self.files("undo").into_iter().rev();
        files.try_for_each(|file| client::run(self.engine, &self.database, &file).map(drop))
    }

    fn state(&self) -> Vec<String> {
        client::state(self.engine, &self.database)
    }

    fn withheld(&self) -> String {
        self.plan["withheld"].to_string()
    }
}

const FRESH: &str = "relations: []\n";

/// Rows of `lines` hang on those of `orders`, and go with them where nobody looks.
fn lines_go_with_orders(engine: Engine, key: &str) -> String {
    let (off, on, late) = match engine.family() {
        Family::Postgres => ("", "", " NOT VALID"),
        Family::Sqlite => ("", "", ""),
        Family::Mysql | Family::MariaDb => ("SET foreign_key_checks = 0;", "SET foreign_key_checks = 1;", ""),
    };
    let add = |table: &str, column: &str, parent: &str, action: &str| match engine.family() {
        Family::Sqlite => String::new(),
        _ => format!(
            "ALTER TABLE {table} ADD CONSTRAINT {table}_fk FOREIGN KEY ({column}) REFERENCES {parent} (id) ON DELETE \
             {action}{late};"
        ),
    };
    format!(
        "{off} CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY);
         CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer_id INTEGER{orders});
         CREATE TABLE line_items (id INTEGER NOT NULL PRIMARY KEY, order_id INTEGER{lines});
         INSERT INTO customers VALUES (1);
         INSERT INTO orders VALUES (1, 1), (2, {key});
         INSERT INTO line_items VALUES (1, 1), (2, 2);
         {orders_key} {lines_key} {on}",
        orders = if engine == Engine::Sqlite {
            " REFERENCES customers (id)"
        } else {
            ""
        },
        lines = if engine == Engine::Sqlite {
            " REFERENCES orders (id) ON DELETE CASCADE"
        } else {
            ""
        },
        orders_key = add("orders", "customer_id", "customers", "NO ACTION"),
        lines_key = add("line_items", "order_id", "orders", "CASCADE"),
    )
}

#[test]
fn what_hangs_on_rows_whose_key_stands_for_none_is_kept() {
    for engine in client::engines() {
        let plan = Planned::new(
            engine,
            // Where it can be null it is set to null, and the row stays with all that hangs on it.
            &lines_go_with_orders(engine, "0").replace("customer_id INTEGER", "customer_id INTEGER NOT NULL"),
            FRESH,
            &["--orphans", "quarantine"],
        );
        let before = plan.state();
        plan.run().unwrap();
        let kept = plan.plan["steps"].to_string();
        assert!(
            kept.contains("`line_items`") || kept.contains(".line_items`"),
            "{}: {kept}",
            engine.name()
        );
        plan.undo().unwrap();
        assert_eq!(plan.state(), before, "{}", engine.name());
    }
}

#[test]
fn rows_on_which_others_hang_that_nobody_looked_at_stay() {
    for engine in client::engines() {
        let plan = Planned::new(
            engine,
            &lines_go_with_orders(engine, "7"),
            FRESH,
            &["--orphans", "quarantine", "--exclude-table", "*line_items"],
        );
        let error = plan.run().unwrap_err();
        assert!(
            error.contains("other rows reference them"),
            "{}: {error}",
            engine.name()
        );
        let lines = match &plan.database {
            Loaded::Server(database) => database.rows("SELECT COUNT(*) FROM line_items"),
            Loaded::File(_) => continue,
        };
        assert_eq!(lines, [[Some("2".to_owned())]], "{}", engine.name());
    }
}

#[test]
fn a_key_that_others_reference_is_not_set_to_null() {
    let sql = "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);
        CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER UNIQUE);
        CREATE TABLE c (id INTEGER NOT NULL PRIMARY KEY, b_a_id INTEGER);
        INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1), (2, 7); INSERT INTO c VALUES (1, 1), (2, 7);";
    let config = "relations:
  - {child: b, columns: [a_id], parent: a, kind: has_one, on_delete: set_null}
  - {child: c, columns: [b_a_id], parent: b, parent_columns: [a_id], kind: has_many, on_delete: cascade}\n";
    for engine in client::engines() {
        let plan = Planned::new(engine, sql, config, &[]);
        let withheld = plan.withheld();
        assert!(
            withheld.contains("reference what would be null"),
            "{}: {withheld}",
            engine.name()
        );
        let before = plan.state();
        plan.run().unwrap();
        plan.undo().unwrap();
        assert_eq!(plan.state(), before, "{}", engine.name());
    }
}

#[test]
fn rows_that_break_two_foreign_keys_come_back() {
    let sql = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
        CREATE TABLE c (id int PRIMARY KEY, a_id int, b_id int);
        INSERT INTO c VALUES (1, 7, 8);
        ALTER TABLE c ADD FOREIGN KEY (a_id) REFERENCES a (id) NOT VALID;
        ALTER TABLE c ADD FOREIGN KEY (b_id) REFERENCES b (id) NOT VALID;";
    for engine in client::engines().filter(|engine| engine.family() == Family::Postgres) {
        let plan = Planned::new(engine, sql, FRESH, &["--orphans", "quarantine"]);
        let before = plan.state();
        plan.run().unwrap();
        assert_ne!(plan.state(), before);
        plan.undo().unwrap();
        assert_eq!(plan.state(), before, "{}", engine.name());
    }
}

#[test]
fn a_step_that_fails_says_so_to_its_client() {
    for engine in client::engines() {
        let plan = Planned::new(
            engine,
            &lines_go_with_orders(engine, "7"),
            FRESH,
            &["--orphans", "quarantine"],
        );
        match &plan.database {
            Loaded::Server(database) => database.execute("ALTER TABLE line_items DROP COLUMN id"),
            Loaded::File(_) => rusqlite::Connection::open(plan.database.source())
                .unwrap()
                .execute_batch("ALTER TABLE line_items RENAME COLUMN id TO other")
                .unwrap(),
        }
        let error = plan.run().unwrap_err();
        assert!(
            error.contains("not as it was when the plan was made"),
            "{}: {error}",
            engine.name()
        );
    }
}

#[test]
fn columns_of_mysql_that_change_by_themselves_or_do_not_show() {
    for engine in client::engines() {
        let invisible = match engine {
            Engine::Mysql97 | Engine::MariaDb | Engine::MariaDb118 => "INVISIBLE DEFAULT 5",
            _ => continue,
        };
        let sql = format!(
            "CREATE TABLE a (id INT PRIMARY KEY) ENGINE = InnoDB;
             CREATE TABLE b (id INT PRIMARY KEY, a_id INT, changed TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,
               seen INT {invisible}, KEY (a_id)) ENGINE = InnoDB;
             INSERT INTO a VALUES (1);
             INSERT INTO b (id, a_id, changed, seen) VALUES (1, 7, '2001-02-03 04:05:06', 9), (2, 1, '2001-02-03 04:05:06', 8);"
        );
        let config = "relations:\n  - {child: b, columns: [a_id], parent: a, kind: has_many}\n";
        for treatment in ["nullify", "quarantine"] {
            let plan = Planned::new(engine, &sql, config, &["--orphans", treatment]);
            let before = plan.state();
            plan.run().unwrap();
            let Loaded::Server(database) = &plan.database else {
                continue;
            };
            let changed = database.rows("SELECT COUNT(*) FROM b WHERE changed > '2001-02-03 04:05:06'");
            assert_eq!(changed, [[Some("0".to_owned())]], "{} {treatment}", engine.name());
            plan.undo().unwrap();
            assert_eq!(plan.state(), before, "{} {treatment}", engine.name());
        }
    }
}
