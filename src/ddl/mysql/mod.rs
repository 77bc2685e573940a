//! MySQL's and MariaDB's statements, applied to a catalogue of our own.

mod alter_table;
mod catalog;
mod column;
mod constraint;
mod create_table;
mod types;

use crate::schema::{Action, ColumnType, Ident, Location, Read, Schema, TableKind, TableName};

use super::planned::{self, Prepared};
use super::short;
use super::tokens::{Cursor, Tokens};
use catalog::Catalog;

/// Which of the two. It decides how types and defaults are printed, and what is invented where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    MySql,
    MariaDb,
}

impl Flavor {
    /// Told by what MariaDB's own program writes at the start of a dump.
    pub(super) fn of(text: &str) -> Self {
        let mut reach = text.len().min(4096);
        while !text.is_char_boundary(reach) {
            reach -= 1;
        }
        let start = text.get(..reach).unwrap_or("");
        // Within a line such a comment is in a statement that servers of both kinds are to understand.
        let begins = start.starts_with("/*M!") || start.contains("\n/*M!");
        if begins || ["-- MariaDB dump ", "-MariaDB"].iter().any(|mark| start.contains(mark)) {
            Self::MariaDb
        } else {
            Self::MySql
        }
    }

    /// What a foreign key does where nothing is said: MariaDB calls it RESTRICT, MySQL 8.0 NO ACTION. They are the same.
    fn default_action(self) -> Action {
        match self {
            Self::MySql => Action::NoAction,
            Self::MariaDb => Action::Restrict,
        }
    }
}

/// A column's type, read alone, with a table's collation; else with MySQL 8.0's default.
pub(super) fn column_type(cursor: &mut Cursor<'_>, collation: Option<&str>) -> Option<ColumnType> {
    let collation = collation.map_or_else(
        || types::default_collation("utf8mb4", Flavor::MySql),
        |collation| types::collation_name(collation, None),
    );
    Some(types::read(cursor, Flavor::MySql)?.resolve(&collation))
}

/// Reads MySQL's statements one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    catalog: Catalog,
}

impl Reader {
    pub(super) fn new(flavor: Flavor) -> Self {
        Self {
            catalog: Catalog::new(flavor),
        }
    }

    /// Applies a statement; what cannot be applied becomes a note.
    pub(super) fn apply(&mut self, tokens: &Tokens<'_>) {
        let mut cursor = tokens.cursor();
        let place = cursor.location();
        let text = cursor.rest();
        if planned::is_prepared(tokens.sql) {
            self.apply_prepared(tokens, place);
            return;
        }
        if let Err(fault) = self.statement(&mut cursor) {
            self.catalog.note(format!("`{}` is lost: {fault}", short(text)), place);
        }
    }

    /// Applies what one of this tool's plans prepares.
    fn apply_prepared(&mut self, tokens: &Tokens<'_>, place: Location) {
        let start = (place.line, place.column);
        let again = |sql| Tokens::new(sql, start, tokens.file, tokens.dialect);
        let fault = match planned::prepared(tokens) {
            Some(Prepared::Statement(sql)) => return self.apply(&again(sql)),
            Some(Prepared::Nothing) => return,
            Some(Prepared::Nullability { head, nullable }) => {
                let tokens = again(head);
                match alter_table::set_nullable(&mut tokens.cursor(), nullable, &mut self.catalog) {
                    Ok(()) => return,
                    Err(fault) => fault,
                }
            }
            None => "what is prepared here cannot be told from its text".to_owned(),
        };
        self.catalog
            .note(format!("`{}` is lost: {fault}", short(tokens.sql)), place);
    }

    /// The schema, in the order in which a live one is read.
    pub(super) fn finish(self) -> Read {
        let mut schema = Schema {
            sees_all_tables: true,
            ..Schema::default()
        };
        let columns: std::collections::BTreeMap<TableName, Vec<Ident>> = self
            .catalog
            .tables
            .iter()
            .map(|(name, draft)| {
                (
                    name.clone(),
                    draft.table.columns.iter().map(|column| column.name.clone()).collect(),
                )
            })
            .collect();
        for (name, mut draft) in self.catalog.tables {
            draft.checks.sort_by(|left, right| left.name.cmp(&right.name));
            let mut table = draft.table;
            table.checks = draft.checks.into_iter().map(|check| check.condition).collect();
            table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
            table
                .keys
                .sort_by(|left, right| (!left.primary, &left.name).cmp(&(!right.primary, &right.name)));
            table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
            for key in &mut table.foreign_keys {
                let stored = columns.get(&key.parent).map_or(&[][..], Vec::as_slice);
                for column in &mut key.parent_columns {
                    // Letter case does not count in columns' names.
                    let known = stored
                        .iter()
                        .find(|known| known.as_str().eq_ignore_ascii_case(column.as_str()));
                    *column = known.unwrap_or(column).clone();
                }
            }
            schema.tables.insert(name, table);
        }
        Read {
            schema,
            notes: self.catalog.notes,
        }
    }

    fn statement(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let catalog = &mut self.catalog;
        if cursor.take(&["CREATE"]) {
            self.create(cursor)
        } else if cursor.take(&["ALTER"]) {
            if cursor.take(&["DATABASE"]) || cursor.take(&["SCHEMA"]) {
                database(cursor, catalog);
                return Ok(());
            }
            let _ = cursor.take_any(&["ONLINE", "OFFLINE", "IGNORE"]);
            if cursor.take(&["TABLE"]) {
                alter_table::alter(cursor, catalog)
            } else {
                Ok(())
            }
        } else if cursor.take(&["DROP"]) {
            drop(cursor, catalog)
        } else if cursor.take(&["RENAME", "TABLE"]) || cursor.take(&["RENAME", "TABLES"]) {
            rename_tables(cursor, catalog)
        } else {
            if cursor.take(&["USE"]) {
                catalog.database = cursor.name();
            }
            Ok(())
        }
    }

    fn create(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let catalog = &mut self.catalog;
        let replace = cursor.take(&["OR", "REPLACE"]);
        let temporary = cursor.take(&["TEMPORARY"]);
        if cursor.take(&["TABLE"]) {
            return create_table::create(cursor, temporary, replace, catalog);
        }
        if cursor.take(&["DATABASE"]) || cursor.take(&["SCHEMA"]) {
            database(cursor, catalog);
            return Ok(());
        }
        let method = cursor.take_any(&["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "ONLINE", "OFFLINE"]);
        if cursor.take(&["INDEX"]) {
            return create_index(cursor, method, catalog);
        }
        let mut start = cursor.clone();
        start.skip_until(|cursor| {
            cursor.is_at_any(&["VIEW", "AS", "SELECT", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"])
        });
        if start.take(&["VIEW"]) {
            let _ = start.take(&["IF", "NOT", "EXISTS"]);
            let origin = start.origin();
            let name = catalog.table_name(start.names()).ok_or("the view's name is missing")?;
            let view = catalog.new_draft(name.clone(), TableKind::View, origin);
            catalog.tables.insert(name, view);
        }
        Ok(())
    }
}

/// `CREATE DATABASE` and `ALTER DATABASE`: the default collation.
fn database(cursor: &mut Cursor<'_>, catalog: &mut Catalog) {
    let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
    let Some(name) = cursor.name() else { return };
    let (mut charset, mut collation) = (None, None);
    while !cursor.is_at_end() {
        if cursor.take(&["CHARSET"]) || cursor.take(&["CHARACTER", "SET"]) {
            let _ = cursor.take_symbol("=");
            charset = cursor.name();
        } else if cursor.take(&["COLLATE"]) {
            let _ = cursor.take_symbol("=");
            collation = cursor.name();
        } else {
            cursor.skip_one();
        }
    }
    let (charset, collation) = (
        charset.as_ref().map(Ident::as_str),
        collation.as_ref().map(Ident::as_str),
    );
    if let Some(collation) = create_table::table_collation(charset, collation, catalog.flavor) {
        catalog.collations.insert(name, collation);
    }
}

/// `CREATE INDEX`, from the name on.
fn create_index(cursor: &mut Cursor<'_>, method: Option<&'static str>, catalog: &mut Catalog) -> Result<(), String> {
    let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
    let mut index = catalog::empty_index(cursor.origin());
    index.name = cursor.name().ok_or("the index's name is missing")?;
    constraint::read_method(cursor, &mut index);
    if !cursor.take(&["ON"]) {
        return Err("ON is missing".to_owned());
    }
    let table = create_table::next_table(cursor, catalog)?;
    index.parts = constraint::parts(cursor)?;
    constraint::read_options(cursor, &mut index);
    match method {
        Some("UNIQUE") => index.unique = true,
        Some(method @ ("FULLTEXT" | "SPATIAL" | "VECTOR")) => index.method = method.to_ascii_lowercase(),
        _ => {}
    }
    if catalog.temporary.contains(&table) {
        return Ok(());
    }
    let draft = catalog.draft(&table)?;
    if if_not_exists && draft.index(&index.name).is_some() {
        return Ok(());
    }
    draft.add_index(index)
}

/// `DROP TABLE`, `DROP VIEW`, `DROP INDEX`, `DROP DATABASE`. Foreign keys that lead to a table stay: the server lets
/// them while it does not check them, and a dump makes the table anew.
fn drop(cursor: &mut Cursor<'_>, catalog: &mut Catalog) -> Result<(), String> {
    let _ = cursor.take(&["TEMPORARY"]);
    if cursor.take(&["INDEX"]) {
        let if_exists = cursor.take(&["IF", "EXISTS"]);
        let name = cursor.name().ok_or("the index's name is missing")?;
        let _ = cursor.take(&["ON"]);
        let table = create_table::next_table(cursor, catalog)?;
        let found = catalog.draft(&table)?.drop_index(&name);
        return if found || if_exists {
            Ok(())
        } else {
            Err(format!("there is no index `{name}`"))
        };
    }
    if cursor.take(&["DATABASE"]) || cursor.take(&["SCHEMA"]) {
        let _ = cursor.take(&["IF", "EXISTS"]);
        let name = cursor.name();
        catalog
            .tables
            .retain(|table, _| table.namespace.is_none() || table.namespace != name);
        return Ok(());
    }
    let Some(kind) = cursor.take_any(&["TABLE", "TABLES", "VIEW"]) else {
        return Ok(());
    };
    let _ = cursor.take(&["IF", "EXISTS"]);
    for mut part in cursor.split_at_commas() {
        if let Some(name) = catalog.table_name(part.names()) {
            catalog.temporary.remove(&name);
            let is_view = catalog
                .tables
                .get(&name)
                .is_some_and(|draft| draft.table.kind == TableKind::View);
            if is_view == (kind == "VIEW") {
                catalog.tables.remove(&name);
            }
        }
    }
    Ok(())
}

/// `RENAME TABLE a TO b, c TO d`, in order.
fn rename_tables(cursor: &mut Cursor<'_>, catalog: &mut Catalog) -> Result<(), String> {
    for mut part in cursor.split_at_commas() {
        let from = create_table::next_table(&mut part, catalog)?;
        let _ = part.take(&["TO"]);
        let to = create_table::next_table(&mut part, catalog)?;
        catalog.rename_table(&from, &to)?;
    }
    Ok(())
}

/// Whether a statement is of no account, told by its first word: it need not be cut into tokens.
pub(super) fn is_ignored(sql: &str) -> bool {
    const KNOWN: [&str; 5] = ["CREATE", "ALTER", "DROP", "RENAME", "USE"];
    let mut words = super::words(sql);
    let first = words.next().unwrap_or("");
    if !KNOWN.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return !planned::is_prepared(sql);
    }
    let second = words.next().unwrap_or("");
    let others = [
        "TRIGGER",
        "FUNCTION",
        "PROCEDURE",
        "EVENT",
        "USER",
        "ROLE",
        "SERVER",
        "TABLESPACE",
        "AGGREGATE",
        "SEQUENCE",
    ];
    others.iter().any(|word| second.eq_ignore_ascii_case(word))
}
