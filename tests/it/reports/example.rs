//! Facts made by hand: one of each kind of thing that a report can hold, and a source of which no rows were read.

use std::collections::BTreeSet;

use relaudit::dialect::SourceInfo;
use relaudit::finding::{Confidence, Finding, Severity, Subject};
use relaudit::probe::{
    Check, CycleProbe, PolymorphicProbe, PolymorphicValue, Probes, RelationCounts, RelationProbe, Sample, TenantProbe,
};
use relaudit::relation::{
    Alternative, Cardinality, Evidence, ManyToMany, Polymorphic, PolymorphicTarget, Relation, RelationOrigin,
    Relations, Statement, Unresolved,
};
use relaudit::report::SourceReport;
use relaudit::rules::{NotRun, Report as RuleReport, Rows};
use relaudit::schema::{
    Action, ColumnSet, Declarations, Deferrable, ForeignKey, Ident, Location, Match, Note, Origin, Schema, Table,
    TableKind, TableName,
};

/// Everything that a report of one source borrows.
pub(super) struct Example {
    pub(super) info: SourceInfo,
    pub(super) schema: Schema,
    pub(super) relations: Relations,
    pub(super) probes: Option<Probes>,
    pub(super) rules: RuleReport,
    pub(super) notes: Vec<Note>,
}

impl Example {
    pub(super) fn source(&self) -> SourceReport<'_> {
        SourceReport {
            info: &self.info,
            schema: &self.schema,
            relations: &self.relations,
            rows: match &self.probes {
                Some(probes) => Rows::Probed(probes),
                None => Rows::NotRead("the source has no rows"),
            },
            rules: &self.rules,
            notes: &self.notes,
        }
    }
}

fn columns(table: &str, columns: &[&str]) -> ColumnSet {
    ColumnSet::new(TableName::qualified("public", table), idents(columns))
}

fn idents(names: &[&str]) -> Vec<Ident> {
    names.iter().map(|name| Ident::from(*name)).collect()
}

fn relation(child: ColumnSet, parent: ColumnSet, confidence: u16) -> Relation {
    let detail = format!("{child} names {parent}");
    Relation {
        child,
        parent,
        cardinality: Cardinality::ManyToOne,
        optional: false,
        origins: BTreeSet::from([RelationOrigin::Inferred]),
        foreign_keys: Vec::new(),
        associations: Vec::new(),
        stated: Statement::default(),
        role: None,
        confidence,
        evidence: vec![Evidence {
            code: "name_stem",
            detail: detail.into(),
            weight: 2103,
        }],
        alternatives: Vec::new(),
    }
}

fn table(name: &str) -> (TableName, Table) {
    let name = TableName::qualified("public", name);
    (name.clone(), Table::new(name, TableKind::Table, Origin::Catalog))
}

fn foreign_key() -> ForeignKey {
    ForeignKey {
        name: Some(Ident::from("orders_customer_id_fkey")),
        columns: idents(&["customer_id"]),
        parent: TableName::qualified("public", "customers"),
        parent_columns: idents(&["id"]),
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        set_columns: Vec::new(),
        match_type: Match::Simple,
        deferrable: Deferrable::No,
        validated: true,
        enforced: true,
        period: false,
        origin: Origin::Catalog,
    }
}

fn probe(outcome: Check<Option<RelationCounts>>) -> RelationProbe {
    let method = if outcome == Check::Done(None) {
        "constraint"
    } else {
        "anti_join"
    };
    RelationProbe { method, outcome }
}

fn sample(column: &str, value: &str, rows: u64) -> Sample {
    Sample {
        key: vec![(Ident::from(column), value.to_owned())],
        rows,
    }
}

/// One of each kind of thing that a report can hold.
pub(super) fn shop() -> Example {
    let mut schema = Schema::default();
    for name in [
        "accounts",
        "comments",
        "customers",
        "order_lines",
        "orders",
        "posts",
        "posts_tags",
        "tags",
    ] {
        schema.tables.extend([table(name)]);
    }
    let orders = TableName::qualified("public", "orders");
    if let Some(orders) = schema.tables.get_mut(&orders) {
        orders.foreign_keys.push(foreign_key());
    }
    let relations = shop_relations();
    let probes = shop_probes();
    let rules = RuleReport {
        findings: shop_findings(&relations),
        not_run: Vec::new(),
        ignored: 0,
        used: BTreeSet::new(),
    };
    Example {
        info: SourceInfo {
            kind: "postgres",
            name: "db.example/shop".to_owned(),
            server: "PostgreSQL 18.4".to_owned(),
        },
        schema,
        relations,
        probes: Some(probes),
        rules,
        notes: vec![
            Note::new("the role `auditor` cannot read `public.secrets`"),
            Note {
                message: "this statement was not understood".to_owned(),
                location: Some(Location {
                    file: "db/structure.sql".to_owned(),
                    line: 7,
                    column: 1,
                }),
            },
        ],
    }
}

fn shop_relations() -> Relations {
    let mut orders = relation(columns("orders", &["customer_id"]), columns("customers", &["id"]), 1000);
    orders.origins = BTreeSet::from([RelationOrigin::Constraint, RelationOrigin::Inferred]);
    orders.foreign_keys = vec![0];
    let mut profile = relation(
        columns("accounts", &["customer_id"]),
        columns("customers", &["id"]),
        812,
    );
    profile.cardinality = Cardinality::OneToOne;
    profile.optional = true;
    profile.alternatives = vec![Alternative {
        parent: columns("orders", &["customer_id"]),
        confidence: 204,
        why_not: "it is a reference itself".to_owned(),
    }];
    let mut lines = relation(
        columns("order_lines", &["tenant_id", "order_id"]),
        columns("orders", &["tenant_id", "id"]),
        1000,
    );
    lines.origins = BTreeSet::from([RelationOrigin::Config]);
    Relations {
        relations: vec![
            profile,
            lines,
            orders,
            relation(columns("posts_tags", &["post_id"]), columns("posts", &["id"]), 957),
            relation(columns("posts_tags", &["tag_id"]), columns("tags", &["id"]), 957),
        ],
        polymorphic: vec![Polymorphic {
            child: TableName::qualified("public", "comments"),
            type_column: Ident::from("commentable_type"),
            id_columns: idents(&["commentable_id"]),
            targets: vec![PolymorphicTarget {
                value: "Post".to_owned(),
                parent: columns("posts", &["id"]),
            }],
            origins: BTreeSet::from([RelationOrigin::Config]),
        }],
        many_to_many: vec![ManyToMany {
            join_table: TableName::qualified("public", "posts_tags"),
            left: 3,
            right: 4,
            unique_pair: false,
            origin: RelationOrigin::Inferred,
        }],
        unresolved: vec![Unresolved {
            child: columns("orders", &["warehouse_id"]),
            why: "no table is called `warehouses`".to_owned(),
        }],
        declarations: Declarations::default(),
    }
}

fn shop_probes() -> Probes {
    let counts = RelationCounts {
        child_rows: 1000,
        null_rows: 10,
        orphan_rows: 3,
        orphan_keys: 2,
        samples: vec![sample("customer_id", "41", 2), sample("customer_id", "42", 1)],
        ..RelationCounts::default()
    };
    let clean = RelationCounts {
        child_rows: 20,
        ..RelationCounts::default()
    };
    Probes {
        relations: vec![
            probe(Check::Done(Some(clean.clone()))),
            probe(Check::NotChecked("permission denied: for table order_lines".to_owned())),
            probe(Check::Done(Some(counts))),
            probe(Check::Done(None)),
            probe(Check::Done(Some(clean))),
        ],
        polymorphic: vec![PolymorphicProbe {
            outcome: Check::Done(vec![
                PolymorphicValue {
                    value: "Post".to_owned(),
                    rows: 12,
                    target: Some((
                        columns("posts", &["id"]),
                        Check::NotChecked("statement timeout".to_owned()),
                    )),
                    samples: Vec::new(),
                },
                PolymorphicValue {
                    value: "Pots".to_owned(),
                    rows: 1,
                    target: None,
                    samples: Vec::new(),
                },
            ]),
        }],
        tenants: vec![TenantProbe {
            direct: 0,
            via: 1,
            up: 2,
            outcome: Check::NotChecked("lock timeout".to_owned()),
        }],
        cycles: vec![CycleProbe {
            relation: 0,
            outcome: Check::NotChecked("connection lost".to_owned()),
        }],
    }
}

fn finding(rule: &'static str, severity: Severity, subject: Subject, message: &str) -> Finding {
    Finding {
        rule,
        severity,
        confidence: Confidence::Certain,
        subject,
        relation: None,
        message: message.to_owned(),
        count: None,
        location: None,
        locations: Vec::new(),
        fix: None,
        remedy: None,
    }
}

fn shop_findings(relations: &Relations) -> Vec<Finding> {
    let mut orphans = finding(
        "orphaned_rows",
        Severity::Error,
        Subject::columns(&columns("orders", &["customer_id"])),
        "3 rows of `public.orders` (2 distinct keys) have a `customer_id` that no row of `public.customers`(`id`) \
         has: 41, 42",
    );
    orphans.relation = relations.relations.get(2).map(Relation::id);
    orphans.count = Some(3);
    orphans.fix = Some("delete the rows, set `customer_id` to NULL, or bring the parents back".to_owned());
    let mut missing = finding(
        "missing_foreign_key",
        Severity::Warning,
        Subject::columns(&columns("accounts", &["customer_id"])),
        "`public.accounts(customer_id)` references `public.customers(id)`, and no foreign key enforces it",
    );
    missing.relation = relations.relations.first().map(Relation::id);
    missing.confidence = Confidence::Medium;
    missing.location = Some(Location {
        file: "db/structure.sql".to_owned(),
        line: 42,
        column: 3,
    });
    let without_key = finding(
        "table_without_primary_key",
        Severity::Note,
        Subject::table(&TableName::qualified("public", "posts_tags")),
        "`public.posts_tags` has no primary key",
    );
    vec![orphans, missing, without_key]
}

/// A second source, of which no rows were read.
pub(super) fn snapshot() -> Example {
    let mut schema = Schema::default();
    schema.tables.extend([table("customers"), table("orders")]);
    let not_run = ["orphaned_rows", "sentinel_value"].map(|rule| NotRun {
        rule,
        reason: "the source has no rows".to_owned(),
    });
    Example {
        info: SourceInfo {
            kind: "sql",
            name: "structure.sql".to_owned(),
            server: "SQLite 3.54.1".to_owned(),
        },
        schema,
        relations: Relations {
            relations: vec![relation(
                columns("orders", &["customer_id"]),
                columns("customers", &["id"]),
                957,
            )],
            ..Relations::default()
        },
        probes: None,
        rules: RuleReport {
            findings: Vec::new(),
            not_run: not_run.into(),
            ignored: 0,
            used: BTreeSet::new(),
        },
        notes: Vec::new(),
    }
}
