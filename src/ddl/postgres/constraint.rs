//! Constraints as they are written, of a table or of a column.

use crate::ddl::references::{self, References, column_list};
use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Action, Deferrable, Ident, Index, Origin};

use super::{expression, index};

/// A constraint.
#[derive(Debug)]
pub(super) enum Constraint {
    Key(KeyConstraint),
    Foreign(Box<References>),
    Check {
        name: Option<Ident>,
        condition: String,
        /// Names in it that may be columns.
        words: Vec<Ident>,
    },
    /// EXCLUDE: an index that is no key.
    Exclude {
        name: Option<Ident>,
        index: Box<Index>,
    },
    NotNull(Ident),
}

/// A primary key or unique constraint.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one clause of the constraint")]
pub(super) struct KeyConstraint {
    pub(super) name: Option<Ident>,
    pub(super) primary: bool,
    pub(super) columns: Vec<Ident>,
    pub(super) include: Vec<Ident>,
    pub(super) deferrable: bool,
    pub(super) nulls_not_distinct: bool,
    pub(super) without_overlaps: bool,
    /// ALTER TABLE … ADD … USING INDEX.
    pub(super) using_index: Option<Ident>,
    /// Where it starts.
    pub(super) origin: Origin,
}

/// Whether a table's constraint starts here, and no column.
pub(super) fn starts(cursor: &Cursor<'_>) -> bool {
    cursor.is_at(&["CONSTRAINT"])
        || cursor.is_at(&["PRIMARY", "KEY"])
        || cursor.is_at(&["FOREIGN", "KEY"])
        || cursor.is_at(&["NOT", "NULL"])
        || cursor.is_at_any(&["UNIQUE", "CHECK"])
        // The only word of these that can be a column's name.
        || (cursor.is_at(&["EXCLUDE"])
            && (cursor.is_at(&["EXCLUDE", "USING"])
                || cursor.peek_at(1).is_some_and(|token| token.kind == Kind::LParen)))
}

/// Reads a table's constraint.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Constraint, &'static str> {
    let origin = cursor.origin();
    let name = if cursor.take(&["CONSTRAINT"]) {
        cursor.name()
    } else {
        None
    };
    if cursor.take(&["PRIMARY", "KEY"]) {
        return key(cursor, name, true, origin);
    }
    if cursor.take(&["UNIQUE"]) {
        return key(cursor, name, false, origin);
    }
    if cursor.take(&["FOREIGN", "KEY"]) {
        let columns = column_list(cursor).ok_or("the columns of the foreign key cannot be read")?;
        return references::read(cursor, name, columns, (origin, Action::NoAction))
            .map(|read| Constraint::Foreign(Box::new(read)));
    }
    if cursor.take(&["CHECK"]) {
        return check(cursor, name);
    }
    if cursor.take(&["NOT", "NULL"]) {
        return cursor.name().map(Constraint::NotNull).ok_or("the column is missing");
    }
    if cursor.take(&["EXCLUDE"]) {
        return exclude(cursor, name, origin);
    }
    Err("it is no constraint that is known")
}

/// Reads from behind CHECK on.
pub(super) fn check(cursor: &mut Cursor<'_>, name: Option<Ident>) -> Result<Constraint, &'static str> {
    let inside = cursor.parenthesized().ok_or("the condition is missing")?;
    let _ = cursor.take(&["NO", "INHERIT"]);
    Ok(Constraint::Check {
        name,
        condition: expression::condition(&inside),
        words: expression::possible_columns(&inside),
    })
}

fn key(
    cursor: &mut Cursor<'_>,
    name: Option<Ident>,
    primary: bool,
    origin: Origin,
) -> Result<Constraint, &'static str> {
    let mut key = KeyConstraint {
        name,
        primary,
        origin,
        ..KeyConstraint::default()
    };
    if cursor.take(&["USING", "INDEX"]) {
        key.using_index = Some(cursor.name().ok_or("the index is missing")?);
        read_key_clauses(cursor, &mut key);
        return Ok(Constraint::Key(key));
    }
    read_nulls(cursor, &mut key);
    let mut inside = cursor.parenthesized().ok_or("the columns of the key are missing")?;
    for mut part in inside.split_at_commas() {
        key.columns
            .push(part.name().ok_or("the columns of the key cannot be read")?);
        if part.take(&["WITHOUT", "OVERLAPS"]) {
            key.without_overlaps = true;
        }
        if !part.is_at_end() {
            return Err("the columns of the key cannot be read");
        }
    }
    read_key_clauses(cursor, &mut key);
    Ok(Constraint::Key(key))
}

/// `NULLS [NOT] DISTINCT`.
pub(super) fn read_nulls(cursor: &mut Cursor<'_>, key: &mut KeyConstraint) {
    if cursor.take(&["NULLS", "NOT", "DISTINCT"]) {
        key.nulls_not_distinct = true;
    } else {
        let _ = cursor.take(&["NULLS", "DISTINCT"]);
    }
}

/// Reads what may follow a key's columns.
pub(super) fn read_key_clauses(cursor: &mut Cursor<'_>, key: &mut KeyConstraint) {
    let mut deferrable = if key.deferrable {
        Deferrable::InitiallyImmediate
    } else {
        Deferrable::No
    };
    loop {
        if cursor.take(&["INCLUDE"]) {
            key.include = cursor.name_list().unwrap_or_default();
        } else if cursor.is_at(&["WITH"]) && cursor.peek_at(1).is_some_and(|token| token.kind == Kind::LParen) {
            let _ = (cursor.take(&["WITH"]), cursor.parenthesized());
        } else if cursor.take(&["USING", "INDEX", "TABLESPACE"]) {
            let _ = cursor.name();
        } else if !references::read_timing(cursor, &mut deferrable) {
            break;
        }
    }
    key.deferrable = deferrable != Deferrable::No;
}

fn exclude(cursor: &mut Cursor<'_>, name: Option<Ident>, origin: Origin) -> Result<Constraint, &'static str> {
    let method = if cursor.take(&["USING"]) { cursor.name() } else { None };
    let mut inside = cursor.parenthesized().ok_or("what is excluded is missing")?;
    let mut index = index::empty(method, origin);
    for mut part in inside.split_at_commas() {
        index.parts.push(index::part(&mut part));
    }
    if cursor.take(&["INCLUDE"]) {
        index.include = cursor.name_list().unwrap_or_default();
    }
    cursor.skip_until(|cursor| cursor.is_at_any(&["WHERE", "DEFERRABLE", "NOT", "INITIALLY"]));
    if cursor.take(&["WHERE"]) {
        index.predicate = cursor.parenthesized().map(|inside| expression::condition(&inside));
    }
    cursor.skip_until(|_| false);
    Ok(Constraint::Exclude {
        name,
        index: Box::new(index),
    })
}
