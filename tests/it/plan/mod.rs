//! Plans, run with the engines' own clients on real servers.

mod client;
mod keep;
mod keyless;
mod orphans;
mod partitions;
mod round_trip;
mod trip;
