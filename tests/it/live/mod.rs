//! Tests against real servers. `tests/run` brings them up; without it these tests fail and say so.

mod agreement;
mod connecting;
mod consistency;
pub(crate) mod fault_proxy;
mod faults;
mod harness;
mod held;
mod limits;
mod manners;
mod mysql_catalog;
mod names;
mod postgres_catalog;
mod postgres_compare;
pub(crate) mod private;
mod privileges;
mod reports;
pub(crate) mod server;
