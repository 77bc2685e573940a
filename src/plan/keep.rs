//! Which row of those with the same key stays, where the key is to be unique.

use std::fmt;
use std::str::FromStr;

use crate::dialect::row_set::Stays;
use crate::schema::{Column, Table, TypeFamily};

/// Which row of each group stays. Of rows that are equal in this the one with the smallest primary key does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The one with the greatest value or the one with the smallest; one with a null only where all have one.
    pub newest: bool,
    /// The column whose values tell, as the user writes it.
    pub column: String,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (which, column) = text.split_once(':').unwrap_or((text, ""));
        let newest = match which {
            "newest" => Some(true),
            "oldest" => Some(false),
            _ => None,
        };
        match newest {
            Some(newest) if !column.is_empty() => Ok(Self {
                newest,
                column: column.to_owned(),
            }),
            _ => {
                Err("write which row stays and the column that tells: oldest:created_at, newest:updated_at".to_owned())
            }
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = if self.newest { "newest" } else { "oldest" };
        write!(f, "{which}:{}", self.column)
    }
}

impl Keep {
    /// The same for one table.
    ///
    /// # Errors
    ///
    /// The table has no such column, or its values have no order: the reason, with the columns that could tell.
    pub fn of<'a>(&self, table: &'a Table) -> Result<Stays<'a>, String> {
        let why = match table.find_column(&self.column) {
            Some(column) if has_order(column) => {
                return Ok(Stays {
                    column,
                    newest: self.newest,
                });
            }
            Some(column) => format!(
                "the values of `{}`.`{}` ({}) are neither older nor newer than others",
                table.name, column.name, column.ty.declared
            ),
            None => format!("`{}` has no column `{}`", table.name, self.column),
        };
        Err(format!(
            "{why}; which row stays could be told by {}",
            columns_with_order(table)
        ))
    }
}

/// The columns by which rows have an order, those that hold times first.
pub(super) fn columns_with_order(table: &Table) -> String {
    let mut columns: Vec<&Column> = table.columns.iter().filter(|column| has_order(column)).collect();
    columns.sort_by_key(|column| column.ty.family != TypeFamily::Temporal);
    let names: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
    if names.is_empty() {
        "none of its columns".to_owned()
    } else {
        names.join(", ")
    }
}

fn has_order(column: &Column) -> bool {
    !matches!(
        column.ty.family,
        TypeFamily::Json | TypeFamily::Array | TypeFamily::Enum | TypeFamily::Other
    )
}

#[cfg(test)]
mod tests {
    use super::Keep;

    #[test]
    fn what_stays_is_written_with_its_column() {
        for text in ["oldest:created_at", "newest:updated_at", "newest:a:b"] {
            assert_eq!(text.parse::<Keep>().map(|keep| keep.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "newest", "newest:", "latest:updated_at", "Newest:updated_at"] {
            let error = text.parse::<Keep>().err().unwrap_or_default();
            assert!(error.contains("oldest:created_at"), "{text}: {error}");
        }
    }
}
