//! Names for what a plan makes: as the engines name things themselves, not longer than they allow, and not taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::relation::short_hash;
use crate::schema::{Ident, Schema, Table, TableName};

/// How the tables begin in which plans keep rows.
pub const QUARANTINE_PREFIX: &str = "relaudit_quarantine_";

/// What such tables have besides the columns of the rows.
const OWN_COLUMNS: [&str; 4] = ["relaudit_plan", "relaudit_reason", "relaudit_batch", "relaudit_at"];

/// The names that are taken, and how long one may be.
#[derive(Debug)]
pub(super) struct Names {
    taken: BTreeSet<(Option<Ident>, String)>,
    /// What rows the tables keep that are there, by their columns; none where no plan made the table.
    keeping: BTreeMap<TableName, Option<Vec<String>>>,
    longest: usize,
}

/// Whether plans keep rows in this table.
pub(super) fn is_quarantine(table: &Table) -> bool {
    let has = |own: &str| table.column(&Ident::new(own)).is_some();
    table.name.table.as_str().starts_with(QUARANTINE_PREFIX) && has("relaudit_plan") && has("relaudit_reason")
}

impl Names {
    /// Takes every name of the schema: tables, indexes and constraints share a namespace somewhere.
    pub(super) fn new(schema: &Schema, longest: usize) -> Self {
        let mut taken = BTreeSet::new();
        let mut keeping = BTreeMap::new();
        for table in schema.tables.values() {
            if table.name.table.as_str().starts_with(QUARANTINE_PREFIX) {
                keeping.insert(table.name.clone(), is_quarantine(table).then(|| shape(table)));
            }
            let keys = table.keys.iter().filter_map(|key| key.name.as_ref());
            let foreign_keys = table.foreign_keys.iter().filter_map(|key| key.name.as_ref());
            let indexes = table.indexes.iter().map(|index| &index.name);
            for name in keys.chain(foreign_keys).chain(indexes).chain([&table.name.table]) {
                taken.insert((table.name.namespace.clone(), name.as_str().to_lowercase()));
            }
        }
        Self {
            taken,
            keeping,
            longest,
        }
    }

    /// A name of the form `table_columns_suffix` that is free, and now taken.
    pub(super) fn name(&mut self, table: &Table, columns: &[Ident], suffix: &str) -> Ident {
        let mut parts = vec![table.name.table.as_str()];
        parts.extend(columns.iter().map(Ident::as_str).chain([suffix]));
        let whole = parts.join("_");
        self.free(&table.name, &whole)
    }

    fn free(&mut self, table: &TableName, wanted: &str) -> Ident {
        let fitting = shortened(wanted, self.longest);
        let mut name = fitting.clone();
        let mut number = 1_u32;
        while !self.taken.insert((table.namespace.clone(), name.to_lowercase())) {
            number += 1;
            name = shortened(&format!("{fitting}{number}"), self.longest);
        }
        Ident::new(name)
    }

    /// The table in which rows of this one are kept. It may be there from an earlier plan; where it is of another shape, or of
    /// somebody else, the name goes on with a hash of the shape. `step` tells those of one step from those of others, where
    /// it is not empty.
    pub(super) fn quarantine(&self, table: &Table, step: &str) -> Ident {
        let name = |end: &str| {
            let whole = format!("{QUARANTINE_PREFIX}{}{end}", table.name.table);
            Ident::new(shortened(&whole, self.longest))
        };
        if !step.is_empty() {
            return name(&format!("_{}", short_hash([step])));
        }
        let usual = TableName {
            namespace: table.name.namespace.clone(),
            table: name(""),
        };
        let shape = shape(table);
        match self.keeping.get(&usual) {
            Some(there) if there.as_ref() != Some(&shape) => {
                name(&format!("_{}", short_hash(shape.iter().map(String::as_str))))
            }
            _ => usual.table,
        }
    }
}

/// The columns of the rows of a table or of its quarantine, and their types, in an order of their own.
fn shape(table: &Table) -> Vec<String> {
    let columns = table.columns.iter();
    let of_rows = columns.filter(|column| !OWN_COLUMNS.contains(&column.name.as_str()));
    let mut shape: Vec<String> = of_rows
        .map(|column| format!("{} {}", column.name, column.ty.declared))
        .collect();
    shape.sort();
    shape
}

/// A name that is not longer than allowed: its end is replaced by a hash of the whole.
pub(super) fn shortened(name: &str, longest: usize) -> String {
    if name.len() <= longest {
        return name.to_owned();
    }
    let hash = short_hash([name]);
    let mut end = longest.saturating_sub(hash.len() + 1);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        assert_eq!(shortened("orders_customer_id_fkey", 63), "orders_customer_id_fkey");
        let long = "ä".repeat(60);
        let other = format!("{long}b");
        assert!(shortened(&long, 63).len() <= 63);
        assert_ne!(shortened(&long, 63), shortened(&other, 63));
    }
}
