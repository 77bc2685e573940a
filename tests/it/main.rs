//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod architecture;
mod audit;
mod config;
mod ddl;
mod differences;
mod files;
mod frameworks_eloquent;
mod inference;
mod live;
mod marks;
mod orm;
mod orm_mutations;
mod readme;
mod reports;
mod rules;
mod run;
mod shop;
mod sqlite;
