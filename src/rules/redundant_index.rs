//! An index that another index of its table makes useless.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::{Remedy, Subject};
use crate::schema::{ColumnSet, Ident, Index, Redundant, display_columns};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedundantIndex {}

impl Rule for RedundantIndex {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for table in facts.schema.relation_tables() {
            let mut same_columns: BTreeMap<Vec<Ident>, Vec<Redundant<'_>>> = BTreeMap::new();
            for redundant in facts.schema.redundant_indexes(table) {
                same_columns
                    .entry(columns(redundant.index))
                    .or_default()
                    .push(redundant);
            }
            for (columns, group) in same_columns {
                let subject = ColumnSet::new(table.name.clone(), columns);
                let names: Vec<String> = group.iter().map(|one| format!("`{}`", one.index.name)).collect();
                let message = format!(
                    "`{subject}` has {} that nothing needs: {}",
                    if group.len() == 1 { "an index" } else { "indexes" },
                    group.iter().map(described).collect::<Vec<_>>().join("; ")
                );
                let mut finding = findings.report(Subject::columns(&subject), message).fix(format!(
                    "drop the {} {}",
                    if group.len() == 1 { "index" } else { "indexes" },
                    names.join(", ")
                ));
                for one in &group {
                    if let Some(location) = one.index.origin.location() {
                        finding = finding.declared_at(location);
                    }
                }
                let pairs = group
                    .iter()
                    .map(|one| (one.index.name.clone(), one.beside.name.clone()));
                finding.remedy(Remedy::DropIndexes(pairs.collect()));
            }
        }
    }
}

fn columns(index: &Index) -> Vec<Ident> {
    index.parts.iter().filter_map(|part| part.column.clone()).collect()
}

fn described(one: &Redundant<'_>) -> String {
    let (goes, stays) = (&one.index.name, &one.beside.name);
    if one.beside.parts.len() == one.index.parts.len() {
        format!("`{goes}` does the same as `{stays}`")
    } else {
        let held = display_columns(&columns(one.beside));
        format!("`{stays}` on ({held}) begins with all that `{goes}` has")
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Database;
    use crate::schema::{Index, IndexPart, TableKind, TableName};

    const RULE: &str = "redundant_index";

    fn table() -> Database {
        Database::new().table("t", &["id int primary", "a int", "b int", "c int null"])
    }

    fn flagged(database: &Database) -> bool {
        !database.check(RULE).is_empty()
    }

    /// An index on `a` that was changed, beside one on `a` and `b` that was changed.
    fn beside(goes: fn(&mut Index), stays: fn(&mut Index)) -> bool {
        flagged(&table().index_with("t(a)", goes).index_with("t(a, b)", stays))
    }

    #[test]
    fn what_another_one_begins_with() {
        assert_eq!(
            table().index("t(a)").index("t(a, b)").check(RULE),
            ["note certain t(a)"]
        );
        assert!(
            !flagged(&table().index("t(b)").index("t(a, b)")),
            "it does not begin with it"
        );
        assert!(!flagged(&table().index("t(b, a)").index("t(a, b, c)")), "another order");
        assert!(!flagged(&table().index("t(a, b)")), "itself");
        assert!(flagged(&table().unique("t(a, b)").index("t(a)")), "a key's index");
        assert!(flagged(&table().index("t(id)")), "the primary key's");
    }

    #[test]
    fn names_what_stays() {
        let database = table().index("t(a)").index("t(a, b)").index("t(a, b, c)").index("t(a)");
        assert_eq!(
            database.messages(RULE),
            [
                "`t(a)` has indexes that nothing needs: `t_index_3` on (a, b, c) begins with all that `t_index_1` has; \
                 `t_index_3` on (a, b, c) begins with all that `t_index_4` has",
                "`t(a, b)` has an index that nothing needs: `t_index_3` on (a, b, c) begins with all that `t_index_2` has",
            ]
        );
        assert_eq!(
            table().index("t(a)").index("t(a)").messages(RULE),
            ["`t(a)` has an index that nothing needs: `t_index_2` does the same as `t_index_1`"]
        );
    }

    #[test]
    fn what_does_something_else() {
        let same = |_: &mut Index| {};
        assert!(beside(same, same));
        assert!(!beside(|index| index.predicate = Some("(a > 1)".to_owned()), same));
        assert!(!beside(same, |index| index.predicate = Some("(a > 1)".to_owned())));
        assert!(beside(
            |index| index.predicate = Some("(a > 1)".to_owned()),
            |index| index.predicate = Some("(a > 1)".to_owned())
        ));
        assert!(!beside(|index| index.parts[0].descending = true, same));
        assert!(!beside(same, |index| index.parts[0].nulls_swapped = true));
        assert!(!beside(same, |index| index.parts[0].prefix = Some(4)));
        assert!(!beside(|index| index.parts[0].prefix = Some(4), same));
        assert!(!beside(
            |index| index.parts[0].class = Some("text_pattern_ops".to_owned()),
            same
        ));
        assert!(!beside(|index| index.method = "hash".to_owned(), same));
        assert!(!beside(same, |index| index.method = "gin".to_owned()));
        assert!(!beside(same, |index| index.valid = false));
        assert!(!beside(|index| index.valid = false, same));
        assert!(!beside(same, |index| index.visible = false));
        assert!(!beside(|index| index.visible = false, same));
        assert!(!beside(|index| index.bound = true, same));
        assert!(!beside(|index| index.unique = true, same));
        assert!(!beside(
            |index| index.parts[0] = IndexPart {
                column: None,
                expression: Some("lower(a)".to_owned()),
                ..IndexPart::column("a")
            },
            same
        ));
    }

    #[test]
    fn what_it_carries_along() {
        let carries = |index: &mut Index| index.include = vec!["c".into()];
        assert!(!beside(carries, |_| {}));
        assert!(beside(carries, carries));
        assert!(flagged(&table().index_with("t(a)", carries).index("t(a, c)")));
        assert!(beside(|_| {}, carries));
    }

    #[test]
    fn what_refuses_rows() {
        let unique = |index: &mut Index| index.unique = true;
        assert!(
            flagged(&table().unique("t(a)").index_with("t(a)", unique)),
            "twice the same"
        );
        assert!(flagged(&table().index_with("t(id)", unique)), "the primary key");
        assert!(!flagged(&table().unique("t(a)").unique("t(a)")), "constraints");
        assert!(!flagged(&table().unique("t(a, b)").index_with("t(a)", unique)));
        let nulls = table()
            .unique("t(c)")
            .index_with("t(c)", |index| (index.unique, index.nulls_not_distinct) = (true, true));
        assert!(!flagged(&nulls));
        let deferrable = table()
            .unique("t(a)")
            .change("t", |table| table.keys.iter_mut().for_each(|key| key.deferrable = true))
            .index_with("t(a)", unique);
        assert!(!flagged(&deferrable));
        let referenced = table()
            .unique("t(a)")
            .index_with("t(a)", unique)
            .table("child", &["a int"])
            .foreign_key("child(a) -> t(a)");
        assert!(!flagged(&referenced));
    }

    #[test]
    fn partitions_have_those_of_their_root() {
        let database = table()
            .index("t(a)")
            .index("t(a, b)")
            .change("t", |table| table.partition_of = Some(TableName::bare("root")));
        assert!(!flagged(&database));
        let view = table()
            .index("t(a)")
            .index("t(a, b)")
            .change("t", |table| table.kind = TableKind::MaterializedView);
        assert!(!flagged(&view));
    }
}
