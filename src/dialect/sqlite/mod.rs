//! SQLite.

use std::path::Path;

use super::{ConnectOptions, Database, Error};

/// Opens a database file.
///
/// # Errors
///
/// See [`Error`].
pub fn open_file(path: &Path, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let _ = options;
    Err(Error::File {
        source_name: path.display().to_string(),
        reason: "not built yet".to_owned(),
    })
}

/// Runs a script in SQLite's dialect in a database in memory, and opens that. `name` is what reports call it.
///
/// # Errors
///
/// See [`Error`].
pub fn open_script(name: &str, script: &str, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let _ = (script, options);
    Err(Error::File {
        source_name: name.to_owned(),
        reason: "not built yet".to_owned(),
    })
}
