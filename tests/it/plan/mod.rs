//! Plans, run with the engines' own clients on real servers.

mod client;
mod generated;
mod killed;
mod nothing_lost;
mod round_trip;
mod rows_kept;
mod verify;
