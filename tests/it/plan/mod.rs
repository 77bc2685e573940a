//! Plans, run with the engines' own clients on real servers.

mod client;
mod linters;
mod locks;
mod round_trip;
mod sqlite_rebuild;
