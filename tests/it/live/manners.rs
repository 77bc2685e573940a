//! How the program behaves on a server that others need.

use std::time::Duration;

use super::held::{eventually, hold};
use super::reports::{assert_ok, audit, family};
use super::server::{Engine, Family, Server, load};

const SERVERS: [Engine; 4] = [Engine::Postgres18, Engine::Postgres14, Engine::Mysql97, Engine::MariaDb];

#[test]
fn an_interrupt_cancels_on_the_server() {
    for engine in SERVERS {
        let database = engine.server().database(&family(3));
        let held = hold(&database, "parents");
        let limits = ["--jobs", "3", "--lock-timeout", "1h", "--statement-timeout", "1h"];
        let running = audit(&database.url()).args(limits).start();
        eventually("several probes wait", || held.waiting() > 1);
        running.interrupt();
        let outcome = running.finish();
        assert_eq!(outcome.code, Some(130), "{engine:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{engine:?}");
        // A server does not notice that a client has gone while it waits for a lock, and the lock is still held.
        eventually("the server has ended the statements", || held.waiting() == 0);
        held.release();
    }
}

#[test]
fn there_are_no_more_sessions_than_jobs() {
    for engine in SERVERS {
        let database = engine.server().database(&family(9));
        let held = hold(&database, "parents");
        for (jobs, most) in [("1", 1), ("3", 3)] {
            let running = audit(&database.url())
                .args(["--jobs", jobs, "--lock-timeout", "3s"])
                .start();
            eventually("the probes wait", || held.waiting() == most);
            for _ in 0..20 {
                let sessions = held.sessions();
                assert!(sessions <= most, "{engine:?}: {sessions} sessions with --jobs {jobs}");
                std::thread::sleep(Duration::from_millis(10));
            }
            drop(running);
            eventually("the sessions have gone", || held.sessions() == 0);
        }
        held.release();
    }
}

#[test]
fn the_last_free_connections_are_left_to_others() {
    for (engine, options) in [
        (
            Engine::Postgres18,
            [
                "-cmax_connections=6",
                "-csuperuser_reserved_connections=2",
                "-cmax_wal_senders=0",
            ]
            .as_slice(),
        ),
        (Engine::Mysql97, ["--max-connections=4"].as_slice()),
    ] {
        let server = Server::private(engine, options);
        let database = server.database(&family(12));
        let outcome = audit(&database.url()).args(["--jobs", "32"]).finish();
        assert_eq!(
            outcome.code,
            Some(0),
            "{engine:?}: {}{}",
            outcome.stdout,
            outcome.stderr
        );
        for child in 1..=12 {
            assert_ok(&outcome, &format!("children_{child}"));
        }
    }
}

#[test]
fn sessions_say_whose_they_are() {
    let database = super::server::postgres(18).database(&family(1));
    let held = hold(&database, "parents");
    let running = audit(&database.url()).start();
    // What waits is counted by the application's name.
    held.wait_for_probe();
    held.release();
    assert_eq!(running.finish().code, Some(0));

    let server = Server::private(Engine::Mysql97, &["--performance-schema=ON"]);
    let database = server.database(&family(1));
    let held = hold(&database, "parents");
    let running = audit(&database.url()).start();
    held.wait_for_probe();
    let query = "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE attr_name = 'program_name'";
    assert!(server.rows(query).contains(&vec![Some("relaudit".to_owned())]));
    held.release();
    assert_eq!(running.finish().code, Some(0));
}

/// What a session may say to a server that it only reads.
const READING: [&str; 12] = [
    "SELECT",
    "SHOW",
    "SET",
    "BEGIN",
    "START",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "WITH",
    "COPY",
    "END",
];

#[test]
fn sessions_only_read_and_the_server_sees_to_it() {
    let servers = [
        (
            Engine::Postgres18,
            vec!["-clog_statement=all", "-clog_line_prefix=<%a> "],
        ),
        (Engine::Mysql97, vec!["--general-log=ON", "--log-output=TABLE"]),
    ];
    for (engine, options) in servers {
        let server = Server::private(engine, &options);
        let database = server.database(&family(3));
        server.execute("SELECT 'here it begins'");
        assert_eq!(audit(&database.url()).finish().code, Some(0));
        let statements = match engine.family() {
            Family::Postgres => postgres_statements(&server.log()),
            _ => mysql_statements(&server),
        };
        assert!(statements.len() > 5, "{statements:?}");
        for statement in &statements {
            let code = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
            let first = code.flat_map(str::split_whitespace).next().unwrap_or_default();
            let first = first
                .trim_matches(|character: char| !character.is_alphabetic())
                .to_uppercase();
            assert!(READING.contains(&first.as_str()), "{engine:?} is told {statement:?}");
            assert!(
                first != "COPY" || statement.to_uppercase().contains("TO STDOUT"),
                "{statement:?}"
            );
        }
        let read_only = |statement: &String| {
            let statement = statement.to_lowercase().replace('_', " ");
            statement.contains("read only")
        };
        assert!(
            statements.iter().any(read_only),
            "{engine:?}: no session is read-only: {statements:#?}"
        );
    }
}

fn postgres_statements(log: &str) -> Vec<String> {
    let mut statements = Vec::new();
    for line in log.lines() {
        // A statement goes on in lines that begin with a tab.
        if let (Some(rest), Some(last)) = (line.strip_prefix('\t'), statements.last_mut()) {
            let last: &mut String = last;
            last.push_str(rest);
        } else if let Some(rest) = line.strip_prefix("<relaudit> LOG:  ") {
            let said = rest
                .split_once(": ")
                .filter(|(kind, _)| *kind == "statement" || kind.starts_with("execute "));
            statements.extend(said.map(|(_, statement)| statement.to_owned()));
        }
    }
    statements
}

fn mysql_statements(server: &Server) -> Vec<String> {
    let rows = server.rows(
        "SELECT convert(argument USING utf8mb4) FROM mysql.general_log WHERE command_type IN ('Query', 'Execute') \
         AND event_time > (SELECT max(event_time) FROM mysql.general_log WHERE convert(argument USING utf8mb4) \
         LIKE 'SELECT %here it begins%' AND convert(argument USING utf8mb4) NOT LIKE '%general_log%')",
    );
    let statements = rows
        .into_iter()
        .map(|row| row.into_iter().next().flatten().unwrap_or_default());
    statements
        .filter(|statement| !statement.contains("general_log"))
        .collect()
}

#[test]
fn rows_stay_as_they_are() {
    for engine in Engine::all() {
        let loaded = load(engine, &family(2));
        let first = audit(&loaded.source()).finish();
        assert_eq!(first.code, Some(0), "{engine:?}: {}", first.stderr);
        assert_eq!(audit(&loaded.source()).finish().stdout, first.stdout, "{engine:?}");
    }
}
