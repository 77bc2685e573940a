//! Plans, run with the engines' own clients on real servers.

mod client;
mod keep;
mod keyless;
mod layouts;
mod linters;
mod locked;
mod locks;
mod move_key;
mod orphans;
mod partitions;
mod read_back;
mod retype;
mod round_trip;
mod shop;
mod sqlite_rebuild;
mod tools;
mod trip;
mod undo;
