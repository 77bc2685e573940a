//! An index that goes, since another one does all that it does.

use super::guard::guard;
use super::{as_planned, lock};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::sqlite::{Sqlite, create_index};
use crate::schema::{Ident, Index, Table, TableName};

/// Drops it, if it is as it was, and its rows are found without it.
pub(super) fn drop(table: &Table, index: &Index, beside: &Index) -> Result<Work, String> {
    let Some(text) = text_of(table, &index.name) else {
        return Err(format!(
            "the text of the CREATE INDEX of `{}` is not at hand, so that it could not be made again: plan for the database \
             itself",
            index.name
        ));
    };
    let named = format!(
        "FROM main.sqlite_schema WHERE type = 'index' AND name = {}",
        Sqlite.literal(index.name.as_str())
    );
    let standing = guard(
        &format!("NOT EXISTS (SELECT * {named} AND sql IS NOT {})", Sqlite.literal(&text)),
        &format!(
            "{} is another index than it was when the plan was made: make a new plan",
            index.name
        ),
    );
    let mut up = standing.clone();
    up.extend(guard(
        &format!(
            "NOT EXISTS (SELECT * {named}) OR {}",
            is_there(table, beside, &index.name)
        ),
        &format!(
            "{}, which does all that {} does, is not there as it was: make a new plan",
            beside.name, index.name
        ),
    ));
    let name = Sqlite.table_name(&TableName {
        namespace: table.name.namespace.clone(),
        table: index.name.clone(),
    });
    up.push(Statement::plain(format!("DROP INDEX IF EXISTS {name}")));
    let mut down = standing;
    down.push(Statement::plain(text.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1)));
    Ok(Work {
        up,
        down,
        locks: vec![lock(table)],
        guards: vec![
            as_planned(table),
            format!("`{}`, which does all that `{}` does, is there", beside.name, index.name),
        ],
        reads_rows: false,
    })
}

/// The statement that made an index, as SQLite keeps it; `None` where a constraint made it.
pub(super) fn text_of(table: &Table, index: &Ident) -> Option<String> {
    let beside = table.definition.iter().flat_map(|definition| &definition.beside);
    beside
        .filter(|text| text.starts_with("CREATE INDEX ") || text.starts_with("CREATE UNIQUE INDEX "))
        .find(|text| create_index::read(text).is_some_and(|made| made.name == index.as_str()))
        .cloned()
}

/// Whether the table has an index that begins with these columns: that of a constraint may have another name by then. One
/// with a condition is known by its text.
fn is_there(table: &Table, index: &Index, goes: &Ident) -> String {
    let name = Sqlite.literal(table.name.table.as_str());
    if index.predicate.is_some() {
        let text = text_of(table, &index.name).unwrap_or_default();
        return format!(
            "EXISTS (SELECT * FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = {name} COLLATE NOCASE AND sql = {})",
            Sqlite.literal(&text)
        );
    }
    let columns: Vec<&Ident> = index.parts.iter().filter_map(|part| part.column.as_ref()).collect();
    let parts: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("({at}, {})", Sqlite.literal(column.as_str())))
        .collect();
    let in_index = format!(
        "EXISTS (SELECT * FROM pragma_index_list({name}, 'main') AS l WHERE l.partial = 0 AND l.name <> {} AND (SELECT COUNT(*) \
         FROM pragma_index_info(l.name, 'main') AS i WHERE (i.seqno, i.name) IN (VALUES {})) = {})",
        Sqlite.literal(goes.as_str()),
        parts.join(", "),
        parts.len(),
    );
    let [column] = columns.as_slice() else { return in_index };
    format!(
        "{in_index} OR (SELECT COUNT(*) FROM pragma_table_info({name}, 'main') WHERE pk > 0 AND name = {}) = 1",
        Sqlite.literal(column.as_str())
    )
}
