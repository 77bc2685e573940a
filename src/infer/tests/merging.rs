//! What is declared, stated and inferred of the same columns.

use super::schema::schema;
use super::{columns, show, statement};
use crate::infer::relations;
use crate::relation::Cardinality;
use crate::schema::{ForbiddenRelation, RelationKind, Stated, StatedRelation};

#[test]
fn foreign_keys_between_the_same_columns_are_one_relation() {
    let schema = schema(
        "parents: a int, b int; pk(a, b)
         children: x int, y int; fk(x, y -> parents.a+b invalid); fk(y, x -> parents.b+a); fk(x, y -> gone.a+b); fk(z, y -> parents.a+b)",
    );
    let found = relations(&schema, &Stated::default()).relations;
    let [relation] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(relation.foreign_keys, [1, 0]);
    assert_eq!(relation.evidence.len(), 2);
    assert_eq!(show(&relation.child), "children.y+x");
}

#[test]
fn a_parent_that_may_be_out_of_sight_keeps_its_relation() {
    let mut schema = schema("children: id int pk, parent_id int; fk(parent_id -> gone.id)");
    assert!(relations(&schema, &Stated::default()).relations.is_empty());
    schema.sees_all_tables = false;
    let found = relations(&schema, &Stated::default()).relations;
    let ends: Vec<(String, String)> = found
        .iter()
        .map(|relation| (show(&relation.child), show(&relation.parent)))
        .collect();
    assert_eq!(ends, [("children.parent_id".to_owned(), "gone.id".to_owned())]);
}

#[test]
fn a_column_whose_foreign_key_dangles_is_led_nowhere_else() {
    let found = relations(
        &schema("users: id int pk\nposts: id int pk, user_id int; fk(user_id -> gone.id)"),
        &Stated::default(),
    );
    assert!(found.relations.is_empty(), "{found:?}");
}

#[test]
fn cardinality_and_optionality() {
    let cases = [
        ("user_id int", Cardinality::ManyToOne, false),
        ("user_id int null", Cardinality::ManyToOne, true),
        ("user_id int unique", Cardinality::OneToOne, false),
        ("user_id int null unique", Cardinality::OneToOne, true),
        (
            "user_id int, kind text; unique(user_id, kind)",
            Cardinality::ManyToOne,
            false,
        ),
    ];
    for (columns, cardinality, optional) in cases {
        let text = format!("users: id int pk\ncards: id int pk, {columns}");
        let found = relations(&schema(&text), &Stated::default()).relations;
        let [relation] = found.as_slice() else {
            panic!("{columns}: {found:?}")
        };
        assert_eq!(
            (relation.cardinality, relation.optional),
            (cardinality, optional),
            "{columns}"
        );
    }
}

#[test]
fn what_is_stated_goes_first() {
    let schema = schema(
        "users: id int pk
         members: id int pk
         posts: id int pk, user_id int, editor_id int; fk(user_id -> users.id)",
    );
    let mut stated = Stated::default();
    stated.relations.push(StatedRelation {
        kind: Some(RelationKind::HasOne),
        optional: Some(true),
        ..statement("posts.user_id", "users.id")
    });
    stated.relations.push(statement("posts.editor_id", "members.id"));
    let found = relations(&schema, &stated).relations;
    let shown: Vec<String> = found
        .iter()
        .map(|relation| format!("{} {}", show(&relation.child), show(&relation.parent)))
        .collect();
    assert_eq!(shown, ["posts.editor_id members.id", "posts.user_id users.id"]);
    assert_eq!(found[1].cardinality, Cardinality::OneToOne);
    assert!(found[1].optional && found[1].is_constrained());
    assert_eq!(found[1].origins.len(), 2);
    assert_eq!(found[0].cardinality, Cardinality::ManyToOne);
    assert_eq!(found[0].evidence[0].code, "config");
    assert_eq!(found[0].role.as_deref(), Some("editor"));
}

#[test]
fn what_is_ruled_out_is_only_what_was_inferred() {
    let schema = schema(
        "users: id int pk
         logs: id int pk, user_id int
         posts: id int pk, user_id int; fk(user_id -> users.id)",
    );
    let forbid = |child| ForbiddenRelation {
        child: columns(child),
        parent: None,
    };
    let stated = Stated {
        forbidden: vec![forbid("logs.user_id"), forbid("posts.user_id")],
        ..Stated::default()
    };
    let found = relations(&schema, &stated);
    assert_eq!(found.relations.len(), 1);
    assert_eq!(show(&found.relations[0].child), "posts.user_id");
    assert!(found.unresolved.is_empty());
}
