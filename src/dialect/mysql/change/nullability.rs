//! Whether a column takes nulls. MODIFY repeats the whole of a column's definition; the server puts it together from its
//! own catalogue, so that nothing of it is lost (manual, ALTER TABLE, "Renaming, Redefining, and Reordering Columns").

use super::prepared::{chosen, columns_as_planned, is_nullable, is_table};
use super::{as_planned, online};
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::mysql::MySql;
use crate::schema::{Ident, Table};

pub(super) fn set_not_null(table: &Table, column: &Ident) -> Work {
    let mut work = changing(table, column, "NOT NULL", "NULL");
    work.guards.push(format!(
        "no row of `{}` has a null in `{column}`: the server looks",
        table.name
    ));
    work
}

pub(super) fn drop_not_null(table: &Table, column: &Ident) -> Work {
    changing(table, column, "NULL", "NOT NULL")
}

fn changing(table: &Table, column: &Ident, to: &str, back: &str) -> Work {
    let mut up = columns_as_planned(table, std::slice::from_ref(column));
    up.extend(modify(table, column, to));
    Work {
        up,
        down: modify(table, column, back),
        locks: vec![online(&table.name)],
        guards: vec![as_planned(table)],
        reads_rows: true,
    }
}

fn modify(table: &Table, column: &Ident, nullability: &str) -> Vec<Statement> {
    let nullable = is_nullable(&table.name, column);
    let done = if nullability == "NULL" {
        nullable
    } else {
        format!("NOT {nullable}")
    };
    redefine(
        table,
        column,
        &done,
        &Redefinition {
            ty: &format!(
                "CONCAT(column_type, IF(collation_name IS NULL OR collation_name = {}, '', CONCAT(' CHARACTER SET ', \
                 character_set_name, ' COLLATE ', collation_name)))",
                table_collation(table)
            ),
            nullability: &MySql::MYSQL.literal(&format!(" {nullability}")),
            how: "ALGORITHM=INPLACE, LOCK=NONE",
        },
    )
}

/// An expression for the collation that columns of the table have which name none. One that names it all the same is told
/// otherwise by SHOW CREATE TABLE.
pub(super) fn table_collation(table: &Table) -> String {
    format!(
        "(SELECT t.table_collation FROM information_schema.tables t WHERE {})",
        is_table("t.table_schema", "t.table_name", &table.name)
    )
}

/// What of a column's definition is other than before: the first two are expressions for its text.
pub(super) struct Redefinition<'a> {
    pub(super) ty: &'a str,
    pub(super) nullability: &'a str,
    pub(super) how: &'a str,
}

/// Repeats the column's definition but for that, unless its work is done.
pub(super) fn redefine(table: &Table, column: &Ident, done: &str, change: &Redefinition<'_>) -> Vec<Statement> {
    let text = |text: &str| MySql::MYSQL.literal(text);
    let begin = text(&format!(
        "ALTER TABLE {} MODIFY COLUMN {} ",
        MySql::MYSQL.table_name(&table.name),
        MySql::MYSQL.quote(column)
    ));
    // A literal default is told without its quotes by MySQL, and as an expression by MariaDB since 10.2.7.
    let default = "CASE WHEN column_default IS NULL OR column_default = 'NULL' THEN '' WHEN VERSION() LIKE '%MariaDB%' OR \
                   extra LIKE '%DEFAULT_GENERATED%' OR column_default LIKE 'CURRENT_TIMESTAMP%' THEN CONCAT(' DEFAULT ', \
                   IF(extra LIKE '%DEFAULT_GENERATED%' AND column_default NOT LIKE 'CURRENT_TIMESTAMP%', CONCAT('(', \
                   column_default, ')'), column_default)) ELSE CONCAT(' DEFAULT ', QUOTE(column_default)) END";
    let on_update = "IF(extra LIKE '%on update%', CONCAT(' ', TRIM(REPLACE(extra, 'DEFAULT_GENERATED', ''))), '')";
    // MariaDB's checks of a column are a part of it, and called as it is (manual, CONSTRAINT); MySQL's are of the table.
    let check = format!(
        "/*M!100210 COALESCE((SELECT CONCAT(' CHECK (', k.check_clause, ')') FROM information_schema.check_constraints k WHERE {} \
         AND k.level = 'Column' AND k.constraint_name = {}), ''), */",
        is_table("k.constraint_schema", "k.table_name", &table.name),
        text(column.as_str())
    );
    let expression = format!(
        "IF({done}, 'DO 0', (SELECT CONCAT({begin}, {}, {}, {default}, {on_update}, IF(column_comment = '', '', \
         CONCAT(' COMMENT ', QUOTE(column_comment))), {check} {}) FROM information_schema.columns WHERE {} AND column_name = {}))",
        change.ty,
        change.nullability,
        text(&format!(", {}", change.how)),
        is_table("table_schema", "table_name", &table.name),
        text(column.as_str())
    );
    chosen(&expression)
}
