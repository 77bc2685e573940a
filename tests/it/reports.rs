//! Reports, from facts made by hand: what is promised to programs, and what people see.

mod example;

use relaudit::finding::Subject;
use relaudit::probe::{Check, Probes};
use relaudit::relation::Relations;
use relaudit::report::{self, Format, Report, RulePage, SourceReport, TableOptions};
use relaudit::rules::{Rows, RuleSet};
use relaudit::schema::{Ident, Note, Schema, TableName};

use example::{Example, shop, snapshot};

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
        relation.evidence[0].detail = evil.to_owned().into();
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
