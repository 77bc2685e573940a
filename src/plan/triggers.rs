//! Triggers of tables whose rows are treated: what they do besides is kept by nobody, and they do it again when rows come
//! back.

use std::collections::BTreeMap;

use super::rows::Decision;
use crate::schema::{Ident, Schema, TableName};

/// The names of a table's triggers by what sets them off: `DELETE`, `INSERT`, `UPDATE`.
pub type Triggers = BTreeMap<TableName, BTreeMap<String, Vec<String>>>;

/// Adds a row of the question for them: namespace, table, event, name.
pub(super) fn add(found: &mut Triggers, schema: &Schema, row: Vec<Option<String>>) {
    let mut texts = row.into_iter();
    let mut next = || texts.next().flatten();
    let (namespace, table, event, name) = (next(), next(), next(), next());
    let (Some(table), Some(event), Some(name)) = (table, event, name) else {
        return;
    };
    let table = TableName {
        namespace: namespace.map(Ident::new),
        table: Ident::new(table),
    };
    if let Some(known) = schema.table(&table) {
        let events = found.entry(known.name.clone()).or_default();
        events.entry(event).or_default().push(name);
    }
}

/// Those that run when rows are treated so, or when that is undone.
pub(super) fn set_off<'t>(triggers: &'t Triggers, table: &TableName, decision: &Decision) -> Vec<&'t str> {
    let events: &[&str] = match decision {
        Decision::Remove { .. } => &["DELETE", "INSERT"],
        Decision::Clear(_) => &["UPDATE"],
        Decision::Ask(..) => &[],
    };
    let Some(of_table) = triggers.get(table) else {
        return Vec::new();
    };
    let mut names: Vec<&str> = events
        .iter()
        .filter_map(|&event| of_table.get(event))
        .flatten()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Why rows of a table with such triggers stay, and what to do.
pub(super) fn refusal(table: &TableName, names: &[&str]) -> (String, String) {
    let (triggers, run) = if names.len() == 1 {
        ("the trigger", "runs")
    } else {
        ("the triggers", "run")
    };
    let names = names.join("`, `");
    (
        format!("{triggers} `{names}` of `{table}` {run} for them, and nobody keeps what that changes"),
        "look at what it does, and let it run with --run-triggers; or mend the rows by hand".to_owned(),
    )
}

/// What is said of a step that sets them off.
pub(super) fn note(table: &TableName, names: &[&str]) -> String {
    format!(
        "the triggers of `{table}` run: `{}`; what they change is not kept, and does not come back",
        names.join("`, `")
    )
}
