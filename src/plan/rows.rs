//! What becomes of rows that break a relation: it follows from what is meant to happen to children whose parent goes.

use crate::relation::{Relation, Tier};
use crate::schema::{Action, Ident, Match, Schema, Table};

/// What becomes of rows whose parent is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// They are moved into the quarantine and stay there
    Quarantine,
    /// Their key is set to null; the quarantine keeps them as they were
    Nullify,
    /// They are moved into the quarantine, which the contract phase empties
    Delete,
    /// They stay, and the steps that need them gone are left out
    Withhold,
}

/// What is decided of them, or why nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// They go. For good, where nobody wants them kept.
    Remove {
        /// Whether the contract phase deletes them from the quarantine.
        for_good: bool,
    },
    /// These columns are set to null.
    Clear(Vec<Ident>),
    /// Nothing: the reason, and what to do.
    Ask(String, String),
}

/// Why a relation is too unsure to change rows, types or constraints for it, and what to do; `None` where it is sure
/// enough. What is at fault may be the guess: its rows belong to another table, and all of them are right.
pub(super) fn doubt(relation: &Relation) -> Option<(String, String)> {
    let is_sure = matches!(relation.tier(), Tier::Declared | Tier::Strong);
    (!is_sure).then(|| {
        let reason = format!(
            "the relation from `{}` to `{}` is inferred, and only {} % sure",
            relation.child,
            relation.parent,
            u32::from(relation.confidence) / 10
        );
        let decide = "state the relation and its `parent` in relaudit.yml, or forbid it with `kind: none`".to_owned();
        (reason, decide)
    })
}

/// The treatment that is meant for children of this relation which have no parent.
pub(super) fn decide(schema: &Schema, relation: &Relation, child: &Table, wanted: Option<Treatment>) -> Decision {
    if let Some((reason, decide)) = doubt(relation) {
        return Decision::Ask(reason, decide);
    }
    let meant = relation
        .stated
        .on_delete
        .map(|intent| intent.action)
        .or_else(|| relation.foreign_key(schema).map(|key| key.on_delete));
    let treatment = wanted.or(match meant {
        Some(Action::Cascade) => Some(Treatment::Quarantine),
        Some(Action::SetNull) => Some(Treatment::Nullify),
        _ => None,
    });
    match treatment {
        Some(Treatment::Quarantine) => Decision::Remove { for_good: false },
        Some(Treatment::Delete) => Decision::Remove { for_good: true },
        Some(Treatment::Nullify) => clear(schema, relation, child),
        Some(Treatment::Withhold) => Decision::Ask(
            "such rows are to be left as they are".to_owned(),
            "choose another treatment with --orphans or with `orphans` of the relation in relaudit.yml, or mend them by hand".to_owned(),
        ),
        None => Decision::Ask(
            match meant {
                Some(action) => format!(
                    "ON DELETE {} does not say what is to become of rows whose parent is gone already",
                    action.as_sql()
                ),
                None => "nobody has said what is meant to become of rows whose parent is gone".to_owned(),
            },
            "state `on_delete` (cascade, set_null) or `orphans` (quarantine, nullify, delete) for the relation in relaudit.yml, \
             or choose with --orphans"
                .to_owned(),
        ),
    }
}

/// Rows whose key stands for "none" have no parent by intent, and are no orphans: null says it better, where the column
/// takes it. Only where it does not, what is `wanted` of all orphans is done to them too, but never for good; what is
/// said of this relation (`own`) is done as it is said.
pub(super) fn decide_sentinels(
    schema: &Schema,
    relation: &Relation,
    child: &Table,
    own: Option<Treatment>,
    wanted: Option<Treatment>,
) -> Decision {
    if doubt(relation).is_some() {
        return decide(schema, relation, child, own.or(wanted));
    }
    let cleared = clear(schema, relation, child);
    match (own, wanted) {
        (Some(Treatment::Nullify), _) | (None, None | Some(Treatment::Nullify)) => cleared,
        (Some(_), _) | (None, Some(Treatment::Withhold)) => decide(schema, relation, child, own.or(wanted)),
        (None, Some(Treatment::Quarantine | Treatment::Delete)) => match cleared {
            Decision::Ask(..) => Decision::Remove { for_good: false },
            cleared => cleared,
        },
    }
}

fn clear(schema: &Schema, relation: &Relation, child: &Table) -> Decision {
    let key = relation.foreign_key(schema);
    // ON DELETE SET NULL can name those of its columns that it is about.
    let named = key.filter(|key| key.on_delete == Action::SetNull && !key.set_columns.is_empty());
    let columns = child.settable_to_null(named.map_or(&relation.child.columns, |key| &key.set_columns));
    let full = key.is_some_and(|key| key.match_type == Match::Full);
    if columns.is_empty() || (full && columns.len() < relation.child.columns.len()) {
        return Decision::Ask(
            format!("`{}` takes no nulls", relation.child),
            "let it take nulls, or choose another treatment with --orphans or `orphans` in relaudit.yml".to_owned(),
        );
    }
    Decision::Clear(columns)
}
