//! Foreign keys.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Builder, columns_of, option};
use crate::orm::active_record::syntax::Call;
use crate::orm::active_record::value::{Pair, Value};
use crate::schema::{Action, Deferrable, ForeignKey, Ident, Location, Match, Origin, Table};

impl Builder {
    pub(super) fn add_foreign_key(&mut self, call: &Call, from: &Value, to: &Value, options: &[Pair]) -> Option<()> {
        self.on_table(call, from, |builder, table| {
            builder.foreign_key(table, to, options, &call.location)
        })
    }

    /// `add_foreign_key "posts", "users", column: "author_id", on_delete: :cascade`.
    pub(super) fn foreign_key(
        &mut self,
        table: &mut Table,
        to: &Value,
        options: &[Pair],
        location: &Location,
    ) -> Option<()> {
        let to = to.text()?;
        let parent_columns = match option(options, "primary_key") {
            Some(columns) => columns_of(columns)?,
            None => vec![Ident::from("id")],
        };
        let columns = if let Some(columns) = option(options, "column") {
            columns_of(columns)?
        } else {
            // Each column of a composite key is named after the table and the parent's column.
            let singular = self.inflections.singularize(to.rsplit('.').next().unwrap_or(to));
            let id = vec![Ident::from("id")];
            let ends = if parent_columns.len() > 1 { &parent_columns } else { &id };
            ends.iter()
                .map(|column| Ident::new(format!("{singular}_{column}")))
                .collect()
        };
        let name = match option(options, "name").and_then(Value::text) {
            Some(name) => name.to_owned(),
            None => invented_name(table.name.table.as_str(), &columns),
        };
        let is_not = |key: &str| option(options, key).is_some_and(|value| value.truth() == Some(false));
        table.foreign_keys.push(ForeignKey {
            name: Some(Ident::new(name)),
            columns,
            parent: self.table_name(to),
            parent_columns,
            on_delete: action(option(options, "on_delete")),
            on_update: action(option(options, "on_update")),
            set_columns: Vec::new(),
            match_type: Match::Simple,
            deferrable: match option(options, "deferrable") {
                Some(Value::Text(when)) if when == "deferred" => Deferrable::InitiallyDeferred,
                Some(value) if value.truth() == Some(true) => Deferrable::InitiallyImmediate,
                _ => Deferrable::No,
            },
            validated: !is_not("validate") && !is_not("enforced"),
            enforced: !is_not("enforced"),
            period: false,
            origin: Origin::File(location.clone()),
        });
        Some(())
    }
}

/// The name that Rails gives where none is stated: a hash of table and columns.
fn invented_name(table: &str, columns: &[Ident]) -> String {
    let columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    let digest = Sha256::digest(format!("{table}_{}_fk", columns.join("_and_")));
    let mut hex = String::new();
    for byte in digest.iter().take(5) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    format!("fk_rails_{hex}")
}

fn action(value: Option<&Value>) -> Action {
    match value.and_then(Value::text) {
        Some("cascade") => Action::Cascade,
        Some("nullify") => Action::SetNull,
        Some("restrict") => Action::Restrict,
        Some("default") => Action::SetDefault,
        _ => Action::NoAction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_rails_invents() {
        // As Active Record 6.1 names them.
        assert_eq!(invented_name("posts", &["author_id".into()]), "fk_rails_04d13ef8c7");
    }
}
