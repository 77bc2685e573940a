//! Plans, run with the engines' own clients on real servers.

mod client;
mod retype;
mod round_trip;
