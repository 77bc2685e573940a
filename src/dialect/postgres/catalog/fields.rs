//! One row of the catalogue, read from left to right.

use std::any::type_name;
use std::str::FromStr;

use crate::dialect::postgres::link::Row;

/// The values that are left of a row.
pub(super) struct Fields(std::vec::IntoIter<Option<String>>);

impl Fields {
    pub(super) fn new(row: Row) -> Self {
        Self(row.into_iter())
    }

    /// The next value; `None` for NULL.
    pub(super) fn optional(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    /// The next value, which cannot be NULL.
    pub(super) fn text(&mut self) -> Result<String, String> {
        self.optional()
            .ok_or_else(|| "the catalogue has a NULL where there can be none".to_owned())
    }

    pub(super) fn number<T: FromStr>(&mut self) -> Result<T, String> {
        parse(&self.text()?)
    }

    pub(super) fn flag(&mut self) -> Result<bool, String> {
        Ok(self.text()? == "t")
    }

    /// Numbers with spaces between them.
    pub(super) fn numbers<T: FromStr>(&mut self) -> Result<Vec<T>, String> {
        self.text()?.split_whitespace().map(parse).collect()
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| {
        format!(
            "the catalogue has `{text}` where a number ({}) belongs",
            type_name::<T>()
        )
    })
}
