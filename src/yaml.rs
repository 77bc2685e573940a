//! YAML text to any type that serde can read. The only module that names the YAML crate.

use serde::de::DeserializeOwned;

/// A value with the place it was read from. Lost inside `untagged` and `flatten`.
pub use serde_yaml::Spanned;

/// Reads one YAML document.
///
/// # Errors
///
/// One sentence with line and column. It never quotes the document, which can hold a password.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_yaml::options! { with_snippet: false, strict_booleans: true };
    serde_yaml::from_str_with_options(text, options).map_err(|error| plain(&error.to_string()))
}

/// The parser speaks to programmers who can change its options, and of its events.
fn plain(error: &str) -> String {
    error
        .replace(", set DuplicateKeyPolicy in Options if acceptable", "")
        .replace("expected sequence start", "a list belongs here")
        .replace("expected mapping start", "keys with values belong here")
}

/// Line and column of a value, both from 1.
pub fn place<T>(value: &Spanned<T>) -> (u64, u64) {
    (value.referenced.line(), value.referenced.column())
}
