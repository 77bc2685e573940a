//! Connections and servers that fail: what was not checked is said not to be, and the program comes to an end.

use std::time::{Duration, Instant};

use super::fault_proxy::{Fault, FaultProxy};
use super::held::hold;
use super::reports::{assert_not_checked, assert_ok, assert_refused, audit, family};
use super::server::{Engine, Family, Server};

/// One of each family that has servers.
const SERVERS: [Engine; 3] = [Engine::Postgres18, Engine::Mysql97, Engine::MariaDb];

#[test]
fn a_connection_cut_anywhere_leaves_nothing_clean() {
    for engine in SERVERS {
        let database = engine.server().database(&family(4));
        let proxy = FaultProxy::start(engine.server().port());
        let run = || {
            audit(&without_tls(engine, &database.url_through(proxy.port())))
                .args(["--jobs", "1"])
                .finish()
        };
        assert_eq!(run().code, Some(0), "{engine:?} without faults");
        let all = proxy.bytes_passed();
        let (mut in_catalogue, mut in_probes) = (0, 0);
        for step in 0..16 {
            proxy.set(Fault::CutAfter(all * step / 16));
            let outcome = run();
            assert_eq!(
                outcome.code,
                Some(2),
                "{engine:?} cut at {step}/16: {}{}",
                outcome.stdout,
                outcome.stderr
            );
            if outcome.stdout.is_empty() {
                in_catalogue += 1;
                assert_refused(&outcome, &["127.0.0.1"]);
            } else {
                in_probes += 1;
                let summary = &outcome.json()["summary"];
                assert_ne!(summary["not_checked"], 0, "{summary}");
                assert_eq!(summary["violated"], 0, "{summary}");
            }
        }
        assert!(
            in_catalogue > 0,
            "{engine:?}: no cut while connecting or reading the catalogue"
        );
        assert!(in_probes > 0, "{engine:?}: no cut while probing");
    }
}

/// TLS would make each run a little different in length.
fn without_tls(engine: Engine, url: &str) -> String {
    match engine.family() {
        Family::Postgres => format!("{url}?sslmode=disable"),
        _ => format!("{url}?ssl-mode=DISABLED"),
    }
}

#[test]
fn a_connection_cut_in_a_probe_leaves_its_relation_unchecked() {
    for engine in SERVERS {
        let database = engine.server().database(&family(3));
        let proxy = FaultProxy::start(engine.server().port());
        let held = hold(&database, "children_2");
        let running = audit(&database.url_through(proxy.port()))
            .args(["--jobs", "1", "--lock-timeout", "1h"])
            .start();
        held.wait_for_probe();
        proxy.kill_all();
        let outcome = running.finish();
        assert_not_checked(&outcome, "children_2", "connection lost");
    }
}

#[test]
fn a_session_ended_by_the_administrator_leaves_its_relation_unchecked() {
    for engine in SERVERS {
        let database = engine.server().database(&family(3));
        let held = hold(&database, "children_2");
        let running = audit(&database.url())
            .args(["--jobs", "1", "--lock-timeout", "1h"])
            .start();
        held.wait_for_probe();
        let waiting = held.waiting_ids().remove(0);
        let kill = match engine.family() {
            Family::Postgres => format!("SELECT pg_terminate_backend({waiting})"),
            _ => format!("KILL {waiting}"),
        };
        engine.server().execute(&kill);
        let outcome = running.finish();
        assert_not_checked(&outcome, "children_2", "");
        held.release();
    }
}

#[test]
fn a_server_that_goes_leaves_its_relations_unchecked() {
    for engine in [Engine::Postgres18, Engine::Mysql97] {
        for in_good_order in [true, false] {
            let server = Server::private(engine, &[]);
            let database = server.database(&family(3));
            let held = hold(&database, "children_2");
            let running = audit(&database.url())
                .args(["--jobs", "2", "--lock-timeout", "1h"])
                .start();
            held.wait_for_probe();
            if in_good_order {
                server.shut_down();
            } else {
                server.kill();
            }
            let outcome = running.finish();
            assert_not_checked(&outcome, "children_2", "");
        }
    }
}

#[test]
fn a_server_that_falls_silent_does_not_hold_the_program_up() {
    // Each waits for some time: all at once.
    std::thread::scope(|scope| {
        for engine in SERVERS {
            scope.spawn(move || fall_silent_in_a_probe(engine));
        }
    });
}

fn fall_silent_in_a_probe(engine: Engine) {
    let database = engine.server().database(&family(3));
    let proxy = FaultProxy::start(engine.server().port());
    let held = hold(&database, "children_2");
    let limits = [
        "--lock-timeout",
        "1h",
        "--statement-timeout",
        "3s",
        "--connect-timeout",
        "2s",
    ];
    // A run that does not end within a minute fails the test.
    let running = audit(&database.url_through(proxy.port()))
        .args(["--jobs", "1"])
        .args(limits)
        .start();
    held.wait_for_probe();
    proxy.set(Fault::StallAfter(0));
    held.release();
    assert_not_checked(&running.finish(), "children_2", "connection lost");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    for engine in SERVERS {
        let proxy = FaultProxy::start(engine.server().port());
        proxy.set(Fault::StallAfter(0));
        let start = Instant::now();
        let url = engine.server().url_through(proxy.port(), "any");
        assert_refused(&audit(&url).args(["--connect-timeout", "1s"]).finish(), &["127.0.0.1"]);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{engine:?}: {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_slow_connection_changes_nothing() {
    for engine in SERVERS {
        let database = engine.server().database(&family(2));
        let proxy = FaultProxy::start(engine.server().port());
        proxy.set(Fault::Delay(Duration::from_millis(20)));
        let outcome = audit(&database.url_through(proxy.port())).finish();
        assert_eq!(outcome.code, Some(0), "{engine:?}: {}", outcome.stderr);
        assert_ok(&outcome, "children_1");
        assert_ok(&outcome, "children_2");
        assert!(proxy.connections() > 0);
    }
}
