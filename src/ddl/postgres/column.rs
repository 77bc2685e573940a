//! A column as CREATE TABLE and ALTER TABLE … ADD COLUMN write it.

use crate::ddl::references;
use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Action, Column, Deferrable, Generated, Ident, Location, Origin, TableName};

use super::catalog::{Catalog, UserType};
use super::constraint::{self, Constraint, KeyConstraint};
use super::expression;
use super::name::{columns_part, invent, quoted_where_needed};
use super::types::{self, TypeName};

/// A column with the constraints that are written with it.
#[derive(Debug)]
pub(super) struct ColumnSpec {
    pub(super) column: Column,
    pub(super) constraints: Vec<Constraint>,
    /// What was not understood.
    pub(super) faults: Vec<(String, Location)>,
}

/// What has been read of a column's clauses.
struct Clauses<'t> {
    column: Ident,
    nullable: Option<bool>,
    default: Option<Cursor<'t>>,
    collation: Option<Vec<Ident>>,
    identity: bool,
    generated: Option<Generated>,
    constraints: Vec<Constraint>,
    faults: Vec<(String, Location)>,
}

/// Reads a column of the table.
///
/// # Errors
///
/// What is missing.
pub(super) fn read(cursor: &mut Cursor<'_>, table: &TableName, catalog: &Catalog) -> Result<ColumnSpec, &'static str> {
    let origin = cursor.origin();
    let name = cursor.name().ok_or("the column's name is missing")?;
    let mut ty = types::read(cursor).ok_or("the column's type is missing")?;
    ty.qualify(catalog);
    let mut clauses = Clauses::new(name.clone());
    clauses.read(cursor);
    let resolved = ty.resolve(catalog, clauses.collation.as_deref());
    let domain_not_null = match ty.user_type(catalog) {
        Some(UserType::Domain(domain)) => domain.not_null,
        _ => false,
    };
    let mut default = clauses
        .default
        .as_ref()
        .and_then(|text| expression::default(text, &ty, catalog));
    if ty.is_serial {
        default = Some(serial_default(table, &name, catalog));
    }
    let is_numbered = default.as_ref().is_some_and(|default| default.starts_with("nextval("));
    let not_null = ty.is_serial || clauses.identity || domain_not_null;
    let column = Column {
        name,
        ty: resolved,
        nullable: clauses.nullable.unwrap_or(true) && !not_null,
        default,
        identity: clauses.identity || is_numbered,
        generated: clauses.generated,
        comment: None,
        origin,
    };
    Ok(ColumnSpec {
        column,
        constraints: clauses.constraints,
        faults: clauses.faults,
    })
}

/// The default of a `serial` column: the next number of a sequence that is named after it.
fn serial_default(table: &TableName, column: &Ident, catalog: &Catalog) -> String {
    let part = columns_part([column.as_str()]);
    let sequence = invent(&table.table, &part, "seq", |name| {
        catalog.is_relation(table.namespace.as_ref(), name)
    });
    let namespace = table.namespace.as_ref().map_or("public", Ident::as_str);
    format!(
        "nextval('{}.{}'::regclass)",
        quoted_where_needed(namespace),
        quoted_where_needed(sequence.as_str()).replace('\'', "''")
    )
}

/// Reads the clauses that a partition or a typed table adds to a column: `column [WITH OPTIONS] clause …`.
pub(super) fn read_options(
    cursor: &mut Cursor<'_>,
    catalog: &mut Catalog,
    table: &TableName,
) -> Result<Vec<Constraint>, &'static str> {
    let name = cursor.name().ok_or("the column's name is missing")?;
    let _ = cursor.take(&["WITH", "OPTIONS"]);
    let mut clauses = Clauses::new(name.clone());
    clauses.read(cursor);
    for (message, location) in std::mem::take(&mut clauses.faults) {
        catalog.note(message, location);
    }
    let default = clauses
        .default
        .as_ref()
        .map(|text| catalog.default_of(table, &name, text));
    let column = catalog
        .tables
        .get_mut(table)
        .and_then(|draft| draft.table.columns.iter_mut().find(|column| column.name == name))
        .ok_or("the table above has no such column")?;
    if clauses.nullable == Some(false) {
        column.nullable = false;
    }
    if let Some(default) = default {
        column.default = default;
    }
    Ok(clauses.constraints)
}

impl<'t> Clauses<'t> {
    fn new(column: Ident) -> Self {
        Self {
            column,
            nullable: None,
            default: None,
            collation: None,
            identity: false,
            generated: None,
            constraints: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn read(&mut self, cursor: &mut Cursor<'t>) {
        while !cursor.is_at_end() {
            let place = cursor.location();
            let origin = cursor.origin();
            let name = if cursor.take(&["CONSTRAINT"]) {
                cursor.name()
            } else {
                None
            };
            if cursor.is_at(&["REFERENCES"]) {
                let columns = (vec![self.column.clone()], false);
                match references::read(cursor, name, columns, (origin, Action::NoAction)) {
                    Ok(read) => self.constraints.push(Constraint::Foreign(Box::new(read))),
                    Err(fault) => self.fault(fault, place),
                }
            } else if cursor.take(&["CHECK"]) {
                match constraint::check(cursor, name) {
                    Ok(check) => self.constraints.push(check),
                    Err(fault) => self.fault(fault, place),
                }
            } else if cursor.take(&["PRIMARY", "KEY"]) {
                self.key(cursor, name, true, origin);
            } else if cursor.take(&["UNIQUE"]) {
                self.key(cursor, name, false, origin);
            } else if !self.read_simple(cursor) {
                let word = cursor.peek().map_or("", |token| cursor.text_of(token)).to_owned();
                self.fault(&format!("`{word}` is not understood"), place);
                cursor.skip_one();
                cursor.skip_until(|cursor| {
                    cursor.is_at_any(&[
                        "CONSTRAINT",
                        "NOT",
                        "NULL",
                        "DEFAULT",
                        "CHECK",
                        "PRIMARY",
                        "UNIQUE",
                        "REFERENCES",
                        "GENERATED",
                    ])
                });
            }
        }
    }

    fn fault(&mut self, what: &str, place: Location) {
        self.faults
            .push((format!("of the column `{}`, {what}", self.column), place));
    }

    fn key(&mut self, cursor: &mut Cursor<'_>, name: Option<Ident>, primary: bool, origin: Origin) {
        let mut key = KeyConstraint {
            name,
            primary,
            origin,
            columns: vec![self.column.clone()],
            ..KeyConstraint::default()
        };
        constraint::read_nulls(cursor, &mut key);
        constraint::read_key_clauses(cursor, &mut key);
        self.constraints.push(Constraint::Key(key));
    }

    /// Reads a clause that is no constraint with a name; false if none is known.
    fn read_simple(&mut self, cursor: &mut Cursor<'t>) -> bool {
        if cursor.take(&["NOT", "NULL"]) {
            let _ = cursor.take(&["NO", "INHERIT"]);
            self.nullable = Some(false);
        } else if cursor.take(&["NULL"]) {
            self.nullable = self.nullable.or(Some(true));
        } else if cursor.take(&["DEFAULT"]) {
            self.default = Some(expression::take_default(cursor));
        } else if cursor.take(&["COLLATE"]) {
            self.collation = Some(cursor.names());
        } else if cursor.take(&["GENERATED"]) {
            return self.read_generated(cursor);
        } else if cursor.take_any(&["STORAGE", "COMPRESSION"]).is_some() {
            cursor.skip_one();
        } else if cursor.take(&["OPTIONS"]) {
            let _ = cursor.parenthesized();
        } else {
            return self.read_timing(cursor);
        }
        true
    }

    /// A clause that belongs to the constraint before it.
    fn read_timing(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let mut unused = Deferrable::No;
        match self.constraints.last_mut() {
            Some(Constraint::Foreign(read)) => {
                let before = cursor.position();
                references::read_clauses(cursor, &mut read.key);
                cursor.position() > before
            }
            Some(Constraint::Key(key)) => {
                let known = references::read_timing(cursor, &mut unused);
                key.deferrable |= unused != Deferrable::No;
                known
            }
            _ => {
                cursor.take(&["ENFORCED"])
                    || cursor.take(&["NOT", "ENFORCED"])
                    || references::read_timing(cursor, &mut unused)
            }
        }
    }

    fn read_generated(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let _ = cursor.take(&["ALWAYS"]) || cursor.take(&["BY", "DEFAULT"]);
        if !cursor.take(&["AS"]) {
            return false;
        }
        if cursor.take(&["IDENTITY"]) {
            let _ = cursor.parenthesized();
            self.identity = true;
            return true;
        }
        if cursor.peek().is_none_or(|token| token.kind != Kind::LParen) {
            return false;
        }
        cursor.skip_one();
        // Since PostgreSQL 18 both are possible, and VIRTUAL is meant where nothing is said.
        self.generated = Some(if cursor.take(&["STORED"]) {
            Generated::Stored
        } else {
            let _ = cursor.take(&["VIRTUAL"]);
            Generated::Virtual
        });
        true
    }
}

/// The type, for ALTER COLUMN … TYPE.
pub(super) fn read_type(cursor: &mut Cursor<'_>, catalog: &Catalog) -> Option<(TypeName, Option<Vec<Ident>>)> {
    let mut ty = types::read(cursor)?;
    ty.qualify(catalog);
    let collation = cursor.take(&["COLLATE"]).then(|| cursor.names());
    Some((ty, collation))
}
