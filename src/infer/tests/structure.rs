//! Join tables, polymorphic pairs, ways to a tenant, columns without a target.

use std::collections::BTreeSet;

use super::schema::schema;
use super::{columns, show, statement};
use crate::infer::{polymorphic_target, readings, relations, soft_delete_column, tenant_paths};
use crate::relation::RelationOrigin;
use crate::schema::{Ident, Stated, StatedBy, StatedJoinTable, StatedPolymorphic, TableName};

/// The join tables as `table: left right unique`.
fn check_join_tables(text: &str, stated: &Stated, expected: &[&str]) {
    let found = relations(&schema(text), stated);
    let end = |position: usize| show(&found.relations[position].child);
    let shown: Vec<String> = found
        .many_to_many
        .iter()
        .map(|link| {
            format!(
                "{}: {} {} {}",
                link.join_table,
                end(link.left),
                end(link.right),
                link.unique_pair
            )
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn join_tables() {
    let ends = "posts: id int pk\ntags: id int pk\nusers: id int pk";
    let with = |table: &str| format!("{ends}\n{table}");
    let none = Stated::default();
    let pair = "post_id int, tag_id int";
    check_join_tables(
        &with(&format!("labels: {pair}, note text; pk(post_id, tag_id)")),
        &none,
        &["labels: labels.post_id labels.tag_id true"],
    );
    check_join_tables(
        &with(&format!("labels: id int pk, {pair}, created_at time")),
        &none,
        &["labels: labels.post_id labels.tag_id false"],
    );
    check_join_tables(
        &with(&format!("posts_tags: id int pk, {pair}, note text")),
        &none,
        &["posts_tags: posts_tags.post_id posts_tags.tag_id false"],
    );
    // Something of its own, a log, a third reference, one to one, optional.
    check_join_tables(&with(&format!("labels: id int pk, {pair}, note text")), &none, &[]);
    check_join_tables(
        &with(&format!("label_events: id int pk, {pair}, created_at time")),
        &none,
        &[],
    );
    check_join_tables(
        &with(&format!("labels: {pair}, user_id int; pk(post_id, tag_id, user_id)")),
        &none,
        &[],
    );
    check_join_tables(&with("labels: id int pk, post_id int unique, tag_id int"), &none, &[]);
    check_join_tables(&with("labels: id int pk, post_id int null, tag_id int"), &none, &[]);
    let stated = Stated {
        relations: vec![statement("notes.a", "posts.id"), statement("notes.b", "tags.id")],
        join_tables: vec![StatedJoinTable {
            left: columns("notes.b"),
            right: columns("notes.a"),
            by: StatedBy::Config,
        }],
        ..Stated::default()
    };
    check_join_tables(
        &with("notes: a int, b int, words text"),
        &stated,
        &["notes: notes.b notes.a false"],
    );
}

fn pairs(text: &str) -> Vec<String> {
    relations(&schema(text), &Stated::default())
        .polymorphic
        .iter()
        .map(|pair| {
            let targets: Vec<String> = pair
                .targets
                .iter()
                .map(|target| format!("{}={}", target.value, show(&target.parent)))
                .collect();
            format!("{}.{} {}", pair.child, pair.type_column, targets.join(" "))
        })
        .collect()
}

#[test]
fn polymorphic_pairs() {
    let posts = "posts: id int pk\nphotos: id int pk";
    let with = |table: &str| format!("{posts}\n{table}");
    assert_eq!(
        pairs(&with("comments: id int pk, commentable_type text, commentable_id int")),
        ["comments.commentable_type "]
    );
    assert_eq!(
        pairs(&with("notes: id int pk, about_type enum:Post|Photo, about_id int")),
        ["notes.about_type Photo=photos.id Post=posts.id"]
    );
    assert_eq!(
        pairs(&with(
            "notes: id int pk, about_kind text, about_id int; check(about_kind IN ('Post', 'photos'))"
        )),
        ["notes.about_kind Post=posts.id photos=photos.id"]
    );
    // A column on the kind of what the id references, an id that is unique by itself, and a constraint that says so.
    let none: [&str; 0] = [];
    assert_eq!(
        pairs("accounts: id int pk\nrows: id int pk, account_type text, account_id int"),
        none
    );
    assert_eq!(pairs("runs: id int pk, owner_type text, owner_id int unique"), none);
    assert_eq!(
        pairs(&with(
            "comments: id int pk, commentable_type text, commentable_id int; fk(commentable_id -> posts.id)"
        )),
        none
    );
    let found = relations(
        &schema(&with("comments: id int pk, owner_type text, owner_id int")),
        &Stated::default(),
    );
    assert!(found.relations.is_empty() && found.unresolved.is_empty());
}

#[test]
fn stated_pairs_keep_their_targets() {
    let stated = Stated {
        polymorphic: vec![StatedPolymorphic {
            child: TableName::bare("notes"),
            type_column: Ident::from("kind"),
            id_columns: vec![Ident::from("ref")],
            by: StatedBy::Config,
            targets: vec![("P".to_owned(), TableName::bare("posts"), Vec::new())],
        }],
        ..Stated::default()
    };
    let found = relations(
        &schema("posts: id int pk\nnotes: id int pk, kind text, ref int"),
        &stated,
    );
    let [pair] = found.polymorphic.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(show(&pair.targets[0].parent), "posts.id");
    assert_eq!(pair.origins, BTreeSet::from([RelationOrigin::Config]));
}

#[test]
fn what_type_values_stand_for() {
    let schema = schema(
        "posts: id int pk
         blog_posts: id int pk
         people: id int pk
         uuids: id uuid pk
         comments: id int pk, owner_type text, owner_id int",
    );
    let pair = relations(&schema, &Stated::default()).polymorphic.remove(0);
    let target = |value: &str| polymorphic_target(&schema, &pair, value).map(|target| show(&target));
    for value in ["Post", "post", "posts", "App\\Models\\Post", "app.models.post"] {
        assert_eq!(target(value).as_deref(), Some("posts.id"), "{value}");
    }
    for value in ["Blog::Post", "BlogPost", "blog_posts", "blog.post"] {
        assert_eq!(target(value).as_deref(), Some("blog_posts.id"), "{value}");
    }
    assert_eq!(target("Person").as_deref(), Some("people.id"));
    for value in ["Uuid", "Nothing", "", "::"] {
        assert_eq!(target(value), None, "{value}");
    }
}

#[test]
fn type_values_prefer_the_namespace_they_name() {
    let schema = schema(
        "blog.posts: id int pk
         news.posts: id int pk
         news.comments: id int pk, owner_type text, owner_id int",
    );
    let pair = relations(&schema, &Stated::default()).polymorphic.remove(0);
    let target = |value: &str| polymorphic_target(&schema, &pair, value).map(|target| show(&target));
    assert_eq!(target("Post").as_deref(), Some("news.posts.id"));
    assert_eq!(target("blog.post").as_deref(), Some("blog.posts.id"));
}

fn check_unresolved(text: &str, expected: &[&str]) {
    let found = relations(&schema(text), &Stated::default()).unresolved;
    let shown: Vec<String> = found
        .iter()
        .map(|column| format!("{}: {}", show(&column.child), column.why))
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn references_without_a_target() {
    let users = "users: id int pk\nposts: id int pk, user_id int";
    check_unresolved(
        &format!("{users}\nstock: id int pk, warehouse_id int"),
        &["stock.warehouse_id: no table is called `warehouses` or `warehouse`"],
    );
    for column in [
        "stripe_id int",
        "request_id int",
        "stock_id int",
        "cat_id int",
        "warehouse_id text",
        "warehouse_id int unique",
        "warehouse int",
        "user_ids int",
        "primary_user_id json",
    ] {
        check_unresolved(&format!("{users}\nstock: id int pk, {column}"), &[]);
    }
    // The table's own key shows that keys are numbers here.
    check_unresolved(
        "stock: id int pk, warehouse_id int",
        &["stock.warehouse_id: no table is called `warehouses` or `warehouse`"],
    );
}

#[test]
fn ways_that_must_lead_to_the_same_tenant() {
    let paths = |text: &str| {
        let schema = schema(text);
        let found = relations(&schema, &Stated::default());
        let end = |position: usize| show(&found.relations[position].child);
        tenant_paths(&schema, &found)
            .into_iter()
            .map(|path| format!("{} {} {}", end(path.direct), end(path.via), end(path.up)))
            .collect::<Vec<String>>()
    };
    assert_eq!(
        paths(
            "accounts: id int pk
             customers: id int pk, account_id int index
             orders: id int pk, account_id int index, customer_id int index"
        ),
        ["orders.account_id orders.customer_id customers.account_id"]
    );
    let none: [&str; 0] = [];
    // Two people, two countries, one of both enforced, and one that only says who wrote it.
    for text in [
        "users: id int pk
         posts: id int pk, user_id int index
         comments: id int pk, user_id int index, post_id int index",
        "countries: id int pk
         customers: id int pk, country_id int index
         orders: id int pk, country_id int index, customer_id int index",
        "accounts: id int pk
         customers: account_id int, id int; pk(account_id, id); fk(account_id -> accounts.id)
         orders: id int pk, account_id int, customer_id int; fk(account_id -> accounts.id); fk(account_id, customer_id -> customers.account_id+id)",
        "accounts: id int pk
         posts: id int pk, created_by int; fk(created_by -> accounts.id)
         comments: id int pk, created_by int, post_id int; fk(created_by -> accounts.id); fk(post_id -> posts.id)",
    ] {
        assert_eq!(paths(text), none, "{text}");
    }
}

#[test]
fn marks_of_deleted_rows() {
    let mark = |columns: &str| {
        let schema = schema(&format!("rows: id int pk, {columns}"));
        let table = schema.table(&TableName::bare("rows")).cloned();
        table.and_then(|table| soft_delete_column(&table).map(|column| column.name.to_string()))
    };
    for (columns, expected) in [
        ("deleted_at time null", Some("deleted_at")),
        ("deletedAt time null", Some("deletedAt")),
        ("is_deleted bool", Some("is_deleted")),
        ("deleted int", Some("deleted")),
        ("deleted_at time", None),
        ("deleted_by int", None),
        ("deleted text", None),
        ("created_at time", None),
    ] {
        assert_eq!(mark(columns).as_deref(), expected, "{columns}");
    }
}

#[test]
fn copies_beside_each_other_are_each_meant_for_themselves() {
    let own = "users: id int pk\nposts: id int pk, user_id int, author_id int";
    let alone = relations(&schema(own), &Stated::default());
    let mut both = schema(own);
    for namespace in ["staging", "test"] {
        for (name, mut table) in schema(own).tables {
            table.name = TableName::qualified(namespace, name.table);
            both.tables.insert(table.name.clone(), table);
        }
    }
    let found = relations(&both, &Stated::default());
    assert_eq!(found.relations.len(), 3 * alone.relations.len());
    for relation in &found.relations {
        assert_eq!(
            relation.child.table.namespace, relation.parent.table.namespace,
            "{}",
            relation.child
        );
    }
}

#[test]
fn what_relations_are_beyond_their_cardinality() {
    let check = |text: &str, expected: &[&str]| {
        let schema = schema(text);
        let found = relations(&schema, &Stated::default());
        let readings = readings(&schema, &found);
        let shown: Vec<String> = found
            .relations
            .iter()
            .zip(readings)
            .map(|(relation, reading)| format!("{} {}", show(&relation.child), reading.as_str()))
            .collect();
        assert_eq!(shown, expected, "{text}");
    };
    check(
        "nodes: id int pk, parent_id int null, next_id int null; fk(parent_id -> nodes.id); fk(next_id -> nodes.id)",
        &["nodes.next_id self_reference", "nodes.parent_id tree"],
    );
    check(
        "people: id int pk
         details: id int pk; fk(id -> people.id)",
        &["details.id extension"],
    );
    check(
        "vehicles: id int pk
         cars: id int pk; fk(id -> vehicles.id)
         ships: id int pk; fk(id -> vehicles.id)",
        &["cars.id inheritance", "ships.id inheritance"],
    );
    check(
        "users: id int pk
         cards: id int pk, user_id int unique; fk(user_id -> users.id)
         pages: id int pk, user_id int, page_type text; fk(user_id -> users.id); unique(user_id, page_type)
         posts: id int pk, user_id int; fk(user_id -> users.id)",
        &[
            "cards.user_id one_to_one",
            "pages.user_id scoped_one_to_one",
            "posts.user_id reference",
        ],
    );
    for (column, expected) in [("created_at time", "join"), ("color text", "join_with_payload")] {
        check(
            &format!(
                "posts: id int pk
                 tags: id int pk
                 labels: post_id int, tag_id int, {column}; pk(post_id, tag_id); fk(post_id -> posts.id); fk(tag_id -> tags.id)"
            ),
            &[&format!("labels.post_id {expected}"), &format!("labels.tag_id {expected}")],
        );
    }
}
