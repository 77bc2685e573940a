//! The frameworks themselves as judges: they load the fixtures' models, and their own metadata is what the readers say.
//!
//! `tests/run` installs them (`tests/frameworks/install`) and names them in `FRAMEWORK_TESTS`; a framework that is named
//! (all are where it is not set) and is not there fails its test.

mod active_record;
mod emitted;
mod sequelize;
mod sequelize_sync;

use std::path::PathBuf;

/// Where a framework is installed; `None` where this run leaves it out.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let wanted = std::env::var("FRAMEWORK_TESTS");
    if wanted.is_ok_and(|wanted| !wanted.split_whitespace().any(|wanted| wanted == name)) {
        return None;
    }
    let programs = std::env::var_os("RELAUDIT_TEST_SERVERS").map(PathBuf::from);
    let programs = programs.unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| "/var/tmp".into(), PathBuf::from);
        cache.join("relaudit-test-servers")
    });
    let folder = programs.join("frameworks").join(name);
    assert!(
        folder.is_dir(),
        "{name} is not in {}: run tests/run, which installs it, or leave it out with FRAMEWORK_TESTS",
        folder.display()
    );
    Some(folder)
}
