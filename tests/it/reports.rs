//! Reports, from facts made by hand: what is promised to programs, and what people see.

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
use relaudit::report::{self, Format, Report, RulePage, SourceReport, TableOptions};
use relaudit::rules::{NotRun, Report as RuleReport, Rows, RuleSet};
use relaudit::schema::{
    Action, ColumnSet, Deferrable, ForeignKey, Ident, Location, Match, Note, Origin, Schema, Table, TableKind,
    TableName,
};

/// Everything that a report of one source borrows.
struct Example {
    info: SourceInfo,
    schema: Schema,
    relations: Relations,
    probes: Option<Probes>,
    rules: RuleReport,
    notes: Vec<Note>,
}

impl Example {
    fn source(&self) -> SourceReport<'_> {
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
        stated: Statement::default(),
        role: None,
        confidence,
        evidence: vec![Evidence {
            code: "name_stem",
            detail,
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
fn shop() -> Example {
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
            stated: false,
        }],
        unresolved: vec![Unresolved {
            child: columns("orders", &["warehouse_id"]),
            why: "no table is called `warehouses`".to_owned(),
        }],
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
        fix: None,
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
fn snapshot() -> Example {
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
        },
        notes: Vec::new(),
    }
}

fn render(format: Format, examples: &[&Example], options: TableOptions) -> String {
    let report = Report {
        sources: examples.iter().map(|example| example.source()).collect(),
    };
    let mut out = Vec::new();
    report::write(format, &report, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn at_width(width: u16) -> TableOptions {
    TableOptions {
        width: Some(width),
        ..TableOptions::default()
    }
}

#[test]
fn audit_json() {
    let text = render(Format::Json, &[&shop(), &snapshot()], TableOptions::default());
    let text = text.replace(
        &format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")),
        "\"version\": \"…\"",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn json_is_the_same_on_every_run() {
    let once = || render(Format::Json, &[&shop(), &snapshot()], TableOptions::default());
    assert_eq!(once(), once());
}

#[test]
fn audit_table() {
    insta::assert_snapshot!(render(Format::Table, &[&shop(), &snapshot()], at_width(100)));
}

#[test]
fn audit_table_verbose_and_as_wide_as_it_gets() {
    let options = TableOptions {
        verbose: true,
        ..TableOptions::default()
    };
    insta::assert_snapshot!(render(Format::Table, &[&shop()], options));
}

#[test]
fn audit_table_quiet_and_narrow() {
    let options = TableOptions {
        quiet: true,
        ..at_width(60)
    };
    insta::assert_snapshot!(render(Format::Table, &[&shop(), &snapshot()], options));
}

#[test]
fn every_line_fits_the_terminal() {
    for width in 40..140 {
        for line in render(Format::Table, &[&shop(), &snapshot()], at_width(width)).lines() {
            assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
        }
    }
}

#[test]
fn without_a_width_rule_subject_and_message_are_on_one_line_each() {
    let text = render(Format::Table, &[&shop()], TableOptions::default());
    let lines: Vec<&str> = text.lines().collect();
    for finding in shop().rules.findings {
        let title = format!("{}  {}", finding.rule, finding.subject);
        assert!(lines.iter().any(|line| line.contains(&title)), "{title}");
        assert!(
            lines.iter().any(|line| line.trim() == finding.message),
            "{}",
            finding.message
        );
    }
}

#[test]
fn colours_come_only_when_asked_for_and_change_nothing_else() {
    let plain = render(Format::Table, &[&shop()], at_width(100));
    assert!(!plain.contains('\u{1b}'));
    let colored = render(
        Format::Table,
        &[&shop()],
        TableOptions {
            color: true,
            ..at_width(100)
        },
    );
    assert!(colored.contains("\u{1b}[1m\u{1b}[31merror\u{1b}[0m"), "{colored}");
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn what_could_not_be_checked_is_counted() {
    let example = shop();
    let report = Report {
        sources: vec![example.source()],
    };
    // A relation, a polymorphic pair, a tenant check and a cycle check.
    assert_eq!(report::unchecked(&report), 4);
    let example = snapshot();
    let report = Report {
        sources: vec![example.source()],
    };
    assert_eq!(
        report::unchecked(&report),
        0,
        "rows that were not asked for are not unchecked"
    );
}

#[test]
fn a_relation_without_probe_never_passes_as_ok() {
    let mut example = shop();
    example.probes = Some(Probes::default());
    let report = Report {
        sources: vec![example.source()],
    };
    assert_eq!(report::unchecked(&report), 6, "five relations and a polymorphic pair");
    let text = render(Format::Json, &[&example], TableOptions::default());
    assert_eq!(text.matches("\"status\": \"not_checked\"").count(), 6);
    assert!(!text.contains("\"status\": \"ok\""));
}

#[test]
fn names_cannot_break_the_terminal() {
    let mut example = shop();
    let evil = "x\u{1b}]0;owned\u{7}\nerror  fake_rule  \u{9b}2J\u{202e}";
    example.info.name = evil.to_owned();
    example.notes = vec![Note::new(evil)];
    for relation in &mut example.relations.relations {
        relation.child.table.table = Ident::from(evil);
        relation.evidence[0].detail = evil.to_owned();
    }
    example.relations.polymorphic[0].type_column = Ident::from(evil);
    for finding in &mut example.rules.findings {
        finding.message = evil.to_owned();
        finding.fix = Some(evil.to_owned());
        finding.subject = Subject::table(&TableName::bare(evil));
    }
    if let Some(probes) = &mut example.probes {
        probes.relations[1].outcome = Check::NotChecked(evil.to_owned());
        if let Check::Done(values) = &mut probes.polymorphic[0].outcome {
            values[0].value = evil.to_owned();
        }
    }
    let options = TableOptions {
        verbose: true,
        ..TableOptions::default()
    };
    let report = Report {
        sources: vec![example.source()],
    };
    let mut out = Vec::new();
    report::write(Format::Table, &report, &options, &mut out).unwrap();
    report::write_relations(Format::Table, &report, &options, &mut out).unwrap();
    report::write(Format::Json, &report, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()));
    assert!(
        !text
            .lines()
            .any(|line| line.trim_start().starts_with("error  fake_rule"))
    );
}

#[test]
fn relations_table() {
    let example = shop();
    let report = Report {
        sources: vec![SourceReport {
            rows: Rows::NotRead("the source has no rows"),
            ..example.source()
        }],
    };
    let options = TableOptions {
        verbose: true,
        ..at_width(120)
    };
    let mut out = Vec::new();
    report::write_relations(Format::Table, &report, &options, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn a_source_without_tables_is_not_called_clean() {
    let mut example = snapshot();
    example.schema = Schema::default();
    example.relations = Relations::default();
    let text = render(Format::Table, &[&example], at_width(100));
    assert!(text.contains("No table was found, so nothing was audited."), "{text}");
    assert!(!text.contains("No findings"), "{text}");
}

#[test]
fn rule_pages() {
    let rules = RuleSet::load(&std::collections::BTreeMap::new()).unwrap();
    let pages: Vec<RulePage<'_>> = rules
        .describe()
        .map(|(id, meta, bad, good)| RulePage { id, meta, bad, good })
        .collect();
    let page = *pages.iter().find(|page| page.id == "missing_foreign_key").unwrap();
    let mut out = Vec::new();
    report::write_rule(Format::Table, page, &at_width(80), &mut out).unwrap();
    insta::assert_snapshot!("rule_page", String::from_utf8(out).unwrap());

    let mut out = Vec::new();
    report::write_rules(Format::Table, &pages, &at_width(80), &mut out).unwrap();
    let list = String::from_utf8(out).unwrap();
    let mut out = Vec::new();
    report::write_rules(Format::Json, &pages, &at_width(80), &mut out).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let listed: Vec<&str> = read["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    for page in &pages {
        assert!(list.lines().any(|line| line.ends_with(page.id)), "{}", page.id);
        assert!(listed.contains(&page.id));
    }
}
