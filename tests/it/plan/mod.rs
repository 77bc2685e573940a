//! Plans, run with the engines' own clients on real servers.

mod client;
mod move_key;
mod retype;
mod round_trip;
