//! Rows that are in the way of a unique key: all but one of each group go into the quarantine.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::mending::count;
use super::{Draft, TaskKey, Tasks};
use crate::dialect::change::Change;
use crate::dialect::probe_sql::Ends;
use crate::dialect::row_set::{RowSet, Stays};
use crate::finding::Finding;
use crate::plan::Phase;
use crate::plan::hanging::{hanging_on_duplicates, unreferenced};
use crate::plan::keep::columns_with_order;
use crate::plan::rows::Decision;
use crate::plan::survey::Surplus;
use crate::schema::{ColumnSet, Table, display_columns};

/// How many characters of a value are shown.
const SHOWN: usize = 60;

impl<'a> Tasks<'a> {
    /// Moves the rows that are too many, and gives the task after which there are none. An error is the reason why they
    /// stay, and what to do.
    pub(super) fn duplicates(
        &mut self,
        finding: &Finding,
        table: &'a Table,
        columns: &ColumnSet,
    ) -> Result<Option<TaskKey>, (String, String)> {
        // The key with the survey's own columns lives as long as the plan is made.
        let Some((columns, surplus)) = self.survey.surplus.get_key_value(columns) else {
            return Ok(None);
        };
        if surplus.too_many() == 0 {
            return Ok(None);
        }
        let stays = self.staying(table, columns, surplus)?;
        self.triggered(table, &Decision::Remove { for_good: false })?;
        if !surplus.hanging.is_empty() {
            // Rows may reference the one that goes and mean the one that stays, or be a part of what is a duplicate as a
            // whole. To point them elsewhere, or to remove them because their relation cascades, would be a guess.
            let referencing: Vec<String> = surplus
                .hanging
                .iter()
                .map(|(name, rows)| format!("{} of `{name}`", count(*rows)))
                .collect();
            return Err((
                format!(
                    "{}, and {} reference rows that would go: whether they belong to the row that stays, nobody has said",
                    groups(surplus),
                    referencing.join(", ")
                ),
                "point those to the row of each group that is to stay, and plan again".to_owned(),
            ));
        }
        let set = RowSet::Duplicates {
            table,
            unique: &columns.columns,
            stays,
        };
        let mut hanging = hanging_on_duplicates(
            self.facts.schema,
            self.facts.relations,
            self.facts.probes(),
            table,
            &columns.columns,
            stays.is_none(),
        );
        // Those of tables that are not looked at too.
        let unknown = self.foreign_keys_to(table).into_iter().filter(|key| {
            let is_same =
                |ends: &Ends<'_>| ends.child.name == key.child.name && ends.child_columns == key.child_columns;
            !hanging.iter().any(is_same)
        });
        let unknown: Vec<Ends<'a>> = unknown.collect();
        hanging.extend(unknown);
        let key = TaskKey::Copies(columns.clone());
        let keeping = self.keeping(table, reason(columns, stays));
        let rows = count(surplus.too_many());
        let which = match stays {
            None => "mere copies of others".to_owned(),
            Some(stays) => format!(
                "of those with the same ({}) the {} by `{}` stays",
                display_columns(&columns.columns),
                word(stays),
                stays.column.name
            ),
        };
        self.put(
            finding,
            Draft {
                key: key.clone(),
                phase: Phase::Repair,
                title: format!("Move {rows} of `{}` into `{}`: {which}", table.name, keeping.quarantine),
                change: Change::RemoveRows {
                    rows: unreferenced(set, hanging),
                    keeping,
                },
                after: BTreeSet::new(),
                rows: Some(surplus.too_many()),
            },
        );
        Ok(Some(key))
    }

    /// Which row of each group stays; `None` where all that go are copies of it.
    fn staying(
        &self,
        table: &'a Table,
        columns: &ColumnSet,
        surplus: &Surplus,
    ) -> Result<Option<Stays<'a>>, (String, String)> {
        if surplus.is_copies() {
            return Ok(None);
        }
        let Some(copies) = surplus.copies else {
            let reason = format!(
                "{}, and whether they are copies cannot be told from a dump, of which only the keys are kept",
                groups(surplus)
            );
            return Err((reason, "plan from the database itself".to_owned()));
        };
        if !surplus.tells_apart {
            let reason = format!(
                "{}, and `{}` has no primary key, by which they could be told apart",
                groups(surplus),
                table.name
            );
            return Err((reason, "give it a primary key, and plan again".to_owned()));
        }
        let others = surplus.too_many().saturating_sub(copies);
        match self.options.keep_of(columns) {
            Some(keep) => keep.of(table).map(Some).map_err(|reason| {
                let decide = "name another column with --keep, or in `duplicates:` of relaudit.yml".to_owned();
                (format!("{}; {reason}", groups(surplus)), decide)
            }),
            None => Err((
                match (others, surplus.too_many()) {
                    (1, 1) => format!("{}; the one that is too many is no mere copy", groups(surplus)),
                    (1, many) => format!("{}; 1 of the {many} that are too many is no mere copy", groups(surplus)),
                    (others, many) => format!(
                        "{}; {others} of the {many} that are too many are no mere copies",
                        groups(surplus)
                    ),
                },
                format!(
                    "say which row of each group stays with --keep oldest:COLUMN or newest:COLUMN (by {}), or in \
                     `duplicates:` of relaudit.yml, or mend them by hand",
                    columns_with_order(table)
                ),
            )),
        }
    }
}

/// The groups of rows with the same values, a few of them with their values.
fn groups(surplus: &Surplus) -> String {
    let mut text = format!(
        "{} share {}: ",
        count(surplus.rows),
        if surplus.keys == 1 {
            "1 key".to_owned()
        } else {
            format!("{} keys", surplus.keys)
        }
    );
    let shown: Vec<String> = surplus
        .groups
        .iter()
        .map(|group| {
            let values: Vec<String> = group.key.iter().map(|(_, value)| shown(value)).collect();
            format!("({}) is in {}", values.join(", "), count(group.rows))
        })
        .collect();
    text.push_str(&shown.join(", "));
    let more = surplus
        .keys
        .saturating_sub(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    if more > 0 {
        let _ = write!(text, ", and {more} more");
    }
    text
}

/// A value on one line, and not too long.
fn shown(value: &str) -> String {
    let mut short: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// Under what the quarantine keeps them.
fn reason(columns: &ColumnSet, stays: Option<Stays<'_>>) -> String {
    match stays {
        None => format!("a copy: {columns} is to be unique"),
        Some(stays) => format!(
            "not the {} by {}: {columns} is to be unique",
            word(stays),
            stays.column.name
        ),
    }
}

fn word(stays: Stays<'_>) -> &'static str {
    if stays.newest { "newest" } else { "oldest" }
}
