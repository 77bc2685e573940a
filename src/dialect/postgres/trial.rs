//! Tables of PostgreSQL, built anew in an empty database from what its catalogue says of them.

use crate::dialect::trial::{Rebuild, Scratch, Writer};
use crate::dialect::{ConnectOptions, Dialect as _};
use crate::schema::{Column, ColumnType, Table, TableName};

use super::environment::Environment;
use super::settings::Settings;
use super::{Postgres, address, connect, failure, link};

const MAKING: &str = include_str!("catalog/trial_making.sql");
const COMPLETING: &str = include_str!("catalog/trial_completing.sql");
const DROPS: &str = include_str!("catalog/trial_drops.sql");

impl Rebuild for Postgres {
    fn open(&self, address: &str, options: &ConnectOptions) -> Result<Scratch, String> {
        let environment = Environment::of_process();
        let settings = address::parse(address)
            .and_then(|parameters| environment.complete(parameters))
            .and_then(|parameters| Settings::read(&parameters, &environment, options))?;
        let (_, reached) = connect::connect(&settings, options).map_err(|error| error.to_string())?;
        let client = link::connect(&reached.attempt).map_err(|error| failure::text(&error))?;
        Ok(Scratch {
            writer: Box::new(Client(client)),
            address: address.to_owned(),
            name: reached.name,
            namespace: None,
            _folder: None,
        })
    }

    fn making(&self, tables: &[&Table]) -> Vec<String> {
        vec![MAKING.replace("$TABLES", &named(tables))]
    }

    fn completing(&self, tables: &[&Table]) -> Vec<String> {
        vec![COMPLETING.replace("$TABLES", &named(tables))]
    }

    fn literal_of(&self, expression: &str, _: &ColumnType) -> String {
        format!("quote_nullable({expression}::text)")
    }

    fn insertion(&self, table: &TableName, columns: &[&Column], values: &[String]) -> String {
        let names: Vec<String> = columns.iter().map(|column| self.quote(&column.name)).collect();
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) ON CONFLICT DO NOTHING",
            self.table_name(table),
            names.join(", "),
            values.join(", ")
        )
    }

    fn drops(&self) -> &'static str {
        DROPS
    }
}

/// An array of the tables' identifiers.
fn named(tables: &[&Table]) -> String {
    let each = tables
        .iter()
        .map(|table| format!("{}::regclass", Postgres.literal(&Postgres.table_name(&table.name))));
    format!("ARRAY[{}]::oid[]", each.collect::<Vec<_>>().join(", "))
}

struct Client(postgres::Client);

impl Writer for Client {
    fn run(&mut self, sql: &str) -> Result<(), String> {
        self.0.batch_execute(sql).map_err(|error| failure::text(&error))
    }

    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let messages = self.0.simple_query(sql).map_err(|error| failure::text(&error))?;
        let rows = messages.iter().filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts = |row: &postgres::SimpleQueryRow| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect();
        Ok(rows.map(texts).collect())
    }
}
