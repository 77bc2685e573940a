//! Which databases and tables a statement on the catalogue is about.

use std::collections::BTreeSet;

use crate::schema::{Ident, TableName};

use super::super::text::literal;
use super::Settings;

/// Which part of the server is read.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    /// One database.
    One(String),
    /// Every database but the system's own.
    AllButSystem,
    /// These tables.
    Tables(BTreeSet<TableName>),
}

/// The databases that servers make for themselves.
const SYSTEM: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

impl Scope {
    /// These tables; `None` where there are none.
    pub(super) fn tables(tables: BTreeSet<TableName>) -> Option<Self> {
        (!tables.is_empty()).then_some(Self::Tables(tables))
    }

    /// The statement, with each `… = DATABASE()` replaced by this scope, and narrowed to its tables.
    pub(super) fn narrow(&self, sql: &str) -> String {
        let condition = self.condition();
        let mut narrowed = sql.replace(" = DATABASE()", &format!(" {condition}"));
        if let Self::Tables(tables) = self {
            let names: BTreeSet<&str> = tables.iter().map(|table| table.table.as_str()).collect();
            narrowed.truncate(narrowed.trim_end().len());
            narrowed.push_str(" AND TABLE_NAME ");
            narrowed.push_str(&is_one_of(names));
        }
        narrowed
    }

    /// Whether a table is within, by its exact name. The server may have given others with it.
    pub(super) fn holds(&self, table: &TableName, settings: &Settings) -> bool {
        let namespace = table.namespace.as_ref().map_or("", Ident::as_str);
        match self {
            Self::One(database) => settings.same_name(namespace, database),
            Self::AllButSystem => !SYSTEM.contains(&namespace.to_ascii_lowercase().as_str()),
            Self::Tables(tables) => tables.iter().any(|wanted| {
                let wanted_namespace = wanted.namespace.as_ref().map_or("", Ident::as_str);
                settings.same_name(namespace, wanted_namespace)
                    && settings.same_name(table.table.as_str(), wanted.table.as_str())
            }),
        }
    }

    fn condition(&self) -> String {
        match self {
            Self::One(database) => is_one_of([database.as_str()]),
            Self::AllButSystem => format!("NOT {}", in_list(SYSTEM)),
            Self::Tables(tables) => is_one_of(
                tables
                    .iter()
                    .filter_map(|table| table.namespace.as_ref())
                    .map(Ident::as_str)
                    .collect::<BTreeSet<_>>(),
            ),
        }
    }
}

/// An equality where there is one name: it is what MySQL 5.6 and MariaDB can look up.
fn is_one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [name] => format!("= {}", literal(name)),
        _ => in_list(names),
    }
}

fn in_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(literal).collect();
    format!("IN ({})", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_narrowed() {
        let sql = "SELECT 1 WHERE t.TABLE_SCHEMA = DATABASE()\n";
        assert_eq!(
            Scope::One("o'shop".to_owned()).narrow(sql),
            "SELECT 1 WHERE t.TABLE_SCHEMA = 'o''shop'\n"
        );
        assert_eq!(
            Scope::AllButSystem.narrow(sql),
            "SELECT 1 WHERE t.TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')\n"
        );
        let tables = [TableName::qualified("a", "x"), TableName::qualified("a", "y")];
        assert_eq!(
            Scope::tables(tables.into()).map(|scope| scope.narrow(sql)).as_deref(),
            Some("SELECT 1 WHERE t.TABLE_SCHEMA = 'a' AND TABLE_NAME IN ('x', 'y')")
        );
        assert!(Scope::tables(BTreeSet::new()).is_none());
    }
}
