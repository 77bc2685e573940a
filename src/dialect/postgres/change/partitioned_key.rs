//! A foreign key of a partitioned table that is replaced, for servers before PostgreSQL 18, on which one of the whole cannot
//! be NOT VALID. Each partition gets the new one and validates it; the whole then takes those over without a look at the rows
//! (manual, ALTER TABLE, "Notes"), and the old one goes in a short transaction.

use super::block::{has_constraint, unless};
use super::foreign_key::{self, is_so};
use super::partitions::{constraint_of, for_each, leaves_of, on_leaf, parts_of};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Version, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{ForeignKey, Ident, Table};

/// See [`foreign_key::replace`].
pub(super) fn replace(
    child: &Table,
    parent: &Table,
    [old, new]: [&ForeignKey; 2],
    temporary: &Ident,
    version: Version,
) -> Result<Work, String> {
    if !old.enforced {
        return Err(format!(
            "`{}` is partitioned, and before PostgreSQL 18 a foreign key of it that is switched off could not come back",
            child.name
        ));
    }
    let mut work = foreign_key::replace(child, parent, [old, new], temporary, version);
    // Its guards stay.
    for (statements, [from, to]) in [(&mut work.up, [old, new]), (&mut work.down, [new, old])] {
        statements.retain(|statement| statement.guard);
        statements.extend(replacing(child, [from, to], temporary));
    }
    Ok(work)
}

fn replacing(child: &Table, [from, to]: [&ForeignKey; 2], temporary: &Ident) -> Vec<Statement> {
    let target = Postgres.table_name(&child.name);
    let name = foreign_key::name(from);
    let [quoted, between] = [&name, temporary].map(|name| Postgres.quote(name));
    let (done, added) = (is_so(child, to), has_constraint(&child.name, temporary));
    let temporarily = ForeignKey {
        name: Some(temporary.clone()),
        ..to.clone()
    };
    let of_part = constraint_of("leaf", temporary);
    let literal = Postgres.literal(temporary.as_str());
    vec![
        renaming(child, &name, temporary),
        for_each(
            &leaves_of(child),
            &format!("NOT {done} AND NOT EXISTS ({of_part})"),
            &on_leaf(child, &foreign_key::unvalidated(child, &temporarily)),
            &format!("adding {temporary}"),
        ),
        for_each(
            &leaves_of(child),
            &format!("NOT {done} AND EXISTS ({of_part} AND NOT convalidated)"),
            &format!("format('ALTER TABLE %s VALIDATE CONSTRAINT %I', leaf, {literal})"),
            &format!("validating {temporary}"),
        ),
        unless(
            &format!("{done} OR {added}"),
            &foreign_key::addition(child, &temporarily),
            &format!("adding {temporary}"),
        ),
        unless(
            &done,
            &format!(
                "ALTER TABLE {target} DROP CONSTRAINT IF EXISTS {quoted}; ALTER TABLE {target} RENAME CONSTRAINT {between} TO \
                 {quoted}"
            ),
            &format!("putting {temporary} in the place of {name}"),
        ),
        renaming(child, &name, temporary),
        // What a run the other way has left that was broken off.
        unless(
            &format!("NOT {added}"),
            &format!("ALTER TABLE {target} DROP CONSTRAINT {between}"),
            &format!("dropping {temporary}"),
        ),
        for_each(
            &leaves_of(child),
            &format!("EXISTS ({of_part} AND conparentid = 0)"),
            &format!("format('ALTER TABLE %s DROP CONSTRAINT %I', leaf, {literal})"),
            &format!("dropping {temporary}"),
        ),
    ]
}

/// Gives the parts of the new one in the partitions its name, which the old ones had.
pub(super) fn renaming(child: &Table, name: &Ident, temporary: &Ident) -> Statement {
    for_each(
        &parts_of(child),
        &format!(
            "EXISTS ({} AND conparentid <> 0) AND NOT EXISTS ({})",
            constraint_of("leaf", temporary),
            constraint_of("leaf", name)
        ),
        &format!(
            "format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', leaf, {}, {})",
            Postgres.literal(temporary.as_str()),
            Postgres.literal(name.as_str())
        ),
        &format!("renaming {temporary}"),
    )
}
