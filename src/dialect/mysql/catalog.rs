//! The schema, from `information_schema`: a fixed number of statements, each on one of its tables, joined here.
//!
//! MySQL 5.6 and MariaDB open every table file to answer, again for each table of a join; so nothing is joined there.
//! What the server compares loosely (names without letter case or accents) is compared exactly here.

mod columns;
mod foreign_keys;
mod indexes;
mod privileges;
mod scope;
mod show_create;
mod veiled;

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::{Dialect as _, Error, Session};
use crate::schema::{Ident, Note, Origin, Read, Schema, Table, TableKind, TableName};

use self::foreign_keys::Reference;
use self::scope::Scope;
use super::MySql;
use super::server::{Flavor, Server};
use super::session::MySqlSession;

/// Reads the schema of one database, or of all that are not the system's.
pub(super) fn read(
    session: &mut MySqlSession,
    source_name: &str,
    database: Option<&str>,
    server: Server,
) -> Result<Read, Error> {
    let mut catalog = Catalog {
        session,
        source_name,
        server,
    };
    let settings = catalog.settings()?;
    let named = database.map(|name| settings.database.clone().unwrap_or_else(|| name.to_owned()));
    let scope = named.clone().map_or(Scope::AllButSystem, Scope::One);
    let mut notes = Vec::new();
    let references = foreign_keys::read(&mut catalog, &scope, &mut notes)?;
    let paddings = catalog.paddings()?;
    let mut tables = catalog.tables(&scope, &paddings, &settings)?;
    if let Some(named) = &named {
        let others = other_tables(&references, named, &settings);
        if let Some(scope) = Scope::tables(others) {
            let more = catalog.tables(&scope, &paddings, &settings)?;
            tables.extend(more.into_iter().map(|(name, mut table)| {
                table.audited = false;
                (name, table)
            }));
        }
    }
    foreign_keys::attach(&mut catalog, references, &mut tables, &settings, &mut notes)?;
    let databases = privileges::databases(named.as_deref(), &tables);
    let sees_all_tables = privileges::sees_all(&mut catalog, databases.as_ref())?;
    if !sees_all_tables && server.flavor == Flavor::MariaDb {
        let names = privileges::read_by_columns(&mut catalog, &tables)?;
        notes.extend(note_on_unseen_keys(&names));
    }
    notes.extend(notes_on(&tables, &settings));
    Ok(Read {
        schema: Schema {
            tables,
            sees_all_tables,
        },
        notes,
    })
}

/// A session to read the catalogue with.
struct Catalog<'a> {
    session: &'a mut MySqlSession,
    source_name: &'a str,
    server: Server,
}

/// What the whole server does.
struct Settings {
    /// Whether names of tables and databases are the same if only letter case differs (`lower_case_table_names`).
    folds_table_names: bool,
    /// Whether new sessions check foreign keys.
    checks_foreign_keys: bool,
    /// The database in use, as the server spells it.
    database: Option<String>,
}

impl Settings {
    fn same_name(&self, left: &str, right: &str) -> bool {
        left == right || self.folds_table_names && left.to_lowercase() == right.to_lowercase()
    }
}

/// One row of the catalogue, whose values are taken out one by one.
struct Row(Vec<Option<String>>);

impl Row {
    fn take(&mut self, at: usize) -> Option<String> {
        self.0.get_mut(at).and_then(Option::take)
    }

    fn text(&mut self, at: usize) -> String {
        self.take(at).unwrap_or_default()
    }

    fn filled(&mut self, at: usize) -> Option<String> {
        self.take(at).filter(|text| !text.is_empty())
    }

    fn number<N: std::str::FromStr>(&mut self, at: usize) -> Option<N> {
        self.take(at)?.parse().ok()
    }

    fn says_yes(&mut self, at: usize) -> bool {
        self.take(at).is_some_and(|text| text == "YES")
    }
}

impl Catalog<'_> {
    fn rows(&mut self, doing: &str, sql: &str) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.session
            .query(sql, &mut |row| rows.push(Row(row)))
            .map_err(|failure| Error::Query {
                source_name: self.source_name.to_owned(),
                doing: doing.to_owned(),
                failure,
            })?;
        Ok(rows)
    }

    fn settings(&mut self) -> Result<Settings, Error> {
        let rows = self.rows("reading the settings", include_str!("catalog/settings.sql"))?;
        let mut row = rows.into_iter().next().unwrap_or(Row(Vec::new()));
        Ok(Settings {
            folds_table_names: row.text(0) != "0",
            checks_foreign_keys: row.text(1) != "0",
            database: row.filled(2),
        })
    }

    /// Whether each collation ignores trailing spaces, where the server tells.
    fn paddings(&mut self) -> Result<BTreeMap<String, bool>, Error> {
        if !self.server.is_mysql_from((8, 0, 0)) {
            return Ok(BTreeMap::new());
        }
        let rows = self.rows("reading the collations", include_str!("catalog/paddings.sql"))?;
        Ok(rows
            .into_iter()
            .map(|mut row| (row.text(0), row.text(1) == "PAD SPACE"))
            .collect())
    }

    /// The tables of a scope with everything but their foreign keys.
    fn tables(
        &mut self,
        scope: &Scope,
        paddings: &BTreeMap<String, bool>,
        settings: &Settings,
    ) -> Result<BTreeMap<TableName, Table>, Error> {
        let sql = scope.narrow(include_str!("catalog/tables.sql"));
        let rows = self.rows("reading the tables", &sql)?;
        let mut tables: BTreeMap<TableName, Table> = rows
            .into_iter()
            .filter_map(table)
            .filter(|table| scope.holds(&table.name, settings))
            .map(|table| (table.name.clone(), table))
            .collect();
        let sql = scope.narrow(include_str!("catalog/columns.sql"));
        let rows = self.rows("reading the columns", &sql)?;
        columns::attach(rows, &mut tables, paddings, self.server.flavor);
        let sql = scope.narrow(include_str!("catalog/statistics.sql"));
        let rows = self.rows("reading the indexes", &sql)?;
        indexes::attach(rows, &mut tables);
        self.attach_checks(scope, &mut tables)?;
        self.attach_computed(scope, &mut tables)?;
        Ok(tables)
    }

    fn attach_checks(&mut self, scope: &Scope, tables: &mut BTreeMap<TableName, Table>) -> Result<(), Error> {
        // Earlier ones have no CHECK constraints, or do not tell the table.
        let sql = match self.server.flavor {
            Flavor::MySql if self.server.version >= (8, 0, 16) => include_str!("catalog/checks_mysql.sql"),
            Flavor::MariaDb if self.server.version >= (10, 2, 22) => include_str!("catalog/checks_mariadb.sql"),
            _ => return Ok(()),
        };
        let rows = self.rows("reading the checks", &scope.narrow(sql))?;
        let mut checks = BTreeSet::new();
        for mut row in rows {
            checks.insert((table_name(&mut row, 0), row.text(2), row.text(3)));
        }
        for (name, _, condition) in checks {
            if let Some(table) = tables.get_mut(&name) {
                table.checks.push(condition);
            }
        }
        Ok(())
    }
}

impl Catalog<'_> {
    /// Of which columns stored ones are computed. Both servers print names in expressions in backquotes.
    fn attach_computed(&mut self, scope: &Scope, tables: &mut BTreeMap<TableName, Table>) -> Result<(), Error> {
        let tells = match self.server.flavor {
            Flavor::MySql => self.server.version >= (5, 7, 6),
            Flavor::MariaDb => self.server.version >= (10, 2, 5),
        };
        if !tells {
            return Ok(());
        }
        let sql = scope.narrow(include_str!("catalog/computed.sql"));
        for mut row in self.rows("reading the computed columns", &sql)? {
            let name = table_name(&mut row, 0);
            let expression = row.text(2).to_lowercase();
            let Some(table) = tables.get_mut(&name) else { continue };
            let columns = table.columns.iter().map(|column| column.name.clone());
            let used = columns.filter(|column| expression.contains(&MySql::MYSQL.quote(column).to_lowercase()));
            table.computed_from.extend(used);
        }
        Ok(())
    }
}

/// Database and table, from two columns that stand side by side.
fn table_name(row: &mut Row, at: usize) -> TableName {
    TableName::qualified(row.text(at), row.text(at + 1))
}

/// A table without its columns; `None` for what holds no rows of the user's, as MariaDB's sequences.
fn table(mut row: Row) -> Option<Table> {
    let name = table_name(&mut row, 0);
    let stored = row.text(2);
    let engine = row.filled(3);
    let (rows, data, index) = (row.number(4), row.number::<u64>(5), row.number::<u64>(6));
    let is_partitioned = row.text(7).split(' ').any(|option| option == "partitioned");
    let kind = match (stored.as_str(), engine.as_deref()) {
        ("VIEW" | "SYSTEM VIEW", _) => TableKind::View,
        ("BASE TABLE" | "SYSTEM VERSIONED", Some("FEDERATED" | "CONNECT" | "SPIDER" | "S3")) => TableKind::Foreign,
        ("BASE TABLE" | "SYSTEM VERSIONED", _) if is_partitioned => TableKind::Partitioned,
        ("BASE TABLE" | "SYSTEM VERSIONED", _) => TableKind::Table,
        _ => return None,
    };
    let mut table = Table::new(name, kind, Origin::Catalog);
    table.engine = engine;
    table.versioned = stored == "SYSTEM VERSIONED";
    if kind != TableKind::View {
        table.estimated_rows = rows;
        table.size_bytes = data.map(|data| data.saturating_add(index.unwrap_or(0)));
        // A view's comment is the word VIEW, or why it is broken.
        table.comment = row.filled(8);
    }
    Some(table)
}

/// The tables of other databases that foreign keys lead to or come from.
fn other_tables(references: &[Reference], named: &str, settings: &Settings) -> BTreeSet<TableName> {
    references
        .iter()
        .flat_map(|reference| [&reference.child, &reference.parent])
        .filter(|table| {
            let namespace = table.namespace.as_ref().map_or("", Ident::as_str);
            !settings.same_name(namespace, named)
        })
        .cloned()
        .collect()
}

fn notes_on(tables: &BTreeMap<TableName, Table>, settings: &Settings) -> Vec<Note> {
    let mut notes = Vec::new();
    if !settings.checks_foreign_keys {
        notes.push(Note::new(
            "foreign_key_checks is off on the server: new sessions do not enforce any foreign key until they set it",
        ));
    }
    // Both parse foreign keys and forget them (manual, "FOREIGN KEY Constraints").
    for engine in ["MyISAM", "Aria"] {
        let names: Vec<String> = tables
            .values()
            .filter(|table| table.audited && table.engine.as_deref() == Some(engine))
            .map(|table| table.name.to_string())
            .collect();
        if !names.is_empty() {
            notes.push(Note::new(format!(
                "{engine} enforces no foreign keys and has no snapshots, so rows that change meanwhile can be counted \
                 as orphans: {}",
                shortened(&names)
            )));
        }
    }
    notes
}

/// Without foreign keys nothing can be called unchecked, so it is at least said.
fn note_on_unseen_keys(tables: &[TableName]) -> Option<Note> {
    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        Note::new(format!(
            "MariaDB does not show all keys of a table, and none of its foreign keys, to a role that has privileges on \
             columns of it only; grant SELECT on the whole table to have them audited: {}",
            shortened(&names)
        ))
    })
}

/// The first few of the names, and how many there are more.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
