//! Plans, run with the engines' own clients on real servers.

mod client;
mod generated;
mod keep;
mod keyless;
mod killed;
mod locked;
mod move_key;
mod nothing_lost;
mod orphans;
mod partitions;
mod retype;
mod round_trip;
mod rows_kept;
mod shop;
mod trip;
mod undo;
mod verify;
