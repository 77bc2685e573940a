//! Whether the role sees every table: the server hides those on which it has no privilege at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::{Error, QueryFailure, Session};
use crate::schema::{Table, TableName};

use super::{Catalog, table_name};

/// The databases that must be seen whole: the one that is audited, and those that its foreign keys lead to. `None`
/// where all of the server is audited.
pub(super) fn databases(named: Option<&str>, tables: &BTreeMap<TableName, Table>) -> Option<BTreeSet<String>> {
    let named = named?;
    let parents = tables
        .values()
        .filter(|table| table.audited)
        .flat_map(|table| &table.foreign_keys)
        .filter_map(|key| key.parent.namespace.as_ref())
        .map(|namespace| namespace.as_str().to_owned());
    Some(std::iter::once(named.to_owned()).chain(parents).collect())
}

/// Whether no table of these databases (of any, for `None`) can be hidden. In doubt it is false.
pub(super) fn sees_all(catalog: &mut Catalog<'_>, databases: Option<&BTreeSet<String>>) -> Result<bool, Error> {
    let mut grants = Vec::new();
    // Also shows what comes of the roles that are active.
    let outcome = catalog
        .session
        .query("SHOW GRANTS", &mut |row| grants.extend(row.into_iter().flatten()));
    match outcome {
        Ok(()) => Ok(is_granted(&grants, databases)),
        Err(failure) if failure.ends_session() => Err(Error::Query {
            source_name: catalog.source_name.to_owned(),
            doing: "reading the privileges".to_owned(),
            failure,
        }),
        // A server that was started without privileges refuses the statement, and nothing else (error 1290).
        Err(failure) => Ok(failure.kind == QueryFailure::Other && failure.detail.contains("--skip-grant-tables")),
    }
}

/// The tables of which the role may only read some columns. MariaDB shows no foreign key of such a table, and no index
/// with a column that the role may not read.
pub(super) fn read_by_columns(
    catalog: &mut Catalog<'_>,
    tables: &BTreeMap<TableName, Table>,
) -> Result<Vec<TableName>, Error> {
    let mut of = |doing: &str, sql: &str| -> Result<BTreeSet<TableName>, Error> {
        let rows = catalog.rows(doing, sql)?;
        Ok(rows.into_iter().map(|mut row| table_name(&mut row, 0)).collect())
    };
    let by_columns = of(
        "reading the privileges on columns",
        include_str!("column_privileges.sql"),
    )?;
    let whole = of("reading the privileges on tables", include_str!("table_privileges.sql"))?;
    let is_audited = |name: &&TableName| tables.get(*name).is_some_and(|table| table.audited);
    Ok(by_columns.difference(&whole).filter(is_audited).cloned().collect())
}

fn is_granted(grants: &[String], databases: Option<&BTreeSet<String>>) -> bool {
    // MySQL's partial revokes take back what a global privilege gives.
    if grants.iter().any(|grant| grant.starts_with("REVOKE")) {
        return false;
    }
    let granted: BTreeSet<Granted> = grants.iter().filter_map(|grant| select_on(grant)).collect();
    granted.contains(&Granted::Everywhere)
        || databases.is_some_and(|databases| {
            databases
                .iter()
                .all(|database| granted.contains(&Granted::Database(database.clone())))
        })
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Granted {
    Everywhere,
    Database(String),
}

/// Where a grant gives SELECT on all tables, if it does.
fn select_on(grant: &str) -> Option<Granted> {
    let rest = grant.strip_prefix("GRANT ")?;
    let (privileges, rest) = rest.split_once(" ON ")?;
    let selects = privileges
        .split(", ")
        .any(|privilege| matches!(privilege, "SELECT" | "ALL PRIVILEGES"));
    if !selects {
        return None;
    }
    if rest.starts_with("*.*") {
        return Some(Granted::Everywhere);
    }
    let (database, rest) = quoted(rest)?;
    // A pattern counts only for the database of just that name: which of several patterns applies is not for us to say.
    rest.starts_with(".*")
        .then(|| Granted::Database(database.replace("\\_", "_").replace("\\%", "%")))
}

/// The name in backticks that a text begins with, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        match after.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(grants: &[&str], databases: Option<&[&str]>, expected: bool) {
        let lines: Vec<String> = grants.iter().map(|grant| (*grant).to_owned()).collect();
        let databases = databases.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(is_granted(&lines, databases.as_ref()), expected, "{grants:?}");
    }

    #[test]
    fn a_global_select_sees_everything() {
        check(
            &["GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION"],
            None,
            true,
        );
        check(&["GRANT SELECT, PROCESS ON *.* TO `a`@`%`"], Some(&["shop"]), true);
        check(&["GRANT USAGE ON *.* TO `a`@`%`"], None, false);
        check(
            &[
                "GRANT SELECT ON *.* TO `a`@`%`",
                "REVOKE SELECT ON `shop`.* FROM `a`@`%`",
            ],
            Some(&["shop"]),
            false,
        );
    }

    #[test]
    fn a_select_on_each_database_will_do() {
        let shop = "GRANT SELECT, SHOW VIEW ON `sh\\_``op`.* TO 'a'@'localhost'";
        check(&[shop], Some(&["sh_`op"]), true);
        check(&[shop], Some(&["sh_`op", "other"]), false);
        check(&[shop], None, false);
        check(&["GRANT SELECT ON `shop%`.* TO `a`@`%`"], Some(&["shop1"]), false);
        check(&["GRANT SELECT ON `shop`.`orders` TO `a`@`%`"], Some(&["shop"]), false);
        check(
            &["GRANT SELECT (`id`) ON `shop`.`orders` TO `a`@`%`"],
            Some(&["shop"]),
            false,
        );
        check(&["GRANT INSERT ON `shop`.* TO `a`@`%`"], Some(&["shop"]), false);
    }
}
