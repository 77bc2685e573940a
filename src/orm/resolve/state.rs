//! What models declare → what is stated. The configuration goes first: what it says of the same columns stands.

use std::collections::BTreeMap;

use crate::schema::{
    AssociationKind, ColumnSet, Declaration, Declarations, Found, Ident, Joint, Location, RelationKind, Stated,
    StatedBy, StatedJoinTable, StatedPolymorphic, StatedRelation, TableName,
};

/// A reference and what states it.
struct Statement {
    joint: Joint,
    associations: Vec<usize>,
    reasons: Vec<String>,
}

type Ends = (TableName, TableName, Vec<(Ident, Ident)>);
type Pair = (TableName, Ident, Vec<Ident>);

/// Adds what the models declare to what the configuration states.
pub fn add_to(stated: &mut Stated, declarations: Declarations) {
    let mut statements: BTreeMap<Ends, Statement> = BTreeMap::new();
    let mut pairs: BTreeMap<Pair, StatedPolymorphic> = BTreeMap::new();
    for (at, declared) in declarations.associations.iter().enumerate() {
        let reason = format!("{} at {}", declared.describe(), place(&declared.association.location));
        let mut add = |joint: &Joint| {
            add_reference(&mut statements, joint, Some(at), reason.clone());
        };
        match &declared.found {
            Found::Direct(joint) => add(joint),
            Found::Reversed(joint) => add(&joint.reversed()),
            Found::JoinTable { owner, target } => {
                add(owner);
                add(target);
                add_join_table(stated, owner, target, at, &reason);
            }
            Found::Polymorphic { other, .. } => {
                other.iter().for_each(add);
                add_pair(&mut pairs, declared, at, &reason);
            }
            Found::Through | Found::Unknown | Found::Missing(_) => {}
        }
    }
    for reference in &declarations.references {
        if let Found::Direct(joint) = &reference.found {
            let (model, column) = (&reference.model, &reference.column);
            let reason = format!("`{model}.{column}` references it at {}", place(&reference.location));
            add_reference(&mut statements, joint, None, reason);
        }
    }
    for statement in statements.into_values() {
        if !is_ruled_out(stated, &statement.joint) {
            stated.relations.push(relation(&declarations.associations, statement));
        }
    }
    // The configuration's own come first in the list, and what is stated later of the same relation would win.
    stated.relations.sort_by_key(|relation| relation.by == StatedBy::Config);
    for pair in pairs.into_values() {
        add_polymorphic(stated, pair);
    }
    stated.declarations = declarations;
}

fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

fn add_reference(statements: &mut BTreeMap<Ends, Statement>, joint: &Joint, at: Option<usize>, reason: String) {
    let (child, parent) = (&joint.child, &joint.parent);
    let mut columns: Vec<(Ident, Ident)> = child
        .columns
        .iter()
        .cloned()
        .zip(parent.columns.iter().cloned())
        .collect();
    columns.sort();
    let statement = statements
        .entry((child.table.clone(), parent.table.clone(), columns))
        .or_insert_with(|| Statement {
            joint: joint.clone(),
            associations: Vec::new(),
            reasons: Vec::new(),
        });
    statement.associations.extend(at);
    statement.reasons.push(reason);
}

/// Whether the configuration forbids the relation, or gives its columns another parent.
fn is_ruled_out(stated: &Stated, joint: &Joint) -> bool {
    let same = |columns: &ColumnSet| {
        columns.table == joint.child.table
            && columns.columns.len() == joint.child.columns.len()
            && columns
                .columns
                .iter()
                .all(|column| joint.child.columns.contains(column))
    };
    let forbidden = stated.forbidden.iter().any(|forbidden| {
        let parent = forbidden.parent.as_ref();
        same(&forbidden.child) && parent.is_none_or(|parent| *parent == joint.parent.table)
    });
    let moved = stated.relations.iter().any(|relation| {
        relation.by == StatedBy::Config && same(&relation.child) && !joint.is_same(&relation.child, &relation.parent)
    });
    forbidden || moved
}

/// What the declarations of one relation say together. A child's own word goes before its parent's on whether it needs
/// one; one `has_many` is enough for many.
fn relation(all: &[Declaration], statement: Statement) -> StatedRelation {
    let declared: Vec<&Declaration> = statement.associations.iter().filter_map(|at| all.get(*at)).collect();
    let direct = || declared.iter().filter(|declared| declared.joint().is_some());
    let promises = |kind, scoped: bool| {
        direct().any(|declared| declared.association.kind == kind && (scoped || !declared.association.scoped))
    };
    let kind = if promises(AssociationKind::HasMany, true) {
        Some(RelationKind::HasMany)
    } else if promises(AssociationKind::HasOne, false) {
        Some(RelationKind::HasOne)
    } else {
        None
    };
    let of_children = direct().filter(|declared| declared.is_of_child());
    let of_parents = direct().filter(|declared| !declared.is_of_child());
    let optional = |declared: &&&Declaration| declared.association.optional;
    let needs: Vec<bool> = of_children.clone().filter_map(|declared| optional(&declared)).collect();
    // Where several classes share the table, one that does without is enough.
    let own = (!needs.is_empty()).then(|| needs.contains(&true));
    let optional = own.or_else(|| of_parents.clone().find_map(|declared| optional(&declared)));
    let intent = |declared: &&Declaration| declared.association.on_delete.filter(|_| !declared.association.scoped);
    let on_delete = of_parents.chain(of_children).find_map(intent);
    StatedRelation {
        child: statement.joint.child,
        parent: statement.joint.parent,
        kind,
        optional,
        on_delete,
        by: StatedBy::Models {
            associations: statement.associations,
            reasons: statement.reasons,
        },
    }
}

/// Both sides of a join table declare it; it is one all the same.
fn add_join_table(stated: &mut Stated, owner: &Joint, target: &Joint, at: usize, reason: &str) {
    if is_ruled_out(stated, owner) || is_ruled_out(stated, target) {
        return;
    }
    let is_known = |table: &&mut StatedJoinTable| {
        (table.left == owner.child && table.right == target.child)
            || (table.left == target.child && table.right == owner.child)
    };
    match stated.join_tables.iter_mut().find(is_known) {
        Some(table) => {
            if let StatedBy::Models { associations, reasons } = &mut table.by {
                associations.push(at);
                reasons.push(reason.to_owned());
            }
        }
        None => stated.join_tables.push(StatedJoinTable {
            left: owner.child.clone(),
            right: target.child.clone(),
            by: StatedBy::Models {
                associations: vec![at],
                reasons: vec![reason.to_owned()],
            },
        }),
    }
}

fn add_pair(pairs: &mut BTreeMap<Pair, StatedPolymorphic>, declared: &Declaration, at: usize, reason: &str) {
    let Found::Polymorphic {
        child,
        type_column,
        id_columns,
        target,
        ..
    } = &declared.found
    else {
        return;
    };
    let pair = pairs
        .entry((child.clone(), type_column.clone(), id_columns.clone()))
        .or_insert_with(|| StatedPolymorphic {
            child: child.clone(),
            type_column: type_column.clone(),
            id_columns: id_columns.clone(),
            targets: Vec::new(),
            by: StatedBy::Models {
                associations: Vec::new(),
                reasons: Vec::new(),
            },
        });
    if let Some((value, parent)) = target {
        let known = pair.targets.iter().any(|(known, ..)| known == value);
        if !known {
            pair.targets
                .push((value.clone(), parent.table.clone(), parent.columns.clone()));
        }
    }
    if let StatedBy::Models { associations, reasons } = &mut pair.by {
        associations.push(at);
        reasons.push(reason.to_owned());
    }
}

/// What the configuration says of a pair stands, and the models add the values that it does not name.
fn add_polymorphic(stated: &mut Stated, pair: StatedPolymorphic) {
    let of_config = stated.polymorphic.iter_mut().find(|known| {
        known.by == StatedBy::Config && known.child == pair.child && known.type_column == pair.type_column
    });
    match of_config {
        Some(known) => {
            for target in pair.targets {
                if !known.targets.iter().any(|(value, ..)| *value == target.0) {
                    known.targets.push(target);
                }
            }
        }
        None => stated.polymorphic.push(pair),
    }
}
