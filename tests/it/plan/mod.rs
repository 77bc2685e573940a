//! Plans, run with the engines' own clients on real servers.

mod client;
mod keep;
mod keyless;
mod linters;
mod locked;
mod locks;
mod orphans;
mod partitions;
mod round_trip;
mod shop;
mod sqlite_rebuild;
mod trip;
mod undo;
