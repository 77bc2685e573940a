//! An index that goes, since another one does all that it does.

use super::prepared::{guard, has_index, is_table, unless};
use super::{as_planned, online};
use crate::dialect::Dialect as _;
use crate::dialect::change::Work;
use crate::dialect::mysql::MySql;
use crate::dialect::mysql::PRIMARY;
use crate::schema::{Index, IndexPart, Table};

/// Drops it, if it is as it was, and the other one is there.
pub(super) fn drop(table: &Table, index: &Index, beside: &Index) -> Result<Work, String> {
    if index.unique && table.primary_key().is_none() && beside.name.as_str() != PRIMARY {
        return Err(format!(
            "`{}` has no primary key, and its rows may be kept in the order of `{}`: the table would be copied (manual, \
             \"Clustered and Secondary Indexes\")",
            table.name, index.name
        ));
    }
    let target = MySql::MYSQL.table_name(&table.name);
    let quoted = MySql::MYSQL.quote(&index.name);
    let gone = format!("NOT {}", has_index(&table.name, &index.name));
    let standing = guard(
        &format!("{gone} OR {}", is_as_planned(table, index)),
        &format!(
            "{} is another index than it was when the plan was made: make a new plan",
            index.name
        ),
    );
    let mut up = standing.clone();
    up.extend(guard(
        &format!("{gone} OR {}", is_as_planned(table, beside)),
        &format!(
            "{}, which does all that {} does, is not there as it was: make a new plan",
            beside.name, index.name
        ),
    ));
    up.extend(unless(
        &gone,
        &format!("ALTER TABLE {target} DROP INDEX {quoted}, ALGORITHM=INPLACE, LOCK=NONE"),
    ));
    let parts: Vec<String> = index.parts.iter().map(written).collect();
    let comment = index
        .comment
        .as_ref()
        .map(|comment| format!(" COMMENT {}", MySql::MYSQL.literal(comment)));
    let mut down = standing;
    down.extend(unless(
        &has_index(&table.name, &index.name),
        &format!(
            "ALTER TABLE {target} ADD {}INDEX {quoted} ({}){}, ALGORITHM=INPLACE, LOCK=NONE",
            if index.unique { "UNIQUE " } else { "" },
            parts.join(", "),
            comment.unwrap_or_default()
        ),
    ));
    Ok(Work {
        up,
        down,
        locks: vec![online(&table.name)],
        guards: vec![
            as_planned(table),
            format!("`{}`, which does all that `{}` does, is there", beside.name, index.name),
        ],
        reads_rows: false,
    })
}

fn written(part: &IndexPart) -> String {
    let column = part.column.as_ref().map(|column| MySql::MYSQL.quote(column));
    let prefix = part.prefix.map(|length| format!("({length})"));
    format!(
        "{}{}{}",
        column.unwrap_or_default(),
        prefix.unwrap_or_default(),
        if part.descending { " DESC" } else { "" }
    )
}

/// Whether the index of that name has these parts and no others, and refuses rows or does not.
fn is_as_planned(table: &Table, index: &Index) -> String {
    let parts: Vec<String> = index
        .parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let column = part.column.as_ref().map_or("", |column| column.as_str());
            let prefix = part.prefix.map_or("NULL".to_owned(), |length| length.to_string());
            format!(
                "(seq_in_index = {} AND column_name = {} AND sub_part <=> {prefix})",
                at + 1,
                MySql::MYSQL.literal(column)
            )
        })
        .collect();
    format!(
        "(SELECT COUNT(*) * 1000 + SUM({}) FROM information_schema.statistics WHERE {} AND index_name = {} AND index_type = 'BTREE' \
         AND non_unique = {}) = {}",
        parts.join(" OR "),
        is_table("table_schema", "table_name", &table.name),
        MySql::MYSQL.literal(index.name.as_str()),
        u8::from(!index.unique),
        parts.len() * 1001
    )
}
