//! postgres.

use super::{ConnectOptions, Database, Error};

/// Opens a live server from what the user wrote.
///
/// # Errors
///
/// See [`Error`].
pub fn open(address: &str, options: &ConnectOptions) -> Result<Box<dyn Database>, Error> {
    let _ = options;
    Err(Error::Address {
        source_name: address.to_owned(),
        reason: "not built yet".to_owned(),
    })
}
