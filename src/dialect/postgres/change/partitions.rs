//! Partitioned tables. What cannot be done to the whole without a lock for long is done to one partition after the other
//! (manual, 5.12.2.2 "Partition Maintenance", and ALTER TABLE, "Notes"). The root comes last: what its partitions have
//! already, it takes over without a look at the rows.

use super::block::{beside, block, columns_as_planned, guard, guard_unless, has_constraint, regclass, unless};
use super::{as_planned, foreign_key, index, lock, standing};
use crate::dialect::Dialect as _;
use crate::dialect::change::{LockTaken, Partition, Statement, Work};
use crate::dialect::postgres::Postgres;
use crate::schema::{ForeignKey, Ident, Table, TableKind, TableName, display_columns};

/// An index on each partition, built while others write, and one on the root which those are attached to.
pub(super) fn add_index(table: &Table, partitions: &[Partition<'_>], columns: &[Ident], name: &Ident) -> Work {
    let mut up = vec![
        guard(&[columns_as_planned(table, columns)]),
        guard_unless("false", &all_known(table, partitions, name), &changed(table)),
    ];
    for leaf in leaves(partitions) {
        up.extend(index::building(leaf.table, columns, &leaf.index, ""));
    }
    for (node, index) in nodes(table, partitions, name) {
        up.push(unless(
            &format!("{} IS NOT NULL", beside(&node.name, index)),
            &format!(
                "CREATE INDEX {} ON ONLY {} ({})",
                Postgres.quote(index),
                Postgres.table_name(&node.name),
                list(columns)
            ),
            &format!("adding {index}"),
        ));
    }
    up.extend(attaching(table, partitions, name));
    let mut down = vec![dropping_index(table, name)];
    for (node, index) in nodes(table, partitions, name).into_iter().skip(1) {
        down.push(dropping_index(node, index));
    }
    down.extend(leaves(partitions).flat_map(|leaf| index::gone(leaf.table, &leaf.index)));
    let mut locks = vec![lock(&table.name, "SHARE")];
    locks.extend(leaves(partitions).map(|leaf| lock(&leaf.table.name, "SHARE UPDATE EXCLUSIVE")));
    locks.extend(attached(partitions));
    Work {
        up,
        down,
        locks,
        guards: vec![as_planned(table), known(table)],
        reads_rows: true,
    }
}

/// A unique constraint on each partition, and one on the root which those are attached to.
pub(super) fn add_unique(table: &Table, partitions: &[Partition<'_>], columns: &[Ident], name: &Ident) -> Work {
    let mut up = vec![
        guard(&[columns_as_planned(table, columns)]),
        guard_unless("false", &all_known(table, partitions, name), &changed(table)),
    ];
    let mut down = Vec::new();
    let mut locks = vec![lock(&table.name, "ACCESS EXCLUSIVE")];
    for leaf in leaves(partitions) {
        let work = index::add_unique(leaf.table, columns, &leaf.index, false);
        up.extend(work.up);
        locks.extend(work.locks);
    }
    locks.extend(attached(partitions));
    for (node, constraint) in nodes(table, partitions, name) {
        up.push(unless(
            &has_constraint(&node.name, constraint),
            &format!(
                "ALTER TABLE ONLY {} ADD CONSTRAINT {} UNIQUE ({})",
                Postgres.table_name(&node.name),
                Postgres.quote(constraint),
                list(columns)
            ),
            &format!("adding {constraint}"),
        ));
    }
    up.extend(attaching(table, partitions, name));
    let constraints = nodes(table, partitions, name)
        .into_iter()
        .chain(leaves(partitions).map(|leaf| (leaf.table, &leaf.index)));
    for (node, constraint) in constraints {
        down.push(unless(
            &format!("NOT {}", has_constraint(&node.name, constraint)),
            &format!(
                "ALTER TABLE {} DROP CONSTRAINT {}",
                Postgres.table_name(&node.name),
                Postgres.quote(constraint)
            ),
            &format!("dropping {constraint}"),
        ));
    }
    down.extend(leaves(partitions).flat_map(|leaf| index::gone(leaf.table, &leaf.index)));
    Work {
        up,
        down,
        locks,
        guards: vec![
            as_planned(table),
            known(table),
            format!(
                "no two rows of `{}` have the same ({}): the server looks",
                table.name,
                display_columns(columns)
            ),
        ],
        reads_rows: true,
    }
}

/// A foreign key of each partition that refuses new orphans, for servers before PostgreSQL 18, on which one of the whole
/// cannot be NOT VALID.
pub(super) fn add_foreign_key(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = foreign_key::name(key);
    let adding = foreign_key::unvalidated(child, key);
    let mut work = foreign_key::add(child, parent, key);
    // Its guard stays.
    work.up.truncate(1);
    work.up.push(for_each(
        &leaves_of(child),
        &format!(
            "NOT EXISTS ({}) AND NOT {}",
            constraint_of("leaf", &name),
            standing::has_same_foreign_key("leaf", key)
        ),
        &on_leaf(child, &adding),
        &format!("adding {name}"),
    ));
    work.down = removing(child, &name);
    work
}

/// Validates the foreign keys of the partitions, then adds that of the whole, which takes them over.
pub(super) fn validate_foreign_key(child: &Table, parent: &Table, key: &ForeignKey) -> Work {
    let name = foreign_key::name(key);
    let mut work = foreign_key::validate(child, parent, key, false);
    let missing = format!(
        "{} has partitions without the constraint {name}: run the steps before this one",
        child.name
    );
    let all_have = format!(
        "NOT EXISTS (SELECT FROM {} WHERE NOT EXISTS ({}) AND NOT {})",
        leaves_of(child),
        constraint_of("leaf", &name),
        standing::has_same_foreign_key("leaf", key)
    );
    work.up = vec![
        guard_unless("false", &all_have, &missing),
        for_each(
            &leaves_of(child),
            &format!("EXISTS ({} AND NOT convalidated)", constraint_of("leaf", &name)),
            &format!(
                "format('ALTER TABLE %s VALIDATE CONSTRAINT %I', leaf, {})",
                Postgres.literal(name.as_str())
            ),
            &format!("validating {name}"),
        ),
        unless(
            &has_constraint(&child.name, &name),
            &foreign_key::addition(child, key),
            &format!("adding {name}"),
        ),
    ];
    work.locks.extend(taken_over(child, parent));
    work
}

/// What is locked when the foreign keys of partitions become parts of the whole's, which drops triggers of both tables.
pub(super) fn taken_over(child: &Table, parent: &Table) -> [LockTaken; 2] {
    [&child.name, &parent.name].map(|table| lock(table, "ACCESS EXCLUSIVE"))
}

/// What is locked when the indexes of partitions become parts of the whole's: each index, which nobody can plan a query
/// without.
fn attached(partitions: &[Partition<'_>]) -> impl Iterator<Item = LockTaken> {
    partitions
        .iter()
        .map(|partition| lock(&partition.table.name, "ACCESS EXCLUSIVE"))
}

/// The foreign key that a partition had by itself. What became a part of the whole's has gone with it.
pub(super) fn own_again(part: &Table, parent: &Table, key: &ForeignKey, whole_can_wait: bool) -> Vec<Statement> {
    if part.kind == TableKind::Partitioned && !whole_can_wait {
        let mut statements = add_foreign_key(part, parent, key).up;
        statements.extend(validate_foreign_key(part, parent, key).up);
        return statements;
    }
    let mut statements = foreign_key::add(part, parent, key).up;
    if key.validated {
        statements.extend(foreign_key::validate(part, parent, key, true).up);
    }
    statements
}

/// Drops a foreign key of the whole, and what is there of it in partitions where it was broken off.
pub(super) fn removing(child: &Table, name: &Ident) -> Vec<Statement> {
    vec![
        foreign_key::dropping(child, name),
        for_each(
            &leaves_of(child),
            &format!("EXISTS ({} AND conparentid = 0)", constraint_of("leaf", name)),
            &format!(
                "format('ALTER TABLE %s DROP CONSTRAINT %I', leaf, {})",
                Postgres.literal(name.as_str())
            ),
            &format!("dropping {name}"),
        ),
    ]
}

/// Runs a statement for each of these partitions of which the condition is true, each in a transaction of its own. `leaf` is
/// the partition.
pub(super) fn for_each(leaves: &str, condition: &str, statement: &str, doing: &str) -> Statement {
    let give_up = super::block::give_up(doing);
    let attempts = super::block::ATTEMPTS;
    block(
        "DECLARE\n  leaf regclass;\n  attempt integer;\n",
        &format!(
            "  FOREACH leaf IN ARRAY ARRAY(SELECT leaves.leaf FROM {leaves})\n  LOOP\n    attempt := 0;\n    WHILE {condition} LOOP\n      \
             BEGIN\n        EXECUTE {statement};\n      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n        \
             attempt := attempt + 1;\n        IF attempt >= {attempts} THEN\n          RAISE EXCEPTION USING MESSAGE = \
             {give_up};\n        END IF;\n        PERFORM pg_sleep(least(attempt, 10) * 0.2);\n      END;\n      COMMIT;\n    END \
             LOOP;\n  END LOOP;\n",
        ),
    )
}

/// The partitions that hold rows, as a table with the column `leaf`.
pub(super) fn leaves_of(table: &Table) -> String {
    format!(
        "(SELECT relid AS leaf FROM pg_catalog.pg_partition_tree({}) WHERE isleaf) leaves",
        regclass(&table.name)
    )
}

/// All partitions, those that are partitioned again too, as a table with the column `leaf`.
pub(super) fn parts_of(table: &Table) -> String {
    format!(
        "(SELECT relid AS leaf FROM pg_catalog.pg_partition_tree({}) WHERE level > 0) leaves",
        regclass(&table.name)
    )
}

/// That constraint of a partition: a query to which conditions may be added.
pub(super) fn constraint_of(table: &str, name: &Ident) -> String {
    format!(
        "SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {table} AND conname = {}",
        Postgres.literal(name.as_str())
    )
}

/// An expression for a statement about the root, said of the partition `leaf` instead.
pub(super) fn on_leaf(table: &Table, statement: &str) -> String {
    let begin = format!("ALTER TABLE {} ", Postgres.table_name(&table.name));
    let rest = statement.strip_prefix(&begin).unwrap_or(statement);
    format!("format('ALTER TABLE %s %s', leaf, {})", Postgres.literal(rest))
}

/// Attaches each index of a partition to that of the table which it is a partition of, and makes sure that the root's
/// is whole then.
fn attaching(table: &Table, partitions: &[Partition<'_>], name: &Ident) -> Vec<Statement> {
    let pairs: Vec<String> = std::iter::once((table, name))
        .chain(partitions.iter().map(|partition| (partition.table, &partition.index)))
        .map(|(node, index)| format!("({}, {})", regclass(&node.name), beside(&node.name, index)))
        .collect();
    let mut statements: Vec<Statement> = partitions
        .iter()
        .map(|partition| {
            let index = beside(&partition.table.name, &partition.index);
            unless(
                &format!("EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = {index})"),
                &format!(
                    "EXECUTE (SELECT format('ALTER INDEX %s ATTACH PARTITION %s', above.index, {index}) FROM \
                     pg_catalog.pg_inherits i JOIN (VALUES {}) above (node, index) ON above.node = i.inhparent WHERE \
                     i.inhrelid = {})",
                    pairs.join(", "),
                    regclass(&partition.table.name)
                ),
                &format!("attaching {}", partition.index),
            )
        })
        .collect();
    statements.push(guard(&[(
        is_whole(table, name),
        format!("{} has a partition without such an index: make a new plan", table.name),
    )]));
    statements
}

fn is_whole(table: &Table, index: &Ident) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {} AND indisvalid)",
        beside(&table.name, index)
    )
}

/// Whether the table has no partitions that the plan does not know, or the index has come about already: then those that
/// came since have got one.
fn all_known(table: &Table, partitions: &[Partition<'_>], index: &Ident) -> String {
    let nodes = std::iter::once(&table.name).chain(partitions.iter().map(|partition| &partition.table.name));
    let known: Vec<String> = nodes.map(regclass).collect();
    format!(
        "{} OR NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree({}) t WHERE t.relid <> ALL (array_remove(ARRAY[{}], NULL)))",
        is_whole(table, index),
        regclass(&table.name),
        known.join(", ")
    )
}

fn changed(table: &Table) -> String {
    format!(
        "{} has partitions that it had not when the plan was made: make a new plan",
        table.name
    )
}

fn known(table: &Table) -> String {
    format!("`{}` has the partitions that it had", table.name)
}

fn dropping_index(table: &Table, name: &Ident) -> Statement {
    unless(
        &format!("{} IS NULL", beside(&table.name, name)),
        &format!(
            "DROP INDEX {}",
            Postgres.table_name(&TableName {
                namespace: table.name.namespace.clone(),
                table: name.clone(),
            })
        ),
        &format!("dropping {name}"),
    )
}

/// The root and what is partitioned below it, each with the name of its index.
fn nodes<'a>(table: &'a Table, partitions: &'a [Partition<'_>], name: &'a Ident) -> Vec<(&'a Table, &'a Ident)> {
    let inner = partitions
        .iter()
        .filter(|partition| partition.table.kind == TableKind::Partitioned)
        .map(|partition| (partition.table, &partition.index));
    std::iter::once((table, name)).chain(inner).collect()
}

fn leaves<'p, 'a>(partitions: &'p [Partition<'a>]) -> impl Iterator<Item = &'p Partition<'a>> {
    partitions
        .iter()
        .filter(|partition| partition.table.kind != TableKind::Partitioned)
}

fn list(columns: &[Ident]) -> String {
    let names: Vec<String> = columns.iter().map(|column| Postgres.quote(column)).collect();
    names.join(", ")
}
