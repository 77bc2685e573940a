//! Facts → findings. A rule is pure: it reads the facts, does no I/O, and knows neither its own name, nor its severity,
//! nor any dialect.
//!
//! To add a rule: `src/rules/<id>.rs` (copy one that is like it), `rules/<id>.yaml` (its words and defaults),
//! `fixtures/rules/<id>/{bad,good}.sql` (its example and its test; `models/{bad,good}/` beside them for a rule about
//! models), and two lines below.

mod declared;
mod facts;
mod meta;
mod row_text;
mod set;
mod suppression;
#[cfg(test)]
mod testing;

mod association_key_mismatch;
mod association_without_inverse;
mod dangling_reference;
mod delete_action_mismatch;
mod duplicate_foreign_key;
mod duplicate_one_to_one_rows;
mod foreign_key_on_both_sides;
mod foreign_key_on_wrong_side;
mod join_table_without_unique_pair;
mod mismatched_key_type;
mod missing_foreign_key;
mod nullable_composite_key;
mod one_to_one_not_unique;
mod optionality_mismatch;
mod orphaned_rows;
mod overlapping_foreign_key;
mod parent_key_not_unique;
mod polymorphic_orphaned_rows;
mod polymorphic_unindexed;
mod polymorphic_unknown_type;
mod redundant_index;
mod reference_cycle_in_rows;
mod reference_without_target;
mod sentinel_value;
mod set_null_on_required_column;
mod soft_deleted_parent;
mod table_without_primary_key;
mod tenant_mismatch;
mod undeclared_association;
mod unenforced_foreign_key;
mod unindexed_foreign_key;
mod unknown_association_option;
mod unused_suppression;
mod unvalidated_foreign_key;

pub use facts::{Facts, Rows};
pub use meta::{Category, Meta, Needs};
pub use set::{NotRun, Override, Report, RuleSet};
pub use suppression::Suppression;

use facts::Findings;
use set::Entry;

/// What every rule does.
trait Rule {
    /// Reports what is wrong.
    fn check(&self, facts: &Facts<'_>, findings: &mut Findings);
}

/// An entry of the table: the id is the module's name, the words and defaults come from `rules/<id>.yaml`.
macro_rules! rule {
    ($module:ident, $rule:ident) => {
        Entry {
            id: stringify!($module),
            yaml: include_str!(concat!("../../rules/", stringify!($module), ".yaml")),
            bad: include_str!(concat!("../../fixtures/rules/", stringify!($module), "/bad.sql")),
            good: include_str!(concat!("../../fixtures/rules/", stringify!($module), "/good.sql")),
            with_options: |options| set::from_options::<$module::$rule>(options),
        }
    };
}

/// The same for a rule about models, whose example is the models and the database that they are held against.
macro_rules! rule_of_models {
    ($module:ident, $rule:ident) => {
        Entry {
            id: stringify!($module),
            yaml: include_str!(concat!("../../rules/", stringify!($module), ".yaml")),
            bad: concat!(
                include_str!(concat!("../../fixtures/rules/", stringify!($module), "/bad.sql")),
                "\n",
                include_str!(concat!(
                    "../../fixtures/rules/",
                    stringify!($module),
                    "/models/bad/models.rb"
                )),
            ),
            good: concat!(
                include_str!(concat!("../../fixtures/rules/", stringify!($module), "/good.sql")),
                "\n",
                include_str!(concat!(
                    "../../fixtures/rules/",
                    stringify!($module),
                    "/models/good/models.rb"
                )),
            ),
            with_options: |options| set::from_options::<$module::$rule>(options),
        }
    };
}

/// Every rule, in alphabetical order.
static RULES: &[Entry] = &[
    rule_of_models!(association_key_mismatch, AssociationKeyMismatch),
    rule_of_models!(association_without_inverse, AssociationWithoutInverse),
    rule!(dangling_reference, DanglingReference),
    rule!(delete_action_mismatch, DeleteActionMismatch),
    rule!(duplicate_foreign_key, DuplicateForeignKey),
    rule!(duplicate_one_to_one_rows, DuplicateOneToOneRows),
    rule!(foreign_key_on_both_sides, ForeignKeyOnBothSides),
    rule_of_models!(foreign_key_on_wrong_side, ForeignKeyOnWrongSide),
    rule!(join_table_without_unique_pair, JoinTableWithoutUniquePair),
    rule!(mismatched_key_type, MismatchedKeyType),
    rule!(missing_foreign_key, MissingForeignKey),
    rule!(nullable_composite_key, NullableCompositeKey),
    rule!(one_to_one_not_unique, OneToOneNotUnique),
    rule!(optionality_mismatch, OptionalityMismatch),
    rule!(orphaned_rows, OrphanedRows),
    rule!(overlapping_foreign_key, OverlappingForeignKey),
    rule!(parent_key_not_unique, ParentKeyNotUnique),
    rule!(polymorphic_orphaned_rows, PolymorphicOrphanedRows),
    rule!(polymorphic_unindexed, PolymorphicUnindexed),
    rule!(polymorphic_unknown_type, PolymorphicUnknownType),
    rule!(redundant_index, RedundantIndex),
    rule!(reference_cycle_in_rows, ReferenceCycleInRows),
    rule!(reference_without_target, ReferenceWithoutTarget),
    rule!(sentinel_value, SentinelValue),
    rule!(set_null_on_required_column, SetNullOnRequiredColumn),
    rule!(soft_deleted_parent, SoftDeletedParent),
    rule!(table_without_primary_key, TableWithoutPrimaryKey),
    rule!(tenant_mismatch, TenantMismatch),
    rule_of_models!(undeclared_association, UndeclaredAssociation),
    rule!(unenforced_foreign_key, UnenforcedForeignKey),
    rule!(unindexed_foreign_key, UnindexedForeignKey),
    rule_of_models!(unknown_association_option, UnknownAssociationOption),
    rule!(unused_suppression, UnusedSuppression),
    rule!(unvalidated_foreign_key, UnvalidatedForeignKey),
];
