//! Batches of rows along the primary key, each a transaction of its own.

use super::block::block;
use crate::dialect::Dialect as _;
use crate::dialect::change::Statement;
use crate::dialect::postgres::Postgres;
use crate::schema::{Column, Table};

/// How many rows of the table one batch passes over.
const BATCH: u32 = 10_000;

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

    fn key_names(&self, alias: &str) -> String {
        let names = self
            .key
            .iter()
            .map(|column| format!("{alias}.{}", Postgres.quote(&column.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    fn variables(&self, prefix: &str) -> String {
        let names = (1..=self.key.len()).map(|at| format!("{prefix}_{at}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The rows `r` of one batch: after the last one of the batch before, up to its own last one.
    pub(super) fn window(&self) -> String {
        let key = self.key_names("r");
        format!(
            "(relaudit_start OR ({key}) > ({})) AND (relaudit_end OR ({key}) <= ({}))",
            self.variables("relaudit_low"),
            self.variables("relaudit_high")
        )
    }

    /// Runs the statement for each batch, unless its work is done. It begins anew wherever it was broken off: what is
    /// done is not found again.
    pub(super) fn run(&self, done: Option<&str>, statement: &str) -> Statement {
        let table = Postgres.table_name(&self.table.name);
        let declare = |prefix: &str| {
            let one = |(at, column): (usize, &&Column)| {
                format!("  {prefix}_{} {table}.{}%TYPE;\n", at + 1, Postgres.quote(&column.name))
            };
            self.key.iter().enumerate().map(one).collect::<String>()
        };
        let key = self.key_names("r");
        let [low, high] = ["relaudit_low", "relaudit_high"].map(|prefix| self.variables(prefix));
        let assign: Vec<String> = (1..=self.key.len())
            .map(|at| format!("    relaudit_low_{at} := relaudit_high_{at};\n"))
            .collect();
        let assign = assign.concat();
        let unless = done.map_or(String::new(), |done| {
            format!("  IF {done} THEN\n    RETURN;\n  END IF;\n")
        });
        block(
            &format!(
                "#variable_conflict use_column\nDECLARE\n  relaudit_start boolean := true;\n  relaudit_end boolean := false;\n{}{}",
                declare("relaudit_low"),
                declare("relaudit_high")
            ),
            &format!(
                "{unless}  PERFORM set_config('plan_cache_mode', 'force_custom_plan', false);\n  LOOP\n    SELECT {key} INTO {high} \
                 FROM {rows} r WHERE relaudit_start OR ({key}) > ({low}) ORDER BY {key} OFFSET {offset} LIMIT 1;\n    \
                 relaudit_end := NOT FOUND;\n    {statement};\n    COMMIT;\n    EXIT WHEN relaudit_end;\n    relaudit_start := false;\n{assign}  \
                 END LOOP;\n",
                rows = Postgres.own_rows(self.table),
                offset = BATCH - 1,
            ),
        )
    }
}
