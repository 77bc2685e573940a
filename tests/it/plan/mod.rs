//! Plans, run with the engines' own clients on real servers.

mod client;
mod generated;
mod keep;
mod keyless;
mod killed;
mod locked;
mod nothing_lost;
mod orphans;
mod partitions;
mod round_trip;
mod rows_kept;
mod shop;
mod trip;
mod undo;
