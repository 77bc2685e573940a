//! Plans, run with the engines' own clients on real servers.

mod client;
mod round_trip;
