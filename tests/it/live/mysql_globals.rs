//! Whatever a server's administrator has set for all sessions, the report is the same.

use super::reports::audit;
use super::server::{Engine, Family, Server};

/// One orphan, one table whose key MySQL adds by itself where it is told to, and a text that latin1 does not have.
const TABLES: &str = "SET NAMES utf8mb4; SET foreign_key_checks = 0; \
    CREATE TABLE parents (id VARCHAR(20) CHARACTER SET utf8mb4 PRIMARY KEY) ENGINE=InnoDB; \
    INSERT INTO parents VALUES ('日'), ('b'); \
    CREATE TABLE children (id INT PRIMARY KEY, parent_id VARCHAR(20) CHARACTER SET utf8mb4, \
    FOREIGN KEY (parent_id) REFERENCES parents (id)) ENGINE=InnoDB; \
    INSERT INTO children VALUES (1, '日'), (2, '本'), (3, NULL), (4, '本'), (5, 'b'); \
    CREATE TABLE nodes (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES nodes (id)) \
    ENGINE=InnoDB; INSERT INTO nodes VALUES (1, 2), (2, 1), (3, NULL);";

const GLOBALS: &[&str] = &[
    "sql_select_limit = 1",
    "max_join_size = 1",
    "completion_type = 2",
    "wait_timeout = 1",
    "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE'",
    "character_set_server = latin1",
    "collation_connection = latin1_bin",
    "sql_auto_is_null = 1",
    "time_zone = '+05:00'",
    "innodb_lock_wait_timeout = 1",
];

#[test]
fn settings_of_the_server_change_nothing() {
    let engines = Engine::all();
    let servers = engines
        .iter()
        .filter(|engine| matches!(engine.family(), Family::Mysql | Family::MariaDb));
    for engine in servers {
        let mysql97 = *engine == Engine::Mysql97;
        // Elsewhere than in 9.7, a server can be told to do without the character set that a client asks for.
        let options = ["--character-set-server=latin1", "--skip-character-set-client-handshake"];
        let server = Server::private(*engine, if mysql97 { &options[..1] } else { &options });
        let added_key = if mysql97 {
            "SET sql_generate_invisible_primary_key = ON; "
        } else {
            ""
        };
        let database = server.database(&format!("{added_key}{TABLES}"));
        if mysql97 {
            database.execute("SET sql_generate_invisible_primary_key = ON; CREATE TABLE keyless (x INT)");
        }
        let first = audit(&database.url()).finish();
        let report = first.json();
        assert_eq!(first.code, Some(1), "{engine:?}: {}", first.stderr);
        assert_eq!(report["summary"]["error"], 1, "{engine:?}: {report:#}");
        assert_eq!(report["summary"]["not_checked"], 0, "{engine:?}: {report:#}");
        assert!(first.stdout.contains("本"), "{engine:?}: {report:#}");
        assert!(
            !first.stdout.contains("table_without_primary_key"),
            "{engine:?}: {report:#}"
        );
        let hidden_keys = "show_gipk_in_create_table_and_information_schema = OFF";
        for global in GLOBALS.iter().chain(mysql97.then_some(&hidden_keys)) {
            let (name, _) = global.split_once(' ').unwrap();
            let before = server.rows(&format!("SELECT @@GLOBAL.{name}"))[0][0].clone().unwrap();
            server.execute(&format!("SET GLOBAL {global}"));
            let outcome = audit(&database.url()).finish();
            let value = if before.parse::<u64>().is_ok() {
                before
            } else {
                format!("'{before}'")
            };
            server.execute(&format!("SET GLOBAL {name} = {value}"));
            assert_eq!(outcome.stdout, first.stdout, "{engine:?}, {global}: {}", outcome.stderr);
        }
    }
}
