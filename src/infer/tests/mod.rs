//! What the parts of inference do together.

mod merging;
mod naming;
mod rows;
mod schema;
mod structure;

use self::schema::{schema, table_name};
use super::relations;
use crate::schema::{ColumnSet, Ident, Schema, Stated, StatedBy, StatedRelation};

fn columns(text: &str) -> ColumnSet {
    let (table, columns) = text.rsplit_once('.').unwrap_or((text, ""));
    ColumnSet::new(table_name(table), columns.split('+').map(Ident::from).collect())
}

fn show(end: &ColumnSet) -> String {
    let columns: Vec<&str> = end.columns.iter().map(Ident::as_str).collect();
    format!("{}.{}", end.table, columns.join("+"))
}

/// The relations as `child -> parent tier`, one a line.
fn check(text: &str, expected: &str) {
    let found: Vec<String> = relations(&schema(text), &Stated::default())
        .relations
        .iter()
        .map(|relation| {
            format!(
                "{} -> {} {}",
                show(&relation.child),
                show(&relation.parent),
                relation.tier().as_str()
            )
        })
        .collect();
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(found, expected, "{text}");
}

fn statement(child: &str, parent: &str) -> StatedRelation {
    StatedRelation {
        child: columns(child),
        parent: columns(parent),
        kind: None,
        optional: None,
        on_delete: None,
        by: StatedBy::Config,
    }
}

#[test]
fn odd_input_does_no_harm() {
    let found = relations(&Schema::default(), &Stated::default());
    assert!(found.relations.is_empty());
    check(
        "_: _ int pk\n__: _id int, id_ int\nid: id int pk, id_id int, _ID int",
        "",
    );
    check("ß: ß int pk\n日本: ßid int, 日本_id int pk", "");
}

#[test]
fn the_same_schema_gives_the_same_relations() {
    let text =
        "users: id int pk\nteams: id int pk, owner_id int\nposts: id int pk, user_id int, team_id int, author_id int";
    let shown = || format!("{:?}", relations(&schema(text), &Stated::default()));
    assert_eq!(shown(), shown());
}
