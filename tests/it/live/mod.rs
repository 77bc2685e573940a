//! Tests against real servers. `tests/run` brings them up; without it these tests fail and say so.

pub(crate) mod fault_proxy;
mod harness;
pub(crate) mod private;
pub(crate) mod server;
