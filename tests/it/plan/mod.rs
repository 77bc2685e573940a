//! Plans, run with the engines' own clients on real servers.

mod client;
mod copied;
mod generated;
mod keep;
mod keyless;
mod killed;
mod layouts;
mod linters;
mod locked;
mod locks;
mod move_key;
mod nothing_lost;
mod orphans;
mod partitions;
mod read_back;
mod retype;
mod round_trip;
mod rows_kept;
mod shop;
mod sqlite_rebuild;
mod standing;
mod tools;
mod trip;
mod types_of_users;
mod undo;
mod verify;
