//! Whether a column takes nulls. MODIFY repeats the whole of a column's definition; the server puts it together from its
//! own catalogue, so that nothing of it is lost (manual, ALTER TABLE, "Renaming, Redefining, and Reordering Columns").

use super::as_planned;
use super::foreign_key::{CHECKS_OFF, CHECKS_ON};
use super::prepared::{chosen, columns_as_planned, is_nullable, is_table};
use super::rebuilding::Rebuild;
use crate::dialect::Dialect as _;
use crate::dialect::change::{Statement, Work};
use crate::dialect::mysql::MySql;
use crate::dialect::mysql::server::Flavor;
use crate::schema::{Ident, Table};

pub(super) fn set_not_null(table: &Table, column: &Ident, flavor: Flavor) -> Work {
    let mut work = changing(table, column, ["NOT NULL", "NULL"], flavor);
    work.guards.push(format!(
        "no row of `{}` has a null in `{column}`: the server looks",
        table.name
    ));
    work
}

pub(super) fn drop_not_null(table: &Table, column: &Ident, flavor: Flavor) -> Work {
    changing(table, column, ["NULL", "NOT NULL"], flavor)
}

fn changing(table: &Table, column: &Ident, [to, back]: [&str; 2], flavor: Flavor) -> Work {
    let how = |nullability: &str| {
        if nullability == "NULL" {
            Rebuild::of(table, flavor)
        } else {
            Rebuild::of_not_null(table, std::slice::from_ref(column), flavor)
        }
    };
    let mut up = columns_as_planned(table, std::slice::from_ref(column));
    up.extend(modify(table, column, to, how(to)));
    Work {
        up,
        down: modify(table, column, back, how(back)),
        locks: how(to).locks(&table.name),
        guards: vec![as_planned(table)],
        reads_rows: true,
    }
}

fn modify(table: &Table, column: &Ident, nullability: &str, how: Rebuild) -> Vec<Statement> {
    let nullable = is_nullable(&table.name, column);
    let done = if nullability == "NULL" {
        nullable
    } else {
        format!("NOT {nullable}")
    };
    let altering = redefine(
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
            how: how.clause(),
        },
    );
    if how == Rebuild::Online {
        return altering;
    }
    // By a copy, a column in a foreign key is changed only while those are not checked (errors 1832 and 1833), and this
    // changes no value.
    [
        vec![Statement::plain(CHECKS_OFF)],
        altering,
        vec![Statement::plain(CHECKS_ON)],
    ]
    .concat()
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
    let default = default_clause();
    let attributes = attributes();
    // MariaDB's checks of a column are a part of it, and called as it is (manual, CONSTRAINT); MySQL's are of the table.
    let check = format!(
        "/*M!100210 COALESCE((SELECT CONCAT(' CHECK (', k.check_clause, ')') FROM information_schema.check_constraints k WHERE {} \
         AND k.level = 'Column' AND k.constraint_name = {}), ''), */",
        is_table("k.constraint_schema", "k.table_name", &table.name),
        text(column.as_str())
    );
    let expression = format!(
        "IF({done}, 'DO 0', (SELECT CONCAT({begin}, {}, {}, {default}, {attributes}, IF(column_comment = '', '', \
         CONCAT(' COMMENT ', QUOTE(column_comment))), {check} {}) FROM information_schema.columns WHERE {} AND column_name = {}))",
        change.ty,
        change.nullability,
        text(&format!(", {}", change.how)),
        is_table("table_schema", "table_name", &table.name),
        text(column.as_str())
    );
    chosen(&expression)
}

/// An expression for the DEFAULT. MariaDB tells it as it is written since 10.2.7. MySQL tells a literal without its quotes,
/// bits and bytes as literals of their own, and an expression with a backslash before each quote and backslash.
fn default_clause() -> String {
    let text = |text: &str| MySql::MYSQL.literal(text);
    let unescaped = format!(
        "REPLACE(REPLACE(column_default, {}, {}), {}, {})",
        text("\\'"),
        text("'"),
        text("\\\\"),
        text("\\")
    );
    format!(
        "CASE WHEN column_default IS NULL THEN '' WHEN VERSION() LIKE '%MariaDB%' THEN IF(column_default = 'NULL', '', CONCAT(' DEFAULT \
         ', column_default)) WHEN data_type IN ('timestamp', 'datetime') AND column_default LIKE 'CURRENT_TIMESTAMP%' OR data_type = \
         'bit' OR data_type IN ('binary', 'varbinary') AND column_default LIKE '0x%' THEN CONCAT(' DEFAULT ', column_default) WHEN extra \
         LIKE '%DEFAULT_GENERATED%' THEN CONCAT(' DEFAULT (', {unescaped}, ')') ELSE CONCAT(' DEFAULT ', QUOTE(column_default)) END"
    )
}

/// An expression for what a column does by itself when its row is updated, and for whether a star leaves it out. The
/// catalogue tells both in one text, MySQL with the word that a default is computed in it.
fn attributes() -> &'static str {
    "CONCAT(IF(extra LIKE '%on update%', CONCAT(' ', TRIM(REPLACE(REPLACE(REPLACE(extra, 'DEFAULT_GENERATED', ''), ', INVISIBLE', ''), \
     'INVISIBLE', ''))), ''), IF(extra LIKE '%INVISIBLE%', ' INVISIBLE', ''))"
}
