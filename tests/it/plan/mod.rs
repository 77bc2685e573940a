//! Plans, run with the engines' own clients on real servers.

mod client;
mod keep;
mod keyless;
mod locked;
mod move_key;
mod orphans;
mod partitions;
mod retype;
mod round_trip;
mod shop;
mod trip;
mod undo;
