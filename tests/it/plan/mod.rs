//! Plans, run with the engines' own clients on real servers.

mod client;
mod layouts;
mod read_back;
mod round_trip;
mod tools;
