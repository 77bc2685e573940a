//! Keys, indexes, foreign keys and checks as they are written.

use crate::ddl::references::{self, References};
use crate::ddl::tokens::{Cursor, opens};
use crate::schema::{Ident, Index, IndexPart, Origin};

use super::Flavor;
use super::catalog::{PRIMARY, empty_index};

/// What a table's body has besides columns.
#[derive(Debug)]
pub(super) enum Constraint {
    /// An index; a name that is empty is yet to be invented.
    Index(Index),
    Foreign {
        read: Box<References>,
        /// What its index is to be called, if it needs one.
        index: Option<Ident>,
    },
    Check {
        name: Option<Ident>,
        condition: String,
        /// The column that it is written with.
        column: Option<Ident>,
        enforced: bool,
    },
    /// `PERIOD FOR SYSTEM_TIME (…)`: nothing that the schema holds.
    Period,
}

/// Whether something other than a column starts here.
pub(super) fn starts(cursor: &Cursor<'_>) -> bool {
    cursor.is_at(&["CONSTRAINT"])
        || cursor.is_at(&["PRIMARY", "KEY"])
        || cursor.is_at(&["FOREIGN", "KEY"])
        || cursor.is_at(&["PERIOD", "FOR"])
        || cursor.is_at_any(&["UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "CHECK", "VECTOR"]) && !is_column(cursor)
}

/// A column can be called `fulltext` or `index` in quotes only, which makes it no keyword; but MariaDB's VECTOR is none.
fn is_column(cursor: &Cursor<'_>) -> bool {
    cursor.is_at(&["VECTOR"]) && !cursor.is_at(&["VECTOR", "INDEX"]) && !cursor.is_at(&["VECTOR", "KEY"])
}

/// Reads what [`starts`] has found.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(cursor: &mut Cursor<'_>, flavor: Flavor) -> Result<Constraint, &'static str> {
    let origin = cursor.origin();
    let mut name = None;
    if cursor.take(&["CONSTRAINT"]) && !cursor.is_at_any(&["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]) {
        name = cursor.name();
    }
    if cursor.take(&["PERIOD", "FOR"]) {
        cursor.skip_to_end();
        return Ok(Constraint::Period);
    }
    if cursor.take(&["PRIMARY", "KEY"]) {
        let mut index = index(cursor, None, origin)?;
        index.unique = true;
        index.name = PRIMARY.into();
        return Ok(Constraint::Index(index));
    }
    if cursor.take(&["FOREIGN", "KEY"]) {
        let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
        let index = if opens(cursor) { None } else { cursor.name() };
        let columns = cursor
            .name_list()
            .ok_or("the columns of the foreign key cannot be read")?;
        let read = references::read(cursor, name, (columns, false), (origin, flavor.default_action()))?;
        return Ok(Constraint::Foreign {
            read: Box::new(read),
            index,
        });
    }
    if cursor.take(&["CHECK"]) {
        return check(cursor, name, None);
    }
    let method = cursor.take_any(&["FULLTEXT", "SPATIAL", "VECTOR", "UNIQUE"]);
    let _ = cursor.take_any(&["KEY", "INDEX"]);
    let mut index = index(cursor, name, origin)?;
    match method {
        Some("UNIQUE") => index.unique = true,
        Some(method) => index.method = method.to_ascii_lowercase(),
        None => {}
    }
    Ok(Constraint::Index(index))
}

/// Reads a check from behind CHECK on.
pub(super) fn check(
    cursor: &mut Cursor<'_>,
    name: Option<Ident>,
    column: Option<Ident>,
) -> Result<Constraint, &'static str> {
    let inside = cursor.parenthesized().ok_or("the condition is missing")?;
    let enforced = !cursor.take(&["NOT", "ENFORCED"]);
    let _ = cursor.take(&["ENFORCED"]);
    Ok(Constraint::Check {
        name,
        condition: inside.rest().to_owned(),
        column,
        enforced,
    })
}

/// Reads an index from its name on: `[name] [USING method] (parts) options`.
fn index(cursor: &mut Cursor<'_>, constraint: Option<Ident>, origin: Origin) -> Result<Index, &'static str> {
    let mut index = empty_index(origin);
    let _ = cursor.take(&["IF", "NOT", "EXISTS"]);
    if !opens(cursor) && !cursor.is_at(&["USING"]) {
        index.name = cursor.name().ok_or("the index's name is missing")?;
    } else if let Some(constraint) = constraint {
        index.name = constraint;
    }
    read_method(cursor, &mut index);
    index.parts = parts(cursor)?;
    read_options(cursor, &mut index);
    Ok(index)
}

/// Reads what an index sorts by.
pub(super) fn parts(cursor: &mut Cursor<'_>) -> Result<Vec<IndexPart>, &'static str> {
    let mut inside = cursor.parenthesized().ok_or("the columns of the index are missing")?;
    inside.split_at_commas().iter_mut().map(part).collect()
}

fn part(cursor: &mut Cursor<'_>) -> Result<IndexPart, &'static str> {
    let mut part = IndexPart {
        column: None,
        expression: None,
        prefix: None,
        descending: false,
        class: None,
        nulls_swapped: false,
    };
    if let Some(inside) = cursor.parenthesized() {
        part.expression = Some(inside.rest().to_owned());
    } else {
        part.column = Some(cursor.name().ok_or("the columns of the index cannot be read")?);
        if let Some(mut inside) = cursor.parenthesized() {
            part.prefix = inside.number();
        }
        let _ = cursor.take(&["WITHOUT", "OVERLAPS"]);
    }
    part.descending = cursor.take(&["DESC"]);
    Ok(part)
}

/// Reads what may follow an index's parts.
pub(super) fn read_options(cursor: &mut Cursor<'_>, index: &mut Index) {
    while !cursor.is_at_end() {
        if cursor.take(&["INVISIBLE"]) || cursor.take(&["IGNORED"]) {
            index.visible = false;
        } else if cursor.take(&["COMMENT"]) {
            let _ = cursor.take_symbol("=");
            index.comment = cursor.text().map(str::to_owned).filter(|text| !text.is_empty());
        } else if !cursor.take(&["NOT", "IGNORED"]) && !read_method(cursor, index) {
            cursor.skip_one();
        }
    }
}

/// `USING BTREE` or `USING HASH`; whether it is there.
pub(super) fn read_method(cursor: &mut Cursor<'_>, index: &mut Index) -> bool {
    if !cursor.take(&["USING"]) {
        return false;
    }
    if let Some(method) = cursor.name() {
        index.method = method.as_str().to_ascii_lowercase();
    }
    true
}
