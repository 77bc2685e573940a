//! Tables of MySQL and MariaDB, built anew in an empty database by their own statements. All of them are in that one
//! database there, whatever the one is called that they are from.

use mysql::Conn;
use mysql::prelude::Queryable as _;

use crate::dialect::trial::{Rebuild, Scratch, Writer};
use crate::dialect::{ConnectOptions, Dialect as _};
use crate::schema::{Column, ColumnType, Ident, Table, TableName, TypeFamily};

use super::address::Target;
use super::connect::Connector;
use super::session::texts;
use super::{MySql, ThisMachine};

impl Rebuild for MySql {
    fn open(&self, address: &str, options: &ConnectOptions) -> Result<Scratch, String> {
        let target = Target::read(address, &ThisMachine).map_err(|error| error.to_string())?;
        let connector = Connector::new(target, options);
        let database = connector
            .database()
            .map(Ident::new)
            .ok_or_else(|| format!("{}: name a database in the URL, after the host", connector.name()))?;
        let connection = connector.connect().map_err(|error| error.to_string())?;
        Ok(Scratch {
            writer: Box::new(Client(connection)),
            address: address.to_owned(),
            name: connector.name().to_owned(),
            namespace: Some(database),
            _folder: None,
        })
    }

    fn making(&self, tables: &[&Table]) -> Vec<String> {
        let each = tables
            .iter()
            .map(|table| format!("SHOW CREATE TABLE {}", self.table_name(&table.name)));
        each.collect()
    }

    /// Foreign keys come with their tables, since they are not enforced meanwhile.
    fn completing(&self, _: &[&Table]) -> Vec<String> {
        Vec::new()
    }

    fn literal_of(&self, expression: &str, ty: &ColumnType) -> String {
        match ty.family {
            // By their bytes, which are the same whatever the character set of the connection.
            TypeFamily::Text | TypeFamily::Bytes | TypeFamily::Other => format!(
                "IF({expression} IS NULL, 'NULL', IF(HEX({expression}) = '', '''''', CONCAT('0x', HEX({expression}))))"
            ),
            TypeFamily::Json => {
                format!("IF({expression} IS NULL, 'NULL', CONCAT('CONVERT(0x', HEX({expression}), ' USING utf8mb4)'))")
            }
            _ => format!("QUOTE({expression})"),
        }
    }

    fn insertion(&self, table: &TableName, columns: &[&Column], values: &[String]) -> String {
        let names: Vec<String> = columns.iter().map(|column| self.quote(&column.name)).collect();
        format!(
            "INSERT IGNORE INTO {} ({}) VALUES ({})",
            self.table_name(table),
            names.join(", "),
            values.join(", ")
        )
    }

    fn loading(&self) -> [&'static [&'static str]; 2] {
        [
            &[
                "SET SESSION foreign_key_checks = 0",
                "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            ],
            &["SET SESSION foreign_key_checks = 1", "SET SESSION sql_mode = DEFAULT"],
        ]
    }

    fn drops(&self) -> &'static str {
        "SELECT 'table', CONCAT(IF(table_type = 'VIEW', 'DROP VIEW ', 'DROP TABLE '), '`', REPLACE(table_name, '`', '``'), \
         '`') FROM information_schema.tables WHERE table_schema = DATABASE() UNION ALL SELECT 'routine', CONCAT('DROP ', \
         routine_type, ' `', REPLACE(routine_name, '`', '``'), '`') FROM information_schema.routines WHERE routine_schema = \
         DATABASE()"
    }

    fn placed(&self, sql: &str, from: Option<&Ident>, to: Option<&Ident>) -> Result<String, String> {
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(sql.to_owned());
        };
        if from == to {
            return Ok(sql.to_owned());
        }
        let [old, new] = [from, to].map(|name| format!("{}.", self.quote(name)));
        let [old_text, new_text] = [from, to].map(|name| format!("_schema = {}", self.literal(name.as_str())));
        let placed = sql.replace(&old, &new).replace(&old_text, &new_text);
        // What names the database otherwise would be done to the database that the plan is for.
        let left = [self.quote(from), format!("= {}", self.literal(from.as_str()))];
        if left.iter().any(|name| placed.contains(name.as_str())) {
            return Err(format!(
                "something in it is called as the database `{from}` is, and the two cannot be told apart in a statement"
            ));
        }
        Ok(placed)
    }
}

struct Client(Conn);

impl Writer for Client {
    fn run(&mut self, sql: &str) -> Result<(), String> {
        self.rows(sql).map(drop)
    }

    fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let run = || -> mysql::Result<Vec<Vec<Option<String>>>> {
            let mut rows = Vec::new();
            let mut results = self.0.query_iter(sql)?;
            // A routine gives a result of its own, and an error can come after it.
            while let Some(set) = results.iter() {
                for row in set {
                    rows.push(texts(row?));
                }
            }
            Ok(rows)
        };
        let mut run = run;
        run().map_err(|error| error.to_string())
    }
}
