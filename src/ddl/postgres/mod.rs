//! PostgreSQL's statements, applied to a catalogue of our own.

mod alter_table;
mod block;
mod catalog;
mod change;
mod column;
mod constraint;
mod create_table;
mod expression;
mod finish;
mod index;
mod name;
mod other;
mod types;

use crate::schema::{ColumnType, Read, TableKind, TableName};

use super::tokens::{Cursor, Tokens};
use super::{SqlDialect, short};
use catalog::Catalog;
use types::TypeName;

/// A column's type, read alone; a type that is not the server's own is taken to be in `public`.
pub(super) fn column_type(cursor: &mut Cursor<'_>) -> Option<ColumnType> {
    let catalog = Catalog::new();
    let mut ty = types::read(cursor)?;
    ty.qualify(&catalog);
    Some(ty.resolve(&catalog, None))
}

/// A type as the server prints it in a cast.
pub(super) fn cast(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ty = types::read(cursor)?;
    ty.qualify(&Catalog::new());
    Some(ty.cast())
}

/// Reads PostgreSQL's statements one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    catalog: Catalog,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            catalog: Catalog::new(),
        }
    }

    /// Applies a statement; what cannot be applied becomes a note.
    pub(super) fn apply(&mut self, tokens: &Tokens<'_>) {
        let mut cursor = tokens.cursor();
        if cursor.is_at(&["DO"]) {
            self.block(tokens);
            return;
        }
        let place = cursor.location();
        let text = cursor.rest();
        if let Err(fault) = self.statement(&mut cursor) {
            let short = short(text);
            self.catalog.note(format!("`{short}` is lost: {fault}"), place);
        }
    }

    pub(super) fn finish(self) -> Read {
        self.catalog.finish()
    }

    fn statement(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        if cursor.take(&["CREATE"]) {
            self.create(cursor)
        } else if cursor.take(&["ALTER"]) {
            self.alter(cursor)
        } else if cursor.take(&["DROP"]) {
            self.drop(cursor);
            Ok(())
        } else if cursor.take(&["COMMENT", "ON"]) {
            self.catalog.comment(cursor);
            Ok(())
        } else if cursor.take(&["CLUSTER"]) {
            self.catalog.cluster(cursor);
            Ok(())
        } else {
            self.catalog.search(cursor);
            Ok(())
        }
    }

    fn create(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let _ = cursor.take(&["OR", "REPLACE"]);
        let _ = cursor.take_any(&["GLOBAL", "LOCAL"]);
        let temporary = cursor.take_any(&["TEMPORARY", "TEMP"]).is_some();
        let _ = cursor.take_any(&["UNLOGGED", "RECURSIVE"]);
        let catalog = &mut self.catalog;
        if cursor.take(&["TABLE"]) {
            create_table::create(cursor, TableKind::Table, temporary, catalog)
        } else if cursor.take(&["FOREIGN", "TABLE"]) {
            create_table::create(cursor, TableKind::Foreign, false, catalog)
        } else if cursor.take(&["INDEX"]) {
            index::create(cursor, false, catalog)
        } else if cursor.take(&["UNIQUE", "INDEX"]) {
            index::create(cursor, true, catalog)
        } else if cursor.take(&["VIEW"]) {
            catalog.create_view(cursor, TableKind::View, temporary);
            Ok(())
        } else if cursor.take(&["MATERIALIZED", "VIEW"]) {
            catalog.create_view(cursor, TableKind::MaterializedView, false);
            Ok(())
        } else if cursor.take(&["TYPE"]) {
            catalog.create_type(cursor)
        } else if cursor.take(&["DOMAIN"]) {
            catalog.create_domain(cursor)
        } else {
            catalog.create_other(cursor);
            Ok(())
        }
    }

    fn alter(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let catalog = &mut self.catalog;
        let is_table = cursor.take(&["TABLE"]) || cursor.take(&["FOREIGN", "TABLE"]);
        if is_table || cursor.take(&["VIEW"]) || cursor.take(&["MATERIALIZED", "VIEW"]) {
            if cursor.is_at(&["ALL", "IN"]) {
                return Ok(());
            }
            return alter_table::alter(cursor, catalog);
        }
        if cursor.take(&["INDEX"]) {
            return catalog.alter_index(cursor);
        }
        if cursor.take(&["TYPE"]) {
            return catalog.alter_type(cursor);
        }
        if cursor.take(&["DOMAIN"]) {
            return catalog.alter_domain(cursor);
        }
        if cursor.take(&["SCHEMA"]) {
            catalog.rename_namespace(cursor);
        }
        Ok(())
    }

    fn drop(&mut self, cursor: &mut Cursor<'_>) {
        let _ = cursor.take_any(&["FOREIGN", "MATERIALIZED"]);
        let Some(kind) = cursor.take_any(&["TABLE", "VIEW", "INDEX", "TYPE", "DOMAIN", "SCHEMA"]) else {
            return;
        };
        let _ = cursor.take(&["CONCURRENTLY"]);
        let _ = cursor.take(&["IF", "EXISTS"]);
        for mut part in cursor.split_at_commas() {
            let names = part.names();
            let catalog = &mut self.catalog;
            match kind {
                "TABLE" | "VIEW" => {
                    if let Some(name) = catalog.table_name(names) {
                        catalog.temporary.remove(&name.table);
                        catalog.drop_table(&name);
                    }
                }
                "INDEX" => {
                    if let Some(name) = catalog.index_name(names) {
                        catalog.drop_index(&name);
                    }
                }
                "SCHEMA" => {
                    let gone: Vec<TableName> = catalog
                        .tables
                        .keys()
                        .filter(|table| table.namespace.as_ref() == names.last())
                        .cloned()
                        .collect();
                    for table in &gone {
                        catalog.drop_table(table);
                    }
                }
                _ => catalog.drop_type(names),
            }
        }
    }
}

/// Reads a type that is printed already, such as a column's.
fn with_type<T>(printed: &str, then: impl FnOnce(&TypeName) -> T) -> T {
    let tokens = Tokens::new(printed, (1, 1), "", SqlDialect::Postgres);
    let ty = types::read(&mut tokens.cursor());
    then(&ty.unwrap_or_default())
}

/// Whether a statement is of no account, told by its first words: it need not be cut into tokens.
pub(super) fn is_ignored(sql: &str) -> bool {
    const KINDS: [&str; 14] = [
        "TABLE",
        "INDEX",
        "VIEW",
        "MATERIALIZED",
        "TYPE",
        "DOMAIN",
        "COLLATION",
        "EXTENSION",
        "FOREIGN",
        "UNIQUE",
        "SCHEMA",
        "UNLOGGED",
        "TEMP",
        "TEMPORARY",
    ];
    let mut words = super::words(sql);
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if is(first, "CREATE") || is(first, "ALTER") || is(first, "DROP") {
        let second = match second {
            "GLOBAL" | "LOCAL" | "global" | "local" => words.next().unwrap_or(""),
            _ if is(second, "OR") => words.nth(1).unwrap_or(""),
            _ => second,
        };
        return !KINDS.iter().any(|kind| is(second, kind)) && !is(second, "RECURSIVE");
    }
    if is(first, "COMMENT") {
        let third = words.next().unwrap_or("");
        return !(is(third, "TABLE")
            || is(third, "COLUMN")
            || is(third, "INDEX")
            || is(third, "VIEW")
            || is(third, "MATERIALIZED")
            || is(third, "FOREIGN"));
    }
    !(is(first, "SET") || is(first, "CLUSTER") || is(first, "DO") || is(first, "SELECT") && sql.contains("set_config"))
}
