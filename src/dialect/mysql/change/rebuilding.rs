//! Changes for which InnoDB makes a table anew: in place and while others write, where nothing in the table forbids that.

use super::{COPY, copied, online};
use crate::dialect::change::LockTaken;
use crate::dialect::mysql::server::Flavor;
use crate::schema::{Generated, Ident, Table, TableName, TypeFamily};

/// What the ALTERs say for which nobody waits.
pub(super) const ONLINE: &str = "ALGORITHM=INPLACE, LOCK=NONE";

/// How a table is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rebuild {
    /// While others write.
    Online,
    /// By a copy, during which nobody can write.
    Copy,
}

impl Rebuild {
    /// How a server does it. With an index over words or places neither does it online (MySQL manual, "Online DDL
    /// Operations"; what is said there of building such an index is so of building it again), and MariaDB does not with an
    /// index over a virtual column (seen on 10.11: error 1846).
    pub(super) fn of(table: &Table, flavor: Flavor) -> Self {
        let is_special = table
            .indexes
            .iter()
            .any(|index| matches!(index.method.as_str(), "fulltext" | "spatial" | "rtree" | "vector"));
        let is_virtual = |name: &Ident| {
            let column = table.column(name);
            column.is_some_and(|column| column.generated == Some(Generated::Virtual))
        };
        let mut parts = table.indexes.iter().flat_map(|index| &index.parts);
        let over_virtual = parts.any(|part| part.column.as_ref().is_some_and(is_virtual));
        if is_special || flavor == Flavor::MariaDb && over_virtual {
            Self::Copy
        } else {
            Self::Online
        }
    }

    /// The same where columns no longer take nulls. MariaDB then computes stored columns anew, and does not know what the
    /// time of a row would be (seen on 10.11: errors 1845 and 1846).
    pub(super) fn of_not_null(table: &Table, columns: &[Ident], flavor: Flavor) -> Self {
        let has_generated = || {
            let stored = table
                .columns
                .iter()
                .any(|column| column.generated == Some(Generated::Stored));
            let times = columns.iter().filter_map(|name| table.column(name)).any(|column| {
                let default = column.default.as_deref().unwrap_or_default();
                column.ty.family == TypeFamily::Temporal
                    && default.to_ascii_lowercase().starts_with("current_timestamp")
            });
            stored || times
        };
        if flavor == Flavor::MariaDb && has_generated() {
            Self::Copy
        } else {
            Self::of(table, flavor)
        }
    }

    /// What an ALTER says.
    pub(super) fn clause(self) -> &'static str {
        match self {
            Self::Online => ONLINE,
            Self::Copy => COPY,
        }
    }

    /// What it holds.
    pub(super) fn locks(self, table: &TableName) -> Vec<LockTaken> {
        match self {
            Self::Online => vec![online(table)],
            Self::Copy => copied(table).to_vec(),
        }
    }
}
