use super::*;
use crate::ddl::{self, SqlDialect};
use crate::schema::{
    Action, AssociationKind, DeleteIntent, ForbiddenRelation, Location, RelationKind, Stated, StatedBy, StatedRelation,
};

fn schema(sql: &str) -> Schema {
    let file = ddl::SourceFile {
        name: "schema.sql".to_owned(),
        text: sql.to_owned(),
    };
    ddl::read(&[file], SqlDialect::Postgres).schema
}

fn blog() -> Schema {
    schema(
        "create table users (id int PRIMARY KEY, code text UNIQUE);
         CREATE TABLE posts (id int PRIMARY KEY, user_id int, user_code text);
         CREATE TABLE tags (id int PRIMARY KEY);
         CREATE TABLE posts_tags (post_id int, tag_id int);
         CREATE TABLE images (id int, imageable_type text, imageable_id int);
         CREATE TABLE archive.posts (id int PRIMARY KEY);",
    )
}

fn location(line: u32) -> Location {
    Location {
        file: "models.rb".to_owned(),
        line,
        column: 1,
    }
}

fn model(name: &str, table: &str, associations: Vec<Association>) -> Model {
    Model {
        name: name.to_owned(),
        table: (!table.is_empty()).then(|| TableName::bare(table)),
        table_stated: false,
        table_guessed: false,
        computed: Vec::new(),
        primary_key: Vec::new(),
        attributes: Vec::new(),
        associations,
        polymorphic_name: None,
        soft_delete: None,
        location: location(1),
    }
}

fn association(kind: AssociationKind, link: Link) -> Association {
    Association {
        name: "it".to_owned(),
        kind,
        declared_as: kind.as_str(),
        target: None,
        link,
        optional: None,
        on_delete: None,
        constraint: true,
        scoped: false,
        implied: false,
        inverse: None,
        unknown_options: Vec::new(),
        location: location(7),
    }
}

fn end(text: &str) -> End {
    let (table, columns) = text
        .trim()
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .unwrap_or_else(|| panic!("{text} is no end"));
    let table = match table.split_once('.') {
        Some((namespace, table)) => TableName::qualified(namespace, table),
        None => TableName::bare(table),
    };
    let columns = columns.split(", ").filter(|name| !name.is_empty());
    End::new(table, columns.map(Ident::from).collect())
}

fn direct(kind: AssociationKind, ends: &str) -> Association {
    let (child, parent) = ends.split_once("->").unwrap_or_else(|| panic!("{ends}"));
    let link = Link::Direct {
        child: end(child),
        parent: end(parent),
    };
    association(kind, link)
}

fn belongs_to(ends: &str) -> Association {
    direct(AssociationKind::BelongsTo, ends)
}

fn of(models: Vec<Model>) -> Vec<Models> {
    vec![Models {
        framework: "active_record",
        models,
        notes: Vec::new(),
    }]
}

fn found(schema: &Schema, association: Association) -> (Found, Vec<Note>) {
    let models = of(vec![
        model("Post", "posts", vec![association]),
        model("User", "users", Vec::new()),
    ]);
    let (mut declared, notes) = resolve(schema, &models, &[], true);
    (declared.associations.remove(0).found, notes)
}

fn show(found: &Found) -> String {
    match found {
        Found::Direct(joint) => format!("{} -> {}", joint.child, joint.parent),
        Found::Missing(missing) => {
            let subject = ColumnSet::new(missing.table.clone(), missing.columns.clone());
            let key = missing
                .key
                .as_ref()
                .map(|key| format!("; key {} -> {}", key.child, key.parent));
            format!("{subject}: {}{}", missing.why, key.unwrap_or_default())
        }
        Found::Reversed(joint) => format!("{} <- {}", joint.child, joint.parent),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_only_the_other_way_round_is_a_reference_is_taken_so() {
    let (found, notes) = found(&blog(), direct(AssociationKind::HasOne, "users(id) -> posts(user_id)"));
    assert_eq!(show(&found), "public.users(id) <- public.posts(user_id)");
    assert_eq!(notes, []);
    let mut stated = Stated::default();
    let models = of(vec![model(
        "Post",
        "posts",
        vec![direct(AssociationKind::HasOne, "users(id) -> posts(user_id)")],
    )]);
    add_to(&mut stated, resolve(&blog(), &models, &[], true).0);
    let relation = &stated.relations[0];
    assert_eq!(relation.child.to_string(), "public.posts(user_id)");
    assert_eq!(relation.kind, None);
    let by_key = direct(AssociationKind::HasOne, "users(id) -> posts(id)");
    assert_eq!(
        show(&self::found(&blog(), by_key).0),
        "public.users(id) -> public.posts(id)"
    );
}

#[test]
fn a_key_that_code_computes_is_not_missing() {
    let mut computing = model("Post", "posts", vec![belongs_to("posts(owner_id) -> users()")]);
    let declared = |model: &Model| resolve(&blog(), &of(vec![model.clone()]), &[], true);
    assert!(matches!(
        declared(&computing).0.associations[0].found,
        Found::Missing(_)
    ));
    computing.computed = vec!["owner_id".into()];
    let (declarations, notes) = declared(&computing);
    assert_eq!(declarations.associations[0].found, Found::Unknown);
    assert!(
        notes[0].message.contains("code of the model computes it"),
        "{}",
        notes[0].message
    );
}

#[test]
fn a_part_of_the_parents_key_is_referenced_though_the_child_has_it_as_its_own() {
    let mut schema = blog();
    let users = schema.tables.get_mut(&TableName::qualified("public", "users")).unwrap();
    for key in &mut users.keys {
        key.columns.push("month".into());
    }
    let models = of(vec![model("Post", "posts", vec![belongs_to("posts(id) -> users(id)")])]);
    let found = &resolve(&schema, &models, &[], true).0.associations[0].found;
    assert_eq!(show(found), "public.posts(id) -> public.users(id)");
}

#[test]
fn a_table_that_unseen_code_may_name_otherwise_is_not_missing() {
    let mut guessed = model(
        "Application",
        "applications",
        vec![belongs_to("applications(user_id) -> users()")],
    );
    let declared = |model: &Model| resolve(&blog(), &of(vec![model.clone()]), &[], true);
    let (sure, _) = declared(&guessed);
    assert!(matches!(sure.models[0].table, ModelTable::Missing(_)));
    guessed.table_guessed = true;
    let (declarations, notes) = declared(&guessed);
    assert_eq!(declarations.models[0].table, ModelTable::Unknown);
    assert_eq!(declarations.associations[0].found, Found::Unknown);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].message.contains("there is no table `applications`"));
}

#[test]
fn a_reference_is_found_whatever_its_letter_case_and_without_its_namespace() {
    for (ends, expected) in [
        ("posts(user_id) -> users()", "public.posts(user_id) -> public.users(id)"),
        (
            "Posts(USER_ID) -> Users(ID)",
            "public.posts(user_id) -> public.users(id)",
        ),
        (
            "posts(user_code) -> users(code)",
            "public.posts(user_code) -> public.users(code)",
        ),
        ("archive.posts(id) -> posts()", "archive.posts(id) -> public.posts(id)"),
        (
            "posts(author_id) -> users()",
            "public.posts(author_id): `public.posts` has no column `author_id`; key public.posts(author_id) -> \
             public.users(id)",
        ),
        (
            "posts(user_id) -> users(uuid)",
            "public.users(uuid): `public.users` has no column `uuid`",
        ),
        (
            "posts(user_id) -> people()",
            "public.people(): there is no table `people`",
        ),
        (
            "posts(user_id, user_code) -> users()",
            "public.posts(user_id, user_code): the key names 2 columns and that of `public.users` has 1 column",
        ),
        (
            "posts(user_id) -> posts_tags()",
            "public.posts(user_id): `public.posts_tags` has no primary key",
        ),
    ] {
        assert_eq!(show(&found(&blog(), belongs_to(ends)).0), expected, "{ends}");
    }
}

#[test]
fn a_key_of_id_and_more_is_referenced_by_id_alone() {
    let schema = schema(
        "create table users (id int, day date, PRIMARY KEY (id, day)); CREATE TABLE posts (id int, user_id int);",
    );
    let (found, _) = found(&schema, belongs_to("posts(user_id) -> users()"));
    assert_eq!(show(&found), "public.posts(user_id) -> public.users(id)");
}

#[test]
fn a_database_without_namespaces_has_them_in_its_names_or_not_at_all() {
    let mut schema = Schema {
        sees_all_tables: true,
        ..Schema::default()
    };
    for table in blog().tables.into_values() {
        let mut table = table;
        table.name = match table.name.namespace {
            Some(namespace) if namespace.as_str() == "archive" => {
                TableName::bare(format!("archive.{}", table.name.table))
            }
            _ => TableName::bare(table.name.table.clone()),
        };
        schema.tables.insert(table.name.clone(), table);
    }
    for (ends, expected) in [
        ("posts(id) -> archive.posts()", "posts(id) -> archive.posts(id)"),
        ("shop.posts(user_id) -> shop.users()", "posts(user_id) -> users(id)"),
    ] {
        assert_eq!(show(&found(&schema, belongs_to(ends)).0), expected);
    }
}

#[test]
fn what_is_out_of_sight_or_could_not_be_followed_is_a_note_and_no_fault() {
    let mut hidden = blog();
    hidden.sees_all_tables = false;
    let (unseen, notes) = found(&hidden, belongs_to("posts(user_id) -> people()"));
    assert_eq!((unseen, notes.len()), (Found::Unknown, 1));
    let link = |dangling| Link::Unresolved {
        why: "the class is computed".to_owned(),
        dangling,
    };
    let (unclear, notes) = found(&blog(), association(AssociationKind::HasMany, link(false)));
    assert_eq!(unclear, Found::Unknown);
    let notes: Vec<_> = notes
        .iter()
        .map(|note| (note.message.as_str(), note.location.clone()))
        .collect();
    assert_eq!(
        notes,
        [(
            "`Post` has_many `it` was not held against the database: the class is computed",
            Some(location(7))
        )]
    );
    let (wrong, notes) = found(&blog(), association(AssociationKind::HasMany, link(true)));
    assert_eq!(show(&wrong), "public.posts(): the class is computed");
    assert_eq!(notes, []);
}

#[test]
fn a_model_without_table_is_told_once_unless_another_source_has_it() {
    let models = of(vec![
        model("Post", "posts", vec![belongs_to("posts(user_id) -> people()")]),
        model(
            "Person",
            "people",
            vec![direct(AssociationKind::HasMany, "posts(user_id) -> people()")],
        ),
        model("Base", "", Vec::new()),
    ]);
    let (declared, _) = resolve(&blog(), &models, &[], true);
    let tables: Vec<&ModelTable> = declared.models.iter().map(|model| &model.table).collect();
    let name = |table| TableName::qualified("public", table);
    assert_eq!(
        tables,
        [
            &ModelTable::Found(name("posts")),
            &ModelTable::Missing(name("people")),
            &ModelTable::None
        ]
    );
    assert!(
        declared
            .associations
            .iter()
            .all(|declared| declared.found == Found::Unknown)
    );
    let other = schema("create table people (id int PRIMARY KEY);");
    let (declared, _) = resolve(&blog(), &models, &[&other], true);
    assert_eq!(declared.models[1].table, ModelTable::Unknown);
}

fn stated(declared: Vec<Association>, config: Stated) -> Stated {
    let models = of(vec![model("Post", "posts", declared)]);
    let (declarations, _) = resolve(&blog(), &models, &[], true);
    let mut stated = config;
    add_to(&mut stated, declarations);
    stated
}

const USER: &str = "posts(user_id) -> users()";

#[test]
fn both_ends_make_one_relation() {
    let child = Association {
        optional: Some(false),
        ..belongs_to(USER)
    };
    let parent = Association {
        on_delete: Some(DeleteIntent {
            action: Action::Cascade,
            by_database: false,
        }),
        optional: Some(true),
        ..direct(AssociationKind::HasOne, USER)
    };
    let stated = stated(vec![child, parent], Stated::default());
    let [relation] = stated.relations.as_slice() else {
        panic!("{:?}", stated.relations);
    };
    assert_eq!(
        (relation.kind, relation.optional),
        (Some(RelationKind::HasOne), Some(false))
    );
    assert_eq!(relation.on_delete.map(|intent| intent.action), Some(Action::Cascade));
    let reasons = [
        "`Post` belongs_to `it` at models.rb:7",
        "`Post` has_one `it` at models.rb:7",
    ];
    let expected = StatedBy::Models {
        associations: vec![0, 1],
        reasons: reasons.map(str::to_owned).to_vec(),
    };
    assert_eq!(relation.by, expected);
}

#[test]
fn only_a_has_one_of_all_children_promises_one() {
    let scoped = Association {
        scoped: true,
        ..direct(AssociationKind::HasOne, USER)
    };
    let kind = |declared: Vec<Association>| stated(declared, Stated::default()).relations[0].kind;
    let has = |kind| direct(kind, USER);
    assert_eq!(kind(vec![scoped.clone()]), None);
    assert_eq!(kind(vec![belongs_to(USER)]), None);
    assert_eq!(
        kind(vec![has(AssociationKind::HasOne), scoped]),
        Some(RelationKind::HasOne)
    );
    let both = vec![has(AssociationKind::HasOne), has(AssociationKind::HasMany)];
    assert_eq!(kind(both), Some(RelationKind::HasMany));
}

#[test]
fn the_configuration_goes_first() {
    let columns = |text: &str| {
        let end = end(text);
        ColumnSet::new(end.table, end.columns)
    };
    let forbidden = Stated {
        forbidden: vec![ForbiddenRelation {
            child: columns("public.posts(user_id)"),
            parent: None,
        }],
        ..Stated::default()
    };
    assert_eq!(stated(vec![belongs_to(USER)], forbidden).relations, []);
    let entry = |parent: &str| StatedRelation {
        child: columns("public.posts(user_id)"),
        parent: columns(parent),
        kind: Some(RelationKind::HasOne),
        optional: None,
        on_delete: None,
        by: StatedBy::Config,
    };
    let with = |entry: StatedRelation| Stated {
        relations: vec![entry],
        ..Stated::default()
    };
    let moved = stated(vec![belongs_to(USER)], with(entry("public.tags(id)")));
    assert_eq!(moved.relations, [entry("public.tags(id)")]);
    let same = stated(
        vec![direct(AssociationKind::HasMany, USER)],
        with(entry("public.users(id)")),
    );
    let last = same
        .relations
        .last()
        .map(|relation| (relation.by.clone(), relation.kind));
    assert_eq!(last, Some((StatedBy::Config, Some(RelationKind::HasOne))));
    assert_eq!(same.relations.len(), 2);
}

#[test]
fn join_tables_and_polymorphic_pairs_are_stated_with_their_ends() {
    let tags = |owner: &str, target: &str, keys: (&str, &str)| {
        association(
            AssociationKind::BelongsToMany,
            Link::JoinTable {
                owner_key: end(keys.0),
                owner: end(owner),
                target_key: end(keys.1),
                target: end(target),
            },
        )
    };
    let (post, tag) = ("posts_tags(post_id)", "posts_tags(tag_id)");
    let image = || PolymorphicEnd {
        table: TableName::bare("images"),
        type_column: "imageable_type".into(),
        id_columns: vec!["imageable_id".into()],
    };
    let has_image = Link::PolymorphicParent {
        child: image(),
        value: "Post".to_owned(),
        parent: end("posts()"),
    };
    let declared = vec![
        tags("posts()", "tags()", (post, tag)),
        tags("tags()", "posts()", (tag, post)),
        association(AssociationKind::BelongsTo, Link::PolymorphicChild { child: image() }),
        association(AssociationKind::HasMany, has_image),
    ];
    let stated = stated(declared, Stated::default());
    let relations: Vec<String> = stated
        .relations
        .iter()
        .map(|relation| format!("{} -> {}", relation.child, relation.parent))
        .collect();
    assert_eq!(
        relations,
        [
            "public.posts_tags(post_id) -> public.posts(id)",
            "public.posts_tags(tag_id) -> public.tags(id)"
        ]
    );
    assert_eq!(stated.join_tables.len(), 1);
    let targets: Vec<_> = stated.polymorphic.iter().map(|pair| pair.targets.clone()).collect();
    let posts = TableName::qualified("public", "posts");
    assert_eq!(targets, [[("Post".to_owned(), posts, vec!["id".into()])]]);
}

#[test]
fn a_model_tells_the_column_that_marks_deleted_rows() {
    let mut schema = blog();
    let mut post = model("Post", "posts", Vec::new());
    post.soft_delete = Some("USER_CODE".into());
    mark_soft_deletion(&mut schema, &of(vec![post]));
    let posts = schema.table(&TableName::qualified("public", "posts"));
    assert_eq!(
        posts.and_then(|table| table.soft_delete.clone()),
        Some("user_code".into())
    );
}
