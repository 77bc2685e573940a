//! A relation that no foreign key enforces.

use serde::Deserialize;

use super::{Facts, Findings, Rule};
use crate::finding::Confidence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingForeignKey {
    min_confidence: Confidence,
}

impl Rule for MissingForeignKey {
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings) {
        for (relation, child, _) in facts.relations() {
            if relation.is_constrained() || Confidence::of(relation) < self.min_confidence {
                continue;
            }
            let mut message = format!(
                "`{}` references `{}`, and no foreign key enforces it",
                relation.child, relation.parent
            );
            if let Some(engine) = child
                .engine
                .as_deref()
                .filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"))
            {
                message.push_str(&format!(": the engine {engine} ignores foreign keys"));
            }
            findings.report_relation(relation, message).fix(format!(
                "add a foreign key from {} to {}",
                relation.child, relation.parent
            ));
        }
    }
}
