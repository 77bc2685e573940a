//! What rows do to what names tell.

use proptest::prelude::*;

use super::schema::schema;
use crate::infer::rows::judge;
use crate::infer::{RowEvidence, Sample, Weights, questions, relations, relations_with_rows, score};
use crate::schema::{ColumnSet, Ident, Stated, TableName};

/// Rivals: `owner_id` is a person, and people are in `users` or in `members`.
const RIVALS: &str = "
    shop_users: id int pk
    users: id int pk
    log_entries: id int pk, shop_user_id int, user_id int
    hosts: id int pk, owner_id int";

fn end(table: &str, column: &str) -> ColumnSet {
    ColumnSet::new(TableName::bare(table), vec![Ident::from(column)])
}

fn sample(keys: u64, found: u64, shifted: Option<u64>) -> Sample {
    Sample {
        keys,
        found,
        shifted,
        whole: true,
        parent_rows: 1000,
        parent_is_larger: true,
        greatest: None,
    }
}

fn codes(sample: &Sample) -> Vec<&'static str> {
    judge(&end("users", "id"), sample)
        .iter()
        .map(|reason| reason.code)
        .collect()
}

/// The relation of a column after rows have spoken, as `parent tier`, and why its other parents are not meant.
fn settled(text: &str, child: &ColumnSet, rows: &RowEvidence) -> (String, Vec<String>) {
    let found = relations_with_rows(&schema(text), &Stated::default(), Weights::built_in(), rows);
    let relation = found.relations.iter().find(|relation| relation.child == *child);
    relation.map_or_else(
        || ("none".to_owned(), Vec::new()),
        |relation| {
            let why = relation.alternatives.iter();
            (
                format!("{} {}", relation.parent.table, relation.tier().as_str()),
                why.map(|other| format!("{}: {}", other.parent.table, other.why_not))
                    .collect(),
            )
        },
    )
}

#[test]
fn every_share_has_its_reason() {
    for (found, code) in [
        (0, "rows_refuted"),
        (49, "rows_refuted"),
        (50, "rows_half"),
        (75, "rows_partly"),
        (95, "rows_dirty"),
        (99, "rows_nearly"),
    ] {
        assert_eq!(codes(&sample(100, found, Some(found))), [code], "{found}");
    }
    assert_eq!(codes(&sample(100, 100, None)), ["rows_contained"]);
    assert_eq!(codes(&sample(10, 10, None)), ["rows_contained_few"]);
}

#[test]
fn numbers_from_1_on_are_in_any_table_that_is_larger() {
    assert_eq!(codes(&sample(100, 100, Some(100))), ["rows_contained_dense"]);
    assert_eq!(codes(&sample(100, 100, Some(98))), ["rows_contained_dense"]);
    assert_eq!(codes(&sample(100, 100, Some(60))), ["rows_contained"]);
    let fits = Sample {
        greatest: Some((99_000, 100_000)),
        ..sample(100, 100, Some(100))
    };
    assert_eq!(codes(&fits), ["rows_contained_dense", "rows_covered"]);
    let covers = Sample {
        parent_rows: 200,
        parent_is_larger: false,
        ..sample(100, 100, Some(100))
    };
    assert_eq!(codes(&covers), ["rows_contained_dense", "rows_covered"]);
}

#[test]
fn empty_and_tiny_tables_tell_nothing() {
    assert_eq!(codes(&sample(0, 0, None)), ["rows_silent"]);
    assert_eq!(codes(&sample(3, 3, Some(3))), ["rows_silent"]);
    assert_eq!(codes(&sample(4, 0, Some(0))), ["rows_silent"]);
    assert_eq!(codes(&sample(5, 0, Some(0))), ["rows_refuted"]);
    let empty = Sample {
        parent_rows: 0,
        ..sample(100, 0, Some(0))
    };
    assert_eq!(codes(&empty), ["rows_silent"]);
}

#[test]
fn rows_pick_between_rivals_and_say_so() {
    let text = "
        billing_accounts: id int pk
        crm_accounts: id int pk
        crm_notes: id int pk
        crm_calls: id int pk
        invoices: id int pk, account_id int";
    let child = end("invoices", "account_id");
    let pick = |right: &str, wrong: &str| {
        let mut rows = RowEvidence::default();
        rows.add_sample(&child, &end(wrong, "id"), &sample(900, 42, Some(42)));
        rows.add_sample(&child, &end(right, "id"), &sample(900, 900, Some(500)));
        let (found, why_not) = settled(text, &child, &rows);
        assert_eq!(found, format!("{right} strong"));
        assert_eq!(why_not, [format!("{wrong}: 42 of 900 keys are in it")]);
    };
    pick("billing_accounts", "crm_accounts");
    pick("crm_accounts", "billing_accounts");
}

#[test]
fn orphans_do_not_unmake_what_is_strong() {
    let text = "customers: id int auto pk\norders: id int pk, customer_id int index";
    let child = end("orders", "customer_id");
    let mut rows = RowEvidence::default();
    rows.add_sample(&child, &end("customers", "id"), &sample(100, 3, Some(3)));
    assert_eq!(settled(text, &child, &rows).0, "customers strong");
}

#[test]
fn rows_refute_a_guess_and_leave_it_in_sight() {
    let text = "orders: id int pk\nproducts: id int pk, first_order_id int";
    let child = end("products", "first_order_id");
    let (before, _) = settled(text, &child, &RowEvidence::default());
    assert!(before == "orders likely" || before == "orders possible", "{before}");
    let after = |found: u64| {
        let mut rows = RowEvidence::default();
        rows.add_sample(&child, &end("orders", "id"), &sample(100, found, Some(found)));
        settled(text, &child, &rows).0
    };
    assert_eq!(after(10), "orders weak");
    // A good part of orphans costs certainty, and does not hide them.
    assert_eq!(after(60), "orders possible");
    assert_eq!(
        after(100),
        if before == "orders likely" {
            "orders strong"
        } else {
            "orders likely"
        }
    );
}

#[test]
fn what_rows_cannot_change_is_not_asked() {
    let asked = |text: &str| {
        let schema = schema(text);
        let known = relations(&schema, &Stated::default());
        questions(&schema, &Stated::default(), &known, Weights::built_in())
    };
    let strong = "customers: id int pk\norders: id int pk, customer_id int index";
    assert_eq!(asked(strong), []);
    let questions = asked(RIVALS);
    let owner = questions
        .iter()
        .find(|question| question.child == end("hosts", "owner_id"));
    assert!(owner.is_some(), "{questions:?}");
}

/// What the name means nobody knows, and one table has all the keys.
#[test]
fn rows_alone_make_no_more_than_possible_and_only_of_what_is_called_like_a_key() {
    let text = "
        fruits: id uuid pk
        stones: id uuid pk
        hosts: id int pk, banner_id uuid, banner uuid, ticket_id int";
    let schema = schema(text);
    let known = relations(&schema, &Stated::default());
    let questions = questions(&schema, &Stated::default(), &known, Weights::built_in());
    let children: Vec<&ColumnSet> = questions.iter().map(|question| &question.child).collect();
    assert_eq!(children, [&end("hosts", "banner_id")]);
    let child = end("hosts", "banner_id");
    let after = |in_fruits: u64, in_stones: u64| {
        let mut rows = RowEvidence::default();
        rows.add_sample(&child, &end("fruits", "id"), &sample(100, in_fruits, None));
        rows.add_sample(&child, &end("stones", "id"), &sample(100, in_stones, None));
        settled(text, &child, &rows).0
    };
    assert_eq!(after(100, 0), "fruits possible");
    assert_eq!(after(0, 100), "stones possible");
    assert_eq!(after(100, 100), "none");
    assert_eq!(after(99, 0), "none");
}

#[test]
fn the_sum_of_the_reasons_is_the_confidence() {
    for found in [0, 40, 60, 80, 96, 99, 100] {
        let child = end("hosts", "owner_id");
        let mut rows = RowEvidence::default();
        for parent in ["users", "shop_users"] {
            rows.add_sample(&child, &end(parent, "id"), &sample(100, found, Some(found)));
        }
        let found = relations_with_rows(&schema(RIVALS), &Stated::default(), Weights::built_in(), &rows);
        for relation in &found.relations {
            let sum = score::log_odds(&relation.evidence);
            assert_eq!(relation.confidence, score::confidence(sum), "{relation:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Without rows nothing changes; and rows that tell nothing change nothing but that they say so.
    #[test]
    fn silent_rows_leave_relations_as_they_are(keys in 0_u64..5, larger in any::<bool>()) {
        let schema = schema(RIVALS);
        let alone = relations(&schema, &Stated::default());
        let none = relations_with_rows(&schema, &Stated::default(), Weights::built_in(), &RowEvidence::default());
        prop_assert_eq!(format!("{alone:?}"), format!("{none:?}"));
        let mut rows = RowEvidence::default();
        for question in questions(&schema, &Stated::default(), &alone, Weights::built_in()) {
            for parent in &question.parents {
                let silent = Sample { keys, found: keys, parent_is_larger: larger, ..Sample::default() };
                rows.add_sample(&question.child, parent, &silent);
            }
        }
        let mut told = relations_with_rows(&schema, &Stated::default(), Weights::built_in(), &rows);
        for relation in &mut told.relations {
            relation.evidence.retain(|reason| reason.code != "rows_silent");
        }
        prop_assert_eq!(format!("{:?}", alone.relations), format!("{:?}", told.relations));
    }

    /// The more of the keys are found, the surer is the parent.
    #[test]
    fn more_found_is_never_less_sure(keys in 5_u64..500, one in 0_u64..500, other in 0_u64..500) {
        let weight = |found: u64| -> i32 {
            let sample = sample(keys, found.min(keys), Some(found.min(keys)));
            judge(&end("users", "id"), &sample).iter().map(|reason| reason.weight).sum()
        };
        prop_assert!(weight(one.max(other)) >= weight(one.min(other)));
    }
}
