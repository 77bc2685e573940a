//! What hangs on the rows of a table: every relation by which rows reference them, that of polymorphic pairs included.

use crate::dialect::probe_sql::Ends;
use crate::probe::Probes;
use crate::relation::Relations;
use crate::schema::{ColumnSet, Ident, Match, Schema, Table, TableName};

/// The relations by which rows hang on those that these columns tell to be too many.
pub(super) fn hanging_on_duplicates<'a>(
    schema: &'a Schema,
    relations: &'a Relations,
    probes: Option<&'a Probes>,
    table: &Table,
    unique: &[Ident],
    are_copies: bool,
) -> Vec<Ends<'a>> {
    let is_own = |name: &Ident| {
        let key = table.primary_key().is_some_and(|key| key.columns.contains(name));
        key || table.column(name).is_none_or(|column| column.generated.is_some())
    };
    let equal = |name: &Ident| unique.contains(name) || (are_copies && !is_own(name));
    hanging(schema, relations, probes, &table.name, &equal)
}

/// The relations by which rows hang on duplicates of a table. Weak ones too: they decide what is left alone, not what
/// goes. Left out are those that reference columns which are `equal` in the row that stays, and so lead to that one.
fn hanging<'a>(
    schema: &'a Schema,
    relations: &'a Relations,
    probes: Option<&'a Probes>,
    table: &TableName,
    equal: &dyn Fn(&Ident) -> bool,
) -> Vec<Ends<'a>> {
    let plain = relations
        .relations
        .iter()
        .filter(|relation| relation.parent.table == *table)
        .filter_map(|relation| Ends::of(schema, relation));
    let pairs = relations.polymorphic.iter().enumerate().flat_map(|(at, pair)| {
        let stated = pair.targets.iter().map(|target| (&target.value, &target.parent));
        let values = probes
            .and_then(|probes| probes.polymorphic.get(at)?.outcome.done())
            .into_iter()
            .flatten();
        let seen = values.filter_map(|value| Some((&value.value, &value.target.as_ref()?.0)));
        let mut targets: Vec<(&String, &ColumnSet)> = stated.chain(seen).collect();
        targets.sort();
        targets.dedup();
        targets
            .into_iter()
            .filter(|(_, parent)| parent.table == *table)
            .filter_map(|(value, parent)| typed(schema, pair, value, parent))
            .collect::<Vec<_>>()
    });
    // MySQL lets foreign keys reference what is not unique, and their action is that of whichever row goes.
    let stays = |ends: &Ends<'_>| !ends.constrained && ends.parent_columns.iter().all(equal);
    plain.chain(pairs).filter(|ends| !stays(ends)).collect()
}

/// The rows of a polymorphic pair that have this value as their type.
fn typed<'a>(
    schema: &'a Schema,
    pair: &'a crate::relation::Polymorphic,
    value: &'a str,
    parent: &'a ColumnSet,
) -> Option<Ends<'a>> {
    let (child, parent_table) = (schema.table(&pair.child)?, schema.table(&parent.table)?);
    let columns: &'a [Ident] = &pair.id_columns;
    let complete = columns.len() == parent.columns.len()
        && columns.iter().all(|name| child.column(name).is_some())
        && parent.columns.iter().all(|name| parent_table.column(name).is_some());
    complete.then_some(Ends {
        child,
        parent: parent_table,
        child_columns: columns,
        parent_columns: &parent.columns,
        constrained: false,
        match_type: Match::Simple,
        period: false,
        only: Some((&pair.type_column, value)),
    })
}
