//! How inference grows with the schema: made-up schemas of more and more tables.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use relaudit::ddl::{self, SourceFile, SqlDialect};
use relaudit::infer;
use relaudit::schema::Schema;

use super::corpus::Case;

const NOUNS: [&str; 40] = [
    "account",
    "address",
    "invoice",
    "order",
    "item",
    "product",
    "price",
    "stock",
    "shipment",
    "carrier",
    "route",
    "vehicle",
    "driver",
    "depot",
    "contract",
    "partner",
    "payment",
    "refund",
    "currency",
    "country",
    "region",
    "city",
    "language",
    "document",
    "folder",
    "comment",
    "tag",
    "project",
    "task",
    "milestone",
    "sprint",
    "team",
    "member",
    "role",
    "permission",
    "session",
    "device",
    "event",
    "report",
    "budget",
];
const PLAIN: [&str; 9] = [
    "name text not null",
    "description text",
    "status varchar(20)",
    "amount numeric(12,2)",
    "quantity integer",
    "created_at timestamp",
    "updated_at timestamp",
    "is_active boolean",
    "notes text",
];

/// Prints how long schemas of so many tables take, the fastest of three times.
pub(crate) fn print() {
    println!(
        "{:>8} {:>9} {:>10} {:>14} {:>16}",
        "tables", "columns", "relations", "milliseconds", "µs for a column"
    );
    for tables in [100_usize, 300, 1_000, 3_000, 10_000] {
        let schema = schema(tables);
        let columns: usize = schema.tables.values().map(|table| table.columns.len()).sum();
        let mut relations = 0;
        let fastest = (0..3)
            .map(|_| {
                let start = Instant::now();
                relations = infer::relations(&schema, &Case::stated()).relations.len();
                start.elapsed()
            })
            .min()
            .unwrap_or(Duration::ZERO);
        let each = fastest.as_secs_f64() * 1e6 / f64::from(u32::try_from(columns).unwrap_or(u32::MAX));
        let milliseconds = fastest.as_secs_f64() * 1e3;
        println!("{tables:>8} {columns:>9} {relations:>10} {milliseconds:>14.1} {each:>16.2}");
    }
}

/// Fifteen columns in each table, of which five are references to other tables and to people.
fn schema(tables: usize) -> Schema {
    let names: Vec<String> = (0..tables).map(name).collect();
    let mut text = String::from("create table users (id bigint primary key, email text);\n");
    for (at, table) in names.iter().enumerate() {
        let _ = write!(text, "create table {table}s (id bigint primary key");
        for step in [7, 31, 101] {
            let other = names.get((at * step + step) % tables).map_or("", String::as_str);
            let _ = write!(text, ", {}{other}_id bigint", if step == 31 { "main_" } else { "" });
        }
        text.push_str(", parent_id bigint, created_by_id bigint");
        for plain in PLAIN {
            let _ = write!(text, ", {plain}");
        }
        text.push_str(");\n");
    }
    let file = SourceFile {
        name: "made up".to_owned(),
        text,
    };
    ddl::read(&[file], SqlDialect::Postgres).schema
}

/// Two or three nouns.
fn name(at: usize) -> String {
    let noun = |at: usize| NOUNS.get(at % NOUNS.len()).copied().unwrap_or_default();
    let mut name = format!("{}_{}", noun(at / NOUNS.len()), noun(at));
    if at >= NOUNS.len() * NOUNS.len() {
        name = format!("{}_{name}", noun(at / (NOUNS.len() * NOUNS.len())));
    }
    name
}
