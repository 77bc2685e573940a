//! Tests against real servers. `tests/run` brings them up; without it these tests fail and say so.

mod agreement;
mod connecting;
mod consistency;
mod dumps;
pub(crate) mod fault_proxy;
mod faults;
mod harness;
mod held;
mod limits;
mod manners;
pub(crate) mod mysql_catalog;
mod mysql_compare;
mod mysql_globals;
mod mysql_oracle;
pub(crate) mod mysql_sessions;
mod names;
mod postgres_catalog;
mod postgres_compare;
mod postgres_orphans;
pub(crate) mod private;
mod privileges;
mod reports;
mod rewritten;
mod rivals;
mod row_rules;
pub(crate) mod server;
