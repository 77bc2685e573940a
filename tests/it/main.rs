//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod architecture;
mod audit;
mod clashing_rows;
mod config;
mod ddl;
mod differences;
mod emit;
mod explain;
mod files;
mod framework;
mod frameworks_eloquent;
mod inference;
mod live;
mod mangle;
mod marks;
mod models;
mod orm;
mod orm_mutations;
mod other_parser;
mod plan;
mod readme;
mod reports;
mod rows;
mod rules;
mod run;
mod schema_rb;
mod server_dump;
mod shop;
mod sqlite;
