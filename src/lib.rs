//! Audits the relations of a database: what was meant, what is enforced, which rows are orphans.
//!
//! # The idea
//!
//! Everything is read into one [`schema::Schema`]. From it come the [`relation::Relations`], each with its evidence.
//! Where names leave open which parent is meant, a few rows are asked, and the relations are inferred again with what they
//! say. Then all rows are probed for each relation. Schema, relations and counts together are the [`rules::Facts`]; they are
//! complete before the first rule runs. Rules are pure functions from facts to findings. A report renders. Data moves
//! one way; nothing later asks anything earlier to do more work.
//!
//! # The map, bottom up
//!
//! A module uses those above it in this list and none below.
//!
//! - [`schema`]: what a database is.
//! - [`relation`], [`finding`]: what is meant, and what a rule reports.
//! - [`yaml`]: the only place that names the YAML crate.
//! - [`dialect`]: what differs between database systems; the only place that writes SQL.
//! - [`ddl`]: SQL text → schema, without a server.
//! - [`orm`]: model source files → what they declare, and what of it is in a schema.
//! - [`snapshot`]: a schema as versioned JSON, written and read.
//! - [`source`]: what the user names as a source, opened.
//! - [`infer`]: schema, and what rows have told → relations; and what is to be asked of rows.
//! - [`probe`]: questions or relations, and a connection → what the rows say, in parallel.
//! - [`rules`]: facts → findings.
//! - [`plan`]: findings → the migration that mends them.
//! - [`report`]: everything → text.
//! - [`config`], [`cli`]: what the user writes.
//! - [`command`]: one file a subcommand; `command/audit.rs` is the whole tool on one screen.
//!
//! # Invariants
//!
//! 1. A module uses only lower layers.
//! 2. `schema`, `relation`, `finding`, `infer` and `rules` do no I/O.
//! 3. Only `dialect` writes SQL; only `report` and `command` write output.
//! 4. Facts are complete before rules run.
//! 5. The tool never writes to an audited database; sessions are read-only on the server's side.
//! 6. Same input, same output, byte for byte.
//! 7. A check that could not run says so.
//! 8. No finding without subject; no relation without evidence.

pub mod cli;
pub mod command;
pub mod config;
pub mod ddl;
pub mod dialect;
pub mod finding;
pub mod infer;
pub mod orm;
pub mod plan;
pub mod probe;
pub mod relation;
pub mod report;
pub mod rules;
pub mod schema;
pub mod snapshot;
pub mod source;
pub mod yaml;
