//! What names, types and keys tell.

use super::schema::schema;
use super::{check, show};
use crate::infer::{relations, score};
use crate::relation::Tier;
use crate::schema::{Stated, TableName};

#[test]
fn a_name_and_a_tail() {
    check(
        "customers: id int pk
         orders: id int pk, customer_id int index",
        "orders.customer_id -> customers.id strong",
    );
    check(
        "Customer: CustomerId int pk
         Invoice: InvoiceId int pk, CustomerId int",
        "Invoice.CustomerId -> Customer.CustomerId strong",
    );
    check(
        "users: userid bigint pk
         sessions: sessionid int pk, userid bigint",
        "sessions.userid -> users.userid likely",
    );
    check(
        "customers: id int pk
         orders: id int pk, id_customer int, fk_customer int",
        "orders.fk_customer -> customers.id likely
         orders.id_customer -> customers.id likely",
    );
}

#[test]
fn plurals_that_are_hard() {
    check(
        "statuses: id int pk
         people: id int pk
         add_ons: id int pk
         categories: id int pk
         rows: id int pk, status_id int, person_id int, add_on_id int, category_id int",
        "rows.add_on_id -> add_ons.id strong
         rows.category_id -> categories.id likely
         rows.person_id -> people.id strong
         rows.status_id -> statuses.id likely",
    );
}

#[test]
fn prefixes_of_tables_and_columns() {
    check(
        "wp_users: id int pk
         wp_posts: id int pk, user_id int
         wp_tags: id int pk
         wp_links: id int pk",
        "wp_posts.user_id -> wp_users.id likely",
    );
    check(
        "customer: c_custkey int pk, c_name text, c_phone text
         orders: o_orderkey int pk, o_custkey int, o_total int",
        "orders.o_custkey -> customer.c_custkey likely",
    );
    check(
        "date_dim: d_date_sk int pk, d_day int, d_year int
         sales: s_id int pk, s_sold_date_sk int, s_total int",
        "sales.s_sold_date_sk -> date_dim.d_date_sk likely",
    );
}

#[test]
fn the_longest_name_and_the_own_group_win() {
    check(
        "statuses: id int pk
         order_statuses: id int pk
         orders: id int pk, status_id int index",
        "orders.status_id -> order_statuses.id possible",
    );
    check(
        "good_jobs: id uuid pk, batch_id uuid
         good_job_batches: id uuid pk
         export_batches: id uuid pk",
        "good_jobs.batch_id -> good_job_batches.id likely",
    );
    check(
        "accounts: id int pk
         bank_accounts: id int pk
         transfers: id int pk, from_bank_account_id int index",
        "transfers.from_bank_account_id -> bank_accounts.id likely",
    );
}

#[test]
fn roles_of_people() {
    check(
        "Person: id int pk
         DrivingLicense: id int pk, ownerId int unique",
        "DrivingLicense.ownerId -> Person.id strong",
    );
    check(
        "users: id int pk
         posts: id int pk, author_id int, created_by int, revoker_id int, order_number text",
        "posts.author_id -> users.id likely
         posts.created_by -> users.id likely
         posts.revoker_id -> users.id possible",
    );
}

#[test]
fn where_several_tables_hold_people_a_role_is_at_most_possible() {
    let text = "employees: id int pk
                members: id int pk
                tickets: id int pk, owner_id int index";
    let found = relations(&schema(text), &Stated::default()).relations;
    for relation in &found {
        assert!(relation.tier() >= Tier::Possible, "{relation:?}");
        assert_eq!(relation.alternatives.len(), 1, "{relation:?}");
    }
    // Who has users knows who does things.
    check(
        "users: id int pk auto
         members: id int pk auto
         tickets: id int pk, created_by_id int index",
        "tickets.created_by_id -> users.id strong",
    );
}

#[test]
fn a_side_of_a_link_means_what_its_table_is_named_after() {
    check(
        "places: id int pk auto
         place_redirects: gid uuid pk, new_id int index
         news: id int pk, new_id int",
        "place_redirects.new_id -> places.id strong",
    );
}

#[test]
fn rows_of_the_same_table() {
    check(
        "categories: id int pk, parent_id int null, root_id int null
         employees: employee_id int pk, reports_to int null, manager_id int null",
        "categories.parent_id -> categories.id likely
         categories.root_id -> categories.id possible
         employees.manager_id -> employees.employee_id likely
         employees.reports_to -> employees.employee_id likely",
    );
}

#[test]
fn types_decide_what_can_be_meant() {
    check(
        "customers: id bigint pk
         a: id int pk, customer_id text
         b: id int pk, customer_id int
         c: id int pk, customer_id json
         d: id int pk, customer_id ints
         e: id int pk, customer_id time",
        "b.customer_id -> customers.id likely",
    );
    check(
        "customers: id int pk, uuid uuid unique
         addresses: id int pk, customer_uuid uuid, customer_id uuid, customer text, fk_customerid uuid",
        "addresses.customer_id -> customers.uuid likely
         addresses.customer_uuid -> customers.uuid likely
         addresses.fk_customerid -> customers.uuid likely",
    );
}

#[test]
fn names_that_are_no_references() {
    // Ids that others give out, counts, lists, codes of tables that have none, and values that share a table's name.
    check(
        "customers: id int pk
         comments: id int pk
         taxes: id int pk
         emails: id varchar24 pk
         orders: id int pk, stripe_customer_id int, comments int, customer_ids int, tax_code int, email varchar191",
        "",
    );
    // Own keys, and other keys of the same table.
    check(
        "nodes: node_id int, version int; pk(node_id, version)
         current_nodes: id int pk
         users: id int pk, user_id int unique",
        "",
    );
}

#[test]
fn views_partitions_and_copies_are_no_parents() {
    check(
        "users: id int pk; view
         posts_backup: id int pk
         posts: id int pk
         comments: id int pk, user_id int, post_id int",
        "comments.post_id -> posts.id strong",
    );
    let mut partitioned = schema(
        "events: id int pk, user_id int
         events_2024: id int pk, user_id int
         users: id int pk",
    );
    for table in partitioned
        .tables
        .values_mut()
        .filter(|table| table.name.table.as_str() == "events_2024")
    {
        table.partition_of = Some(TableName::bare("events"));
    }
    let found = relations(&partitioned, &Stated::default());
    let children: Vec<String> = found.relations.iter().map(|relation| show(&relation.child)).collect();
    assert_eq!(children, ["events.user_id"]);
}

#[test]
fn composite_keys_of_the_table_that_owns_them() {
    check(
        "nodes: node_id int, version int; pk(node_id, version)
         node_tags: node_id int, version int, k text; pk(node_id, version, k)",
        "node_tags.node_id+version -> nodes.node_id+version likely",
    );
    // Brothers: both have the key, and neither is named by the other.
    check(
        "history_text: item int, clock int; pk(item, clock)
         history_log: item int, clock int; pk(item, clock)",
        "",
    );
}

#[test]
fn one_reference_is_enough() {
    // The quote's number within its organization is no second way to it.
    check(
        "organizations: id int pk
         quotes: id int pk, organization_id int, number_id int; unique(organization_id, number_id)
         quote_versions: id int pk, quote_id int, organization_id int, number_id int",
        "quote_versions.organization_id -> organizations.id likely
         quote_versions.quote_id -> quotes.id likely
         quotes.organization_id -> organizations.id likely",
    );
}

#[test]
fn keys_that_are_called_alike_reference_nothing() {
    check(
        "service_links: linkid int pk
map_links: linkid int pk",
        "",
    );
    check(
        "posts: id int pk, ap_id varchar255 unique
         notes: id int pk, ap_id varchar255 unique",
        "",
    );
}

#[test]
fn part_of_a_name_is_too_little_where_the_key_has_another() {
    check(
        "order_lines: id int pk
         order_notes: id int pk
         order_group: line_no int pk
         users: id int pk
         teams: id int pk
         rights: id int pk, group_id int",
        "",
    );
}

#[test]
fn beside_a_type_a_role_is_no_person() {
    check(
        "users: id int pk
relation_members: id int pk, member_id int, member_type enum:Node|Way",
        "",
    );
}

#[test]
fn a_table_that_extends_another_shares_its_key() {
    check(
        "artist: id int pk auto
         artist_meta: id int pk, rating int",
        "artist_meta.id -> artist.id strong",
    );
    check(
        "users: id int pk auto
         profiles: user_id int pk",
        "profiles.user_id -> users.id likely",
    );
}

#[test]
fn declared_keys_are_precedents() {
    check(
        "companies: id int pk
         a: id int pk, org_id int; fk(org_id -> companies.id)
         b: id int pk, org_id int",
        "a.org_id -> companies.id declared
         b.org_id -> companies.id strong",
    );
}

#[test]
fn two_that_can_be_meant_make_it_less_sure() {
    let text = "billing_events: id int pk
                audit_events: id int pk
                rows: id int pk, event_id int index";
    let found = relations(&schema(text), &Stated::default()).relations;
    for relation in &found {
        assert_ne!(relation.tier(), Tier::Strong, "{relation:?}");
        assert!(!relation.alternatives.is_empty(), "{relation:?}");
        assert!(relation.alternatives.iter().all(|other| !other.why_not.is_empty()));
    }
}

#[test]
fn every_inferred_relation_has_weighed_evidence() {
    let text = "users: id bigint pk
                posts: id bigint pk, user_id bigint index";
    let found = relations(&schema(text), &Stated::default()).relations;
    let [relation] = found.as_slice() else {
        panic!("{found:?}")
    };
    let codes: Vec<&str> = relation.evidence.iter().map(|reason| reason.code).collect();
    assert_eq!(
        codes,
        [
            "name_stem",
            "type_same",
            "indexed",
            "required",
            "target_primary",
            "same_namespace"
        ]
    );
    assert_eq!(
        relation.confidence,
        score::confidence(score::log_odds(&relation.evidence))
    );
    assert!(
        relation
            .evidence
            .iter()
            .all(|reason| reason.weight != 0 && !reason.detail.is_empty())
    );
}
