//! Rows that lead to one ancestor directly and to another through their parent.

use serde::Deserialize;

use super::row_text::{self, columns, rows};
use super::{Facts, Findings, Rule};
use crate::finding::{Confidence, Remedy, Severity};
use crate::probe::{Sample, TenantCounts};
use crate::relation::Relation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantMismatch {
    max_mismatch_percent: u8,
}

/// Two ways from a child to the same ancestor.
struct Ways<'a> {
    direct: &'a Relation,
    via: &'a Relation,
    up: &'a Relation,
}

impl Rule for TenantMismatch {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        let relation = |at: usize| facts.relations.relations.get(at);
        for probe in facts.probes().into_iter().flat_map(|probes| &probes.tenants) {
            let (Some(direct), Some(via), Some(up)) = (relation(probe.direct), relation(probe.via), relation(probe.up))
            else {
                continue;
            };
            let Some(counts) = probe.outcome.done().filter(|counts| counts.mismatched_rows > 0) else {
                continue;
            };
            self.report(&Ways { direct, via, up }, counts, findings);
        }
    }
}

impl TenantMismatch {
    fn report(&self, ways: &Ways<'_>, counts: &TenantCounts, findings: &mut Findings) {
        let message = message(ways, counts);
        let mismatched = counts.mismatched_rows;
        let mostly = row_text::is_more_than(mismatched, counts.compared_rows, self.max_mismatch_percent);
        if mostly || !ways.mean_the_same() {
            let doubt = if mostly {
                "with so many of them, the two were probably never meant to agree"
            } else {
                "the two have different names, so they may not be meant to agree"
            };
            findings
                .report_relation(ways.direct, format!("{message}; {doubt}"))
                .at_most(Severity::Note)
                .confidence(Confidence::Low)
                .count(mismatched);
            return;
        }
        findings
            .report_relation(ways.direct, message)
            .at_most(ways.worst())
            .confidence(ways.confidence())
            .count(mismatched)
            .fix(format!(
                "set {} of these rows to that of their `{}` row, or give them the right {}",
                columns(&ways.direct.child.columns),
                ways.via.parent.table,
                columns(&ways.via.child.columns),
            ))
            .remedy(Remedy::Decide(
                "of each row, tell which of the two it belongs to, and set the other key to match",
            ));
    }
}

impl Ways<'_> {
    /// Whether both ends go by the same name, as `account_id` and `account_id`; an author and an owner may differ.
    fn mean_the_same(&self) -> bool {
        self.direct.child.columns == self.up.child.columns || self.direct.role == self.up.role
    }

    fn all(&self) -> [&Relation; 3] {
        [self.direct, self.via, self.up]
    }

    /// As sure as the least sure of the three, and never certain: that the two ways should agree is itself a guess.
    fn confidence(&self) -> Confidence {
        self.all()
            .into_iter()
            .map(Confidence::of)
            .fold(Confidence::High, Confidence::min)
    }

    fn worst(&self) -> Severity {
        self.all()
            .into_iter()
            .map(row_text::worst_for)
            .fold(Severity::Error, Severity::min)
    }
}

fn message(ways: &Ways<'_>, counts: &TenantCounts) -> String {
    format!(
        "{} of {} of `{}`: {} differs from the {} of the `{}` row that {} leads to{}",
        counts.mismatched_rows,
        rows(counts.compared_rows),
        ways.direct.child.table,
        columns(&ways.direct.child.columns),
        columns(&ways.up.child.columns),
        ways.via.parent.table,
        columns(&ways.via.child.columns),
        pairs(&counts.samples),
    )
}

/// A few of the pairs: ` (1 and 2, 1 and 3)`.
fn pairs(samples: &[Sample]) -> String {
    if samples.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = samples.iter().map(pair).collect();
    format!(" ({})", shown.join(", "))
}

/// A sample holds the child's key and then the parent's, which have the same length.
fn pair(sample: &Sample) -> String {
    let (child, parent) = sample.key.split_at(sample.key.len() / 2);
    let key = |values: &[_]| {
        row_text::key(&Sample {
            key: values.to_vec(),
            rows: sample.rows,
        })
    };
    format!("{} and {}", key(child), key(parent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Check, TenantProbe};
    use crate::rules::testing::Database;
    use crate::schema::Ident;

    const DIRECT: &str = "orders(account_id) -> accounts(id)";
    const VIA: &str = "orders(customer_id) -> customers(id)";
    const UP: &str = "customers(account_id) -> accounts(id)";

    fn tables() -> Database {
        Database::new()
            .table("accounts", &["id int primary"])
            .table("customers", &["id int primary", "account_id int"])
            .table("orders", &["id int primary", "account_id int", "customer_id int"])
    }

    fn probed(mut database: Database, outcome: Check<TenantCounts>) -> Database {
        let (direct, via, up) = (database.relation(DIRECT), database.relation(VIA), database.relation(UP));
        database.probes.tenants.push(TenantProbe {
            direct,
            via,
            up,
            outcome,
        });
        database
    }

    fn mismatched(mismatched_rows: u64) -> Check<TenantCounts> {
        let key = [("account_id", "1"), ("account_id", "2")];
        Check::Done(TenantCounts {
            compared_rows: 10,
            mismatched_rows,
            samples: vec![Sample {
                key: key.map(|(name, value)| (Ident::from(name), value.to_owned())).into(),
                rows: mismatched_rows,
            }],
        })
    }

    #[test]
    fn rows_of_one_tenant_below_a_row_of_another_are_found() {
        let database = tables().foreign_key(DIRECT).foreign_key(VIA).foreign_key(UP);
        let database = probed(database, mismatched(5));
        assert_eq!(database.check("tenant_mismatch"), ["warning high orders(account_id)"]);
        assert_eq!(
            database.messages("tenant_mismatch"),
            [
                "5 of 10 rows of `orders`: `account_id` differs from the `account_id` of the `customers` row that \
              `customer_id` leads to (1 and 2)"
            ]
        );
        assert_eq!(database.findings("tenant_mismatch")[0].count, Some(5));
    }

    #[test]
    fn it_is_as_sure_as_the_least_sure_of_the_three_relations() {
        let database = tables().foreign_key(DIRECT).inferred(VIA, 800).foreign_key(UP);
        assert_eq!(
            probed(database, mismatched(1)).check("tenant_mismatch"),
            ["warning medium orders(account_id)"]
        );
    }

    #[test]
    fn what_mostly_disagrees_or_has_other_names_was_never_meant_to_agree() {
        let declared = || tables().foreign_key(DIRECT).foreign_key(VIA).foreign_key(UP);
        let database = probed(declared(), mismatched(6));
        assert_eq!(database.check("tenant_mismatch"), ["note low orders(account_id)"]);

        let mut database = tables()
            .table("customers", &["id int primary", "reseller_account_id int"])
            .foreign_key(DIRECT)
            .foreign_key(VIA);
        let up = "customers(reseller_account_id) -> accounts(id)";
        database = database
            .foreign_key(up)
            .relate(up, |relation| relation.role = Some("reseller".to_owned()));
        let (direct, via, up) = (database.relation(DIRECT), database.relation(VIA), database.relation(up));
        let outcome = mismatched(1);
        database.probes.tenants.push(TenantProbe {
            direct,
            via,
            up,
            outcome,
        });
        assert_eq!(database.check("tenant_mismatch"), ["note low orders(account_id)"]);
    }

    #[test]
    fn agreement_and_what_was_not_checked_give_nothing() {
        let declared = || tables().foreign_key(DIRECT).foreign_key(VIA).foreign_key(UP);
        assert!(probed(declared(), mismatched(0)).check("tenant_mismatch").is_empty());
        let unchecked = Check::NotChecked("lock timeout".to_owned());
        assert!(probed(declared(), unchecked).check("tenant_mismatch").is_empty());
    }
}
