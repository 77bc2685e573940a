//! The shop, there and back on every engine.

use std::path::Path;

use super::round_trip::check;
use crate::live::server::{Engine, Family};

#[test]
fn what_can_be_mended_is_mended_and_comes_back() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Mysql56) {
        let name = match engine.family() {
            Family::Postgres => "postgres.sql",
            Family::Mysql | Family::MariaDb => "mysql.sql",
            Family::Sqlite => "sqlite.sql",
        };
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop").join(name);
        let (mended, failures) = check(engine, None, &file);
        assert_eq!(failures, [""; 0], "{engine:?}");
        assert!(mended >= 10, "{engine:?}: only {mended} findings were mended");
    }
}
