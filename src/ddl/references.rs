//! The part of a foreign key that all dialects write alike: `REFERENCES …` to its end.

use super::tokens::{Cursor, Kind};
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Match, Origin, TableName};

/// A foreign key as it is written.
#[derive(Debug)]
pub(super) struct References {
    /// The parent's name, each part of it.
    pub(super) parent: Vec<Ident>,
    /// All but the parent, which has yet to be found.
    pub(super) key: ForeignKey,
}

/// Reads from `REFERENCES` on. The default action is what the server calls it where nothing is said.
///
/// # Errors
///
/// What is missing.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    name: Option<Ident>,
    (columns, mut period): (Vec<Ident>, bool),
    (origin, default_action): (Origin, Action),
) -> Result<References, &'static str> {
    if !cursor.take(&["REFERENCES"]) {
        return Err("REFERENCES is missing");
    }
    let parent = cursor.names();
    if parent.is_empty() {
        return Err("the referenced table is missing");
    }
    let (parent_columns, parent_period) = match cursor.peek().map(|token| &token.kind) {
        Some(Kind::LParen) => column_list(cursor).ok_or("the referenced columns cannot be read")?,
        _ => (Vec::new(), false),
    };
    period |= parent_period;
    let mut key = ForeignKey {
        name,
        columns,
        parent: TableName::bare(""),
        parent_columns,
        on_delete: default_action,
        on_update: default_action,
        set_columns: Vec::new(),
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: true,
        enforced: true,
        period,
        origin,
    };
    read_clauses(cursor, &mut key);
    Ok(References { parent, key })
}

/// `(a, b, PERIOD c)`, and whether there is a PERIOD.
pub(super) fn column_list(cursor: &mut Cursor<'_>) -> Option<(Vec<Ident>, bool)> {
    let mut inside = cursor.parenthesized()?;
    let mut columns = Vec::new();
    let mut period = false;
    for mut part in inside.split_at_commas() {
        // A column can be called so, too.
        if part.is_at(&["PERIOD"]) && part.peek_at(1).is_some() {
            period |= part.take(&["PERIOD"]);
        }
        columns.push(part.name()?);
    }
    Some((columns, period))
}

/// Reads what may follow the parent, in any order, up to something else.
pub(super) fn read_clauses(cursor: &mut Cursor<'_>, key: &mut ForeignKey) {
    loop {
        if cursor.take(&["MATCH"]) {
            if cursor.take_any(&["FULL", "PARTIAL", "SIMPLE"]) == Some("FULL") {
                key.match_type = Match::Full;
            }
        } else if cursor.take(&["ON", "DELETE"]) {
            key.on_delete = action(cursor);
            if let Some(columns) = cursor.name_list() {
                key.set_columns = columns;
            }
        } else if cursor.is_at(&["ON", "UPDATE"]) && is_action(cursor) {
            let _ = cursor.take(&["ON", "UPDATE"]);
            key.on_update = action(cursor);
        } else if !read_timing(cursor, &mut key.deferrable) {
            if cursor.take(&["NOT", "VALID"]) {
                key.validated = false;
            } else if cursor.take(&["NOT", "ENFORCED"]) {
                // What is not enforced is not validated either (CREATE TABLE, "NOT ENFORCED").
                key.enforced = false;
                key.validated = false;
            } else if !cursor.take(&["ENFORCED"]) {
                return;
            }
        }
    }
}

/// Reads one of the clauses that tell when a constraint is checked.
pub(super) fn read_timing(cursor: &mut Cursor<'_>, deferrable: &mut Deferrable) -> bool {
    if cursor.take(&["NOT", "DEFERRABLE"]) {
        *deferrable = Deferrable::No;
    } else if cursor.take(&["DEFERRABLE"]) {
        if *deferrable == Deferrable::No {
            *deferrable = Deferrable::InitiallyImmediate;
        }
    } else if cursor.take(&["INITIALLY", "DEFERRED"]) {
        *deferrable = Deferrable::InitiallyDeferred;
    } else {
        return cursor.take(&["INITIALLY", "IMMEDIATE"]);
    }
    true
}

/// MySQL's columns have `ON UPDATE CURRENT_TIMESTAMP`, which is none.
fn is_action(cursor: &Cursor<'_>) -> bool {
    const ACTIONS: [&str; 4] = ["NO", "RESTRICT", "CASCADE", "SET"];
    cursor
        .peek_at(2)
        .is_some_and(|token| ACTIONS.iter().any(|action| token.is_word(action)))
}

fn action(cursor: &mut Cursor<'_>) -> Action {
    if cursor.take(&["RESTRICT"]) {
        Action::Restrict
    } else if cursor.take(&["CASCADE"]) {
        Action::Cascade
    } else if cursor.take(&["SET", "NULL"]) {
        Action::SetNull
    } else if cursor.take(&["SET", "DEFAULT"]) {
        Action::SetDefault
    } else {
        let _ = cursor.take(&["NO", "ACTION"]);
        Action::NoAction
    }
}
