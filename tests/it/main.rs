//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod architecture;
mod audit;
mod clashing_rows;
mod config;
mod ddl;
mod differences;
mod files;
mod inference;
mod live;
mod mangle;
mod marks;
mod orm;
mod other_parser;
mod plan;
mod readme;
mod reports;
mod rows;
mod rules;
mod run;
mod server_dump;
mod shop;
mod sqlite;
