//! A database in a few words, for the tests of rules.
//!
//! Tables are lists of `name type [null] [unique] [primary]`, relations are `orders(customer_id) -> customers(id)`:
//!
//! ```ignore
//! let database = Database::new()
//!     .table("customers", &["id int primary"])
//!     .table("orders", &["id int primary", "customer_id int null"])
//!     .foreign_key("orders(customer_id) -> customers(id)");
//! assert_eq!(database.check("unindexed_foreign_key"), ["warning certain orders(customer_id)"]);
//! ```

mod models;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::probe::{Check, PolymorphicProbe, Probes, RelationCounts, RelationProbe};
use crate::relation::{
    Cardinality, Evidence, ManyToMany, Polymorphic, Relation, RelationOrigin, Relations, Statement, Unresolved,
};
use crate::schema::{
    Action, Collation, Column, ColumnSet, ColumnType, Deferrable, ForeignKey, Ident, Index, IndexPart, Key, Match,
    Origin, RelationKind, Schema, Table, TableKind, TableName, TypeFamily,
};

use super::{Facts, Rows, RuleSet};

/// A database as the readers, the inference and the probes would have left it.
pub(super) struct Database {
    pub(super) schema: Schema,
    pub(in crate::rules) relations: Relations,
    /// What the rows say; the part for the relations is filled by [`Self::counts`].
    pub(super) probes: Probes,
    counts: BTreeMap<usize, RelationProbe>,
}

impl Database {
    /// Without tables, every one of them in sight, all rows read and found to be fine.
    pub(super) fn new() -> Self {
        Self {
            schema: Schema {
                tables: BTreeMap::new(),
                sees_all_tables: true,
            },
            relations: Relations::default(),
            probes: Probes::default(),
            counts: BTreeMap::new(),
        }
    }

    /// Adds a table. A column is `name type` and then any of `null`, `unique`, `primary`; several `primary` make one
    /// composite key. Types are those of [`column_type`].
    pub(super) fn table(mut self, name: &str, columns: &[&str]) -> Self {
        let mut table = Table::new(TableName::bare(name), TableKind::Table, Origin::Catalog);
        let mut primary = Vec::new();
        for text in columns {
            let mut words = text.split(' ');
            let (Some(column), Some(ty)) = (words.next(), words.next()) else {
                panic!("`{text}` is no column");
            };
            let mut nullable = false;
            for word in words {
                match word {
                    "null" => nullable = true,
                    "unique" => add_key(&mut table, vec![column.into()], false),
                    "primary" => primary.push(Ident::from(column)),
                    other => panic!("`{other}` in `{text}` means nothing"),
                }
            }
            table.columns.push(Column {
                name: column.into(),
                ty: column_type(ty),
                nullable,
                default: None,
                identity: false,
                generated: None,
                comment: None,
                origin: Origin::Catalog,
            });
        }
        if !primary.is_empty() {
            add_key(&mut table, primary, true);
        }
        self.schema.tables.insert(table.name.clone(), table);
        self
    }

    /// Changes a table.
    pub(super) fn change(mut self, name: &str, change: impl FnOnce(&mut Table)) -> Self {
        change(self.table_mut(&TableName::bare(name)));
        self
    }

    /// Adds a B-tree index on whole columns, written `orders(a, b)`.
    pub(super) fn index(self, columns: &str) -> Self {
        self.index_with(columns, |_| {})
    }

    /// Adds such an index and changes it.
    pub(super) fn index_with(mut self, columns: &str, change: impl FnOnce(&mut Index)) -> Self {
        let set = column_set(columns);
        let table = self.table_mut(&set.table);
        let mut index = index_on(&format!("{}_index_{}", set.table, table.indexes.len()), set.columns);
        change(&mut index);
        table.indexes.push(index);
        self
    }

    /// Adds a unique constraint, written `orders(a, b)`, with its index.
    pub(super) fn unique(mut self, columns: &str) -> Self {
        let set = column_set(columns);
        add_key(self.table_mut(&set.table), set.columns, false);
        self
    }

    /// Adds a plain foreign key, and the relation that it declares.
    pub(super) fn foreign_key(self, ends: &str) -> Self {
        self.foreign_key_with(ends, |_| {})
    }

    /// Adds a foreign key and changes it.
    pub(super) fn foreign_key_with(mut self, ends: &str, change: impl FnOnce(&mut ForeignKey)) -> Self {
        let (child, parent) = both_ends(ends);
        let table = self.table_mut(&child.table);
        let mut foreign_key = ForeignKey {
            name: Some(Ident::new(format!("{}_fkey_{}", child.table, table.foreign_keys.len()))),
            columns: child.columns.clone(),
            parent: parent.table.clone(),
            parent_columns: parent.columns.clone(),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            set_columns: Vec::new(),
            match_type: Match::Simple,
            deferrable: Deferrable::No,
            validated: true,
            enforced: true,
            period: false,
            origin: Origin::Catalog,
        };
        change(&mut foreign_key);
        let position = table.foreign_keys.len();
        table.foreign_keys.push(foreign_key);
        self.relate(ends, |relation| {
            relation.origins.insert(RelationOrigin::Constraint);
            relation.foreign_keys.push(position);
        })
    }

    /// Adds a relation that names and keys tell, with a confidence in thousandths.
    pub(super) fn inferred(self, ends: &str, confidence: u16) -> Self {
        self.relate(ends, |relation| {
            relation.origins.insert(RelationOrigin::Inferred);
            relation.confidence = confidence;
        })
    }

    /// Adds what the configuration states of a relation.
    pub(super) fn stated(self, ends: &str, statement: Statement) -> Self {
        self.relate(ends, |relation| {
            relation.origins.insert(RelationOrigin::Config);
            relation.stated = statement;
            match statement.kind {
                Some(RelationKind::HasOne) => relation.cardinality = Cardinality::OneToOne,
                Some(RelationKind::HasMany) => relation.cardinality = Cardinality::ManyToOne,
                None => {}
            }
            relation.optional = statement.optional.unwrap_or(relation.optional);
        })
    }

    /// States that a relation is one-to-one.
    pub(super) fn has_one(self, ends: &str) -> Self {
        self.stated(
            ends,
            Statement {
                kind: Some(RelationKind::HasOne),
                ..Statement::default()
            },
        )
    }

    /// Changes a relation, and adds it first where it is not there yet. Cardinality and optionality are those that the
    /// child's keys and columns tell at that moment.
    pub(super) fn relate(mut self, ends: &str, change: impl FnOnce(&mut Relation)) -> Self {
        let (child, parent) = both_ends(ends);
        let position = self.position(&child, &parent).unwrap_or_else(|| {
            let table = self.table_mut(&child.table);
            let unique = table.is_unique_key(&child.columns);
            let optional = table.any_nullable(&child.columns);
            self.relations.relations.push(Relation {
                child,
                parent,
                cardinality: if unique {
                    Cardinality::OneToOne
                } else {
                    Cardinality::ManyToOne
                },
                optional,
                origins: BTreeSet::new(),
                foreign_keys: Vec::new(),
                associations: Vec::new(),
                stated: Statement::default(),
                role: None,
                confidence: 1000,
                evidence: vec![Evidence {
                    code: "test",
                    detail: "the test says so".into(),
                    weight: 1000,
                }],
                alternatives: Vec::new(),
            });
            self.relations.relations.len() - 1
        });
        change(&mut self.relations.relations[position]);
        self
    }

    /// Adds a many-to-many reading of two relations that are there already.
    pub(super) fn many_to_many(mut self, left: &str, right: &str, change: impl FnOnce(&mut ManyToMany)) -> Self {
        let mut pair = ManyToMany {
            join_table: both_ends(left).0.table,
            left: self.relation(left),
            right: self.relation(right),
            unique_pair: false,
            origin: RelationOrigin::Inferred,
        };
        change(&mut pair);
        self.relations.many_to_many.push(pair);
        self
    }

    /// Adds a polymorphic pair without targets, its columns written `comments(type_column, id_column, …)`, and what
    /// was found in its rows.
    pub(super) fn polymorphic(mut self, columns: &str, probe: PolymorphicProbe) -> Self {
        let mut set = column_set(columns);
        self.relations.polymorphic.push(Polymorphic {
            child: set.table,
            type_column: set.columns.remove(0),
            id_columns: set.columns,
            targets: Vec::new(),
            origins: BTreeSet::from([RelationOrigin::Inferred]),
        });
        self.probes.polymorphic.push(probe);
        self
    }

    /// Adds columns that look like a reference and have no target.
    pub(super) fn unresolved(mut self, columns: &str, why: &str) -> Self {
        self.relations.unresolved.push(Unresolved {
            child: column_set(columns),
            why: why.to_owned(),
        });
        self
    }

    /// What the rows of a relation say.
    pub(super) fn counts(self, ends: &str, counts: RelationCounts) -> Self {
        self.probe(
            ends,
            RelationProbe {
                method: "anti_join",
                outcome: Check::Done(Some(counts)),
            },
        )
    }

    /// The outcome of probing a relation.
    pub(super) fn probe(mut self, ends: &str, probe: RelationProbe) -> Self {
        let position = self.relation(ends);
        self.counts.insert(position, probe);
        self
    }

    /// The position of a relation that is there.
    pub(super) fn relation(&self, ends: &str) -> usize {
        let (child, parent) = both_ends(ends);
        let Some(position) = self.position(&child, &parent) else {
            panic!("there is no relation `{ends}`");
        };
        position
    }

    /// What a rule finds, with its default options.
    pub(super) fn findings(&self, rule: &str) -> Vec<Finding> {
        let rules = match RuleSet::load(&BTreeMap::new()) {
            Ok(rules) => rules.only(rule),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(rules.describe().count(), 1, "there is no rule `{rule}`");
        let mut probes = self.probes.clone();
        probes.relations = (0..self.relations.relations.len())
            .map(|position| {
                self.counts.get(&position).cloned().unwrap_or(RelationProbe {
                    method: "anti_join",
                    outcome: Check::Done(Some(RelationCounts::default())),
                })
            })
            .collect();
        let facts = Facts {
            schema: &self.schema,
            relations: &self.relations,
            rows: Rows::Probed(&probes),
        };
        rules.check(&facts).findings
    }

    /// What a rule finds, as `severity confidence subject`.
    pub(super) fn check(&self, rule: &str) -> Vec<String> {
        self.findings(rule)
            .iter()
            .map(|finding| {
                format!(
                    "{} {} {}",
                    finding.severity.as_str(),
                    finding.confidence.as_str(),
                    finding.subject
                )
            })
            .collect()
    }

    /// The messages of a rule's findings.
    pub(super) fn messages(&self, rule: &str) -> Vec<String> {
        self.findings(rule).into_iter().map(|finding| finding.message).collect()
    }

    fn position(&self, child: &ColumnSet, parent: &ColumnSet) -> Option<usize> {
        self.relations
            .relations
            .iter()
            .position(|relation| relation.child == *child && relation.parent == *parent)
    }

    fn table_mut(&mut self, name: &TableName) -> &mut Table {
        let Some(table) = self.schema.tables.get_mut(name) else {
            panic!("there is no table `{name}`");
        };
        table
    }
}

/// A type by name: `int`, `bigint`, `uint` (unsigned), `decimal`, `text`, `citext` (folds letter case), `uuid`, `enum`,
/// `any`.
pub(super) fn column_type(name: &str) -> ColumnType {
    let integer = |bits, unsigned| TypeFamily::Integer { bits, unsigned };
    let family = match name {
        "int" => integer(32, false),
        "uint" => integer(32, true),
        "bigint" => integer(64, false),
        "decimal" => TypeFamily::Decimal { scale: Some(0) },
        "text" | "citext" => TypeFamily::Text,
        "uuid" => TypeFamily::Uuid,
        "enum" => TypeFamily::Enum,
        "timestamp" => TypeFamily::Temporal,
        "any" => TypeFamily::Any,
        other => panic!("the tests know no type `{other}`"),
    };
    ColumnType {
        declared: name.to_owned(),
        base: name.to_owned(),
        family,
        length: None,
        collation: (family == TypeFamily::Text).then(|| Collation {
            name: if name == "citext" { "nocase" } else { "binary" }.to_owned(),
            charset: None,
            folds: name == "citext",
            pads: false,
        }),
        labels: Vec::new(),
    }
}

/// `orders(a, b)`.
pub(super) fn column_set(text: &str) -> ColumnSet {
    let Some((table, columns)) = text.trim().strip_suffix(')').and_then(|text| text.split_once('(')) else {
        panic!("`{text}` is not written `table(column, …)`");
    };
    ColumnSet::new(TableName::bare(table), columns.split(", ").map(Ident::from).collect())
}

fn both_ends(text: &str) -> (ColumnSet, ColumnSet) {
    let Some((child, parent)) = text.split_once("->") else {
        panic!("`{text}` is not written `child(column) -> parent(column)`");
    };
    (column_set(child), column_set(parent))
}

fn add_key(table: &mut Table, columns: Vec<Ident>, primary: bool) {
    let name = Ident::new(format!("{}_key_{}", table.name, table.keys.len()));
    let mut index = index_on(name.as_str(), columns.clone());
    index.unique = true;
    index.constraint = Some(name.clone());
    index.bound = true;
    table.indexes.push(index);
    table.keys.push(Key {
        name: Some(name),
        columns,
        primary,
        deferrable: false,
        nulls_not_distinct: false,
        without_overlaps: false,
        origin: Origin::Catalog,
    });
}

fn index_on(name: &str, columns: Vec<Ident>) -> Index {
    Index {
        name: name.into(),
        parts: columns.into_iter().map(IndexPart::column).collect(),
        include: Vec::new(),
        unique: false,
        method: "btree".to_owned(),
        predicate: None,
        valid: true,
        visible: true,
        nulls_not_distinct: false,
        constraint: None,
        bound: false,
        options: None,
        comment: None,
        origin: Origin::Catalog,
    }
}
