//! Batches of rows along the primary key, each a transaction of its own, in a routine: only routines have loops.

use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::mysql::MySql;
use crate::schema::{Column, Ident, Table, TableName};

/// How many rows of the table one batch passes over.
const BATCH: u32 = 2_000;

const SQL: MySql = MySql::MYSQL;

/// A table whose rows are treated in batches.
pub(super) struct Batches<'a> {
    pub(super) table: &'a Table,
    /// The primary key, along which the batches go.
    pub(super) key: Vec<&'a Column>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(table: &'a Table) -> Result<Self, String> {
        let key: Vec<&Column> = table
            .primary_key()
            .into_iter()
            .flat_map(|key| &key.columns)
            .filter_map(|column| table.column(column))
            .collect();
        if key.is_empty() {
            return Err(format!(
                "`{}` has no primary key, by which its rows could be treated in batches and told apart",
                table.name
            ));
        }
        Ok(Self { table, key })
    }

    fn key_names(&self) -> String {
        let names = self.key.iter().map(|column| format!("r.{}", SQL.quote(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    fn variables(&self, prefix: &str) -> String {
        let names = (1..=self.key.len()).map(|at| format!("{prefix}_{at}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The rows `r` of one batch: after the last one of the batch before, up to its own last one.
    pub(super) fn window(&self) -> String {
        let key = self.key_names();
        format!(
            "(relaudit_start OR ({key}) > ({})) AND (relaudit_end OR ({key}) <= ({}))",
            self.variables("relaudit_low"),
            self.variables("relaudit_high")
        )
    }

    /// Makes a routine that runs these statements for each batch, calls it and drops it. It begins anew wherever it was
    /// broken off: what is done is not found again.
    pub(super) fn run(&self, name: &str, statements: &str) -> Vec<Statement> {
        let routine = SQL.table_name(&TableName {
            namespace: self.table.name.namespace.clone(),
            table: Ident::new(name),
        });
        let drop_routine = Statement::plain(format!("DROP PROCEDURE IF EXISTS {routine}"));
        vec![
            drop_routine.clone(),
            self.routine(&routine, statements),
            Statement::plain(format!("CALL {routine}()")),
            drop_routine,
        ]
    }

    fn routine(&self, routine: &str, statements: &str) -> Statement {
        let key = self.key_names();
        let [low, high] = ["relaudit_low", "relaudit_high"].map(|prefix| self.variables(prefix));
        let declare = |prefix: &str| {
            let one =
                |(at, column): (usize, &&Column)| format!("  DECLARE {prefix}_{} {};\n", at + 1, variable_type(column));
            self.key.iter().enumerate().map(one).collect::<String>()
        };
        let assign: Vec<String> = (1..=self.key.len())
            .map(|at| format!("    SET relaudit_low_{at} = relaudit_high_{at};\n"))
            .collect();
        let assign = assign.concat();
        Statement::compound(format!(
            "CREATE PROCEDURE {routine}()\nMODIFIES SQL DATA\nSQL SECURITY INVOKER\nBEGIN\n  DECLARE relaudit_start BOOLEAN \
             DEFAULT TRUE;\n  DECLARE relaudit_end BOOLEAN DEFAULT FALSE;\n  DECLARE relaudit_number BIGINT UNSIGNED;\n{}{}  \
             DECLARE CONTINUE HANDLER FOR NOT FOUND SET relaudit_end = TRUE;\n  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN \
             ROLLBACK; RESIGNAL; END;\n  WHILE NOT relaudit_end DO\n    SELECT {key} INTO {high} FROM {table} r WHERE \
             relaudit_start OR ({key}) > ({low}) ORDER BY {key} LIMIT 1 OFFSET {offset};\n    SET relaudit_number = \
             UUID_SHORT();\n    START TRANSACTION;\n    {statements};\n    COMMIT;\n    SET relaudit_start = FALSE;\n{assign}  \
             END WHILE;\nEND",
            declare("relaudit_low"),
            declare("relaudit_high"),
            table = SQL.table_name(&self.table.name),
            offset = BATCH - 1,
        ))
    }
}

/// A variable that holds what the column holds, and compares as it does.
fn variable_type(column: &Column) -> String {
    let collation = column.ty.collation.as_ref().and_then(|collation| {
        let charset = collation.charset.as_ref()?;
        Some(format!(" CHARACTER SET {charset} COLLATE {}", collation.name))
    });
    format!("{}{}", column.ty.declared, collation.unwrap_or_default())
}
