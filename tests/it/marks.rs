//! The marks in fixtures that say what must be found: `-- expect: <rule> <table>(<columns>) [count=N]` in SQL, `// expect:`
//! and `# expect:` in models, where a place of the finding must be the marked line too.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A finding that a mark expects. The table is named without its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) rule: String,
    subject: String,
    /// `None`: any number of rows, or none at all.
    count: Option<u64>,
    line: usize,
    /// Where a place of the finding must be: the file, and the lines that it may be on.
    place: Option<(String, Vec<usize>)>,
}

const WORD: &str = "-- expect:";

/// Every mark of a fixture. A line can have more than one.
pub(crate) fn read(sql: &str) -> Vec<Mark> {
    let lines = sql.lines().zip(1..);
    lines
        .flat_map(|(line, number)| line.split(WORD).skip(1).map(move |text| Mark::read(text, number)))
        .collect()
}

/// Every mark of the model files below a folder. A mark on a line of its own is about the code above or below it.
pub(crate) fn read_models(folder: &Path) -> Vec<Mark> {
    let mut marks = Vec::new();
    for file in files(folder) {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let is_code = |line: &&str| {
            !["//", "#", "*", "/*"]
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        };
        for (at, line) in lines.iter().enumerate() {
            let found = ["// expect:", "# expect:"]
                .iter()
                .find_map(|word| line.split_once(word));
            let Some((before, mark)) = found else { continue };
            let own = if before.trim().is_empty() {
                let above = lines[..at].iter().rposition(&is_code);
                let below = lines[at..].iter().position(&is_code).map(|offset| at + offset);
                above.into_iter().chain(below).map(|at| at + 1).collect()
            } else {
                vec![at + 1]
            };
            let place = (file.to_str().unwrap().replace('\\', "/"), own);
            marks.push(Mark {
                place: Some(place),
                ..Mark::read(mark, at + 1)
            });
        }
    }
    marks
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

impl Mark {
    fn read(text: &str, line: usize) -> Self {
        Self::parse(text.trim(), line).unwrap_or_else(|| {
            panic!("line {line}: a mark is `{WORD} <rule> <table>(<columns>) [count=N]`, and not {text:?}")
        })
    }

    fn parse(text: &str, line: usize) -> Option<Self> {
        let (rule, rest) = text.split_once(' ')?;
        let (subject, count) = match rest.split_once(" count=") {
            Some((subject, count)) => (subject, Some(count.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self {
            rule: rule.to_owned(),
            subject: subject.to_owned(),
            count,
            line,
            place: None,
        })
    }

    /// Whether it expects this rule of this subject, however many rows there are.
    pub(crate) fn is_about(&self, rule: &str, subject: &str) -> bool {
        self.rule == rule && self.subject == subject
    }

    /// Rule, subject and count.
    pub(crate) fn what(&self) -> String {
        let count = self.count.map(|count| format!(" count={count}")).unwrap_or_default();
        format!("{} {}{count}", self.rule, self.subject)
    }

    fn is_met_by(&self, finding: &Found) -> bool {
        self.rule == finding.rule
            && self.subject == finding.subject
            && (self.count.is_none() || self.count == finding.count)
            && self.place.as_ref().is_none_or(|(file, lines)| {
                let is_there = |(at, line): &(String, usize)| at == file && lines.contains(line);
                finding.places.iter().any(is_there)
            })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, _)) = &self.place {
            write!(f, "{file} ")?;
        }
        write!(f, "line {}: {}", self.line, self.what())
    }
}

/// A finding of the JSON report, as far as marks speak of it.
struct Found {
    rule: String,
    subject: String,
    count: Option<u64>,
    message: String,
    /// File and line.
    places: Vec<(String, usize)>,
}

impl Found {
    fn read(finding: &Value) -> Self {
        let text = |key: &str| {
            finding[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {finding}"))
                .to_owned()
        };
        let subject = text("subject");
        let places = finding["locations"].as_array().map_or(&[][..], Vec::as_slice).iter();
        let places = places.map(|place| {
            let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
            (place["file"].as_str().unwrap().to_owned(), line)
        });
        let table_ends = subject.find('(').unwrap_or(subject.len());
        let namespace_ends = subject[..table_ends].find('.').map_or(0, |dot| dot + 1);
        Self {
            rule: text("rule"),
            subject: subject[namespace_ends..].to_owned(),
            count: finding["count"].as_u64(),
            message: text("message"),
            places: places.collect(),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.subject)?;
        self.count.map_or(Ok(()), |count| write!(f, " count={count}"))?;
        write!(f, " ({})", self.message)
    }
}

/// How the findings of a report differ from the marks; empty where they do not. Only findings of `rule` are looked at,
/// where one is given.
pub(crate) fn differences(marks: &[Mark], report: &Value, rule: Option<&str>) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter().map(Found::read);
    let mut findings: Vec<Found> = findings
        .filter(|finding| rule.is_none_or(|rule| finding.rule == rule))
        .collect();
    let mut differences = Vec::new();
    for mark in marks {
        if let Some(index) = findings.iter().position(|finding| mark.is_met_by(finding)) {
            findings.remove(index);
        } else {
            differences.push(format!("expected, not found: {mark}"));
        }
    }
    differences.extend(findings.iter().map(|finding| format!("found, not expected: {finding}")));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_have_several_marks() {
        let marks =
            read("a INT, -- expect: orphaned_rows t(a, b) count=3 -- expect: missing_foreign_key t(a, b)\nb INT\n");
        let text: Vec<String> = marks.iter().map(Mark::to_string).collect();
        assert_eq!(
            text,
            [
                "line 1: orphaned_rows t(a, b) count=3",
                "line 1: missing_foreign_key t(a, b)"
            ]
        );
    }

    #[test]
    fn differences_are_told_both_ways() {
        let marks = read("-- expect: a t(x) count=2\n-- expect: b t\n-- expect: a u(x)");
        let report = serde_json::json!({"findings": [
            {"rule": "a", "subject": "public.t(x)", "count": 3, "message": "m"},
            {"rule": "a", "subject": "u(x)", "count": 5, "message": "m"},
            {"rule": "b", "subject": "shop.t", "count": null, "message": "m"},
        ]});
        let expected = [
            "expected, not found: line 1: a t(x) count=2",
            "found, not expected: a t(x) count=3 (m)",
        ];
        assert_eq!(differences(&marks, &report, None), expected);
        assert_eq!(differences(&marks[1..2], &report, Some("b")), [""; 0]);
    }
}
