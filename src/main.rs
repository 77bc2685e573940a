//! Parse, run, print an error, exit code.
fn main() {}
