//! Names for what a plan makes: as the engines name things themselves, not longer than they allow, and not taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::relation::short_hash;
use crate::schema::{Ident, Schema, Table, TableName};

/// How the tables begin in which plans keep rows.
pub const QUARANTINE_PREFIX: &str = "relaudit_quarantine_";

/// The names that are taken, and how long one may be.
#[derive(Debug)]
pub(super) struct Names {
    taken: BTreeSet<(Option<Ident>, String)>,
    longest: usize,
    /// The quarantines that are there, each with the names and types of its columns.
    quarantines: BTreeMap<TableName, BTreeSet<(Ident, String)>>,
}

/// The names and types of the columns of a table, those left out that only a quarantine has.
fn shape(table: &Table) -> BTreeSet<(Ident, String)> {
    let columns = table.columns.iter();
    let own = columns.filter(|column| !column.name.as_str().starts_with("relaudit_"));
    own.map(|column| (column.name.clone(), column.ty.declared.clone()))
        .collect()
}

/// Whether plans keep rows in this table.
pub(super) fn is_quarantine(table: &Table) -> bool {
    table.name.table.as_str().starts_with(QUARANTINE_PREFIX) && table.column(&Ident::from("relaudit_plan")).is_some()
}

impl Names {
    /// Takes every name of the schema: tables, indexes and constraints share a namespace somewhere.
    pub(super) fn new(schema: &Schema, longest: usize) -> Self {
        let mut taken = BTreeSet::new();
        for table in schema.tables.values() {
            let keys = table.keys.iter().filter_map(|key| key.name.as_ref());
            let foreign_keys = table.foreign_keys.iter().filter_map(|key| key.name.as_ref());
            let indexes = table.indexes.iter().map(|index| &index.name);
            for name in keys.chain(foreign_keys).chain(indexes).chain([&table.name.table]) {
                taken.insert((table.name.namespace.clone(), name.as_str().to_lowercase()));
            }
        }
        let quarantines = schema
            .tables
            .values()
            .filter(|table| table.name.table.as_str().starts_with(QUARANTINE_PREFIX));
        Self {
            taken,
            longest,
            quarantines: quarantines.map(|table| (table.name.clone(), shape(table))).collect(),
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

    /// The table in which rows of this one are kept. It may be there from an earlier plan; if the table had other columns
    /// then, it is another one. `step` tells those of one step from those of others, where it is not empty.
    pub(super) fn quarantine(&self, table: &Table, step: &str) -> Ident {
        let of = |own: &str| {
            let own = if own.is_empty() {
                String::new()
            } else {
                format!("_{}", short_hash([own]))
            };
            Ident::new(shortened(
                &format!("{QUARANTINE_PREFIX}{}{own}", table.name.table),
                self.longest,
            ))
        };
        let name = of(step);
        let there = self.quarantines.get(&TableName {
            namespace: table.name.namespace.clone(),
            table: name.clone(),
        });
        let shape = shape(table);
        if step.is_empty() && there.is_some_and(|there| *there != shape) {
            return of(&format!("{shape:?}"));
        }
        name
    }
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
