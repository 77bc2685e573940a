//! Time limits: a probe that takes too long is given up, and the others go on.

use super::held::hold;
use super::reports::{assert_not_checked, assert_ok, audit, family};
use super::server::Engine;

fn check(limits: [&str; 4], reason: &str) {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let database = engine.server().database(&family(3));
        let held = hold(&database, "children_2");
        let outcome = audit(&database.url()).args(limits).args(["--jobs", "1"]).finish();
        assert_not_checked(&outcome, "children_2", reason);
        assert_ok(&outcome, "children_1");
        assert_ok(&outcome, "children_3");
        held.release();
    }
}

#[test]
fn a_lock_that_is_not_to_be_had_in_time() {
    check(["--lock-timeout", "1s", "--statement-timeout", "1h"], "lock timeout");
}

#[test]
fn a_statement_that_takes_too_long() {
    check(
        ["--statement-timeout", "1s", "--lock-timeout", "1h"],
        "statement timeout",
    );
}

#[test]
fn unchecked_can_be_allowed() {
    let database = super::server::postgres(18).database(&family(2));
    let held = hold(&database, "children_2");
    let arguments = ["--lock-timeout", "200ms", "--allow-unchecked"];
    let outcome = audit(&database.url()).args(arguments).finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(outcome.json()["summary"]["not_checked"], 1);
    held.release();
}
